/* List built-ins (DMN 1.5, 10.3.4.4). */
#include "base/decimal_math.h"
#include "feel/feel_in.h"

#define LIST_FN(name)                                                                              \
    static struct feel_value name(struct run *r UNUSED, const struct node *n UNUSED,               \
                                  const struct feel_value *args UNUSED, size_t count UNUSED)

static struct feel_value not_numbers(struct run *r, const struct node *n, struct feel_value item)
{
    return run_trouble(r, n, "the list holds %s, not only numbers", value_kind_name(item));
}

static struct feel_value empty(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "the list is empty");
}

/* A fresh array for a result of `count` items. */
static struct feel_value *items_new(struct run *r, size_t count)
{
    return ARENA_ARRAY(r->ctx->arena, struct feel_value, count);
}

static void items_copy(struct feel_value *to, struct feel_value list, size_t from, size_t count)
{
    if (count > 0) {
        memcpy(to, list.items + from, count * sizeof(*to));
    }
}

LIST_FN(do_count)
{
    return feel_int(args[0].n);
}

static struct feel_value extreme(struct run *r, const struct node *n, struct feel_value list,
                                 int sign)
{
    if (list.n == 0) {
        return empty(r, n);
    }
    struct feel_value best = list.items[0];
    for (uint32_t i = 0; i < list.n; i++) {
        int c = 0;
        if (!feel_compare(list.items[i], best, &c)) {
            return run_trouble(r, n, "cannot compare %s with %s", value_kind_name(list.items[i]),
                               value_kind_name(best));
        }
        best = c * sign > 0 ? list.items[i] : best;
    }
    return best;
}

LIST_FN(do_min)
{
    return extreme(r, n, args[0], -1);
}

LIST_FN(do_max)
{
    return extreme(r, n, args[0], 1);
}

/* Fold numbers with an operation; an empty list or another kind is null. */
static struct feel_value fold_numbers(struct run *r, const struct node *n, struct feel_value list,
                                      struct feel_value (*op)(struct run *, const struct node *,
                                                              struct feel_value, struct feel_value))
{
    if (list.n == 0) {
        return empty(r, n);
    }
    struct feel_value total = list.items[0];
    if (total.kind != FEEL_NUMBER) {
        return not_numbers(r, n, total);
    }
    for (uint32_t i = 1; i < list.n; i++) {
        if (list.items[i].kind != FEEL_NUMBER) {
            return not_numbers(r, n, list.items[i]);
        }
        total = op(r, n, total, list.items[i]);
        if (feel_is_null(total)) {
            return total;
        }
    }
    return total;
}

LIST_FN(do_sum)
{
    return fold_numbers(r, n, args[0], number_add);
}

LIST_FN(do_product)
{
    return fold_numbers(r, n, args[0], number_mul);
}

LIST_FN(do_mean)
{
    struct feel_value total = fold_numbers(r, n, args[0], number_add);
    return feel_is_null(total) ? total : number_div(r, n, total, feel_int(args[0].n));
}

/* all and any: one decisive boolean decides, what is no boolean leaves it open. */
static struct feel_value decide(struct run *r, const struct node *n, struct feel_value list,
                                bool decisive)
{
    bool open = false;
    for (uint32_t i = 0; i < list.n; i++) {
        struct feel_value item = list.items[i];
        if (item.kind == FEEL_BOOL && item.boolean == decisive) {
            return item;
        }
        open |= item.kind != FEEL_BOOL;
    }
    return open ? run_trouble(r, n, "the list holds other things than booleans")
                : feel_bool(!decisive);
}

LIST_FN(do_all)
{
    return decide(r, n, args[0], false);
}

LIST_FN(do_any)
{
    return decide(r, n, args[0], true);
}

/* Equal as for list contains: null is null, other kinds are not. */
static bool same(struct run *r, struct feel_value a, struct feel_value b)
{
    return feel_is_true(value_equal(r, a, b));
}

static bool holds(struct run *r, const struct feel_value *items, size_t count, struct feel_value v)
{
    for (size_t i = 0; i < count; i++) {
        if (same(r, items[i], v)) {
            return true;
        }
    }
    return false;
}

LIST_FN(do_contains)
{
    return feel_bool(holds(r, args[0].items, args[0].n, args[1]));
}

/* A 1-based position, negative from the end, as an index below limit; false with a trouble when it
 * is none. */
