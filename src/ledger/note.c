/* C2SP signed-note, tlog-checkpoint and tlog-cosignature. */
#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "ledger/ledger_in.h"
#include "ledger/note.h"
#include "limit_gen.h"

static const char dash[] = "\xe2\x80\x94 "; /* U+2014, space */

static uint32_t key_id(struct str name, struct str type, struct str key)
{
    uint8_t bytes[1024];
    uint8_t hash[32];
    must(name.n + 1 + type.n + key.n <= sizeof(bytes));
    memcpy(bytes, name.p, name.n);
    bytes[name.n] = '\n';
    memcpy(bytes + name.n + 1, type.p, type.n);
    memcpy(bytes + name.n + 1 + type.n, key.p, key.n);
    sha256(bytes, name.n + 1 + type.n + key.n, hash);
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

/* A private type carries a longer identifier after 0xff (signed-note, "Signature types"). */
static struct str type_bytes(enum note_key_type type)
{
    static const char sm2[] = "\xfftongban.dev/sm2-sm3/v1";
    switch (type) {
    case NOTE_ED25519: return STR("\x01");
    case NOTE_COSIGNATURE: return STR("\x04");
    case NOTE_PRIVATE: return (struct str){sm2, sizeof(sm2) - 1};
    }
    return STR("");
}

static size_t key_length(enum note_key_type type)
{
    return type == NOTE_PRIVATE ? SM2_PUBLIC : ED25519_KEY;
}

static struct verifier make(struct str name, enum note_key_type type, const uint8_t *key)
{
    struct verifier v = {.name = name, .type = type};
    memcpy(v.key, key, key_length(type));
    v.id = key_id(name, type_bytes(type), (struct str){(const char *)key, key_length(type)});
    return v;
}

struct verifier verifier_ed25519(struct str name, const uint8_t public_key[32])
{
    return make(name, NOTE_ED25519, public_key);
}

struct verifier verifier_cosigner(struct str name, const uint8_t public_key[32])
{
    return make(name, NOTE_COSIGNATURE, public_key);
}

struct verifier verifier_sm2(struct str name, const uint8_t public_key[65])
{
    return make(name, NOTE_PRIVATE, public_key);
}

struct str verifier_text(struct arena *a, const struct verifier *v)
{
    struct buf b = buf_new(a, 0);
    buf_put(&b, type_bytes(v->type));
    buf_bytes(&b, v->key, key_length(v->type));
    struct str key = base64_encode(a, b.p, b.n);
    return str_format(a, "%.*s+%08x+%.*s", FMT(v->name), v->id, FMT(key));
}

static bool name_is_good(struct str name)
{
    bool good = name.n > 0 && name.n <= 256;
    for (size_t i = 0; good && i < name.n; i++) {
        good = (unsigned char)name.p[i] > 0x20 && name.p[i] != '+' && name.p[i] != 0x7f;
    }
    return good && utf8_is_valid(name);
}

enum err verifier_parse(struct ctx *ctx, struct str text, struct verifier *ret)
{
    struct str rest = {0};
    struct str name = str_cut(str_trim(text), '+', &rest);
    struct str id = str_cut(rest, '+', &rest);
    struct str bytes = {0};
    uint8_t stated[4];
    bool good = name_is_good(name) && hex_decode(id, stated, 4) &&
                base64_decode(ctx->arena, rest, &bytes) && bytes.n > 1;
    static const enum note_key_type types[] = {NOTE_ED25519, NOTE_COSIGNATURE, NOTE_PRIVATE};
    for (size_t i = 0; good && i < LEN(types); i++) {
        struct str type = type_bytes(types[i]);
        if (!str_starts(bytes, type) || bytes.n != type.n + key_length(types[i])) {
            continue;
        }
        struct verifier v = make(name, types[i], (const uint8_t *)bytes.p + type.n);
        uint32_t want = (uint32_t)stated[0] << 24 | (uint32_t)stated[1] << 16 |
                        (uint32_t)stated[2] << 8 | stated[3];
        if (v.id != want) {
            return fault(ctx, ERR_SIGNATURE,
                         "the verifier key's id %08x does not fit name and key (%08x)", want, v.id);
        }
        *ret = v;
        return ERR_OK;
    }
    return fault(ctx, ERR_SYNTAX,
                 "a verifier key is name+8 hexadecimal digits+base64 of type and key (Ed25519 01 "
                 "or 04, SM2 ff)");
}

/* ---- notes ---- */

static bool is_clean_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\n') || c == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(s);
}

static bool parse_signature(struct ctx *ctx, struct str line, struct note_signature *ret)
{
    struct str rest = {0};
    struct str bytes = {0};
    if (!str_starts(line, str_from(dash))) {
        return false;
    }
    ret->name = str_cut(str_slice(line, sizeof(dash) - 1, line.n), ' ', &rest);
    if (!name_is_good(ret->name) || !base64_decode(ctx->arena, rest, &bytes) || bytes.n < 5) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)bytes.p;
    ret->id = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    ret->bytes = str_slice(bytes, 4, bytes.n);
    return true;
}

