/* What the nodes of a program do: one small function each. */
#include "feel/parse_in.h"

struct feel_value eval_const(struct run *r UNUSED, const struct node *n)
{
    return n->value;
}

struct feel_value eval_trouble(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "%.*s", FMT(n->name));
}

struct feel_value eval_global(struct run *r, const struct node *n)
{
    return r->env->slots == NULL ? feel_null() : r->env->slots[n->slot];
}

struct feel_value eval_local(struct run *r, const struct node *n)
{
    return r->frame[n->slot];
}

struct feel_value eval_input(struct run *r, const struct node *n UNUSED)
{
    return r->env->input;
}

/* ---- paths ---- */

static struct feel_value path_of(struct run *r, const struct node *n, struct feel_value v)
{
    if (v.kind == FEEL_CONTEXT) {
        const struct feel_value *member = entry_find(v, n->name);
        if (member != NULL) {
            return *member;
        }
        return run_trouble(r, n, "there is no member \"%.*s\"", FMT(n->name));
    }
    if (v.kind == FEEL_LIST) {
        struct feel_value *items = ARENA_ARRAY(r->ctx->arena, struct feel_value, v.n);
        for (uint32_t i = 0; i < v.n; i++) {
            struct feel_value item = v.items[i];
            items[i] = item.kind == FEEL_LIST ? feel_null() : path_of(r, n, item);
        }
        return feel_list(items, v.n);
    }
    struct feel_value property = feel_null();
    if (temporal_property(r, v, n->name, &property)) {
        return property;
    }
    return run_trouble(r, n, "%s has no member \"%.*s\"", value_kind_name(v), FMT(n->name));
}

struct feel_value eval_path(struct run *r, const struct node *n)
{
    struct feel_value v = eval(r, n->a);
    const struct feel_value *member = v.kind == FEEL_CONTEXT ? entry_find(v, n->name) : NULL;
    return __builtin_expect(member != NULL, 1) ? *member : path_of(r, n, v);
}

/* A name in a filter: the item's member, else what the name means outside. */
struct feel_value eval_member_or(struct run *r, const struct node *n)
{
    struct feel_value item = eval(r, n->a);
    if (item.kind == FEEL_CONTEXT) {
        const struct feel_value *member = entry_find(item, n->name);
        if (member != NULL) {
            return *member;
        }
    }
    struct feel_value property = feel_null();
    if (n->b != NULL) {
        return eval(r, n->b);
    }
    if (temporal_property(r, item, n->name, &property)) {
        return property;
    }
    return run_trouble(r, n, "neither the item nor anything around it has a \"%.*s\"",
                       FMT(n->name));
}

/* ---- arithmetic ---- */

struct feel_value eval_add(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    return op_add(r, n, a, b);
}

struct feel_value eval_sub(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    return op_sub(r, n, a, b);
}

struct feel_value eval_mul(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    return op_mul(r, n, a, b);
}

struct feel_value eval_div(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    return op_div(r, n, a, b);
}

struct feel_value eval_power(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    return op_power(r, n, a, b);
}

struct feel_value eval_negate(struct run *r, const struct node *n)
{
    return op_negate(r, n, eval(r, n->a));
}

/* ---- logic ---- */

/* What is no boolean counts as null. One decisive side decides, whatever the other is. */
static struct feel_value logic(struct run *r, const struct node *n, bool decisive)
{
    struct feel_value a = eval(r, n->a);
    if (a.kind == FEEL_BOOL && a.boolean == decisive) {
        return a;
    }
    struct feel_value b = eval(r, n->b);
    if (b.kind == FEEL_BOOL && (b.boolean == decisive || a.kind == FEEL_BOOL)) {
        return b;
    }
    return run_trouble(r, n, "cannot decide %s %s %s", value_kind_name(a), decisive ? "or" : "and",
                       value_kind_name(b));
}

struct feel_value eval_and(struct run *r, const struct node *n)
{
    return logic(r, n, false);
}

