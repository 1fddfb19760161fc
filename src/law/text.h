/* text.h - values and citations as people read and write them, and the documents that acts draw
 * up. */
#pragma once

#include "law/model.h"

/* A citation as people read it: "行政许可法第四十二条（1）", "Administrative Licensing Law, art.
 * 42(1)". As written when it resolved to no article. */
struct str law_cite_text(struct arena *a, const struct cite *c, bool english);

/* Does the value (as JSON) fit the fact: type, length, range, pattern, choice, check characters
 * (GB 11643, GB 32100). ERR_OK, or a fault with field = fact id and a sentence. */
enum err law_fact_check(struct ctx *ctx, const struct fact *fact,
                        const struct json *value) MUST_USE;
/* The same for a day against the bounds of its fact, told from the day of the act. ERR_RANGE. */
enum err law_fact_within(struct ctx *ctx, const struct fact *fact, const struct json *value,
                         struct day day) MUST_USE;
/* What a value of this fact must be, in a sentence for who gave another: "18 characters, whose last
 * one checks the others". day: of the act, for bounds told from it. */
struct text2 law_fact_rule(struct arena *a, const struct fact *fact, struct day day);
/* A payment number: sixteen digits that nobody can guess and two by ISO/IEC 7064 MOD 97-10, which
 * find a digit copied wrongly and two changed about. `drawn` is 64 random bits. */
struct str law_bill_number(struct arena *a, uint64_t drawn);
bool law_bill_number_holds(struct str number);
/* The day of birth that a citizen number holds (GB 11643); false when it is no such number. */
bool law_idcard_born(struct str idcard, struct day *ret);
/* Are drafts held against registers? A pack published before there was the refusal for it meant by
 * `held` no more than that a form may be filled from them. */
bool law_holds_drafts(const struct law *law);
/* The normal form of a value (normal.c). False when it has it already: *ret is not set, or equal.
 */
bool law_fact_normal(struct arena *a, const struct fact *fact, const struct json *value,
                     struct json *ret);
/* A value as people read it: the title of a choice, yes or no, a sum in yuan, a day in words, the
 * name of a file; a list with its parts set apart. fact may be NULL. The text lives on the arena or
 * in the law. */
struct str law_value_text(struct arena *a, const struct fact *fact, const struct json *value,
                          bool english);
/* A sum of fen in yuan: "70,000.00 元", "CNY 70,000.00". */
struct str law_money_text(struct arena *a, int64_t fen, bool english);
/* What a person typed for a fact, as its type wants it: sums are typed in yuan, lists with blanks
 * between. What does not fit stays a text, and law_fact_check says what is wrong with it. */
struct json law_value_parse(struct arena *a, const struct fact *fact, struct str typed);

/* Draw up a document: lang "zh" or "en" (falls back to zh). values are looked up by the hole names
 * of docs/law-packs.md. ERR_NOT_FOUND when the pack has no such document. */
enum err law_document(struct ctx *ctx, const struct law *law, struct str name, struct str lang,
                      const struct json *values, struct str *ret_html) MUST_USE;
/* Does one of the document's texts show this: "party.", or a fact by id? */
bool law_document_shows(const struct law *law, struct str name, struct str what);
/* Does a document as drawn up say this text anywhere? */
bool law_document_says(struct arena *a, struct str html, struct str value);
