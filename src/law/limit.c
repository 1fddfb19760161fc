/* Calendars and legal clocks: when a limit begun one day ends. */
#include "law/law_in.h"

/* calendar/fixed.json: the days off that a statute fixes by the day of the year. */
static void read_fixed(struct builder *b, struct source *f)
{
    static const char *const names[] = {"fixed", "articles", NULL};
    const struct json *o = json_get(&f->root, "fixed");
    size_t count = 0;
    only_members(b, f, &f->root, names);
    if (cites(b, f, &f->root, "articles", &count) == NULL || count == 0) {
        problem(b, f, &f->root, "article", "a day off of every year stands in a statute: articles");
    }
    size_t n = json_is(o, JSON_OBJECT) ? o->count : 0;
    struct fixed_day *all =
        ARENA_ARRAY(b->law->arena, struct fixed_day, b->law->fixed_count + n + 1);
    for (size_t i = 0; i < b->law->fixed_count; i++) {
        all[i] = b->law->fixed[i];
    }
    for (size_t i = 0; i < n; i++) {
        struct day d;
        struct str key = o->members[i].key;
        if (!day_parse(str_format(b->ctx->arena, "2000-%.*s", FMT(key)), &d)) {
            problem(b, f, &o->members[i].value, "day", "\"%.*s\" is no day of the year", FMT(key));
            continue;
        }
        struct civil c = day_to_civil(d);
        all[b->law->fixed_count++] = (struct fixed_day){c.month, c.day, o->members[i].value.text};
    }
    b->law->fixed = all;
}

void read_calendar(struct builder *b, struct source *f)
{
    if (str_equal(f->path, STR("calendar/fixed.json"))) {
        read_fixed(b, f);
        return;
    }
    static const char *const names[] = {"year", "notice", "off", "work", NULL};
    only_members(b, f, &f->root, names);
    struct calendar_year *y = &b->law->years[b->law->year_count];
    y->year = may_count(b, f, &f->root, "year", 0, 1949, 2200);
    struct str path = str_format(b->ctx->arena, "calendar/%d.json", y->year);
    if (!str_equal(path, f->path)) {
        problem(b, f, &f->root, "name", "the calendar of %d must stand in %.*s", y->year,
                FMT(path));
    }
    want_text2(b, f, &f->root, "notice");
    for (int k = 0; k < 2; k++) {
        const struct json *o = json_get(&f->root, k == 0 ? "off" : "work");
        size_t n = json_is(o, JSON_OBJECT) ? o->count : 0;
        struct day *days = ARENA_ARRAY(b->law->arena, struct day, n + 1);
        struct str *why = ARENA_ARRAY(b->law->arena, struct str, n + 1);
        for (size_t i = 0; i < n; i++) {
            bool good =
                day_parse(o->members[i].key, &days[i]) && day_to_civil(days[i]).year == y->year;
            if (!good) {
                problem(b, f, &o->members[i].value, "day", "\"%.*s\" is no day of %d",
                        FMT(o->members[i].key), y->year);
            }
            for (size_t m = 0; k == 1 && m < y->off_count; m++) {
                if (y->off[m].n == days[i].n) {
                    problem(b, f, &o->members[i].value, "conflict",
                            "%.*s is a day off and a working day", FMT(o->members[i].key));
                }
            }
            why[i] = o->members[i].value.text;
        }
        if (k == 0) {
            y->off = days;
            y->off_name = why;
            y->off_count = n;
        } else {
            y->work = days;
            y->work_count = n;
        }
    }
    b->law->year_count++;
}

static const struct calendar_year *year_of(const struct law *law, struct day d)
{
    int year = day_to_civil(d).year;
    for (size_t i = 0; i < law->year_count; i++) {
        if (law->years[i].year == year) {
            return &law->years[i];
        }
    }
    return NULL;
}

static bool is_workday(const struct law *law, struct day d, bool *ret_known, struct str *ret_why)
{
    const struct calendar_year *y = year_of(law, d);
    bool weekend = day_of_week(d) >= 6;
    *ret_known = y != NULL;
    *ret_why = weekend ? STR("周末 weekend") : STR("");
    for (size_t i = 0; y != NULL && i < y->work_count; i++) {
        if (y->work[i].n == d.n) {
            return true;
        }
    }
    for (size_t i = 0; y != NULL && i < y->off_count; i++) {
        if (y->off[i].n == d.n) {
            *ret_why = y->off_name[i];
            return false;
        }
    }
    struct civil c = day_to_civil(d);
    for (size_t i = 0; y == NULL && i < law->fixed_count; i++) {
        if (law->fixed[i].month == c.month && law->fixed[i].day == c.day) {
            *ret_why = law->fixed[i].name;
            return false;
        }
    }
    return !weekend;
}

