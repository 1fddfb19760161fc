/* Date and time built-ins (DMN 1.5, 10.3.4.1, 10.3.4.6 to 10.3.4.8). */
#include "base/decimal_math.h"
#include "feel/feel_in.h"

#define TIME_FN(name)                                                                              \
    static struct feel_value name(struct run *r UNUSED, const struct node *n UNUSED,               \
                                  const struct feel_value *args UNUSED, size_t count UNUSED)

static struct feel_value no(struct run *r, const struct node *n, const char *what)
{
    return run_trouble(r, n, "this is no %s", what);
}

/* Year, month and day as numbers. */
static bool day_of(const struct feel_value *args, int64_t *ret)
{
    int64_t y = 0, m = 0, d = 0;
    if (!value_to_i64(args[0], &y) || !value_to_i64(args[1], &m) || !value_to_i64(args[2], &d) ||
        y < -YEAR_MAX || y > YEAR_MAX || m < 1 || m > 12 || d < 1 || d > 31) {
        return false;
    }
    struct ymd ymd = {y, (int32_t)m, (int32_t)d};
    *ret = ymd_is_valid(ymd) ? ymd_to_day(ymd) : 0;
    return ymd_is_valid(ymd);
}

/* Hour, minute and second, the last with a fraction. */
static bool clock_of(const struct feel_value *args, int64_t *ret_ns)
{
    int64_t h = 0, m = 0, ns = 0;
    struct decimal s = feel_decimal(args[2]);
    struct decimal billion = decimal_from_i64(NS_PER_S);
    if (!value_to_i64(args[0], &h) || !value_to_i64(args[1], &m) || !decimal_mul(s, billion, &s) ||
        !decimal_round_to(s, 0, DECIMAL_DOWN, &s) || !decimal_to_i64(s, &ns)) {
        return false;
    }
    *ret_ns = (h * 60 + m) % 100000 * 60 * NS_PER_S + ns;
    return h >= 0 && h < 24 && m >= 0 && m < 60 && ns >= 0 && ns < 60 * NS_PER_S;
}

/* A duration as an offset, a string as a zone; null for none. */
static bool zone_of(struct run *r, struct feel_value v, struct feel_moment *m)
{
    if (v.kind == FEEL_DAYS_TIME) {
        m->form = FEEL_ZONE_OFFSET;
        m->offset_s = v.integer >= -64800 && v.integer <= 64800 ? (int32_t)v.integer : 0;
        return v.n == 0 && v.integer >= -64800 && v.integer <= 64800;
    }
    if (v.kind == FEEL_STRING) {
        m->form = FEEL_ZONE_NAMED;
        m->zone = zone_load(r, feel_str(v));
        return m->zone != NULL;
    }
    return true;
}

TIME_FN(do_date)
{
    int64_t day = 0;
    if (count == 3) {
        return day_of(args, &day) ? value_date(day) : no(r, n, "date");
    }
    if (args[0].kind == FEEL_DATE_TIME) {
        return value_date(args[0].moment->day);
    }
    struct feel_value v = args[0].kind == FEEL_STRING ? date_from_text(feel_str(args[0])) : args[0];
    return feel_is_null(v) ? no(r, n, "date; write it as 2026-01-31") : v;
}

TIME_FN(do_time)
{
    struct feel_moment m = {0};
    if (count >= 3) {
        bool ok = clock_of(args, &m.ns) && zone_of(r, count > 3 ? args[3] : feel_null(), &m);
        return ok ? value_moment(r->ctx->arena, FEEL_TIME, m) : no(r, n, "time");
    }
    if (args[0].kind == FEEL_DATE) {
        return value_moment(r->ctx->arena, FEEL_TIME,
                            (struct feel_moment){.form = FEEL_ZONE_OFFSET});
    }
    if (args[0].kind == FEEL_DATE_TIME) {
        m = *args[0].moment;
        m.day = 0;
        return value_moment(r->ctx->arena, FEEL_TIME, m);
    }
    struct feel_value v =
        args[0].kind == FEEL_STRING ? time_from_text(r, feel_str(args[0])) : args[0];
    return feel_is_null(v) ? no(r, n, "time; write it as 09:30:00") : v;
}

static struct feel_value join_day(struct run *r, struct feel_value date,
                                  const struct feel_moment *time)
{
    struct feel_moment m = *time;
    m.day = date.kind == FEEL_DATE ? date.integer : date.moment->day;
    return value_moment(r->ctx->arena, FEEL_DATE_TIME, m);
}

TIME_FN(do_date_time)
{
    if (count == 2) {
        return join_day(r, args[0], args[1].moment);
    }
    if (count >= 6) {
        struct feel_moment m = {0};
        bool ok = day_of(args, &m.day) && clock_of(args + 3, &m.ns) &&
                  zone_of(r, count > 6 ? args[6] : feel_null(), &m);
        return ok ? value_moment(r->ctx->arena, FEEL_DATE_TIME, m) : no(r, n, "date and time");
    }
    if (args[0].kind == FEEL_DATE) {
        return value_moment(r->ctx->arena, FEEL_DATE_TIME, moment_of_date(args[0]));
    }
    struct feel_value v =
        args[0].kind == FEEL_STRING ? date_time_from_text(r, feel_str(args[0])) : args[0];
    return feel_is_null(v) ? no(r, n, "date and time; write it as 2026-01-31T09:30:00") : v;
}

