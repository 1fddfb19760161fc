/* ahead.h - which packs are in force on a day, and whether the law still loads on the days ahead.
 */
#pragma once

#include "law/shelf.h"

/* A version of a pack with the days it is in force: `until` is the first day no longer. */
struct pack_term {
    struct parsed_pack *pack;
    struct str code;
    struct day from;
    struct day until;
};

/* The versions in force on a day: of each code the one that began last (of several on one day, the
 * last in the list), unless it has ended; in the order in which the codes first stand in the list,
 * so that bases come before what builds on them. Indices go to ret (room for count); their number
 * is returned. */
size_t law_in_force(const struct pack_term *terms, size_t count, struct day day, size_t *ret);

/* Does the law load on `day` and on each later day at which a version, a statute, a value of a
 * limit or a power begins or ends? `fresh`: the index of a version about to be published, or
 * SIZE_MAX when all are judged. A version that is in force on no day from `day` on is a fault.
 * Faults of a later day say the day. With `fresh`, faults that are there without it do not count
 * unless they stand in its own files: a repair must be possible. ERR_SYNTAX when a fault counts;
 * other errors are no answer. */
enum err law_check_ahead(struct ctx *ctx, struct law_shelf *s, const struct pack_term *terms,
                         size_t count, size_t fresh, const struct law_pack_source *stories,
                         size_t story_count, struct day day,
                         struct law_problems *ret_problems) MUST_USE;
