/* The law book: which packs are in force when, and the snapshots made of them.
 *
 * A snapshot depends on the publications up to a sequence and on the day, but only on days at which
 * something begins or ends; those days (epochs) are read off the packs, so a year of cases shares a
 * few snapshots. A snapshot, once made, stays until the book closes: pointers into it need no pins.
 */
#include "book/book.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "book_sql.h"
#include "crypto/crypto.h"
#include "limit_gen.h"
#include "store/store.h"
#include "vault/vault.h"

enum { PUBLICATIONS_MAX = 4096, SNAPSHOTS_MAX = LIMIT_LAW_SNAPSHOTS };

struct publication {
    int64_t seq;
    struct str pack;
    struct str version;
    struct str digest;
    struct day from;
};

struct snapshot {
    int64_t law_seq; /* newest publication it may see */
    struct day epoch;
    struct arena *arena;
    struct law *law;
};

struct law_book {
    pthread_mutex_t lock;
    struct arena *arena;
    struct publication *rows;
    size_t count;       /* as the writer sees it */
    size_t visible;     /* committed: what readers see */
    struct day *epochs; /* sorted */
    size_t epoch_count;
    struct snapshot *snapshots;
    size_t snapshot_count;
};

/* Days named as "from" or "until" anywhere in the text of a pack. */
static void gather_epochs(struct law_book *b, struct str text)
{
    static const struct str keys[] = {STR_INIT("from\\\":\\\""),  STR_INIT("from\\\": \\\""),
                                      STR_INIT("until\\\":\\\""), STR_INIT("until\\\": \\\""),
                                      STR_INIT("from\":\""),      STR_INIT("until\":\"")};
    for (size_t k = 0; k < LEN(keys); k++) {
        struct str rest = text;
        for (size_t at = str_find(rest, keys[k]); at != SIZE_MAX; at = str_find(rest, keys[k])) {
            rest = str_slice(rest, at + keys[k].n, rest.n);
            struct day d = {0};
            if (!day_parse(str_slice(rest, 0, 10), &d)) {
                continue;
            }
            size_t i = 0;
            while (i < b->epoch_count && b->epochs[i].n < d.n) {
                i++;
            }
            if (i < b->epoch_count && b->epochs[i].n == d.n) {
                continue;
            }
            b->epochs = arena_grow(b->arena, b->epochs, b->epoch_count * sizeof(*b->epochs),
                                   (b->epoch_count + 1) * sizeof(*b->epochs));
            memmove(b->epochs + i + 1, b->epochs + i, (b->epoch_count - i) * sizeof(*b->epochs));
            b->epochs[i] = d;
            b->epoch_count++;
        }
    }
}

static struct day epoch_of(const struct law_book *b, struct day day)
{
    struct day epoch = {INT32_MIN};
    for (size_t i = 0; i < b->epoch_count && b->epochs[i].n <= day.n; i++) {
        epoch = b->epochs[i];
    }
    return epoch;
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static enum err pack_text(struct ctx *ctx, struct db *db, struct str digest, struct str *ret)
{
    struct attachment file;
    bool found = false;
    TRY(vault_file_find(ctx, db, digest, &file, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "the text of published pack %.*s is not in the vault",
                     FMT(digest));
    }
    *ret = file.bytes;
    return ERR_OK;
}

static enum err add_publication(struct ctx *ctx, struct law_book *b, struct db *db,
                                const struct book_pack_list_row *row)
{
    struct arena *a = b->arena;
    if (b->count >= PUBLICATIONS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "more than %d publications of law packs", PUBLICATIONS_MAX);
    }
    b->rows[b->count++] = (struct publication){row->seq,
                                               str_copy(a, row->pack),
                                               str_copy(a, row->version),
                                               str_copy(a, row->digest),
                                               {(int32_t)row->from_day}};
    struct arena_mark mark = arena_mark(ctx->arena);
    struct str text = {0};
    TRY(pack_text(ctx, db, row->digest, &text));
    gather_epochs(b, text);
    arena_reset(ctx->arena, mark);
    return ERR_OK;
}

static enum err read_publications(struct ctx *ctx, struct law_book *b, struct db *db)
{
    struct book_pack_list_row *rows = NULL;
    size_t count = 0;
    TRY(book_pack_list(ctx, db, &rows, &count));
    for (size_t i = b->count; i < count; i++) {
        TRY(add_publication(ctx, b, db, &rows[i]));
    }
    return ERR_OK;
}

enum err book_new(struct ctx *ctx, struct arena *arena, struct law_book **ret)
{
    struct law_book *b = ARENA_NEW(arena, struct law_book);
    (void)ctx;
    pthread_mutex_init(&b->lock, NULL);
    b->arena = arena;
    b->rows = ARENA_ARRAY(arena, struct publication, PUBLICATIONS_MAX);
    b->snapshots = ARENA_ARRAY(arena, struct snapshot, SNAPSHOTS_MAX);
    *ret = b;
    return ERR_OK;
}

