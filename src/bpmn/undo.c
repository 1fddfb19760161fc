/* Compensation: undoing what was completed, the last completed first.
 *
 * A completed activity that can be undone leaves a record in its scope; a completed sub-process
 * keeps the records and data inside it as long as its own record stands. An event that throws
 * compensation leaves a token (BPMN_UNDO), marks the records it is to undo as its own, and takes
 * them one after another: a handler is opened as a token that names the undoing token and the
 * record (BPMN_UNDOING), and when it completes the record goes and the next is taken. So a
 * compensation that waits for a person rests in the state like anything else.
 *
 * A sub-process is undone by its own handler, else by its compensation event sub-process, else by
 * undoing what stands inside it. A cancelled transaction undoes all of itself, and then leaves by
 * its cancel event. */
#include "bpmn/bpmn_in.h"

static int32_t undo_sub(const struct bpmn_process *p, const struct bpmn_element *e)
{
    for (uint16_t i = 0; i < e->sub_count; i++) {
        const struct bpmn_element *start = &p->elements[p->elements[e->subs[i]].starts[0]];
        if (start->trigger_count > 0 && start->triggers[0].kind == BPMN_ON_COMPENSATION) {
            return e->subs[i];
        }
    }
    return NO_INDEX;
}

static bool has_records(const struct bpmn_state *s, uint32_t scope)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].scope == scope) {
            return true;
        }
    }
    return false;
}

void record_put(struct run *run, const struct bpmn_token *t)
{
    struct bpmn_state *s = run->s;
    const struct bpmn_element *e = &run->p->elements[t->element];
    bool inner = e->kind == BPMN_SUBPROCESS && !e->by_event &&
                 (has_records(s, t->id) || undo_sub(run->p, e) >= 0);
    if ((e->handler < 0 && !inner) || s->record_count >= LIMIT_BPMN_TOKENS) {
        return;
    }
    uint32_t id = token_id(run);
    for (size_t i = 0; i < s->record_count; i++) {
        s->records[i].scope = s->records[i].scope == t->id ? id : s->records[i].scope;
    }
    s->records = bpmn_grow(run->ctx->arena, s->records, s->record_count, &s->record_room,
                           sizeof(*s->records));
    s->records[s->record_count++] = (struct bpmn_record){id, t->element, t->scope, 0};
    data_move(run, t->id, id);
}

/* The records of a scope that is gone, and those inside them. */
void records_drop(struct run *run, uint32_t scope)
{
    struct bpmn_state *s = run->s;
    for (bool again = true; again;) {
        size_t kept = 0;
        again = false;
        for (size_t i = 0; i < s->record_count; i++) {
            struct bpmn_record r = s->records[i];
            bool parent_there =
                r.scope != scope && (r.scope == 0 || token_find(s, r.scope) != NULL);
            for (size_t k = 0; !parent_there && r.scope != scope && k < s->record_count; k++) {
                parent_there = s->records[k].id == r.scope;
            }
            if (parent_there) {
                s->records[kept++] = r;
            } else {
                data_drop(run, r.id);
                again = true;
            }
        }
        s->record_count = kept;
    }
}

void records_clear(struct run *run)
{
    for (size_t i = 0; i < run->s->record_count; i++) {
        data_drop(run, run->s->records[i].id);
    }
    run->s->record_count = 0;
}

static void record_remove(struct run *run, uint32_t id)
{
    struct bpmn_state *s = run->s;
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].id == id) {
            memmove(s->records + i, s->records + i + 1,
                    (s->record_count - i - 1) * sizeof(*s->records));
            s->record_count--;
            break;
        }
    }
    data_drop(run, id);
    records_drop(run, id);
}

/* Mark what is to be undone: an activity by its own handler, else what stands inside it. */
static void mark_records(struct run *run, uint32_t scope, int32_t only, uint32_t by)
{
    struct bpmn_state *s = run->s;
    uint32_t *open = ARENA_ARRAY(run->ctx->arena, uint32_t, s->record_count + 1);
    size_t count = 1;
    open[0] = scope;
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < s->record_count; i++) {
            struct bpmn_record *r = &s->records[i];
            if (r->scope != open[k] || r->by != 0 || (k == 0 && only >= 0 && r->element != only)) {
                continue;
            }
            const struct bpmn_element *e = &run->p->elements[r->element];
            r->by = by;
            if (e->handler < 0 && undo_sub(run->p, e) < 0) {
                open[count++] = r->id;
            }
        }
    }
}

/* Does something marked still stand inside it? */
static bool holds_marked(const struct bpmn_state *s, uint32_t record, uint32_t by)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].scope == record && s->records[i].by == by) {
            return true;
        }
    }
    return false;
}

