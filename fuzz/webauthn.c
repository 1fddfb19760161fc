/* What a browser hands over for a passkey: whatever it says, it is refused or read, and what is
 * read verifies to the end. */
#include "base/arena.h"
#include "base/str.h"
#include "crypto/cbor.h"
#include "crypto/factor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The first two bytes say how long the client data are; what follows them is the attestation or the
 * authenticator data. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)16 << 20);
    struct arena_guard guard;
    if (n >= 2 && setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str text = {(const char *)bytes + 2, n - 2};
        size_t cut = ((size_t)bytes[0] << 8 | bytes[1]) % (text.n + 1);
        struct str client = str_slice(text, 0, cut);
        struct str rest = str_slice(text, cut, text.n);
        struct webauthn_want want = {.rp_id = STR("localhost"),
                                     .origin = STR("http://localhost:3977"),
                                     .challenge = STR("chal-1"),
                                     .verified = true};
        struct passkey key;
        struct passkey_use use;
        if (webauthn_register(&ctx, &want, client, rest, &key) == ERR_OK) {
            must(key.id.n > 0 && key.key.n > 0 && key.verified);
            must(webauthn_assert(&ctx, &want, &key, client, rest, rest, &use) != ERR_CORRUPT);
        }
        struct cbor c = cbor_from(rest);
        while (!c.bad && c.at < c.end) {
            const uint8_t *before = c.at;
            cbor_skip(&c);
            must(c.at > before);
        }
    }
    arena_free(arena);
    return 0;
}
