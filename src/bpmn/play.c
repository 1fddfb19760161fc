/* A script for a process: JSON lines in, a trace in JSON lines out. docs/bpmn.md is the manual of
 * both.
 *
 * The player holds the state as the text of state.c, and each line of the script reads it, steps,
 * and writes it again, as the gate does between two acts: what a script proves holds for stored
 * cases. All a line needs lies on an arena that is reset before the next, so a script may be as
 * long as it likes. Time moves only by "advance": timers that end until then act one after another
 * in the order of their times, and what follows from each is worked off before the next. */
#include "base/json.h"
#include "base/json_make.h"
#include "base/token.h"
#include "bpmn/bpmn_in.h"
#include "bpmn/look.h"

enum { STEP_BYTES = 256 << 20 };

struct line {
    struct json json;
    uint32_t number;
};

struct player {
    struct ctx *ctx; /* lasts */
    struct ctx step; /* forgotten after each line */
    const struct bpmn_script *script;
    const struct bpmn_process *p;
    struct line *lines;
    size_t line_count;
    struct buf state; /* as written; empty before it begins */
    struct instant now;
    bool *by_hand; /* elements that the script completes, or lets fail */
    bool ended;
    bool good;
};

/* ---- reading ---- */

static bool is_comment(struct str s)
{
    return s.n == 0 || s.p[0] == '#' || str_starts(s, STR("//"));
}

static enum err line_put(struct player *pl, size_t *room, struct json j, uint32_t number)
{
    if (j.kind != JSON_OBJECT) {
        return fault_at(pl->ctx, ERR_SYNTAX, pl->script->text_file, number, 0,
                        "a line of a script is a JSON object");
    }
    pl->lines = bpmn_grow(pl->ctx->arena, pl->lines, pl->line_count, room, sizeof(*pl->lines));
    pl->lines[pl->line_count++] = (struct line){j, number};
    return ERR_OK;
}

/* JSON lines; or one JSON array of the same objects. */
static enum err read_script(struct player *pl)
{
    struct ctx *ctx = pl->ctx;
    const struct bpmn_script *s = pl->script;
    size_t room = 0;
    uint32_t number = 0;
    struct json j;
    if (s->text.n > LIMIT_BPMN_SCRIPT_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, s->text_file, 0, 0,
                        "the script is larger than %d bytes", LIMIT_BPMN_SCRIPT_BYTES);
    }
    if (str_starts(str_trim(s->text), STR("["))) {
        TRY(json_parse(ctx, s->text, s->text_file, &j));
        for (size_t i = 0; i < j.count; i++) {
            uint32_t column = 0;
            json_place(s->text, j.items[i].offset, &number, &column);
            TRY(line_put(pl, &room, j.items[i], number));
        }
        return ERR_OK;
    }
    for (struct str rest = s->text; rest.n > 0;) {
        struct str text = str_trim(str_cut(rest, '\n', &rest));
        number++;
        if (is_comment(text)) {
            continue;
        }
        enum err e = json_parse(ctx, text, s->text_file, &j);
        if (e != ERR_OK) {
            return fault_at(ctx, e, s->text_file, number, ctx->why.column, "%.*s",
                            FMT(ctx->why.detail));
        }
        TRY(line_put(pl, &room, j, number));
    }
    return ERR_OK;
}

/* The names of all data that the script brings. */
static enum err read_variables(struct player *pl, struct bpmn_options *o)
{
    struct str *names = NULL;
    size_t room = 0;
    size_t count = 0;
    for (size_t i = 0; i < pl->line_count; i++) {
        const struct json *values = json_get(&pl->lines[i].json, "values");
        const struct json *set = json_get(&pl->lines[i].json, "set");
        const struct json *from = json_is(values, JSON_OBJECT) ? values : set;
        for (size_t k = 0; json_is(from, JSON_OBJECT) && k < from->count; k++) {
            names = bpmn_grow(pl->ctx->arena, names, count, &room, sizeof(*names));
            names[count++] = from->members[k].key;
        }
    }
    o->variables = names;
    o->variable_count = count;
    return ERR_OK;
}

