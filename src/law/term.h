/* term.h - working days, when limits end, and the cards of supervision for what was late. */
#pragma once

#include "law/model.h"

/* Is it a working day; *ret_known false beyond the published calendars (then Monday to Friday,
 * without the days that a statute takes off in every year). */
bool law_is_workday(const struct law *law, struct day d, bool *ret_known);
/* The days off that the published calendars name and, for twenty years beyond the last of them,
 * those that a statute takes off in every year; or, works: the weekend days that the calendars make
 * working days. On a. */
const struct day *law_days_named(const struct law *law, struct arena *a, bool works,
                                 size_t *ret_count);
/* The first and the last day from `from` to `to` that is a working day by one law and none by the
 * other; false when there is none. */
bool law_days_differ(const struct law *a, const struct law *b, struct day *from, struct day *to);
struct due {
    struct day day;      /* the last day */
    bool provisional;    /* ran past the known calendars */
    struct day *skipped; /* days that did not count and why, only when asked for */
    struct str *skipped_why;
    size_t skipped_count;
};
/* When a limit begun by an event of day `start` ends; the start day is not counted. extra_n is
 * added to n (extension); stopped days are added as working or calendar days by the limit's unit.
 */
enum err law_due(struct ctx *ctx, const struct law *law, const struct limit *limit,
                 struct day start, int32_t extra_n, bool explain, struct due *ret) MUST_USE;
/* n units after a day by the same counting, for promises. */
struct day law_day_after(const struct law *law, struct day start, int32_t n, enum limit_unit unit,
                         bool roll, bool *ret_provisional);
/* Days of the unit in (from, to]: what a stopped clock gives back. */
int32_t law_days_between(const struct law *law, struct day from, struct day to,
                         enum limit_unit unit);

/* What supervision says of an office that is late: a card by how late, in days of a unit after the
 * last day. */
struct card_rule;
struct card {
    struct str code; /* "yellow", "red" */
    struct text2 title;
    int32_t n; /* later than this */
    enum limit_unit unit;
    const struct card_rule *rule;
};
struct card_rule {
    struct str id;
    struct text2 title;
    const struct cite *articles;
    size_t article_count;
    const struct limit **limits; /* none: every limit of an office */
    size_t limit_count;
    const struct card *cards; /* the lightest first */
    size_t card_count;
};
/* The gravest card for what was due on a day and done, or still not done, on another; NULL: none.
 */
const struct card *law_card(const struct law *law, const struct limit *limit, struct day due,
                            struct day done);
