/* Values of a process: where they live, who sees them, how they flow.
 *
 * Data objects, properties and data inputs are declared in a scope and live at its token (or at its
 * record, when it is completed and can be undone). Names that nothing declares live at the process
 * itself, one for the whole run (is_free): this is what makes a model without declarations work as
 * people expect, also through called processes.
 *
 * A name is looked up from the scope outward and the first found counts. The walk ends at the call
 * activity of a called process, which sees of its caller only what flows in; while the call's own
 * inputs and outputs are reckoned (run->own), it goes through. What an event brought is seen before
 * all else there. Counters of loops are not kept but read off the tokens.
 *
 * FEEL programs read slots, one for each name: only those a program uses are filled. */
#include "base/token.h"
#include "bpmn/bpmn_in.h"

const char *const bpmn_fixed_names[NAME_FIXED] = {"loopCounter",
                                                  "numberOfInstances",
                                                  "numberOfActiveInstances",
                                                  "numberOfCompletedInstances",
                                                  "numberOfTerminatedInstances",
                                                  "activationCount",
                                                  "waitingForStart"};

const struct feel_value *datum_get(const struct run *run, uint32_t scope, uint16_t name)
{
    for (size_t i = 0; i < run->s->datum_count; i++) {
        const struct bpmn_datum *d = &run->s->data[i];
        if (d->scope == scope && d->name == name) {
            return &d->value;
        }
    }
    return NULL;
}

void datum_set(struct run *run, uint32_t scope, uint16_t name, struct feel_value v)
{
    struct bpmn_state *s = run->s;
    size_t i = 0;
    while (i < s->datum_count && (s->data[i].scope != scope || s->data[i].name != name)) {
        i++;
    }
    if (i == s->datum_count) {
        s->data =
            bpmn_grow(run->ctx->arena, s->data, s->datum_count++, &s->datum_room, sizeof(*s->data));
    }
    s->data[i] = (struct bpmn_datum){scope, name, v};
}

void data_drop(struct run *run, uint32_t scope)
{
    struct bpmn_state *s = run->s;
    size_t kept = 0;
    for (size_t i = 0; i < s->datum_count; i++) {
        if (s->data[i].scope != scope) {
            s->data[kept++] = s->data[i];
        }
    }
    s->datum_count = kept;
}

void data_move(struct run *run, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < run->s->datum_count; i++) {
        run->s->data[i].scope = run->s->data[i].scope == from ? to : run->s->data[i].scope;
    }
}

/* A called process does not see what its caller declares: the walk outward ends at the call, unless
 * the call's own inputs and outputs are reckoned. */
static bool is_border(const struct run *run, uint32_t id, uint32_t start)
{
    const struct bpmn_token *t = token_find(run->s, id);
    return t != NULL && t->what != BPMN_BODY && run->p->elements[t->element].kind == BPMN_CALL &&
           !(run->own && id == start);
}

/* Counters of loops are not kept, they are read off the tokens. */
static bool fixed_value(const struct run *run, unsigned which, uint32_t id, struct feel_value *ret)
{
    const struct bpmn_token *t = token_find(run->s, id);
    const struct bpmn_token *body = t == NULL              ? NULL
                                    : t->what == BPMN_BODY ? t
                                                           : token_find(run->s, t->scope);
    if (body == NULL || body->what != BPMN_BODY || body->element != t->element) {
        return false;
    }
    uint32_t active = 0;
    for (size_t i = 0; i < run->s->count; i++) {
        active += run->s->tokens[i].scope == body->id;
    }
    const uint32_t values[] = {t == body ? body->begun : t->number, body->planned, active,
                               body->completed, body->begun - body->completed - active};
    *ret = feel_int(values[which]);
    return true;
}