/* ---- telling ---- */

static void print_line(struct player *pl, const struct json *j)
{
    struct buf b = buf_new(pl->step.arena, 0);
    json_write(&b, j);
    pl->script->line(pl->script->self, buf_str(&b));
}

static void set_text(struct player *pl, struct json *o, const char *key, struct str value)
{
    json_set(pl->step.arena, o, str_from(key), json_of_str(value));
}

static struct json about(struct player *pl, uint16_t element, const char *state, uint32_t token)
{
    const struct bpmn_element *e = &pl->p->elements[element];
    struct json o = json_object();
    set_text(pl, &o, "element", e->id);
    set_text(pl, &o, "state", str_from(state));
    json_set(pl->step.arena, &o, STR("token"), json_of_int(token));
    set_text(pl, &o, "type", e->tag);
    if (e->name.n > 0) {
        set_text(pl, &o, "name", e->name);
    }
    return o;
}

static void tell_effect(struct player *pl, const struct bpmn_effect *e)
{
    struct json o;
    char what[32];
    size_t n = e->name.n < sizeof(what) - 1 ? e->name.n : sizeof(what) - 1;
    memcpy(what, e->name.n == 0 ? "" : e->name.p, n);
    what[n] = 0;
    switch (e->kind) {
    case BPMN_OPENED:
    case BPMN_CLOSED:
    case BPMN_TRACED: o = about(pl, e->element, what, e->token); break;
    case BPMN_TIMER_SET:
        o = about(pl, e->element, "timer", e->token);
        if (e->due.ms != INT64_MAX) {
            set_text(pl, &o, "due", instant_text(pl->step.arena, e->due));
        }
        break;
    case BPMN_SENT:
    case BPMN_SIGNALLED:
        o = about(pl, e->element, e->kind == BPMN_SENT ? "sent" : "signalled", e->token);
        set_text(pl, &o, e->kind == BPMN_SENT ? "message" : "signal", e->name);
        break;
    case BPMN_STATUS:
        o = about(pl, e->element, "status", e->token);
        set_text(pl, &o, "status", e->status);
        break;
    case BPMN_TOOK:
        o = json_object();
        set_text(pl, &o, "element", pl->p->flows[e->element].id);
        set_text(pl, &o, "state", STR("taken"));
        json_set(pl->step.arena, &o, STR("token"), json_of_int(e->token));
        set_text(pl, &o, "type", STR("sequenceFlow"));
        break;
    case BPMN_FAILED:
        o = json_object();
        set_text(pl, &o, "process", pl->p->id);
        set_text(pl, &o, "state", STR("failed"));
        set_text(pl, &o, "error", e->name);
        pl->good = false;
        break;
    case BPMN_TIMER_CANCEL:
    case BPMN_ENDED: return;
    }
    print_line(pl, &o);
}

static bool waits(const struct bpmn_process *p, const struct bpmn_token *t)
{
    enum bpmn_kind kind = p->elements[t->element].kind;
    bool place =
        kind == BPMN_TASK || is_awaited(&p->elements[t->element]) || kind == BPMN_EVENT_GATEWAY;
    bool join = t->flow != NO_FLOW;
    return (place && t->what != BPMN_BODY) || join;
}

static struct json waiting_list(struct player *pl, const struct bpmn_state *s)
{
    struct json list = json_array();
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (!waits(pl->p, t)) {
            continue;
        }
        struct json o = about(pl, t->element, "waiting", t->id);
        for (size_t k = 0; k < s->timer_count; k++) {
            if (s->timers[k].token == t->id && s->timers[k].due.ms != INT64_MAX) {
                set_text(pl, &o, "timer", pl->p->elements[s->timers[k].element].id);
                set_text(pl, &o, "due", instant_text(pl->step.arena, s->timers[k].due));
            }
        }
        json_push(pl->step.arena, &list, o);
    }
    return list;
}

