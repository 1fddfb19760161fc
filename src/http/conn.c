/* conn.c - one connection, stepped from phase to phase by the bytes it has; knows no socket.
 *
 * idle → head → body → handler → idle, or → stream → idle; any of them → linger or dead. One
 * request at a time: pipelined ones wait in `in`, so answers keep their order. Small bodies of
 * answers are copied to `out` and their exchange is given back at once; large ones are sent from
 * the exchange's arena (`tail`).
 *
 * The body of a request is gathered on the exchange's arena, or handed to its taker piece by piece
 * as it comes. A taker that has enough for now takes less than it is given: then the rest stays in
 * `in`, which holds two heads at most, the socket is read no more, and TCP makes the client wait
 * (is_waiting). While it waits, time is ours and not the client's, so no limit runs; a client that
 * leaves meanwhile is told to the taker only when the taker has let go (exchange_cut).
 */
#include <stdlib.h>

#include "base/str.h"
#include "base/world.h"
#include "http/http_in.h"

bool bytes_room(struct bytes *b, size_t n)
{
    if (b->at > 0 && b->at == b->n) {
        b->at = 0;
        b->n = 0;
    }
    if (b->room - b->n >= n) {
        return true;
    }
    if (b->at > 0) {
        memmove(b->p, b->p + b->at, b->n - b->at);
        b->n -= b->at;
        b->at = 0;
    }
    size_t room = b->room == 0 ? 4096 : b->room;
    while (room - b->n < n) {
        room *= 2;
    }
    char *p = room == b->room ? b->p : realloc(b->p, room);
    if (p == NULL) {
        return false;
    }
    b->p = p;
    b->room = room;
    return true;
}

bool bytes_put(struct bytes *b, const void *p, size_t n)
{
    if (!bytes_room(b, n)) {
        return false;
    }
    if (n > 0) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
    return true;
}

void bytes_take(struct bytes *b, size_t n)
{
    must(n <= b->n - b->at);
    b->at += n;
}

void bytes_release(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

size_t bytes_left(const struct bytes *b)
{
    return b->n - b->at;
}

static struct str input(const struct conn *c)
{
    return (struct str){c->in.p + c->in.at, bytes_left(&c->in)};
}

void conn_set_phase(struct conn *c, enum phase phase)
{
    c->phase = phase;
    c->since_ns = c->loop->now_ns;
    c->heard_ns = c->loop->now_ns;
}

struct conn *conn_new(struct loop *l, int handle)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return NULL;
    }
    c->source = (struct source){SOURCE_CONN, handle};
    c->loop = l;
    c->next = l->conns;
    if (l->conns != NULL) {
        l->conns->prev = c;
    }
    l->conns = c;
    l->conn_count++;
    conn_set_phase(c, PHASE_IDLE);
    return c;
}

bool conn_has_output(const struct conn *c)
{
    return bytes_left(&c->out) > 0 || c->tail.n > 0;
}

bool conn_takes_input(const struct conn *c)
{
    return c->phase != PHASE_DEAD && !c->eof && bytes_left(&c->in) < 2 * LIMIT_HTTP_HEADER_BYTES;
}

bool conn_streams(const struct conn *c)
{
    return c->phase == PHASE_STREAM && !conn_has_output(c) && exchange_has_pushed(c->x);
}

static void conn_unlink(struct conn *c)
{
    struct loop *l = c->loop;
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        l->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    c->prev = NULL;
    c->next = l->dead;
    l->dead = c;
    l->conn_count--;
}

static void conn_begin_output(struct conn *c)
{
    c->out_since_ns = c->loop->now_ns;
    c->moved_ns = c->loop->now_ns;
    c->sent_bytes = 0;
}

/* The exchange of a connection that ends: given back now when nobody else holds it, else when it is
 * answered. */
static void conn_leave_exchange(struct conn *c)
{
    struct exchange *x = c->x;
    if (x == NULL) {
        return;
    }
    c->x = NULL;
    c->tail = (struct str){0};
    bool is_held =
        (c->phase == PHASE_HANDLER && !x->is_answered) || c->phase == PHASE_STREAM || x->is_waiting;
    if (is_held) {
        exchange_leave(x);
        return;
    }
    if (c->phase == PHASE_BODY) {
        exchange_cut(x);
    }
    exchange_release(x);
}