/* How far beyond the last published calendar the days off that a statute fixes are named. */
enum { YEARS_AHEAD = 20 };

const struct day *law_days_named(const struct law *law, struct arena *a, bool works,
                                 size_t *ret_count)
{
    size_t most = 0;
    size_t n = 0;
    for (size_t i = 0; i < law->year_count; i++) {
        most += works ? law->years[i].work_count : law->years[i].off_count;
    }
    most += works ? 0 : YEARS_AHEAD * law->fixed_count;
    struct day *out = ARENA_ARRAY(a, struct day, most + 1);
    int last = 0;
    for (size_t i = 0; i < law->year_count; i++) {
        const struct calendar_year *y = &law->years[i];
        last = y->year > last ? y->year : last;
        for (size_t k = 0; k < (works ? y->work_count : y->off_count); k++) {
            out[n++] = works ? y->work[k] : y->off[k];
        }
    }
    for (int ahead = 1; !works && last > 0 && ahead <= YEARS_AHEAD; ahead++) {
        for (size_t k = 0; k < law->fixed_count; k++) {
            out[n++] = day_from_civil(
                (struct civil){last + ahead, law->fixed[k].month, law->fixed[k].day});
        }
    }
    *ret_count = n;
    return out;
}

bool law_is_workday(const struct law *law, struct day d, bool *ret_known)
{
    struct str why;
    return is_workday(law, d, ret_known, &why);
}

/* The years that the calendars of either know; outside them weekends alone count, by both. */
static void known_years(const struct law *law, int *first, int *last)
{
    for (size_t i = 0; i < law->year_count; i++) {
        *first = law->years[i].year < *first ? law->years[i].year : *first;
        *last = law->years[i].year > *last ? law->years[i].year : *last;
    }
}

bool law_days_differ(const struct law *a, const struct law *b, struct day *from, struct day *to)
{
    int first_year = INT32_MAX;
    int last_year = INT32_MIN;
    known_years(a, &first_year, &last_year);
    known_years(b, &first_year, &last_year);
    if (first_year > last_year) {
        return false;
    }
    struct day first = day_from_civil((struct civil){first_year, 1, 1});
    struct day last = day_from_civil((struct civil){last_year, 12, 31});
    struct day hit_first = {INT32_MAX};
    struct day hit_last = {INT32_MIN};
    first = from->n > first.n ? *from : first;
    last = to->n < last.n ? *to : last;
    for (struct day d = first; d.n <= last.n; d = day_add(d, 1)) {
        bool known = false;
        if (law_is_workday(a, d, &known) != law_is_workday(b, d, &known)) {
            hit_first = hit_first.n == INT32_MAX ? d : hit_first;
            hit_last = d;
        }
    }
    *from = hit_first;
    *to = hit_last;
    return hit_first.n <= hit_last.n;
}

struct counter {
    struct ctx *ctx;
    const struct law *law;
    struct due *due; /* NULL: do not explain */
    bool provisional;
};

static void skip(struct counter *c, struct day d, struct str why)
{
    struct due *due = c->due;
    if (due == NULL || due->skipped_count == LIMIT_DUE_SKIPPED) {
        return;
    }
    if (due->skipped == NULL) {
        due->skipped = ARENA_ARRAY(c->ctx->arena, struct day, LIMIT_DUE_SKIPPED);
        due->skipped_why = ARENA_ARRAY(c->ctx->arena, struct str, LIMIT_DUE_SKIPPED);
    }
    due->skipped[due->skipped_count] = d;
    due->skipped_why[due->skipped_count++] = why;
}

static struct day count_workdays(struct counter *c, struct day d, int32_t n)
{
    int32_t step = n < 0 ? -1 : 1;
    for (int32_t left = n < 0 ? -n : n; left > 0;) {
        bool known = false;
        struct str why;
        d = day_add(d, step);
        bool counts = is_workday(c->law, d, &known, &why);
        c->provisional = c->provisional || !known;
        left -= counts;
        if (!counts) {
            skip(c, d, why);
        }
    }
    return d;
}

static struct day roll_on(struct counter *c, struct day d)
{
    bool known = false;
    struct str why;
    while (!is_workday(c->law, d, &known, &why)) {
        c->provisional = c->provisional || !known;
        skip(c, d, why);
        d = day_add(d, 1);
    }
    c->provisional = c->provisional || !known;
    return d;
}

static struct day count_units(struct counter *c, struct day start, int32_t n, enum limit_unit unit,
                              bool roll)
{
    struct day d = start;
    switch (unit) {
    case UNIT_WORKDAY: return count_workdays(c, start, n);
    case UNIT_DAY: d = day_add(start, n); break;
    case UNIT_MONTH: d = day_add_months(start, n); break;
    case UNIT_YEAR: d = day_add_months(start, n * 12); break;
    case UNIT_HOUR: return day_add(start, (n + 23) / 24);
    }
    return roll ? roll_on(c, d) : d;
}

