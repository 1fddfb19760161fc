/* A state as one line of text: six lists, "next;tokens;timers;marks;records;data", of which empty
 * ones at the end are left out. Data are JSON, in which a date, time or duration is {"@": its
 * text}. */
#include "bpmn/bpmn_in.h"

/* ---- writing ---- */

enum { KEPT_DEPTH = 64 };

/* A value as JSON, or ERR_TYPE for what cannot rest: functions and ranges. */
static enum err keep(struct ctx *ctx, struct feel_value v, int depth, struct json *ret)
{
    struct arena *a = ctx->arena;
    if (depth > KEPT_DEPTH) {
        return fault(ctx, ERR_TOO_DEEP, "data nests deeper than %d", KEPT_DEPTH);
    }
    switch ((enum feel_kind)v.kind) {
    case FEEL_NULL:
    case FEEL_BOOL:
    case FEEL_NUMBER:
    case FEEL_STRING: *ret = feel_to_json(ctx, v); return ERR_OK;
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
    case FEEL_YEARS_MONTHS:
    case FEEL_DAYS_TIME:
        *ret = json_object();
        json_set(a, ret, STR("@"), json_of_str(feel_text(ctx, v)));
        return ERR_OK;
    case FEEL_LIST:
        *ret = json_array();
        for (uint32_t i = 0; i < v.n; i++) {
            struct json item;
            TRY(keep(ctx, v.items[i], depth + 1, &item));
            json_push(a, ret, item);
        }
        return ERR_OK;
    case FEEL_CONTEXT:
        *ret = json_object();
        for (uint32_t i = 0; i < v.n; i++) {
            struct json item;
            struct str key = v.entries[i].key;
            TRY(keep(ctx, v.entries[i].value, depth + 1, &item));
            key = key.n > 0 && key.p[0] == '@' ? str_format(a, "@%.*s", FMT(key)) : key;
            json_set(a, ret, key, item);
        }
        return ERR_OK;
    case FEEL_RANGE:
    case FEEL_FUNCTION:
    case FEEL_KIND_COUNT: break;
    }
    return fault(ctx, ERR_TYPE, "a range or a function cannot be kept as data of a process");
}

enum err bpmn_value_write(struct ctx *ctx, struct feel_value v, struct json *ret)
{
    return keep(ctx, v, 0, ret);
}

/* "1:2:3", after a comma unless it is the first. */
static void write_row(struct buf *b, bool first, const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 || !first) {
            buf_byte(b, i > 0 ? ':' : ',');
        }
        buf_u64(b, numbers[i]);
    }
}

static void write_tokens(struct buf *b, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        const uint64_t numbers[] = {t->id,   t->element, t->scope, t->flow,
                                    t->what, t->a,       t->b,     t->c};
        bool plain = t->what == BPMN_AT && t->a == 0 && t->b == 0 && t->c == 0;
        write_row(b, i == 0, numbers, plain ? 4 : LEN(numbers));
    }
}

static enum err write_data(struct ctx *ctx, struct buf *b, const struct bpmn_state *s)
{
    struct json list = json_array();
    for (size_t i = 0; i < s->datum_count; i++) {
        struct json row = json_array();
        struct json value;
        TRY(keep(ctx, s->data[i].value, 0, &value));
        json_push(ctx->arena, &row, json_of_int(s->data[i].scope));
        json_push(ctx->arena, &row, json_of_int(s->data[i].name));
        json_push(ctx->arena, &row, value);
        json_push(ctx->arena, &list, row);
    }
    json_write(b, &list);
    return ERR_OK;
}