void conn_drop(struct conn *c)
{
    if (c->phase == PHASE_DEAD) {
        return;
    }
    conn_leave_exchange(c);
    c->phase = PHASE_DEAD;
    conn_unlink(c);
}

/* The answer has been handed to out and tail whole. */
static void conn_finish(struct conn *c)
{
    if (c->tail.n > 0) {
        return;
    }
    if (c->x != NULL) {
        exchange_release(c->x);
        c->x = NULL;
    }
    if (!c->closes) {
        conn_set_phase(c, PHASE_IDLE);
    } else if (!conn_has_output(c)) {
        conn_set_phase(c, PHASE_LINGER);
    }
}

/* Send the rest of a stream as far as the client takes it. */
static void conn_pull_stream(struct conn *c)
{
    struct exchange *x = c->x;
    size_t waiting = bytes_left(&c->out);
    struct bytes *out = x->head.is_head_method ? NULL : &c->out;
    if (waiting < OUT_BYTES &&
        (!exchange_pull(x, out, OUT_BYTES - waiting) || !exchange_refill(x))) {
        conn_drop(c);
        return;
    }
    if (!exchange_has_ended(x)) {
        return;
    }
    if (!x->head.is_head_method && !bytes_put(&c->out, "0\r\n\r\n", 5)) {
        conn_drop(c);
        return;
    }
    c->phase = PHASE_HANDLER;
    conn_finish(c);
}

static void conn_write_answer(struct conn *c)
{
    struct exchange *x = c->x;
    bool is_sound = answer_is_sound(&x->response);
    if (!is_sound && !x->is_stream) {
        conn_refuse(c, BAD_ANSWER);
        return;
    }
    c->closes = c->closes || x->response.closes || c->eof;
    x->is_answered = true;
    conn_set_phase(c, x->is_stream ? PHASE_STREAM : PHASE_HANDLER);
    if (!is_sound || !answer_write(c, x)) {
        conn_drop(c);
        return;
    }
    if (x->is_stream) {
        conn_pull_stream(c);
    } else {
        conn_finish(c);
    }
}

static void default_refusal(struct ctx *ctx, const struct refusal_row *row,
                            struct http_response *ret)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_format(
        &b,
        "{\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"detail\":\"%s\",\"detail_zh\":\"%s\"}\n",
        http_reason(row->status), row->status, row->code, row->en, row->zh);
    ret->type = STR("application/problem+json");
    ret->body = buf_str(&b);
}

static void fill_refusal(void *arg, struct http_exchange *face)
{
    const struct refusal_row *row = arg;
    struct exchange *x = (struct exchange *)face;
    const struct http_setup *setup = &x->loop->server->setup;
    struct http_response r = {.status = row->status, .closes = true};
    if (setup->on_bad != NULL) {
        setup->on_bad(setup->arg, &face->ctx, row->status, str_from(row->code), &r);
        r.status = row->status;
        r.closes = true;
    } else {
        default_refusal(&face->ctx, row, &r);
    }
    http_respond(face, &r);
}

/* Run fn as the current exchange's code, in the guard; what it answers stands in x->response. */
static bool conn_run(struct exchange *x, void (*fn)(void *arg, struct http_exchange *x), void *arg)
{
    struct loop *l = x->loop;
    l->current = x;
    bool ok = http_guarded(&x->face, fn, arg);
    l->current = NULL;
    return ok;
}

void conn_refuse(struct conn *c, enum refusal r)
{
    struct exchange *x = c->x;
    c->closes = true;
    if (c->phase == PHASE_BODY) {
        exchange_cut(x);
    }
    x->is_answered = false;
    x->is_stream = false;
    arena_clear(x->face.ctx.arena);
    x->face.own = NULL;
    x->face.request = (struct http_request){0};
    struct refusal_row row = *refusal_row(r);
    conn_run(x, fill_refusal, &row);
    if (!answer_is_sound(&x->response)) {
        conn_drop(c);
        return;
    }
    conn_write_answer(c);
}

