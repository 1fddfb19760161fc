/* Times of timer events: ISO 8601 dates, durations and cycles, or FEEL that gives such a text or a
 * date, a date and time, or a duration. A timer with tb:limit has no time here: its caller knows
 * it. */
#include "base/token.h"
#include "bpmn/bpmn_in.h"

enum { MONTHS_MAX = 12 * 10000 };
static const int64_t ms_max = (int64_t)3660 * 1000 * DAY_MS;

static bool take_number(struct str *rest, int64_t *ret_whole, int64_t *ret_ms)
{
    size_t i = 0;
    int64_t fraction = 0;
    int64_t weight = 100;
    *ret_whole = 0;
    while (i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9' && i < 12) {
        *ret_whole = *ret_whole * 10 + (rest->p[i++] - '0');
    }
    if (i == 0) {
        return false;
    }
    if (i + 1 < rest->n && (rest->p[i] == '.' || rest->p[i] == ',')) {
        for (i++; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++) {
            fraction += weight * (rest->p[i] - '0');
            weight /= 10;
        }
    }
    *ret_ms = fraction;
    *rest = str_slice(*rest, i, rest->n);
    return true;
}

/* PnYnMnWnDTnHnMnS, at least one part, in this order. */
static bool iso_duration(struct str text, struct duration *ret)
{
    static const char date_units[] = "YMWD";
    static const char time_units[] = "HMS";
    static const int64_t unit_ms[2][4] = {{0, 0, 7 * DAY_MS, DAY_MS}, {3600000, 60000, 1000, 0}};
    bool in_time = false;
    size_t last = 0;
    size_t parts = 0;
    *ret = (struct duration){0};
    if (text.n < 3 || text.p[0] != 'P') {
        return false;
    }
    for (struct str rest = str_slice(text, 1, text.n); rest.n > 0;) {
        int64_t n = 0;
        int64_t fraction = 0;
        if (rest.p[0] == 'T' && !in_time && rest.n > 1) {
            in_time = true;
            last = 0;
            rest = str_slice(rest, 1, rest.n);
        }
        const char *units = in_time ? time_units : date_units;
        if (!take_number(&rest, &n, &fraction) || rest.n == 0) {
            return false;
        }
        const char *unit = strchr(units, rest.p[0]);
        size_t index = unit == NULL || rest.p[0] == 0 ? 99 : (size_t)(unit - units);
        bool months = !in_time && index < 2;
        if (index + 1 <= last || index > 3 || (fraction != 0 && !(in_time && index == 2)) ||
            n > 1000000000) {
            return false;
        }
        last = index + 1;
        int64_t total = months ? ret->months + n * (index == 0 ? 12 : 1) : ret->ms;
        if (months && total > MONTHS_MAX) {
            return false;
        }
        ret->months = months ? (int32_t)total : ret->months;
        ret->ms += unit_ms[in_time][index] * n + fraction;
        if (ret->ms > ms_max) {
            return false;
        }
        parts++;
        rest = str_slice(rest, 1, rest.n);
    }
    return parts > 0;
}

/* A day, or a day and time; without an offset in official time. */
static bool iso_date(struct str text, struct instant *ret)
{
    struct day d;
    char zoned[48];
    if (day_parse(text, &d)) {
        *ret = day_start(d);
        return true;
    }
    if (instant_parse(text, ret)) {
        return true;
    }
    if (text.n + 6 > sizeof(zoned)) {
        return false;
    }
    memcpy(zoned, text.p, text.n);
    memcpy(zoned + text.n, "+08:00", 6);
    return instant_parse((struct str){zoned, text.n + 6}, ret);
}

struct cycle {
    uint32_t times; /* UINT32_MAX without end */
    bool has_start, has_end;
    struct instant start, end;
    struct duration every;
};

