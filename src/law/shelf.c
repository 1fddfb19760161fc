/* The shelf: parts by digest, packs as lists of parts, and who still needs them.
 *
 * Each part, pack and compiled procedure lies on an arena of its own, so that it can go alone: a
 * node that publishes for years keeps the files in force and those of snapshots still in use, and
 * nothing else. The arenas are carved from one region (base/region.h): parts and procedures, of
 * which there are hundreds and which are made one after the other, are pieces of it; a pack, whose
 * list stays open while its parts are made, has a place of its own. References are counted in the
 * things themselves: a pack counts for its parts, a procedure for its file and the files it calls,
 * a snapshot for its packs and procedures, and work that is going on for what it has taken since
 * law_shelf_begin.
 *
 * Any push of memory may unwind past all of this. So a thing is counted, and its arena known to the
 * shelf, before the next push: what is `held` or `making` when work begins was left behind by work
 * that did not return, and is let go of first. A pack that is being made stands among the held with
 * the parts it has so far.
 */
#include "law/law_in.h"

#include "crypto/crypto.h"

enum {
    BUCKETS = 4096, /* a few packs of 10,000 files: chains stay short */
    SHELF_ARENA_BYTES = 8 << 20,
    PACK_ARENA_BYTES = 4 << 20,
    PART_ARENA_BYTES = 256 << 10,
    PART_GROWTH = 128 /* the tree of the densest JSON is not larger than so many times its text */
};
_Static_assert(PACK_ARENA_BYTES >= LIMIT_PACK_FILES * 4 * sizeof(void *),
               "the list of a pack's files fits on the pack's arena");

struct held {
    struct parsed_pack *pack; /* one of the two */
    struct procedure *procedure;
};
struct law_shelf {
    struct region *region;
    struct region *own; /* the same, when nobody else has given it */
    struct arena *arena;
    struct part **buckets;
    struct parsed_pack *packs;
    struct arena *making; /* not yet part of anything */
    struct held *held;
    size_t held_count;
    size_t held_room;
    size_t file_count;
    size_t file_bytes;
};

enum err law_shelf_new(struct ctx *ctx, struct region *region, struct law_shelf **ret)
{
    struct region *own = NULL;
    struct arena *arena = arena_new(SHELF_ARENA_BYTES);
    enum err e = arena == NULL    ? fault(ctx, ERR_MEMORY, "no memory for a shelf of law packs")
                 : region == NULL ? region_new(ctx, REGION_OWN, LAW_REGION_BYTES, &own)
                                  : ERR_OK;
    if (e != ERR_OK) {
        arena_free(arena);
        return e;
    }
    /* Its own arena, on which a passed cap cannot be met so early, has no guard yet. */
    struct law_shelf *s = ARENA_NEW(arena, struct law_shelf);
    s->region = region == NULL ? own : region;
    s->own = own;
    s->arena = arena;
    s->buckets = ARENA_ARRAY(arena, struct part *, BUCKETS);
    *ret = s;
    return ERR_OK;
}

/* ---- letting go ---- */

static struct part **bucket_of(struct law_shelf *s, const uint8_t digest[32])
{
    return &s->buckets[(digest[0] | (size_t)digest[1] << 8) % BUCKETS];
}

static void release_part(struct law_shelf *s, struct part *p)
{
    must(p->refs > 0);
    if (--p->refs > 0) {
        return;
    }
    must(p->procedures == NULL);
    struct part **at = bucket_of(s, p->digest);
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    s->file_count--;
    s->file_bytes -= arena_used(p->arena);
    arena_free(p->arena);
}

static void release_procedure(struct law_shelf *s, struct procedure *p)
{
    must(p->refs > 0 && p->part_count > 0);
    if (--p->refs > 0) {
        return;
    }
    struct procedure **at = &p->parts[0]->procedures;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    for (size_t i = p->part_count; i > 0; i--) {
        if (p->parts[i - 1] != NULL) {
            release_part(s, p->parts[i - 1]);
        }
    }
    arena_free(p->arena);
}

static void release_pack(struct law_shelf *s, struct parsed_pack *p)
{
    must(p->refs > 0);
    if (--p->refs > 0) {
        return;
    }
    struct parsed_pack **at = &s->packs;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    for (size_t i = 0; i < p->part_count; i++) {
        release_part(s, p->parts[i]);
    }
    arena_free(p->arena);
}

static void let_go(struct law_shelf *s)
{
    arena_free(s->making);
    s->making = NULL;
    while (s->held_count > 0) {
        struct held h = s->held[--s->held_count];
        if (h.procedure != NULL) {
            release_procedure(s, h.procedure);
        } else {
            release_pack(s, h.pack);
        }
    }
}

