/* http_in.h - the inside of the room: heads, connections, exchanges, loops.
 *
 * parse.c turns bytes into a head; conn.c steps one connection through its phases and knows no
 * socket; answer.c writes heads of answers; loop.c moves bytes between connections and the network
 * and keeps the clocks; server.c is what outsiders call. Everything of a connection belongs to its
 * loop's thread; what other threads may touch of an exchange is marked and stands under the loop's
 * lock.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"
#include "http/server.h"
#include "http/net.h"
#include "limit_gen.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct bio_method_st BIO_METHOD;

/* Why a request is refused here; status, code and sentences in refuse.c. */
enum refusal {
    FINE,
    BAD_BARE_LF,
    BAD_REQUEST_LINE,
    BAD_METHOD,
    BAD_TARGET,
    BAD_PERCENT,
    BAD_DOT_SEGMENT,
    BAD_PATH_UTF8,
    BAD_VERSION,
    BAD_HEADER_NAME,
    BAD_HEADER_VALUE,
    BAD_FOLD,
    BAD_HOST_MISSING,
    BAD_HOST_REPEATED,
    BAD_HOST,
    BAD_LENGTH,
    BAD_LENGTH_AND_CHUNKED,
    BAD_ENCODING,
    BAD_EXPECT,
    BAD_CHUNK,
    TOO_LONG_TARGET,
    TOO_LONG_HEADER,
    TOO_MANY_HEADERS,
    TOO_LARGE_BODY,
    TOO_SLOW_HEADER,
    TOO_SLOW_BODY,
    NO_MEMORY,
    BAD_ANSWER,
    REFUSAL_COUNT
};
struct refusal_row {
    int status;
    const char *code;
    const char *en;
    const char *zh;
};
const struct refusal_row *refusal_row(enum refusal r);

/* What the head says about the framing of its message. */
struct head {
    uint64_t body_bytes; /* Content-Length */
    bool is_chunked;
    bool is_head_method;
    bool closes;
    bool expects_continue;
};
/* Look for the end of the head in bytes, having looked at *from of them before. Its length with the
 * empty line, 0 when it is not there yet, or a refusal. */
size_t head_scan(struct str bytes, size_t *from, enum refusal *ret);
/* Take a whole head apart. bytes must outlive ret: they lie on the arena. */
enum refusal head_parse(struct arena *a, struct str bytes, struct http_request *ret,
                        struct head *ret_head);

/* Body of chunks (RFC 9112 7.1), without extensions and trailers. */
enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_LAST_END, CHUNK_DONE };
struct chunks {
    enum chunk_state state;
    uint64_t left_bytes; /* of the present chunk */
};
/* Take one piece off the front of bytes: the number of bytes used, of which the *ret_data are
 * content. 0: more bytes are needed, or refused. */
size_t chunk_next(struct chunks *c, struct str bytes, struct str *ret_data, enum refusal *ret);

struct loop;
struct conn;

struct exchange {
    struct http_exchange face; /* first, so that the two convert */
    struct loop *loop;
    struct conn *conn; /* NULL when the client is gone */
    struct head head;
    struct chunks chunks;
    char *body;
    size_t body_n; /* taken so far */
    size_t body_room;
    struct http_intake intake;
    bool is_whole;                 /* the body */
    bool is_waiting;               /* for the owner of the intake: nothing of the body is read */
    struct http_response response; /* set by the answerer before it posts */
    bool is_answered;              /* the loop has begun to send it */
    bool is_stream;
    struct http_stream stream;
    /* under loop->lock */
    struct exchange *next_posted;
    bool is_posted;
    bool has_resumed;
    bool has_answer;
    void (*resume)(void *arg, struct http_exchange *x); /* to be run on the loop's thread */
    void *resume_arg;
    bool has_ended;
    bool is_gone;
    char *push;
    size_t push_n;
    size_t push_room;
    /* the pool and the list of the loop */
    struct exchange *next_free;
};

enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_HANDLER,
    PHASE_STREAM,
    PHASE_LINGER,
    PHASE_DEAD
};

enum source_kind { SOURCE_LISTENER, SOURCE_WAKE, SOURCE_CONN };
struct source {
    enum source_kind kind;
    int handle;
};

/* Bytes that grow, kept by realloc because they outlive requests. */
struct bytes {
    char *p;
    size_t at; /* taken */
    size_t n;  /* filled */
    size_t room;
};

struct conn {
    struct source source; /* first */
    struct loop *loop;
    struct conn *prev;
    struct conn *next;
    enum phase phase;
    struct bytes in;
    size_t scanned;
    bool skipped_line; /* one empty line before a request is forgiven */
    struct bytes out;
    struct str tail; /* rest of a large body, sent from the arena of x */
    struct exchange *x;
    bool closes; /* no further request after the present answer */
    bool eof;
    bool said_end; /* the client was told that no more comes */
    bool readable;
    bool is_added;
    unsigned wanted;
    int64_t since_ns;     /* begin of the phase */
    int64_t heard_ns;     /* when bytes of it came last, or we let it send again */
    int64_t out_since_ns; /* since when something waits to be sent */
    int64_t moved_ns;     /* when bytes of it went last */
    uint64_t sent_bytes;  /* since then */
    uint32_t ip_slot;
    bool is_counted; /* among the strangers of its address */
    char peer[48];
    SSL *ssl;
    bool tls_wants_write;
};

enum { IP_SLOTS = 65536, LISTENERS_MAX = 16, COPY_BYTES = 16384, OUT_BYTES = 65536 };

