/* Values: making, equality, order, text. */
#include "base/decimal_math.h"
#include "feel/feel_in.h"

/* ---- numbers ---- */

static const struct decimal *box(struct arena *a, struct decimal d)
{
    struct decimal *p = ARENA_NEW(a, struct decimal);
    *p = d;
    return p;
}

struct feel_value feel_number(struct arena *a, struct decimal d)
{
    if (d.coef <= (u128)INT64_MAX) {
        int64_t c = (int64_t)d.coef;
        return (struct feel_value){
            .kind = FEEL_NUMBER, .exp = (int16_t)d.exp, .integer = d.negative ? -c : c};
    }
    return (struct feel_value){.kind = FEEL_NUMBER, .boxed = true, .number = box(a, d)};
}

struct feel_value value_number(struct run *r, struct decimal d)
{
    return feel_number(r->ctx->arena, d);
}

struct decimal feel_decimal(struct feel_value v)
{
    if (v.kind != FEEL_NUMBER) {
        return (struct decimal){0};
    }
    if (v.boxed) {
        return *v.number;
    }
    struct decimal d = decimal_from_i64(v.integer);
    d.exp = v.exp;
    return d;
}

bool value_to_i64(struct feel_value v, int64_t *ret)
{
    if (is_small(v) && v.exp == 0) {
        *ret = v.integer;
        return true;
    }
    return v.kind == FEEL_NUMBER && decimal_to_i64(feel_decimal(v), ret);
}

bool value_truncate(struct feel_value v, int64_t *ret)
{
    struct decimal whole = {0};
    if (is_small(v) && v.exp == 0) {
        *ret = v.integer;
        return true;
    }
    return v.kind == FEEL_NUMBER && decimal_round_to(feel_decimal(v), 0, DECIMAL_DOWN, &whole) &&
           decimal_to_i64(whole, ret);
}

/* Both coefficients at the smaller exponent; false when that needs more than 64 bits. */
static inline bool align(struct feel_value a, struct feel_value b, int64_t *ret_a, int64_t *ret_b,
                         int16_t *ret_exp)
{
    static const int64_t pow10[] = {1,           10,           100,          1000,      10000,
                                    100000,      1000000,      10000000,     100000000, 1000000000,
                                    10000000000, 100000000000, 1000000000000};
    if (!is_small(a) || !is_small(b)) {
        return false;
    }
    int gap = a.exp - b.exp;
    *ret_a = a.integer;
    *ret_b = b.integer;
    *ret_exp = gap > 0 ? b.exp : a.exp;
    if (gap == 0) {
        return true;
    }
    if (gap >= (int)LEN(pow10) || -gap >= (int)LEN(pow10)) {
        return false;
    }
    return gap > 0 ? !__builtin_mul_overflow(a.integer, pow10[gap], ret_a)
                   : !__builtin_mul_overflow(b.integer, pow10[-gap], ret_b);
}

int number_compare(struct feel_value a, struct feel_value b)
{
    int64_t x = 0, y = 0;
    int16_t exp = 0;
    if (align(a, b, &x, &y, &exp)) {
        return (x > y) - (x < y);
    }
    return decimal_compare(feel_decimal(a), feel_decimal(b));
}

static struct feel_value small(int64_t coef, int16_t exp)
{
    return (struct feel_value){.kind = FEEL_NUMBER, .exp = exp, .integer = coef};
}

static struct feel_value not_finite(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "the result is beyond the range of numbers");
}

bool number_scale(struct feel_value v, int16_t exp, struct feel_value *ret)
{
    int64_t x = 0, y = 0;
    int16_t common = 0;
    if (!align(v, small(0, exp), &x, &y, &common) || common != exp) {
        return false;
    }
    *ret = small(x, exp);
    return true;
}