TIME_FN(do_duration)
{
    struct feel_value v =
        args[0].kind == FEEL_STRING ? duration_from_text(feel_str(args[0])) : args[0];
    return feel_is_null(v) ? no(r, n, "duration; write it as P1DT2H or P1Y2M") : v;
}

static int64_t day_part_of(struct feel_value v)
{
    return v.kind == FEEL_DATE ? v.integer : v.moment->day;
}

/* Whole months from one day to another; a month is whole when its day is reached. */
TIME_FN(do_months)
{
    struct ymd from = ymd_from_day(day_part_of(args[0]));
    struct ymd to = ymd_from_day(day_part_of(args[1]));
    int64_t months = (to.year - from.year) * 12 + (to.month - from.month);
    months -= months > 0 && to.day < from.day;
    months += months < 0 && to.day > from.day;
    return value_months(months);
}

TIME_FN(do_now)
{
    return feel_date_time(r->ctx->arena, r->env->now, r->env->now_offset_s);
}

TIME_FN(do_today)
{
    int64_t s = r->env->now.ms / 1000 - (r->env->now.ms % 1000 < 0) + r->env->now_offset_s;
    return value_date(s / 86400 - (s % 86400 < 0));
}

TIME_FN(do_day_of_year)
{
    int64_t day = day_part_of(args[0]);
    return feel_int(day - ymd_to_day((struct ymd){ymd_from_day(day).year, 1, 1}) + 1);
}

TIME_FN(do_day_of_week)
{
    static const struct str names[] = {
        STR_INIT("Monday"), STR_INIT("Tuesday"),  STR_INIT("Wednesday"), STR_INIT("Thursday"),
        STR_INIT("Friday"), STR_INIT("Saturday"), STR_INIT("Sunday")};
    return feel_string(names[ymd_weekday(day_part_of(args[0])) - 1]);
}

TIME_FN(do_month_of_year)
{
    static const struct str names[] = {
        STR_INIT("January"),   STR_INIT("February"), STR_INIT("March"),    STR_INIT("April"),
        STR_INIT("May"),       STR_INIT("June"),     STR_INIT("July"),     STR_INIT("August"),
        STR_INIT("September"), STR_INIT("October"),  STR_INIT("November"), STR_INIT("December")};
    return feel_string(names[ymd_from_day(day_part_of(args[0])).month - 1]);
}

/* ISO 8601: the week belongs to the year of its Thursday. */
TIME_FN(do_week_of_year)
{
    int64_t day = day_part_of(args[0]);
    int64_t thursday = day - ymd_weekday(day) + 4;
    int64_t first = ymd_to_day((struct ymd){ymd_from_day(thursday).year, 1, 1});
    return feel_int((thursday - first) / 7 + 1);
}

TIME_FN(do_is)
{
    return feel_bool(count == 2 && value_is(args[0], args[1]));
}

#define K_DAY (K_DATE | K_DATE_TIME)

static const struct builtin rows[] = {
    {"date", do_date, {{"from", K_STRING | K_DAY}}, 1, 0, false},
    {"date", do_date, {{"year", K_NUMBER}, {"month", K_NUMBER}, {"day", K_NUMBER}}, 3, 0, false},
    {"time", do_time, {{"from", K_STRING | K_DAY | K_TIME}}, 1, 0, false},
    {"time",
     do_time,
     {{"hour", K_NUMBER},
      {"minute", K_NUMBER},
      {"second", K_NUMBER},
      {"offset", K_DURATION | K_NULL}},
     3,
     0,
     false},
    {"date and time", do_date_time, {{"from", K_STRING | K_DAY}}, 1, 0, false},
    {"date and time", do_date_time, {{"date", K_DAY}, {"time", K_TIME}}, 2, 0, false},
    {"date and time",
     do_date_time,
     {{"year", K_NUMBER},
      {"month", K_NUMBER},
      {"day", K_NUMBER},
      {"hour", K_NUMBER},
      {"minute", K_NUMBER},
      {"second", K_NUMBER},
      {"offset", K_DURATION | K_NULL}},
     6,
     0,
     false},
    {"date and time",
     do_date_time,
     {{"year", K_NUMBER},
      {"month", K_NUMBER},
      {"day", K_NUMBER},
      {"hour", K_NUMBER},
      {"minute", K_NUMBER},
      {"second", K_NUMBER},
      {"timezone", K_STRING}},
     7,
     0,
     false},
    {"duration", do_duration, {{"from", K_STRING | K_MONTHS | K_DURATION}}, 1, 0, false},
    {"years and months duration", do_months, {{"from", K_DAY}, {"to", K_DAY}}, 2, 0, false},
    {"now", do_now, {{NULL, 0}}, 0, 0, true},
    {"today", do_today, {{NULL, 0}}, 0, 0, true},
    {"day of year", do_day_of_year, {{"date", K_DAY}}, 1, 0, false},
    {"day of week", do_day_of_week, {{"date", K_DAY}}, 1, 0, false},
    {"month of year", do_month_of_year, {{"date", K_DAY}}, 1, 0, false},
    {"week of year", do_week_of_year, {{"date", K_DAY}}, 1, 0, false},
    {"is", do_is, {{"value1", K_ANY}, {"value2", K_ANY}}, 1, 0, false},
};
const struct builtin_table feel_lib_temporal = {rows, LEN(rows)};