static bool step_idle(struct conn *c)
{
    if (bytes_left(&c->in) == 0 || c->closes) {
        return false;
    }
    c->x = exchange_take(c->loop);
    if (c->x == NULL) {
        conn_drop(c);
        return false;
    }
    c->x->conn = c;
    c->scanned = 0;
    c->skipped_line = false;
    conn_set_phase(c, PHASE_HEAD);
    return true;
}

struct head_work {
    struct conn *conn;
    size_t bytes;
    enum refusal bad;
};

static void parse_head(void *arg, struct http_exchange *face)
{
    struct head_work *w = arg;
    struct exchange *x = (struct exchange *)face;
    struct conn *c = w->conn;
    struct http_setup *setup = &c->loop->server->setup;
    struct str bytes = str_copy(face->ctx.arena, str_slice(input(c), 0, w->bytes));
    w->bad = head_parse(face->ctx.arena, bytes, &face->request, &x->head);
    if (w->bad != FINE) {
        return;
    }
    face->request.received = setup->world->now(setup->world);
    face->request.peer = str_copy(face->ctx.arena, str_from(c->peer));
    if (c->ssl != NULL) {
        tls_facts(c, face->ctx.arena, &face->request);
    }
    face->request.body_bytes = x->head.body_bytes;
    face->request.is_chunked = x->head.is_chunked;
    x->intake = (struct http_intake){.max_bytes = LIMIT_HTTP_BODY_BYTES};
    if (setup->begin != NULL) {
        setup->begin(setup->arg, face, &x->intake);
    }
    if (x->is_answered) {
        return;
    }
    if (x->head.body_bytes > x->intake.max_bytes) {
        w->bad = TOO_LARGE_BODY;
        return;
    }
    x->body_room = x->intake.take != NULL ? 0 : (size_t)x->head.body_bytes;
    x->body = x->body_room == 0 ? NULL : arena_push_bytes(face->ctx.arena, x->body_room);
}

static bool step_head(struct conn *c)
{
    struct str bytes = input(c);
    if (!c->skipped_line && bytes.n > 0 && bytes.p[0] == '\r') {
        if (bytes.n == 1) {
            return false;
        }
        if (bytes.p[1] == '\n') {
            bytes_take(&c->in, 2);
            c->skipped_line = true;
            return true;
        }
    }
    struct head_work work = {.conn = c, .bad = FINE};
    work.bytes = head_scan(bytes, &c->scanned, &work.bad);
    if (work.bytes == 0 && work.bad == FINE) {
        return false;
    }
    struct exchange *x = c->x;
    if (work.bad == FINE && !conn_run(x, parse_head, &work)) {
        work.bad = NO_MEMORY;
    }
    if (work.bad != FINE) {
        conn_refuse(c, work.bad);
        return false;
    }
    bytes_take(&c->in, work.bytes);
    c->closes = c->closes || x->head.closes;
    if (x->is_answered) { /* from the head alone: what follows is not read as a request */
        c->closes = c->closes || x->head.is_chunked || x->head.body_bytes > 0;
        conn_write_answer(c);
        return c->phase == PHASE_IDLE;
    }
    conn_set_phase(c, PHASE_BODY);
    if (x->head.expects_continue && !bytes_put(&c->out, "HTTP/1.1 100 Continue\r\n\r\n", 25)) {
        conn_drop(c);
        return false;
    }
    return true;
}

struct body_work {
    struct str data;
    size_t taken;
    bool goes_on;
};

static void take_body(void *arg, struct http_exchange *face)
{
    struct body_work *w = arg;
    struct exchange *x = (struct exchange *)face;
    if (x->intake.take != NULL) {
        w->goes_on = x->intake.take(x->loop->server->setup.arg, face, w->data, &w->taken);
        w->taken = w->goes_on ? w->data.n : w->taken;
        must(w->taken <= w->data.n);
        return;
    }
    w->goes_on = true;
    w->taken = w->data.n;
    if (x->body_room - x->body_n < w->data.n) {
        size_t room = x->body_room < 4096 ? 4096 : x->body_room * 2;
        while (room - x->body_n < w->data.n) {
            room *= 2;
        }
        x->body = arena_grow(face->ctx.arena, x->body, x->body_room, room);
        x->body_room = room;
    }
    memcpy(x->body + x->body_n, w->data.p, w->data.n);
}

