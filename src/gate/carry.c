/* Law comes into force that carries cases over: a transition `new` of a pack (docs/law-packs.md).
 *
 * A case comes under the new law at the place where it stands (bpmn_carry says what that is), and
 * its clocks under the limits of that place:
 *
 *   a clock of a limit that an open activity or a timer had before and none has any more ends;
 *   one that is new for the place begins, on the day of the transition;
 *   all that go on are counted anew by the new limits, from the day they began.
 *
 * A case that has no place in the new procedure keeps the law it began under, and gate_kept says
 * so: since which publication, at which step, and how it does not fit. So does one whose item the
 * new law does not know, or knows with no procedure.
 *
 * All of it follows from the case as it stood and the publication; when it is done is said in
 * catch_up.c. */
#include "base/json_make.h"
#include "gate/gate_in.h"

/* Two versions of a procedure, as the cases of this publication need them. */
struct known_change {
    const struct bpmn_process *from, *to;
    const struct bpmn_change *change;
};

static enum err change_of(struct ctx *ctx, struct carry_over *c, const struct bpmn_process *from,
                          const struct bpmn_process *to, const struct bpmn_change **ret)
{
    struct ctx lasting = *ctx;
    lasting.arena = c->arena;
    for (size_t i = 0; i < c->known_count; i++) {
        if (c->known[i].from == from && c->known[i].to == to) {
            *ret = c->known[i].change;
            return ERR_OK;
        }
    }
    enum err e = bpmn_change_make(&lasting, from, to, ret);
    if (e != ERR_OK) {
        return fault(ctx, e, "%.*s", FMT(str_copy(ctx->arena, lasting.why.detail)));
    }
    if (c->known_count == c->known_room) {
        size_t room = c->known_room + 16;
        c->known = arena_grow(c->arena, c->known, c->known_room * sizeof(*c->known),
                              room * sizeof(*c->known));
        c->known_room = room;
    }
    c->known[c->known_count++] = (struct known_change){from, to, *ret};
    return ERR_OK;
}

static enum err keep_law(struct ctx *ctx, struct carry_over *c, struct str case_id,
                         struct str element, const char *why)
{
    return gate_kept_set(ctx, c->db,
                         (struct gate_kept_set_in){.case_id = case_id,
                                                   .seq = c->at.seq,
                                                   .day = c->at.day.n,
                                                   .element = element,
                                                   .why = str_from(why)});
}

/* The limits whose clocks run while a case stands so: those of its open activities and timers. */
struct limits {
    const struct limit **list;
    size_t count;
};

static bool limits_have(const struct limits *l, struct str id)
{
    for (size_t i = 0; i < l->count; i++) {
        if (str_equal(l->list[i]->id, id)) {
            return true;
        }
    }
    return false;
}

static void limit_put(struct limits *l, const struct question *q, uint16_t element)
{
    const struct bpmn_element *e = &q->item->procedure->elements[element];
    const struct limit *limit = e->limit.n == 0 ? NULL : law_limit_for(q->law, q->item, e->limit);
    if (limit != NULL && !limits_have(l, limit->id)) {
        l->list[l->count++] = limit;
    }
}

static struct limits limits_of(struct arena *a, const struct question *q,
                               const struct bpmn_state *s)
{
    struct limits l = {.list = ARENA_ARRAY(a, const struct limit *, s->count + s->timer_count + 1)};
    for (size_t i = 0; i < s->count; i++) {
        if (is_limited(&q->item->procedure->elements[s->tokens[i].element])) {
            limit_put(&l, q, s->tokens[i].element);
        }
    }
    for (size_t i = 0; i < s->timer_count; i++) {
        limit_put(&l, q, s->timers[i].element);
    }
    return l;
}

/* Begin what is new, end what is gone, count all that runs by the new law. */
static enum err carry_clocks(struct ctx *ctx, struct question *q, const struct limits *before,
                             const struct limits *after)
{
    for (size_t i = 0; i < after->count; i++) {
        if (!limits_have(before, after->list[i]->id)) {
            TRY(clock_start(ctx, q, after->list[i]));
        }
    }
    for (size_t i = 0; i < before->count; i++) {
        if (!limits_have(after, before->list[i]->id)) {
            clock_end(q, before->list[i]->id);
        }
    }
    return clocks_count(ctx, q);
}

/* The rows of its timers: those that are cancelled go, all others have the limit that the new law
 * gives them, and end with its clock. */
static enum err carry_timers(struct ctx *ctx, struct carry_over *c, struct question *q,
                             const struct bpmn_carried *carried)
{
    const struct bpmn_process *p = q->item->procedure;
    const struct bpmn_state *s = carried->to.state;
    for (size_t i = 0; i < carried->to.count; i++) {
        const struct bpmn_effect *e = &carried->to.effects[i];
        if (e->kind == BPMN_TIMER_CANCEL) {
            TRY(gate_timer_remove(
                ctx, c->db,
                (struct gate_timer_remove_in){.case_id = q->row.id, .timer = e->timer}));
        }
    }
    for (size_t i = 0; i < s->timer_count; i++) {
        struct gate_timer_set_in row;
        TRY(timer_row(ctx, q, s->timers[i].element, bpmn_timer_name(ctx->arena, p, &s->timers[i]),
                      q->row.id, &row));
        TRY(gate_timer_set(ctx, c->db, row));
    }
    return ERR_OK;
}