enum err bpmn_state_write(struct ctx *ctx, const struct bpmn_state *s, struct str *ret)
{
    struct buf b = buf_new(ctx->arena, LIMIT_BPMN_STATE_BYTES);
    buf_u64(&b, s->next_id);
    int sections = s->datum_count > 0    ? 5
                   : s->record_count > 0 ? 4
                   : s->mark_count > 0   ? 3
                   : s->timer_count > 0  ? 2
                                         : s->count > 0;
    if (sections >= 1) {
        buf_byte(&b, ';');
        write_tokens(&b, s);
    }
    if (sections >= 2) {
        buf_byte(&b, ';');
    }
    for (size_t i = 0; i < s->timer_count; i++) {
        const struct bpmn_timer *t = &s->timers[i];
        write_row(&b, i == 0, (const uint64_t[]){t->token, t->element, t->left}, 3);
        buf_byte(&b, ':');
        if (t->due.ms != INT64_MAX) {
            buf_i64(&b, t->due.ms);
        }
    }
    if (sections >= 3) {
        buf_byte(&b, ';');
    }
    for (size_t i = 0; i < s->mark_count; i++) {
        write_row(&b, i == 0,
                  (const uint64_t[]){s->marks[i].token, s->marks[i].element, s->marks[i].seen}, 3);
    }
    if (sections >= 4) {
        buf_byte(&b, ';');
    }
    for (size_t i = 0; i < s->record_count; i++) {
        const struct bpmn_record *r = &s->records[i];
        write_row(&b, i == 0, (const uint64_t[]){r->id, r->element, r->scope, r->by}, 4);
    }
    if (sections >= 5) {
        buf_byte(&b, ';');
        TRY(write_data(ctx, &b, s));
    }
    return buf_done(ctx, &b, ret);
}

/* ---- reading ---- */

static bool part(struct str *rest, uint64_t max, uint64_t *ret)
{
    return str_to_u64(str_cut(*rest, ':', rest), ret) && *ret <= max;
}

static bool read_token(const struct bpmn_process *p, struct str text, struct bpmn_token *ret)
{
    uint64_t v[8] = {0};
    bool ok = p->element_count > 0 && part(&text, UINT32_MAX, &v[0]) &&
              part(&text, p->element_count - 1, &v[1]) && part(&text, UINT32_MAX, &v[2]) &&
              part(&text, UINT16_MAX, &v[3]);
    if (ok && text.n > 0) {
        ok = part(&text, BPMN_UNDOING, &v[4]) && part(&text, UINT32_MAX, &v[5]) &&
             part(&text, UINT32_MAX, &v[6]) && part(&text, UINT32_MAX, &v[7]);
    }
    *ret = (struct bpmn_token){.id = (uint32_t)v[0],
                               .element = (uint16_t)v[1],
                               .scope = (uint32_t)v[2],
                               .flow = (uint16_t)v[3],
                               .what = (uint8_t)v[4],
                               .a = (uint32_t)v[5],
                               .b = (uint32_t)v[6],
                               .c = (uint32_t)v[7]};
    return ok && text.n == 0;
}

static bool read_timer(const struct bpmn_process *p, struct str text, struct bpmn_timer *ret)
{
    uint64_t v[3] = {0};
    int64_t due = INT64_MAX;
    bool ok = part(&text, UINT32_MAX, &v[0]) && part(&text, p->element_count - 1, &v[1]) &&
              part(&text, UINT32_MAX, &v[2]);
    ok = ok && v[2] > 0 && (text.n == 0 || str_to_i64(text, &due));
    *ret = (struct bpmn_timer){(uint32_t)v[0], (uint16_t)v[1], (uint32_t)v[2], {due}};
    return ok;
}

static bool read_mark(const struct bpmn_process *p, struct str text, struct bpmn_mark *ret)
{
    uint64_t v[3] = {0};
    bool ok = part(&text, UINT32_MAX, &v[0]) && part(&text, p->element_count - 1, &v[1]) &&
              part(&text, UINT64_MAX, &v[2]) && text.n == 0;
    *ret = (struct bpmn_mark){(uint32_t)v[0], (uint16_t)v[1], v[2]};
    return ok && v[2] != 0;
}

static bool read_record(const struct bpmn_process *p, struct str text, struct bpmn_record *ret)
{
    uint64_t v[4] = {0};
    bool ok = part(&text, UINT32_MAX, &v[0]) && part(&text, p->element_count - 1, &v[1]) &&
              part(&text, UINT32_MAX, &v[2]) && part(&text, UINT32_MAX, &v[3]) && text.n == 0;
    *ret = (struct bpmn_record){(uint32_t)v[0], (uint16_t)v[1], (uint32_t)v[2], (uint32_t)v[3]};
    return ok;
}

