/* A state at rest: one line of text, the same for equal states.
 *
 *   v2;NEXT;TOKENS;TIMERS;MARKS;RECORDS;DATA
 *
 * NEXT is the number the next token gets. Of the lists behind it, empty ones at the end are left
 * out; their rows stand between commas, the parts of a row between colons:
 *
 *   token    number:element:scope[:flow[:what:a:b:c]]   flow empty: it waits at no join
 *   timer    token:element:firings:due                    due in ms; empty: the caller knows it
 *   mark     token:element:seen
 *   record   number:element:scope:by
 *   data     JSON, [[scope, name, value], …] (value.c)
 *
 * Elements, flows and data are called by their keys (key.c), which come from the ids in the model:
 * a state does not care where in its document an element stands, and one whose element is no more
 * is refused by name. An element left empty is that of the row before, so that a hundred instances
 * of one activity name it once. A gateway that has fired (what 2) has at `flow` the flows it has
 * used up, with "+" between them, and a and b are 0.
 *
 * Before v2 a state began with NEXT and held the places of elements, flows and names in the loaded
 * model as numbers (65535: no flow). Such a state is still read, with the model it was made under;
 * with any other it may mean something else, which nothing can see but what whole.c says. Another
 * version is refused by name. */
#include "base/json_make.h"
#include "base/token.h"
#include "bpmn/bpmn_in.h"

#define VERSION STR("v2")
enum { NAMES_WRITTEN_MAX = 100000 };

/* ---- writing ---- */

struct writer {
    struct buf *b;
    const struct bpmn_process *p;
    bool first;      /* of the rows of its list */
    int32_t element; /* of the row before; NO_INDEX */
};

static void write_list(struct writer *w)
{
    buf_byte(w->b, ';');
    w->first = true;
    w->element = NO_INDEX;
}

/* A number, an element and a number: what all rows but those of data begin with. */
static void write_row(struct writer *w, uint32_t id, uint16_t element, uint64_t third)
{
    must(element < w->p->element_count);
    if (!w->first) {
        buf_byte(w->b, ',');
    }
    buf_u64(w->b, id);
    buf_byte(w->b, ':');
    if (element != w->element) {
        buf_put(w->b, w->p->keys->elements.names[element]);
    }
    buf_byte(w->b, ':');
    buf_u64(w->b, third);
    w->first = false;
    w->element = element;
}

static void write_number(struct writer *w, uint64_t n)
{
    buf_byte(w->b, ':');
    buf_u64(w->b, n);
}

/* The flows a gateway that has fired has used up. */
static void write_used(struct writer *w, const struct bpmn_token *t)
{
    const struct bpmn_element *e = &w->p->elements[t->element];
    uint64_t used = (uint64_t)t->used_high << 32 | t->used_low;
    bool first = true;
    for (uint16_t i = 0; i < e->in_count; i++) {
        if (((used >> i) & 1) != 0) {
            if (!first) {
                buf_byte(w->b, '+');
            }
            buf_put(w->b, w->p->keys->flows.names[e->in[i]]);
            first = false;
        }
    }
}

static void write_token(struct writer *w, const struct bpmn_token *t)
{
    bool plain = t->what == BPMN_AT && t->a == 0 && t->b == 0 && t->c == 0;
    bool fired = t->what == BPMN_RESET;
    write_row(w, t->id, t->element, t->scope);
    if (plain && t->flow == NO_FLOW) {
        return;
    }
    buf_byte(w->b, ':');
    if (fired) {
        write_used(w, t);
    } else if (t->flow != NO_FLOW) {
        buf_put(w->b, w->p->keys->flows.names[t->flow]);
    }
    if (!plain) {
        write_number(w, t->what);
        write_number(w, fired ? 0 : t->a);
        write_number(w, fired ? 0 : t->b);
        write_number(w, t->c);
    }
}

