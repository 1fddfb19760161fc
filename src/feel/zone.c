/* Time zones: TZif files (RFC 8536) read as they stand, with their POSIX rule for times after the
 * last transition. */
#include "base/world.h"
#include "feel/feel_in.h"

enum { ZONE_FILE_MAX = 256 * 1024, ZONE_NAME_MAX = 64, TZIF_HEADER = 44 };

static uint32_t be32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Only names like "Asia/Shanghai": no way up or out of the folder. */
static bool name_is_safe(struct str name)
{
    if (name.n == 0 || name.n > ZONE_NAME_MAX || name.p[0] == '/' ||
        str_find(name, STR("..")) != SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
        if (!ok) {
            return false;
        }
    }
    return true;
}

struct tzif {
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool tzif_header(struct str f, size_t at, struct tzif *ret)
{
    if (f.n < at + TZIF_HEADER || memcmp(f.p + at, "TZif", 4) != 0) {
        return false;
    }
    const char *p = f.p + at + 20;
    *ret =
        (struct tzif){be32(p), be32(p + 4), be32(p + 8), be32(p + 12), be32(p + 16), be32(p + 20)};
    return ret->time < 100000 && ret->type < 256 && ret->chars < 65536 && ret->leap < 1000 &&
           ret->isut < 256 && ret->isstd < 256;
}

static size_t tzif_size(const struct tzif *h, size_t time_bytes)
{
    return h->time * (time_bytes + 1) + h->type * 6 + h->chars + h->leap * (time_bytes + 4) +
           h->isstd + h->isut;
}

static bool tzif_parse(struct str f, struct feel_zone *z)
{
    struct tzif h = {0};
    if (!tzif_header(f, 0, &h) || f.p[4] < '2') {
        return false;
    }
    size_t at = TZIF_HEADER + tzif_size(&h, 4);
    if (!tzif_header(f, at, &h) || h.type == 0) {
        return false;
    }
    at += TZIF_HEADER;
    size_t end = at + tzif_size(&h, 8);
    if (end > f.n) {
        return false;
    }
    z->count = h.time;
    z->transitions = str_slice(f, at, at + h.time * 8);
    at += h.time * 8;
    z->kinds = str_slice(f, at, at + h.time);
    at += h.time;
    z->types = str_slice(f, at, at + h.type * 6);
    for (size_t i = 0; i < z->count; i++) {
        if ((unsigned char)z->kinds.p[i] >= h.type) {
            return false;
        }
    }
    struct str footer = str_slice(f, end, f.n);
    footer = footer.n > 0 && footer.p[0] == '\n' ? str_slice(footer, 1, footer.n) : (struct str){0};
    size_t stop = str_find_byte(footer, '\n');
    z->footer = str_slice(footer, 0, stop == SIZE_MAX ? 0 : stop);
    return true;
}

const struct feel_zone *zone_load(struct run *r, struct str name)
{
    const struct feel_zone_source *source = r->env->zones != NULL ? r->env->zones
                                            : r->program != NULL  ? r->program->zones
                                                                  : NULL;
    struct str file = {0};
    if (source == NULL || !name_is_safe(name)) {
        return NULL;
    }
    struct why before = r->ctx->why;
    if (source->read(r->ctx, source->self, name, &file) != ERR_OK) {
        r->ctx->why = before; /* an unknown zone is a null, not a fault */
        return NULL;
    }
    struct feel_zone *z = ARENA_NEW(r->ctx->arena, struct feel_zone);
    z->name = str_copy(r->ctx->arena, name);
    return tzif_parse(file, z) ? z : NULL;
}

/* ---- POSIX rules: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

struct rule_text {
    struct str s;
    size_t at;
};

static int64_t rule_number(struct rule_text *t)
{
    int64_t v = 0;
    while (t->at < t->s.n && t->s.p[t->at] >= '0' && t->s.p[t->at] <= '9' && v < 100000) {
        v = v * 10 + (t->s.p[t->at++] - '0');
    }
    return v;
}

static bool rule_take(struct rule_text *t, char c)
{
    bool there = t->at < t->s.n && t->s.p[t->at] == c;
    t->at += there;
    return there;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int64_t rule_time(struct rule_text *t)
{
    bool minus = rule_take(t, '-');
    if (!minus) {
        (void)rule_take(t, '+');
    }
    int64_t s = rule_number(t) * 3600;
    if (rule_take(t, ':')) {
        s += rule_number(t) * 60;
        if (rule_take(t, ':')) {
            s += rule_number(t);
        }
    }
    return minus ? -s : s;
}

static bool rule_name(struct rule_text *t)
{
    size_t from = t->at;
    if (rule_take(t, '<')) {
        while (t->at < t->s.n && t->s.p[t->at] != '>') {
            t->at++;
        }
        return rule_take(t, '>');
    }
    while (t->at < t->s.n && ((t->s.p[t->at] | 32) >= 'a' && (t->s.p[t->at] | 32) <= 'z')) {
        t->at++;
    }
    return t->at > from;
}

/* Local seconds, counted from the first instant of the year, at which a change falls. */
static int64_t rule_change(struct rule_text *t, int64_t year)
{
    int64_t first = ymd_to_day((struct ymd){year, 1, 1});
    int64_t day = 0;
    if (rule_take(t, 'M')) {
        int32_t month = (int32_t)rule_number(t);
        (void)rule_take(t, '.');
        int64_t week = rule_number(t);
        (void)rule_take(t, '.');
        int64_t wanted = rule_number(t);
        month = month < 1 || month > 12 ? 1 : month;
        int64_t start = ymd_to_day((struct ymd){year, month, 1});
        int64_t length = ymd_to_day(ymd_add_months((struct ymd){year, month, 1}, 1)) - start;
        int64_t shift = (wanted - ymd_weekday(start) % 7 + 7) % 7 + (week - 1) * 7;
        day = start + (shift >= length ? shift - 7 : shift) - first;
    } else if (rule_take(t, 'J')) { /* 29 February never counts */
        day = rule_number(t) - 1;
        bool leap = ymd_is_valid((struct ymd){year, 2, 29});
        day += leap && day >= 59;
    } else {
        day = rule_number(t);
    }
    int64_t time = rule_take(t, '/') ? rule_time(t) : 7200;
    return day * 86400 + time;
}

static int32_t rule_offset(struct str footer, int64_t utc_s, int32_t otherwise)
{
    struct rule_text t = {footer, 0};
    if (footer.n == 0 || !rule_name(&t)) {
        return otherwise;
    }
    int64_t standard = -rule_time(&t);
    if (t.at >= footer.n || !rule_name(&t)) {
        return (int32_t)standard;
    }
    int64_t summer = standard + 3600;
    if (t.at < footer.n && footer.p[t.at] != ',') {
        summer = -rule_time(&t);
    }
    int64_t local = utc_s + standard;
    int64_t days = local / 86400 - (local % 86400 < 0);
    int64_t year = ymd_from_day(days).year;
    int64_t in_year = utc_s - ymd_to_day((struct ymd){year, 1, 1}) * 86400;
    (void)rule_take(&t, ',');
    int64_t start = rule_change(&t, year) - standard;
    (void)rule_take(&t, ',');
    int64_t end = rule_change(&t, year) - summer;
    bool is_summer =
        start < end ? in_year >= start && in_year < end : in_year >= start || in_year < end;
    return (int32_t)(is_summer ? summer : standard);
}

static int32_t type_offset(const struct feel_zone *z, size_t type)
{
    return (int32_t)be32(z->types.p + type * 6);
}

int32_t zone_offset_at(const struct feel_zone *z, int64_t utc_s)
{
    if (z->count == 0 || utc_s < be64(z->transitions.p)) {
        return z->count == 0 ? rule_offset(z->footer, utc_s, type_offset(z, 0)) : type_offset(z, 0);
    }
    size_t lo = 0;
    size_t hi = z->count; /* the last transition at or before utc_s lies in [lo, hi) */
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (be64(z->transitions.p + mid * 8) <= utc_s) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    int32_t offset = type_offset(z, (unsigned char)z->kinds.p[lo]);
    return lo + 1 == z->count ? rule_offset(z->footer, utc_s, offset) : offset;
}

/* Twice in autumn the earlier offset counts; in the gap of spring the one before it. */
int32_t zone_offset_local(const struct feel_zone *z, int64_t local_s)
{
    int32_t before = zone_offset_at(z, local_s - 86400);
    int32_t after = zone_offset_at(z, local_s + 86400);
    if (zone_offset_at(z, local_s - before) != before &&
        zone_offset_at(z, local_s - after) == after) {
        return after;
    }
    return before;
}

static enum err read_world(struct ctx *ctx, void *self UNUSED, struct str name,
                           struct str *ret_tzif)
{
    if (ctx->world == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "no time zone files here; name no zones");
    }
    struct str path = str_format(ctx->arena, "/usr/share/zoneinfo/%.*s", FMT(name));
    TRY(file_read(ctx, str_z(ctx->arena, path), ZONE_FILE_MAX, ret_tzif));
    return ERR_OK;
}

const struct feel_zone_source feel_zones_of_world = {NULL, read_world};
