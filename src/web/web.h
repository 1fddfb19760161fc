/* web.h - from a request to a page: routes, sessions, forms, answers. Knows no SQL and no law by
 * name.
 *
 * A room's page is a function of `struct page` with a row at the foot of its file. The row says who
 * may come, what the body may weigh and which template answers; the dispatcher does the rest once:
 * language, session, access, token, limits, errors. A page fills the struct of its template and
 * calls page_show: the same struct answers as HTML or as JSON, by Accept.
 *
 * Pages read through page->db (a read-only connection of this thread) and change things only by
 * page_submit, which hands a draft to the gate and answers when the act is durable or refused.
 */
#pragma once

#include "base/base.h"
#include "base/json.h"
#include "gate/gate.h"
#include "web/render.h"

struct http_exchange;
struct http_intake;
struct web;

struct http_request;

/* Who may come to a route. Pages may look closer (relation to the case). */
enum audience {
    FOR_ALL = 0,     /* signed in or not */
    FOR_PARTY = 1,   /* signed in as a person */
    FOR_OFFICER = 2, /* signed in as an officer of any role */
    FOR_ADMIN = 4,
    /* With FOR_ALL: a POST that other sites and programs may send. It must take nothing from the
     * session that its sender could not ask for by a GET, and answers a broken form
     * (page->form_err) in its own words. */
    FROM_ANYWHERE = 16,
    /* For programs that speak a protocol of their own: faults are told by web_config.fault. */
    FOR_PROTOCOL = 32,
    /* With FOR_ALL: answers also when the store or the law in force cannot be read; page->db and
     * page->law are NULL. */
    FOR_WATCHERS = 64,
    /* May take longer than a loop may be held (5 ms): its page runs on the pool of slow ones, and
     * when LIMIT_SLOW_QUEUE wait there it is answered 503 with Retry-After. */
    ON_POOL = 128,
};

/* A further header of an answer. */
struct page_header {
    struct str name;
    struct str value;
};

struct session {
    bool signed_in;
    struct str id; /* names the session to its owner and to relying parties; the cookie's value is
                      another */
    struct actor actor;   /* as the gate takes it; assurance by how the person signed in */
    struct str methods;   /* how: values of RFC 8176, with blanks between: "pwd otp" */
    struct str name;      /* to greet */
    struct instant since; /* of the last proof of identity (OpenID Connect: auth_time) */
    struct str token;     /* for forms */
};

struct page {
    struct ctx *ctx;
    struct web *web;
    struct gate *gate;
    struct db *db;         /* read-only */
    const struct law *law; /* in force now; NULL before any is published */
    struct session session;
    enum lang lang;
    bool large; /* the elder version */
    bool wide;  /* a desk of columns, for offices */
    bool wants_json;
    struct str path;        /* without the language prefix */
    const struct str *args; /* what {…} of the route matched, in order */
    size_t arg_count;
    const struct route *route; /* NULL: none has this address and method */
    bool is_other_method;      /* but one has the address */
    enum err met;              /* why it cannot be known who is here */
    const struct access_rule
        *access; /* of the route, by the law now; NULL when the law says nothing of any route */
    const struct str *roles; /* of who is signed in: "party", or codes of table role */
    size_t role_count;
    struct page_use *uses; /* noted by page_use, kept before the answer leaves */
    size_t use_count;
    size_t use_room;
    struct http_exchange *exchange;
    struct str cookie; /* Set-Cookie of the answer; empty for none */
    bool *handed_over; /* of the thread that runs the page: another one answers it now */
    int status;
    struct str type;
    struct str body;
    struct str location;
    int64_t cache_s;
    bool has_form;
    struct json form;  /* fields of a POST, once read */
    enum err form_err; /* FROM_ANYWHERE: why they could not be read */
    struct page_header headers[4];
    size_t header_count;
    struct str
        form_to; /* origin that forms of this page may be sent to besides this site; empty: none */
    struct download *download; /* the answer goes on with a file */
    struct intake *intake;     /* the body is taken as it comes; NULL: it lies in the request */
    struct attachment *files;
    size_t file_count;
    void *own;       /* of who holds the page over a page_then or page_step */
    struct str kept; /* in a page_then: what the kept operation answered */
};

typedef enum err page_fn(struct page *p);
/* A fault told in the words of a protocol, in place of page_problem's. */
typedef enum err page_fault(struct page *p, enum err code);

