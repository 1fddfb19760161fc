/* Every state a process can come to, by the engine itself: each event that is awaited may happen,
 * each condition may be true or false, a multi-instance activity has two instances. What happens
 * beside an activity happens once on a way. As far as LIMIT_BPMN_STATES reaches; a search that was
 * cut short tells only of what it saw.
 *
 * Two states are one when their tokens stand alike, whatever their numbers: a state's sign is a sum
 * over its tokens of a hash of place and of what stands inside.
 *
 * The same search also tells which markings a process can come to (markings_make): for each scope
 * the set of places in it that hold a token. A state that was carried over from another version is
 * held against them (carry.c): a token at a join that waits for a branch which, for this case, was
 * never opened, stands in a marking that the process itself never comes to. */
#include "bpmn/check_in.h"

#include <stdlib.h>

enum { PICKS_MAX = 64, TRIES_MAX = 512, STEPS_MAX = 100000, STEP_BYTES = 64 << 20 };

/* Choices of one step: replayed up to `given`, then the first each; odometer-like from try to try.
 */
struct chooser {
    unsigned picks[PICKS_MAX];
    unsigned ways[PICKS_MAX];
    size_t given;
    size_t count;
    bool over;
};

static unsigned choose(void *self, unsigned of)
{
    struct chooser *c = self;
    if (c->count == PICKS_MAX || of == 0) {
        c->over = true;
        return 0;
    }
    if (c->count >= c->given) {
        c->picks[c->count] = 0;
    }
    c->ways[c->count] = of;
    return c->picks[c->count++];
}

static bool choose_next(struct chooser *c)
{
    while (c->count > 0 && c->picks[c->count - 1] + 1 >= c->ways[c->count - 1]) {
        c->count--;
    }
    if (c->count == 0) {
        return false;
    }
    c->picks[c->count - 1]++;
    c->given = c->count;
    c->count = 0;
    return true;
}

struct node {
    uint64_t sign[2];
    struct str state;
    uint64_t fired; /* which events beside have happened */
    bool ended, stuck, completes;
};

struct edge {
    uint32_t from, to;
};

struct search {
    struct checker *c;
    struct ctx step;
    struct node *nodes;
    size_t count, room;
    uint32_t *slots; /* hash table of node numbers + 1 */
    size_t slot_count;
    struct edge *edges;
    size_t edge_count, edge_room;
    bool *entered;
    bool cut;
    size_t steps;
    uint64_t fired; /* of the node that is stepped */
    uint32_t from;
    struct bpmn_markings *markings; /* to be filled; NULL: not wanted */
};

/* ---- markings ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 32);
}

static int compare_places(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The marking of one scope: which places in it hold a token, however many. What is inside a place
 * is a marking of its own, so that five instances are told by what two of them can do. 0: none. */
static uint64_t marking_of(struct ctx *ctx, const struct bpmn_process *p,
                           const struct bpmn_state *s, uint32_t scope)
{
    uint64_t *places = ARENA_ARRAY(ctx->arena, uint64_t, s->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (t->scope == scope) {
            places[count++] = (uint64_t)t->what << 32 | (uint64_t)t->element << 16 | t->flow;
        }
    }
    if (count == 0) {
        return 0;
    }
    qsort(places, count, sizeof(*places), compare_places);
    uint64_t h = mix(19, scope == 0 ? 0 : (uint64_t)scope_element(p, s, scope) + 1);
    for (size_t i = 0; i < count; i++) {
        h = i > 0 && places[i] == places[i - 1] ? h : mix(h, places[i]);
    }
    return h == 0 ? 1 : h;
}

static size_t marking_slot(const struct bpmn_markings *m, uint64_t marking)
{
    size_t at = marking % m->slot_count;
    while (m->slots[at] != 0 && m->slots[at] != marking) {
        at = (at + 1) % m->slot_count;
    }
    return at;
}

static void marking_put(struct bpmn_markings *m, uint64_t marking)
{
    if (m->count < m->slot_count / 2) {
        size_t at = marking_slot(m, marking);
        m->count += m->slots[at] == 0;
        m->slots[at] = marking;
    } else {
        m->cut = true;
    }
}

/* The instances of a loop are alike places; how many stand where is no marking. */
static bool has_marking(const struct bpmn_state *s, uint32_t scope)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == scope) {
            return s->tokens[i].what != BPMN_BODY;
        }
    }
    return true;
}

static void note_markings(struct search *x, const struct bpmn_state *s)
{
    for (size_t i = 0; x->markings != NULL && i < s->count; i++) {
        if (has_marking(s, s->tokens[i].scope)) {
            marking_put(x->markings, marking_of(&x->step, x->c->p, s, s->tokens[i].scope));
        }
    }
}

