/* Views of who may sign in and how. The secrets themselves are no view: see login_in.h. */
#include "base/arena.h"
#include "base/buf.h"
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
        return ERR_OK; /* erased */
    }
    TRY(login_account_free(ctx, db, (struct login_account_free_in){.name = name, .owner = owner}));
    return login_account_set(ctx, db, (struct login_account_set_in){.owner = owner, .name = name, .seq = act->seq});
}

static enum err on_close(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str owner = field(act, "account.owner");
    TRY(login_credential_clear(ctx, db, (struct login_credential_clear_in){.owner = owner}));
    return login_account_remove(ctx, db, (struct login_account_remove_in){.owner = owner});
}

static enum err on_recover(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return login_credential_clear(ctx, db, (struct login_credential_clear_in){.owner = field(act, "account.owner")});
}

static enum err on_credential(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str id = field(act, "credential.id");
    struct str kind = field(act, "credential.kind");
    struct str owner = act->draft->actor.id;
    if (!str_equal(kind, STR("passkey")) && !str_equal(kind, STR("security-key"))) {
        TRY(login_credential_replace(ctx, db, (struct login_credential_replace_in){.owner = owner, .kind = kind, .id = id}));
    }
    return login_credential_set(ctx, db,
                                (struct login_credential_set_in){.id = id,
                                                                 .owner = owner,
                                                                 .kind = kind,
                                                                 .title = field(act, "credential.title"),
                                                                 .from_day = act->day.n,
                                                                 .seq = act->seq});
}

static enum err on_remove(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return login_credential_remove(ctx, db,
                                   (struct login_credential_remove_in){.id = field(act, "credential.id"), .owner = act->draft->actor.id});
}

static enum err on_setting(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    for (size_t i = 0; i < f->count; i++) {
        struct buf b = buf_new(ctx->arena, 0);
        json_write(&b, &f->members[i].value);
        TRY(login_setting_set(ctx, db, (struct login_setting_set_in){.name = f->members[i].key, .value = buf_str(&b)}));
    }
    return ERR_OK;
}

static enum err erase(struct ctx *ctx, struct db *db, int64_t seq, struct str fact)
{
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
        TRY(login_account_remove(ctx, db, (struct login_account_remove_in){.owner = rows[i].owner}));
    }
    return ERR_OK;
}

static const struct effect_row effects[] = {
    {"login.open", on_open},       {"login.close", on_close},   {"login.recover", on_recover}, {"login.credential", on_credential},
    {"login.remove", on_remove},   {"login.setting", on_setting}};

const struct projector login_projector = {.room = "login", .effects = effects, .effect_count = LEN(effects), .erase = erase};