struct route {
    const char *method; /* "GET" or "POST" */
    const char *path;   /* "/case/{id}": each {…} is one segment */
    page_fn *fn;
    unsigned audience;     /* enum audience, or-ed; FOR_ALL is everyone */
    size_t body_max_bytes; /* 0: a form (LIMIT_HTTP_BODY_BYTES; less for strangers) */
    const char *summary;   /* one English line, for the API description */
    const char *schema;    /* JSON Schema of the answer (NAME_schema of the template), or NULL */
    const char *query;     /* names of query or form members, space-separated; "" for none */
};

/* Which classes of fact (bit per enum fact_class) who is signed in may see on this page of someone
 * they are so related to: by the law's table of access. 0: nothing, not even that it exists. */
unsigned page_classes(const struct page *p, enum access_relation relation);
/* Someone's data go out with this page: note who sees them, where and why. The answer leaves only
 * when the note is durable. subject: the register id; about: the case, or empty. One's own data
 * need no note. */
void page_use(struct page *p, struct str subject, struct str about, enum access_relation relation);
/* The same for a reader that is no person signed in here, from within a transaction that is kept
 * before the answer leaves (page_keep). reader: "KIND:ID", whose name web_config.reader_name knows.
 * about: what was handed over. */
struct use_note {
    struct str subject;
    struct str reader;
    struct str about;
    struct str route;
    enum access_relation relation;
};
enum err use_keep(struct ctx *ctx, struct db *db, const struct use_note *note) MUST_USE;
/* Name of a reader "KIND:ID", in the page's language; false when it is none, or nobody knows it. */
enum err page_reader_name(struct page *p, struct str reader, struct str *ret,
                          bool *ret_found) MUST_USE;
/* Who read someone's data in the last 90 days, newest first, at most LIMIT_PAGE_ROWS. */
struct use_row {
    struct day day;
    struct str reader;
    struct str about;
    struct str route;
    enum access_relation relation;
    int64_t times;
};
enum err page_uses(struct page *p, struct str subject, struct use_row **ret,
                   size_t *ret_count) MUST_USE;
/* What the room of this name keeps; NULL when it was given nothing. */
void *page_state(const struct page *p, const char *room);
/* Query member or form field by name; empty when absent. */
struct str page_query(struct page *p, const char *name);
/* Form of a POST (urlencoded, multipart, or a JSON object): field by name, or empty. */
struct str page_field(struct page *p, const char *name);
/* All fields as JSON members; files as attachments. Token and key are left out. */
enum err page_form(struct page *p, struct json *ret_fields, struct attachment **ret_files,
                   size_t *ret_count) MUST_USE;
/* Language-dependent text of the law: English when there is one and it is wanted. */
struct str page_text(const struct page *p, struct text2 t);
/* A citation as people read it: "行政许可法第四十二条（1）". As written when it resolved to no
 * article. */
struct str page_cite(const struct page *p, const struct cite *c);

/* Answer with a template NAME: title in the page's language; the struct answers as HTML in the
 * frame, or as JSON when the client prefers that. */
