/* replay.h - is the state of a node what its ledger says? Every view is made anew from ledger and
 * vault, each act judged again under the law of its day, and compared with what is stored.
 */
#pragma once

#include "gate/gate.h"

struct replay_report {
    int64_t acts;
    int64_t erased;         /* acts judged by record because values were erased */
    int64_t refused;        /* acts the gate would now refuse: must be 0 */
    struct str first_wrong; /* "table case_case, row …" or "act 17: …"; empty when all agrees */
};
/* Rebuild every view into `fresh` (an empty, migrated store), re-asking every act, and compare byte
 * for byte with the store of g. */
enum err replay_run(struct ctx *ctx, const struct gate *g, struct store *fresh,
                    struct replay_report *ret) MUST_USE;