static struct feel_value look_up(const struct run *run, uint32_t scope, uint16_t name)
{
    const struct bpmn_process *p = run->p;
    unsigned fixed = (unsigned)(name - p->outer_names);
    uint32_t id = scope;
    struct feel_value v = feel_null();
    const struct feel_value *brought =
        run->own && !feel_is_null(run->payload) ? feel_get(run->payload, p->names[name]) : NULL;
    if (brought != NULL) {
        return *brought;
    }
    for (unsigned depth = 0; !p->is_free[name] && depth <= LIMIT_BPMN_DEPTH; depth++) {
        const struct feel_value *found = datum_get(run, id, name);
        if (found != NULL) {
            return *found;
        }
        if (fixed <= NAME_TERMINATED && fixed_value(run, fixed, id, &v)) {
            return v;
        }
        if (id == 0 || is_border(run, id, scope)) {
            break;
        }
        id = scope_parent(run->s, id);
    }
    const struct feel_value *found = datum_get(run, 0, name);
    return found != NULL && p->is_free[name] ? *found : feel_null();
}

enum err evaluate(struct run *run, const struct bpmn_expression *e, uint32_t scope,
                  struct feel_value *ret)
{
    const struct bpmn_process *p = run->p;
    if (e->program == NULL) {
        *ret = feel_string(e->text);
        return ERR_OK;
    }
    struct feel_env env = {.slots = run->in->slots,
                           .now = run->in->now,
                           .now_offset_s = (int32_t)(OFFICIAL_OFFSET_MS / 1000)};
    if (p->name_count > p->outer_names) {
        if (run->slots == NULL) {
            run->slots = ARENA_ARRAY(run->ctx->arena, struct feel_value, p->name_count);
        }
        for (uint16_t i = 0; i < e->use_count; i++) {
            uint16_t name = e->uses[i];
            run->slots[name] = name >= p->outer_names   ? look_up(run, scope, name)
                               : run->in->slots == NULL ? feel_null()
                                                        : run->in->slots[name];
        }
        env.slots = run->slots;
    }
    return feel_eval(run->ctx, e->program, &env, ret);
}

bool holds(struct run *run, const struct bpmn_expression *e, uint32_t scope)
{
    struct feel_value v;
    if (e == NULL) {
        return true;
    }
    if (run->in->oracle != NULL) {
        return run->in->oracle->choose(run->in->oracle->self, 2) == 1;
    }
    return evaluate(run, e, scope, &v) == ERR_OK && feel_is_true(v);
}

static bool declares(const struct bpmn_data *d, uint16_t name)
{
    for (uint16_t i = 0; d != NULL && i < d->declare_count; i++) {
        if (d->declares[i] == name) {
            return true;
        }
    }
    return false;
}

static bool declared_at(const struct run *run, uint32_t id, uint16_t name)
{
    const struct bpmn_process *p = run->p;
    const struct bpmn_token *t = token_find(run->s, id);
    if (id == 0) {
        return declares(p->data, name);
    }
    uint16_t element = 0;
    for (size_t i = 0; t == NULL && i < run->s->record_count; i++) {
        if (run->s->records[i].id == id) {
            return declares(p->elements[run->s->records[i].element].data, name);
        }
    }
    if (t == NULL) {
        return false;
    }
    element = t->element;
    const struct bpmn_element *e = &p->elements[element];
    return declares(e->data, name) ||
           (e->kind == BPMN_CALL && e->calls >= 0 && declares(p->elements[e->calls].data, name));
}

void data_assign(struct run *run, uint32_t scope, uint16_t name, struct feel_value v)
{
    uint32_t id = scope;
    for (unsigned depth = 0; !run->p->is_free[name] && depth <= LIMIT_BPMN_DEPTH; depth++) {
        if (declared_at(run, id, name) || datum_get(run, id, name) != NULL) {
            datum_set(run, id, name, v);
            return;
        }
        if (id == 0) {
            break;
        }
        id = is_border(run, id, UINT32_MAX) ? 0 : scope_parent(run->s, id);
    }
    datum_set(run, 0, name, v);
}

