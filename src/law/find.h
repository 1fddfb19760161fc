/* find.h - look-ups by name in a snapshot of the law, and citations. NULL when it is not there. */
#pragma once

#include "law/model.h"

const struct act_kind *law_act(const struct law *law, struct str kind);
const struct item *law_item(const struct law *law, struct str id_or_code);
const struct office *law_office(const struct law *law, struct str id);
const struct fact *law_fact(const struct law *law, struct str id);
const struct limit *law_limit(const struct law *law, struct str id_or_cite);
/* The limit a procedure or an act means by `ref` in a case of this item: the item's own where it
 * has one for what that limit stands as (a special law goes before the general one). `ref` is a
 * limit, or only the word it stands as; NULL when neither the law nor the item has such a limit. */
const struct limit *law_limit_for(const struct law *law, const struct item *item, struct str ref);
const struct licence_type *law_licence_type(const struct law *law, struct str id);
const struct bpmn_process *law_procedure(const struct law *law, struct str name);
/* A decision model by its path in the packs, "rule/NAME.dmn"; NULL when there is none. */
const struct dmn_model *law_model(const struct law *law, struct str path);
struct text2 law_code_title(const struct law *law, struct str table, struct str code);
/* The row of a code; NULL when table or code is unknown. */
const struct code_row *law_code(const struct law *law, struct str table, struct str code);
/* Rows of a code table; NULL and 0 when there is none. */
const struct code_row *law_code_rows(const struct law *law, struct str table, size_t *ret_count);

/* Resolve a citation on a day. ERR_SYNTAX, or ERR_NOT_FOUND saying what is missing: statute,
 * version in force that day, or article. */
enum err law_cite(struct ctx *ctx, const struct law *law, struct str text, struct day day,
                  struct cite *ret) MUST_USE;
