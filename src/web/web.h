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
/* What the room of this name keeps; NULL when it was given nothing. */
void *page_state(const struct page *p, const char *room);
/* Query member or form field by name; empty when absent. */
struct str page_query(struct page *p, const char *name);
/* Form of a POST (urlencoded, multipart, or a JSON object): field by name, or empty. */
struct str page_field(struct page *p, const char *name);
/* All fields as JSON members; files as attachments. Token and key are left out. */
enum err page_form(struct page *p, struct json *ret_fields, struct attachment **ret_files,
                   size_t *ret_count) MUST_USE;