bool markings_hold(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_markings *m,
                   const struct bpmn_state *s, size_t *ret_token)
{
    for (size_t i = 0; !m->cut && i < s->count; i++) {
        uint32_t scope = s->tokens[i].scope;
        uint64_t marking = has_marking(s, scope) ? marking_of(ctx, p, s, scope) : 0;
        if (marking != 0 && m->slots[marking_slot(m, marking)] == 0) {
            *ret_token = i;
            return false;
        }
    }
    return true;
}

/* ---- signs ---- */

/* Children stand after their scopes in no fixed order, so sums go up in rounds: deepest tokens
 * first. */
static void sign_of(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                    uint64_t fired, uint64_t ret[2])
{
    uint64_t *inside = ARENA_ARRAY(ctx->arena, uint64_t, s->count + 1);
    unsigned *depth = ARENA_ARRAY(ctx->arena, unsigned, s->count + 1);
    unsigned most = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        depth[i] = scope_depth(s, s->tokens[i].scope);
        most = depth[i] > most ? depth[i] : most;
    }
    for (unsigned d = most + 1; d-- > 0;) {
        for (size_t i = 0; i < s->count; i++) {
            const struct bpmn_token *t = &s->tokens[i];
            const struct bpmn_element *e = &p->elements[t->element];
            if (depth[i] != d) {
                continue;
            }
            bool counts = t->what == BPMN_BODY && e->loop->multi;
            uint64_t h =
                mix(mix(mix(t->element, t->flow), t->what), counts                  ? t->completed
                                                            : t->what == BPMN_RESET ? t->used_low
                                                                                    : 0);
            for (size_t k = 0; k < s->timer_count; k++) {
                h += s->timers[k].token == t->id ? mix(7, s->timers[k].element) : 0;
            }
            for (size_t k = 0; k < s->mark_count; k++) {
                h += s->marks[k].token == t->id
                         ? mix(mix(11, s->marks[k].element), s->marks[k].seen)
                         : 0;
            }
            h = mix(h, inside[i]);
            size_t up = 0;
            while (up < s->count && s->tokens[up].id != t->scope) {
                up++;
            }
            if (up < s->count) {
                inside[up] += h;
            } else {
                sum += h;
            }
        }
    }
    for (size_t i = 0; i < s->record_count; i++) {
        sum += mix(mix(13, s->records[i].element), s->records[i].by != 0);
    }
    for (size_t i = 0; i < s->timer_count; i++) {
        sum += s->timers[i].token == 0 ? mix(17, s->timers[i].element) : 0;
    }
    ret[0] = mix(sum, fired);
    ret[1] = mix(mix(0x1234567, sum), ~fired);
}

/* ---- nodes ---- */

/* The node of a state, made when it is new. UINT32_MAX when there is no room for more. */
static uint32_t node_of(struct search *x, const struct bpmn_state *s, uint64_t fired)
{
    struct ctx *ctx = x->c->ctx;
    uint64_t sign[2];
    struct str text = {0};
    sign_of(&x->step, x->c->p, s, fired, sign);
    size_t at = sign[0] % x->slot_count;
    for (; x->slots[at] != 0; at = (at + 1) % x->slot_count) {
        const struct node *n = &x->nodes[x->slots[at] - 1];
        if (n->sign[0] == sign[0] && n->sign[1] == sign[1]) {
            return x->slots[at] - 1;
        }
    }
    if (x->count == LIMIT_BPMN_STATES || bpmn_state_write(&x->step, x->c->p, s, &text) != ERR_OK) {
        x->cut = true;
        return UINT32_MAX;
    }
    x->nodes = bpmn_grow(ctx->arena, x->nodes, x->count, &x->room, sizeof(*x->nodes));
    x->nodes[x->count] = (struct node){.sign = {sign[0], sign[1]},
                                       .state = str_copy(ctx->arena, text),
                                       .fired = fired,
                                       .ended = s->count == 0};
    x->slots[at] = (uint32_t)++x->count;
    note_markings(x, s);
    return (uint32_t)x->count - 1;
}

static void edge_put(struct search *x, uint32_t to)
{
    x->edges =
        bpmn_grow(x->c->ctx->arena, x->edges, x->edge_count, &x->edge_room, sizeof(*x->edges));
    x->edges[x->edge_count++] = (struct edge){x->from, to};
}

