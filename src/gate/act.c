/* A draft as an act: the leaf that enters the tree, and the vault content that stays with the node.
 *
 * The leaf is canonical JSON (RFC 8785) and names nobody: values, exact time and actor stand in it
 * only as one root over salted commitments (ledger/README.md gives the bytes). The vault keeps
 * values and salts; erasing one there leaves its commitment, so the leaf can still be made again
 * and every proof holds.
 *
 * Three forms stand in ledgers, told apart by "v". In form 1 "law" lists the packs that the act was
 * judged by; from form 2 on it is one digest of the set of them (law/list.h), for a country has
 * many packs and a ledger many acts. From form 3 on an act keeps whence its values were taken
 * ("sources", source.c): of one that has no entry there it says that who acted stated it, while of
 * the values of older acts nothing is recorded. Leaves are written in the newest form and made
 * again in their own.
 */
#include "base/encode.h"
#include "base/json_make.h"
#include "gate/gate_in.h"

#include "crypto/crypto.h"

static void set_text(struct arena *a, struct json *o, const char *name, struct str value)
{
    if (value.n > 0) {
        json_set(a, o, str_from(name), json_of_str(value));
    }
}

/* The committed values of an act by name: "at", "actor", "document" …, and fields as "fields.ID".
 * "signed" is the digest that two officers signed; acts from before there was one, and those that a
 * command submits, have none. */
static struct json gather(struct arena *a, const struct question *q, struct str document_sha)
{
    const struct draft *d = q->draft;
    struct json v = json_object();
    json_set(a, &v, STR("at"), json_of_int(q->at.ms));
    set_text(a, &v, "actor", d->actor.id);
    set_text(a, &v, "actor_for", d->actor.for_id);
    set_text(a, &v, "actor_with", d->actor.co_id);
    set_text(a, &v, "signed", d->consent.digest);
    set_text(a, &v, "document", document_sha);
    if (q->has_proposal) {
        json_set(a, &v, STR("proposal"), q->proposal.json);
    }
    if (q->decided.count > 0) {
        json_set(a, &v, STR("decided"), q->decided);
    }
    if (q->leaf_form >= 3 && q->sources.count > 0) {
        json_set(a, &v, STR("sources"), q->sources);
    }
    for (size_t i = 0; i < d->fields.count; i++) {
        struct str name = str_format(a, "fields.%.*s", FMT(d->fields.members[i].key));
        json_set(a, &v, name, d->fields.members[i].value);
    }
    return v;
}

/* fresh: a salt never used before, taken when none is recorded. */
static enum err commit_one(struct ctx *ctx, const uint8_t fresh[32], const struct json_member *m,
                           const struct json *recorded, struct json *salts,
                           struct ledger_commitment *ret)
{
    const struct json *before = recorded == NULL ? NULL : json_get_str(recorded, m->key);
    ret->name = m->key;
    if (before != NULL && before->kind == JSON_OBJECT) { /* erased: its commitment stands in */
        json_set(ctx->arena, salts, m->key, *before);
        return hex_decode(json_text(before, "gone"), ret->hash, 32)
                   ? ERR_OK
                   : fault(ctx, ERR_CORRUPT, "a commitment is damaged");
    }
    uint8_t salt[32];
    if (before == NULL) {
        memcpy(salt, fresh, sizeof(salt));
    } else if (!hex_decode(before->text, salt, sizeof(salt))) {
        return fault(ctx, ERR_CORRUPT, "a salt is damaged");
    }
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    TRY(json_write_canonical(ctx, &b, &m->value));
    struct str value = {0};
    TRY(buf_done(ctx, &b, &value));
    ledger_commit(ctx, salt, m->key, value, ret->hash);
    json_set(ctx->arena, salts, m->key, json_of_str(hex_encode(ctx->arena, salt, sizeof(salt))));
    return ERR_OK;
}

static enum err commit_all(struct ctx *ctx, struct gate *g, const struct json *values,
                           const struct json *recorded, struct json *ret_salts,
                           uint8_t ret_root[32])
{
    struct ledger_commitment *list =
        ARENA_ARRAY(ctx->arena, struct ledger_commitment, values->count);
    uint8_t *fresh = ARENA_ARRAY(ctx->arena, uint8_t, values->count * 32);
    g->world->random(g->world, fresh, values->count * 32);
    *ret_salts = json_object();
    for (size_t i = 0; i < values->count; i++) {
        TRY(commit_one(ctx, fresh + i * 32, &values->members[i], recorded, ret_salts, &list[i]));
    }
    return ledger_commit_root(ctx, list, values->count, ret_root);
}

