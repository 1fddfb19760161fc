/* The eight ways to be refused, in order. A ninth check is a ninth file and a row; its refusal
 * codes are found in it when the program is built, and a pack must have their sentences and
 * articles. */
#include "gate/gate_in.h"

#define CHECKS(X)                                                                                  \
    X(identity)   /* who acts, how surely, for whom, by what authority */                          \
    X(competence) /* the office holds the power for this item, place and day */                    \
    X(procedure)  /* the procedure awaits this kind of act now */                                  \
    X(apart)      /* two officers, no conflict, nobody reviews their own act */                    \
    X(form)       /* fields fit their facts, nothing required is missing */                        \
    X(time)       /* within the limit, or what lateness means */                                   \
    X(bounds)     /* inside the decision, or reasons and a higher power */                         \
    X(purpose)    /* only the data this act's purpose needs */

#define DECLARE(name) check_fn check_##name;
#define ROW(name) {#name, check_##name},
CHECKS(DECLARE)
static const struct {
    const char *name;
    check_fn *check;
} rows[] = {CHECKS(ROW)};

void checks_run(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    *ret = (struct verdict){0};
    for (size_t i = 0; i < LEN(rows); i++) {
        if (!rows[i].check(ctx, q, ret)) {
            ret->admitted = false;
            ret->check = str_from(rows[i].name);
            return;
        }
    }
    ret->admitted = true;
}

bool verdict_refuse(struct ctx *ctx, const struct question *q, struct verdict *ret,
                    const char *code, const struct cite *nearer, struct str field)
{
    (void)ctx;
    const struct law *law = q->law != NULL ? q->law : q->law_now;
    const struct code_row *row = law == NULL ? NULL : law_code(law, STR("refusal"), str_from(code));
    *ret = (struct verdict){.code = str_from(code), .field = field};
    /* A pack published before there was this code: the program's own words, until it is mended. */
    ret->sentence =
        (struct text2){str_from(err_sentence_zh(ERR_REFUSED)), str_from(err_sentence(ERR_REFUSED))};
    if (row != NULL) {
        ret->sentence = row->title;
        ret->article = row->article;
    }
    if (nearer != NULL && nearer->statute != NULL) {
        ret->article = *nearer;
    }
    return false;
}