/* One piece of the body off the input; *ret_done when it is whole. */
static size_t body_piece(struct exchange *x, struct str bytes, struct str *ret_data, bool *ret_done,
                         enum refusal *ret)
{
    if (x->head.is_chunked) {
        size_t used = chunk_next(&x->chunks, bytes, ret_data, ret);
        size_t left = x->intake.max_bytes - x->body_n;
        bool is_announced = x->chunks.state == CHUNK_DATA && x->chunks.left_bytes > left;
        if (*ret == FINE && (is_announced || ret_data->n > left)) {
            *ret = TOO_LARGE_BODY;
        }
        *ret_done = x->chunks.state == CHUNK_DONE;
        return used;
    }
    size_t left = (size_t)x->head.body_bytes - x->body_n;
    *ret_data = str_slice(bytes, 0, left);
    *ret_done = ret_data->n == left;
    return ret_data->n;
}

static void call_handler(void *arg, struct http_exchange *face)
{
    const struct http_setup *setup = arg;
    setup->handle(setup->arg, face);
}

static bool conn_handle(struct conn *c)
{
    struct exchange *x = c->x;
    if (x->intake.take == NULL) {
        x->face.request.body = (struct str){x->body, x->body_n};
    }
    conn_set_phase(c, PHASE_HANDLER);
    if (!conn_run(x, call_handler, &c->loop->server->setup)) {
        conn_refuse(c, NO_MEMORY);
        return false;
    }
    if (x->is_answered) {
        conn_write_answer(c);
    }
    return c->phase == PHASE_IDLE;
}

/* Hand on the next piece of the body. What the taker left is as if it had not come yet. */
static enum refusal hand_on(struct conn *c, size_t *ret_used)
{
    struct exchange *x = c->x;
    struct body_work work = {.goes_on = true};
    enum refusal bad = FINE;
    bool done = false;
    struct chunks before = x->chunks;
    *ret_used = body_piece(x, input(c), &work.data, &done, &bad);
    if (bad == FINE && work.data.n > 0 && !conn_run(x, take_body, &work)) {
        bad = NO_MEMORY;
    }
    if (bad != FINE) {
        return bad;
    }
    if (work.taken < work.data.n) {
        must(*ret_used == work.data.n);
        x->chunks = before;
        x->chunks.left_bytes -= x->head.is_chunked ? work.taken : 0;
        *ret_used = work.taken;
        done = false;
    }
    x->body_n += work.taken;
    x->is_whole = done;
    x->is_waiting = !work.goes_on;
    bytes_take(&c->in, *ret_used);
    return FINE;
}

static bool step_body(struct conn *c)
{
    struct exchange *x = c->x;
    enum refusal bad = FINE;
    size_t used = 0;
    if (!x->is_waiting && !x->is_whole) {
        bad = hand_on(c, &used);
    }
    if (bad == FINE && x->is_whole && !x->is_waiting && x->intake.take != NULL) {
        struct body_work end = {.goes_on = true};
        bad = conn_run(x, take_body, &end) ? FINE : NO_MEMORY;
        x->is_waiting = !end.goes_on;
    }
    if (bad != FINE) {
        conn_refuse(c, bad);
        return false;
    }
    if (x->is_waiting) {
        return false;
    }
    return x->is_whole ? conn_handle(c) : used > 0;
}

/* The taker of the body lets it go on. The time it took is not the client's. */
static void conn_resume(struct conn *c)
{
    struct exchange *x = c->x;
    x->is_waiting = false;
    c->since_ns += c->loop->now_ns - c->heard_ns;
    c->heard_ns = c->loop->now_ns;
}

static bool step_linger(struct conn *c)
{
    bytes_take(&c->in, bytes_left(&c->in));
    return false;
}

static bool step_stream(struct conn *c)
{
    conn_pull_stream(c);
    return c->phase == PHASE_IDLE;
}

static bool step_none(struct conn *c)
{
    (void)c;
    return false;
}

static bool (*const steps[])(struct conn *c) = {
    [PHASE_HANDSHAKE] = step_none, [PHASE_IDLE] = step_idle,    [PHASE_HEAD] = step_head,
    [PHASE_BODY] = step_body,      [PHASE_HANDLER] = step_none, [PHASE_STREAM] = step_stream,
    [PHASE_LINGER] = step_linger,  [PHASE_DEAD] = step_none,
};