/* {"@": text} back to a date, time or duration: the text is read by FEEL itself. */
static enum err unkeep_temporal(struct ctx *ctx, struct str text, struct feel_value *ret)
{
    const struct feel_program *program = NULL;
    struct feel_scope scope = {.zones = &feel_zones_of_world};
    struct feel_env env = {0};
    bool plain = text.n <= 80;
    for (size_t i = 0; i < text.n; i++) {
        plain = plain && text.p[i] != '"' && text.p[i] != '\\';
    }
    if (!plain) {
        return ERR_CORRUPT;
    }
    TRY(feel_compile(ctx, &scope,
                     (struct feel_source){.text = str_format(ctx->arena, "@\"%.*s\"", FMT(text))},
                     &program));
    TRY(feel_eval(ctx, program, &env, ret));
    return feel_is_null(*ret) ? ERR_CORRUPT : ERR_OK;
}

static enum err unkeep(struct ctx *ctx, const struct json *j, struct feel_value *ret)
{
    struct arena *a = ctx->arena;
    if (j->kind == JSON_ARRAY) {
        struct feel_value *items = ARENA_ARRAY(a, struct feel_value, j->count + 1);
        for (size_t i = 0; i < j->count; i++) {
            TRY(unkeep(ctx, &j->items[i], &items[i]));
        }
        *ret = feel_list(items, j->count);
        return ERR_OK;
    }
    if (j->kind != JSON_OBJECT) {
        return feel_from_json(ctx, j, NULL, ret);
    }
    if (j->count == 1 && str_equal(j->members[0].key, STR("@"))) {
        return unkeep_temporal(ctx, j->members[0].value.text, ret);
    }
    struct feel_entry *entries = ARENA_ARRAY(a, struct feel_entry, j->count + 1);
    for (size_t i = 0; i < j->count; i++) {
        struct str key = j->members[i].key;
        entries[i].key = str_starts(key, STR("@")) ? str_slice(key, 1, key.n) : key;
        TRY(unkeep(ctx, &j->members[i].value, &entries[i].value));
    }
    *ret = feel_context(entries, j->count);
    return ERR_OK;
}

enum err bpmn_value_read(struct ctx *ctx, const struct json *j, struct feel_value *ret)
{
    enum err e = unkeep(ctx, j, ret);
    return e == ERR_CORRUPT
               ? fault(ctx, ERR_TYPE, "what follows \"@\" is no date, time or duration of FEEL")
               : e;
}

static bool read_data(struct ctx *ctx, const struct bpmn_process *p, struct str text,
                      struct bpmn_state *s)
{
    struct json list;
    if (json_parse(ctx, text, STR("state"), &list) != ERR_OK || list.kind != JSON_ARRAY ||
        list.count > 100000) {
        return false;
    }
    s->data = ARENA_ARRAY(ctx->arena, struct bpmn_datum, list.count + 1);
    s->datum_room = list.count + 1;
    for (size_t i = 0; i < list.count; i++) {
        const struct json *row = &list.items[i];
        const struct json *scope = json_at(row, 0);
        const struct json *name = json_at(row, 1);
        bool ok = row->count == 3 && json_is(scope, JSON_NUMBER) && scope->is_int &&
                  scope->int_value >= 0 && scope->int_value <= UINT32_MAX &&
                  json_is(name, JSON_NUMBER) && name->is_int &&
                  name->int_value >= (int64_t)p->outer_names &&
                  name->int_value < (int64_t)p->name_count;
        if (!ok || unkeep(ctx, &row->items[2], &s->data[i].value) != ERR_OK) {
            return false;
        }
        s->data[i].scope = (uint32_t)scope->int_value;
        s->data[i].name = (uint16_t)name->int_value;
        s->datum_count++;
    }
    return true;
}

static size_t count_items(struct str text)
{
    size_t n = text.n > 0;
    for (size_t i = 0; i < text.n; i++) {
        n += text.p[i] == ',';
    }
    return n;
}

