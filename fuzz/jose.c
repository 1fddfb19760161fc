/* Tokens, keys, key sets and claims: whatever is read must survive being verified, written and read
 * again. */
#include "base/arena.h"
#include "base/str.h"
#include "jose/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)64 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str text = {(const char *)bytes, n};
        struct jws s;
        struct jwks set;
        struct jwt_claims c;
        struct jwt_rules rules = {.now = {1700000000000},
                                  .aud = STR("https://op.example"),
                                  .need_exp = true,
                                  .life_max_s = 600};
        for (int own = 0; own < 2; own++) {
            if (jws_read(&ctx, text, JOSE_ALL | JOSE_RS256, own == 1, &s) == ERR_OK && own == 1) {
                enum err e = jws_verify(&ctx, &s, &s.jwk);
                must(e == ERR_OK || e == ERR_SIGNATURE || e == ERR_CONFLICT);
            }
        }
        if (jwks_read(&ctx, text, &set) == ERR_OK) {
            for (size_t i = 0; i < set.count; i++) {
                struct json j = jwk_json(arena, &set.keys[i]);
                struct jwk again;
                must(jwk_read(&ctx, &j, &again) == ERR_OK);
                must(str_equal(jwk_thumbprint(arena, &again), jwk_thumbprint(arena, &set.keys[i])));
            }
        }
        if (jwt_read(&ctx, text, &rules, &c) == ERR_OK) {
            must(c.exp_s > 1700000000 - JWT_SKEW_S && c.exp_s <= 1700000000 + 600);
        }
    }
    arena_free(arena);
    return 0;
}