/* A cancelled transaction: out by its cancel event. */
static enum err cancelled(struct run *run, uint32_t transaction)
{
    const struct bpmn_token *found = token_find(run->s, transaction);
    const struct bpmn_token *body = found == NULL ? NULL : token_find(run->s, found->scope);
    if (found == NULL) {
        return ERR_OK;
    }
    struct bpmn_token t =
        body != NULL && body->what == BPMN_BODY && body->element == found->element ? *body : *found;
    const struct bpmn_element *e = &run->p->elements[t.element];
    scope_clear(run, t.id);
    token_remove(run, t.id, "cancelled");
    for (uint16_t i = 0; i < e->attached_count; i++) {
        const struct bpmn_element *b = &run->p->elements[e->attached[i]];
        if (b->triggers[0].kind == BPMN_ON_CANCEL) {
            trace(run, e->attached[i], t.id, "occurred");
            status_put(run, e->attached[i]);
            return leave(run, e->attached[i], t.scope, t.id);
        }
    }
    scope_check(run, t.scope);
    return ERR_OK;
}

static enum err undo_done(struct run *run, const struct bpmn_token *t)
{
    struct bpmn_token undo = *t;
    const struct bpmn_element *e = &run->p->elements[undo.element];
    bool cancels = false;
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        cancels = cancels || e->triggers[i].kind == BPMN_ON_CANCEL;
    }
    token_remove(run, undo.id, NULL);
    if (cancels) {
        return cancelled(run, undo.scope);
    }
    if (undo.went_on == 1 || e->kind == BPMN_END) {
        scope_check(run, undo.scope);
        return ERR_OK;
    }
    return leave(run, undo.element, undo.scope, undo.id);
}

/* The last completed of what is marked. */
static const struct bpmn_record *next_record(const struct bpmn_state *s, uint32_t by)
{
    for (size_t i = s->record_count; i > 0; i--) {
        const struct bpmn_record *r = &s->records[i - 1];
        if (r->by == by && !holds_marked(s, r->id, by)) {
            return r;
        }
    }
    return NULL;
}

enum err undo_next(struct run *run, uint32_t token, uint32_t done)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_state *s = run->s;
    for (size_t i = 0; done != 0 && i < s->record_count; i++) {
        if (s->records[i].id == done) {
            trace(run, s->records[i].element, done, "compensated");
        }
    }
    if (done != 0) {
        record_remove(run, done);
    }
    const struct bpmn_token *undo = token_find(s, token);
    if (undo == NULL) {
        return ERR_OK;
    }
    for (const struct bpmn_record *next = next_record(s, token); next != NULL;
         next = next_record(s, token)) {
        struct bpmn_record r = *next;
        const struct bpmn_element *e = &run->p->elements[r.element];
        int32_t sub = e->kind == BPMN_SUBPROCESS ? undo_sub(run->p, e) : NO_INDEX;
        if (e->handler >= 0) {
            status_put(run, (uint16_t)e->handler);
            return activity_open(run, (struct bpmn_token){.id = token_id(run),
                                                          .element = (uint16_t)e->handler,
                                                          .scope = r.scope,
                                                          .flow = NO_FLOW,
                                                          .what = BPMN_UNDOING,
                                                          .undo = token,
                                                          .record = r.id});
        }
        if (sub >= 0) {
            TRY(sub_start(run, (uint16_t)sub, r.id));
            struct bpmn_token *t = &s->tokens[s->count - 1];
            t->what = BPMN_UNDOING;
            t->undo = token;
            t->record = r.id;
            return ERR_OK;
        }
        trace(run, r.element, r.id, "compensated");
        record_remove(run, r.id);
    }
    return undo_done(run, token_find(s, token));
}

enum err undo_begin(struct run *run, uint16_t element, uint32_t scope, uint32_t token,
                    const struct bpmn_trigger *t)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_state *s = run->s;
    int32_t inside = scope == 0 ? NO_INDEX : scope_element(run->p, s, scope);
    bool from_sub = inside >= 0 && run->p->elements[inside].by_event;
    uint32_t target = from_sub ? scope_parent(s, scope) : scope;
    token_put(
        run,
        (struct bpmn_token){
            .id = token, .element = element, .scope = scope, .flow = NO_FLOW, .what = BPMN_UNDO});
    trace(run, element, token, "compensating");
    mark_records(run, target, t->target, token);
    if (from_sub && t->target >= 0) {
        mark_records(run, scope, t->target, token);
    }
    if (!t->wait && t->kind == BPMN_ON_COMPENSATION &&
        run->p->elements[element].kind == BPMN_THROW) {
        s->tokens[s->count - 1].went_on = 1;
        TRY(leave(run, element, scope, token_id(run)));
    }
    return undo_next(run, token, 0);
}
