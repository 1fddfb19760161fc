/* http.h - bytes to requests, answers to bytes: a strict HTTP/1.1 server (RFC 9110, RFC 9112).
 *
 * It knows no route. A server runs one loop per thread; each loop owns its connections and lends
 * one exchange at a time for each of them. The handler runs on the loop thread and either answers
 * at once or keeps the exchange and has ANY thread answer later, exactly once. Until then the
 * exchange and all that lies on its arena stay alive, also when the client has gone.
 *
 * Memory: everything in a request lies on the exchange's arena (LIMIT_REQUEST_ARENA_BYTES), which
 * is cleared when its answer has been written. Everything in a response must lie there too, or be
 * static, or be kept alive with arena_defer on that arena. Passing the arena's cap inside the
 * handler answers 503.
 *
 * What a request can break it is refused for, before any handler sees it: see parse.c for the list.
 * Forms, cookies and uploads are in form.h, Accept and entity tags in negotiate.h, calling out in
 * client.h.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

/* A header field of a request (name in lower case) or of a response; a field of a form. */
struct http_pair {
    struct str name;
    struct str value;
};

struct http_request {
    struct str method; /* a token, as sent: "GET" */
    struct str target; /* as sent: "/a%20b?x=1" */
    struct str path; /* decoded, valid UTF-8, begins with "/", without dot segments, NUL and control
                        characters */
    struct str query;                /* as sent, without "?"; see query_parse in form.h */
    struct str host;                 /* as sent, valid: name or address with an optional port */
    const struct http_pair *headers; /* names in lower case, values trimmed, in the order sent */
    size_t header_count;
    struct str body;     /* decoded from its chunks; empty when there is none, or when it was taken
                            piece by piece */
    uint64_t body_bytes; /* announced by Content-Length; 0 when it is not */
    bool is_chunked;     /* a body follows whose size is not announced */
    struct str peer;     /* address of the other end without the port; empty from http_feed */
    bool is_tls;
    struct str tls_version;  /* "TLSv1.3"; empty without TLS */
    struct str tls_peer_der; /* the client's certificate, verified against client_ca_file; empty
                                when none */
    struct instant received; /* when its head was complete */
};

/* One request and the duty to answer it once. Use ctx for everything done on its behalf. */
struct http_exchange {
    struct ctx ctx; /* its arena and the server's world */
    struct http_request request;
    void *own; /* for the handler's use */
};

struct http_response {
    int status;
    struct str type;                 /* Content-Type; empty = no such header */
    const struct http_pair *headers; /* further ones; Date, Content-Length, Connection and Vary for
                                        gzip are made here */
    size_t header_count;
    struct str body;
    struct str body_gzip; /* the same body by gzip, sent to those who accept it; empty = none */
    bool closes;          /* end the connection after it */
};

/* What becomes of the body of a request. */
struct http_intake {
    size_t max_bytes; /* more is refused with 413, announced or not */
    /* NULL: the body is gathered in request.body. Else every piece of it is handed here, on the
     * loop thread and inside the guard, and at the end one without bytes; they live during the
     * call. True: all were taken, go on. False: *ret_taken of them were (0 when it is not set); no
     * more is read and no limit of time runs until http_body_resume, which is then owed exactly
     * once, from any thread, and what was not taken comes again. handle is called when the end was
     * taken. */
    bool (*take)(void *arg, struct http_exchange *x, struct str bytes, size_t *ret_taken);
    /* In place of handle, when a body that began to be taken does not become whole (the client
     * left, was too slow, sent too much). On the loop thread, never while a resume is owed; x is
     * not to be answered. May be NULL. */
    void (*cut)(void *arg, struct http_exchange *x);
};

/* Answer. From any thread, once for each exchange; then x is no longer the caller's. */
void http_respond(struct http_exchange *x, const struct http_response *response);
/* Run fn with the arena of x guarded: when it passes its cap, x is answered 503 and false comes
 * back. The handler runs inside one already; a thread that goes on with a kept exchange uses its
 * own. fn must not pass x on and then push on its arena. */
bool http_guarded(struct http_exchange *x, void (*fn)(void *arg, struct http_exchange *x),
                  void *arg);

/* Have the loop of a kept exchange run fn on its thread, guarded as the handler was; fn answers, or
 * keeps x again. From any thread, as the last thing it does with x: so that who is told something
 * (the writer) need not render what is answered to it. */
void http_resume(struct http_exchange *x, void (*fn)(void *arg, struct http_exchange *x),
                 void *arg);

/* The body of x is wanted again after intake.take took less than it was given. From any thread. */
void http_body_resume(struct http_exchange *x);
/* The client of x is known to the caller (it is signed in): its connection counts no longer as a
 * stranger's. In begin or handle. */
void http_known(struct http_exchange *x);

/* The owner of an answer that goes on. */
struct http_stream {
    void *arg;
    /* Called at most once, on the loop thread, when the client has left or the server stops; the
     * end is still owed, and may be given here. NULL allowed. */
    void (*on_gone)(void *arg);
    /* Called on the loop thread, inside a guard, whenever nothing pushed is left and the client
     * takes more: push the next part, or end. false: it cannot be made; the connection is cut, so
     * that nobody takes the part for the whole. NULL: the owner pushes of its own accord. */
    bool (*on_room)(void *arg);
    bool is_finite; /* a server that stops lets it come to its end */
};
/* Answer with a body that goes on (files, server-sent events, exports): head now (response->body is
 * its first part), more by http_stream_push, until http_stream_end, which is owed exactly once. */
void http_stream_begin(struct http_exchange *x, const struct http_response *response,
                       const struct http_stream *stream);
/* Send more; bytes are copied. From any thread. ERR_CANCELLED when nobody listens any more,
 * ERR_BUSY when LIMIT_HTTP_STREAM_BYTES wait for a slow client (nothing of bytes is sent then). */
enum err http_stream_push(struct http_exchange *x, struct str bytes) MUST_USE;
void http_stream_end(struct http_exchange *x);

/* The value of a request header by lower-case name; empty when absent. Repeated fields: the first.
 */
struct str http_header(const struct http_request *r, const char *name);
/* The standard phrase of a status: "Not Found"; "Unknown" for others. */
const char *http_reason(int status);
