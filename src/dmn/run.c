/* A model at work: requirements in order, boxes, calls. */
#include "dmn/dmn_in.h"

#include "base/json.h"

enum node_state { NODE_OUT, NODE_WANTED, NODE_GIVEN, NODE_DONE };
enum { TROUBLES = 16, OFFICIAL_OFFSET_S = 8 * 3600 }; /* GB/T 7408: Beijing time */

enum err run_program(struct run *r, const struct feel_program *program, struct feel_value *slots,
                     struct feel_value v, struct feel_value *ret)
{
    const struct feel_value *before = r->env->slots;
    struct feel_value input = r->env->input;
    r->env->slots = slots;
    r->env->input = v;
    enum err e = feel_eval(r->ctx, program, r->env, ret);
    r->env->slots = before;
    r->env->input = input;
    return e;
}

/* One loop turn, against the limit that FEEL's own loops have. */
static enum err turn(struct run *r)
{
    uint64_t most = r->env->steps_max == 0 ? LIMIT_FEEL_STEPS : r->env->steps_max;
    return ++r->env->steps > most
               ? fault(r->ctx, ERR_TOO_LARGE, "the evaluation took more than %llu steps",
                       (unsigned long long)most)
               : ERR_OK;
}

/* A box that may be absent, coerced to a part's type. */
static enum err part_eval(struct run *r, const struct part *part, struct feel_value *slots,
                          struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    *ret = feel_null();
    if (part->box != NULL) {
        TRY(box_eval(r, part->box, slots, ret));
    }
    *ret = run_coerce(r, *ret, part->type);
    return ERR_OK;
}

/* ---- boxes ---- */

static enum err eval_literal(struct run *r, const struct box *b, struct feel_value *slots,
                             struct feel_value *ret)
{
    return run_program(r, b->program, slots, feel_null(), ret);
}

static enum err eval_table(struct run *r, const struct box *b, struct feel_value *slots,
                           struct feel_value *ret)
{
    return table_eval(r, b->table, slots, ret);
}

static enum err eval_context(struct run *r, const struct box *b, struct feel_value *slots,
                             struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, b->part_count);
    for (size_t i = 0; i < b->part_count; i++) {
        const struct part *part = &b->parts[i];
        TRY(part_eval(r, part, slots, ret));
        if (part->name.n == 0) {
            return ERR_OK; /* the result entry */
        }
        slots[part->slot] = *ret;
        entries[i] = (struct feel_entry){part->name, *ret};
    }
    *ret = feel_context(entries, b->part_count);
    return ERR_OK;
}

static enum err eval_list(struct run *r, const struct box *b, struct feel_value *slots,
                          struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value *items = ARENA_ARRAY(ctx->arena, struct feel_value, b->part_count);
    for (size_t i = 0; i < b->part_count; i++) {
        TRY(part_eval(r, &b->parts[i], slots, &items[i]));
    }
    *ret = feel_list(items, b->part_count);
    return ERR_OK;
}

static enum err eval_relation(struct run *r, const struct box *b, struct feel_value *slots,
                              struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value *rows = ARENA_ARRAY(ctx->arena, struct feel_value, b->row_count);
    for (size_t i = 0; i < b->row_count; i++) {
        struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, b->part_count);
        for (size_t k = 0; k < b->part_count; k++) {
            entries[k].key = b->parts[k].name;
            TRY(part_eval(r, &b->rows[i].parts[k], slots, &entries[k].value));
            entries[k].value = run_coerce(r, entries[k].value, b->parts[k].type);
        }
        rows[i] = feel_context(entries, b->part_count);
    }
    *ret = feel_list(rows, b->row_count);
    return ERR_OK;
}

static enum err eval_invocation(struct run *r, const struct box *b, struct feel_value *slots,
                                struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value function;
    struct feel_entry *args = ARENA_ARRAY(ctx->arena, struct feel_entry, b->part_count);
    TRY(box_eval(r, b->a, slots, &function));
    for (size_t i = 0; i < b->part_count; i++) {
        args[i].key = b->parts[i].name;
        TRY(part_eval(r, &b->parts[i], slots, &args[i].value));
    }
    *ret = feel_null();
    if (function.kind != FEEL_FUNCTION) {
        feel_trouble(ctx, r->env, "what is invoked is no function");
        return ERR_OK;
    }
    return feel_call_named(ctx, r->env, function, args, b->part_count, ret);
}

