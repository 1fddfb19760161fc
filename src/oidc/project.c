/* The views: applications and consents, as the acts left them. */
#include "oidc/oidc_in.h"

#include "base/buf.h"
#include "base/json_make.h"

static enum err on_register(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &act->draft->fields);
    return oidc_client_set(
        ctx, db,
        (struct oidc_client_set_in){.id = json_text(&act->draft->fields, "client.id"),
                                    .document = buf_str(&b),
                                    .seq = act->seq});
}

static enum err on_close(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return oidc_client_close(
        ctx, db,
        (struct oidc_client_close_in){.id = json_text(&act->draft->fields, "client.id"),
                                      .seq = act->seq});
}

static enum err on_consent(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *list = json_get(&act->draft->fields, "consent.scopes");
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        buf_puts(&b, b.n > 0 ? " " : "");
        buf_put(&b, list->items[i].text);
    }
    return oidc_consent_set(
        ctx, db,
        (struct oidc_consent_set_in){.person = act->draft->actor.id,
                                     .client = json_text(&act->draft->fields, "consent.client"),
                                     .scopes = buf_str(&b),
                                     .at_ms = act->at.ms,
                                     .seq = act->seq});
}

static enum err on_withdraw(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return oidc_consent_remove(ctx, db,
                               (struct oidc_consent_remove_in){
                                   .person = act->draft->actor.id,
                                   .client = json_text(&act->draft->fields, "consent.client")});
}

/* Only an application that is open is closed or consented to; only what was consented to is
 * withdrawn. */
static enum err look_client(struct ctx *ctx, struct db *db, const struct naming *n,
                            struct misnamed *ret)
{
    struct oidc_client_get_row row;
    bool found = false;
    const char *fact =
        json_get(&n->draft->fields, "consent.client") != NULL ? "consent.client" : "client.id";
    TRY(oidc_client_get(ctx, db,
                        (struct oidc_client_get_in){.id = json_text(&n->draft->fields, fact)}, &row,
                        &found));
    *ret = found && row.closed == 0 ? *ret : (struct misnamed){"form.subject", fact};
    return ERR_OK;
}

static enum err look_withdrawn(struct ctx *ctx, struct db *db, const struct naming *n,
                               struct misnamed *ret)
{
    struct oidc_consent_get_row row;
    bool found = false;
    TRY(oidc_consent_get(
        ctx, db,
        (struct oidc_consent_get_in){.person = n->draft->actor.id,
                                     .client = json_text(&n->draft->fields, "consent.client")},
        &row, &found));
    *ret = found ? *ret : (struct misnamed){"form.subject", "consent.client"};
    return ERR_OK;
}

static const struct name_row names[] = {
    {"oidc.close", look_client}, {"oidc.consent", look_client}, {"oidc.withdraw", look_withdrawn}};
static const struct effect_row effects[] = {{"oidc.register", on_register},
                                            {"oidc.close", on_close},
                                            {"oidc.consent", on_consent},
                                            {"oidc.withdraw", on_withdraw}};

const struct projector oidc_projector = {.room = "oidc",
                                         .effects = effects,
                                         .effect_count = LEN(effects),
                                         .names = names,
                                         .name_count = LEN(names)};