static enum err write_data(struct ctx *ctx, struct writer *w, const struct bpmn_state *s)
{
    struct json list = json_array();
    for (size_t i = 0; i < s->datum_count; i++) {
        struct json row = json_array();
        struct json value;
        TRY(bpmn_value_write(ctx, s->data[i].value, &value));
        json_push(ctx->arena, &row, json_of_int(s->data[i].scope));
        json_push(ctx->arena, &row, json_of_str(w->p->keys->data.names[s->data[i].name]));
        json_push(ctx->arena, &row, value);
        json_push(ctx->arena, &list, row);
    }
    json_write(w->b, &list);
    return ERR_OK;
}

/* How many lists there are up to the last that is not empty. */
static int list_count(const struct bpmn_state *s)
{
    return s->datum_count > 0    ? 5
           : s->record_count > 0 ? 4
           : s->mark_count > 0   ? 3
           : s->timer_count > 0  ? 2
                                 : s->count > 0;
}

enum err bpmn_state_write(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                          struct str *ret)
{
    struct buf b = buf_new(ctx->arena, LIMIT_BPMN_STATE_BYTES);
    struct writer w = {.b = &b, .p = p};
    int lists = list_count(s);
    buf_put(&b, VERSION);
    buf_byte(&b, ';');
    buf_u64(&b, s->next_id);
    for (int list = 1; list <= lists; list++) {
        write_list(&w);
        for (size_t i = 0; list == 1 && i < s->count; i++) {
            write_token(&w, &s->tokens[i]);
        }
        for (size_t i = 0; list == 2 && i < s->timer_count; i++) {
            const struct bpmn_timer *t = &s->timers[i];
            write_row(&w, t->token, t->element, t->firings);
            buf_byte(&b, ':');
            if (t->due.ms != INT64_MAX) {
                buf_i64(&b, t->due.ms);
            }
        }
        for (size_t i = 0; list == 3 && i < s->mark_count; i++) {
            write_row(&w, s->marks[i].token, s->marks[i].element, s->marks[i].seen);
        }
        for (size_t i = 0; list == 4 && i < s->record_count; i++) {
            const struct bpmn_record *r = &s->records[i];
            write_row(&w, r->id, r->element, r->scope);
            write_number(&w, r->by);
        }
    }
    if (lists == 5) {
        TRY(write_data(ctx, &w, s));
    }
    return buf_done(ctx, &b, ret);
}

/* ---- reading ---- */

struct reader {
    const struct bpmn_process *p;
    bool by_place;      /* as before v2: numbers, not keys */
    int32_t element;    /* of the row before; NO_INDEX */
    struct str unknown; /* a key that the process does not have */
};

static bool take_number(struct str *rest, uint64_t max, uint64_t *ret)
{
    return str_to_u64(str_cut(*rest, ':', rest), ret) && *ret <= max;
}

static bool take_u32(struct str *rest, uint32_t *ret)
{
    uint64_t n = 0;
    bool good = take_number(rest, UINT32_MAX, &n);
    *ret = (uint32_t)n;
    return good;
}

static bool look_up(struct reader *r, const struct key_table *t, struct str key, int32_t *ret)
{
    *ret = key_find(t, key);
    if (*ret < 0 && key.n > 0) {
        r->unknown = key;
    }
    return *ret >= 0;
}

static bool take_element(struct reader *r, struct str *rest, uint16_t *ret)
{
    struct str text = str_cut(*rest, ':', rest);
    uint64_t place = 0;
    if (r->by_place) {
        bool good = str_to_u64(text, &place) && place < r->p->element_count;
        *ret = (uint16_t)place;
        return good;
    }
    bool good =
        text.n == 0 ? r->element >= 0 : look_up(r, &r->p->keys->elements, text, &r->element);
    *ret = (uint16_t)(good ? r->element : 0);
    return good;
}