/* A boxed function keeps the values it was made among. */
struct closure {
    struct run *run;
    const struct box *box;
    struct feel_value *slots;
    size_t slot_count;
};

static enum err call_closure(struct ctx *ctx, void *self, struct feel_env *env,
                             const struct feel_value *args, size_t count, struct feel_value *ret)
{
    const struct closure *c = self;
    struct run r = *c->run;
    struct feel_value *slots = ARENA_ARRAY(ctx->arena, struct feel_value, c->slot_count);
    memcpy(slots, c->slots, c->slot_count * sizeof(*slots));
    for (size_t i = 0; i < count && i < c->box->param_count; i++) {
        slots[c->box->slot + i] = args[i];
    }
    r.ctx = ctx;
    r.env = env;
    r.slot_count = c->slot_count;
    *ret = feel_null();
    if (c->box->a != NULL) {
        TRY(box_eval(&r, c->box->a, slots, ret));
    }
    return ERR_OK;
}

static enum err eval_function(struct run *r, const struct box *b, struct feel_value *slots,
                              struct feel_value *ret)
{
    struct closure *c = ARENA_NEW(r->ctx->arena, struct closure);
    c->run = r->lasting;
    c->box = b;
    c->slot_count = r->slot_count;
    c->slots = ARENA_ARRAY(r->ctx->arena, struct feel_value, r->slot_count);
    memcpy(c->slots, slots, r->slot_count * sizeof(*slots));
    *ret =
        feel_function_native(r->ctx->arena, b->params, b->param_count, b->result, call_closure, c);
    return ERR_OK;
}

static enum err eval_conditional(struct run *r, const struct box *b, struct feel_value *slots,
                                 struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    TRY(box_eval(r, b->a, slots, ret));
    return box_eval(r, feel_is_true(*ret) ? b->b : b->c, slots, ret);
}

/* What is iterated over, as FEEL's own loop takes it. */
static enum err items_of(struct run *r, const struct box *b, struct feel_value *slots,
                         struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    TRY(box_eval(r, b->a, slots, &slots[b->slot]));
    return run_program(r, b->program, slots, feel_null(), ret);
}

/* A match that is no boolean for some item makes the whole null, where FEEL's filter would leave
 * the item out. */
static enum err eval_filter(struct run *r, const struct box *b, struct feel_value *slots,
                            struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value odd;
    TRY(items_of(r, b, slots, ret));
    TRY(run_program(r, b->check, slots, feel_null(), &odd));
    if (odd.kind == FEEL_LIST && odd.n > 0) {
        feel_trouble(ctx, r->env, "the match of a filter is no boolean");
        *ret = feel_null();
    }
    return ERR_OK;
}

static enum err eval_filter_each(struct run *r, const struct box *b, struct feel_value *slots,
                                 struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value items;
    size_t n = 0;
    TRY(items_of(r, b, slots, &items));
    struct feel_value *kept =
        ARENA_ARRAY(ctx->arena, struct feel_value, items.kind == FEEL_LIST ? items.n : 0);
    for (size_t i = 0; items.kind == FEEL_LIST && i < items.n; i++) {
        struct feel_value match;
        TRY(turn(r));
        slots[b->slot + 1] = items.items[i];
        TRY(box_eval(r, b->b, slots, &match));
        if (match.kind != FEEL_BOOL) {
            feel_trouble(ctx, r->env, "the match of a filter is no boolean");
            *ret = feel_null();
            return ERR_OK;
        }
        if (match.boolean) {
            kept[n++] = items.items[i];
        }
    }
    *ret = items.kind == FEEL_LIST ? feel_list(kept, n) : feel_null();
    return ERR_OK;
}

