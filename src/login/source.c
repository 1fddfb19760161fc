/* Signing in by what others vouch for, and registering whom they vouch for when the node does not
 * know them yet. */
#include "base/json_make.h"
#include "login/source.h"

#include "login/login_in.h"
#include "party/party.h"
#include "web/answer.h"

enum err login_add_source(struct ctx *ctx, struct login *l, const struct identity_source *source)
{
    if (l->source_count == LEN(l->sources)) {
        return fault(ctx, ERR_TOO_MANY, "more than %zu sources of identity", LEN(l->sources));
    }
    l->sources[l->source_count++] = source;
    return ERR_OK;
}

const struct identity_source *const *sources_of(const struct page *p, size_t *ret_count)
{
    const struct login *l = login_of(p);
    *ret_count = l->source_count;
    return l->sources;
}

static const struct identity_source *named(struct page *p, struct str id)
{
    size_t count = 0;
    const struct identity_source *const *list = sources_of(p, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(str_from(list[i]->id), id)) {
            return list[i];
        }
    }
    return NULL;
}

static enum err none_such(struct page *p)
{
    struct text2 none = {{0}, {0}};
    return page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

static enum err source_begin(struct page *p)
{
    struct ctx *ctx = p->ctx;
    const struct identity_source *s = named(p, p->args[0]);
    bool allowed = false;
    TRY(login_rule(p, "signin.source", true, &allowed));
    return s == NULL || !allowed ? none_such(p) : s->begin(p, s, login_next(page_query(p, "next")));
}

struct arrival {
    struct asserted said;
    struct str id;
};

static enum err sign_in(struct page *p, const struct arrival *a)
{
    struct ctx *ctx = p->ctx;
    struct proven v;
    bool found = false;
    int assurance = a->said.assurance > 2 ? 2 : a->said.assurance;
    TRY(proven_load(p, a->id, assurance, a->said.methods, a->said.next, &v, &found));
    return found ? proven_sign_in(p, &v) : login_refused(p);
}

/* Of two who come with one card at once the register takes the first; then both are that person. */
static enum err registered(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct arrival *a = p->own;
    struct str kind = {0};
    struct str name = {0};
    if (receipt->seq < 0) {
        TRY(party_find(ctx, p->db, a->said.idcard, &a->id, &kind, &name));
    }
    return a->id.n == 0 ? page_admitted(p, receipt) : sign_in(p, a);
}

/* A person whose identity was proven is registered by the node, with what the source vouches for
 * and nothing more. */
static enum err register_person(struct page *p, struct arrival *a)
{
    struct arena *r = p->ctx->arena;
    struct draft d = {.kind = STR("register-party"),
                      .actor = {.kind = ACTOR_NODE, .assurance = a->said.assurance},
                      .fields = json_object()};
    a->id = login_new_id(p, "p-");
    json_set(r, &d.fields, STR("party.id"), json_of_str(a->id));
    json_set(r, &d.fields, STR("party.kind"), json_of_str(STR("person")));
    json_set(r, &d.fields, STR("person.name"), json_of_str(a->said.name));
    json_set(r, &d.fields, STR("person.idcard"), json_of_str(a->said.idcard));
    p->own = a;
    return page_submit(p, &d, registered);
}

/* It answers once: now the person is who it says. */
static enum err answer_used(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct arrival *a = p->own;
    struct str kind = {0};
    struct str name = {0};
    (void)receipt;
    if (login_kept_refused(p)) {
        return login_refused(p);
    }
    TRY(party_find(ctx, p->db, a->said.idcard, &a->id, &kind, &name));
    return a->id.n == 0 ? register_person(p, a) : sign_in(p, a);
}

static enum err source_return(struct page *p)
{
    struct ctx *ctx = p->ctx;
    const struct identity_source *s = named(p, p->args[0]);
    struct arrival *a = ARENA_NEW(ctx->arena, struct arrival);
    bool allowed = false;
    TRY(login_rule(p, "signin.source", true, &allowed));
    if (s == NULL || !allowed) {
        return none_such(p);
    }
    if (s->finish(p, s, &a->said) != ERR_OK) {
        return login_refused(p);
    }
    struct keep keep = login_keep_use_ticket(ctx->arena, a->said.ticket);
    p->own = a;
    return page_keep(p, &keep, answer_used);
}

static enum err sample_issue(struct page *p)
{
    const struct identity_source *s = named(p, STR("sample-card"));
    return s == NULL ? none_such(p) : sample_issuer_issue(p, s);
}

static const struct route rows_[] = {
    {"GET", "/login/source/{id}", source_begin, FOR_ALL, 0, "Sign in by a source of identity", NULL,
     "next"},
    {"POST", "/login/source/{id}/return", source_return, FOR_ALL, 0,
     "What a source of identity says", NULL, "assertion"},
    {"POST", "/sample-card/issue", sample_issue, FOR_ALL, 0,
     "The sample issuer signs who holds a card (demo only)", NULL, "who state"},
};
const struct route_table login_source_routes = {rows_, LEN(rows_)};
