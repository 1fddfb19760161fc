/* Populations: columns of a plan. */
#include "dmn/batch_in.h"

static bool is_valid(const struct dmn_column *c, size_t row)
{
    return c->valid == NULL || (c->valid[row / 8] >> (row % 8) & 1) != 0;
}

static struct feel_value text_of(const struct dmn_column *c, size_t code)
{
    return code < c->text_count ? feel_string(c->texts[code]) : feel_null();
}

static struct feel_value cell(const struct dmn_column *c, size_t row)
{
    struct feel_value v = feel_null();
    if (!is_valid(c, row)) {
        return v;
    }
    switch (c->form) {
    case DMN_COLUMN_VALUES: return ((const struct feel_value *)c->data)[row];
    case DMN_COLUMN_I64: v = feel_int(((const int64_t *)c->data)[row]); break;
    case DMN_COLUMN_I32: v = feel_int(((const int32_t *)c->data)[row]); break;
    case DMN_COLUMN_DAYS: return feel_date((struct day){((const int32_t *)c->data)[row]});
    case DMN_COLUMN_BOOLS: {
        uint8_t b = ((const uint8_t *)c->data)[row];
        return b < 2 ? feel_bool(b == 1) : v;
    }
    case DMN_COLUMN_TEXTS8: return text_of(c, ((const uint8_t *)c->data)[row]);
    case DMN_COLUMN_TEXTS32: return text_of(c, ((const uint32_t *)c->data)[row]);
    case DMN_COLUMN_NULLS:
    case DMN_COLUMN_FORM_COUNT: return v;
    }
    v.exp = c->exp;
    return v;
}

static void row_at(const struct dmn_plan *p, const struct dmn_column *columns, size_t row,
                   struct feel_value *ret)
{
    for (size_t i = 0; i < p->column_count; i++) {
        ret[i] = cell(&columns[i], row);
    }
}

/* ---- binding --------------------------------------------------------------------------------- */

/* The mask of a value of a column, as the row evaluation has it. */
struct asked {
    struct ctx *ctx;
    const struct dmn_plan *plan;
    size_t input;
    const uint64_t *none;
};

static const uint64_t *mask_of(void *self, struct feel_value v)
{
    const struct asked *k = self;
    const struct fast_block *b = &k->plan->table->index->blocks[0];
    return plan_input(k->ctx, k->plan, k->input, v, &v) ? fast_mask(b, &b->columns[k->input], v)
                                                        : k->none;
}

enum { CUT_BY_MAX = 4 };

/* Whether what is allowed is made of constants; these cut the column as well. */
static bool cut_by(struct arena *a, const struct feel_program *allowed, struct lane_ask *ask,
                   const struct fast_column **columns)
{
    if (allowed == NULL) {
        return true;
    }
    must(ask->cut_by_count < CUT_BY_MAX);
    columns[ask->cut_by_count++] = &fast_make(a, &allowed, 1, 1)->blocks[0].columns[0];
    return fast_is_simple(allowed);
}

static bool bind_input(struct ctx *ctx, const struct dmn_plan *p, size_t input,
                       const struct dmn_column *c, struct batch *b, struct lane *lanes,
                       uint64_t *all)
{
    const struct dmn_table *t = p->table;
    const struct feel_type *data = p->columns[p->column_of[input]].type;
    const struct feel_type *type = t->inputs[input].type;
    const struct fast_column *columns[CUT_BY_MAX] = {&t->index->blocks[0].columns[input]};
    struct asked *asked = ARENA_NEW(ctx->arena, struct asked);
    *asked = (struct asked){ctx, p, input, ARENA_ARRAY(ctx->arena, uint64_t, b->words)};
    struct lane_ask ask = {mask_of, asked, columns, 1, b->words};
    bool simple = c->form != DMN_COLUMN_VALUES &&
                  cut_by(ctx->arena, data == NULL ? NULL : data->allowed, &ask, columns) &&
                  cut_by(ctx->arena, type == NULL ? NULL : type->allowed, &ask, columns) &&
                  cut_by(ctx->arena, t->inputs[input].allowed, &ask, columns);
    if (!simple) {
        return false;
    }
    if (c->form == DMN_COLUMN_NULLS) {
        const uint64_t *mask = mask_of(asked, feel_null());
        for (uint32_t w = 0; w < b->words; w++) {
            all[w] &= mask[w];
        }
        return true;
    }
    lane_bind(ctx->arena, &ask, c, &lanes[b->lane_count++]);
    return true;
}

/* Bind columns to the inputs of a table of one block; false when some go value by value. */
static bool bind(struct ctx *ctx, const struct dmn_plan *p, const struct dmn_column *columns,
                 struct batch *ret)
{
    const struct dmn_table *t = p->table;
    const struct fast_block *block = &t->index->blocks[0];
    struct lane *lanes = ARENA_ARRAY(ctx->arena, struct lane, t->input_count);
    uint64_t *all = ARENA_ARRAY(ctx->arena, uint64_t, block->words);
    memcpy(all, block->all, block->words * sizeof(*all));
    *ret = (struct batch){.rule = p->rule,
                          .lanes = lanes,
                          .words = block->words,
                          .rules = block->count,
                          .all = all,
                          .same = p->same};
    for (size_t i = 0; i < t->input_count; i++) {
        if (!bind_input(ctx, p, i, &columns[p->column_of[i]], ret, lanes, all)) {
            return false;
        }
    }
    ret->wide = batch_wide_make(ctx->arena, ret);
    return true;
}