static bool position(struct run *r, const struct node *n, struct feel_value list,
                     struct feel_value at, size_t *ret)
{
    int64_t i = 0;
    if (!value_truncate(at, &i) || i == 0 || i > list.n || i < -(int64_t)list.n) {
        (void)run_trouble(r, n, "the list has %u items; there is no such position", list.n);
        return false;
    }
    *ret = (size_t)(i > 0 ? i - 1 : (int64_t)list.n + i);
    return true;
}

LIST_FN(do_sublist)
{
    size_t from = 0;
    int64_t length = INT64_MAX;
    if (!position(r, n, args[0], args[1], &from)) {
        return feel_null();
    }
    if (count > 2 && !feel_is_null(args[2]) && !value_truncate(args[2], &length)) {
        return run_trouble(r, n, "the length is out of range");
    }
    int64_t left = (int64_t)args[0].n - (int64_t)from;
    if (length < 1 || (length > left && count > 2 && !feel_is_null(args[2]))) {
        return run_trouble(r, n, "there are %lld items from there on", (long long)left);
    }
    return feel_list(args[0].items + from, (size_t)(length > left ? left : length));
}

/* The lists after each other, items that are no lists standing for themselves. */
static struct feel_value chain(struct run *r, const struct node *n, const struct feel_value *args,
                               size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += args[i].n;
    }
    if (total > LIMIT_FEEL_LIST_ITEMS) {
        return run_trouble(r, n, "the list would have more than %d items", LIMIT_FEEL_LIST_ITEMS);
    }
    struct feel_value *items = items_new(r, total);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        items_copy(items + at, args[i], 0, args[i].n);
        at += args[i].n;
    }
    return feel_list(items, total);
}

LIST_FN(do_append)
{
    struct feel_value *items = items_new(r, args[0].n + count - 1);
    items_copy(items, args[0], 0, args[0].n);
    memcpy(items + args[0].n, args + 1, (count - 1) * sizeof(*items));
    return feel_list(items, args[0].n + count - 1);
}

LIST_FN(do_concatenate)
{
    return chain(r, n, args, count);
}

/* The items without those equal to an earlier one. Quadratic, so each turn counts as a step. */
static struct feel_value distinct(struct run *r, struct feel_value list)
{
    struct feel_value *items = items_new(r, list.n);
    size_t kept = 0;
    for (uint32_t i = 0; i < list.n; i++) {
        if (!run_step(r)) {
            return feel_null();
        }
        if (!holds(r, items, kept, list.items[i])) {
            items[kept++] = list.items[i];
        }
    }
    return feel_list(items, kept);
}

LIST_FN(do_distinct)
{
    return distinct(r, args[0]);
}

LIST_FN(do_union)
{
    struct feel_value all = chain(r, n, args, count);
    return feel_is_null(all) ? all : distinct(r, all);
}

LIST_FN(do_insert)
{
    size_t at = 0;
    if (!position(r, n, args[0], args[1], &at)) {
        return feel_null();
    }
    struct feel_value *items = items_new(r, args[0].n + (size_t)1);
    items_copy(items, args[0], 0, at);
    items[at] = args[2];
    items_copy(items + at + 1, args[0], at, args[0].n - at);
    return feel_list(items, args[0].n + (size_t)1);
}

LIST_FN(do_remove)
{
    size_t at = 0;
    if (!position(r, n, args[0], args[1], &at)) {
        return feel_null();
    }
    struct feel_value *items = items_new(r, args[0].n);
    items_copy(items, args[0], 0, at);
    items_copy(items + at, args[0], at + 1, args[0].n - at - 1);
    return feel_list(items, args[0].n - (size_t)1);
}

/* Replace where a function of (item, newItem) says true. */
static struct feel_value replace_matching(struct run *r, const struct node *n,
                                          struct feel_value list, struct feel_value match,
                                          struct feel_value by)
{
    if (match.function->count != 2) {
        return run_trouble(r, n, "the match function must take two arguments: item and newItem");
    }
    struct feel_value *items = items_new(r, list.n);
    for (uint32_t i = 0; i < list.n; i++) {
        struct feel_value pair[2] = {list.items[i], by};
        struct feel_value hit = run_call(r, n, match, pair, 2);
        if (hit.kind != FEEL_BOOL) {
            return run_trouble(r, n, "the match function must answer true or false, not %s",
                               value_kind_name(hit));
        }
        items[i] = hit.boolean ? by : list.items[i];
    }
    return feel_list(items, list.n);
}