/* At a join the flow it came by; at a gateway that has fired those it used up, into a and b. */
static bool take_flows(struct reader *r, struct str text, struct bpmn_token *t)
{
    const struct bpmn_element *e = &r->p->elements[t->element];
    uint64_t used = 0;
    int32_t flow = NO_INDEX;
    if (t->what != BPMN_RESET) {
        bool good = text.n == 0 || look_up(r, &r->p->keys->flows, text, &flow);
        t->flow = flow < 0 ? NO_FLOW : (uint16_t)flow;
        return good;
    }
    while (text.n > 0) {
        struct str one = str_cut(text, '+', &text);
        uint16_t i = 0;
        if (!look_up(r, &r->p->keys->flows, one, &flow)) {
            return false;
        }
        while (i < e->in_count && e->in[i] != flow) {
            i++;
        }
        if (i == e->in_count) {
            r->unknown = one;
            return false;
        }
        used |= (uint64_t)1 << i;
    }
    t->flow = NO_FLOW;
    t->used_low = (uint32_t)used;
    t->used_high = (uint32_t)(used >> 32);
    return true;
}

static bool take_flow_place(struct str text, uint16_t *ret)
{
    uint64_t place = 0;
    bool good = str_to_u64(text, &place) && place <= UINT16_MAX;
    *ret = (uint16_t)place;
    return good;
}

static bool read_token(struct reader *r, struct str text, struct bpmn_token *ret)
{
    struct bpmn_token t = {0};
    uint64_t what = BPMN_AT;
    bool ok =
        take_u32(&text, &t.id) && take_element(r, &text, &t.element) && take_u32(&text, &t.scope);
    struct str flow = str_cut(text, ':', &text);
    if (ok && text.n > 0) {
        ok = take_number(&text, BPMN_UNDOING, &what) && take_u32(&text, &t.a) &&
             take_u32(&text, &t.b) && take_u32(&text, &t.c);
    }
    t.what = (uint8_t)what;
    ok = ok && text.n == 0 &&
         (r->by_place ? take_flow_place(flow, &t.flow) : take_flows(r, flow, &t));
    *ret = t;
    return ok;
}

static bool read_timer(struct reader *r, struct str text, struct bpmn_timer *ret)
{
    struct bpmn_timer t = {.due = {INT64_MAX}};
    bool ok = take_u32(&text, &t.token) && take_element(r, &text, &t.element) &&
              take_u32(&text, &t.firings) && t.firings > 0;
    ok = ok && (text.n == 0 || str_to_i64(text, &t.due.ms));
    *ret = t;
    return ok;
}

static bool read_mark(struct reader *r, struct str text, struct bpmn_mark *ret)
{
    struct bpmn_mark m = {0};
    bool ok = take_u32(&text, &m.token) && take_element(r, &text, &m.element) &&
              take_number(&text, UINT64_MAX, &m.seen);
    *ret = m;
    return ok && text.n == 0 && m.seen != 0;
}

static bool read_record(struct reader *r, struct str text, struct bpmn_record *ret)
{
    struct bpmn_record record = {0};
    bool ok = take_u32(&text, &record.id) && take_element(r, &text, &record.element) &&
              take_u32(&text, &record.scope) && take_u32(&text, &record.by);
    *ret = record;
    return ok && text.n == 0;
}

static bool read_name(struct reader *r, const struct json *j, uint16_t *ret)
{
    int32_t name = NO_INDEX;
    if (r->by_place) {
        bool good = json_is(j, JSON_NUMBER) && j->is_int && j->int_value >= 0 &&
                    j->int_value < (int64_t)r->p->name_count;
        name = good ? (int32_t)j->int_value : NO_INDEX;
    } else if (json_is(j, JSON_STRING)) {
        look_up(r, &r->p->keys->data, j->text, &name);
    }
    *ret = (uint16_t)(name < 0 ? 0 : name);
    return name >= (int32_t)r->p->outer_names;
}

static bool read_data(struct ctx *ctx, struct reader *r, struct str text, struct bpmn_state *s)
{
    struct json list;
    if (json_parse(ctx, text, STR("state"), &list) != ERR_OK || list.kind != JSON_ARRAY ||
        list.count > NAMES_WRITTEN_MAX) {
        return false;
    }
    s->data = ARENA_ARRAY(ctx->arena, struct bpmn_datum, list.count + 1);
    s->datum_room = list.count + 1;
    for (size_t i = 0; i < list.count; i++) {
        const struct json *row = &list.items[i];
        const struct json *scope = json_at(row, 0);
        struct bpmn_datum *d = &s->data[i];
        bool ok = row->count == 3 && json_is(scope, JSON_NUMBER) && scope->is_int &&
                  scope->int_value >= 0 && scope->int_value <= UINT32_MAX &&
                  read_name(r, json_at(row, 1), &d->name);
        if (!ok || bpmn_value_read(ctx, &row->items[2], &d->value) != ERR_OK) {
            return false;
        }
        d->scope = (uint32_t)scope->int_value;
        s->datum_count++;
    }
    return true;
}