static enum err eval_for(struct run *r, const struct box *b, struct feel_value *slots,
                         struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value items;
    TRY(items_of(r, b, slots, &items));
    *ret = feel_null();
    if (items.kind != FEEL_LIST) {
        return ERR_OK;
    }
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, items.n);
    for (size_t i = 0; i < items.n; i++) {
        TRY(turn(r));
        slots[b->slot + 1] = items.items[i];
        slots[b->partial] = feel_list(out, i);
        TRY(box_eval(r, b->b, slots, &out[i]));
    }
    *ret = feel_list(out, items.n);
    return ERR_OK;
}

/* some: true when one is true, false when all are false, else null; every: the other way round. */
static enum err eval_quantified(struct run *r, const struct box *b, struct feel_value *slots,
                                struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    bool decides = b->kind == BOX_SOME;
    bool unsure = false;
    struct feel_value items;
    TRY(items_of(r, b, slots, &items));
    *ret = feel_null();
    if (items.kind != FEEL_LIST) {
        return ERR_OK;
    }
    for (size_t i = 0; i < items.n; i++) {
        TRY(turn(r));
        slots[b->slot + 1] = items.items[i];
        TRY(box_eval(r, b->b, slots, ret));
        if (ret->kind == FEEL_BOOL && ret->boolean == decides) {
            return ERR_OK;
        }
        unsure = unsure || ret->kind != FEEL_BOOL;
    }
    *ret = unsure ? feel_null() : feel_bool(!decides);
    return ERR_OK;
}

enum err box_eval(struct run *r, const struct box *b, struct feel_value *slots,
                  struct feel_value *ret)
{
    typedef enum err eval_fn(struct run * r, const struct box *b, struct feel_value *slots,
                             struct feel_value *ret);
    static eval_fn *const evals[BOX_KIND_COUNT] = {
        [BOX_LITERAL] = eval_literal,   [BOX_TABLE] = eval_table,
        [BOX_CONTEXT] = eval_context,   [BOX_RELATION] = eval_relation,
        [BOX_LIST] = eval_list,         [BOX_INVOCATION] = eval_invocation,
        [BOX_FUNCTION] = eval_function, [BOX_CONDITIONAL] = eval_conditional,
        [BOX_FILTER] = eval_filter,     [BOX_FILTER_EACH] = eval_filter_each,
        [BOX_FOR] = eval_for,           [BOX_SOME] = eval_quantified,
        [BOX_EVERY] = eval_quantified,
    };
    struct ctx *ctx = r->ctx;
    TRY(evals[b->kind](r, b, slots, ret));
    *ret = b->kind == BOX_FUNCTION ? *ret : run_coerce(r, *ret, b->type);
    return ERR_OK;
}

/* ---- elements ---- */

static enum err call_knowledge(struct ctx *ctx, void *self, struct feel_env *env,
                               const struct feel_value *args, size_t count, struct feel_value *ret);
static enum err call_service(struct ctx *ctx, void *self, struct feel_env *env,
                             const struct feel_value *args, size_t count, struct feel_value *ret);

/* Slots of an element's logic: what it requires, by name or under the name of its import. */
static struct feel_value *slots_of(struct run *r, const struct dmn_node *n)
{
    struct feel_value *slots = ARENA_ARRAY(r->ctx->arena, struct feel_value, n->names.most + 1);
    for (size_t i = 0; i < n->direct_count; i++) {
        slots[i] = r->values[n->direct[i]->index];
    }
    for (size_t i = 0; i < n->import_count; i++) {
        const struct import_slot *import = &n->imports[i];
        struct feel_entry *entries = ARENA_ARRAY(r->ctx->arena, struct feel_entry, import->count);
        for (size_t k = 0; k < import->count; k++) {
            entries[k] =
                (struct feel_entry){import->nodes[k]->name, r->values[import->nodes[k]->index]};
        }
        slots[import->slot] = feel_context(entries, import->count);
    }
    return slots;
}

/* A function value that outlives the step that made it: it keeps a run of its own. */
struct callable {
    struct run *run;
    const struct dmn_node *node;
};

static struct feel_value function_of(struct run *r, const struct dmn_node *n, feel_native *call)
{
    struct callable *c = ARENA_NEW(r->ctx->arena, struct callable);
    *c = (struct callable){r->lasting, n};
    return feel_function_native(r->ctx->arena, n->params, n->param_count, n->result, call, c);
}