static void note_entered(struct search *x, const struct bpmn_result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->effects[i].kind == BPMN_TRACED || r->effects[i].kind == BPMN_OPENED) {
            x->entered[r->effects[i].element] = true;
        }
    }
}

/* Two tokens at one place of one scope, though nothing happened beside: a split that nothing joins.
 */
static void look_for_twins(struct search *x, const struct bpmn_state *s, uint64_t fired)
{
    for (size_t i = 0; fired == 0 && i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        const struct bpmn_token *up = token_find((struct bpmn_state *)(uintptr_t)s, t->scope);
        for (size_t k = 0; k < i && !(up != NULL && up->what == BPMN_BODY); k++) {
            const struct bpmn_token *o = &s->tokens[k];
            if (o->element == t->element && o->scope == t->scope && o->flow == t->flow &&
                o->what == t->what) {
                finding_put(x->c, t->element,
                            "two tokens can be here at once, so what follows happens twice: a join "
                            "is missing before it");
            }
        }
    }
}

/* ---- steps ---- */

/* One event, with every way its choices can go. True when it can happen at all. */
static bool try_event(struct search *x, const struct bpmn_state *s, const struct bpmn_event *ev,
                      uint64_t fired)
{
    struct chooser chooser = {0};
    struct bpmn_oracle oracle = {.self = &chooser, .choose = choose};
    struct bpmn_input in = {.trace = true, .oracle = &oracle};
    bool any = false;
    for (int i = 0; i < TRIES_MAX; i++) {
        struct bpmn_result r;
        struct arena_mark mark = arena_mark(x->step.arena);
        enum err e = s == NULL ? bpmn_begin(&x->step, x->c->p, ev, &in, &r)
                               : bpmn_step(&x->step, x->c->p, s, ev, &in, &r);
        any = any || e == ERR_OK || e == ERR_TOO_MANY;
        x->cut = x->cut || chooser.over || (e != ERR_OK && e != ERR_CONFLICT && e != ERR_NOT_FOUND);
        if (e == ERR_OK) {
            note_entered(x, &r);
            look_for_twins(x, r.state, fired);
            uint32_t to = node_of(x, r.state, fired);
            if (to != UINT32_MAX && s != NULL) {
                edge_put(x, to);
            }
        }
        arena_reset(x->step.arena, mark);
        if (++x->steps > STEPS_MAX) {
            x->cut = true;
            return any;
        }
        if (!choose_next(&chooser)) {
            return any;
        }
        chooser.over = false;
    }
    x->cut = true;
    return any;
}

/* An event that stays possible after it happened would give states without end: once on a way is
 * enough. */
static bool try_beside(struct search *x, const struct bpmn_state *s, const struct bpmn_event *ev,
                       const struct bpmn_element *e, size_t element)
{
    uint64_t bit = e->interrupting ? 0 : (uint64_t)1 << (element % 64);
    if (bit != 0 && (x->fired & bit) != 0) {
        return false;
    }
    return try_event(x, s, ev, x->fired | bit);
}

static struct str id_of(const struct search *x, size_t element)
{
    return x->c->p->elements[element].id;
}

/* Each trigger of an event that listens at a token. thrower: who throws errors and escalations; 0
 * nobody. */
static bool try_triggers(struct search *x, const struct bpmn_state *s, uint16_t element,
                         uint32_t token, uint32_t thrower)
{
    const struct bpmn_element *e = &x->c->p->elements[element];
    bool any = false;
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        const struct bpmn_trigger *t = &e->triggers[i];
        struct bpmn_event ev = {.element = id_of(x, element)};
        switch (t->kind) {
        case BPMN_ON_MESSAGE: ev.kind = BPMN_MESSAGE; break;
        case BPMN_ON_SIGNAL:
            ev.kind = BPMN_SIGNAL;
            ev.name = t->name;
            break;
        case BPMN_ON_CONDITION: ev.kind = BPMN_CHANGE; break;
        case BPMN_ON_TIMER:
            ev = (struct bpmn_event){.kind = BPMN_TIMER};
            for (size_t k = 0; k < s->timer_count; k++) {
                if (s->timers[k].token == token && s->timers[k].element == element) {
                    ev.name = bpmn_timer_name(x->step.arena, x->c->p, &s->timers[k]);
                }
            }
            if (ev.name.n == 0) {
                continue;
            }
            break;
        case BPMN_ON_ERROR:
        case BPMN_ON_ESCALATION:
            if (thrower == 0) {
                continue;
            }
            ev =
                (struct bpmn_event){.kind = t->kind == BPMN_ON_ERROR ? BPMN_ERROR : BPMN_ESCALATION,
                                    .name = t->name,
                                    .token = thrower};
            break;
        case BPMN_ON_CANCEL:
        case BPMN_ON_COMPENSATION:
        case BPMN_ON_TERMINATE:
        case BPMN_ON_LINK: continue;
        }
        bool beside = e->kind == BPMN_BOUNDARY || e->kind == BPMN_START;
        any = (beside ? try_beside(x, s, &ev, e, element) : try_event(x, s, &ev, x->fired)) || any;
    }
    return any;
}