static size_t count_rows(struct str text)
{
    size_t n = text.n > 0;
    for (size_t i = 0; i < text.n; i++) {
        n += text.p[i] == ',';
    }
    return n;
}

static bool read_lists(struct ctx *ctx, struct reader *r, struct str rest, struct bpmn_state *s)
{
    struct str lists[4];
    bool ok = true;
    for (size_t i = 0; i < LEN(lists); i++) {
        lists[i] = str_cut(rest, ';', &rest);
        if (count_rows(lists[i]) > LIMIT_BPMN_TOKENS || str_ends(lists[i], STR(","))) {
            return false;
        }
    }
#define READ(index, list_, n_, room_, read)                                                        \
    s->room_ = count_rows(lists[index]);                                                           \
    s->list_ = s->room_ == 0 ? NULL : ARENA_ARRAY(ctx->arena, __typeof__(*s->list_), s->room_);    \
    r->element = NO_INDEX;                                                                         \
    for (struct str rows = lists[index]; ok && rows.n > 0;) {                                      \
        ok = read(r, str_cut(rows, ',', &rows), &s->list_[s->n_++]);                               \
    }
    READ(0, tokens, count, room, read_token)
    READ(1, timers, timer_count, timer_room, read_timer)
    READ(2, marks, mark_count, mark_room, read_mark)
    READ(3, records, record_count, record_room, read_record)
#undef READ
    return ok && (rest.n == 0 || read_data(ctx, r, rest, s));
}

static enum err refuse(struct ctx *ctx, const struct bpmn_process *p, const char *wrong)
{
    return fault(ctx, ERR_CORRUPT, "the stored state of a procedure does not fit process %.*s: %s",
                 FMT(p->id), wrong);
}

/* Cut off the version; none stands before the digits of the first form. */
static enum err read_version(struct ctx *ctx, struct str *text, struct reader *r)
{
    r->by_place = text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9';
    if (r->by_place) {
        return ERR_OK;
    }
    struct str version = str_cut(*text, ';', text);
    return str_equal(version, VERSION)
               ? ERR_OK
               : fault(
                     ctx, ERR_CORRUPT,
                     "the stored state of a procedure is of the form \"%.*s\"; this program reads "
                     "%.*s and what came before it",
                     (int)(version.n > 16 ? 16 : version.n), version.p, FMT(VERSION));
}

enum err bpmn_state_read(struct ctx *ctx, const struct bpmn_process *p, struct str text,
                         struct bpmn_state **ret)
{
    struct bpmn_state *s = ARENA_NEW(ctx->arena, struct bpmn_state);
    struct reader r = {.p = p, .element = NO_INDEX};
    struct str rest = {0};
    uint64_t next = 0;
    if (text.n > LIMIT_BPMN_STATE_BYTES) {
        return refuse(ctx, p, "it is longer than the limit");
    }
    TRY(read_version(ctx, &text, &r));
    bool ok = str_to_u64(str_cut(text, ';', &rest), &next) && next > 0 &&
              next < UINT32_MAX - LIMIT_BPMN_STEPS;
    s->next_id = (uint32_t)next;
    ok = ok && read_lists(ctx, &r, rest, s);
    if (!ok && r.unknown.n > 0) {
        return fault(ctx, ERR_CORRUPT,
                     "the stored state of a procedure does not fit process %.*s, which has no "
                     "\"%.*s\"",
                     FMT(p->id), FMT(r.unknown));
    }
    const char *wrong = ok ? bpmn_state_fault(p, s) : "it is not written as a state";
    if (wrong != NULL) {
        return refuse(ctx, p, wrong);
    }
    *ret = s;
    return ERR_OK;
}