static bool read_lists(struct ctx *ctx, const struct bpmn_process *p, struct str rest,
                       struct bpmn_state *s)
{
    struct str lists[4];
    bool ok = true;
    for (size_t i = 0; i < LEN(lists); i++) {
        lists[i] = str_cut(rest, ';', &rest);
        if (count_items(lists[i]) > LIMIT_BPMN_TOKENS || str_ends(lists[i], STR(","))) {
            return false;
        }
    }
#define READ(index, list_, n_, room_, read)                                                        \
    s->room_ = count_items(lists[index]);                                                          \
    s->list_ = s->room_ == 0 ? NULL : ARENA_ARRAY(ctx->arena, __typeof__(*s->list_), s->room_);    \
    for (struct str left = lists[index]; ok && left.n > 0;) {                                      \
        ok = read(p, str_cut(left, ',', &left), &s->list_[s->n_++]);                               \
    }
    READ(0, tokens, count, room, read_token)
    READ(1, timers, timer_count, timer_room, read_timer)
    READ(2, marks, mark_count, mark_room, read_mark)
    READ(3, records, record_count, record_room, read_record)
#undef READ
    return ok && (rest.n == 0 || read_data(ctx, p, rest, s));
}

enum err bpmn_state_read(struct ctx *ctx, const struct bpmn_process *p, struct str text,
                         struct bpmn_state **ret)
{
    struct bpmn_state *s = ARENA_NEW(ctx->arena, struct bpmn_state);
    struct str rest = {0};
    uint64_t next = 0;
    bool ok = text.n <= LIMIT_BPMN_STATE_BYTES && str_to_u64(str_cut(text, ';', &rest), &next) &&
              next > 0 && next < UINT32_MAX - LIMIT_BPMN_STEPS;
    s->next_id = (uint32_t)next;
    ok = ok && read_lists(ctx, p, rest, s);
    const char *wrong = ok ? bpmn_state_fault(p, s) : "it is not written as a state";
    if (wrong != NULL) {
        return fault(ctx, ERR_CORRUPT,
                     "the stored state of a procedure does not fit process %.*s: %s", FMT(p->id),
                     wrong);
    }
    *ret = s;
    return ERR_OK;
}

/* ---- what must hold of every state ---- */

static const struct bpmn_record *record_of(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].id == id) {
            return &s->records[i];
        }
    }
    return NULL;
}

static const struct bpmn_token *token_of(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == id) {
            return &s->tokens[i];
        }
    }
    return NULL;
}

/* Does an element of scope `inner` stand rightly inside this token or record? */
static bool stands_in(const struct bpmn_process *p, const struct bpmn_state *s, uint16_t element,
                      uint32_t scope)
{
    const struct bpmn_element *e = &p->elements[element];
    const struct bpmn_token *t = token_of(s, scope);
    const struct bpmn_record *r = t != NULL ? NULL : record_of(s, scope);
    if (scope == 0) {
        return e->scope < 0;
    }
    if (r != NULL) {
        return e->scope == (int32_t)r->element;
    }
    if (t == NULL) {
        return false;
    }
    const struct bpmn_element *around = &p->elements[t->element];
    if (t->what == BPMN_BODY) {
        return t->element == element;
    }
    return t->what != BPMN_UNDO && t->what != BPMN_RESET &&
           (around->kind == BPMN_CALL ? e->scope == around->calls
                                      : e->scope == (int32_t)t->element);
}

static const char *join_fault(const struct bpmn_process *p, const struct bpmn_token *t)
{
    const struct bpmn_element *e = &p->elements[t->element];
    bool joins =
        (e->kind == BPMN_PARALLEL || e->kind == BPMN_INCLUSIVE || e->kind == BPMN_COMPLEX) &&
        t->what == BPMN_AT;
    if (joins) {
        return t->flow < p->flow_count && p->flows[t->flow].to == t->element
                   ? NULL
                   : "a token waits at a join by no flow of it";
    }
    return t->flow == NO_FLOW ? NULL : "a token that does not join has a flow";
}