typedef void template_html(struct render *r, const void *data);
typedef void template_json(struct buf *b, const void *data);
#define page_show(p, status, title, name, data)                                                    \
    page_show_any((p), (status), (title), name##_html_any, name##_json_any, (data))
enum err page_show_any(struct page *p, int status, struct str title, template_html *html,
                       template_json *json, const void *data) MUST_USE;
/* A template rendered by itself, to stand in another as {name:html}. */
struct str page_part(struct page *p, template_html *html, const void *data);
/* 303 to an address of this site. */
enum err page_go(struct page *p, struct str path) MUST_USE;
/* 303 to any address: the caller has checked that it may send people there. */
enum err page_leave(struct page *p, struct str url) MUST_USE;
/* One more header of the answer. */
void page_header(struct page *p, struct str name, struct str value);
/* A problem: page or problem+json, by Accept. */
enum err page_problem(struct page *p, enum err code, struct str field,
                      struct text2 sentence) MUST_USE;
/* A body as it is: tiles, checkpoints, CSV, SVG. cache_s: how long others may keep it; 0 =
 * no-store. */
enum err page_raw(struct page *p, int status, struct str type, struct str body,
                  int64_t cache_s) MUST_USE;
/* A file of the vault, to be saved under this name: sent piece by piece, never in memory whole. */
enum err page_file(struct page *p, const struct vault_file *file, struct str name,
                   struct str type) MUST_USE;

/* Hand a draft to the gate; when it is answered, `then` is called on the page's loop with the
 * receipt and, as the handler, answers the page (page_go, page_problem …), or hands it on. NULL:
 * admitted goes to /receipt/SEQ, refused shows the refusal with its article (409). The idempotency
 * key is the form's. */
typedef enum err page_then(struct page *p, const struct receipt *receipt);
enum err page_submit(struct page *p, struct draft *draft, page_then *then) MUST_USE;
/* What NULL does, for a `then` that has something to say only of one of the two. */
enum err page_admitted(struct page *p, const struct receipt *receipt) MUST_USE;
/* The same with a kept operation beside the act (gate_submit_with), and one alone (gate_keep; then
 * gets receipt NULL). What it answered stands in page->kept. */
enum err page_submit_with(struct page *p, struct draft *draft, const struct keep *beside,
                          page_then *then) MUST_USE;
enum err page_keep(struct page *p, const struct keep *keep, page_then *then) MUST_USE;

/* Leave the page to another thread: after page_hold the handler returns ERR_OK and touches it no
 * more, and the other thread calls page_go_on exactly once, from where `step` answers the page,
 * holds it again, or submits. An error of step is answered as a problem. p->db is there again
 * inside step. */
typedef enum err page_step(struct page *p, void *arg);
void page_hold(struct page *p);
void page_unhold(struct page *p); /* nobody took it: this thread answers after all */
void page_go_on(struct page *p, page_step *step, void *arg);

/* ---- the room's doors for the program that serves ---- */

extern const struct keep_table web_keeps;

struct route_table {
    const struct route *rows;
    size_t count;
};
/* What a room keeps while the program serves, by the room's name. */
struct room_state {
    const char *room;
    void *state;
};
/* A person of the demo's chooser. */
struct demo_person {
    struct str id;
    enum actor_kind kind;
    struct str name;
    struct text2 office; /* empty for parties */
    struct text2 role;
    struct str code; /* of the one-time sign-in address */
};
/* One thing that a node's health hangs on, and in what state it is. */
struct web_health {
    const char *name;
    bool good;
    struct str sentence; /* when it is not good: what is wrong, and what happens */
};
enum { WEB_HEALTH_MAX = 8 };

struct web_config {
    struct gate *gate;
    struct store *store;
    struct text2 name;  /* of the node, in the masthead */
    uint8_t secret[32]; /* of the node, the same in every process: for what pages give out */
    const struct route_table *tables;
    size_t table_count;
    const struct room_state *states;
    size_t state_count;
    const struct demo_person *people; /* empty: no demo, no chooser */
    size_t people_count;
    struct str css;        /* /static/tongban.css */
    struct str passkey_js; /* /static/passkey.js */
    /* How faults are told at routes FOR_PROTOCOL. NULL: as at others. */
    page_fault *fault;
    /* The name of a reader of use_keep. NULL: there are none. */
    enum err (*reader_name)(struct ctx *ctx, struct db *db, enum lang lang, struct str reader,
                            struct str *ret, bool *ret_found);
    /* http_setup.settled, handed on with its own argument: a room that puts work off does it now.
     * NULL: none does. */
    void (*settled)(void *arg);
    void *settled_arg;
    /* What else the node's health hangs on, besides store and law: fills at most WEB_HEALTH_MAX
     * rows and returns how many; any thread calls it. NULL: nothing else. */
    size_t (*health)(struct ctx *ctx, void *arg, struct web_health *ret);
    void *health_arg;
};
enum err web_new(struct ctx *ctx, const struct web_config *config, struct web **ret) MUST_USE;
void web_free(struct web *w);
/* For http_setup: arg is the struct web. */
void web_handle(void *arg, struct http_exchange *x);
void web_settled(void *arg);
void web_begin(void *arg, struct http_exchange *x, struct http_intake *ret);

/* ---- sessions (session.c) ----
 * The rows, how long they last and what ends them: store/session.h. */

/* Who proved to be whom, and how. */
struct sign_in {
    struct str name;    /* to greet */
    struct actor actor; /* kind, id, assurance: 1 one factor, 2 two factors, 3 two factors no page
                           can be tricked out of */
    struct str methods; /* as in struct session */
};
/* Begin a session under a new id and cookie; one that this browser had is ended, or goes on under
 * the new cookie when it is the same person's, so a step-up rotates it as well. Durable when `then`
 * is called (as page_keep calls it), which must answer the page. */
enum err session_begin(struct page *p, const struct sign_in *who, page_then *then) MUST_USE;
/* End a session of `actor` by its public id, or all but `except` (empty: all) when id is empty. The
 * same. */
enum err session_end(struct page *p, struct str actor, struct str id, struct str except,
                     page_then *then) MUST_USE;

/* The code by which a second officer, signed in on their own, confirms that they act together with
 * another in a case: eight letters, good for this officer and case for ten to twenty minutes, at
 * every front of the node. */
struct str cosign_code(struct page *p, struct str officer, struct str case_id);
bool cosign_holds(struct page *p, struct str officer, struct str case_id, struct str code);
const struct demo_person *web_people(const struct web *w, size_t *ret_count);