static bool try_subs(struct search *x, const struct bpmn_state *s, uint32_t scope, int32_t element)
{
    uint16_t count = 0;
    const uint16_t *subs = scope_subs(x->c->p, element, &count);
    uint32_t thrower = 0;
    bool any = false;
    for (size_t k = 0; k < s->count; k++) {
        bool open = s->tokens[k].scope == scope &&
                    is_activity(x->c->p->elements[s->tokens[k].element].kind);
        thrower = open && s->tokens[k].what != BPMN_UNDO ? s->tokens[k].id : thrower;
    }
    for (uint16_t i = 0; i < count && !scope_is_interrupted(x->c->p, s, scope); i++) {
        any = try_triggers(x, s, x->c->p->elements[subs[i]].starts[0], scope, thrower) || any;
    }
    return any;
}

/* Everything that can happen at one token. */
static bool try_token(struct search *x, const struct bpmn_state *s, const struct bpmn_token *t)
{
    const struct bpmn_process *p = x->c->p;
    const struct bpmn_element *e = &p->elements[t->element];
    bool at = t->what == BPMN_AT || t->what == BPMN_UNDOING;
    bool any = false;
    if (at && e->kind == BPMN_TASK) {
        any =
            try_event(x, s, &(struct bpmn_event){.kind = BPMN_COMPLETE, .token = t->id}, x->fired);
    }
    if (at && is_awaited(e)) {
        any = try_event(x, s, &(struct bpmn_event){.kind = BPMN_COMPLETE, .token = t->id},
                        x->fired) ||
              any;
    }
    for (uint16_t i = 0; e->kind == BPMN_EVENT_GATEWAY && i < e->out_count; i++) {
        uint16_t next = p->flows[e->out[i]].to;
        const struct bpmn_element *n = &p->elements[next];
        struct bpmn_event ev = {.kind = BPMN_MESSAGE, .element = n->id, .token = t->id};
        if (n->kind == BPMN_TASK && n->act_count > 0) {
            ev = (struct bpmn_event){.kind = BPMN_ACT, .name = n->acts[0], .token = t->id};
        }
        any = (n->kind == BPMN_TASK ? try_event(x, s, &ev, x->fired)
                                    : try_triggers(x, s, next, t->id, 0)) ||
              any;
    }
    for (uint16_t i = 0; i < e->attached_count && token_is_host(p, t); i++) {
        any = try_triggers(x, s, e->attached[i], t->id, t->id) || any;
    }
    if (t->what != BPMN_BODY && (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL)) {
        any = try_subs(x, s, t->id, e->kind == BPMN_CALL ? e->calls : (int32_t)t->element) || any;
    }
    return any;
}

static enum err try_node(struct search *x, uint32_t index)
{
    struct ctx *ctx = &x->step;
    struct arena_mark mark = arena_mark(x->step.arena);
    struct bpmn_state *s = NULL;
    bool any = x->nodes[index].ended;
    x->from = index;
    x->fired = x->nodes[index].fired;
    TRY(bpmn_state_read(ctx, x->c->p, x->nodes[index].state, &s));
    for (size_t i = 0; i < s->count; i++) {
        any = try_token(x, s, &s->tokens[i]) || any;
    }
    any = (s->count > 0 && try_subs(x, s, 0, NO_INDEX)) || any;
    x->nodes[index].stuck = !any;
    for (size_t i = 0; !any && i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (t->flow != NO_FLOW) {
            finding_put(x->c, t->element,
                        "a token can wait here for ever: another that it is to be joined with does "
                        "not come");
        }
    }
    arena_reset(x->step.arena, mark);
    return ERR_OK;
}

static void begin_everywhere(struct search *x)
{
    const struct bpmn_process *p = x->c->p;
    for (uint16_t i = 0; i < p->start_count; i++) {
        const struct bpmn_element *e = &p->elements[p->starts[i]];
        if (e->kind == BPMN_EVENT_GATEWAY) {
            for (uint16_t k = 0; k < e->out_count; k++) {
                try_event(x, NULL,
                          &(struct bpmn_event){.kind = BPMN_BEGIN,
                                               .element = p->elements[p->flows[e->out[k]].to].id},
                          0);
            }
        } else if (e->kind == BPMN_START || e->instantiate) {
            try_event(x, NULL, &(struct bpmn_event){.kind = BPMN_BEGIN, .element = e->id}, 0);
        } else {
            try_event(x, NULL, &(struct bpmn_event){.kind = BPMN_BEGIN}, 0);
            return;
        }
    }
}