LIST_FN(do_replace)
{
    size_t at = 0;
    if (args[1].kind == FEEL_FUNCTION) {
        return replace_matching(r, n, args[0], args[1], args[2]);
    }
    if (!position(r, n, args[0], args[1], &at)) {
        return feel_null();
    }
    struct feel_value *items = items_new(r, args[0].n);
    items_copy(items, args[0], 0, args[0].n);
    items[at] = args[2];
    return feel_list(items, args[0].n);
}

LIST_FN(do_reverse)
{
    struct feel_value *items = items_new(r, args[0].n);
    for (uint32_t i = 0; i < args[0].n; i++) {
        items[i] = args[0].items[args[0].n - 1 - i];
    }
    return feel_list(items, args[0].n);
}

LIST_FN(do_index_of)
{
    struct vec out = {0};
    for (uint32_t i = 0; i < args[0].n; i++) {
        if (same(r, args[0].items[i], args[1])) {
            vec_push(r, &out, feel_int((int64_t)i + 1));
        }
    }
    return vec_list(&out);
}

/* Nesting is bounded by what can be built: see LIMIT_FEEL_VALUE_DEPTH. False when a limit is
 * passed. */
static bool flatten(struct run *r, struct vec *out, struct feel_value list, int depth)
{
    for (uint32_t i = 0; i < list.n; i++) {
        struct feel_value item = list.items[i];
        if (!run_step(r)) {
            return false;
        }
        if (item.kind != FEEL_LIST) {
            vec_push(r, out, item);
        } else if (depth >= LIMIT_FEEL_VALUE_DEPTH || !flatten(r, out, item, depth + 1)) {
            return false;
        }
    }
    return true;
}

LIST_FN(do_flatten)
{
    struct vec out = {0};
    return flatten(r, &out, args[0], 0) ? vec_list(&out)
                                        : run_trouble(r, n, "the list is nested too deep");
}

/* ---- order ---- */

/* Whether a stands before b; sets *ok to false when that cannot be told. */
typedef bool precedes_fn(struct run *r, const struct node *n, void *self, struct feel_value a,
                         struct feel_value b, bool *ok);

/* Stable merge sort of items[0..count) with room of the same size. */
static void merge_sort(struct run *r, const struct node *n, struct feel_value *items,
                       struct feel_value *room, size_t count, precedes_fn *precedes, void *self,
                       bool *ok)
{
    for (size_t width = 1; width < count && *ok; width *= 2) {
        for (size_t from = 0; from < count; from += 2 * width) {
            size_t mid = from + width < count ? from + width : count;
            size_t end = from + 2 * width < count ? from + 2 * width : count;
            size_t a = from, b = mid;
            for (size_t i = from; i < end; i++) {
                bool right = a >= mid || (b < end && precedes(r, n, self, items[b], items[a], ok));
                room[i] = right ? items[b++] : items[a++];
            }
        }
        memcpy(items, room, count * sizeof(*items));
    }
}

static struct feel_value sorted(struct run *r, const struct node *n, struct feel_value list,
                                precedes_fn *precedes, void *self)
{
    struct feel_value *items = items_new(r, list.n);
    struct feel_value *room = items_new(r, list.n);
    bool ok = true;
    items_copy(items, list, 0, list.n);
    merge_sort(r, n, items, room, list.n, precedes, self, &ok);
    return ok ? feel_list(items, list.n) : run_trouble(r, n, "the items cannot be put in order");
}

static bool by_value(struct run *r UNUSED, const struct node *n UNUSED, void *self UNUSED,
                     struct feel_value a, struct feel_value b, bool *ok)
{
    int c = 0;
    if (!feel_compare(a, b, &c)) {
        *ok = false;
    }
    return c < 0;
}

static bool by_function(struct run *r, const struct node *n, void *self, struct feel_value a,
                        struct feel_value b, bool *ok)
{
    const struct feel_value *function = self;
    struct feel_value pair[2] = {a, b};
    struct feel_value before = *ok ? run_call(r, n, *function, pair, 2) : feel_null();
    if (before.kind != FEEL_BOOL) {
        *ok = false;
    }
    return feel_is_true(before);
}

LIST_FN(do_sort)
{
    struct feel_value function = count > 1 ? args[1] : feel_null();
    return feel_is_null(function) ? sorted(r, n, args[0], by_value, NULL)
                                  : sorted(r, n, args[0], by_function, &function);
}

static bool all_numbers(struct feel_value list)
{
    for (uint32_t i = 0; i < list.n; i++) {
        if (list.items[i].kind != FEEL_NUMBER) {
            return false;
        }
    }
    return true;
}