void law_shelf_begin(struct ctx *ctx, struct law_shelf *s)
{
    let_go(s);
    arena_guard_as(s->arena, ctx->arena);
}

void law_shelf_end(struct law_shelf *s)
{
    let_go(s);
    arena_guard_as(s->arena, NULL);
}

void law_shelf_free(struct law_shelf *s)
{
    if (s == NULL) {
        return;
    }
    let_go(s);
    while (s->packs != NULL) { /* of snapshots that are not used any more */
        s->packs->refs = 1;
        struct parsed_pack *p = s->packs;
        for (size_t i = 0; i < p->part_count; i++) {
            while (p->parts[i]->procedures != NULL) {
                p->parts[i]->procedures->refs = 1;
                release_procedure(s, p->parts[i]->procedures);
            }
        }
        release_pack(s, p);
    }
    must(s->file_count == 0);
    region_free(s->own);
    arena_free(s->arena);
}

/* ---- taking ---- */

static void hold(struct law_shelf *s, struct held h)
{
    must(s->held_count < s->held_room);
    s->held[s->held_count++] = h;
}

void shelf_hold_room(struct law_shelf *s)
{
    if (s->held_count == s->held_room) {
        size_t room = s->held_room == 0 ? 64 : s->held_room * 2;
        s->held =
            arena_grow(s->arena, s->held, s->held_room * sizeof(*s->held), room * sizeof(*s->held));
        s->held_room = room;
    }
}

static enum err begin_making(struct ctx *ctx, struct law_shelf *s, struct arena *arena)
{
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a file of a law pack");
    }
    must(s->making == NULL);
    s->making = arena;
    arena_guard_as(arena, ctx->arena);
    return ERR_OK;
}

enum err shelf_arena(struct ctx *ctx, struct law_shelf *s, size_t cap_bytes, struct arena **ret)
{
    TRY(begin_making(ctx, s, region_piece(s->region, cap_bytes)));
    *ret = s->making;
    return ERR_OK;
}

static void keep(struct arena *a)
{
    arena_guard_as(a, NULL);
    arena_seal(a);
}

void shelf_arena_kept(struct law_shelf *s)
{
    keep(s->making);
    s->making = NULL;
}

void shelf_arena_drop(struct law_shelf *s)
{
    arena_free(s->making);
    s->making = NULL;
}

void shelf_hold_procedure(struct law_shelf *s, struct procedure *p)
{
    p->refs++;
    hold(s, (struct held){.procedure = p});
}

static void digest_of(struct ctx *ctx, const struct law_file *f, uint8_t ret[32])
{
    struct arena_mark mark = arena_mark(ctx->arena);
    struct buf b = buf_new(ctx->arena, LIMIT_PACK_BYTES);
    buf_put(&b, f->path);
    buf_byte(&b, 0);
    buf_put(&b, f->bytes);
    must(b.err == ERR_OK);
    sha256(b.p, b.n, ret);
    arena_reset(ctx->arena, mark);
}

static enum err take_part(struct ctx *ctx, struct law_shelf *s, const struct law_file *f,
                          struct part **ret)
{
    uint8_t digest[32];
    if (f->bytes.n > LIMIT_PACK_FILE_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "%.*s is larger than %d bytes", FMT(f->path),
                     LIMIT_PACK_FILE_BYTES);
    }
    digest_of(ctx, f, digest);
    struct part **bucket = bucket_of(s, digest);
    for (struct part *p = *bucket; p != NULL; p = p->next) {
        if (memcmp(p->digest, digest, sizeof(digest)) == 0) {
            p->refs++;
            *ret = p;
            return ERR_OK;
        }
    }
    bool model = str_ends(f->path, STR(".dmn"));
    size_t cap = (size_t)PART_ARENA_BYTES + (f->bytes.n + f->path.n) * PART_GROWTH +
                 (model ? (size_t)LIMIT_DMN_INDEX_BYTES : 0);
    struct arena *arena = NULL;
    TRY(shelf_arena(ctx, s, cap, &arena));
    struct part *p = part_parse(ctx, arena, f->path, f->bytes);
    shelf_arena_kept(s);
    memcpy(p->digest, digest, sizeof(digest));
    p->refs = 1;
    p->next = *bucket;
    *bucket = p;
    s->file_count++;
    s->file_bytes += arena_used(arena);
    *ret = p;
    return ERR_OK;
}

static struct pack_head head_of(const struct part *p)
{
    struct pack_head h = {.code = json_text(&p->root, "pack"),
                          .version = json_text(&p->root, "version"),
                          .from = {INT32_MIN},
                          .until = {INT32_MAX}};
    day_parse(json_text(&p->root, "from"), &h.from);
    day_parse(json_text(&p->root, "until"), &h.until);
    return h;
}