void book_free(struct law_book *b)
{
    for (size_t i = 0; i < b->snapshot_count; i++) {
        arena_free(b->snapshots[i].arena);
    }
    pthread_mutex_destroy(&b->lock);
}

int64_t book_newest(const struct law_book *b)
{
    return b->count == 0 ? -1 : b->rows[b->count - 1].seq;
}

int64_t book_before(const struct law_book *b, int64_t law_seq)
{
    int64_t before = -1;
    for (size_t i = 0; i < b->count && b->rows[i].seq < law_seq; i++) {
        before = b->rows[i].seq;
    }
    return before;
}

int64_t book_visible(struct law_book *b)
{
    pthread_mutex_lock(&b->lock);
    int64_t seq = b->visible == 0 ? -1 : b->rows[b->visible - 1].seq;
    pthread_mutex_unlock(&b->lock);
    return seq;
}

size_t book_count(const struct law_book *b)
{
    return b->count;
}

void book_reset(struct law_book *b, size_t count)
{
    pthread_mutex_lock(&b->lock);
    if (count < b->count) {
        int64_t last = count == 0 ? -1 : b->rows[count - 1].seq;
        size_t kept = 0;
        for (size_t i = 0; i < b->snapshot_count; i++) {
            if (b->snapshots[i].law_seq <= last) {
                b->snapshots[kept++] = b->snapshots[i];
            } else {
                arena_free(b->snapshots[i].arena);
            }
        }
        b->snapshot_count = kept;
        b->count = count;
    }
    pthread_mutex_unlock(&b->lock);
}

void book_show(struct law_book *b)
{
    pthread_mutex_lock(&b->lock);
    b->visible = b->count;
    pthread_mutex_unlock(&b->lock);
}

/* The newest publication of each pack that a case of this law_seq and day may see, oldest first, so
 * that bases come before what builds on them. */
static size_t packs_in_force(const struct law_book *b, int64_t law_seq, struct day day,
                             const struct publication **out)
{
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct publication *p = &b->rows[i];
        if (p->seq > law_seq || p->from.n > day.n) {
            continue;
        }
        size_t k = 0;
        while (k < n && !str_equal(out[k]->pack, p->pack)) {
            k++;
        }
        out[k] = p;
        n = k == n ? n + 1 : n;
    }
    return n;
}

static enum err load_snapshot(struct ctx *ctx, struct law_book *b, struct db *db, int64_t law_seq,
                              struct day day, struct snapshot *s)
{
    const struct publication **in_force =
        ARENA_ARRAY(ctx->arena, const struct publication *, b->count + 1);
    size_t count = packs_in_force(b, law_seq, day, in_force);
    struct law_pack_source *packs = ARENA_ARRAY(ctx->arena, struct law_pack_source, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct str text = {0};
        TRY(pack_text(ctx, db, in_force[i]->digest, &text));
        TRY(law_pack_read(ctx, text, &packs[i]));
    }
    struct law_problems problems = {0};
    return law_load(ctx, s->arena, packs, count, day, &s->law, &problems);
}

static struct snapshot *find_snapshot(struct law_book *b, int64_t law_seq, struct day epoch)
{
    for (size_t i = b->snapshot_count; i > 0; i--) {
        struct snapshot *s = &b->snapshots[i - 1];
        if (s->law_seq == law_seq && s->epoch.n == epoch.n) {
            return s;
        }
    }
    return NULL;
}

/* What is done under the lock has a guard and arenas of its own: a passed cap must not jump over
 * the unlocking. */
struct locked_work {
    struct ctx ctx;
    struct arena_guard guard;
    char detail[256]; /* of the fault, for the caller's arena */
};

static bool locked_begin(struct locked_work *w, struct law_book *b, struct world *world)
{
    struct arena *arena = arena_new(LIMIT_LAW_ARENA_BYTES);
    w->detail[0] = 0;
    if (arena == NULL) {
        return false;
    }
    w->ctx = (struct ctx){.arena = arena, .world = world};
    pthread_mutex_lock(&b->lock);
    return true;
}

/* Returns e, or ERR_MEMORY when the work did not return; its detail goes to ctx. */
static enum err locked_end(struct locked_work *w, struct law_book *b, struct ctx *ctx, enum err e)
{
    pthread_mutex_unlock(&b->lock);
    size_t n = w->ctx.why.detail.n < sizeof(w->detail) ? w->ctx.why.detail.n : sizeof(w->detail);
    if (e != ERR_OK && n > 0) {
        memcpy(w->detail, w->ctx.why.detail.p, n);
    }
    arena_free(w->ctx.arena);
    return e == ERR_OK ? e : fault(ctx, e, "%.*s", (int)n, w->detail);
}