static enum err logic_of(struct run *r, const struct dmn_node *n, struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    *ret = feel_null();
    if (n->logic == NULL) {
        feel_trouble(ctx, r->env, "%.*s: %.*s", FMT(n->name),
                     FMT(n->broken.n > 0 ? n->broken : STR("it has no logic")));
        return ERR_OK;
    }
    size_t before = r->slot_count;
    r->slot_count = n->names.most;
    enum err e = box_eval(r, n->logic, slots_of(r, n), ret);
    r->slot_count = before;
    return e;
}

static enum err node_eval(struct run *r, const struct dmn_node *n, struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    switch (n->kind) {
    case DMN_INPUT: *ret = feel_null(); return ERR_OK;
    case DMN_DECISION:
        TRY(logic_of(r, n, ret));
        *ret = run_coerce(r, *ret, n->type);
        return ERR_OK;
    case DMN_KNOWLEDGE:
        if (n->native) {
            return logic_of(r, n, ret);
        }
        *ret = function_of(r, n, call_knowledge);
        return ERR_OK;
    case DMN_SERVICE: *ret = function_of(r, n, call_service); return ERR_OK;
    }
    return ERR_OK;
}

/* Evaluate what is wanted and all it requires. Elements stand behind what they require, so one pass
 * back marks and one pass on evaluates. */
static enum err run_wanted(struct run *r)
{
    struct ctx *ctx = r->ctx;
    const struct dmn_model *m = r->model;
    for (size_t i = m->node_count; i-- > 0;) {
        const struct dmn_node *n = m->nodes[i];
        bool open = r->state[i] == NODE_WANTED && n->kind != DMN_SERVICE;
        for (size_t k = 0; open && k < n->need_count; k++) {
            uint8_t *state = &r->state[n->needs[k]->index];
            *state = *state == NODE_OUT ? NODE_WANTED : *state;
        }
    }
    for (size_t i = 0; i < m->node_count; i++) {
        if (r->state[i] == NODE_WANTED) {
            TRY(node_eval(r, m->nodes[i], &r->values[i]));
            r->state[i] = NODE_DONE;
        }
    }
    return ERR_OK;
}

static struct run *run_new(struct ctx *ctx, struct feel_env *env, const struct dmn_model *m,
                           struct record *record)
{
    struct run *r = ARENA_NEW(ctx->arena, struct run);
    *r = (struct run){.ctx = ctx, .env = env, .model = m, .record = record};
    r->values = ARENA_ARRAY(ctx->arena, struct feel_value, m->node_count);
    r->state = ARENA_ARRAY(ctx->arena, uint8_t, m->node_count);
    r->lasting = r;
    return r;
}

static void give(struct run *r, const struct dmn_node *n, struct feel_value v)
{
    r->values[n->index] = run_coerce(r, v, n->type);
    r->state[n->index] = NODE_GIVEN;
}

/* A call runs with the environment of its caller, whatever run made the function. */
static struct run run_for_call(const struct run *made_by, struct ctx *ctx, struct feel_env *env)
{
    struct run r = *made_by;
    r.ctx = ctx;
    r.env = env;
    return r;
}

static enum err call_knowledge(struct ctx *ctx, void *self, struct feel_env *env,
                               const struct feel_value *args, size_t count, struct feel_value *ret)
{
    const struct callable *c = self;
    const struct dmn_node *n = c->node;
    struct run r = run_for_call(c->run, ctx, env);
    *ret = feel_null();
    if (n->logic == NULL) {
        feel_trouble(ctx, env, "%.*s: %.*s", FMT(n->name),
                     FMT(n->broken.n > 0 ? n->broken : STR("it has no logic")));
        return ERR_OK;
    }
    struct feel_value *slots = slots_of(&r, n);
    for (size_t i = 0; i < count && i < n->param_count; i++) {
        slots[n->param_slot + i] = args[i];
    }
    r.slot_count = n->names.most;
    return box_eval(&r, n->logic, slots, ret);
}