enum err leaf_form(struct ctx *ctx, struct str leaf, int *ret)
{
    struct json o;
    TRY(json_parse(ctx, leaf, STR("leaf"), &o));
    int64_t v = o.kind == JSON_OBJECT ? json_int(&o, "v", 0) : 0;
    *ret = (int)v;
    return v >= 1 && v <= LEAF_FORM
               ? ERR_OK
               : fault(ctx, ERR_CORRUPT, "a leaf is of a form that this program does not know");
}

/* Form 1. */
static struct json law_digests(struct arena *a, const struct law *law)
{
    struct json list = json_array();
    size_t count = 0;
    const struct law_pack *packs = law_packs(law, &count);
    for (size_t i = 0; i < count; i++) {
        struct str digest = hex_encode(a, packs[i].digest, 32);
        json_push(a, &list,
                  json_of_str(str_format(a, "%.*s@%.*s:%.*s", FMT(packs[i].code),
                                         FMT(packs[i].version), FMT(digest))));
    }
    return list;
}

static struct json leaf_of(struct ctx *ctx, const struct gate *g, const struct question *q,
                           int64_t seq, int64_t prev, struct str case_id, const uint8_t root[32],
                           size_t count)
{
    struct arena *a = ctx->arena;
    struct json leaf = json_object();
    struct json articles = json_array();
    for (size_t i = 0; i < q->kind->article_count; i++) {
        json_push(a, &articles, json_of_str(q->kind->articles[i].text));
    }
    json_set(a, &leaf, STR("v"), json_of_int(q->leaf_form));
    set_text(a, &leaf, "node", g->node);
    json_set(a, &leaf, STR("seq"), json_of_int(seq));
    set_text(a, &leaf, "day", day_text(a, q->day));
    set_text(a, &leaf, "act", q->kind->kind);
    set_text(a, &leaf, "by", actor_word(q->draft->actor.kind));
    set_text(a, &leaf, "office", q->office == NULL ? q->actor.office : q->office->id);
    set_text(a, &leaf, "item", q->item == NULL ? (struct str){0} : q->item->id);
    set_text(a, &leaf, "case", case_id);
    if (prev >= 0) {
        json_set(a, &leaf, STR("prev"), json_of_int(prev));
    }
    json_set(a, &leaf, STR("law"),
             q->leaf_form == 1 ? law_digests(a, q->law)
                               : json_of_str(hex_encode(a, law_digest(q->law), 32)));
    json_set(a, &leaf, STR("articles"), articles);
    json_set(a, &leaf, STR("values"), json_of_int((int64_t)count));
    set_text(a, &leaf, "commit", hex_encode(a, root, 32));
    return leaf;
}

enum err act_given(struct ctx *ctx, const struct json *fields, const struct json *salts,
                   struct str *ret)
{
    struct buf key = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    struct buf text = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    uint8_t mac[32];
    TRY(json_write_canonical(ctx, &key, salts));
    TRY(json_write_canonical(ctx, &text, fields));
    hmac_sha256(buf_str(&key), buf_str(&text), mac);
    *ret = hex_encode(ctx->arena, mac, sizeof(mac));
    return ERR_OK;
}

enum err act_write(struct ctx *ctx, struct gate *g, const struct question *q, int64_t seq,
                   int64_t prev, struct str case_id, struct str document, const struct json *salts,
                   struct act_text *ret)
{
    struct arena *a = ctx->arena;
    struct str document_sha = {0};
    if (document.n > 0) {
        uint8_t hash[32];
        sha256(document.p, document.n, hash);
        document_sha = hex_encode(a, hash, 32);
    }
    struct json values = gather(a, q, document_sha);
    struct json new_salts;
    uint8_t root[32];
    TRY(commit_all(ctx, g, &values, salts, &new_salts, root));
    struct json leaf = leaf_of(ctx, g, q, seq, prev, case_id, root, values.count);
    struct buf leaf_text = buf_new(a, LIMIT_ENTRY_BYTES);
    TRY(json_write_canonical(ctx, &leaf_text, &leaf));
    TRY(buf_done(ctx, &leaf_text, &ret->leaf));
    struct str given = q->given_then;
    if (q->given != NULL) {
        TRY(act_given(ctx, q->given, &new_salts, &given));
    }
    struct vault_content content = {.draft = *q->draft,
                                    .given = given,
                                    .at = q->at,
                                    .salts = new_salts,
                                    .has_proposal = q->has_proposal,
                                    .proposal = q->proposal.json,
                                    .sources = q->sources,
                                    .decided = q->decided};
    return vault_write(ctx, &content, &ret->vault);
}