static enum err tell_end(struct player *pl, const struct bpmn_state *s)
{
    struct ctx *ctx = &pl->step;
    struct json o = json_object();
    struct json values = json_object();
    set_text(pl, &o, "process", pl->p->id);
    set_text(pl, &o, "state",
             pl->ended ? (pl->good ? STR("completed") : STR("failed")) : STR("waiting"));
    for (size_t i = 0; i < s->datum_count; i++) {
        struct json v;
        if (s->data[i].scope == 0) {
            TRY(bpmn_value_write(ctx, s->data[i].value, &v));
            json_set(ctx->arena, &values, pl->p->names[s->data[i].name], v);
        }
    }
    if (!pl->ended) {
        json_set(ctx->arena, &o, STR("waiting"), waiting_list(pl, s));
    }
    if (values.count > 0) {
        json_set(ctx->arena, &o, STR("values"), values);
    }
    set_text(pl, &o, "now", instant_text(ctx->arena, pl->now));
    print_line(pl, &o);
    return ERR_OK;
}

/* ---- stepping ---- */

static enum err read_state(struct player *pl, struct bpmn_state **ret)
{
    return bpmn_state_read(&pl->step, pl->p, str_copy(pl->step.arena, buf_str(&pl->state)), ret);
}

static enum err take(struct player *pl, const struct bpmn_result *r)
{
    struct ctx *ctx = &pl->step;
    struct str text = {0};
    for (size_t i = 0; i < r->count; i++) {
        tell_effect(pl, &r->effects[i]);
    }
    TRY(bpmn_state_write(ctx, pl->p, r->state, &text));
    buf_clear(&pl->state);
    buf_put(&pl->state, text);
    pl->ended = r->ended;
    return ERR_OK;
}

static enum err step(struct player *pl, const struct bpmn_event *ev)
{
    struct ctx *ctx = &pl->step;
    struct bpmn_input in = {.now = pl->now, .trace = true};
    struct bpmn_state *s = NULL;
    struct bpmn_result r;
    if (pl->state.n == 0) {
        TRY(bpmn_begin(ctx, pl->p, ev, &in, &r));
        return take(pl, &r);
    }
    TRY(read_state(pl, &s));
    TRY(bpmn_step(ctx, pl->p, s, ev, &in, &r));
    return take(pl, &r);
}

static bool needs_nobody(const struct player *pl, const struct bpmn_token *t)
{
    const struct bpmn_element *e = &pl->p->elements[t->element];
    bool person = str_equal(e->tag, STR("userTask")) || str_equal(e->tag, STR("receiveTask")) ||
                  str_equal(e->tag, STR("callActivity"));
    return e->kind == BPMN_TASK && !person && t->what != BPMN_BODY && !pl->by_hand[t->element];
}

/* Complete what needs nobody, the oldest first. */
static enum err go_on(struct player *pl)
{
    struct ctx *ctx = &pl->step;
    for (int i = 0; !pl->ended; i++) {
        struct bpmn_state *s = NULL;
        uint32_t token = 0;
        TRY(read_state(pl, &s));
        for (size_t k = 0; k < s->count && token == 0; k++) {
            token = needs_nobody(pl, &s->tokens[k]) ? s->tokens[k].id : 0;
        }
        if (token == 0) {
            return ERR_OK;
        }
        if (i == LIMIT_BPMN_STEPS) {
            return fault(ctx, ERR_TOO_MANY, "tasks that need nobody run in a circle");
        }
        TRY(step(pl, &(struct bpmn_event){.kind = BPMN_COMPLETE, .token = token}));
    }
    return ERR_OK;
}

static enum err read_values(struct player *pl, const struct json *j, struct feel_value *ret)
{
    struct ctx *ctx = &pl->step;
    struct feel_entry *entries =
        ARENA_ARRAY(ctx->arena, struct feel_entry, j == NULL ? 1 : j->count + 1);
    *ret = feel_null();
    if (j == NULL) {
        return ERR_OK;
    }
    if (j->kind != JSON_OBJECT) {
        return fault(ctx, ERR_TYPE, "values are a JSON object");
    }
    for (size_t i = 0; i < j->count; i++) {
        entries[i].key = j->members[i].key;
        TRY(bpmn_value_read(ctx, &j->members[i].value, &entries[i].value));
    }
    *ret = feel_context(entries, j->count);
    return ERR_OK;
}

