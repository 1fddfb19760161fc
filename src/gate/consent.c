/* What two officers sign, and what the gate holds their signatures against.
 *
 * The digest is over the form in which the act enters, not over what was typed: the same text is
 * shown to the second, hashed when it is signed, and hashed again here from the draft that is about
 * to be entered. So nothing between the two can change what one of them agreed to. */
#include "gate/consent.h"

#include "base/encode.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "gate/gate_in.h"

enum { DIGEST_FORM = 1 };

enum err draft_digest(struct ctx *ctx, const struct draft *d, struct str *ret)
{
    struct arena *a = ctx->arena;
    const struct {
        const char *name;
        struct str value;
    } texts[] = {{"act", d->kind},           {"case", d->case_id},       {"item", d->item},
                 {"office", d->office},      {"for", d->actor.for_id},   {"first", d->actor.id},
                 {"second", d->actor.co_id}, {"nonce", d->consent.nonce}};
    struct json o = json_object();
    struct buf b = buf_new(a, LIMIT_JSON_BYTES);
    struct str text = {0};
    uint8_t hash[32];
    json_set(a, &o, STR("v"), json_of_int(DIGEST_FORM));
    for (size_t i = 0; i < LEN(texts); i++) {
        json_set(a, &o, str_from(texts[i].name), json_of_str(texts[i].value));
    }
    json_set(a, &o, STR("sent"), json_of_int(d->consent.sent.ms));
    json_set(a, &o, STR("day"), json_of_str(day_text(a, instant_day(d->consent.sent))));
    json_set(a, &o, STR("fields"), d->fields.kind == JSON_OBJECT ? d->fields : json_object());
    TRY(json_write_canonical(ctx, &b, &o));
    TRY(buf_done(ctx, &b, &text));
    sha256(text.p, text.n, hash);
    *ret = hex_encode(a, hash, sizeof(hash));
    return ERR_OK;
}

bool consent_holds(struct ctx *ctx, const struct draft *d)
{
    struct str digest = {0};
    bool erased = d->consent.nonce.n == 0; /* with the first value of the act that was */
    return d->consent.digest.n == 0 || erased ||
           (draft_digest(ctx, d, &digest) == ERR_OK && str_equal(digest, d->consent.digest));
}

enum err gate_settled(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                      struct verdict *ret, struct json *ret_fields)
{
    struct question q;
    TRY(question_load(ctx, g, reader, draft, g->world->now(g->world), book_visible(g->book), &q));
    TRY(question_judge(ctx, g, reader, &q, ret));
    *ret_fields = q.draft->fields;
    return ERR_OK;
}