static struct str status_of(const struct question *q, const struct bpmn_carried *carried)
{
    struct str status = q->row.status;
    for (size_t i = 0; i < carried->to.count; i++) {
        const struct bpmn_effect *e = &carried->to.effects[i];
        if (e->kind == BPMN_STATUS && str_equal(e->name, q->row.status)) {
            status = e->status;
        }
    }
    return status;
}

static enum err status_tell(struct ctx *ctx, struct carry_over *c, const struct question *q,
                            struct str status)
{
    for (size_t i = 0; !str_equal(status, q->row.status) && i < c->g->room_count; i++) {
        if (c->g->rooms[i]->status != NULL) {
            TRY(c->g->rooms[i]->status(ctx, c->db, q->row.id, status));
        }
    }
    return ERR_OK;
}

/* Under the new law, where it stood. */
static enum err move_case(struct ctx *ctx, struct carry_over *c, struct question *q,
                          const struct limits *before, const struct bpmn_carried *carried)
{
    struct str tokens = {0};
    struct str status = status_of(q, carried);
    struct limits after = limits_of(ctx->arena, q, carried->to.state);
    TRY(bpmn_state_write(ctx, q->item->procedure, carried->to.state, &tokens));
    TRY(carry_clocks(ctx, q, before, &after));
    TRY(carry_timers(ctx, c, q, carried));
    TRY(gate_case_law(ctx, c->db,
                      (struct gate_case_law_in){.id = q->row.id,
                                                .law_seq = c->at.seq,
                                                .law_day = c->at.day.n,
                                                .status = status,
                                                .tokens = tokens}));
    TRY(status_tell(ctx, c, q, status));
    TRY(gate_kept_remove(ctx, c->db, (struct gate_kept_remove_in){.case_id = q->row.id}));
    TRY(subjects_store(ctx, c->db, q, q->row.id, q->row.last_seq));
    TRY(owed_mark(ctx, c->db, q, q->row.id, owed_kind(q, carried->to.state)));
    TRY(clocks_store(ctx, c->db, q, q->row.id));
    return due_tell(ctx, c->g, c->db, q);
}

/* The question in which a case is: as it was, under its own law. */
static enum err question_of(struct ctx *ctx, struct carry_over *c, struct str id,
                            struct question *ret, bool *ret_found)
{
    static const struct draft none = {0};
    *ret = (struct question){.draft = &none,
                             .day = c->at.day,
                             .at = day_start(c->at.day),
                             .law_now = c->law,
                             .has_case = true};
    TRY(gate_case_get(ctx, c->db, (struct gate_case_get_in){.id = id}, &ret->row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    TRY(book_law(ctx, c->g->book, c->db, ret->row.law_seq, (struct day){(int32_t)ret->row.law_day},
                 &ret->law));
    ret->item = law_item(ret->law, ret->row.item);
    return json_parse(ctx, ret->row.facts, STR("facts"), &ret->facts);
}

enum err carry_case(struct ctx *ctx, struct carry_over *c, struct str id)
{
    struct question q;
    struct bpmn_state *state = NULL;
    struct bpmn_carried carried;
    const struct bpmn_change *change = NULL;
    bool found = false;
    TRY(question_of(ctx, c, id, &q, &found));
    /* It is under that law: it began on that day, or another pack that begins with this one carried
     * it over. */
    bool is_there =
        q.row.law_day > c->at.day.n || (q.row.law_day == c->at.day.n && q.row.law_seq >= c->at.seq);
    if (!found || is_there || q.row.closed != 0 || q.item == NULL || q.item->procedure == NULL ||
        law_transition(c->law, c->pack, q.row.item) == NULL) {
        return ERR_OK;
    }
    const struct item *item = law_item(c->law, q.row.item);
    if (item == NULL || item->procedure == NULL) {
        return keep_law(ctx, c, id, STR(""), "item");
    }
    TRY(bpmn_state_read(ctx, q.item->procedure, q.row.tokens, &state));
    TRY(change_of(ctx, c, q.item->procedure, item->procedure, &change));
    const struct bpmn_input in = {.now = q.at};
    TRY(bpmn_carry(ctx, change, state, &in, &carried));
    if (carried.misfit != BPMN_FITS) {
        return keep_law(ctx, c, id, carried.element, bpmn_misfit_word(carried.misfit));
    }
    struct limits before = limits_of(ctx->arena, &q, state);
    q.law = c->law;
    q.law_seq = c->at.seq;
    q.item = item;
    TRY(clocks_load(ctx, c->db, &q));
    return move_case(ctx, c, &q, &before, &carried);
}

static void free_arena(void *slot)
{
    arena_free(*(struct arena **)slot);
}

enum err carry_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                     struct carry_over *ret)
{
    *ret = (struct carry_over){.g = g, .db = db, .pack = x->pack, .at = x->after};
    TRY(book_law(ctx, g->book, db, x->after.seq, x->after.day, &ret->law));
    ret->carries = ret->law != NULL && law_has_transition(ret->law, x->pack);
    if (!ret->carries) {
        return ERR_OK;
    }
    /* Who gives it back is noted before there is anything: noting may find no memory. */
    struct arena **slot = ARENA_NEW(ctx->arena, struct arena *);
    arena_defer(ctx->arena, free_arena, slot);
    ret->arena = *slot = arena_new((size_t)LIMIT_CARRY_OVER_BYTES);
    if (ret->arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for carrying cases over");
    }
    arena_guard_as(ret->arena, ctx->arena);
    return ERR_OK;
}