/* Timers that end until then act in the order of their times; each is worked off before the next is
 * looked at. */
static enum err advance(struct player *pl, struct instant to)
{
    struct ctx *ctx = &pl->step;
    for (int i = 0; !pl->ended; i++) {
        struct bpmn_state *s = NULL;
        TRY(read_state(pl, &s));
        const struct bpmn_timer *next = bpmn_timer_next(s);
        if (next == NULL || next->due.ms > to.ms) {
            break;
        }
        if (i == LIMIT_BPMN_STEPS) {
            return fault(ctx, ERR_TOO_MANY, "more than %d timers end in that time",
                         LIMIT_BPMN_STEPS);
        }
        pl->now = next->due.ms > pl->now.ms ? next->due : pl->now;
        TRY(step(pl, &(struct bpmn_event){.kind = BPMN_TIMER,
                                          .name = bpmn_timer_name(ctx->arena, pl->p, next)}));
        TRY(go_on(pl));
    }
    pl->now = to.ms > pl->now.ms ? to : pl->now;
    return pl->ended ? ERR_OK : step(pl, &(struct bpmn_event){.kind = BPMN_CHANGE});
}

static enum err do_advance(struct player *pl, struct str text)
{
    struct ctx *ctx = &pl->step;
    struct instant to;
    if (iso_is(text, 'p') && iso_later(pl->now, text, &to)) {
        return advance(pl, to);
    }
    if (iso_is(text, 'd') && iso_later((struct instant){0}, text, &to)) {
        return to.ms >= pl->now.ms ? advance(pl, to)
                                   : fault(ctx, ERR_RANGE, "time does not go back");
    }
    return fault(
        ctx, ERR_SYNTAX,
        "\"advance\" takes a duration (PT1H) or a day and time (2026-01-02T09:00:00+08:00)");
}

/* A timer, by its element or name: the clock goes to its time, if it has one. */
static enum err do_timer(struct player *pl, struct str name, struct bpmn_event ev)
{
    struct ctx *ctx = &pl->step;
    struct bpmn_state *s = NULL;
    if (pl->state.n == 0) {
        ev.element = name;
        return step(pl, &ev);
    }
    TRY(read_state(pl, &s));
    for (size_t i = 0; i < s->timer_count; i++) {
        const struct bpmn_timer *t = &s->timers[i];
        struct str full = bpmn_timer_name(ctx->arena, pl->p, t);
        if (str_equal(pl->p->elements[t->element].id, name) || str_equal(full, name)) {
            bool known = t->due.ms != INT64_MAX && t->due.ms > pl->now.ms;
            pl->now = known ? t->due : pl->now;
            ev.name = full;
            return step(pl, &ev);
        }
    }
    return fault(ctx, ERR_CONFLICT, "timer %.*s is not set", FMT(name));
}

/* "expect": ids of what waits, in any order; or "ended". */
static enum err do_expect(struct player *pl, const struct json *want)
{
    struct ctx *ctx = &pl->step;
    struct bpmn_state *s = NULL;
    struct buf got = buf_new(ctx->arena, 0);
    if (want->kind == JSON_STRING) {
        bool ended = str_equal(want->text, STR("ended"));
        return ended && pl->ended
                   ? ERR_OK
                   : fault(ctx, ERR_PRECONDITION, "expected: %.*s; the process is %s",
                           FMT(want->text), pl->ended ? "ended" : "not ended");
    }
    TRY(read_state(pl, &s));
    bool *used = ARENA_ARRAY(ctx->arena, bool, want->count + 1);
    bool good = want->kind == JSON_ARRAY;
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!waits(pl->p, &s->tokens[i])) {
            continue;
        }
        struct str id = pl->p->elements[s->tokens[i].element].id;
        size_t k = 0;
        buf_format(&got, "%s%.*s", count++ > 0 ? " " : "", FMT(id));
        while (good && k < want->count && (used[k] || !str_equal(want->items[k].text, id))) {
            k++;
        }
        good = good && k < want->count;
        used[good ? k : 0] = true;
    }
    return good && count == want->count
               ? ERR_OK
               : fault(ctx, ERR_PRECONDITION, "not as expected; what waits: %.*s",
                       FMT(buf_str(&got)));
}

