/* Arithmetic of dates, times and durations, and their properties (DMN 1.5, tables 54 to 61). */
#include "base/decimal_math.h"
#include "feel/feel_in.h"

/* ---- durations as numbers ---- */

/* Nanoseconds, or months. */
static struct decimal duration_size(struct feel_value d)
{
    __int128 n = d.kind == FEEL_YEARS_MONTHS ? d.integer : (__int128)d.integer * NS_PER_S + d.n;
    bool minus = n < 0;
    return (struct decimal){(u128)(minus ? -n : n), 0, minus};
}

static struct feel_value out_of_range(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "the result is beyond the years -%d to %d", YEAR_MAX, YEAR_MAX);
}

/* A duration of that size, fractions of a month or nanosecond cut off. */
static struct feel_value duration_of_size(struct run *r, const struct node *n, uint8_t kind,
                                          struct decimal size)
{
    struct decimal whole = {0};
    if (!decimal_round_to(size, 0, DECIMAL_DOWN, &whole)) {
        return out_of_range(r, n);
    }
    if (kind == FEEL_YEARS_MONTHS) {
        int64_t months = 0;
        return decimal_to_i64(whole, &months) ? value_months(months) : out_of_range(r, n);
    }
    struct decimal second = decimal_from_i64(NS_PER_S);
    struct decimal rest = {0}, s = {0};
    int64_t s64 = 0, ns64 = 0;
    if (!decimal_modulo(whole, second, &rest) || !decimal_sub(whole, rest, &s) ||
        !decimal_div(s, second, &s) || !decimal_to_i64(s, &s64) || !decimal_to_i64(rest, &ns64)) {
        return out_of_range(r, n);
    }
    return value_duration(s64, ns64);
}

struct feel_value duration_mul(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b)
{
    struct decimal product = {0};
    if (!decimal_mul(duration_size(a), feel_decimal(b), &product)) {
        return out_of_range(r, n);
    }
    return duration_of_size(r, n, a.kind, product);
}

struct feel_value duration_div(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b)
{
    struct decimal quotient = {0};
    struct decimal by = b.kind == FEEL_NUMBER ? feel_decimal(b) : duration_size(b);
    if (!decimal_div(duration_size(a), by, &quotient)) {
        return run_trouble(r, n, "division by zero");
    }
    return b.kind == FEEL_NUMBER ? duration_of_size(r, n, a.kind, quotient)
                                 : value_number(r, quotient);
}

/* ---- adding durations ---- */

static struct feel_value add_durations(struct run *r, const struct node *n, struct feel_value a,
                                       struct feel_value b, bool minus)
{
    int64_t sum = 0;
    bool over = minus ? __builtin_sub_overflow(a.integer, b.integer, &sum)
                      : __builtin_add_overflow(a.integer, b.integer, &sum);
    if (over || sum == INT64_MIN || sum == INT64_MAX) {
        return out_of_range(r, n);
    }
    if (a.kind == FEEL_YEARS_MONTHS) {
        return value_months(sum);
    }
    return value_duration(sum, minus ? (int64_t)a.n - b.n : (int64_t)a.n + b.n);
}

/* day + s seconds and ns nanoseconds from midnight, carried over; false when out of range. */
static bool carry(struct feel_moment *m, int64_t s, int64_t ns)
{
    ns += m->ns % NS_PER_S;
    int64_t second = m->ns / NS_PER_S;
    struct feel_value sum = value_duration(second, ns);
    if (__builtin_add_overflow(sum.integer, s, &second)) {
        return false;
    }
    int64_t days = second / 86400 - (second % 86400 < 0);
    m->ns = (second - days * 86400) * NS_PER_S + sum.n;
    return !__builtin_add_overflow(m->day, days, &m->day) && ymd_day_in_range(m->day);
}

/* Along the clock of a named zone: to UTC, on, and back. */
static bool carry_zoned(struct feel_moment *m, int64_t s, int64_t ns)
{
    int32_t offset = 0;
    (void)moment_offset(m, &offset);
    struct feel_moment utc = *m;
    if (!carry(&utc, -(int64_t)offset, 0) || !carry(&utc, s, ns)) {
        return false;
    }
    offset = zone_offset_at(m->zone, utc.day * 86400 + utc.ns / NS_PER_S);
    m->day = utc.day;
    m->ns = utc.ns;
    return carry(m, offset, 0);
}