struct feel_value number_add(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b)
{
    int64_t x = 0, y = 0, sum = 0;
    int16_t exp = 0;
    /* INT64_MIN stays out: its magnitude is no int64 */
    if (align(a, b, &x, &y, &exp) && !__builtin_add_overflow(x, y, &sum) && sum != INT64_MIN) {
        return small(sum, exp);
    }
    struct decimal d = {0};
    return decimal_add(feel_decimal(a), feel_decimal(b), &d) ? value_number(r, d)
                                                             : not_finite(r, n);
}

struct feel_value number_sub(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b)
{
    int64_t x = 0, y = 0, difference = 0;
    int16_t exp = 0;
    if (align(a, b, &x, &y, &exp) && !__builtin_sub_overflow(x, y, &difference) &&
        difference != INT64_MIN) {
        return small(difference, exp);
    }
    struct decimal d = {0};
    return decimal_sub(feel_decimal(a), feel_decimal(b), &d) ? value_number(r, d)
                                                             : not_finite(r, n);
}

struct feel_value number_mul(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b)
{
    int64_t product = 0;
    int exp = a.exp + b.exp;
    if (is_small(a) && is_small(b) && exp > -1000 && exp < 1000 &&
        !__builtin_mul_overflow(a.integer, b.integer, &product) && product != INT64_MIN) {
        return small(product, (int16_t)exp);
    }
    struct decimal d = {0};
    return decimal_mul(feel_decimal(a), feel_decimal(b), &d) ? value_number(r, d)
                                                             : not_finite(r, n);
}

struct feel_value number_div(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b)
{
    int exp = a.exp - b.exp;
    if (is_small(a) && is_small(b) && b.integer != 0 && b.integer != -1 && exp > -1000 &&
        exp < 1000 && a.integer % b.integer == 0) {
        return small(a.integer / b.integer, (int16_t)exp);
    }
    struct decimal d = {0};
    struct decimal divisor = feel_decimal(b);
    if (decimal_is_zero(divisor)) {
        return run_trouble(r, n, "division by zero");
    }
    return decimal_div(feel_decimal(a), divisor, &d) ? value_number(r, d) : not_finite(r, n);
}

/* ---- operators over all kinds ---- */

static struct feel_value cannot(struct run *r, const struct node *n, const char *what,
                                struct feel_value a, struct feel_value b)
{
    return run_trouble(r, n, "cannot %s %s and %s", what, value_kind_name(a), value_kind_name(b));
}

static struct feel_value join(struct run *r, const struct node *n, struct feel_value a,
                              struct feel_value b)
{
    size_t size = (size_t)a.n + b.n;
    if (size > LIMIT_FEEL_STRING_BYTES) {
        return run_trouble(r, n, "the text would be longer than %d bytes", LIMIT_FEEL_STRING_BYTES);
    }
    char *p = arena_push_bytes(r->ctx->arena, size);
    if (a.n > 0) {
        memcpy(p, a.text, a.n);
    }
    if (b.n > 0) {
        memcpy(p + a.n, b.text, b.n);
    }
    return feel_string((struct str){p, size});
}

struct feel_value op_add(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b)
{
    if (a.kind == FEEL_NUMBER && b.kind == FEEL_NUMBER) {
        return number_add(r, n, a, b);
    }
    if (a.kind == FEEL_STRING && b.kind == FEEL_STRING) {
        return join(r, n, a, b);
    }
    return temporal_add(r, n, a, b, false);
}

struct feel_value op_sub(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b)
{
    if (a.kind == FEEL_NUMBER && b.kind == FEEL_NUMBER) {
        return number_sub(r, n, a, b);
    }
    return temporal_sub(r, n, a, b);
}

static bool is_duration(struct feel_value v)
{
    return v.kind == FEEL_YEARS_MONTHS || v.kind == FEEL_DAYS_TIME;
}

struct feel_value op_mul(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b)
{
    if (a.kind == FEEL_NUMBER && b.kind == FEEL_NUMBER) {
        return number_mul(r, n, a, b);
    }
    if (is_duration(a) && b.kind == FEEL_NUMBER) {
        return duration_mul(r, n, a, b);
    }
    if (a.kind == FEEL_NUMBER && is_duration(b)) {
        return duration_mul(r, n, b, a);
    }
    return cannot(r, n, "multiply", a, b);
}

