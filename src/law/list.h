/* list.h - everything of a kind in a snapshot of the law, in a fixed order. */
#pragma once

#include "law/model.h"

const struct law_pack *law_packs(const struct law *law, size_t *ret_count);
/* The set of these packs by one digest, 32 bytes, which each act names: the SHA-256 of the line
 * "tongban/law/v1" and of a line "CODE@VERSION:DIGEST" for each pack, in bytewise order of the
 * codes, each line ended by LF. */
const uint8_t *law_digest(const struct law *law);
const struct act_kind *law_acts(const struct law *law, size_t *ret_count);
const struct item *law_items(const struct law *law, size_t *ret_count);
const struct office *law_offices(const struct law *law, size_t *ret_count);
/* The facts by which a case names who acts in it beside its party and its office: `party`,
 * `interested` or `office` of some kind of act. */
struct named {
    const struct fact *fact;
    bool office; /* names an office; else a party */
};
const struct named *law_named(const struct law *law, size_t *ret_count);
const struct fact *law_facts(const struct law *law, size_t *ret_count);
const struct limit *law_limits(const struct law *law, size_t *ret_count);
const struct statute *law_statutes(const struct law *law, size_t *ret_count);
const struct invariant *law_invariants(const struct law *law, size_t *ret_count);

/* The rule by which publishing this pack carries a running case of the item over to the new law;
 * NULL: none. */
bool law_has_transition(const struct law *law, struct str pack);
const struct transition *law_transition(const struct law *law, struct str pack, struct str item);