static const struct {
    const char *key;
    enum bpmn_event_kind kind;
} events[] = {
    {"start", BPMN_BEGIN},           {"complete", BPMN_COMPLETE}, {"message", BPMN_MESSAGE},
    {"signal", BPMN_SIGNAL},         {"timer", BPMN_TIMER},       {"error", BPMN_ERROR},
    {"escalation", BPMN_ESCALATION}, {"act", BPMN_ACT},           {"set", BPMN_CHANGE}};

/* Begun by the line itself when it can be, else by the plain start before it. */
static enum err begin(struct player *pl, const struct bpmn_event *ev, bool *ret_taken)
{
    bool can = ev != NULL && ev->kind != BPMN_COMPLETE && ev->kind != BPMN_ERROR &&
               ev->kind != BPMN_ESCALATION;
    enum err e = can ? step(pl, ev) : ERR_NOT_FOUND;
    *ret_taken = e == ERR_OK;
    if (e != ERR_NOT_FOUND || (ev != NULL && ev->kind == BPMN_BEGIN)) {
        return e;
    }
    e = step(pl, &(struct bpmn_event){.kind = BPMN_BEGIN});
    return e != ERR_OK ? e : go_on(pl);
}

static enum err play_event(struct player *pl, const struct json *j, size_t row)
{
    struct ctx *ctx = &pl->step;
    const struct json *what = json_get(j, events[row].key);
    struct str text = json_is(what, JSON_STRING) ? what->text : STR("");
    struct bpmn_event ev = {.kind = events[row].kind, .element = json_text(j, "at")};
    int64_t token = json_int(j, "token", 0);
    bool taken = false;
    if (token < 0 || token > UINT32_MAX) {
        return fault(ctx, ERR_RANGE, "there is no such token");
    }
    ev.token = (uint32_t)token;
    TRY(read_values(pl, ev.kind == BPMN_CHANGE ? what : json_get(j, "values"), &ev.values));
    bool by_element = ev.kind == BPMN_COMPLETE || ev.kind == BPMN_BEGIN;
    ev.element = by_element ? text : ev.element;
    ev.name = by_element || ev.kind == BPMN_TIMER ? STR("") : text;
    if (pl->state.n == 0) {
        if (ev.kind == BPMN_TIMER) {
            ev.element = text;
        }
        TRY(begin(pl, &ev, &taken));
        ev.element = ev.kind == BPMN_TIMER ? STR("") : ev.element;
    }
    if (pl->ended && !taken) {
        return fault(ctx, ERR_CONFLICT, "the process has ended");
    }
    if (!taken && ev.kind == BPMN_TIMER) {
        TRY(do_timer(pl, text, ev));
    } else if (!taken) {
        TRY(step(pl, &ev));
    }
    return go_on(pl);
}

/* A member that means nothing is a mistake, not a remark. */
static enum err check_members(struct player *pl, const struct json *j)
{
    static const char *const others[] = {"at", "values", "token", "advance", "expect", "note"};
    for (size_t i = 0; i < j->count; i++) {
        bool known = false;
        for (size_t k = 0; k < LEN(events) || k < LEN(others); k++) {
            known = known ||
                    (k < LEN(events) && str_equal(j->members[i].key, str_from(events[k].key))) ||
                    (k < LEN(others) && str_equal(j->members[i].key, str_from(others[k])));
        }
        if (!known) {
            return fault(&pl->step, ERR_SYNTAX, "a line has no member \"%.*s\"",
                         FMT(j->members[i].key));
        }
    }
    return ERR_OK;
}