struct feel_value op_div(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b)
{
    if (a.kind == FEEL_NUMBER && b.kind == FEEL_NUMBER) {
        return number_div(r, n, a, b);
    }
    if (is_duration(a) && (b.kind == FEEL_NUMBER || b.kind == a.kind)) {
        return duration_div(r, n, a, b);
    }
    return cannot(r, n, "divide", a, b);
}

struct feel_value op_power(struct run *r, const struct node *n, struct feel_value a,
                           struct feel_value b)
{
    if (a.kind != FEEL_NUMBER || b.kind != FEEL_NUMBER) {
        return cannot(r, n, "raise", a, b);
    }
    struct decimal d = {0};
    return decimal_power(feel_decimal(a), feel_decimal(b), &d) ? value_number(r, d)
                                                               : not_finite(r, n);
}

struct feel_value op_negate(struct run *r, const struct node *n, struct feel_value a)
{
    if (is_small(a)) {
        return small(-a.integer, a.exp);
    }
    if (a.kind == FEEL_NUMBER) {
        return value_number(r, decimal_negate(feel_decimal(a)));
    }
    if (is_duration(a)) {
        struct feel_value zero = a.kind == FEEL_DAYS_TIME ? value_duration(0, 0) : value_months(0);
        return temporal_add(r, n, zero, a, true);
    }
    return run_trouble(r, n, "cannot negate %s", value_kind_name(a));
}

/* ---- equality ---- */

/* Whole seconds count (DMN 1.5, 10.3.2.3.4 and the kit): fractions do not make times differ. */
static struct feel_value moments_equal(const struct feel_moment *a, const struct feel_moment *b)
{
    struct feel_moment x = *a;
    struct feel_moment y = *b;
    x.ns -= x.ns % NS_PER_S;
    y.ns -= y.ns % NS_PER_S;
    int64_t s = 0, ns = 0;
    return feel_bool(moment_subtract(&x, &y, &s, &ns) && s * NS_PER_S + ns == 0);
}

/* How deep a comparison is, and how many it may still make: values that share parts can be far
 * larger than what they take, and would take for ever to walk. */
struct walk {
    int depth;
    uint64_t left;
};

static struct feel_value equal(struct feel_value a, struct feel_value b, struct walk *w);

static struct feel_value lists_equal(struct feel_value a, struct feel_value b, struct walk *w)
{
    if (a.n != b.n) {
        return feel_bool(false);
    }
    for (uint32_t i = 0; i < a.n; i++) {
        if (!feel_is_true(equal(a.items[i], b.items[i], w))) {
            return feel_bool(false);
        }
    }
    return feel_bool(true);
}

static struct feel_value contexts_equal(struct feel_value a, struct feel_value b, struct walk *w)
{
    if (a.n != b.n) {
        return feel_bool(false);
    }
    for (uint32_t i = 0; i < a.n; i++) {
        const struct feel_value *other = feel_get(b, a.entries[i].key);
        if (other == NULL || !feel_is_true(equal(a.entries[i].value, *other, w))) {
            return feel_bool(false);
        }
    }
    return feel_bool(true);
}

static struct feel_value ranges_equal(const struct feel_range *a, const struct feel_range *b,
                                      struct walk *w)
{
    return feel_bool(a->form == b->form && a->lo_open == b->lo_open && a->hi_open == b->hi_open &&
                     feel_is_true(equal(a->lo, b->lo, w)) && feel_is_true(equal(a->hi, b->hi, w)));
}

static struct feel_value equal_parts(struct feel_value a, struct feel_value b, struct walk *w)
{
    if (w->depth >= LIMIT_FEEL_VALUE_DEPTH || w->left == 0) {
        return feel_null();
    }
    w->depth++;
    struct feel_value same = a.kind == FEEL_LIST      ? lists_equal(a, b, w)
                             : a.kind == FEEL_CONTEXT ? contexts_equal(a, b, w)
                                                      : ranges_equal(a.range, b.range, w);
    w->depth--;
    return w->left == 0 ? feel_null() : same;
}

