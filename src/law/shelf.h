/* shelf.h - packs of law parsed once, and the snapshots linked of them.
 *
 * What a file of a pack says by itself (its JSON, its compiled expressions, its decision model, its
 * days) depends on its bytes alone. A shelf parses each file once, by digest, and keeps it as long
 * as a pack needs it; a pack is the list of its files; a snapshot (struct law) is linked of packs
 * for one day: only there names are resolved, articles found and rules over all packs held. So a
 * publication that changes one file parses one file, and two snapshots share all that is the same.
 *
 * Whatever is parsed or linked is never written again: any thread, or another process that maps the
 * same memory, may read it. The shelf itself is used by one thread at a time (the book's lock).
 *
 * Work on a shelf stands between law_shelf_begin and law_shelf_end. What is shelved in between is
 * held until the end, or until a snapshot that is linked of it is unlinked. When memory runs out in
 * the middle and unwinds past the end, the next begin (or the freeing of the shelf) lets go of what
 * was held.
 */
#pragma once

#include "base/region.h"
#include "law/pack.h"

struct law_shelf;
struct parsed_pack;

/* Address space for law: many times what any packs need, for a file is parsed with all the room it
 * could take and leaves what it did not. */
#define LAW_REGION_BYTES ((size_t)16 << 30)

/* Parsed files and packs lie in the region, which lives longer; NULL: in one of its own. Freed by
 * law_shelf_free (NULL is allowed), with all that is on it: unlink what is in use first. */
enum err law_shelf_new(struct ctx *ctx, struct region *region, struct law_shelf **ret) MUST_USE;
void law_shelf_free(struct law_shelf *s);
void law_shelf_begin(struct ctx *ctx, struct law_shelf *s);
void law_shelf_end(struct law_shelf *s);

/* Take a pack by its digest (law_pack_digest): those of its files that were never seen are parsed.
 * Stories (test/) are left out. A file that cannot be read is no fault here: linking names it. The
 * source may go afterwards. */
enum err law_shelve(struct ctx *ctx, struct law_shelf *s, const struct law_pack_source *pack,
                    const uint8_t digest[32], struct parsed_pack **ret) MUST_USE;
/* A pack that is on the shelf already, held as by law_shelve; NULL when it is not. */
struct parsed_pack *law_shelved(struct ctx *ctx, struct law_shelf *s, const uint8_t digest[32]);

/* What pack.json says, read without judging: empty or open where it says nothing sound. */
struct pack_head {
    struct str code;
    struct str version;
    struct day from;  /* the first day in force; n = INT32_MIN: open */
    struct day until; /* the first day no longer in force; n = INT32_MAX: open */
};
struct pack_head law_pack_head(const struct parsed_pack *pack);
/* The days at which something in the pack, or the pack itself, begins or ends: in order, each once.
 */
const struct day *law_pack_days(const struct parsed_pack *pack, size_t *ret_count);
/* Files on the shelf: how many, and the bytes they take. */
size_t law_shelf_files(const struct law_shelf *s, size_t *ret_bytes);

/* What to link, and how to judge it. */
struct law_plan {
    struct parsed_pack *const *packs; /* bases before what builds on them */
    size_t count;
    struct day day;
    bool in_force; /* they were published before: what only newer programs ask for is a warning */
    const struct law_pack_source
        *stories; /* packs whose stories (test/) are held against the law */
    size_t story_count;
};
/* Link a snapshot. Faults go to ret_problems on ctx->arena; ERR_SYNTAX when any is not a warning.
 * The snapshot lies on `arena`, and needs what was shelved until law_unlink; then the arena can go.
 */
enum err law_link(struct ctx *ctx, struct law_shelf *s, struct arena *arena,
                  const struct law_plan *plan, struct law **ret,
                  struct law_problems *ret_problems) MUST_USE;
void law_unlink(struct law_shelf *s, struct law *law);