static enum err play_line(struct player *pl, const struct json *j)
{
    struct ctx *ctx = &pl->step;
    bool taken = false;
    TRY(check_members(pl, j));
    for (size_t row = 0; row < LEN(events); row++) {
        if (json_get(j, events[row].key) != NULL) {
            return play_event(pl, j, row);
        }
    }
    const struct json *expect = json_get(j, "expect");
    const struct json *by = json_get(j, "advance");
    if (expect == NULL && !json_is(by, JSON_STRING)) {
        return fault(ctx, ERR_SYNTAX,
                     "a line has one of start, complete, message, signal, timer, advance, error, "
                     "escalation, act, set, expect");
    }
    if (pl->state.n == 0) {
        TRY(begin(pl, NULL, &taken));
    }
    return expect != NULL ? do_expect(pl, expect) : do_advance(pl, by->text);
}

/* ---- the whole ---- */

static enum err choose_process(struct player *pl)
{
    struct ctx *ctx = pl->ctx;
    const struct bpmn_script *s = pl->script;
    const struct bpmn_model *model = NULL;
    struct bpmn_options o = {
        .source = s->source, .process = s->process, .open = true, .any = s->any};
    TRY(read_variables(pl, &o));
    TRY(bpmn_load_with(ctx, s->model, s->model_file, &o, &model));
    pl->p = bpmn_process_find(model, s->process);
    pl->by_hand = ARENA_ARRAY(ctx->arena, bool, pl->p->element_count + 1);
    for (size_t i = 0; i < pl->line_count; i++) {
        const struct json *j = &pl->lines[i].json;
        bool fails = json_get(j, "error") != NULL || json_get(j, "escalation") != NULL;
        int element =
            bpmn_element_find(pl->p, fails ? json_text(j, "at") : json_text(j, "complete"));
        if (element >= 0) {
            pl->by_hand[element] = true;
        }
    }
    return ERR_OK;
}

/* A fault of a line, told with its number and on the arena that lasts. */
static enum err fault_of_line(struct player *pl, enum err e, uint32_t number)
{
    struct str detail = str_copy(pl->ctx->arena, pl->step.why.detail);
    if (pl->script->text.n == 0) {
        return fault(pl->ctx, e, "%.*s", FMT(detail));
    }
    return fault_at(pl->ctx, e, pl->script->text_file, number, 0, "%.*s", FMT(detail));
}

static enum err play_all(struct player *pl)
{
    struct arena_mark mark = arena_mark(pl->step.arena);
    struct bpmn_state *s = NULL;
    bool taken = false;
    for (size_t i = 0; i < pl->line_count; i++) {
        arena_reset(pl->step.arena, mark);
        enum err e = play_line(pl, &pl->lines[i].json);
        if (e != ERR_OK) {
            return fault_of_line(pl, e, pl->lines[i].number);
        }
    }
    arena_reset(pl->step.arena, mark);
    enum err e = pl->state.n == 0 ? begin(pl, NULL, &taken) : ERR_OK;
    e = e == ERR_OK ? read_state(pl, &s) : e;
    e = e == ERR_OK ? tell_end(pl, s) : e;
    return e == ERR_OK ? ERR_OK : fault_of_line(pl, e, 0);
}

static void free_arena(void *a)
{
    arena_free(*(struct arena **)a);
}

enum err bpmn_play(struct ctx *ctx, const struct bpmn_script *script, bool *ret_good)
{
    struct player *pl = ARENA_NEW(ctx->arena, struct player);
    *pl = (struct player){
        .ctx = ctx, .step = *ctx, .script = script, .now = script->at, .good = true};
    pl->state = buf_new(ctx->arena, LIMIT_BPMN_STATE_BYTES);
    TRY(read_script(pl));
    TRY(choose_process(pl));
    struct arena **used =
        ARENA_NEW(ctx->arena, struct arena *); /* known to ctx->arena before it is there */
    arena_defer(ctx->arena, free_arena, used);
    *used = pl->step.arena = arena_new(STEP_BYTES);
    if (pl->step.arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for stepping a process");
    }
    arena_guard_as(pl->step.arena, ctx->arena);
    enum err e = play_all(pl);
    *ret_good = pl->good;
    return e;
}