/* A copy of the context `old` in which the member at path is v. */
static struct feel_value with_member(struct arena *a, struct feel_value old, struct str path,
                                     struct feel_value v)
{
    struct str keys[16];
    size_t depth = 0;
    struct feel_value below[16];
    for (struct str rest = path; rest.n > 0 && depth < LEN(keys); depth++) {
        keys[depth] = str_trim(str_cut(rest, '.', &rest));
        below[depth] = old;
        const struct feel_value *next = feel_get(old, keys[depth]);
        old = next == NULL ? feel_null() : *next;
    }
    while (depth-- > 0) {
        struct feel_value c = below[depth];
        uint32_t count = c.kind == FEEL_CONTEXT ? c.n : 0;
        struct feel_entry *entries = ARENA_ARRAY(a, struct feel_entry, count + 1);
        uint32_t at = count;
        for (uint32_t i = 0; i < count; i++) {
            entries[i] = c.entries[i];
            at = str_equal(entries[i].key, keys[depth]) ? i : at;
        }
        entries[at] = (struct feel_entry){keys[depth], v};
        v = feel_context(entries, at == count ? count + 1 : count);
    }
    return v;
}

/* Sources are read at `scope`, what an event brought before all else; targets are set at `to`, or
 * where they are declared from there outward. */
enum err data_flow(struct run *run, const struct bpmn_assign *list, uint16_t count, uint32_t scope,
                   uint32_t to)
{
    struct ctx *ctx = run->ctx;
    if (run->in->oracle != NULL) {
        return ERR_OK;
    }
    for (uint16_t i = 0; i < count; i++) {
        const struct bpmn_assign *a = &list[i];
        struct feel_value v;
        run->own = true;
        enum err e = evaluate(run, a->from, scope, &v);
        run->own = false;
        TRY(e);
        uint16_t name = (uint16_t)a->to;
        if (a->path.n > 0) {
            v = with_member(ctx->arena, look_up(run, to, name), a->path, v);
        }
        if (a->inward) {
            datum_set(run, to, name, v);
        } else {
            data_assign(run, to, name, v);
        }
    }
    return ERR_OK;
}

static bool uses(const struct bpmn_expression *e, size_t name)
{
    for (uint16_t i = 0; e != NULL && i < e->use_count; i++) {
        if (e->uses[i] == name) {
            return true;
        }
    }
    return false;
}

bool bpmn_reads(const struct bpmn_process *p, struct str name)
{
    size_t index = p->outer_names;
    while (index < p->name_count && !str_equal(p->names[index], name)) {
        index++;
    }
    bool hit = false;
    for (size_t i = 0; i < p->flow_count; i++) {
        hit = hit || uses(p->flows[i].condition, index);
    }
    for (size_t i = 0; i < p->element_count && !hit; i++) {
        const struct bpmn_element *e = &p->elements[i];
        hit = uses(e->expression, index);
        for (uint16_t k = 0; k < e->trigger_count; k++) {
            hit = hit || uses(e->triggers[k].expression, index);
        }
        const struct bpmn_loop *l = e->loop;
        hit = hit || (l != NULL && (uses(l->condition, index) || uses(l->cardinality, index) ||
                                    uses(l->collection, index)));
        for (uint16_t k = 0; e->data != NULL && k < e->data->input_count; k++) {
            hit = hit || uses(e->data->inputs[k].from, index);
        }
        for (uint16_t k = 0; e->data != NULL && k < e->data->output_count; k++) {
            hit = hit || uses(e->data->outputs[k].from, index);
        }
    }
    return hit;
}

enum err data_take(struct run *run, uint32_t scope, struct feel_value values)
{
    const struct bpmn_process *p = run->p;
    for (uint32_t i = 0; values.kind == FEEL_CONTEXT && i < values.n; i++) {
        size_t name = p->outer_names;
        while (name < p->name_count && !str_equal(p->names[name], values.entries[i].key)) {
            name++;
        }
        if (name == p->name_count || name < p->outer_names + NAME_FIXED) {
            return fault(run->ctx, ERR_UNKNOWN_NAME, "process %.*s has no data \"%.*s\"",
                         FMT(p->id), FMT(values.entries[i].key));
        }
        data_assign(run, scope, (uint16_t)name, values.entries[i].value);
    }
    return ERR_OK;
}