static enum err make_snapshot(struct locked_work *w, struct law_book *b, struct db *db,
                              int64_t law_seq, struct day day, const struct law **ret)
{
    struct ctx *ctx = &w->ctx;
    if (b->snapshot_count >= SNAPSHOTS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "more than %d snapshots of the law are in use",
                     SNAPSHOTS_MAX);
    }
    struct snapshot *s = &b->snapshots[b->snapshot_count];
    *s = (struct snapshot){
        .law_seq = law_seq, .epoch = epoch_of(b, day), .arena = arena_new(LIMIT_LAW_ARENA_BYTES)};
    if (s->arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a snapshot of the law");
    }
    if (setjmp(w->guard.jump) != 0) {
        arena_free(b->snapshots[b->snapshot_count].arena);
        ctx->why = (struct why){.code = ERR_MEMORY};
        return ERR_MEMORY;
    }
    arena_guard(ctx->arena, &w->guard);
    arena_guard_as(s->arena, ctx->arena);
    enum err e = load_snapshot(ctx, b, db, law_seq, day, s);
    arena_guard_as(s->arena, NULL);
    if (e != ERR_OK) {
        arena_free(s->arena);
        return fault_pass(ctx, e, __func__);
    }
    b->snapshot_count++;
    *ret = s->law;
    return ERR_OK;
}

static enum err note_guarded(struct locked_work *w, struct law_book *b, struct db *db)
{
    if (setjmp(w->guard.jump) != 0) {
        arena_guard_as(b->arena, NULL);
        w->ctx.why = (struct why){.code = ERR_MEMORY};
        return ERR_MEMORY;
    }
    arena_guard(w->ctx.arena, &w->guard);
    arena_guard_as(b->arena, w->ctx.arena);
    enum err e = read_publications(&w->ctx, b, db);
    arena_guard_as(b->arena, NULL);
    return e;
}

enum err book_law(struct ctx *ctx, struct law_book *b, struct db *db, int64_t law_seq,
                  struct day day, const struct law **ret)
{
    *ret = NULL;
    pthread_mutex_lock(&b->lock);
    bool wanted = b->count > 0 && law_seq >= 0;
    struct snapshot *s = wanted ? find_snapshot(b, law_seq, epoch_of(b, day)) : NULL;
    pthread_mutex_unlock(&b->lock);
    if (s != NULL || !wanted) {
        *ret = s == NULL ? NULL : s->law;
        return ERR_OK;
    }
    struct locked_work w;
    if (!locked_begin(&w, b, ctx->world)) {
        return fault(ctx, ERR_MEMORY, "no memory for a snapshot of the law");
    }
    s = find_snapshot(b, law_seq, epoch_of(b, day)); /* another thread may have made it meanwhile */
    *ret = s == NULL ? NULL : s->law;
    return locked_end(&w, b, ctx, s != NULL ? ERR_OK : make_snapshot(&w, b, db, law_seq, day, ret));
}

enum err book_note(struct ctx *ctx, struct law_book *b, struct db *db)
{
    struct locked_work w;
    if (!locked_begin(&w, b, ctx->world)) {
        return fault(ctx, ERR_MEMORY, "no memory to read the publications");
    }
    return locked_end(&w, b, ctx, note_guarded(&w, b, db));
}

/* ---- trying a publication ---- */

/* The file of the pack a draft names: it brings it, or, as an act once more, the vault has it.
 * Empty when there is none. */
static enum err pack_file(struct ctx *ctx, struct db *db, const struct draft *d, struct str *ret)
{
    struct str sha = json_text(json_get(&d->fields, "pack.file"), "sha256");
    struct attachment kept;
    bool found = false;
    *ret = (struct str){0};
    for (size_t i = 0; i < d->attachment_count; i++) {
        if (str_equal(d->attachments[i].sha256, sha)) {
            *ret = d->attachments[i].bytes;
            return ERR_OK;
        }
    }
    TRY(vault_file_find(ctx, db, sha, &kept, &found));
    *ret = found ? kept.bytes : *ret;
    return ERR_OK;
}

enum err book_genesis(struct ctx *ctx, struct db *db, const struct draft *draft,
                      const struct law **ret)
{
    struct str file = {0};
    struct law_pack_source pack;
    struct law_problems problems;
    struct law *law = NULL;
    *ret = NULL;
    TRY(pack_file(ctx, db, draft, &file));
    if (file.n == 0 || law_pack_read(ctx, file, &pack) != ERR_OK) {
        return ERR_OK;
    }
    struct arena *arena = arena_new(LIMIT_LAW_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a law pack");
    }
    arena_defer(ctx->arena, free_arena, arena);
    arena_guard_as(arena, ctx->arena);
    if (law_load(ctx, arena, &pack, 1, instant_day(ctx->world->now(ctx->world)), &law, &problems) ==
        ERR_OK) {
        *ret = law;
    }
    return ERR_OK;
}