static struct feel_value equal(struct feel_value a, struct feel_value b, struct walk *w)
{
    w->left -= w->left > 0;
    if (a.kind != b.kind) {
        return a.kind == FEEL_NULL || b.kind == FEEL_NULL ? feel_bool(false) : feel_null();
    }
    switch ((enum feel_kind)a.kind) {
    case FEEL_NULL: return feel_bool(true);
    case FEEL_BOOL: return feel_bool(a.boolean == b.boolean);
    case FEEL_NUMBER: return feel_bool(number_compare(a, b) == 0);
    case FEEL_STRING:
        return feel_bool(a.n == b.n && (a.n == 0 || memcmp(a.text, b.text, a.n) == 0));
    case FEEL_DATE:
    case FEEL_YEARS_MONTHS: return feel_bool(a.integer == b.integer);
    case FEEL_DAYS_TIME: return feel_bool(a.integer == b.integer && a.n == b.n);
    case FEEL_TIME:
    case FEEL_DATE_TIME: return moments_equal(a.moment, b.moment);
    case FEEL_LIST:
    case FEEL_CONTEXT:
    case FEEL_RANGE: return equal_parts(a, b, w);
    case FEEL_FUNCTION: return feel_bool(a.function == b.function);
    case FEEL_KIND_COUNT: break;
    }
    return feel_null();
}

struct feel_value feel_equal(struct feel_value a, struct feel_value b)
{
    struct walk w = {0, LIMIT_FEEL_STEPS};
    return equal(a, b, &w);
}

struct feel_value value_equal(struct run *r, struct feel_value a, struct feel_value b)
{
    if (a.kind != FEEL_LIST && a.kind != FEEL_CONTEXT && a.kind != FEEL_RANGE) {
        return feel_equal(a, b);
    }
    uint64_t budget = r->steps_max > r->env->steps ? r->steps_max - r->env->steps : 0;
    struct walk w = {0, budget + 1};
    struct feel_value same = equal(a, b, &w);
    uint64_t used = budget + 1 - w.left;
    r->env->steps += used / 8; /* a comparison is lighter than a turn of a loop */
    if (w.left == 0) {
        (void)run_stop(r);
    }
    return same;
}

bool value_is(struct feel_value a, struct feel_value b)
{
    if (a.kind != b.kind) {
        return false;
    }
    if (a.kind != FEEL_TIME && a.kind != FEEL_DATE_TIME) {
        return feel_is_true(feel_equal(a, b));
    }
    const struct feel_moment *x = a.moment, *y = b.moment;
    bool zone = x->form == y->form && x->offset_s == y->offset_s &&
                (x->form != FEEL_ZONE_NAMED || str_equal(x->zone->name, y->zone->name));
    return zone && x->day == y->day && x->ns == y->ns;
}

bool feel_compare(struct feel_value a, struct feel_value b, int *ret)
{
    if (a.kind != b.kind) {
        return false;
    }
    switch ((enum feel_kind)a.kind) {
    case FEEL_BOOL: *ret = a.boolean - b.boolean; return true;
    case FEEL_NUMBER: *ret = number_compare(a, b); return true;
    case FEEL_STRING: *ret = str_compare(feel_str(a), feel_str(b)); return true;
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
    case FEEL_YEARS_MONTHS:
    case FEEL_DAYS_TIME: return temporal_compare(a, b, ret);
    case FEEL_NULL:
    case FEEL_LIST:
    case FEEL_CONTEXT:
    case FEEL_RANGE:
    case FEEL_FUNCTION:
    case FEEL_KIND_COUNT: break;
    }
    return false;
}

const struct feel_value *feel_get(struct feel_value v, struct str key)
{
    if (v.kind != FEEL_CONTEXT) {
        return NULL;
    }
    return entry_find(v, key);
}

/* ---- ranges ---- */