static struct feel_value add_months(struct run *r, const struct node *n, struct feel_value a,
                                    int64_t months)
{
    if (a.kind == FEEL_TIME) {
        return run_trouble(r, n, "a time has no months to add to");
    }
    int64_t day = a.kind == FEEL_DATE ? a.integer : a.moment->day;
    if (months > 12 * (int64_t)2 * YEAR_MAX || months < -12 * (int64_t)2 * YEAR_MAX) {
        return out_of_range(r, n);
    }
    struct ymd d = ymd_add_months(ymd_from_day(day), months);
    if (!ymd_is_valid(d)) {
        return out_of_range(r, n);
    }
    if (a.kind == FEEL_DATE) {
        return value_date(ymd_to_day(d));
    }
    struct feel_moment m = *a.moment;
    m.day = ymd_to_day(d);
    return value_moment(r->ctx->arena, FEEL_DATE_TIME, m);
}

static struct feel_value add_duration(struct run *r, const struct node *n, struct feel_value a,
                                      struct feel_value d, bool minus)
{
    if (d.integer == INT64_MIN) {
        return out_of_range(r, n);
    }
    int64_t s = minus ? -d.integer : d.integer;
    int64_t ns = minus ? -(int64_t)d.n : (int64_t)d.n;
    struct feel_moment m = a.kind == FEEL_DATE ? moment_of_date(a) : *a.moment;
    if (a.kind == FEEL_TIME) { /* round the clock */
        return carry(&m, s % 86400, ns)
                   ? value_moment(r->ctx->arena, FEEL_TIME,
                                  (struct feel_moment){0, m.ns, m.form, m.offset_s, m.zone})
                   : out_of_range(r, n);
    }
    bool ok = m.form == FEEL_ZONE_NAMED ? carry_zoned(&m, s, ns) : carry(&m, s, ns);
    if (!ok) {
        return out_of_range(r, n);
    }
    return a.kind == FEEL_DATE ? value_date(m.day) : value_moment(r->ctx->arena, FEEL_DATE_TIME, m);
}

static bool is_duration(struct feel_value v)
{
    return v.kind == FEEL_YEARS_MONTHS || v.kind == FEEL_DAYS_TIME;
}

static bool is_point_in_time(struct feel_value v)
{
    return v.kind == FEEL_DATE || v.kind == FEEL_TIME || v.kind == FEEL_DATE_TIME;
}

static struct feel_value cannot(struct run *r, const struct node *n, const char *what,
                                struct feel_value a, struct feel_value b)
{
    return run_trouble(r, n, "cannot %s %s and %s", what, value_kind_name(a), value_kind_name(b));
}

struct feel_value temporal_add(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b, bool minus)
{
    if (is_duration(a) && a.kind == b.kind) {
        return add_durations(r, n, a, b, minus);
    }
    if (!minus && is_duration(a) && is_point_in_time(b)) {
        struct feel_value t = a;
        a = b;
        b = t;
    }
    if (!is_point_in_time(a) || !is_duration(b)) {
        return cannot(r, n, minus ? "subtract" : "add", a, b);
    }
    if (b.kind == FEEL_YEARS_MONTHS) {
        if (b.integer == INT64_MIN) {
            return out_of_range(r, n);
        }
        return add_months(r, n, a, minus ? -b.integer : b.integer);
    }
    return add_duration(r, n, a, b, minus);
}

struct feel_value temporal_sub(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b)
{
    if (is_duration(b)) {
        return temporal_add(r, n, a, b, true);
    }
    bool both_times = a.kind == FEEL_TIME && b.kind == FEEL_TIME;
    bool both_days = (a.kind == FEEL_DATE || a.kind == FEEL_DATE_TIME) &&
                     (b.kind == FEEL_DATE || b.kind == FEEL_DATE_TIME);
    if (!both_times && !both_days) {
        return cannot(r, n, "subtract", a, b);
    }
    struct feel_moment ma = a.kind == FEEL_DATE ? moment_of_date(a) : *a.moment;
    struct feel_moment mb = b.kind == FEEL_DATE ? moment_of_date(b) : *b.moment;
    int64_t s = 0, ns = 0;
    if (!moment_subtract(&ma, &mb, &s, &ns)) {
        return run_trouble(r, n, "one has a time zone and the other has none");
    }
    return value_duration(s, ns);
}

/* ---- properties ---- */

