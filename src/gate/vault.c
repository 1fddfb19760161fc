/* Erasing a value where the law demands it: value and salt go, their commitment stays, and every proof
 * over the leaf still holds (personal-data law asks for the one, the ledger for the other). */
#include "gate/gate_in.h"

/* In a case, the latest facts hold copies: those go too, in the gate's own row and in the rooms'. */
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
                                           .status = row.status,
                                           .closed = row.closed,
                                           .last_seq = row.last_seq,
                                           .tokens = row.tokens,
                                           .facts = text,
                                           .acts = row.acts});
}

static enum err gone_of(struct ctx *ctx, struct str name, struct json value, struct str salt_hex, struct json *ret)
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

/* In replay into a fresh store the vault row was copied as it is now, erased already. */
enum err vault_erase(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq, struct str fact, bool replay)
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
    const struct json *fields = json_get(&v, "fields");
    const struct json *salts = json_get(&v, "salts");
    struct str name = str_format(ctx->arena, "fields.%.*s", FMT(fact));
    const struct json *value = json_get_str(fields, fact);
    const struct json *salt = json_get_str(salts, name);
    if (!replay && value != NULL && json_is(salt, JSON_STRING)) {
        struct json gone;
        TRY(gone_of(ctx, name, *value, salt->text, &gone));
        struct str sha = json_text(value, "sha256");
        struct json new_fields = *fields;
        struct json new_salts = *salts;
        json_set(ctx->arena, &new_fields, fact, json_null());
        json_set(ctx->arena, &new_salts, name, gone);
        json_set(ctx->arena, &v, STR("fields"), new_fields);
        json_set(ctx->arena, &v, STR("salts"), new_salts);
        struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
        json_write(&b, &v);
        struct str text = {0};
        TRY(buf_done(ctx, &b, &text));
        TRY(gate_vault_act_set(ctx, db, (struct gate_vault_act_set_in){.seq = seq, .content = text}));
        if (sha.n > 0) {
            TRY(gate_vault_blob_remove(ctx, db, (struct gate_vault_blob_remove_in){.sha256 = sha}));
        }
    }
    return forget_fact(ctx, db, record.case_id, fact);
}
