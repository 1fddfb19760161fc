/* A sample issuer of identity for demos: stands for a national card or app. It lives behind its own
 * key, and what it says reaches the sign-in only as a signed token in the browser's form, as any
 * real source's would. Its side (issue) and ours (begin, finish) share nothing but the issuer's
 * public key and name. */
#include "base/json_make.h"
#include "base/token.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "jose/jose.h"
#include "login/login_in.h"
#include "login/source.h"
#include "web/answer.h"
#include "page_assertion_html.h"
#include "page_cards_html.h"

enum { GOOD_S = 60, SKEW_S = 5 };
static const struct str issuer = STR_INIT("urn:tongban:sample-card");

struct sample_card {
    struct str idcard;
    struct str name;
};
struct sample {
    uint8_t seed[32];
    struct jwk key; /* what the sign-in trusts */
    const struct sample_card *cards;
    size_t card_count;
};

/* ---- the issuer's side ---- */

static enum err sign(struct ctx *ctx, void *arg, enum jose_alg alg, struct str text,
                     uint8_t ret[JOSE_SIGNATURE])
{
    const struct sample *s = arg;
    (void)ctx;
    must(alg == JOSE_EDDSA);
    ed25519_sign(s->seed, text, ret);
    return ERR_OK;
}

static struct str audience(const struct page *p)
{
    return p->exchange->request.host;
}

enum err sample_issuer_issue(struct page *p, const struct identity_source *source)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct sample *s = source->self;
    struct text2 none = {{0}, {0}};
    int64_t who = -1;
    if (!str_to_i64(page_field(p, "who"), &who) || who < 0 || (size_t)who >= s->card_count) {
        return page_problem(p, ERR_NOT_FOUND, STR("who"), none);
    }
    int64_t now = ctx->world->now(ctx->world).ms / 1000;
    struct json claims = json_object();
    json_set(a, &claims, STR("iss"), json_of_str(issuer));
    json_set(a, &claims, STR("aud"), json_of_str(audience(p)));
    json_set(a, &claims, STR("sub"), json_of_str(s->cards[who].idcard));
    json_set(a, &claims, STR("name"), json_of_str(s->cards[who].name));
    json_set(a, &claims, STR("nonce"), json_of_str(page_field(p, "state")));
    json_set(a, &claims, STR("iat"), json_of_int(now));
    json_set(a, &claims, STR("exp"), json_of_int(now + GOOD_S));
    struct page_assertion v = {.name = s->cards[who].name};
    TRY(jws_sign(ctx, JOSE_EDDSA, STR("JWT"), STR(""), &claims, sign, s, &v.assertion));
    return page_show(p, 200, login_say(p, "示例身份卡", "Sample identity card"), page_assertion,
                     &v);
}

/* ---- our side ---- */

static enum err begin(struct page *p, const struct identity_source *source, struct str next)
{
    const struct sample *s = source->self;
    struct page_cards_cards *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_cards_cards, s->card_count + 1);
    for (size_t i = 0; i < s->card_count; i++) {
        rows[i] = (struct page_cards_cards){(int64_t)i, s->cards[i].name};
    }
    struct page_cards v = {
        .state = ticket_make(p, "source", next), .cards = rows, .cards_count = s->card_count};
    return page_show(p, 200, login_say(p, "示例身份卡", "Sample identity card"), page_cards, &v);
}

static enum err finish(struct page *p, const struct identity_source *source, struct asserted *ret)
{
    struct ctx *ctx = p->ctx;
    const struct sample *s = source->self;
    struct jws token;
    struct json claims;
    TRY(jws_read(ctx, page_field(p, "assertion"), JOSE_EDDSA, false, &token));
    TRY(jws_verify(ctx, &token, &s->key));
    TRY(json_parse(ctx, token.payload, STR("assertion"), &claims));
    int64_t now = ctx->world->now(ctx->world).ms / 1000;
    int64_t issued = json_int(&claims, "iat", INT64_MAX);
    int64_t until = json_int(&claims, "exp", 0);
    struct str state = json_text(&claims, "nonce");
    if (!str_equal(json_text(&claims, "iss"), issuer) ||
        !str_equal(json_text(&claims, "aud"), audience(p))) {
        return fault(ctx, ERR_CONFLICT, "the assertion is of another issuer or for another site");
    }
    if (issued > now + SKEW_S || until <= now || until > issued + GOOD_S) {
        return fault(ctx, ERR_RANGE, "the assertion is over, or not yet good");
    }
    if (!ticket_read(p, "source", state, &ret->next)) {
        return fault(ctx, ERR_CONFLICT, "the assertion answers no question of this browser");
    }
    ret->ticket = state;
    ret->idcard = json_text(&claims, "sub");
    ret->name = json_text(&claims, "name");
    ret->assurance = 2;
    ret->methods = "sc user mfa";
    const struct fact *fact = p->law == NULL ? NULL : law_fact(p->law, STR("person.idcard"));
    struct json number = json_of_str(ret->idcard);
    return fact == NULL ? ERR_MISSING : law_fact_check(ctx, fact, &number);
}

enum err login_offer_sample(struct ctx *ctx, struct login *l, const struct json *people)
{
    struct sample *s = ARENA_NEW(ctx->arena, struct sample);
    struct identity_source *source = ARENA_NEW(ctx->arena, struct identity_source);
    const struct json *lists[] = {json_get(people, "persons"), json_get(people, "cards")};
    struct sample_card *cards = ARENA_ARRAY(ctx->arena, struct sample_card, 64);
    for (size_t k = 0; k < LEN(lists); k++) {
        for (size_t i = 0;
             json_is(lists[k], JSON_ARRAY) && i < lists[k]->count && s->card_count < 64; i++) {
            const struct json *facts = json_get(&lists[k]->items[i], "facts");
            if (json_text(facts, "person.idcard").n > 0) {
                cards[s->card_count++] = (struct sample_card){json_text(facts, "person.idcard"),
                                                              json_text(facts, "person.name")};
            }
        }
    }
    s->cards = cards;
    /* One front hands the card out, another may take what it says. */
    hmac_sha256((struct str){(const char *)l->mark, sizeof(l->mark)}, STR("sample card"), s->seed);
    s->key.alg = JOSE_EDDSA;
    ed25519_public(s->seed, s->key.point);
    *source = (struct identity_source){
        .id = "sample-card",
        .title = {STR_INIT("示例身份卡（演示）"), STR_INIT("Sample identity card (demo)")},
        .self = s,
        .begin = begin,
        .finish = finish};
    return login_add_source(ctx, l, source);
}