/* Backwards from the ends; what they are not reached from goes round for ever. */
static void check_completion(struct search *x)
{
    bool stuck = false;
    for (size_t i = 0; i < x->count; i++) {
        x->nodes[i].completes = x->nodes[i].ended;
        stuck = stuck || x->nodes[i].stuck;
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = x->edge_count; i > 0; i--) {
            const struct edge *e = &x->edges[i - 1];
            if (x->nodes[e->to].completes && !x->nodes[e->from].completes) {
                x->nodes[e->from].completes = more = true;
            }
        }
    }
    for (size_t i = 0; i < x->count && !x->cut && !stuck; i++) {
        struct bpmn_state *s = NULL;
        if (!x->nodes[i].completes &&
            bpmn_state_read(&x->step, x->c->p, x->nodes[i].state, &s) == ERR_OK && s->count > 0) {
            finding_put(x->c, s->tokens[s->count - 1].element,
                        "once a token is here the process can never end");
            return;
        }
    }
}

static void check_entered(struct search *x)
{
    const struct bpmn_process *p = x->c->p;
    for (size_t i = 0; i < p->element_count && !x->cut; i++) {
        const struct bpmn_element *e = &p->elements[i];
        bool thrown =
            false; /* caught only when something inside throws it, or compensates: not looked for */
        for (uint16_t k = 0; k < e->trigger_count; k++) {
            enum bpmn_trigger_kind kind = e->triggers[k].kind;
            thrown = thrown || kind == BPMN_ON_CANCEL || kind == BPMN_ON_COMPENSATION ||
                     kind == BPMN_ON_ERROR || kind == BPMN_ON_ESCALATION;
        }
        bool aside = e->kind == BPMN_PROCESS || e->for_compensation || e->by_event || thrown ||
                     (e->scope >= 0 && p->elements[e->scope].by_event);
        if (!x->entered[i] && x->c->reached[i] && !aside) {
            finding_put(x->c, i, "whatever happens, no token ever comes here");
        }
    }
}

static void free_arena(void *a)
{
    arena_free(*(struct arena **)a);
}

static enum err search_all(struct checker *c, struct bpmn_markings *markings, struct search **ret)
{
    struct ctx *ctx = c->ctx;
    struct search *x = ARENA_NEW(ctx->arena, struct search);
    *x = (struct search){.c = c, .markings = markings};
    arena_defer(ctx->arena, free_arena, &x->step.arena);
    x->step.arena = arena_new(STEP_BYTES);
    if (x->step.arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for looking at the states of a process");
    }
    arena_guard_as(x->step.arena, ctx->arena);
    x->slot_count = 4 * (size_t)LIMIT_BPMN_STATES + 1;
    x->slots = ARENA_ARRAY(ctx->arena, uint32_t, x->slot_count);
    x->entered = ARENA_ARRAY(ctx->arena, bool, c->p->element_count + 1);
    begin_everywhere(x);
    for (uint32_t i = 0; i < x->count && x->steps <= STEPS_MAX; i++) {
        TRY(try_node(x, i));
    }
    *ret = x;
    return ERR_OK;
}

enum err explore(struct checker *c)
{
    struct ctx *ctx = c->ctx;
    struct search *x = NULL;
    TRY(search_all(c, NULL, &x));
    check_entered(x);
    check_completion(x);
    arena_clear(x->step.arena);
    return ERR_OK;
}

enum err markings_make(struct ctx *ctx, const struct bpmn_process *p,
                       const struct bpmn_markings **ret)
{
    struct bpmn_markings *m = ARENA_NEW(ctx->arena, struct bpmn_markings);
    struct checker c = {
        .ctx = ctx, .p = p, .reached = ARENA_ARRAY(ctx->arena, bool, p->element_count + 1)};
    struct search *x = NULL;
    m->slot_count = 8 * (size_t)LIMIT_BPMN_STATES + 1;
    m->slots = ARENA_ARRAY(ctx->arena, uint64_t, m->slot_count);
    TRY(search_all(&c, m, &x));
    m->cut = m->cut || x->cut || x->steps > STEPS_MAX;
    arena_clear(x->step.arena);
    *ret = m;
    return ERR_OK;
}