struct feel_value eval_or(struct run *r, const struct node *n)
{
    return logic(r, n, true);
}

struct feel_value eval_if(struct run *r, const struct node *n)
{
    return eval(r, feel_is_true(eval(r, n->a)) ? n->b : n->c);
}

/* ---- comparison ---- */

static struct feel_value equality(struct run *r, const struct node *n, bool wanted)
{
    struct feel_value a = eval(r, n->a);
    struct feel_value b = eval(r, n->b);
    if (a.kind == FEEL_STRING && b.kind == FEEL_STRING) {
        return feel_bool(key_equal(feel_str(a), feel_str(b)) == wanted);
    }
    struct feel_value same = value_equal(r, a, b);
    if (feel_is_null(same)) {
        return run_trouble(r, n, "cannot compare %s with %s", value_kind_name(a),
                           value_kind_name(b));
    }
    return feel_bool(same.boolean == wanted);
}

struct feel_value eval_equal(struct run *r, const struct node *n)
{
    return equality(r, n, true);
}

struct feel_value eval_not_equal(struct run *r, const struct node *n)
{
    return equality(r, n, false);
}

/* The order of a and b; false, with a trouble, when they have none. */
static bool order(struct run *r, const struct node *n, struct feel_value a, struct feel_value b,
                  int *ret)
{
    if (is_small(a) && is_small(b) && a.exp == b.exp) {
        *ret = (a.integer > b.integer) - (a.integer < b.integer);
        return true;
    }
    if (a.kind == FEEL_NUMBER && b.kind == FEEL_NUMBER) {
        *ret = number_compare(a, b);
        return true;
    }
    if (a.kind != FEEL_BOOL && feel_compare(a, b, ret)) {
        return true;
    }
    (void)run_trouble(r, n, "cannot compare %s with %s", value_kind_name(a), value_kind_name(b));
    return false;
}

struct feel_value eval_less(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    int c = 0;
    return order(r, n, a, eval(r, n->b), &c) ? feel_bool(c < 0) : feel_null();
}

struct feel_value eval_less_equal(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    int c = 0;
    return order(r, n, a, eval(r, n->b), &c) ? feel_bool(c <= 0) : feel_null();
}

struct feel_value eval_greater(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    int c = 0;
    return order(r, n, a, eval(r, n->b), &c) ? feel_bool(c > 0) : feel_null();
}

struct feel_value eval_greater_equal(struct run *r, const struct node *n)
{
    struct feel_value a = eval(r, n->a);
    int c = 0;
    return order(r, n, a, eval(r, n->b), &c) ? feel_bool(c >= 0) : feel_null();
}

struct feel_value eval_between(struct run *r, const struct node *n)
{
    struct feel_value v = eval(r, n->a);
    int lo = 0, hi = 0;
    if (!order(r, n, v, eval(r, n->b), &lo) || !order(r, n, v, eval(r, n->c), &hi)) {
        return feel_null();
    }
    return feel_bool(lo >= 0 && hi <= 0);
}

/* ---- tests ---- */

struct feel_value eval_in(struct run *r, const struct node *n)
{
    struct feel_value v = eval(r, n->a);
    if (n->b->eval != eval_in_any) {
        struct feel_value held = value_in(r, v, eval(r, n->b));
        return feel_is_null(held) ? run_trouble(r, n, "%s has no order with the ends of the range",
                                                value_kind_name(v))
                                  : held;
    }
    for (uint32_t i = 0; i < n->b->count; i++) {
        if (feel_is_true(value_in(r, v, eval(r, n->b->kids[i])))) {
            return feel_bool(true);
        }
    }
    return feel_bool(false);
}

/* The tests in parentheses behind `in`; only eval_in looks at them, one by one. */
struct feel_value eval_in_any(struct run *r, const struct node *n)
{
    return eval_list(r, n);
}