/* What the pack says of itself, and the days of all its files. */
static void describe(struct ctx *ctx, struct parsed_pack *p)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    size_t count = 0;
    p->head = (struct pack_head){.from = {INT32_MIN}, .until = {INT32_MAX}};
    for (size_t i = 0; i < p->part_count; i++) {
        count += p->parts[i]->day_count;
        p->head = str_equal(p->parts[i]->path, STR("pack.json")) ? head_of(p->parts[i]) : p->head;
    }
    struct day *days = ARENA_ARRAY(ctx->arena, struct day, count + 1);
    count = 0;
    for (size_t i = 0; i < p->part_count; i++) {
        const struct part *x = p->parts[i];
        if (x->day_count > 0) {
            memcpy(days + count, x->days, x->day_count * sizeof(*days));
        }
        count += x->day_count;
    }
    count = days_sort(days, count);
    struct day *kept = ARENA_ARRAY(p->arena, struct day, count + 1);
    memcpy(kept, days, count * sizeof(*days));
    p->days = kept;
    p->day_count = count;
    arena_reset(ctx->arena, mark);
}

struct parsed_pack *law_shelved(struct ctx *ctx, struct law_shelf *s, const uint8_t digest[32])
{
    (void)ctx;
    for (struct parsed_pack *p = s->packs; p != NULL; p = p->next) {
        if (memcmp(p->digest, digest, sizeof(p->digest)) == 0) {
            shelf_hold_room(s);
            p->refs++;
            hold(s, (struct held){.pack = p});
            return p;
        }
    }
    return NULL;
}

enum err law_shelve(struct ctx *ctx, struct law_shelf *s, const struct law_pack_source *pack,
                    const uint8_t digest[32], struct parsed_pack **ret)
{
    *ret = law_shelved(ctx, s, digest);
    if (*ret != NULL) {
        return ERR_OK;
    }
    if (pack->count > LIMIT_PACK_FILES) {
        return fault(ctx, ERR_TOO_MANY, "a pack has more than %d files", LIMIT_PACK_FILES);
    }
    shelf_hold_room(s);
    TRY(begin_making(ctx, s, region_arena(s->region, PACK_ARENA_BYTES)));
    struct arena *arena = s->making;
    struct parsed_pack *p = ARENA_NEW(arena, struct parsed_pack);
    p->arena = arena;
    p->parts = ARENA_ARRAY(arena, struct part *, pack->count + 1);
    s->making = NULL; /* from here on it stands among the held */
    p->refs = 1;
    p->next = s->packs;
    s->packs = p;
    hold(s, (struct held){.pack = p});
    for (size_t i = 0; i < pack->count; i++) {
        if (!part_is_story(pack->files[i].path)) {
            TRY(take_part(ctx, s, &pack->files[i], &p->parts[p->part_count]));
            p->part_count++;
        }
    }
    describe(ctx, p);
    keep(arena);
    memcpy(p->digest, digest, sizeof(p->digest)); /* whole: from here on it is found */
    *ret = p;
    return ERR_OK;
}

/* ---- snapshots ---- */

void shelf_hand_over(struct law_shelf *s, struct law *law, struct parsed_pack *const *packs,
                     size_t count)
{
    size_t procedures = 0;
    for (size_t i = 0; i < s->held_count; i++) {
        procedures += s->held[i].procedure != NULL;
    }
    law->parsed = ARENA_ARRAY(law->arena, struct parsed_pack *, count + 1);
    law->procedures = ARENA_ARRAY(law->arena, struct procedure *, procedures + 1);
    for (size_t i = 0; i < count; i++) {
        law->parsed[law->parsed_count++] = packs[i];
        packs[i]->refs++;
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->held_count; i++) {
        if (s->held[i].procedure != NULL) {
            law->procedures[law->procedure_count++] = s->held[i].procedure;
        } else {
            s->held[kept++] = s->held[i];
        }
    }
    s->held_count = kept;
}

void law_unlink(struct law_shelf *s, struct law *law)
{
    for (size_t i = 0; i < law->procedure_count; i++) {
        release_procedure(s, law->procedures[i]);
    }
    for (size_t i = 0; i < law->parsed_count; i++) {
        release_pack(s, law->parsed[i]);
    }
    law->procedure_count = law->parsed_count = 0;
}

struct pack_head law_pack_head(const struct parsed_pack *pack)
{
    return pack->head;
}

const struct day *law_pack_days(const struct parsed_pack *pack, size_t *ret_count)
{
    *ret_count = pack->day_count;
    return pack->days;
}

size_t law_shelf_files(const struct law_shelf *s, size_t *ret_bytes)
{
    *ret_bytes = s->file_bytes;
    return s->file_count;
}