static enum err call_service(struct ctx *ctx, void *self, struct feel_env *env,
                             const struct feel_value *args, size_t count, struct feel_value *ret)
{
    const struct callable *c = self;
    const struct dmn_node *n = c->node;
    struct run *r = run_new(ctx, env, c->run->model, c->run->record);
    for (size_t i = 0; i < n->param_count; i++) {
        give(r, n->given[i], i < count ? args[i] : feel_null());
    }
    for (size_t i = 0; i < n->output_count; i++) {
        uint8_t *state = &r->state[n->outputs[i]->index];
        *state = *state == NODE_OUT ? NODE_WANTED : *state;
    }
    TRY(run_wanted(r));
    *ret = n->output_count == 1 ? r->values[n->outputs[0]->index] : feel_null();
    if (n->output_count > 1) {
        struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, n->output_count);
        for (size_t i = 0; i < n->output_count; i++) {
            entries[i] = (struct feel_entry){n->outputs[i]->name, r->values[n->outputs[i]->index]};
        }
        *ret = feel_context(entries, n->output_count);
    }
    bool function = n->type != NULL && n->type->kind == FEEL_TYPE_FUNCTION;
    *ret = run_coerce(r, *ret, function ? n->type->element : n->type);
    return ERR_OK;
}

/* ---- the face ---- */

struct evaluation {
    struct feel_env env;
    struct feel_troubles troubles;
    struct record record;
};

static struct run *begin(struct ctx *ctx, const struct dmn_model *m, struct instant now,
                         struct evaluation **ret)
{
    struct evaluation *e = ARENA_NEW(ctx->arena, struct evaluation);
    e->troubles =
        (struct feel_troubles){ARENA_ARRAY(ctx->arena, struct feel_trouble, TROUBLES), TROUBLES, 0};
    e->env = (struct feel_env){.now = now,
                               .now_offset_s = OFFICIAL_OFFSET_S,
                               .troubles = &e->troubles,
                               .zones = m->options.zones == NULL ? &feel_zones_of_world
                                                                 : m->options.zones};
    *ret = e;
    return run_new(ctx, &e->env, m, &e->record);
}

static void finish(const struct evaluation *e, struct feel_value v, struct dmn_result *ret)
{
    *ret = (struct dmn_result){.value = v,
                               .fired = e->record.p,
                               .fired_count = e->record.n,
                               .troubles = e->troubles.list,
                               .trouble_count =
                                   e->troubles.count < TROUBLES ? e->troubles.count : TROUBLES};
}

enum err dmn_decide(struct ctx *ctx, const struct dmn_model *m, const struct dmn_node *n,
                    const struct dmn_given *given, size_t count, struct instant now,
                    struct dmn_result *ret)
{
    struct evaluation *e = NULL;
    struct run *r = begin(ctx, m, now, &e);
    for (size_t i = 0; i < count; i++) {
        give(r, given[i].node, given[i].value);
    }
    if (r->state[n->index] == NODE_OUT) {
        r->state[n->index] = NODE_WANTED;
    }
    TRY(run_wanted(r));
    finish(e, r->values[n->index], ret);
    return ERR_OK;
}

enum err dmn_call(struct ctx *ctx, const struct dmn_model *m, const struct dmn_node *n,
                  const struct feel_entry *args, size_t count, struct instant now,
                  struct dmn_result *ret)
{
    struct evaluation *e = NULL;
    struct run *r = begin(ctx, m, now, &e);
    struct feel_value *values = ARENA_ARRAY(ctx->arena, struct feel_value, n->param_count);
    struct feel_value v = feel_null();
    for (size_t i = 0; i < n->param_count; i++) {
        for (size_t k = 0; k < count; k++) {
            values[i] = str_equal(args[k].key, n->params[i].name) ? args[k].value : values[i];
        }
    }
    r->state[n->index] = NODE_WANTED;
    TRY(run_wanted(r));
    TRY(feel_call(ctx, &e->env, r->values[n->index], values, n->param_count, &v));
    finish(e, v, ret);
    return ERR_OK;
}

struct gathering {
    struct arena *arena;
    struct dmn_given *p;
    size_t n, room;
};

static void gather_one(struct gathering *g, const struct dmn_node *n, struct feel_value v)
{
    if (g->n == g->room) {
        size_t room = g->room == 0 ? 16 : g->room * 2;
        g->p = arena_grow(g->arena, g->p, g->room * sizeof(*g->p), room * sizeof(*g->p));
        g->room = room;
    }
    g->p[g->n++] = (struct dmn_given){n, v};
}

