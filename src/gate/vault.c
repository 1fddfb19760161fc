/* Erasing a value where the law demands it: value and salt go, their commitment stays, and every
 * proof over the leaf still holds (personal-data law asks for the one, the ledger for the other).
 */
#include "gate/gate_in.h"

#include "crypto/crypto.h"

/* In a case, the latest facts hold copies: those go too, in the gate's own row and in the rooms'.
 */
static enum err forget_fact(struct ctx *ctx, struct db *db, struct str case_id, struct str fact)
{
    struct gate_case_get_row row;
    bool found = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = case_id}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    struct json facts;
    TRY(json_parse(ctx, row.facts, STR("facts"), &facts));
    if (json_get_str(&facts, fact) == NULL) {
        return ERR_OK;
    }
    json_set(ctx->arena, &facts, fact, json_null());
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    json_write(&b, &facts);
    struct str text = {0};
    TRY(buf_done(ctx, &b, &text));
    return gate_case_move(ctx, db,
                          (struct gate_case_move_in){.id = row.id,
                                                     .office = row.office,
                                                     .status = row.status,
                                                     .closed = row.closed,
                                                     .last_seq = row.last_seq,
                                                     .tokens = row.tokens,
                                                     .facts = text,
                                                     .acts = row.acts});
}

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

static enum err store_vault(struct ctx *ctx, struct db *db, int64_t seq, const struct json *v)
{
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    struct str text = {0};
    json_write(&b, v);
    TRY(buf_done(ctx, &b, &text));
    return gate_vault_act_set(ctx, db, (struct gate_vault_act_set_in){.seq = seq, .content = text});
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

/* A document that shows the value goes with it; from then on it is drawn anew. */
static enum err forget_document(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq,
                                struct str zh, struct str fact)
{
    struct gate_vault_act_get_row row;
    struct vault_content content;
    struct question q;
    struct json v;
    uint8_t hash[32];
    bool found = false;
    bool done = false;
    TRY(gate_vault_act_get(ctx, db, (struct gate_vault_act_get_in){.seq = seq}, &row, &found));
    TRY(act_read(ctx, row.content, &content));
    TRY(question_load(ctx, g, db, &content.draft, content.at, &q));
    if (q.kind == NULL || !law_document_shows(q.law, q.kind->draws, fact)) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.content, STR("vault"), &v));
    sha256(zh.p, zh.n, hash);
    TRY(salt_to_gone(ctx, &v, STR("document"), json_of_str(hex_encode(ctx->arena, hash, 32)),
                     &done));
    TRY(store_vault(ctx, db, seq, &v));
    return gate_vault_document_remove(ctx, db, (struct gate_vault_document_remove_in){.seq = seq});
}

static enum err forget_documents(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq,
                                 struct str case_id, struct str fact)
{
    struct gate_vault_document_get_row own;
    struct gate_vault_document_of_case_row *rows = NULL;
    size_t count = 0;
    bool found = false;
    if (case_id.n == 0) {
        TRY(gate_vault_document_get(ctx, db, (struct gate_vault_document_get_in){.seq = seq}, &own,
                                    &found));
        return found ? forget_document(ctx, g, db, seq, own.zh, fact) : ERR_OK;
    }
    TRY(gate_vault_document_of_case(
        ctx, db, (struct gate_vault_document_of_case_in){.case_id = case_id}, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(forget_document(ctx, g, db, rows[i].seq, rows[i].zh, fact));
    }
    return ERR_OK;
}

/* In replay into a fresh store the vault row was copied as it is now, erased already. */
enum err vault_erase(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq, struct str fact,
                     bool replay)
{
    struct act_record record;
    bool found = false;
    TRY(gate_act(ctx, g, db, seq, &record, &found));
    if (!found) {
        return ERR_OK;
    }
    struct gate_vault_act_get_row row;
    TRY(gate_vault_act_get(ctx, db, (struct gate_vault_act_get_in){.seq = seq}, &row, &found));
    struct json v;
    TRY(json_parse(ctx, row.content, STR("vault"), &v));
    struct json fields = *json_get(&v, "fields");
    const struct json *value = json_get_str(&fields, fact);
    bool done = false;
    if (!replay && value != NULL) {
        struct str sha = json_text(value, "sha256");
        TRY(salt_to_gone(ctx, &v, str_format(ctx->arena, "fields.%.*s", FMT(fact)), *value, &done));
        if (done) {
            json_set(ctx->arena, &fields, fact, json_null());
            json_set(ctx->arena, &v, STR("fields"), fields);
            TRY(store_vault(ctx, db, seq, &v));
            TRY(forget_documents(ctx, g, db, seq, record.case_id, fact));
        }
        if (done && sha.n > 0) {
            TRY(gate_vault_blob_less(ctx, db, (struct gate_vault_blob_less_in){.sha256 = sha}));
            TRY(gate_vault_blob_remove(ctx, db, (struct gate_vault_blob_remove_in){.sha256 = sha}));
        }
    }
    return forget_fact(ctx, db, record.case_id, fact);
}
