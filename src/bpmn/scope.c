/* Tokens, and the scopes they hold open.
 *
 * A state is a flat list of tokens in the order in which they were placed. The tree of scopes is in
 * it by numbers: each token names the token it stands in, 0 for the process itself. A sub-process
 * or call that is entered leaves a token that stays while others stand inside it; a loop has one
 * more level, a body with one token for each instance. What is completed but can be undone is a
 * record, which has a number of the same series and can be a scope too, for it keeps its data.
 *
 * Two things follow. Inner tokens are younger than outer ones, so who looks from the end finds the
 * innermost first (event.c). And to take a scope away is to gather numbers outward in, and remove
 * them from the end (scope_clear). A token is looked for by walking the list: a case of law has
 * fewer than ten, and at LIMIT_BPMN_TOKENS a step still takes microseconds (bench/bpmn.c). */
#include "bpmn/bpmn_in.h"

void *bpmn_grow(struct arena *a, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return list;
    }
    size_t more = *room > 0   ? *room * 2
                  : size > 64 ? 2
                              : 4; /* most steps need one or two of the large ones */
    list = arena_grow(a, list, *room * size, more * size);
    *room = more;
    return list;
}

struct bpmn_token *token_find(struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == id) {
            return &s->tokens[i];
        }
    }
    return NULL;
}

uint32_t token_id(struct run *run)
{
    must(run->s->next_id < UINT32_MAX);
    return run->s->next_id++;
}

struct bpmn_token *token_put(struct run *run, struct bpmn_token t)
{
    struct bpmn_state *s = run->s;
    must(t.id > 0 && t.id < s->next_id && t.element < run->p->element_count);
    s->tokens = bpmn_grow(run->ctx->arena, s->tokens, s->count, &s->room, sizeof(*s->tokens));
    s->tokens[s->count] = t;
    return &s->tokens[s->count++];
}

static const struct bpmn_record *record_find(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].id == id) {
            return &s->records[i];
        }
    }
    return NULL;
}

uint32_t scope_parent(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == id) {
            return s->tokens[i].scope;
        }
    }
    const struct bpmn_record *r = record_find(s, id);
    return r == NULL ? 0 : r->scope;
}

unsigned scope_depth(const struct bpmn_state *s, uint32_t scope)
{
    unsigned depth = 0;
    for (; scope != 0 && depth <= LIMIT_BPMN_DEPTH; depth++) {
        scope = scope_parent(s, scope);
    }
    return depth;
}

int32_t scope_element(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (t->id == id) {
            const struct bpmn_element *e = &p->elements[t->element];
            return e->kind == BPMN_CALL && t->what != BPMN_BODY ? e->calls : t->element;
        }
    }
    const struct bpmn_record *r = record_find(s, id);
    return r == NULL ? NO_INDEX : r->element;
}

bool is_activity(enum bpmn_kind k)
{
    return k == BPMN_TASK || k == BPMN_PASS || k == BPMN_SUBPROCESS || k == BPMN_CALL;
}

bool is_awaited(const struct bpmn_element *e)
{
    return e->kind == BPMN_CATCH ||
           (e->kind == BPMN_START && e->scope < 0 && e->all_triggers && e->trigger_count > 1);
}

bool token_is_host(const struct bpmn_process *p, const struct bpmn_token *t)
{
    const struct bpmn_element *e = &p->elements[t->element];
    if (!is_activity(e->kind) || e->by_event || t->what == BPMN_UNDOING) {
        return false;
    }
    return e->loop == NULL || t->what == BPMN_BODY;
}

bool scope_is_empty(const struct bpmn_state *s, uint32_t scope)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].scope == scope && s->tokens[i].what != BPMN_RESET) {
            return false;
        }
    }
    return true;
}

const uint16_t *scope_subs(const struct bpmn_process *p, int32_t element, uint16_t *ret_count)
{
    *ret_count = element < 0 ? p->sub_count : p->elements[element].sub_count;
    return element < 0 ? p->subs : p->elements[element].subs;
}

bool scope_is_interrupted(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t scope)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        const struct bpmn_element *e = &p->elements[t->element];
        if (t->scope == scope && e->by_event && t->what == BPMN_AT &&
            p->elements[e->starts[0]].interrupting) {
            return true;
        }
    }
    return false;
}

/* Set the timers of a scope's event sub-processes. The scope is there, or is the process itself. */
enum err scope_listen(struct run *run, uint32_t scope)
{
    struct ctx *ctx = run->ctx;
    uint16_t count = 0;
    int32_t element = scope == 0 ? NO_INDEX : scope_element(run->p, run->s, scope);
    const uint16_t *subs = scope_subs(run->p, element, &count);
    for (uint16_t i = 0; i < count; i++) {
        TRY(timers_set(run, scope, run->p->elements[subs[i]].starts[0]));
    }
    return ERR_OK;
}

static void marks_drop(struct bpmn_state *s, uint32_t token)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].token != token) {
            s->marks[kept++] = s->marks[i];
        }
    }
    s->mark_count = kept;
}

/* An open activity that goes; what merely waited is only traced. */
static void tell_gone(struct run *run, const struct bpmn_token *t, const char *why)
{
    enum bpmn_kind kind = run->p->elements[t->element].kind;
    if (kind == BPMN_TASK || kind == BPMN_SUBPROCESS || kind == BPMN_CALL) {
        effect_put(run, (struct bpmn_effect){.kind = BPMN_CLOSED,
                                             .element = t->element,
                                             .token = t->id,
                                             .name = str_from(why)});
    } else {
        trace(run, t->element, t->id, why);
    }
}

void token_remove(struct run *run, uint32_t id, const char *why)
{
    struct bpmn_state *s = run->s;
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id != id) {
            continue;
        }
        struct bpmn_token t = s->tokens[i];
        memmove(s->tokens + i, s->tokens + i + 1, (s->count - i - 1) * sizeof(*s->tokens));
        s->count--;
        if (s->timer_count > 0) {
            timers_cancel(run, id, NO_INDEX);
        }
        if (why != NULL) {
            tell_gone(run, &t, why);
        }
        marks_drop(s, id);
        data_drop(run, id);
        if (s->record_count > 0) {
            records_drop(run, id);
            for (size_t k = 0; t.what == BPMN_UNDO && k < s->record_count; k++) {
                s->records[k].by = s->records[k].by == id ? 0 : s->records[k].by;
            }
        }
        return;
    }
}

static void moves_drop(struct run *run, uint32_t scope)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->move_count; i++) {
        if (run->moves[i].scope != scope) {
            run->moves[kept++] = run->moves[i];
        }
    }
    run->move_count = kept;
}

/* Inner scopes are found before outer ones are removed: a list of ids that grows while it is read.
 */
void scope_clear(struct run *run, uint32_t scope)
{
    struct bpmn_state *s = run->s;
    uint32_t *ids = ARENA_ARRAY(run->ctx->arena, uint32_t, s->count + s->record_count + 1);
    size_t count = 1;
    ids[0] = scope;
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < s->count; i++) {
            if (s->tokens[i].scope == ids[k]) {
                ids[count++] = s->tokens[i].id;
            }
        }
        for (size_t i = 0; i < s->record_count; i++) {
            if (s->records[i].scope == ids[k]) {
                ids[count++] = s->records[i].id;
            }
        }
        moves_drop(run, ids[k]);
    }
    while (--count > 0) {
        token_remove(run, ids[count], "cancelled");
    }
}
