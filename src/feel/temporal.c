/* Dates, times and durations: reading, writing, order. Proleptic Gregorian on 64 bits, years to
 * 999,999,999. */
#include "feel/feel_in.h"

enum { OFFSET_MAX_S = 18 * 3600, DAYS_PER_ERA = 146097 };

/* ---- calendar ---- */

int64_t ymd_to_day(struct ymd d)
{
    int64_t y = d.year - (d.month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - 719468;
}

struct ymd ymd_from_day(int64_t day)
{
    day += 719468;
    int64_t era = (day >= 0 ? day : day - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t doe = day - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int32_t month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    return (struct ymd){yoe + era * 400 + (month <= 2), month,
                        (int32_t)(doy - (153 * mp + 2) / 5 + 1)};
}

static int32_t days_of_month(int64_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool ymd_is_valid(struct ymd d)
{
    return d.year >= -YEAR_MAX && d.year <= YEAR_MAX && d.month >= 1 && d.month <= 12 &&
           d.day >= 1 && d.day <= days_of_month(d.year, d.month);
}

bool ymd_day_in_range(int64_t day)
{
    /* a little more than the years allow keeps the arithmetic below safe */
    return day > -366 * (int64_t)1000000000 && day < 366 * (int64_t)1000000000 &&
           ymd_is_valid(ymd_from_day(day));
}

int ymd_weekday(int64_t day)
{
    int64_t n = (day + 3) % 7;
    return (int)(n < 0 ? n + 7 : n) + 1;
}

struct ymd ymd_add_months(struct ymd d, int64_t months)
{
    int64_t n = d.year * 12 + (d.month - 1) + months;
    int64_t year = n / 12 - (n % 12 < 0);
    int32_t month = (int32_t)(n - year * 12) + 1;
    int32_t last = days_of_month(year, month);
    return (struct ymd){year, month, d.day > last ? last : d.day};
}

/* ---- makers ---- */

struct feel_value value_date(int64_t day)
{
    return (struct feel_value){.kind = FEEL_DATE, .integer = day};
}

struct feel_value feel_date(struct day d)
{
    return value_date(d.n);
}

struct feel_value value_moment(struct arena *a, enum feel_kind kind, struct feel_moment m)
{
    struct feel_moment *p = ARENA_NEW(a, struct feel_moment);
    *p = m;
    return (struct feel_value){.kind = (uint8_t)kind, .moment = p};
}

struct feel_value feel_date_time(struct arena *a, struct instant t, int32_t offset_s)
{
    int64_t ms = t.ms + (int64_t)offset_s * 1000;
    int64_t day = ms / 86400000 - (ms % 86400000 < 0);
    struct feel_moment m = {day, (ms - day * 86400000) * 1000000, FEEL_ZONE_OFFSET, offset_s, NULL};
    return value_moment(a, FEEL_DATE_TIME, m);
}

struct feel_value value_months(int64_t months)
{
    return (struct feel_value){.kind = FEEL_YEARS_MONTHS, .integer = months};
}

struct feel_value value_duration(int64_t s, int64_t ns)
{
    s += ns / NS_PER_S;
    ns %= NS_PER_S;
    if (ns < 0) {
        ns += NS_PER_S;
        s--;
    }
    return (struct feel_value){.kind = FEEL_DAYS_TIME, .integer = s, .n = (uint32_t)ns};
}

/* ---- reading ---- */

struct scan {
    struct str s;
    size_t at;
};

static bool take(struct scan *t, char c)
{
    bool there = t->at < t->s.n && t->s.p[t->at] == c;
    t->at += there;
    return there;
}

/* Between min and max digits; the number of them, 0 when there are fewer or more. */
static size_t digits(struct scan *t, size_t min, size_t max, int64_t *ret)
{
    size_t from = t->at;
    int64_t v = 0;
    while (t->at < t->s.n && t->s.p[t->at] >= '0' && t->s.p[t->at] <= '9' && t->at - from < 19) {
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, t->s.p[t->at] - '0', &v)) {
            return 0;
        }
        t->at++;
    }
    size_t n = t->at - from;
    *ret = v;
    return n < min || n > max ? 0 : n;
}

static bool scan_date(struct scan *t, int64_t *ret_day)
{
    bool minus = take(t, '-');
    size_t from = t->at;
    int64_t year = 0, month = 0, day = 0;
    size_t n = digits(t, 4, 9, &year);
    if (n == 0 || (n > 4 && t->s.p[from] == '0') || !take(t, '-') || digits(t, 2, 2, &month) == 0 ||
        !take(t, '-') || digits(t, 2, 2, &day) == 0) {
        return false;
    }
    struct ymd d = {minus ? -year : year, (int32_t)month, (int32_t)day};
    *ret_day = ymd_is_valid(d) ? ymd_to_day(d) : 0;
    return ymd_is_valid(d);
}

/* ".5" in nanoseconds; digits beyond the ninth are dropped. */
static bool scan_fraction(struct scan *t, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (!take(t, '.')) {
        return true;
    }
    int64_t unit = NS_PER_S / 10;
    size_t from = t->at;
    while (t->at < t->s.n && t->s.p[t->at] >= '0' && t->s.p[t->at] <= '9') {
        *ret_ns += (t->s.p[t->at++] - '0') * unit;
        unit /= 10;
    }
    return t->at > from;
}

static bool scan_offset(struct scan *t, struct feel_moment *m)
{
    bool minus = t->s.p[t->at] == '-';
    int64_t h = 0, min = 0, s = 0;
    t->at++;
    if (digits(t, 2, 2, &h) == 0 || !take(t, ':') || digits(t, 2, 2, &min) == 0 ||
        (take(t, ':') && digits(t, 2, 2, &s) == 0) || min > 59 || s > 59) {
        return false;
    }
    int64_t offset = h * 3600 + min * 60 + s;
    m->form = FEEL_ZONE_OFFSET;
    m->offset_s = (int32_t)(minus ? -offset : offset);
    return offset <= OFFSET_MAX_S;
}

/* The rest of a text: nothing, Z, an offset or @zone. */
static bool scan_zone(struct run *r, struct scan *t, struct feel_moment *m)
{
    if (t->at == t->s.n) {
        return true;
    }
    if (take(t, 'Z') || take(t, 'z')) {
        m->form = FEEL_ZONE_OFFSET;
    } else if (take(t, '@')) {
        m->zone = zone_load(r, str_slice(t->s, t->at, t->s.n));
        m->form = FEEL_ZONE_NAMED;
        return m->zone != NULL;
    } else if (t->s.p[t->at] != '+' && t->s.p[t->at] != '-') {
        return false;
    } else if (!scan_offset(t, m)) {
        return false;
    }
    return t->at == t->s.n;
}

static bool scan_time(struct run *r, struct scan *t, struct feel_moment *m)
{
    int64_t h = 0, min = 0, s = 0, ns = 0;
    if (digits(t, 2, 2, &h) == 0 || !take(t, ':') || digits(t, 2, 2, &min) == 0 || !take(t, ':') ||
        digits(t, 2, 2, &s) == 0 || !scan_fraction(t, &ns)) {
        return false;
    }
    bool end_of_day = h == 24 && min == 0 && s == 0 && ns == 0;
    if ((h > 23 && !end_of_day) || min > 59 || s > 59) {
        return false;
    }
    m->day += end_of_day;
    m->ns = end_of_day ? 0 : (h * 3600 + min * 60 + s) * NS_PER_S + ns;
    return scan_zone(r, t, m);
}

struct feel_value date_from_text(struct str s)
{
    struct scan t = {s, 0};
    int64_t day = 0;
    return scan_date(&t, &day) && t.at == s.n ? value_date(day) : feel_null();
}

struct feel_value time_from_text(struct run *r, struct str s)
{
    struct scan t = {s, 0};
    struct feel_moment m = {0};
    if (!scan_time(r, &t, &m)) {
        return feel_null();
    }
    m.day = 0;
    return value_moment(r->ctx->arena, FEEL_TIME, m);
}

struct feel_value date_time_from_text(struct run *r, struct str s)
{
    struct scan t = {s, 0};
    struct feel_moment m = {0};
    if (!scan_date(&t, &m.day)) {
        return feel_null();
    }
    if (t.at < s.n && (!take(&t, 'T') || !scan_time(r, &t, &m))) {
        return feel_null();
    }
    return ymd_day_in_range(m.day) ? value_moment(r->ctx->arena, FEEL_DATE_TIME, m) : feel_null();
}

/* n + v x unit into *total; false on overflow. */
static bool accumulate(int64_t *total, int64_t v, int64_t unit)
{
    return !__builtin_mul_overflow(v, unit, &v) && !__builtin_add_overflow(*total, v, total);
}

/* "1DT2H3M4.5S" behind P: the units of one half in their order. */
static bool scan_units(struct scan *t, const char *letters, const int64_t *units, int64_t *total,
                       int64_t *ret_ns, int *ret_count)
{
    for (size_t next = 0; t->at < t->s.n && t->s.p[t->at] >= '0' && t->s.p[t->at] <= '9';
         (*ret_count)++) {
        int64_t v = 0;
        size_t dot = t->at;
        if (digits(t, 1, 19, &v) == 0) {
            return false;
        }
        dot = t->at;
        if (!scan_fraction(t, ret_ns) || t->at == t->s.n) {
            return false;
        }
        while (letters[next] != 0 && letters[next] != t->s.p[t->at]) {
            next++;
        }
        if (letters[next] == 0 || (t->at > dot && t->s.p[t->at] != 'S') ||
            !accumulate(total, v, units[next])) {
            return false;
        }
        next++;
        t->at++;
    }
    return true;
}

struct feel_value duration_from_text(struct str s)
{
    static const int64_t month_units[] = {12, 1};
    static const int64_t day_units[] = {86400};
    static const int64_t time_units[] = {3600, 60, 1};
    struct scan t = {s, 0};
    bool minus = take(&t, '-');
    if (!take(&t, 'P')) {
        return feel_null();
    }
    int64_t months = 0, seconds = 0, ns = 0;
    int count = 0, time_count = 0;
    struct scan again = t;
    if (scan_units(&t, "YM", month_units, &months, &ns, &count) && t.at == s.n && count > 0) {
        return value_months(minus ? -months : months);
    }
    t = again;
    count = 0;
    if (!scan_units(&t, "D", day_units, &seconds, &ns, &count)) {
        return feel_null();
    }
    if (take(&t, 'T') &&
        (!scan_units(&t, "HMS", time_units, &seconds, &ns, &time_count) || time_count == 0)) {
        return feel_null();
    }
    if (t.at != s.n || count + time_count == 0) {
        return feel_null();
    }
    return minus ? value_duration(-seconds, -ns) : value_duration(seconds, ns);
}

struct feel_value temporal_from_text(struct run *r, struct str s)
{
    if (s.n > 1 && (s.p[0] == 'P' || (s.p[0] == '-' && s.p[1] == 'P'))) {
        return duration_from_text(s);
    }
    if (s.n > 2 && s.p[2] == ':') {
        return time_from_text(r, s);
    }
    return str_find_byte(s, 'T') == SIZE_MAX ? date_from_text(s) : date_time_from_text(r, s);
}

/* ---- writing ---- */

static void write_date(struct buf *b, int64_t day)
{
    struct ymd d = ymd_from_day(day);
    buf_format(b, "%s%04lld-%02d-%02d", d.year < 0 ? "-" : "",
               (long long)(d.year < 0 ? -d.year : d.year), (int)d.month, (int)d.day);
}

/* ".5" for nanoseconds, nothing for none. */
static void write_fraction(struct buf *b, int64_t ns)
{
    if (ns == 0) {
        return;
    }
    char text[12] = ".";
    for (int i = 9; i > 0; i--, ns /= 10) {
        text[i] = (char)('0' + ns % 10);
    }
    size_t n = 10;
    while (text[n - 1] == '0') {
        n--;
    }
    buf_bytes(b, text, n);
}

static void write_time(struct buf *b, const struct feel_moment *m)
{
    int64_t s = m->ns / NS_PER_S;
    buf_format(b, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    write_fraction(b, m->ns % NS_PER_S);
    if (m->form == FEEL_ZONE_NAMED) {
        buf_byte(b, '@');
        buf_put(b, m->zone->name);
    } else if (m->form == FEEL_ZONE_OFFSET && m->offset_s == 0) {
        buf_byte(b, 'Z');
    } else if (m->form == FEEL_ZONE_OFFSET) {
        int o = m->offset_s < 0 ? -m->offset_s : m->offset_s;
        buf_format(b, "%c%02d:%02d", m->offset_s < 0 ? '-' : '+', o / 3600, o / 60 % 60);
        if (o % 60 != 0) {
            buf_format(b, ":%02d", o % 60);
        }
    }
}

static void write_part(struct buf *b, int64_t n, char unit)
{
    if (n != 0) {
        buf_i64(b, n);
        buf_byte(b, unit);
    }
}

static void write_duration(struct buf *b, struct feel_value v)
{
    bool minus = v.integer < 0;
    int64_t s = v.integer;
    int64_t ns = v.n;
    if (minus) {
        s = ns > 0 ? -(s + 1) : -s;
        ns = ns > 0 ? NS_PER_S - ns : 0;
        buf_byte(b, '-');
    }
    if (s == 0 && ns == 0) {
        buf_puts(b, "PT0S");
        return;
    }
    buf_byte(b, 'P');
    write_part(b, s / 86400, 'D');
    s %= 86400;
    if (s != 0 || ns != 0) {
        buf_byte(b, 'T');
        write_part(b, s / 3600, 'H');
        write_part(b, s / 60 % 60, 'M');
    }
    if (s % 60 != 0 || ns != 0) {
        buf_i64(b, s % 60);
        write_fraction(b, ns);
        buf_byte(b, 'S');
    }
}

static void write_months(struct buf *b, int64_t months)
{
    if (months == 0) {
        buf_puts(b, "P0M");
        return;
    }
    if (months < 0) {
        buf_byte(b, '-');
    }
    int64_t years = months / 12;
    int64_t rest = months % 12;
    buf_byte(b, 'P');
    write_part(b, years < 0 ? -years : years, 'Y');
    write_part(b, rest < 0 ? -rest : rest, 'M');
}

void temporal_write(struct buf *b, struct feel_value v)
{
    if (v.kind == FEEL_DATE) {
        write_date(b, v.integer);
    } else if (v.kind == FEEL_YEARS_MONTHS) {
        write_months(b, v.integer);
    } else if (v.kind == FEEL_DAYS_TIME) {
        write_duration(b, v);
    } else if (v.kind == FEEL_TIME) {
        write_time(b, v.moment);
    } else if (v.kind == FEEL_DATE_TIME) {
        write_date(b, v.moment->day);
        buf_byte(b, 'T');
        write_time(b, v.moment);
    }
}

/* ---- order ---- */

/* A time of day alone has no date to tell summer by: standard time counts. */
static int32_t standard_offset(const struct feel_zone *z)
{
    int64_t day = ymd_to_day((struct ymd){2024, 1, 1});
    int32_t winter = zone_offset_at(z, day * 86400);
    int32_t summer = zone_offset_at(z, (day + 182) * 86400);
    return winter < summer ? winter : summer;
}

bool moment_offset(const struct feel_moment *m, int32_t *ret_s)
{
    if (m->form == FEEL_ZONE_NONE) {
        return false;
    }
    if (m->form == FEEL_ZONE_OFFSET) {
        *ret_s = m->offset_s;
    } else if (m->day == 0) {
        *ret_s = standard_offset(m->zone);
    } else {
        *ret_s = zone_offset_local(m->zone, m->day * 86400 + m->ns / NS_PER_S);
    }
    return true;
}

bool moment_subtract(const struct feel_moment *a, const struct feel_moment *b, int64_t *ret_s,
                     int64_t *ret_ns)
{
    int32_t offset_a = 0, offset_b = 0;
    if (moment_offset(a, &offset_a) != moment_offset(b, &offset_b)) {
        return false;
    }
    *ret_s = (a->day - b->day) * 86400 - offset_a + offset_b;
    *ret_ns = a->ns - b->ns;
    return true;
}

struct feel_moment moment_of_date(struct feel_value date)
{
    return (struct feel_moment){date.integer, 0, FEEL_ZONE_OFFSET, 0, NULL};
}

bool temporal_compare(struct feel_value a, struct feel_value b, int *ret)
{
    struct feel_value d = value_duration(0, 0);
    int64_t s = 0, ns = 0;
    if (a.kind == FEEL_TIME || a.kind == FEEL_DATE_TIME) {
        if (!moment_subtract(a.moment, b.moment, &s, &ns)) {
            return false;
        }
        d = value_duration(s, ns);
        *ret = d.integer < 0 ? -1 : d.integer > 0 || d.n > 0;
        return true;
    }
    *ret = a.integer != b.integer ? (a.integer < b.integer ? -1 : 1) : (a.n > b.n) - (a.n < b.n);
    return true;
}
