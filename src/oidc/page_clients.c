/* Registering and closing applications, by the security administrator: the acts register-client and close-client. */
#include "oidc/oidc_in.h"

static enum err submit(struct page *p, const char *kind)
{
    struct ctx *ctx = p->ctx;
    struct draft draft = {.kind = str_from(kind), .actor = p->session.actor};
    struct attachment *files = NULL;
    size_t count = 0;
    TRY(page_form(p, &draft.fields, &files, &count));
    return page_submit(p, &draft, NULL);
}

enum err page_clients_post(struct page *p)
{
    struct text2 none = {{0}, {0}};
    /* The gate asks what law asks; this asks besides whether the registration can be followed at all. */
    enum err e = oidc_client_check(p->ctx, &p->form);
    return e == ERR_OK ? submit(p, "register-client") : page_problem(p, e, STR("client"), none);
}

enum err page_clients_close(struct page *p)
{
    return submit(p, "close-client");
}