enum err note_parse(struct ctx *ctx, struct str bytes, struct note *ret)
{
    if (bytes.n > LIMIT_NOTE_BYTES || !is_clean_text(bytes)) {
        return fault(ctx, ERR_SYNTAX,
                     "a signed note is UTF-8 without control characters, at most %d bytes",
                     LIMIT_NOTE_BYTES);
    }
    /* The last empty line parts text and signatures. */
    size_t split = SIZE_MAX;
    for (size_t i = bytes.n; i >= 2 && split == SIZE_MAX; i--) {
        split = bytes.p[i - 1] == '\n' && bytes.p[i - 2] == '\n' ? i - 1 : split;
    }
    if (split == SIZE_MAX || bytes.p[bytes.n - 1] != '\n') {
        return fault(
            ctx, ERR_SYNTAX,
            "a signed note is a text, an empty line and signature lines, each ended by LF");
    }
    struct note n = {.text = str_slice(bytes, 0, split)};
    n.signatures = ARENA_ARRAY(ctx->arena, struct note_signature, LIMIT_NOTE_SIGNATURES);
    struct str rest = str_slice(bytes, split + 1, bytes.n);
    while (rest.n > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        if (n.count == LIMIT_NOTE_SIGNATURES) {
            return fault(ctx, ERR_TOO_MANY, "a signed note has more than %d signatures",
                         LIMIT_NOTE_SIGNATURES);
        }
        if (!parse_signature(ctx, line, &n.signatures[n.count])) {
            return fault(ctx, ERR_SYNTAX,
                         "signature line %zu of the note is not a dash, a key name and base64",
                         n.count + 1);
        }
        n.count++;
    }
    if (n.count == 0) {
        return fault(ctx, ERR_SYNTAX, "the note has no signature");
    }
    *ret = n;
    return ERR_OK;
}

struct str cosignature_text(struct arena *a, uint64_t time, struct str note_text)
{
    return str_format(a, "cosignature/v1\ntime %llu\n%.*s", (unsigned long long)time,
                      FMT(note_text));
}

struct str cosignature_line(struct arena *a, const struct verifier *v, uint64_t time,
                            const uint8_t signature[64])
{
    uint8_t bytes[8 + ED25519_SIGNATURE];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(time >> (56 - 8 * i));
    }
    memcpy(bytes + 8, signature, ED25519_SIGNATURE);
    return note_line(a, v, (struct str){(const char *)bytes, sizeof(bytes)});
}

static bool line_verifies(struct ctx *ctx, const struct verifier *v, struct str text,
                          struct str sig)
{
    const uint8_t *bytes = (const uint8_t *)sig.p;
    switch (v->type) {
    case NOTE_ED25519: return sig.n == ED25519_SIGNATURE && ed25519_verify(v->key, text, bytes);
    case NOTE_PRIVATE: return sig.n == SM2_SIGNATURE && sm2_verify(v->key, text, bytes);
    case NOTE_COSIGNATURE: {
        uint64_t time = 0;
        if (sig.n != 8 + ED25519_SIGNATURE) {
            return false;
        }
        for (int i = 0; i < 8; i++) {
            time = time << 8 | bytes[i];
        }
        return ed25519_verify(v->key, cosignature_text(ctx->arena, time, text), bytes + 8);
    }
    }
    return false;
}

enum err note_verify(struct ctx *ctx, const struct note *n, const struct verifier *keys,
                     size_t count, bool *ret_good)
{
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        bool good = false;
        for (size_t i = 0; i < n->count; i++) {
            const struct note_signature *s = &n->signatures[i];
            if (s->id != keys[k].id || !str_equal(s->name, keys[k].name)) {
                continue;
            }
            if (!line_verifies(ctx, &keys[k], n->text, s->bytes)) {
                return fault(ctx, ERR_SIGNATURE, "the signature of %.*s is false", FMT(s->name));
            }
            good = true;
        }
        any = any || good;
        if (ret_good != NULL) {
            ret_good[k] = good;
        }
    }
    return any ? ERR_OK : fault(ctx, ERR_SIGNATURE, "no signature of the note is by a known key");
}

struct str note_line(struct arena *a, const struct verifier *v, struct str signature)
{
    struct buf b = buf_new(a, 0);
    char id[4] = {(char)(v->id >> 24), (char)(v->id >> 16), (char)(v->id >> 8), (char)v->id};
    buf_bytes(&b, id, sizeof(id));
    buf_put(&b, signature);
    struct str bytes = base64_encode(a, b.p, b.n);
    return str_format(a, "%s%.*s %.*s\n", dash, FMT(v->name), FMT(bytes));
}

/* ---- checkpoints ---- */

bool plain_u64(struct str s, uint64_t *ret)
{
    return (s.n == 1 || (s.n > 1 && s.p[0] != '0')) && str_to_u64(s, ret);
}

bool plain_hash(struct ctx *ctx, struct str s, uint8_t ret[HASH_BYTES])
{
    struct str bytes = {0};
    if (!base64_decode(ctx->arena, s, &bytes) || bytes.n != HASH_BYTES) {
        return false;
    }
    memcpy(ret, bytes.p, HASH_BYTES);
    return true;
}

struct str checkpoint_text(struct arena *a, struct str origin, uint64_t size,
                           const uint8_t root[32])
{
    struct str hash = base64_encode(a, root, HASH_BYTES);
    return str_format(a, "%.*s\n%llu\n%.*s\n", FMT(origin), (unsigned long long)size, FMT(hash));
}

enum err checkpoint_parse(struct ctx *ctx, struct str text, struct checkpoint *ret)
{
    struct str rest = {0};
    struct checkpoint c = {.origin = str_cut(text, '\n', &rest)};
    struct str size = str_cut(rest, '\n', &rest);
    struct str root = str_cut(rest, '\n', &rest);
    bool ended = text.n > 0 && text.p[text.n - 1] == '\n';
    if (c.origin.n == 0 || !ended || !plain_u64(size, &c.size) || !plain_hash(ctx, root, c.root)) {
        return fault(ctx, ERR_SYNTAX, "a checkpoint is three lines: origin, size, root in base64");
    }
    *ret = c;
    return ERR_OK;
}