/* ---- rules ----------------------------------------------------------------------------------- */

enum err dmn_plan_rules(struct ctx *ctx, const struct dmn_plan *p, const struct dmn_column *columns,
                        size_t rows, uint16_t *ret)
{
    if (!p->single || p->table->rule_count > FAST_BLOCK) {
        return fault(
            ctx, ERR_NOT_SUPPORTED,
            "\"%.*s\" is no table of up to %d rules of constants that answers with one of them",
            FMT(p->node->name), FAST_BLOCK);
    }
    struct batch b;
    if (p->table->rule_count == 0) {
        memset(ret, 0, rows * sizeof(*ret));
        return ERR_OK;
    }
    if (bind(ctx, p, columns, &b)) {
        batch_rows(&b, 0, rows, ret);
        return ERR_OK;
    }
    struct feel_value *row = ARENA_ARRAY(ctx->arena, struct feel_value, p->column_count);
    for (size_t i = 0; i < rows; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        row_at(p, columns, i, row);
        int64_t rule = plan_rule(ctx, p, row);
        arena_reset(ctx->arena, mark);
        if (rule == PLAN_UNKNOWN) {
            return fault(ctx, ERR_NOT_SUPPORTED, "row %zu holds a range; ask for its value", i + 1);
        }
        ret[i] = rule == PLAN_CONFLICT ? DMN_RULE_CONFLICT : (uint16_t)(rule + 1);
    }
    return ERR_OK;
}

struct feel_value dmn_plan_value(const struct dmn_plan *p, uint16_t rule)
{
    must(p->single);
    return rule == 0                     ? p->values[p->table->rule_count]
           : rule > p->table->rule_count ? feel_null()
                                         : p->values[rule - 1];
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Values by what matches: where all that answers is constant, equal masks give equal values. */
struct memo {
    uint32_t words, room, count;
    uint64_t *masks;
    struct feel_value *values;
    bool *taken;
};

static struct memo memo_new(struct arena *a, uint32_t words, uint32_t room)
{
    return (struct memo){.words = words,
                         .room = room,
                         .masks = ARENA_ARRAY(a, uint64_t, (size_t)room * words),
                         .values = ARENA_ARRAY(a, struct feel_value, room),
                         .taken = ARENA_ARRAY(a, bool, room)};
}

static uint32_t memo_place(const struct memo *m, const uint64_t *mask)
{
    uint64_t h = 0;
    for (uint32_t w = 0; w < m->words; w++) {
        h = (h ^ mask[w]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    uint32_t at = (uint32_t)h & (m->room - 1);
    while (m->taken[at] &&
           memcmp(m->masks + (size_t)at * m->words, mask, m->words * sizeof(*mask)) != 0) {
        at = (at + 1) & (m->room - 1);
    }
    return at;
}

static enum err values_by_mask(struct ctx *ctx, const struct dmn_plan *p,
                               const struct dmn_column *columns, const struct batch *b, size_t rows,
                               struct instant now, struct feel_value *ret)
{
    enum { ROOM_FIRST = 256, ROOM_MAX = 1 << 16 };
    struct feel_value *row = ARENA_ARRAY(ctx->arena, struct feel_value, p->column_count);
    struct memo memo = memo_new(ctx->arena, b->words, ROOM_FIRST);
    for (size_t i = 0; i < rows; i++) {
        uint64_t mask[FAST_WORDS];
        batch_mask(b, i, mask);
        uint32_t at = memo_place(&memo, mask);
        if (!memo.taken[at]) {
            row_at(p, columns, i, row);
            TRY(plan_evaluate(ctx, p, row, now, &ret[i]));
            if (2 * (memo.count + 1) > memo.room) { /* full: begin anew, larger while it may be */
                memo =
                    memo_new(ctx->arena, b->words, memo.room < ROOM_MAX ? 2 * memo.room : ROOM_MAX);
                at = memo_place(&memo, mask);
            }
            memo.taken[at] = true;
            memo.count++;
            memcpy(memo.masks + (size_t)at * b->words, mask, b->words * sizeof(*mask));
            memo.values[at] = ret[i];
        }
        ret[i] = memo.values[at];
    }
    return ERR_OK;
}

enum err dmn_plan_values(struct ctx *ctx, const struct dmn_plan *p,
                         const struct dmn_column *columns, size_t rows, struct instant now,
                         struct feel_value *ret)
{
    struct batch b;
    if (p->direct && p->table->index->block_count == 1 && bind(ctx, p, columns, &b)) {
        return values_by_mask(ctx, p, columns, &b, rows, now, ret);
    }
    struct feel_value *row = ARENA_ARRAY(ctx->arena, struct feel_value, p->column_count);
    for (size_t i = 0; i < rows; i++) {
        row_at(p, columns, i, row);
        TRY(dmn_plan_row(ctx, p, row, now, &ret[i]));
    }
    return ERR_OK;
}
