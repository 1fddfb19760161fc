/* Plans: a decision prepared for rows. */
#include "base/json.h"
#include "base/json_make.h"
#include "dmn/batch_in.h"
#include "feel/shape.h"

/* ---- columns --------------------------------------------------------------------------------- */

static size_t column_at(const struct dmn_plan *p, const struct plan_path *path)
{
    for (size_t i = 0; i < p->column_count; i++) {
        bool same = p->paths[i].slot == path->slot && p->paths[i].count == path->count;
        for (size_t k = 0; same && k < path->count; k++) {
            same = str_equal(p->paths[i].names[k], path->names[k]);
        }
        if (same) {
            return i;
        }
    }
    return p->column_count;
}

static void add_column(struct arena *a, struct dmn_plan *p, const struct plan_path *path,
                       const struct feel_type *type)
{
    struct str name = path->names[0];
    for (size_t i = 1; i < path->count; i++) {
        name = str_format(a, "%.*s.%.*s", FMT(name), FMT(path->names[i]));
    }
    p->paths[p->column_count] = *path;
    p->columns[p->column_count++] = (struct dmn_plan_column){name, path->count == 1 ? type : NULL};
}

/* The columns that the inputs of the table name; false when one of them is anything but a path of
 * input data. A path below an input of a declared type is none: whether the input conforms is seen
 * from all of it. */
static bool table_columns(struct arena *a, struct dmn_plan *p)
{
    const struct dmn_table *t = p->table;
    p->columns = ARENA_ARRAY(a, struct dmn_plan_column, t->input_count);
    p->paths = ARENA_ARRAY(a, struct plan_path, t->input_count);
    p->column_of = ARENA_ARRAY(a, size_t, t->input_count);
    for (size_t i = 0; i < t->input_count; i++) {
        struct plan_path path = {0};
        size_t members = 0;
        if (!feel_path(t->inputs[i].expression, &path.slot, path.names + 1, PATH_MEMBERS_MAX,
                       &members) ||
            path.slot >= p->node->direct_count) {
            return false;
        }
        const struct dmn_node *data = p->node->direct[path.slot];
        if (data->kind != DMN_INPUT || (members > 0 && data->type != NULL)) {
            return false;
        }
        path.names[0] = data->name;
        path.count = members + 1;
        p->column_of[i] = column_at(p, &path);
        if (p->column_of[i] == p->column_count) {
            add_column(a, p, &path, data->type);
        }
    }
    /* one column may not be a part of another */
    for (size_t i = 0; i < p->column_count; i++) {
        bool good = row_keys_add(a, &p->keys, p->paths[i].names, p->paths[i].count, (uint32_t)i,
                                 p->columns[i].type);
        if (!good) {
            return false;
        }
    }
    return true;
}

static void data_columns(struct arena *a, struct dmn_plan *p)
{
    const struct module *m = &p->model->modules[0];
    p->columns = ARENA_ARRAY(a, struct dmn_plan_column, m->node_count);
    p->paths = ARENA_ARRAY(a, struct plan_path, m->node_count);
    p->column_count = 0;
    for (size_t i = 0; i < m->node_count; i++) {
        struct plan_path path = {.slot = (uint32_t)i, .names = {m->nodes[i]->name}, .count = 1};
        if (m->nodes[i]->kind == DMN_INPUT) {
            add_column(a, p, &path, m->nodes[i]->type);
        }
    }
}

/* Kinds that a type without further conditions takes as they are, as bits; null is always one. */
static uint32_t plain_kinds(const struct feel_type *type)
{
    static const uint8_t kinds[] = {[FEEL_TYPE_BOOL] = FEEL_BOOL,
                                    [FEEL_TYPE_NUMBER] = FEEL_NUMBER,
                                    [FEEL_TYPE_STRING] = FEEL_STRING,
                                    [FEEL_TYPE_DATE] = FEEL_DATE,
                                    [FEEL_TYPE_TIME] = FEEL_TIME,
                                    [FEEL_TYPE_DATE_TIME] = FEEL_DATE_TIME,
                                    [FEEL_TYPE_YEARS_MONTHS] = FEEL_YEARS_MONTHS,
                                    [FEEL_TYPE_DAYS_TIME] = FEEL_DAYS_TIME,
                                    [FEEL_TYPE_FUNCTION] = FEEL_NULL};
    if (type == NULL) {
        return UINT32_MAX;
    }
    return 1u << FEEL_NULL | (type->allowed == NULL ? 1u << kinds[type->kind] : 0);
}

