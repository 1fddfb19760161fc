/* people.h - who the ledger says someone is, and how people stand to each other on a day.
 *
 * An actor is an account of the ledger: a person or organisation as a party, an officer in an
 * office, an administrator, an institution that acts by its own key. `person` of an officer or
 * administrator is the natural person behind it, of an institution the organisation. Relations
 * say who heads, speaks for, or is too near to whom; what a kind of relation does is law (code
 * table `relation`: "heads", "speaks", "bars").
 *
 * One rule for days, here and for every room that keeps relations: from_day is the first day on
 * which it holds, until_day the first on which it does not.
 *
 * Reads through the caller's connection; strings live on ctx->arena.
 */
#pragma once

#include "act/act.h"

extern const struct projector people_projector;

/* What the ledger says of an actor: kind, offices and roles on this day. */
struct actor_record {
    struct str id;
    struct str kind; /* "person", "org", "officer", "admin", "client" */
    struct str office;
    struct str person; /* of an officer or administrator: the register id of the natural person;
                          empty when not given */
    const struct str *roles;
    size_t role_count;
    bool active;
};
enum err people_find(struct ctx *ctx, struct db *db, struct str id, struct day day,
                     struct actor_record *ret, bool *ret_found) MUST_USE;
/* Its kind on this day: "person", "org", "officer", "admin"; empty when it is nothing, or no more.
 */
enum err people_kind(struct ctx *ctx, struct db *db, struct str id, struct day day,
                     struct str *ret_kind) MUST_USE;
/* The accounts of office that a natural person holds on a day. */
enum err people_held(struct ctx *ctx, struct db *db, struct str person, struct day day,
                     struct actor_record **ret, size_t *ret_count) MUST_USE;

/* Did this party agree, by a confirmation of address that stands on this day, that papers reach it
 * electronically? */
enum err people_agreed_delivery(struct ctx *ctx, struct db *db, struct str party, struct day day,
                                bool *ret) MUST_USE;

/* The officers of an office on a day, by their ids, at most LIMIT_OFFICERS. */
enum err people_in_office(struct ctx *ctx, struct db *db, struct str office, struct day day,
                          struct actor_record **ret, size_t *ret_count) MUST_USE;

/* In which matter someone speaks: the item, empty when there is none; any_matter: an authority for
 * some item is enough. */
struct speaking {
    struct str matter;
    bool any_matter;
};
/* May `actor` act for `party` on this day: itself, by heading it, or by an authority registered,
 * not ended, and either general or for this matter. */
enum err people_speaks_for(struct ctx *ctx, struct db *db, const struct law *law, struct str actor,
                           struct str party, struct day day, const struct speaking *s,
                           bool *ret) MUST_USE;
/* Is the actor the party, or does it head it? */
enum err people_heads(struct ctx *ctx, struct db *db, const struct law *law, struct str actor,
                      struct str party, struct day day, bool *ret) MUST_USE;
/* What stands between an officer and another: "self", the kind of relation that bars, in either
 * direction, or by which the officer speaks for the other; empty when nothing does. Empty ids have
 * no conflict. */
enum err people_conflict(struct ctx *ctx, struct db *db, const struct law *law, struct str me,
                         struct str other, struct day day, struct str *ret) MUST_USE;
/* The same towards those who head or own a party. */
enum err people_conflict_with_heads(struct ctx *ctx, struct db *db, const struct law *law,
                                    struct str me, struct str party, struct day day,
                                    struct str *ret) MUST_USE;
/* Only what bars by a relation registered from `me` to `other`, which may be a case. */
enum err people_bar(struct ctx *ctx, struct db *db, const struct law *law, struct str me,
                    struct str other, struct day day, struct str *ret) MUST_USE;
/* One relation as it was registered. */
struct relation {
    struct str a;
    struct str b;
    struct str kind;
    const struct str *items; /* an authority is for these; none: for all */
    size_t item_count;
    struct day from;
    struct day last; /* on which it still holds; INT32_MAX: without end */
};
/* What relates one to others on a day, in order of the others' ids. */
enum err people_relations_of(struct ctx *ctx, struct db *db, struct str a, struct day day,
                             struct relation **ret, size_t *ret_count) MUST_USE;
/* Who is related to one on a day or from a later one. */
enum err people_relations_to(struct ctx *ctx, struct db *db, struct str b, struct day day,
                             struct relation **ret, size_t *ret_count) MUST_USE;
/* Is there such a relation, in force or from a later day? */
enum err people_relation_stands(struct ctx *ctx, struct db *db, struct str a, struct str b,
                                struct str relation, struct day day, bool *ret) MUST_USE;
