/* note.h - signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature). */
#pragma once

#include "base/base.h"

enum note_key_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04, NOTE_PRIVATE = 0xff };

/* A verifier key: "name+hex id+base64(type ‖ public key)". Type 0xff is ours only when it is SM2.
 */
struct verifier {
    struct str name;
    uint32_t id;
    enum note_key_type type;
    uint8_t key[65]; /* 32 bytes for Ed25519; 65 for SM2 */
};
enum err verifier_parse(struct ctx *ctx, struct str text, struct verifier *ret) MUST_USE;
struct str verifier_text(struct arena *a, const struct verifier *v);
struct verifier verifier_ed25519(struct str name, const uint8_t public_key[32]);
struct verifier verifier_cosigner(struct str name, const uint8_t public_key[32]);
struct verifier verifier_sm2(struct str name, const uint8_t public_key[65]);

struct note_signature {
    struct str name;
    uint32_t id;
    struct str bytes; /* after the id */
};
struct note {
    struct str text; /* ends in LF */
    struct note_signature *signatures;
    size_t count;
};
enum err note_parse(struct ctx *ctx, struct str bytes, struct note *ret) MUST_USE;
/* Check the lines of these keys: ERR_SIGNATURE when a known key's line is false, or when no line is
 * of a known key. Unknown lines are ignored. ret_good (count long, may be NULL) says which keys
 * signed. */
enum err note_verify(struct ctx *ctx, const struct note *n, const struct verifier *keys,
                     size_t count, bool *ret_good) MUST_USE;
/* One signature line of a key, LF at its end. */
struct str note_line(struct arena *a, const struct verifier *v, struct str signature);
/* What a cosigner signs (tlog-cosignature v1), and the line of its Ed25519 signature. time: POSIX
 * seconds. */
struct str cosignature_text(struct arena *a, uint64_t time, struct str note_text);
struct str cosignature_line(struct arena *a, const struct verifier *v, uint64_t time,
                            const uint8_t signature[64]);

struct checkpoint {
    struct str origin;
    uint64_t size;
    uint8_t root[32];
};
struct str checkpoint_text(struct arena *a, struct str origin, uint64_t size,
                           const uint8_t root[32]);
enum err checkpoint_parse(struct ctx *ctx, struct str text, struct checkpoint *ret) MUST_USE;
