/* The bounds of kept operations, and finding one by its name. The lists are short (some thirty
 * names in all) and looked through once for each asking, which the commit that follows outweighs a
 * thousandfold: no index. */
#include "store/keep.h"

#include "base/arena.h"
#include "base/str.h"
#include "limit_gen.h"

const struct keep_op *keep_find(const struct keep_table *tables, size_t count, struct str name)
{
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            if (str_equal(str_from(tables[t].ops[i]->name), name)) {
                return tables[t].ops[i];
            }
        }
    }
    return NULL;
}

enum err keep_check(struct ctx *ctx, const struct keep *k)
{
    if (k->payload.n > LIMIT_KEEP_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "%s is asked with more than %d bytes", k->op->name,
                     LIMIT_KEEP_BYTES);
    }
    return ERR_OK;
}

enum err keep_run(struct ctx *ctx, struct db *db, const struct keep *k, const struct keep_act *act,
                  struct str *ret_answer)
{
    struct buf answer = buf_new(ctx->arena, LIMIT_KEEP_ANSWER_BYTES);
    enum err e = k->op->apply(ctx, db, k->payload, act, &answer);
    return e != ERR_OK ? fault_pass(ctx, e, k->op->name) : buf_done(ctx, &answer, ret_answer);
}