/* counts.c: connections by the hash of their address, a row for each process. */
struct count_row {
    atomic_ushort all[IP_SLOTS];
    atomic_ushort strangers[IP_SLOTS]; /* of these, nobody vouched for them */
};
struct http_counts {
    uint64_t key; /* of the hash */
    int rows;
    struct count_row row[];
};
/* A process begins with its row. */
void counts_clear(struct http_counts *c, int row);
/* Count a connection in, as a stranger's; false when all rows together reach a cap, and then
 * nothing is counted. */
bool counts_in(struct http_counts *c, int row, uint32_t slot, int all_max, int strangers_max);
void counts_out(struct http_counts *c, int row, uint32_t slot, bool is_stranger);

struct loop {
    struct http_server *server;
    pthread_t thread;  /* to join it; the starter's */
    pthread_t runs_on; /* the same, told by itself */
    int index;
    int poll;
    int reserve;
    struct source wake;
    struct source listeners[LISTENERS_MAX];
    int listener_count;
    struct conn *conns;
    size_t conn_count;
    struct conn *dead;
    size_t exchange_count; /* lent */
    struct exchange *free_exchanges;
    size_t free_count;
    struct exchange *current; /* whose handler runs now */
    int64_t now_ns;
    int64_t sweep_ns;
    bool is_stopping;
    bool is_starved; /* some connection has bytes left that no readiness will announce */
    int64_t date_s;
    char date[30];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct exchange *posted;
    struct exchange *posted_last;
    struct exchange *notifying; /* whose on_gone runs now */
};

struct http_server {
    struct http_setup setup;
    const struct http_net *net;
    struct loop *loops;
    int loop_count;
    int started;
    struct loop door; /* of http_feed */
    struct bytes door_out;
    atomic_int conn_count;
    struct http_counts *counts; /* the setup's, or our own */
    atomic_bool stops;
    atomic_llong hard_ns;
    SSL_CTX *tls;
    BIO_METHOD *tls_bio;
    char *names; /* copies of the setup's strings */
};

/* false when the system has no memory. */
bool bytes_room(struct bytes *b, size_t n);
bool bytes_put(struct bytes *b, const void *p, size_t n);
void bytes_take(struct bytes *b, size_t n);
void bytes_release(struct bytes *b);
size_t bytes_left(const struct bytes *b);

/* conn.c */
struct conn *conn_new(struct loop *l, int handle);
void conn_set_phase(struct conn *c, enum phase phase);
/* Do all that the bytes at hand allow: parse, call the handler, write answers to out. */
void conn_advance(struct conn *c);
/* Answer with a refusal and take no further request. */
void conn_refuse(struct conn *c, enum refusal r);
/* What was sent of out and tail. */
void conn_sent(struct conn *c, size_t n);
bool conn_has_output(const struct conn *c);
bool conn_takes_input(const struct conn *c);
/* Is there more of its stream to send, and nothing that would announce when? */
bool conn_streams(const struct conn *c);
/* The client is gone or given up: hand back what it held. The conn goes to the loop's dead list. */
void conn_drop(struct conn *c);
/* Answer posted by other threads. */
void conn_deliver(struct exchange *x);
int64_t conn_deadline_ns(const struct conn *c);
/* The server stops: nothing new from this client. */
void conn_stop(struct conn *c);

/* exchange.c */
struct exchange *exchange_take(struct loop *l);
void exchange_release(struct exchange *x);
void exchange_forget_pool(struct loop *l);
/* The client of a kept exchange is gone: tell the stream's owner, and take x back when it is over.
 */
void exchange_leave(struct exchange *x);
void exchange_release_if_over(struct exchange *x);
/* Run what http_resume asked for, and send what it answered. */
void exchange_go_on(struct exchange *x, void (*fn)(void *arg, struct http_exchange *x), void *arg);
bool exchange_has_ended(struct exchange *x);
/* The owner has let the body go on since it was asked to wait. */
bool exchange_has_resumed(struct exchange *x);
/* Was more pushed than has been taken to be sent? */
bool exchange_has_pushed(struct exchange *x);
/* Does the stream ask its owner for more? Then let it make some; false when it cannot. */
bool exchange_refill(struct exchange *x);
/* Tell the owner of an intake that the body will not be whole. */
void exchange_cut(struct exchange *x);
/* Move up to max pushed bytes to out as one chunk (NULL: forget them); false without memory. */
bool exchange_pull(struct exchange *x, struct bytes *out, size_t max);

/* answer.c: write status line and headers, body and tail as they fit. Refuses what would break the
 * framing. */
bool answer_is_sound(const struct http_response *r);
bool answer_write(struct conn *c, const struct exchange *x);
bool chunk_write(struct bytes *out, const char *p, size_t n);

/* loop.c */
enum err loop_init(struct ctx *ctx, struct loop *l, struct http_server *s, int index);
void loop_release(struct loop *l);
void *loop_run(void *loop);
/* What handlers put off is done now. */
void loop_settle(struct loop *l);
void loop_deliver_posts(struct loop *l);
void loop_bury(struct loop *l);
void loop_wake(struct loop *l);

/* server.c: http_feed with the first bytes arriving alone. */
void door_feed(struct http_server *s, struct str bytes, size_t first_bytes, struct buf *ret);

/* tls.c */
enum err tls_open(struct ctx *ctx, struct http_server *s);
void tls_close(struct http_server *s);
bool tls_attach(struct conn *c);
void tls_detach(struct conn *c);
int tls_handshake(struct conn *c); /* 1 done, 0 goes on, -errno */
int64_t tls_recv(struct conn *c, void *bytes, size_t max);
int64_t tls_send(struct conn *c, const void *bytes, size_t n);
/* Tell the client that nothing follows. Without TLS: nothing. */
void tls_bye(struct conn *c);
void tls_facts(struct conn *c, struct arena *a, struct http_request *ret);