struct feel_value value_range(struct arena *a, struct feel_range range)
{
    struct feel_range *p = ARENA_NEW(a, struct feel_range);
    *p = range;
    return (struct feel_value){.kind = FEEL_RANGE, .range = p};
}

bool range_is_valid(struct feel_value lo, struct feel_value hi, bool allow_null)
{
    if (feel_is_null(lo) || feel_is_null(hi)) {
        struct feel_value other = feel_is_null(lo) ? hi : lo;
        return allow_null && !feel_is_null(other) && (KIND(other.kind) & K_POINT) != 0;
    }
    int c = 0;
    return lo.kind != FEEL_BOOL && feel_compare(lo, hi, &c);
}

/* Whether v lies on the inner side of one end: 1, 0, or -1 when they have no order. */
static int inside(struct feel_value v, struct feel_value end, bool open, int sign)
{
    int c = 0;
    if (!feel_compare(v, end, &c)) {
        return -1;
    }
    return c == 0 ? !open : c * sign > 0;
}

struct feel_value range_holds(const struct feel_range *range, struct feel_value v)
{
    if (range->form == FEEL_RANGE_EQUAL || range->form == FEEL_RANGE_NOT_EQUAL) {
        struct feel_value same = feel_equal(v, range->lo);
        return feel_is_null(same) ? same
                                  : feel_bool(same.boolean == (range->form == FEEL_RANGE_EQUAL));
    }
    bool lo_missing = feel_is_null(range->lo);
    bool hi_missing = feel_is_null(range->hi);
    /* an interval written with null as an end holds nothing certain; a comparison has one end */
    if (range->form == FEEL_RANGE_INTERVAL && (lo_missing || hi_missing)) {
        return feel_null();
    }
    int lo = lo_missing ? 1 : inside(v, range->lo, range->lo_open, 1);
    int hi = hi_missing ? 1 : inside(v, range->hi, range->hi_open, -1);
    return lo < 0 || hi < 0 ? feel_null() : feel_bool(lo > 0 && hi > 0);
}

struct feel_value value_in(struct run *r, struct feel_value v, struct feel_value test)
{
    if (test.kind == FEEL_RANGE && v.kind != FEEL_RANGE) {
        return range_holds(test.range, v);
    }
    if (test.kind != FEEL_LIST) {
        struct feel_value same = value_equal(r, v, test);
        return feel_is_null(same) ? feel_bool(false) : same;
    }
    if (v.kind == FEEL_LIST && feel_is_true(value_equal(r, v, test))) {
        return feel_bool(true);
    }
    for (uint32_t i = 0; i < test.n; i++) {
        struct feel_value item = test.items[i];
        struct feel_value hit = item.kind == FEEL_RANGE && v.kind != FEEL_RANGE
                                    ? range_holds(item.range, v)
                                    : value_equal(r, v, item);
        if (feel_is_true(hit)) {
            return hit;
        }
    }
    return feel_bool(false);
}

/* ---- text ---- */

const char *value_kind_name(struct feel_value v)
{
    static const char *const names[FEEL_KIND_COUNT] = {"null",
                                                       "a boolean",
                                                       "a number",
                                                       "a string",
                                                       "a date",
                                                       "a time",
                                                       "a date and time",
                                                       "a years and months duration",
                                                       "a days and time duration",
                                                       "a list",
                                                       "a context",
                                                       "a range",
                                                       "a function"};
    return names[v.kind];
}

static void write_quoted(struct buf *b, struct str s)
{
    buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') {
            buf_byte(b, '\\');
        }
        buf_byte(b, s.p[i]);
    }
    buf_byte(b, '"');
}

static bool is_plain_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && c != '_' && c < 128 && !(i > 0 && c >= '0' && c <= '9') &&
            !(i > 0 && c == ' ')) {
            return false;
        }
    }
    return s.n > 0;
}

static void write_value(struct buf *b, struct feel_value v, bool quoted, int depth);

