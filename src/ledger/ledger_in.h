/* ledger_in.h - inside of ledger: the two small texts that several of its formats are made of. */
#pragma once

#include "ledger/ledger.h"

/* A decimal number in its one spelling: no sign, no leading zero. */
bool plain_u64(struct str s, uint64_t *ret);
/* A hash of 32 bytes in base64. */
bool plain_hash(struct ctx *ctx, struct str s, uint8_t ret[HASH_BYTES]);