static const char *what_fault(const struct bpmn_process *p, const struct bpmn_state *s,
                              const struct bpmn_token *t)
{
    const struct bpmn_element *e = &p->elements[t->element];
    const struct bpmn_token *parent = token_of(s, t->scope);
    bool in_body = parent != NULL && parent->what == BPMN_BODY;
    bool good = false;
    switch ((enum bpmn_what)t->what) {
    case BPMN_AT: {
        bool waits = is_activity(e->kind) || is_awaited(e) || e->kind == BPMN_EVENT_GATEWAY ||
                     e->kind == BPMN_PARALLEL || e->kind == BPMN_INCLUSIVE ||
                     e->kind == BPMN_COMPLEX;
        good = waits && (e->loop != NULL) == in_body && !(in_body && parent->element != t->element);
        break;
    }
    case BPMN_BODY: {
        uint64_t begun = t->c;
        for (size_t i = 0; i < s->count; i++) {
            begun += s->tokens[i].scope == t->id;
        }
        good = e->loop != NULL && !in_body && begun <= t->b && (t->b <= t->a || !e->loop->multi);
        break;
    }
    case BPMN_RESET: good = e->kind == BPMN_COMPLEX; break;
    case BPMN_UNDO: good = e->kind == BPMN_THROW || e->kind == BPMN_END; break;
    case BPMN_UNDOING: {
        const struct bpmn_token *by = token_of(s, t->a);
        const struct bpmn_record *r = record_of(s, t->b);
        good = is_activity(e->kind) && by != NULL && by->what == BPMN_UNDO && r != NULL &&
               r->by == t->a;
        break;
    }
    }
    return good ? NULL : "a token cannot be so where it is";
}

static const char *lists_fault(const struct bpmn_process *p, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->timer_count; i++) {
        const struct bpmn_timer *t = &s->timers[i];
        const struct bpmn_token *host = token_of(s, t->token);
        const struct bpmn_element *e = &p->elements[t->element];
        bool timer = false;
        for (uint16_t k = 0; k < e->trigger_count; k++) {
            timer = timer || e->triggers[k].kind == BPMN_ON_TIMER;
        }
        bool carried =
            host != NULL && (e->attached_to == (int)host->element || host->element == t->element);
        for (uint16_t k = 0;
             host != NULL && p->elements[host->element].kind == BPMN_EVENT_GATEWAY &&
             k < p->elements[host->element].out_count;
             k++) {
            carried = carried || p->flows[p->elements[host->element].out[k]].to == t->element;
        }
        carried = carried || (e->kind == BPMN_START && e->scope >= 0 &&
                              stands_in(p, s, (uint16_t)e->scope, t->token));
        if (!timer || !carried) {
            return "a timer is carried by nothing";
        }
    }
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].token != 0 && token_of(s, s->marks[i].token) == NULL) {
            return "a mark belongs to nothing";
        }
    }
    for (size_t i = 0; i < s->record_count; i++) {
        const struct bpmn_record *r = &s->records[i];
        const struct bpmn_token *by = r->by == 0 ? NULL : token_of(s, r->by);
        const struct bpmn_token *body = token_of(s, r->scope);
        bool in_body = body != NULL && body->what == BPMN_BODY;
        bool placed = in_body ? body->element == r->element : stands_in(p, s, r->element, r->scope);
        if (r->id == 0 || r->id >= s->next_id || !placed ||
            !is_activity(p->elements[r->element].kind) ||
            (r->by != 0 && (by == NULL || by->what != BPMN_UNDO))) {
            return "what was completed stands nowhere";
        }
    }
    for (size_t i = 0; i < s->datum_count; i++) {
        uint32_t scope = s->data[i].scope;
        if (s->data[i].name < p->outer_names || s->data[i].name >= p->name_count ||
            (scope != 0 && token_of(s, scope) == NULL && record_of(s, scope) == NULL)) {
            return "data belong to nothing";
        }
    }
    return NULL;
}

const char *bpmn_state_fault(const struct bpmn_process *p, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (t->id == 0 || t->id >= s->next_id || record_of(s, t->id) != NULL) {
            return "a token has no number of its own";
        }
        for (size_t k = 0; k < i; k++) {
            if (s->tokens[k].id == t->id) {
                return "two tokens have one number";
            }
        }
        if (!stands_in(p, s, t->element, t->scope)) {
            return "a token stands in no scope of its element";
        }
        if (scope_depth(s, t->scope) > LIMIT_BPMN_DEPTH) {
            return "scopes go round in a circle";
        }
        const char *wrong = join_fault(p, t);
        wrong = wrong != NULL ? wrong : what_fault(p, s, t);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return lists_fault(p, s);
}