static void write_range(struct buf *b, const struct feel_range *range, int depth)
{
    static const char *const forms[] = {"", "", "=", "!="};
    if (range->form == FEEL_RANGE_EQUAL || range->form == FEEL_RANGE_NOT_EQUAL) {
        buf_byte(b, '(');
        buf_puts(b, forms[range->form]);
        write_value(b, range->lo, true, depth + 1);
        buf_byte(b, ')');
        return;
    }
    if (range->form == FEEL_RANGE_COMPARE) {
        bool above = feel_is_null(range->hi);
        buf_byte(b, '(');
        buf_byte(b, above ? '>' : '<');
        buf_puts(b, (above ? range->lo_open : range->hi_open) ? "" : "=");
        write_value(b, above ? range->lo : range->hi, true, depth + 1);
        buf_byte(b, ')');
        return;
    }
    buf_byte(b, range->lo_open ? '(' : '[');
    write_value(b, range->lo, true, depth + 1);
    buf_puts(b, "..");
    write_value(b, range->hi, true, depth + 1);
    buf_byte(b, range->hi_open ? ')' : ']');
}

static void write_list(struct buf *b, struct feel_value v, int depth)
{
    buf_byte(b, '[');
    for (uint32_t i = 0; i < v.n; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        write_value(b, v.items[i], true, depth + 1);
    }
    buf_byte(b, ']');
}

static void write_context(struct buf *b, struct feel_value v, int depth)
{
    buf_byte(b, '{');
    for (uint32_t i = 0; i < v.n; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        if (is_plain_name(v.entries[i].key)) {
            buf_put(b, v.entries[i].key);
        } else {
            write_quoted(b, v.entries[i].key);
        }
        buf_puts(b, ": ");
        write_value(b, v.entries[i].value, true, depth + 1);
    }
    buf_byte(b, '}');
}

static void write_function(struct buf *b, const struct feel_function *f)
{
    if (f->form == FUNCTION_BUILTIN) {
        buf_puts(b, f->builtin->name);
        return;
    }
    buf_puts(b, "function(");
    for (size_t i = 0; i < f->count; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        buf_put(b, f->params[i].name);
    }
    buf_byte(b, ')');
}

static void write_value(struct buf *b, struct feel_value v, bool quoted, int depth)
{
    if (b->err != ERR_OK) { /* full: what shares its parts could go on for ever */
        return;
    }
    if (depth > LIMIT_FEEL_VALUE_DEPTH) {
        buf_puts(b, "...");
        return;
    }
    switch ((enum feel_kind)v.kind) {
    case FEEL_NULL: buf_puts(b, "null"); break;
    case FEEL_BOOL: buf_puts(b, v.boolean ? "true" : "false"); break;
    case FEEL_NUMBER: buf_put(b, decimal_text(b->arena, feel_decimal(v))); break;
    case FEEL_STRING:
        if (quoted) {
            write_quoted(b, feel_str(v));
        } else {
            buf_put(b, feel_str(v));
        }
        break;
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
    case FEEL_YEARS_MONTHS:
    case FEEL_DAYS_TIME: temporal_write(b, v); break;
    case FEEL_LIST: write_list(b, v, depth); break;
    case FEEL_CONTEXT: write_context(b, v, depth); break;
    case FEEL_RANGE: write_range(b, v.range, depth); break;
    case FEEL_FUNCTION: write_function(b, v.function); break;
    case FEEL_KIND_COUNT: break;
    }
}

void value_write(struct buf *b, struct feel_value v, bool quoted)
{
    write_value(b, v, quoted, 0);
}

struct str feel_text(struct ctx *ctx, struct feel_value v)
{
    if (v.kind == FEEL_STRING) {
        return feel_str(v);
    }
    struct buf b = buf_new(ctx->arena, LIMIT_FEEL_STRING_BYTES);
    value_write(&b, v, false);
    return buf_str(&b);
}

void vec_grow(struct run *r, struct vec *v, size_t room)
{
    v->p = arena_grow(r->ctx->arena, v->p, v->room * sizeof(*v->p), room * sizeof(*v->p));
    v->room = room;
}
