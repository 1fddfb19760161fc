/* replay.h - is the state of a node what its ledger says? Every view is made anew from ledger and
 * vault, each act judged again under the law of its day, and compared with what is stored.
 */
#pragma once

#include "gate/gate.h"
#include "gate/run.h"

struct replay_report {
    int64_t acts;
    int64_t erased;  /* acts judged by record because values were erased */
    int64_t refused; /* acts that this program's gate would not admit; they stand all the same */
    struct str first_wrong; /* "table case_case, row …" or "act 17: …"; empty when all agrees */
};
/* Rebuild every view into `fresh` (an empty, migrated store), re-asking every act, and compare byte
 * for byte with the store of g. Cases there that are behind law that was published are brought up
 * first, as the node would do; in the fresh store the whole of a publication is done at its place
 * among the acts. So their agreeing shows as well that it does not matter when it is done. */
enum err replay_run(struct ctx *ctx, struct gate *g, struct store *fresh,
                    struct replay_report *ret) MUST_USE;

/* An act that stands in the ledger and would not be admitted by this program, under the law of its
 * day; verdict and kind live while it is told. */
struct replay_refusal {
    int64_t seq;
    struct str kind;
    const struct verdict *verdict;
};
typedef void replay_refused(void *arg, const struct replay_refusal *refusal);
/* Only ask every act again, in `fresh` as above, and tell each that would be refused, in their
 * order. What is stored is not compared and nothing of it is changed; ret->first_wrong is of acts
 * alone. */
enum err replay_reask(struct ctx *ctx, struct gate *g, struct store *fresh, replay_refused *each,
                      void *arg, struct replay_report *ret) MUST_USE;

/* ---- filling the views ---- */

/* Told now and then while views are filled: so many of so many acts are in. False: stop there. */
typedef bool replay_progress(void *arg, uint64_t size, uint64_t of);
/* When the views of this store were made by other projections than config's, or are not whole since
 * a rebuilding was cut off: make them anew from the ledger, in place. Acts are judged again and
 * projected whatever today's gate says of them: they stand in the ledger. A kill loses at most the
 * last few hundred acts of it; the next call goes on from there. Nothing to do is the common case
 * and costs one look. progress may be NULL; ERR_CANCELLED when it said to stop. Before gate_new;
 * nobody else may write. */
enum err replay_fill(struct ctx *ctx, const struct gate_config *config, replay_progress *progress,
                     void *arg) MUST_USE;
/* Would replay_fill have something to do? */
enum err replay_is_due(struct ctx *ctx, const struct gate_config *config, bool *ret) MUST_USE;