enum err law_due(struct ctx *ctx, const struct law *law, const struct limit *limit,
                 struct day start, int32_t extra_n, bool explain, struct due *ret)
{
    *ret = (struct due){0};
    struct counter c = {.ctx = ctx, .law = law, .due = explain ? ret : NULL};
    int32_t n = limit->n + (limit->before ? -extra_n : extra_n);
    ret->day =
        count_units(&c, start, limit->before ? -n : n, limit->unit, limit->roll && !limit->before);
    ret->provisional = c.provisional;
    return ERR_OK;
}

struct day law_day_after(const struct law *law, struct day start, int32_t n, enum limit_unit unit,
                         bool roll, bool *ret_provisional)
{
    struct counter c = {.law = law};
    struct day d = count_units(&c, start, n, unit, roll);
    *ret_provisional = c.provisional;
    return d;
}

int32_t law_days_between(const struct law *law, struct day from, struct day to,
                         enum limit_unit unit)
{
    int32_t n = 0;
    if (unit != UNIT_WORKDAY) {
        return to.n > from.n ? to.n - from.n : 0;
    }
    for (struct day d = day_add(from, 1); d.n <= to.n; d = day_add(d, 1)) {
        bool known = false;
        n += law_is_workday(law, d, &known);
    }
    return n;
}

/* ---- limit files ---- */

void declare_limits(struct builder *b, struct source *f)
{
    const struct json *list = want_list(b, f, &f->root, "limits");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        struct limit *l = &b->law->limits[b->law->limit_count];
        l->index = (uint32_t)b->law->limit_count++;
        l->id = want_text(b, f, &list->items[i], "limit");
        if (!index_put(&b->law->index[T_LIMIT], l->id, l)) {
            problem(b, f, &list->items[i], "duplicate", "the limit \"%.*s\" stands twice",
                    FMT(l->id));
        }
    }
}

/* n and unit, or the dated value in force. */
static void read_measure(struct builder *b, const struct source *f, const struct json *o,
                         struct limit *l)
{
    const struct json *values = may_list(b, f, o, "values");
    const struct json *in_force = o;
    for (size_t i = 0; values != NULL && i < values->count; i++) {
        if (may_day(b, f, &values->items[i], "from", INT32_MIN).n <= b->law->day.n) {
            in_force = &values->items[i];
        }
    }
    l->n = may_count(b, f, in_force, "n", -1, 0, 36500);
    if (l->n < 0) {
        problem(b, f, in_force, "missing", "the limit \"%.*s\" has no n", FMT(l->id));
    }
    if (!parse_unit(want_text(b, f, in_force, "unit"), &l->unit)) {
        problem(b, f, in_force, "unit", "unit is workday, day, month, year or hour");
    }
    if (values != NULL) {
        l->article = may_cite(b, f, in_force, "article");
    }
}

/* The day a limit counts from when that is not the day it begins to run: of the act complained of,
 * say. */
static void read_since(struct builder *b, const struct source *f, const struct json *o,
                       struct limit *l)
{
    l->since = may_ref(b, f, o, "since", T_FACT);
    if (l->since != NULL && (l->before || l->since->type != FACT_DATE)) {
        problem(b, f, json_get(o, "since"), "since",
                "\"since\" names a fact that is a date, and the limit runs after it");
    }
}

