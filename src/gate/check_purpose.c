/* Only the data this act's purpose needs: every fact given is of a class the act may open. */
#include "gate/gate_in.h"

check_fn check_purpose;

bool check_purpose(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct json *fields = &q->draft->fields;
    for (size_t i = 0; i < fields->count; i++) {
        const struct fact *fact = law_fact(q->law, fields->members[i].key);
        if (fact != NULL && (q->kind->purpose & (1u << fact->class)) == 0) {
            return verdict_refuse(ctx, q, ret, "purpose.class", NULL, fact->id);
        }
    }
    return true;
}