/* The numbers in order; null with a trouble when there are other things. */
static struct feel_value sorted_numbers(struct run *r, const struct node *n, struct feel_value list)
{
    return all_numbers(list) ? sorted(r, n, list, by_value, NULL)
                             : run_trouble(r, n, "the list holds other things than numbers");
}

LIST_FN(do_median)
{
    struct feel_value list = sorted_numbers(r, n, args[0]);
    if (feel_is_null(list) || list.n == 0) {
        return list.n == 0 && !feel_is_null(list) ? empty(r, n) : list;
    }
    struct feel_value high = list.items[list.n / 2];
    if (list.n % 2 != 0) {
        return high;
    }
    struct feel_value total = number_add(r, n, list.items[list.n / 2 - 1], high);
    return feel_is_null(total) ? total : number_div(r, n, total, feel_int(2));
}

LIST_FN(do_mode)
{
    struct feel_value list = sorted_numbers(r, n, args[0]);
    struct vec out = {0};
    uint32_t most = 0;
    if (feel_is_null(list)) {
        return list;
    }
    for (uint32_t i = 0, run = 0; i < list.n; i += run) {
        for (run = 1; i + run < list.n && same(r, list.items[i], list.items[i + run]); run++) {
        }
        if (run > most) {
            most = run;
            out.n = 0;
        }
        if (run == most) {
            vec_push(r, &out, list.items[i]);
        }
    }
    return vec_list(&out);
}

/* Of the sample: divided by n - 1. */
LIST_FN(do_stddev)
{
    struct feel_value list = args[0];
    if (!all_numbers(list) || list.n < 2) {
        return run_trouble(r, n, "stddev() wants two numbers or more");
    }
    struct feel_value mean = do_mean(r, n, args, 1);
    struct feel_value total = feel_int(0);
    for (uint32_t i = 0; i < list.n && !feel_is_null(mean) && !feel_is_null(total); i++) {
        struct feel_value d = number_sub(r, n, list.items[i], mean);
        d = feel_is_null(d) ? d : number_mul(r, n, d, d);
        total = feel_is_null(d) ? d : number_add(r, n, total, d);
    }
    if (feel_is_null(mean) || feel_is_null(total)) {
        return feel_null();
    }
    struct feel_value variance = number_div(r, n, total, feel_int((int64_t)list.n - 1));
    struct decimal root = {0};
    return decimal_sqrt(feel_decimal(variance), &root) ? value_number(r, root) : feel_null();
}

static const struct builtin rows[] = {
    {"count", do_count, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"min", do_min, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"max", do_max, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"sum", do_sum, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"product", do_product, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"mean", do_mean, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"median", do_median, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"stddev", do_stddev, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"mode", do_mode, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"all", do_all, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"any", do_any, {{"list", K_LIST}}, 1, VARIADIC_ITEMS, false},
    {"list contains", do_contains, {{"list", K_LIST}, {"element", K_ANY}}, 2, 0, false},
    {"sublist",
     do_sublist,
     {{"list", K_LIST}, {"start position", K_NUMBER}, {"length", K_NUMBER | K_NULL}},
     2,
     0,
     false},
    {"append", do_append, {{"list", K_LIST}, {"item", K_ANY}}, 2, VARIADIC_REST, false},
    {"concatenate", do_concatenate, {{"list", K_LIST}}, 1, VARIADIC_REST, false},
    {"union", do_union, {{"list", K_LIST}}, 1, VARIADIC_REST, false},
    {"distinct values", do_distinct, {{"list", K_LIST}}, 1, 0, false},
    {"insert before",
     do_insert,
     {{"list", K_LIST}, {"position", K_NUMBER}, {"newItem", K_ANY}},
     3,
     0,
     false},
    {"remove", do_remove, {{"list", K_LIST}, {"position", K_NUMBER}}, 2, 0, false},
    {"list replace",
     do_replace,
     {{"list", K_LIST}, {"position", K_NUMBER}, {"newItem", K_ANY}},
     3,
     0,
     false},
    {"list replace",
     do_replace,
     {{"list", K_LIST}, {"match", K_FUNCTION}, {"newItem", K_ANY}},
     3,
     0,
     false},
    {"reverse", do_reverse, {{"list", K_LIST}}, 1, 0, false},
    {"index of", do_index_of, {{"list", K_LIST}, {"match", K_ANY}}, 2, 0, false},
    {"flatten", do_flatten, {{"list", K_LIST}}, 1, 0, false},
    {"sort", do_sort, {{"list", K_LIST}, {"precedes", K_FUNCTION}}, 1, 0, false},
};
const struct builtin_table feel_lib_list = {rows, LEN(rows)};
