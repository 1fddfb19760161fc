/* consent.h - what two officers sign: a draft by its digest.
 *
 * Where law wants two officers, the first sends a draft, which waits; the second reads it whole and
 * signs it. Both mean the same text only if it can be named: by SHA-256 over the canonical JSON
 * (RFC 8785) of everything the act will say. Files stand in the fields by their own digests, so the
 * digest covers their bytes as well.
 */
#pragma once

#include "gate/gate.h"

/* The digest, 64 hex digits, of kind, case, item, office, for whom, both officers, fields, and of
 * when it was sent and its nonce, which are read from draft->consent. ERR_RANGE when a number has
 * no canonical form. */
enum err draft_digest(struct ctx *ctx, const struct draft *draft, struct str *ret) MUST_USE;
/* gate_ask, and besides the fields as they would enter: in their normal form, with what registers
 * hold and without what is not asked. What is to be signed is this form; the gate holds the digest
 * against what enters, so a register that has changed meanwhile is seen. On ctx->arena. */
enum err gate_settled(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                      struct verdict *ret, struct json *ret_fields) MUST_USE;
/* What of a draft comes from elsewhere than who acts, whether or not it would be admitted:
 * *ret_fields as they would be judged, *ret_sources by fact as in act_record.sources, with the day
 * since which a register says so as "day". For forms, which ask for nothing that is known. */
enum err gate_sourced(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                      struct json *ret_fields, struct json *ret_sources) MUST_USE;