struct feel_value eval_test(struct run *r, const struct node *n)
{
    const struct feel_range *form = n->extra;
    struct feel_range range = *form;
    struct feel_value end = eval(r, n->a);
    if (form->form == FEEL_RANGE_COMPARE && !range_is_valid(end, end, false)) {
        return run_trouble(r, n, "%s has no order", value_kind_name(end));
    }
    bool point = form->form == FEEL_RANGE_EQUAL || form->form == FEEL_RANGE_NOT_EQUAL;
    range.lo = point || n->slot == 1 ? end : feel_null();
    range.hi = point || n->slot == 0 ? end : feel_null();
    return value_range(r->ctx->arena, range);
}

struct feel_value eval_range(struct run *r, const struct node *n)
{
    const struct feel_range *form = n->extra;
    struct feel_range range = *form;
    range.lo = eval(r, n->a);
    range.hi = eval(r, n->b);
    if (!range_is_valid(range.lo, range.hi, true)) {
        return run_trouble(r, n, "%s and %s are no ends of a range", value_kind_name(range.lo),
                           value_kind_name(range.hi));
    }
    return value_range(r->ctx->arena, range);
}

struct feel_value eval_any(struct run *r UNUSED, const struct node *n UNUSED)
{
    return feel_bool(true);
}

/* One unary test of ?. An expression with ? answers for itself; other values are compared with ?.
 */
static struct feel_value unary_test(struct run *r, const struct node *test, bool uses_input)
{
    struct feel_value v = r->env->input;
    struct feel_value x = eval(r, test);
    if (x.kind == FEEL_BOOL && (uses_input || (v.kind != FEEL_BOOL && test->op != OP_CONST))) {
        return x;
    }
    return value_in(r, v, x);
}

struct feel_value eval_unary(struct run *r, const struct node *n)
{
    const struct unary_plan *plan = n->extra;
    bool negated = n->slot != 0;
    bool unknown = false;
    for (uint32_t i = 0; i < n->count; i++) {
        struct feel_value hit = unary_test(r, n->kids[i], plan->uses_input[i]);
        if (feel_is_true(hit)) {
            return feel_bool(!negated);
        }
        unknown |= feel_is_null(hit);
    }
    return unknown ? run_trouble(r, n, "the test cannot be decided for %s",
                                 value_kind_name(r->env->input))
                   : feel_bool(negated);
}

/* ---- making lists and contexts ---- */

struct feel_value eval_list(struct run *r, const struct node *n)
{
    struct feel_value *items = ARENA_ARRAY(r->ctx->arena, struct feel_value, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        items[i] = eval(r, n->kids[i]);
    }
    return feel_list(items, n->count);
}

/* A function that names its own entry captured that slot before it was filled: fill it in. */
static void capture_self(struct feel_value v, const struct node *literal, uint32_t slot)
{
    if (literal->eval != eval_lambda || v.kind != FEEL_FUNCTION) {
        return;
    }
    const struct lambda *l = v.function->lambda;
    for (uint32_t i = 0; i < l->capture_count; i++) {
        if (l->captures[i]->op == OP_LOCAL && l->captures[i]->slot == slot) {
            v.function->captured[i] = v;
        }
    }
}

struct feel_value eval_context(struct run *r, const struct node *n)
{
    const struct context_plan *plan = n->extra;
    struct feel_entry *entries = ARENA_ARRAY(r->ctx->arena, struct feel_entry, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        struct feel_value v = eval(r, n->kids[i]);
        capture_self(v, n->kids[i], plan->slots[i]);
        entries[i] = (struct feel_entry){plan->keys[i], v};
        r->frame[plan->slots[i]] = v;
    }
    return feel_context(entries, n->count);
}

/* ---- filters ---- */

/* The nth item, 1-based, negative from the end. */
static struct feel_value item_at(struct run *r, const struct node *n, struct feel_value list,
                                 struct feel_value index)
{
    int64_t i = 0;
    if (!value_to_i64(index, &i) || i == 0 || i > list.n || i < -(int64_t)list.n) {
        return run_trouble(r, n, "the list has %u items; there is none at that index", list.n);
    }
    return list.items[i > 0 ? i - 1 : (int64_t)list.n + i];
}