enum part {
    PART_YEAR,
    PART_MONTH,
    PART_DAY,
    PART_WEEKDAY,
    PART_HOUR,
    PART_MINUTE,
    PART_SECOND,
    PART_OFFSET,
    PART_ZONE,
    PART_YEARS,
    PART_MONTHS,
    PART_DAYS,
    PART_HOURS,
    PART_MINUTES,
    PART_SECONDS,
    PART_START,
    PART_END,
    PART_START_IN,
    PART_END_IN
};

static const struct {
    struct str name;
    uint32_t kinds;
    enum part part;
} parts[] = {
    {STR_INIT("year"), K_DATE | K_DATE_TIME, PART_YEAR},
    {STR_INIT("month"), K_DATE | K_DATE_TIME, PART_MONTH},
    {STR_INIT("day"), K_DATE | K_DATE_TIME, PART_DAY},
    {STR_INIT("weekday"), K_DATE | K_DATE_TIME, PART_WEEKDAY},
    {STR_INIT("hour"), K_TIME | K_DATE_TIME, PART_HOUR},
    {STR_INIT("minute"), K_TIME | K_DATE_TIME, PART_MINUTE},
    {STR_INIT("second"), K_TIME | K_DATE_TIME, PART_SECOND},
    {STR_INIT("time offset"), K_TIME | K_DATE_TIME, PART_OFFSET},
    {STR_INIT("timezone"), K_TIME | K_DATE_TIME, PART_ZONE},
    {STR_INIT("years"), K_MONTHS, PART_YEARS},
    {STR_INIT("months"), K_MONTHS, PART_MONTHS},
    {STR_INIT("days"), K_DURATION, PART_DAYS},
    {STR_INIT("hours"), K_DURATION, PART_HOURS},
    {STR_INIT("minutes"), K_DURATION, PART_MINUTES},
    {STR_INIT("seconds"), K_DURATION, PART_SECONDS},
    {STR_INIT("start"), K_RANGE, PART_START},
    {STR_INIT("end"), K_RANGE, PART_END},
    {STR_INIT("start included"), K_RANGE, PART_START_IN},
    {STR_INIT("end included"), K_RANGE, PART_END_IN},
};

static struct feel_value day_part(int64_t day, enum part part)
{
    struct ymd d = ymd_from_day(day);
    return feel_int(part == PART_YEAR    ? d.year
                    : part == PART_MONTH ? d.month
                    : part == PART_DAY   ? d.day
                                         : ymd_weekday(day));
}

static struct feel_value clock_part(const struct feel_moment *m, enum part part)
{
    int64_t s = m->ns / NS_PER_S;
    int32_t offset = 0;
    if (part == PART_OFFSET) {
        return moment_offset(m, &offset) ? value_duration(offset, 0) : feel_null();
    }
    if (part == PART_ZONE) {
        return m->form == FEEL_ZONE_NAMED ? feel_string(m->zone->name) : feel_null();
    }
    return feel_int(part == PART_HOUR ? s / 3600 : part == PART_MINUTE ? s / 60 % 60 : s % 60);
}

static struct feel_value duration_part(struct feel_value v, enum part part)
{
    int64_t s = v.integer + (v.integer < 0 && v.n > 0); /* towards zero */
    return feel_int(part == PART_YEARS     ? v.integer / 12
                    : part == PART_MONTHS  ? v.integer % 12
                    : part == PART_DAYS    ? s / 86400
                    : part == PART_HOURS   ? s / 3600 % 24
                    : part == PART_MINUTES ? s / 60 % 60
                                           : s % 60);
}

static struct feel_value range_part(const struct feel_range *range, enum part part)
{
    if (range->form == FEEL_RANGE_NOT_EQUAL) {
        return feel_null();
    }
    return part == PART_START      ? range->lo
           : part == PART_END      ? range->hi
           : part == PART_START_IN ? feel_bool(!range->lo_open)
                                   : feel_bool(!range->hi_open);
}

bool temporal_property(struct run *r UNUSED, struct feel_value v, struct str name,
                       struct feel_value *ret)
{
    for (size_t i = 0; i < LEN(parts); i++) {
        if ((parts[i].kinds & KIND(v.kind)) == 0 || !str_equal(parts[i].name, name)) {
            continue;
        }
        enum part part = parts[i].part;
        if (v.kind == FEEL_RANGE) {
            *ret = range_part(v.range, part);
        } else if (is_duration(v)) {
            *ret = duration_part(v, part);
        } else if (part <= PART_WEEKDAY) {
            *ret = day_part(v.kind == FEEL_DATE ? v.integer : v.moment->day, part);
        } else {
            *ret = clock_part(v.moment, part);
        }
        return true;
    }
    return false;
}
