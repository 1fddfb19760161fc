/* Erasing a value where the law demands it. Value and salt go; the commitment H(salt, name, value),
 * reckoned once more before they do, stands in their place as {"gone": …}. The leaf can be made
 * again from it, so every proof over the leaf holds, and nobody can try values against it without
 * the salt.
 */
#include "base/buf.h"
#include "base/str.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "limit_gen.h"
#include "vault/vault.h"
#include "vault_sql.h"

static enum err gone_of(struct ctx *ctx, struct str name, struct json value, struct str salt_hex,
                        struct json *ret)
{
    uint8_t salt[32];
    uint8_t hash[32];
    if (!hex_decode(salt_hex, salt, sizeof(salt))) {
        return fault(ctx, ERR_CORRUPT, "a salt is damaged");
    }
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    TRY(json_write_canonical(ctx, &b, &value));
    struct str text = {0};
    TRY(buf_done(ctx, &b, &text));
    ledger_commit(ctx, salt, name, text, hash);
    *ret = json_object();
    json_set(ctx->arena, ret, STR("gone"), json_of_str(hex_encode(ctx->arena, hash, sizeof(hash))));
    return ERR_OK;
}

static enum err put_back(struct ctx *ctx, struct db *db, int64_t seq, const struct json *v)
{
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    struct str text = {0};
    json_write(&b, v);
    TRY(buf_done(ctx, &b, &text));
    return vault_act_set(ctx, db, (struct vault_act_set_in){.seq = seq, .content = text});
}

/* A committed value goes: its commitment takes the place of its salt. Nothing when it has gone
 * already. */
static enum err salt_to_gone(struct ctx *ctx, struct json *v, struct str name, struct json value,
                             bool *ret_done)
{
    struct json salts = *json_get(v, "salts");
    const struct json *salt = json_get_str(&salts, name);
    *ret_done = json_is(salt, JSON_STRING);
    if (*ret_done) {
        struct json gone;
        TRY(gone_of(ctx, name, value, salt->text, &gone));
        json_set(ctx->arena, &salts, name, gone);
        json_set(ctx->arena, v, STR("salts"), salts);
    }
    return ERR_OK;
}

static enum err content_of(struct ctx *ctx, struct db *db, int64_t seq, struct json *ret,
                           bool *ret_found)
{
    struct vault_act_get_row row;
    TRY(vault_act_get(ctx, db, (struct vault_act_get_in){.seq = seq}, &row, ret_found));
    return *ret_found ? json_parse(ctx, row.content, STR("vault"), ret) : ERR_OK;
}

/* What two officers signed covers the value: without the nonce nobody can try values against it. */
static void forget_nonce(struct arena *a, struct json *v)
{
    const struct json *consent = json_get(v, "signed");
    if (consent != NULL) {
        struct json o = *consent;
        json_set(a, &o, STR("nonce"), json_of_str(STR("")));
        json_set(a, v, STR("signed"), o);
    }
}

enum err vault_erase_value(struct ctx *ctx, struct db *db, int64_t seq, struct str fact,
                           bool *ret_done)
{
    struct json v;
    bool found = false;
    *ret_done = false;
    TRY(content_of(ctx, db, seq, &v, &found));
    if (!found) {
        return ERR_OK;
    }
    struct json fields = *json_get(&v, "fields");
    const struct json *value = json_get_str(&fields, fact);
    if (value == NULL) {
        return ERR_OK;
    }
    struct str sha = json_text(value, "sha256");
    TRY(salt_to_gone(ctx, &v, str_format(ctx->arena, "fields.%.*s", FMT(fact)), *value, ret_done));
    if (!*ret_done) {
        return ERR_OK;
    }
    json_set(ctx->arena, &fields, fact, json_null());
    json_set(ctx->arena, &v, STR("fields"), fields);
    forget_nonce(ctx->arena, &v);
    TRY(put_back(ctx, db, seq, &v));
    if (sha.n == 0) {
        return ERR_OK;
    }
    return vault_file_less(ctx, db, sha);
}

enum err vault_erase_document(struct ctx *ctx, struct db *db, int64_t seq, struct str zh)
{
    struct json v;
    uint8_t hash[32];
    bool found = false;
    bool done = false;
    TRY(content_of(ctx, db, seq, &v, &found));
    if (!found) {
        return ERR_OK;
    }
    sha256(zh.p, zh.n, hash);
    TRY(salt_to_gone(ctx, &v, STR("document"), json_of_str(hex_encode(ctx->arena, hash, 32)),
                     &done));
    TRY(put_back(ctx, db, seq, &v));
    return vault_document_remove(ctx, db, (struct vault_document_remove_in){.seq = seq});
}

static bool says(const struct json *j, struct str value)
{
    bool found = j->kind == JSON_STRING && str_find(j->text, value) != SIZE_MAX;
    for (size_t i = 0; j->kind == JSON_ARRAY && i < j->count && !found; i++) {
        found = says(&j->items[i], value);
    }
    for (size_t i = 0; j->kind == JSON_OBJECT && i < j->count && !found; i++) {
        found = says(&j->members[i].value, value);
    }
    return found;
}

enum err vault_erase_proposal(struct ctx *ctx, struct db *db, int64_t seq, struct str value)
{
    struct json v;
    bool found = false;
    bool done = false;
    must(value.n > 0);
    TRY(content_of(ctx, db, seq, &v, &found));
    const struct json *proposal = found ? json_get(&v, "proposal") : NULL;
    if (proposal == NULL || !says(proposal, value)) {
        return ERR_OK;
    }
    TRY(salt_to_gone(ctx, &v, STR("proposal"), *proposal, &done));
    json_set(ctx->arena, &v, STR("proposal"), json_null());
    return put_back(ctx, db, seq, &v);
}