static struct feel_value filter_constant(struct run *r, const struct node *n,
                                         struct feel_value list, struct feel_value by)
{
    if (by.kind == FEEL_NUMBER) {
        return item_at(r, n, list, by);
    }
    if (by.kind != FEEL_BOOL) {
        return run_trouble(r, n, "a filter must be a boolean or a number, not %s",
                           value_kind_name(by));
    }
    return by.boolean ? list : feel_list(NULL, 0);
}

/* Whether a planned filter keeps the item: 1, 0, or -1 when only the general way can tell. *scaled
 * holds the bound at the exponent last met, since the items of a list mostly share one. */
static int plan_keeps(const struct filter_plan *plan, struct feel_value item,
                      struct feel_value *scaled)
{
    const struct feel_value *member =
        item.kind == FEEL_CONTEXT ? entry_find(item, plan->key) : NULL;
    if (member == NULL || !is_small(*member)) {
        return -1;
    }
    if (member->exp != scaled->exp && !number_scale(plan->bound, member->exp, scaled)) {
        return -1;
    }
    int64_t v = member->integer;
    int side = v < scaled->integer ? KEEP_LESS : v == scaled->integer ? KEEP_EQUAL : KEEP_GREATER;
    return (plan->keep & side) != 0;
}

struct feel_value eval_filter(struct run *r, const struct node *n)
{
    struct feel_value list = eval(r, n->a);
    if (list.kind != FEEL_LIST) {
        if (feel_is_null(list)) {
            return run_trouble(r, n, "null cannot be filtered");
        }
        struct feel_value *one = ARENA_NEW(r->ctx->arena, struct feel_value);
        *one = list;
        list = feel_list(one, 1);
    }
    if (n->b->op == OP_CONST) {
        return filter_constant(r, n, list, n->b->value);
    }
    const struct filter_plan *plan = n->extra;
    struct feel_value scaled = plan == NULL ? feel_null() : plan->bound;
    struct feel_value *kept = ARENA_ARRAY(r->ctx->arena, struct feel_value, list.n);
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.n && run_step(r); i++) {
        int known = plan == NULL ? -1 : plan_keeps(plan, list.items[i], &scaled);
        if (known >= 0) {
            kept[count] = list.items[i];
            count += (uint32_t)known;
            continue;
        }
        r->frame[n->slot] = list.items[i];
        struct feel_value by = eval(r, n->b);
        if (by.kind == FEEL_NUMBER && i == 0) {
            return item_at(r, n, list, by);
        }
        if (feel_is_true(by)) {
            kept[count++] = list.items[i];
        }
    }
    if (list.n == 0) {
        r->frame[n->slot] = feel_null();
        struct feel_value by = eval(r, n->b);
        return by.kind == FEEL_NUMBER ? item_at(r, n, list, by) : list;
    }
    return feel_list(kept, count);
}

/* ---- loops ---- */

/* What one iterator runs over: a list, or whole numbers or days from..to in either direction. */
struct span_of {
    struct feel_value list;
    bool is_range, is_date;
    int64_t from, step;
    uint64_t count;
};

static bool range_span(struct feel_value from, struct feel_value to, struct span_of *ret)
{
    int64_t a = 0, b = 0;
    ret->is_date = from.kind == FEEL_DATE && to.kind == FEEL_DATE;
    if (ret->is_date) {
        a = from.integer;
        b = to.integer;
    } else if (!value_to_i64(from, &a) || !value_to_i64(to, &b)) {
        return false;
    }
    ret->is_range = true;
    ret->from = a;
    ret->step = a <= b ? 1 : -1;
    ret->count = (a <= b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b) + 1;
    return ret->count != 0;
}