static bool iso_cycle(struct str text, struct cycle *ret)
{
    struct str first = {0};
    struct str second = {0};
    struct str third = {0};
    uint64_t n = 0;
    *ret = (struct cycle){.times = UINT32_MAX};
    struct str head = str_cut(text, '/', &first);
    first = str_cut(first, '/', &second);
    second = str_cut(second, '/', &third);
    if (head.n == 0 || head.p[0] != 'R' || third.n > 0) {
        return false;
    }
    if (head.n > 1) {
        if (!str_to_u64(str_slice(head, 1, head.n), &n) || n == 0 || n > 1000000) {
            return false;
        }
        ret->times = (uint32_t)n;
    }
    if (second.n == 0) {
        return iso_duration(first, &ret->every);
    }
    if (iso_duration(first, &ret->every)) {
        ret->has_end = iso_date(second, &ret->end);
        return ret->has_end;
    }
    ret->has_start = iso_date(first, &ret->start);
    return ret->has_start && iso_duration(second, &ret->every);
}

bool iso_is(struct str text, char form)
{
    struct instant t;
    struct duration d;
    struct cycle c;
    bool cycle = iso_cycle(text, &c);
    bool positive = c.every.months > 0 || c.every.ms > 0;
    return form == 'd'   ? iso_date(text, &t)
           : form == 'p' ? iso_duration(text, &d)
                         : cycle && positive;
}

struct instant instant_later(struct instant t, struct duration d)
{
    if (d.months != 0) {
        struct day from = instant_day(t);
        struct day to = day_add_months(from, d.months);
        t.ms += ((int64_t)to.n - from.n) * DAY_MS;
    }
    t.ms += d.ms;
    return t;
}

bool iso_later(struct instant from, struct str text, struct instant *ret)
{
    struct duration d;
    if (iso_duration(text, &d)) {
        *ret = instant_later(from, d);
        return true;
    }
    return iso_date(text, ret);
}

/* What FEEL gave, as a cycle: a date is one time, a duration one time from now, or for ever in a
 * cycle. */
static bool value_cycle(struct feel_value v, char form, struct cycle *ret)
{
    *ret = (struct cycle){.times = form == 'c' ? UINT32_MAX : 1};
    if (v.kind == FEEL_STRING) {
        struct str text = str_trim(feel_str(v));
        if (form == 'd') {
            ret->has_start = iso_date(text, &ret->start);
            return ret->has_start;
        }
        return form == 'p' ? iso_duration(text, &ret->every) : iso_cycle(text, ret);
    }
    if (v.kind == FEEL_DATE && v.integer > -1000000 && v.integer < 10000000) {
        ret->has_start = true;
        ret->start = day_start((struct day){(int32_t)v.integer});
        return form == 'd';
    }
    if (v.kind == FEEL_DATE_TIME && v.moment->day > -1000000 && v.moment->day < 10000000) {
        int64_t offset_ms = v.moment->form == FEEL_ZONE_OFFSET ? (int64_t)v.moment->offset_s * 1000
                                                               : OFFICIAL_OFFSET_MS;
        ret->has_start = true;
        ret->start.ms = v.moment->day * DAY_MS + v.moment->ns / 1000000 - offset_ms;
        return form == 'd' && v.moment->form != FEEL_ZONE_NAMED;
    }
    if (v.kind == FEEL_DAYS_TIME && v.integer >= 0 && v.integer < ms_max / 1000) {
        ret->every.ms = v.integer * 1000 + v.n / 1000000;
        return form != 'd';
    }
    if (v.kind == FEEL_YEARS_MONTHS && v.integer >= 0 && v.integer <= MONTHS_MAX) {
        ret->every.months = (int32_t)v.integer;
        return form != 'd';
    }
    return false;
}

static enum err read_time(struct run *run, const struct bpmn_element *e,
                          const struct bpmn_trigger *t, uint32_t scope, struct cycle *ret)
{
    struct ctx *ctx = run->ctx;
    struct feel_value v;
    TRY(evaluate(run, t->expression, scope, &v));
    bool good = value_cycle(v, t->timer, ret);
    if (!good || (t->timer == 'c' && ret->every.ms == 0 && ret->every.months == 0)) {
        return fault(ctx, ERR_RANGE, "%.*s \"%.*s\": the time of its timer is none: %.*s",
                     FMT(e->tag), FMT(e->id), FMT(t->expression->text));
    }
    return ERR_OK;
}