static void read_limit(struct builder *b, const struct source *f, const struct json *o)
{
    static const char *const names[] = {"limit",   "article",    "title",        "per",    "n",
                                        "unit",    "values",     "direction",    "event",  "since",
                                        "stop_by", "resume_by",  "stop_article", "extend", "late",
                                        "deem",    "deem_since", "article_late", "roll",   "as",
                                        "starts",  "judged",     "restart_by",   NULL};
    static const char *const extend_names[] = {"by", "n", "once", "article", NULL};
    static const char *const pers[] = {"office", "party"};
    static const char *const directions[] = {"after", "before"};
    static const char *const sinces[] = {"end", "start"};
    static const char *const starts[] = {"act", "received", "served"};
    static const char *const lates[] = {
        [LATE_REFUSE] = "refuse", [LATE_ALLOW] = "allow", [LATE_DEEM] = "deem"};
    struct limit *l = index_get(&b->law->index[T_LIMIT], json_text(o, "limit"));
    if (l == NULL) {
        return;
    }
    only_members(b, f, o, names);
    l->article = may_cite(b, f, o, "article");
    l->title = want_text2(b, f, o, "title");
    int per = word_of(want_text(b, f, o, "per"), pers, LEN(pers));
    if (per < 0) {
        problem(b, f, o, "per", "per is office or party");
    }
    l->per_party = per == 1;
    read_measure(b, f, o, l);
    struct str direction = may_text(b, f, o, "direction");
    int way = direction.n == 0 ? 0 : word_of(direction, directions, LEN(directions));
    if (way < 0) {
        problem(b, f, json_get(o, "direction"), "direction", "direction is after or before");
    }
    l->before = way == 1;
    l->event = may_ref(b, f, o, "event", T_FACT);
    read_since(b, f, o, l);
    if (l->before != (l->event != NULL)) {
        problem(b, f, o, "event",
                "a limit before an event, and no other, names the fact that holds its day as "
                "\"event\"");
    } else if (l->event != NULL && l->event->type != FACT_DATE) {
        problem(b, f, json_get(o, "event"), "event", "the fact \"%.*s\" is no date",
                FMT(l->event->id));
    }
    l->roll = may_bool(b, f, o, "roll", true);
    int late = json_get(o, "late") == NULL ? (int)LATE_ALLOW
                                           : word_of(want_text(b, f, o, "late"), lates, LEN(lates));
    if (late < 0) {
        problem(b, f, o, "late", "late is refuse, allow or deem");
    }
    l->late = late < 0 ? LATE_ALLOW : (enum limit_late)late;
    l->article_late = may_cite(b, f, o, "article_late");
    l->article_stop = may_cite(b, f, o, "stop_article");
    l->deem = may_ref(b, f, o, "deem", T_ACT);
    if ((l->late == LATE_DEEM) != (l->deem != NULL)) {
        problem(b, f, o, "deem",
                "a limit with late \"deem\", and no other, names the act that is deemed done as "
                "\"deem\"");
    }
    struct str since = may_text(b, f, o, "deem_since");
    int from = since.n == 0 ? 0 : word_of(since, sinces, LEN(sinces));
    if (from < 0) {
        problem(b, f, json_get(o, "deem_since"), "deem", "deem_since is end or start");
    }
    l->deem_since_start = from == 1;
    l->as = may_text(b, f, o, "as");
    struct str start = may_text(b, f, o, "starts");
    int begins = start.n == 0 ? 0 : word_of(start, starts, LEN(starts));
    if (begins < 0) {
        problem(b, f, json_get(o, "starts"), "starts", "starts is act, received or served");
    }
    l->starts_received = begins == 1;
    l->starts_served = begins == 2;
    l->judged = may_ref(b, f, o, "judged", T_FACT);
    if (l->judged != NULL && l->judged->type != FACT_DATE) {
        problem(b, f, json_get(o, "judged"), "judged", "the fact \"%.*s\" is no date",
                FMT(l->judged->id));
    }
    l->stop_by = (const struct act_kind **)(void *)refs(b, f, o, "stop_by", T_ACT, &l->stop_count);
    l->resume_by =
        (const struct act_kind **)(void *)refs(b, f, o, "resume_by", T_ACT, &l->resume_count);
    l->restart_by =
        (const struct act_kind **)(void *)refs(b, f, o, "restart_by", T_ACT, &l->restart_count);
    const struct json *extend = json_get(o, "extend");
    if (json_is(extend, JSON_OBJECT)) {
        only_members(b, f, extend, extend_names);
        l->extend_by = may_ref(b, f, extend, "by", T_ACT);
        l->extend_n = may_count(b, f, extend, "n", 0, 0, 36500);
        l->extend_once = may_bool(b, f, extend, "once", true);
        l->article_extend = may_cite(b, f, extend, "article");
    }
    if (l->article.statute != NULL) {
        /* Found by its citation too; the first limit of an article keeps the name. */
        index_put(&b->law->limit_cites, l->article.text, l);
    } else {
        problem(b, f, o, "missing", "the limit \"%.*s\" cites no article", FMT(l->id));
    }
}

void read_limits(struct builder *b, struct source *f)
{
    static const char *const names[] = {"statute", "limits", NULL};
    only_members(b, f, &f->root, names);
    const struct json *list = json_get(&f->root, "limits");
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        read_limit(b, f, &list->items[i]);
    }
}

const struct limit *law_limit(const struct law *law, struct str id_or_cite)
{
    const struct limit *l = index_get(&law->index[T_LIMIT], id_or_cite);
    return l != NULL ? l : index_get(&law->limit_cites, id_or_cite);
}

const struct limit *law_limit_for(const struct law *law, const struct item *item, struct str ref)
{
    const struct limit *l = law_limit(law, ref);
    struct str as = l == NULL ? ref : l->as;
    for (size_t i = 0; item != NULL && as.n > 0 && i < item->limit_count; i++) {
        if (str_equal(item->limits[i].as, as)) {
            return item->limits[i].limit;
        }
    }
    return l;
}
