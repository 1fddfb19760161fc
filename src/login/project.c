/* Views of who may sign in and how. The secrets themselves are no view: see login_in.h. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json_make.h"
#include "base/str.h"
#include "login/login_in.h"

static struct str field(const struct admitted *act, const char *fact)
{
    return json_text(&act->draft->fields, fact);
}

static enum err on_open(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str owner = field(act, "account.owner");
    struct str name = login_name(ctx->arena, field(act, "account.name"));
    if (name.n == 0) {
        /* Erased since: in a replay the account stands, under no name one can sign in by, until the
         * act that erased it. */
        name = str_format(ctx->arena, "\n%.*s", FMT(owner));
    }
    return login_account_set(
        ctx, db, (struct login_account_set_in){.owner = owner, .name = name, .seq = act->seq});
}

static enum err on_close(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str owner = field(act, "account.owner");
    TRY(login_credential_clear(ctx, db, (struct login_credential_clear_in){.owner = owner}));
    return login_account_remove(ctx, db, (struct login_account_remove_in){.owner = owner});
}

/* Whose life or existence is over signs in no more; the account goes as one that is closed. */
static enum err on_end(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str owner = field(act, "ended.party");
    TRY(login_credential_clear(ctx, db, (struct login_credential_clear_in){.owner = owner}));
    return login_account_remove(ctx, db, (struct login_account_remove_in){.owner = owner});
}

static enum err on_recover(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return login_credential_clear(
        ctx, db, (struct login_credential_clear_in){.owner = field(act, "account.owner")});
}

static enum err on_credential(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str id = field(act, "credential.id");
    struct str kind = field(act, "credential.kind");
    struct str owner = act->draft->actor.id;
    if (!str_equal(kind, STR("passkey")) && !str_equal(kind, STR("security-key"))) {
        TRY(login_credential_replace(
            ctx, db, (struct login_credential_replace_in){.owner = owner, .kind = kind, .id = id}));
    }
    return login_credential_set(
        ctx, db,
        (struct login_credential_set_in){.id = id,
                                         .owner = owner,
                                         .kind = kind,
                                         .title = field(act, "credential.title"),
                                         .from_day = act->day.n,
                                         .seq = act->seq});
}

static enum err on_remove(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return login_credential_remove(
        ctx, db,
        (struct login_credential_remove_in){.id = field(act, "credential.id"),
                                            .owner = act->draft->actor.id});
}

static enum err on_setting(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    for (size_t i = 0; i < f->count; i++) {
        struct buf b = buf_new(ctx->arena, 0);
        json_write(&b, &f->members[i].value);
        TRY(login_setting_set(
            ctx, db,
            (struct login_setting_set_in){.name = f->members[i].key, .value = buf_str(&b)}));
    }
    return ERR_OK;
}

static enum err erase(struct ctx *ctx, struct db *db, const struct erasure *e)
{
    int64_t seq = e->seq;
    struct str fact = e->fact;
    struct login_account_of_seq_row *rows = NULL;
    size_t count = 0;
    if (str_equal(fact, STR("credential.title"))) {
        return login_credential_blank(ctx, db, (struct login_credential_blank_in){.seq = seq});
    }
    if (!str_equal(fact, STR("account.name"))) {
        return ERR_OK;
    }
    TRY(login_account_of_seq(ctx, db, (struct login_account_of_seq_in){.seq = seq}, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(login_account_remove(ctx, db,
                                 (struct login_account_remove_in){.owner = rows[i].owner}));
    }
    return ERR_OK;
}

/* ---- what such acts may name ---- */

static struct str named(const struct naming *n, const char *fact)
{
    return json_text(&n->draft->fields, fact);
}

/* An account is of somebody the ledger knows, under a name that is nobody else's. */
static enum err look_open(struct ctx *ctx, struct db *db, const struct naming *n,
                          struct misnamed *ret)
{
    struct login_account_by_name_row row;
    struct str kind = {0};
    struct str name = login_name(ctx->arena, named(n, "account.name"));
    bool found = false;
    TRY(people_kind(ctx, db, named(n, "account.owner"), n->day, &kind));
    if (kind.n == 0) {
        *ret = (struct misnamed){"form.subject", "account.owner"};
        return ERR_OK;
    }
    TRY(login_account_by_name(ctx, db, (struct login_account_by_name_in){.name = name}, &row,
                              &found));
    if (name.n == 0 || (found && !str_equal(row.owner, named(n, "account.owner")))) {
        *ret = (struct misnamed){"form.taken", "account.name"};
    }
    return ERR_OK;
}

static enum err look_account(struct ctx *ctx, struct db *db, const struct naming *n,
                             struct misnamed *ret)
{
    struct login_account_get_row row;
    bool found = false;
    TRY(login_account_get(
        ctx, db, (struct login_account_get_in){.owner = named(n, "account.owner")}, &row, &found));
    *ret = found ? *ret : (struct misnamed){"form.subject", "account.owner"};
    return ERR_OK;
}

static enum err look_new(struct ctx *ctx, struct db *db, const struct naming *n,
                         struct misnamed *ret)
{
    struct login_credential_get_row row;
    bool found = false;
    TRY(login_credential_get(
        ctx, db, (struct login_credential_get_in){.id = named(n, "credential.id")}, &row, &found));
    *ret = found ? (struct misnamed){"form.taken", "credential.id"} : *ret;
    return ERR_OK;
}

static enum err look_own(struct ctx *ctx, struct db *db, const struct naming *n,
                         struct misnamed *ret)
{
    struct login_credential_get_row row;
    bool found = false;
    TRY(login_credential_get(
        ctx, db, (struct login_credential_get_in){.id = named(n, "credential.id")}, &row, &found));
    bool own = found && str_equal(row.owner, n->draft->actor.id);
    *ret = own ? *ret : (struct misnamed){"form.subject", "credential.id"};
    return ERR_OK;
}

static const struct name_row names[] = {{"login.open", look_open},
                                        {"login.close", look_account},
                                        {"login.recover", look_account},
                                        {"login.credential", look_new},
                                        {"login.remove", look_own}};
static const struct effect_row effects[] = {
    {"login.open", on_open},       {"login.close", on_close},
    {"login.recover", on_recover}, {"login.credential", on_credential},
    {"login.remove", on_remove},   {"login.setting", on_setting},
    {"party.end", on_end}};

const struct projector login_projector = {.room = "login",
                                          .effects = effects,
                                          .effect_count = LEN(effects),
                                          .names = names,
                                          .name_count = LEN(names),
                                          .erase = erase};