/* Inputs, and decisions that are overridden, of a model and of those it imports, out of a context.
 * What an import without a name brings stands among the names of the model itself. */
static void gather(struct gathering *g, const struct module *m, struct feel_value inputs,
                   bool unnamed)
{
    for (size_t i = 0; i < m->node_count; i++) {
        bool takes = m->nodes[i]->kind == DMN_INPUT || m->nodes[i]->kind == DMN_DECISION;
        const struct feel_value *v = takes ? feel_get(inputs, m->nodes[i]->name) : NULL;
        if (v != NULL) {
            gather_one(g, m->nodes[i], *v);
        }
    }
    for (size_t i = 0; i < m->import_count; i++) {
        bool plain = m->imports[i].name.n == 0;
        const struct feel_value *own = !plain    ? feel_get(inputs, m->imports[i].name)
                                       : unnamed ? NULL
                                                 : &inputs;
        if (own != NULL && own->kind == FEEL_CONTEXT) {
            gather(g, m->imports[i].module, *own, plain);
        }
    }
}

enum err dmn_evaluate(struct ctx *ctx, const struct dmn_model *m, struct str decision,
                      struct feel_value inputs, struct instant now, struct dmn_result *ret)
{
    const struct dmn_node *n = dmn_find(m, DMN_DECISION, STR(""), decision);
    struct gathering g = {.arena = ctx->arena};
    if (n == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "the model has no decision \"%.*s\"", FMT(decision));
    }
    gather(&g, &m->modules[0], inputs, false);
    return dmn_decide(ctx, m, n, g.p, g.n, now, ret);
}

/* The input or decision of that name in a model, or in one it imports without a name; NULL when
 * there is none. */
static const struct dmn_node *named(const struct dmn_model *m, const struct module *in,
                                    struct str name)
{
    const struct dmn_node *n = dmn_find(m, DMN_INPUT, in->ns, name);
    n = n == NULL ? dmn_find(m, DMN_DECISION, in->ns, name) : n;
    for (size_t i = 0; n == NULL && i < in->import_count; i++) {
        if (in->imports[i].name.n == 0) {
            const struct str ns = in->imports[i].module->ns;
            n = dmn_find(m, DMN_INPUT, ns, name);
            n = n == NULL ? dmn_find(m, DMN_DECISION, ns, name) : n;
        }
    }
    return n;
}

static const struct module *imported(const struct module *in, struct str name)
{
    for (size_t i = 0; i < in->import_count; i++) {
        if (name.n > 0 && str_equal(in->imports[i].name, name)) {
            return in->imports[i].module;
        }
    }
    return NULL;
}

static enum err object_from_json(struct ctx *ctx, const struct dmn_model *m,
                                 const struct module *in, const struct json *j,
                                 struct feel_value *ret)
{
    struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, j->count);
    for (size_t i = 0; i < j->count; i++) {
        const struct json_member *member = &j->members[i];
        const struct dmn_node *n = named(m, in, member->key);
        const struct module *below =
            n == NULL && member->value.kind == JSON_OBJECT ? imported(in, member->key) : NULL;
        entries[i].key = member->key;
        enum err e = below != NULL
                         ? object_from_json(ctx, m, below, &member->value, &entries[i].value)
                         : feel_from_json(ctx, &member->value, n == NULL ? NULL : n->type,
                                          &entries[i].value);
        if (e != ERR_OK) {
            ctx->why.detail = str_format(ctx->arena, "the input \"%.*s\": %.*s", FMT(member->key),
                                         FMT(ctx->why.detail));
            return e;
        }
    }
    *ret = feel_context(entries, j->count);
    return ERR_OK;
}

enum err dmn_inputs_from_json(struct ctx *ctx, const struct dmn_model *m, const struct json *j,
                              struct feel_value *ret)
{
    if (j->kind != JSON_OBJECT) {
        return fault(ctx, ERR_TYPE, "the inputs are one JSON object, by the names of inputs");
    }
    return object_from_json(ctx, m, &m->modules[0], j, ret);
}