struct str bpmn_timer_name(struct arena *a, const struct bpmn_process *p,
                           const struct bpmn_timer *t)
{
    return str_format(a, "%u.%.*s", t->token, FMT(p->elements[t->element].id));
}

static const struct bpmn_trigger *timer_trigger(const struct bpmn_element *e)
{
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        if (e->triggers[i].kind == BPMN_ON_TIMER) {
            return &e->triggers[i];
        }
    }
    return NULL;
}

static void tell_timer(struct run *run, enum bpmn_effect_kind kind, const struct bpmn_timer *t)
{
    effect_put(run, (struct bpmn_effect){.kind = kind,
                                         .element = t->element,
                                         .token = t->token,
                                         .due = t->due,
                                         .timer = bpmn_timer_name(run->ctx->arena, run->p, t)});
}

enum err timers_set(struct run *run, uint32_t token, uint16_t element)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_state *s = run->s;
    const struct bpmn_element *e = &run->p->elements[element];
    const struct bpmn_trigger *trigger = timer_trigger(e);
    if (trigger == NULL) {
        return ERR_OK;
    }
    struct bpmn_timer t = {token, element, 1, {INT64_MAX}};
    if (trigger->timer != 'l' && run->in->oracle == NULL) {
        struct cycle c;
        TRY(read_time(run, e, trigger, token, &c));
        t.due = c.has_start ? c.start : instant_later(run->in->now, c.every);
        t.firings = trigger->timer == 'c' ? c.times : 1;
    }
    if (s->timer_count >= LIMIT_BPMN_TOKENS) {
        return fault(ctx, ERR_TOO_MANY, "more than %d timers run", LIMIT_BPMN_TOKENS);
    }
    s->timers =
        bpmn_grow(ctx->arena, s->timers, s->timer_count, &s->timer_room, sizeof(*s->timers));
    s->timers[s->timer_count++] = t;
    tell_timer(run, BPMN_TIMER_SET, &t);
    return ERR_OK;
}

static void timer_drop(struct run *run, size_t index)
{
    struct bpmn_state *s = run->s;
    struct bpmn_timer gone = s->timers[index];
    memmove(s->timers + index, s->timers + index + 1,
            (s->timer_count - index - 1) * sizeof(*s->timers));
    s->timer_count--;
    tell_timer(run, BPMN_TIMER_CANCEL, &gone);
}

void timers_cancel(struct run *run, uint32_t token, int32_t element)
{
    for (size_t i = run->s->timer_count; i > 0; i--) {
        const struct bpmn_timer *t = &run->s->timers[i - 1];
        if (t->token == token && (element < 0 || t->element == element)) {
            timer_drop(run, i - 1);
        }
    }
}

enum err timer_fired(struct run *run, size_t index, bool stays)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_timer *t = &run->s->timers[index];
    const struct bpmn_element *e = &run->p->elements[t->element];
    if (!stays || t->firings <= 1 || t->due.ms == INT64_MAX) {
        timer_drop(run, index);
        return ERR_OK;
    }
    struct cycle c;
    TRY(read_time(run, e, timer_trigger(e), t->token, &c));
    struct instant next = instant_later(t->due, c.every);
    if (c.has_end && next.ms > c.end.ms) {
        timer_drop(run, index);
        return ERR_OK;
    }
    t->firings -= t->firings != UINT32_MAX;
    t->due = next;
    tell_timer(run, BPMN_TIMER_SET, t);
    return ERR_OK;
}

const struct bpmn_timer *bpmn_timer_next(const struct bpmn_state *s)
{
    const struct bpmn_timer *next = NULL;
    for (size_t i = 0; i < s->timer_count; i++) {
        bool sooner = next == NULL || s->timers[i].due.ms < next->due.ms;
        next = sooner && s->timers[i].due.ms != INT64_MAX ? &s->timers[i] : next;
    }
    return next;
}