enum err book_try(struct ctx *ctx, struct law_book *b, struct db *db, const struct draft *draft,
                  bool *ret_good, struct law_problems *ret_problems)
{
    struct str file = {0};
    struct day day = instant_day(ctx->world->now(ctx->world));
    *ret_good = false;
    *ret_problems = (struct law_problems){0};
    TRY(pack_file(ctx, db, draft, &file));
    if (file.n == 0) {
        return ERR_OK;
    }
    const struct publication **in_force =
        ARENA_ARRAY(ctx->arena, const struct publication *, b->count + 1);
    size_t count = packs_in_force(b, INT64_MAX, day, in_force);
    struct law_pack_source *packs = ARENA_ARRAY(ctx->arena, struct law_pack_source, count + 2);
    size_t n = 0;
    bool placed = false;
    for (size_t i = 0; i < count; i++) {
        struct str text = {0};
        bool same = str_equal(in_force[i]->pack, json_text(&draft->fields, "pack.code"));
        placed = placed || same;
        if (!same) {
            TRY(pack_text(ctx, db, in_force[i]->digest, &text));
        }
        if (law_pack_read(ctx, same ? file : text, &packs[n++]) != ERR_OK) {
            return ERR_OK;
        }
    }
    if (!placed && law_pack_read(ctx, file, &packs[n++]) != ERR_OK) {
        return ERR_OK;
    }
    struct arena *arena = arena_new(LIMIT_LAW_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a law pack");
    }
    /* Freed with the caller's work: passing a cap unwinds from here. */
    arena_defer(ctx->arena, free_arena, arena);
    arena_guard_as(arena, ctx->arena);
    struct law *law = NULL;
    *ret_good = law_load(ctx, arena, packs, n, day, &law, ret_problems) == ERR_OK;
    return ERR_OK;
}

/* The kind of act that publishes, whatever the pack calls it. */
static struct str publishing_kind(const struct law *law)
{
    size_t count = 0;
    const struct act_kind *kinds = law_acts(law, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_in(STR("law.publish"), kinds[i].effects, kinds[i].effect_count)) {
            return kinds[i].kind;
        }
    }
    return STR("");
}

enum err book_publish_draft(struct ctx *ctx, struct law_book *b, struct db *db,
                            const struct law_pack_source *pack, struct draft *ret,
                            struct law_problems *ret_problems)
{
    struct arena *a = ctx->arena;
    struct attachment *file = ARENA_NEW(a, struct attachment);
    uint8_t digest[32];
    struct json head = json_object();
    *ret_problems = (struct law_problems){0};
    TRY(law_pack_write(ctx, pack, &file->bytes));
    sha256(file->bytes.p, file->bytes.n, digest);
    file->sha256 = hex_encode(a, digest, 32);
    file->type = STR("application/json");
    file->name = STR("pack.json");
    for (size_t i = 0; i < pack->count; i++) {
        if (str_equal(pack->files[i].path, STR("pack.json"))) {
            TRY(json_parse(ctx, pack->files[i].bytes, STR("pack.json"), &head));
        }
    }
    struct json f = json_object();
    struct json m = json_object();
    json_set(a, &m, STR("name"), json_of_str(file->name));
    json_set(a, &m, STR("type"), json_of_str(file->type));
    json_set(a, &m, STR("size"), json_of_int((int64_t)file->bytes.n));
    json_set(a, &m, STR("sha256"), json_of_str(file->sha256));
    json_set(a, &f, STR("pack.code"), json_of_str(json_text(&head, "pack")));
    json_set(a, &f, STR("pack.version"), json_of_str(json_text(&head, "version")));
    json_set(a, &f, STR("pack.digest"), json_of_str(file->sha256));
    json_set(a, &f, STR("pack.file"), m);
    *ret = (struct draft){.fields = f, .attachments = file, .attachment_count = 1};
    bool good = false;
    TRY(book_try(ctx, b, db, ret, &good, ret_problems));
    const struct law *law = NULL;
    if (book_newest(b) < 0) {
        TRY(book_genesis(ctx, db, ret, &law));
    } else {
        TRY(book_law(ctx, b, db, book_newest(b), instant_day(ctx->world->now(ctx->world)), &law));
    }
    if (!good || law == NULL) {
        return fault(ctx, ERR_SYNTAX, "the pack has faults");
    }
    ret->kind = publishing_kind(law);
    return ERR_OK;
}
