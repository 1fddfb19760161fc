#include "base/arena.h"
#include "base/str.h"
#include "login/login.h"
#include "page_login_html.h"

static enum err gone(struct page *p)
{
    struct text2 none = {{0}, {0}};
    return page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

static enum err login_page(struct page *p)
{
    size_t count = 0;
    const struct demo_person *people = web_people(p->web, &count);
    if (count == 0) {
        return gone(p);
    }
    struct page_login_people *rows = ARENA_ARRAY(p->ctx->arena, struct page_login_people, count);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct page_login_people){people[i].id, people[i].name, page_text(p, people[i].role), page_text(p, people[i].office)};
    }
    struct page_login v = {.next = login_next(page_query(p, "next")), .people = rows, .people_count = count};
    return page_show(p, 200, p->lang == LANG_EN ? STR("Sign in (demo)") : STR("登录（演示）"), page_login, &v);
}

static enum err login_as(struct page *p, const struct demo_person *who, struct str next)
{
    struct sign_in proof = {.name = who->name, .actor = {.kind = who->kind, .id = who->id, .assurance = 2}, .methods = STR("demo")};
    session_begin(p, &proof);
    return page_go(p, next);
}

static enum err login_post(struct page *p)
{
    size_t count = 0;
    const struct demo_person *people = web_people(p->web, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(people[i].id, page_field(p, "who"))) {
            struct str home = people[i].kind == ACTOR_OFFICER ? STR("/desk") : STR("/cases");
            struct str next = login_next(page_field(p, "next"));
            return login_as(p, &people[i], str_equal(next, STR("/")) ? home : next);
        }
    }
    return gone(p);
}

static enum err login_once(struct page *p)
{
    size_t count = 0;
    const struct demo_person *people = web_people(p->web, &count);
    for (size_t i = 0; i < count; i++) {
        if (people[i].code.n > 0 && str_equal(people[i].code, p->args[0])) {
            return login_as(p, &people[i], people[i].kind == ACTOR_OFFICER ? STR("/desk") : STR("/cases"));
        }
    }
    return gone(p);
}

static enum err signed_out(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return page_go(p, STR("/"));
}

static enum err logout(struct page *p)
{
    return p->session.signed_in ? session_end(p, p->session.actor.id, p->session.id, STR(""), signed_out) : page_go(p, STR("/"));
}

static const struct route rows[] = {
    {"GET", "/login", login_page, FOR_ALL, 0, "Choose a sample person (demo only)", page_login_schema, "next"},
    {"POST", "/login", login_post, FOR_ALL, 0, "Sign in as a sample person (demo only)", NULL, "who next"},
    {"GET", "/login/once/{code}", login_once, FOR_ALL, 0, "Sign in by an address the demo printed", NULL, ""},
    {"POST", "/logout", logout, FOR_ALL, 0, "Sign out", NULL, ""},
};
const struct route_table login_routes = {rows, LEN(rows)};