/* A range value as a domain: its ends by their brackets; never backwards. */
static bool interval_span(const struct feel_range *range, struct span_of *ret)
{
    if (range->form != FEEL_RANGE_INTERVAL || !range_span(range->lo, range->hi, ret) ||
        ret->step < 0) {
        return false;
    }
    uint64_t open = (uint64_t)range->lo_open + (uint64_t)range->hi_open;
    ret->from += range->lo_open;
    ret->count = ret->count > open ? ret->count - open : 0;
    return true;
}

static bool span_start(struct run *r, const struct node *n, const struct loop *loop,
                       struct span_of *ret)
{
    *ret = (struct span_of){0};
    struct feel_value from = eval(r, loop->from);
    if (loop->to != NULL) {
        if (range_span(from, eval(r, loop->to), ret)) {
            return true;
        }
        (void)run_trouble(r, n, "only whole numbers and dates can be counted through");
        return false;
    }
    if (from.kind == FEEL_RANGE) {
        if (interval_span(from.range, ret)) {
            return true;
        }
        (void)run_trouble(r, n, "this range cannot be counted through");
        return false;
    }
    if (feel_is_null(from)) {
        (void)run_trouble(r, n, "there is nothing to iterate over: null");
        return false;
    }
    if (from.kind != FEEL_LIST) {
        struct feel_value *one = ARENA_NEW(r->ctx->arena, struct feel_value);
        *one = from;
        from = feel_list(one, 1);
    }
    ret->list = from;
    ret->count = from.n;
    return true;
}

static struct feel_value span_item(const struct span_of *s, uint64_t i)
{
    if (!s->is_range) {
        return s->list.items[i];
    }
    int64_t v = s->from + (s->step > 0 ? (int64_t)i : -(int64_t)i);
    return s->is_date ? value_date(v) : feel_int(v);
}

/* What a loop makes of its bodies: a list, or a decision that may come early. */
struct loop_out {
    struct vec items;
    bool quantifier, decisive, decided, unknown;
};

/* One turn of the innermost loop; false to stop. some and every stop at the decisive value. */
static bool loop_turn(struct run *r, const struct node *n, uint32_t partial_slot,
                      struct loop_out *out)
{
    if (out->quantifier) {
        struct feel_value v = eval(r, n->a);
        out->unknown |= v.kind != FEEL_BOOL;
        out->decided = v.kind == FEEL_BOOL && v.boolean == out->decisive;
        return !out->decided;
    }
    if (partial_slot != UINT32_MAX) {
        r->frame[partial_slot] = vec_list(&out->items);
    }
    if (out->items.n >= LIMIT_FEEL_LIST_ITEMS) {
        (void)run_fail(r, ERR_TOO_MANY, "a list of more than %d items", LIMIT_FEEL_LIST_ITEMS);
        return false;
    }
    vec_push(r, &out->items, eval(r, n->a));
    return true;
}

/* Run iterator `at` over its span, and those behind it inside. False when a domain is none or a
 * turn stopped. */
static bool loop_run(struct run *r, const struct node *n, size_t at, const struct span_of *span,
                     struct loop_out *out)
{
    const struct loops *loops = n->extra;
    bool innermost = at + 1 == loops->count;
    struct feel_value *slot = &r->frame[loops->list[at].slot];
    for (uint64_t i = 0; i < span->count; i++) {
        struct span_of inner;
        if (!run_step(r)) {
            return false;
        }
        *slot = span_item(span, i);
        bool go_on = innermost ? loop_turn(r, n, loops->partial_slot, out)
                               : span_start(r, n, &loops->list[at + 1], &inner) &&
                                     loop_run(r, n, at + 1, &inner, out);
        if (!go_on) {
            return false;
        }
    }
    return true;
}

/* The common loop, one iterator without partial: the items' memory is taken at once. */
static struct feel_value for_simple(struct run *r, const struct node *n, const struct span_of *span,
                                    uint32_t slot)
{
    struct feel_value *items = ARENA_ARRAY(r->ctx->arena, struct feel_value, span->count);
    for (uint64_t i = 0; i < span->count; i++) {
        if (!run_step(r)) {
            return feel_null();
        }
        r->frame[slot] = span_item(span, i);
        items[i] = eval(r, n->a);
    }
    return feel_list(items, span->count);
}