void conn_advance(struct conn *c)
{
    bool had_output = conn_has_output(c);
    while (c->tail.n == 0 && bytes_left(&c->out) < OUT_BYTES && steps[c->phase](c)) {
    }
    if (!had_output && c->phase != PHASE_DEAD && conn_has_output(c)) {
        conn_begin_output(c);
    }
}

void conn_sent(struct conn *c, size_t n)
{
    size_t from_out = n < bytes_left(&c->out) ? n : bytes_left(&c->out);
    bytes_take(&c->out, from_out);
    c->tail = str_slice(c->tail, n - from_out, c->tail.n);
    c->sent_bytes += n;
    c->moved_ns = n > 0 ? c->loop->now_ns : c->moved_ns;
    if (conn_has_output(c)) {
        return;
    }
    bool was_answered = c->phase == PHASE_HANDLER && (c->x == NULL || c->x->is_answered);
    if (was_answered) {
        conn_finish(c);
    }
    bool is_large = c->out.room > 4 * COPY_BYTES;
    if (c->phase == PHASE_IDLE && is_large) {
        bytes_release(&c->out);
    }
}

void conn_deliver(struct exchange *x)
{
    struct conn *c = x->conn;
    if (x->is_waiting) {
        must(exchange_has_resumed(x));
        if (c == NULL) {
            x->is_waiting = false;
            exchange_cut(x);
            exchange_release(x);
            return;
        }
        conn_resume(c);
    } else if (c == NULL) {
        exchange_release_if_over(x);
        return;
    } else if (!x->is_answered) {
        if (!conn_has_output(c)) {
            conn_begin_output(c);
        }
        conn_write_answer(c);
    }
    conn_advance(c);
}

static int64_t ms(int64_t n)
{
    return n * 1000000;
}

static int64_t at_rate(uint64_t bytes, int64_t rate_bytes)
{
    return ms((int64_t)(bytes / (uint64_t)rate_bytes) * 1000);
}

static int64_t sooner(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* A total at the least rate, and no silence on top of it: without the second bound, a client that
 * sent 30 MB in a second could then hold its place for two hours at 4 KB/s. */
int64_t conn_deadline_ns(const struct conn *c)
{
    const struct http_times *t = &c->loop->server->setup.times;
    if (conn_has_output(c)) {
        return sooner(c->out_since_ns + ms(t->write_ms) + at_rate(c->sent_bytes, t->rate_bytes),
                      c->moved_ns + ms(t->silence_ms));
    }
    if (c->x != NULL && c->x->is_waiting) {
        return INT64_MAX;
    }
    switch (c->phase) {
    case PHASE_HANDSHAKE:
    case PHASE_HEAD: return c->since_ns + ms(t->header_ms);
    case PHASE_IDLE: return c->since_ns + ms(t->idle_ms);
    case PHASE_BODY:
        return sooner(c->since_ns + ms(t->body_ms) + at_rate(c->x->body_n, t->rate_bytes),
                      c->heard_ns + ms(t->silence_ms));
    case PHASE_LINGER: /* a client in the middle of sending hears the answer only at its end */
        return sooner(c->since_ns + ms(LIMIT_HTTP_LINGER_MS), c->heard_ns + ms(1000));
    case PHASE_HANDLER:
    case PHASE_STREAM:
    case PHASE_DEAD: break;
    }
    return INT64_MAX;
}

void conn_stop(struct conn *c)
{
    c->closes = true;
    if (c->phase == PHASE_HANDSHAKE || (c->phase == PHASE_IDLE && !conn_has_output(c))) {
        conn_drop(c);
        return;
    }
    if (c->phase != PHASE_STREAM) {
        return;
    }
    struct exchange *x = c->x;
    if (x->stream.is_finite) {
        return;
    }
    bool is_head_method = x->head.is_head_method;
    c->x = NULL;
    c->phase = PHASE_HANDLER;
    exchange_leave(x);
    if (!is_head_method && !bytes_put(&c->out, "0\r\n\r\n", 5)) {
        conn_drop(c);
        return;
    }
    conn_begin_output(c);
    conn_finish(c);
}