static void make_plain(struct arena *a, struct dmn_plan *p)
{
    const struct dmn_table *t = p->table;
    p->plain = ARENA_ARRAY(a, uint32_t, t->input_count);
    p->plain_data = ARENA_ARRAY(a, uint32_t, p->column_count);
    for (size_t i = 0; i < p->column_count; i++) {
        p->plain_data[i] = plain_kinds(p->columns[i].type);
    }
    for (size_t i = 0; i < t->input_count; i++) {
        uint32_t allowed = t->inputs[i].allowed == NULL ? UINT32_MAX : 1u << FEEL_NULL;
        p->plain[i] = p->plain_data[p->column_of[i]] & plain_kinds(t->inputs[i].type) & allowed;
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool has_open_cells(const struct fast *f)
{
    for (size_t i = 0; i < f->block_count; i++) {
        if (f->blocks[i].open_from[f->blocks[i].count] > 0) {
            return true;
        }
    }
    return false;
}

/* A constant as an output column gives it. */
static bool output_value(struct ctx *ctx, const struct table_output *out,
                         const struct feel_program *entry, struct feel_value *ret)
{
    struct feel_env env = {0};
    struct feel_value ok = feel_bool(true);
    if (!feel_constant(entry, ret)) {
        return false;
    }
    *ret = out->type == NULL ? *ret : feel_coerce(ctx, &env, *ret, out->type);
    if (out->allowed != NULL && !feel_is_null(*ret)) {
        struct feel_env own = {.input = *ret};
        if (!fast_is_simple(out->allowed) || feel_eval(ctx, out->allowed, &own, &ok) != ERR_OK) {
            return false;
        }
    }
    *ret = feel_is_true(ok) ? *ret : feel_null();
    return true;
}

/* One row of outputs; entries by column, or the defaults when NULL. False when some are no
 * constants. */
static bool row_value(struct ctx *ctx, const struct dmn_table *t,
                      const struct feel_program *const *entries, struct feel_value *ret)
{
    struct feel_entry *parts = ARENA_ARRAY(ctx->arena, struct feel_entry, t->output_count);
    bool any = entries != NULL;
    for (size_t i = 0; i < t->output_count; i++) {
        const struct feel_program *entry = entries == NULL ? t->outputs[i].otherwise : entries[i];
        parts[i].key = t->outputs[i].name;
        if (entry != NULL && !output_value(ctx, &t->outputs[i], entry, &parts[i].value)) {
            return false;
        }
        any = any || entry != NULL;
    }
    *ret = !any                   ? feel_null()
           : t->output_count == 1 ? parts[0].value
                                  : feel_context(parts, t->output_count);
    return true;
}

static struct feel_value decision_value(struct ctx *ctx, const struct dmn_plan *p,
                                        struct feel_value row)
{
    struct feel_env env = {0};
    row = p->node->logic->type == NULL ? row : feel_coerce(ctx, &env, row, p->node->logic->type);
    return p->node->type == NULL ? row : feel_coerce(ctx, &env, row, p->node->type);
}

static struct str json_of(struct ctx *ctx, struct feel_value v)
{
    struct json j = feel_to_json(ctx, v);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &j);
    return buf_str(&b);
}

/* Values and texts of all rules; false when some entry is no constant. */
static bool make_values(struct ctx *ctx, struct dmn_plan *p)
{
    const struct dmn_table *t = p->table;
    struct feel_value *values = ARENA_ARRAY(ctx->arena, struct feel_value, t->rule_count + 1);
    struct feel_value *rows = ARENA_ARRAY(ctx->arena, struct feel_value, t->rule_count + 1);
    struct str *texts = ARENA_ARRAY(ctx->arena, struct str, t->rule_count + 1);
    for (size_t i = 0; i <= t->rule_count; i++) {
        if (!row_value(ctx, t, i == t->rule_count ? NULL : t->entries + i * t->output_count,
                       &rows[i])) {
            return false;
        }
        values[i] = decision_value(ctx, p, rows[i]);
        texts[i] = json_of(ctx, values[i]);
    }
    p->values = values;
    p->rows = rows;
    p->texts = texts;
    return true;
}

/* By rule, the rules that say the same. */
static const uint64_t *const *same_values(struct arena *a, const struct dmn_plan *p)
{
    size_t count = p->table->rule_count;
    uint64_t **same = ARENA_ARRAY(a, uint64_t *, count);
    for (size_t r = 0; r < count; r++) {
        for (size_t k = 0; k < r && same[r] == NULL; k++) {
            same[r] = feel_is_true(feel_equal(p->rows[k], p->rows[r])) ? same[k] : NULL;
        }
        same[r] =
            same[r] == NULL ? ARENA_ARRAY(a, uint64_t, p->table->index->blocks[0].words) : same[r];
        same[r][r / 64] |= (uint64_t)1 << (r % 64);
    }
    return (const uint64_t *const *)(uintptr_t)same;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Keys that mean more than a value to keep: they stand for a decision, or for an import. */
static void refuse_others(struct arena *a, struct dmn_plan *p)
{
    const struct module *m = &p->model->modules[0];
    for (size_t i = 0; i < m->node_count; i++) {
        if (m->nodes[i]->kind == DMN_DECISION) {
            row_keys_refuse(a, &p->keys, m->nodes[i]->name);
        }
    }
    for (size_t i = 0; i < m->import_count; i++) {
        row_keys_refuse(a, &p->keys, m->imports[i].name);
    }
}

/* A value that input values forbid makes the table null, whatever its default. */
static bool forbids_by_null(const struct dmn_plan *p)
{
    bool null =
        feel_is_null(p->values[p->table->rule_count]) && p->table->aggregate != AGGREGATE_COUNT;
    for (size_t i = 0; i < p->table->input_count; i++) {
        if (p->table->inputs[i].allowed != NULL && !null) {
            return false;
        }
    }
    return true;
}

static const struct dmn_table *table_of(const struct dmn_node *n)
{
    return n->logic != NULL && n->logic->kind == BOX_TABLE ? n->logic->table : NULL;
}

enum err dmn_plan_make(struct ctx *ctx, const struct dmn_model *m, struct str decision,
                       const struct dmn_plan **ret)
{
    const struct dmn_node *n = dmn_find(m, DMN_DECISION, STR(""), decision);
    if (n == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "the model has no decision \"%.*s\"", FMT(decision));
    }
    struct dmn_plan *p = ARENA_NEW(ctx->arena, struct dmn_plan);
    *p = (struct dmn_plan){.model = m, .node = n, .table = table_of(n)};
    const struct dmn_table *t = p->table;
    p->direct = t != NULL && table_columns(ctx->arena, p) && !has_open_cells(t->index) &&
                make_values(ctx, p) && forbids_by_null(p);
    p->single = p->direct && (t->hit == HIT_FIRST || t->hit == HIT_UNIQUE || t->hit == HIT_ANY);
    if (p->direct) {
        make_plain(ctx->arena, p);
    } else {
        data_columns(ctx->arena, p);
    }
    if (p->single) {
        p->rule = t->hit == HIT_UNIQUE ? BATCH_ONLY : t->hit == HIT_ANY ? BATCH_SAME : BATCH_FIRST;
        p->same =
            t->hit == HIT_ANY && t->index->block_count == 1 ? same_values(ctx->arena, p) : NULL;
        p->from_text = p->column_count <= ROW_INLINE;
        refuse_others(ctx->arena, p);
    }
    *ret = p;
    return ERR_OK;
}

size_t dmn_plan_columns(const struct dmn_plan *p, const struct dmn_plan_column **ret)
{
    *ret = p->columns;
    return p->column_count;
}

bool dmn_plan_is_direct(const struct dmn_plan *p)
{
    return p->direct;
}
