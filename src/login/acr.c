/* The scale of assurance in the words of OpenID Connect, and the way to a step-up. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "login/login.h"
#include "web/answer.h"

static const struct str acrs[] = {STR_INIT(""), STR_INIT("urn:tongban:acr:1"),
                                  STR_INIT("urn:tongban:acr:2"), STR_INIT("urn:tongban:acr:3")};

struct str login_acr(int assurance)
{
    return assurance < 1 || assurance >= (int)LEN(acrs) ? acrs[0] : acrs[assurance];
}

int login_assurance(struct str acr)
{
    for (int i = 1; i < (int)LEN(acrs); i++) {
        if (str_equal(acr, acrs[i])) {
            return i;
        }
    }
    return 0;
}

struct str login_next(struct str next)
{
    bool local = next.n > 0 && next.p[0] == '/' && !(next.n > 1 && next.p[1] == '/');
    for (size_t i = 0; i < next.n; i++) {
        unsigned char c = (unsigned char)next.p[i];
        local = local && c >= 0x20 && c != 0x7f && c != '\\';
    }
    return local ? next : STR("/");
}

enum err login_ask(struct page *p, int assurance, struct str next)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    struct render r = {.out = &b};
    buf_format(&b, "/login?level=%d&next=", assurance);
    render_segment(&r, login_next(next));
    return page_go(p, buf_str(&b));
}