struct feel_value eval_for(struct run *r, const struct node *n)
{
    enum { SIMPLE_MAX = 65536 };
    const struct loops *loops = n->extra;
    struct loop_out out = {.quantifier = false};
    struct span_of span;
    if (!span_start(r, n, &loops->list[0], &span)) {
        return feel_null();
    }
    if (loops->count == 1 && loops->partial_slot == UINT32_MAX && span.count <= SIMPLE_MAX) {
        return for_simple(r, n, &span, loops->list[0].slot);
    }
    return loop_run(r, n, 0, &span, &out) ? vec_list(&out.items) : feel_null();
}

static struct feel_value quantified(struct run *r, const struct node *n, bool decisive)
{
    const struct loops *loops = n->extra;
    struct loop_out out = {.quantifier = true, .decisive = decisive};
    struct span_of span;
    bool whole = span_start(r, n, &loops->list[0], &span) && loop_run(r, n, 0, &span, &out);
    if (out.decided) {
        return feel_bool(decisive);
    }
    if (!whole) {
        return feel_null();
    }
    return out.unknown ? run_trouble(r, n, "some of the conditions are neither true nor false")
                       : feel_bool(!decisive);
}

struct feel_value eval_some(struct run *r, const struct node *n)
{
    return quantified(r, n, true);
}

struct feel_value eval_every(struct run *r, const struct node *n)
{
    return quantified(r, n, false);
}

/* ---- types ---- */

struct feel_value eval_instance(struct run *r, const struct node *n)
{
    return feel_bool(type_instance(r, eval(r, n->a), n->extra));
}

/* ---- functions ---- */

struct feel_value eval_lambda(struct run *r, const struct node *n)
{
    const struct lambda *l = n->extra;
    struct feel_function *f = ARENA_NEW(r->ctx->arena, struct feel_function);
    struct feel_value *captured = ARENA_ARRAY(r->ctx->arena, struct feel_value, l->capture_count);
    for (uint32_t i = 0; i < l->capture_count; i++) {
        captured[i] = eval(r, l->captures[i]);
    }
    *f = (struct feel_function){.form = FUNCTION_LAMBDA,
                                .params = l->params,
                                .count = l->param_count,
                                .result = l->result,
                                .lambda = l,
                                .captured = captured};
    return (struct feel_value){.kind = FEEL_FUNCTION, .function = f};
}

enum { ARGS_INLINE = 8 };

struct feel_value eval_builtin(struct run *r, const struct node *n)
{
    struct feel_value inline_args[ARGS_INLINE];
    struct feel_value *args = inline_args;
    if (n->count > ARGS_INLINE) {
        args = ARENA_ARRAY(r->ctx->arena, struct feel_value, n->count);
    }
    for (uint32_t i = 0; i < n->count; i++) {
        args[i] = eval(r, n->kids[i]);
    }
    return builtin_call(r, n, n->extra, args, n->count);
}

struct feel_value eval_call(struct run *r, const struct node *n)
{
    struct feel_value function = eval(r, n->a);
    struct feel_value *args = ARENA_ARRAY(r->ctx->arena, struct feel_value, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        args[i] = eval(r, n->kids[i]);
    }
    return run_call(r, n, function, args, n->count);
}

struct feel_value eval_call_named(struct run *r, const struct node *n)
{
    const struct str *names = n->extra;
    struct feel_value function = eval(r, n->a);
    struct feel_entry *args = ARENA_ARRAY(r->ctx->arena, struct feel_entry, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        args[i] = (struct feel_entry){names[i], eval(r, n->kids[i])};
    }
    return run_call_named(r, n, function, args, n->count);
}

struct feel_value eval_java(struct run *r, const struct node *n)
{
    const struct java_plan *plan = n->extra;
    return java_function(r, n, plan->class, plan->signature, plan->params, plan->count);
}
