/* Range built-ins (DMN 1.5, 10.3.4.10 and table 78): points and ranges by their ends. */
#include "feel/feel_in.h"

/* A range or a point, as two ends. */
struct span_ends {
    struct feel_value lo, hi;
    bool lo_open, hi_open;
};

static struct span_ends ends_of(struct feel_value v)
{
    if (v.kind != FEEL_RANGE) {
        return (struct span_ends){v, v, false, false};
    }
    return (struct span_ends){v.range->lo, v.range->hi, v.range->lo_open, v.range->hi_open};
}

/* Compares for one function; *ok falls when two values have no order. */
static int cmp(struct feel_value a, struct feel_value b, bool *ok)
{
    int c = 0;
    if (!feel_compare(a, b, &c)) {
        *ok = false;
    }
    return c;
}

typedef bool relation(const struct span_ends *a, const struct span_ends *b, bool *ok);

static bool before(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    int c = cmp(a->hi, b->lo, ok);
    return c < 0 || (c == 0 && (a->hi_open || b->lo_open));
}

static bool after(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return before(b, a, ok);
}

static bool meets(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return cmp(a->hi, b->lo, ok) == 0 && !a->hi_open && !b->lo_open;
}

static bool met_by(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return meets(b, a, ok);
}

static bool overlaps(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return !before(a, b, ok) && !before(b, a, ok);
}

/* Whether a begins before b does. */
static bool begins_before(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    int c = cmp(a->lo, b->lo, ok);
    return c < 0 || (c == 0 && !a->lo_open && b->lo_open);
}

static bool ends_before(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    int c = cmp(a->hi, b->hi, ok);
    return c < 0 || (c == 0 && a->hi_open && !b->hi_open);
}

static bool overlaps_before(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    /* table 78: the end of a lies in b, not beyond it; equal ends count when b's is not the more
     * open one */
    return begins_before(a, b, ok) && !before(a, b, ok) && !ends_before(b, a, ok);
}

static bool overlaps_after(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return begins_before(b, a, ok) && !before(b, a, ok) && !ends_before(a, b, ok);
}

static bool includes(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return !begins_before(b, a, ok) && !ends_before(a, b, ok);
}

static bool during(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return includes(b, a, ok);
}

static bool same_start(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return cmp(a->lo, b->lo, ok) == 0 && a->lo_open == b->lo_open;
}

static bool same_end(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return cmp(a->hi, b->hi, ok) == 0 && a->hi_open == b->hi_open;
}

static bool starts(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return same_start(a, b, ok) && !ends_before(b, a, ok);
}

static bool started_by(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return starts(b, a, ok);
}

static bool finishes(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return same_end(a, b, ok) && !begins_before(a, b, ok);
}

static bool finished_by(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return finishes(b, a, ok);
}

static bool coincides(const struct span_ends *a, const struct span_ends *b, bool *ok)
{
    return same_start(a, b, ok) && same_end(a, b, ok);
}

static struct feel_value relate(struct run *r, const struct node *n, const struct feel_value *args,
                                relation *holds_for)
{
    struct span_ends a = ends_of(args[0]);
    struct span_ends b = ends_of(args[1]);
    bool ok = true;
    bool holds = holds_for(&a, &b, &ok);
    return ok ? feel_bool(holds)
              : run_trouble(r, n, "%s and %s have no order", value_kind_name(a.lo),
                            value_kind_name(b.lo));
}

#define RANGE_FN(name)                                                                             \
    static struct feel_value do_##name(struct run *r, const struct node *n,                        \
                                       const struct feel_value *args, size_t count UNUSED)         \
    {                                                                                              \
        return relate(r, n, args, name);                                                           \
    }
RANGE_FN(before)
RANGE_FN(after)
RANGE_FN(meets)
RANGE_FN(met_by)
RANGE_FN(overlaps)
RANGE_FN(overlaps_before)
RANGE_FN(overlaps_after)
RANGE_FN(includes)
RANGE_FN(during)
RANGE_FN(starts)
RANGE_FN(started_by)
RANGE_FN(finishes)
RANGE_FN(finished_by)
RANGE_FN(coincides)

static struct feel_value do_range(struct run *r, const struct node *n,
                                  const struct feel_value *args, size_t count UNUSED)
{
    struct feel_value v = range_from_text(r, feel_str(args[0]));
    return feel_is_null(v) ? run_trouble(r, n, "the text is no range with literal ends in order")
                           : v;
}

#define TWO_POINTS(name, fn)                                                                       \
    {                                                                                              \
        name, fn, {{"point1", K_POINT}, {"point2", K_POINT}}, 2, 0, false                          \
    }
#define POINT_RANGE(name, fn)                                                                      \
    {                                                                                              \
        name, fn, {{"point", K_POINT}, {"range", K_RANGE}}, 2, 0, false                            \
    }
#define RANGE_POINT(name, fn)                                                                      \
    {                                                                                              \
        name, fn, {{"range", K_RANGE}, {"point", K_POINT}}, 2, 0, false                            \
    }
#define TWO_RANGES(name, fn)                                                                       \
    {                                                                                              \
        name, fn, {{"range1", K_RANGE}, {"range2", K_RANGE}}, 2, 0, false                          \
    }

static const struct builtin rows[] = {
    TWO_POINTS("before", do_before),
    POINT_RANGE("before", do_before),
    RANGE_POINT("before", do_before),
    TWO_RANGES("before", do_before),
    TWO_POINTS("after", do_after),
    POINT_RANGE("after", do_after),
    RANGE_POINT("after", do_after),
    TWO_RANGES("after", do_after),
    TWO_RANGES("meets", do_meets),
    TWO_RANGES("met by", do_met_by),
    TWO_RANGES("overlaps", do_overlaps),
    TWO_RANGES("overlaps before", do_overlaps_before),
    TWO_RANGES("overlaps after", do_overlaps_after),
    POINT_RANGE("finishes", do_finishes),
    TWO_RANGES("finishes", do_finishes),
    RANGE_POINT("finished by", do_finished_by),
    TWO_RANGES("finished by", do_finished_by),
    RANGE_POINT("includes", do_includes),
    TWO_RANGES("includes", do_includes),
    POINT_RANGE("during", do_during),
    TWO_RANGES("during", do_during),
    POINT_RANGE("starts", do_starts),
    TWO_RANGES("starts", do_starts),
    RANGE_POINT("started by", do_started_by),
    TWO_RANGES("started by", do_started_by),
    TWO_POINTS("coincides", do_coincides),
    TWO_RANGES("coincides", do_coincides),
    {"range", do_range, {{"from", K_STRING}}, 1, 0, false},
};
const struct builtin_table feel_lib_range = {rows, LEN(rows)};
