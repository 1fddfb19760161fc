/* The law book: which versions of packs are in force when, and the snapshots linked of them.
 *
 * A snapshot is the law after the publications up to a sequence, for the days from one change to
 * the next: a version, a statute, a value of a limit or a power begins or ends only on days that
 * the parsed packs name, and between two of them every day has the same law. So a year of cases
 * shares a few snapshots, and a day's first question finds the one of the day before.
 *
 * Packs are parsed once, by file (law/shelf.h); a snapshot holds what it is linked of. Whoever asks
 * for a law pins its snapshot until the arena that was asked on is reset: a pointer to law lives as
 * long as everything else that came with it. Snapshots nobody has pinned are kept while there are
 * few, the longest unused goes first, and one that is wanted again is linked again. What was made
 * for publications that are undone is dropped at once and freed when its last pin goes.
 *
 * Where several processes serve a node, the one that writes lends (book/lending.h): what it links
 * lies where the others read it, and it frees none that another reads. A front borrows, and links
 * itself, in memory of its own, only what it cannot borrow.
 *
 * Two locks, taken in this order: `work` for whatever parses, links, reads rows or frees; `lock`
 * for the tables alone, never held while anything is pushed. A reader that finds its snapshot takes
 * only the second. Work has a guard and arenas of its own: a passed cap must not jump over the
 * unlocking.
 *
 * Readers are given publications that are committed (book_visible), the writer also its own
 * (book_newest). When the law of a day does not load all the same, as may be with packs published
 * before days ahead were looked at, the last law that did load stays: that of the days before, else
 * that before the newest publication. It follows from the publications and the day alone, so replay
 * judges by the same. The snapshot of such a day says so (book_alarm) as long as it is the law of
 * today: a pack that mends it makes another.
 */
#include "book/book.h"

#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/world.h"
#include "book_sql.h"
#include "crypto/crypto.h"
#include "law/ahead.h"
#include "limit_gen.h"
#include "vault/vault.h"

enum {
    SNAPSHOTS_MAX = 1024, /* pinned at once, beside those kept */
    SNAPSHOTS_KEPT = LIMIT_LAW_SNAPSHOTS,
    BOOK_ARENA_BYTES = 64 << 20,
    FALLBACKS_MAX = 64 /* changes looked back over for a law that loads */
};
_Static_assert((int)SNAPSHOTS_KEPT < (int)SNAPSHOTS_MAX, "what is kept has room beside the pinned");

struct publication {
    int64_t seq;
    struct str pack;
    struct str version;
    struct str digest;
    struct day from;
    struct day until; /* n = INT32_MAX: open */
};

struct snapshot {
    struct law_book *book;
    int64_t law_seq;  /* newest publication it may see */
    struct day from;  /* the days it is the law of */
    struct day until; /* the first that it is not */
    struct arena *arena;
    struct law *law;
    size_t pins;     /* of this process */
    int loan;        /* its place among what is lent; -1: none */
    uint64_t used;   /* when it was last asked for */
    char alarm[400]; /* why another law stands in for that of these days; empty when none does */
    char lacks[BOOK_LACKS_BYTES]; /* words this program asks of packs that are not there */
};

struct law_book {
    pthread_mutex_t work;
    pthread_mutex_t lock;
    struct arena *arena;
    struct lending lending;
    struct region *region; /* where law lies that is linked here */
    struct region *own;    /* the same, when it is not lent */
    struct law_shelf *shelf;
    struct publication *rows;
    size_t count; /* as the writer sees it */
    size_t room;
    size_t visible; /* committed: what readers see */
    struct snapshot *snapshots[SNAPSHOTS_MAX];
    size_t snapshot_count;
    struct snapshot *dropped[SNAPSHOTS_MAX]; /* found by nobody any more; freed when unpinned */
    size_t dropped_count;
    uint64_t clock;
    size_t pins; /* of all snapshots */
    bool closed; /* the last pin frees it */
};

/* ---- work ---- */

struct work {
    struct ctx ctx;
    struct law_book *book;
    struct db *db;
    struct arena *making; /* of the snapshot being linked */
    struct arena_guard guard;
    char detail[256]; /* of the fault, for the caller's arena */
};

static void free_arena(void *slot)
{
    arena_free(*(struct arena **)slot);
}

static bool lends(const struct law_book *b)
{
    return b->lending.loans != NULL && b->lending.row < 0;
}

static bool borrows(const struct law_book *b)
{
    return b->lending.loans != NULL && b->lending.row >= 0;
}

/* Under `lock`: does nobody read it, here or in a front? */
static bool is_unread(const struct law_book *b, const struct snapshot *s)
{
    return s->pins == 0 && (s->loan < 0 || loans_unread(b->lending.loans, s->loan));
}

/* It was dropped. */
static void free_snapshot(struct law_book *b, struct snapshot *s)
{
    if (s->loan >= 0) {
        loans_forget(b->lending.loans, s->loan);
    }
    law_unlink(b->shelf, s->law);
    arena_free(s->arena);
}

/* Free what was dropped and is pinned by nobody. */
static void reap(struct law_book *b)
{
    for (size_t i = 0; i < b->dropped_count;) {
        pthread_mutex_lock(&b->lock);
        bool free = is_unread(b, b->dropped[i]);
        struct snapshot *s = b->dropped[i];
        if (free) {
            b->dropped[i] = b->dropped[--b->dropped_count];
        }
        pthread_mutex_unlock(&b->lock);
        if (free) {
            free_snapshot(b, s);
        }
        i += !free;
    }
}

static bool work_begin(struct work *w, struct law_book *b, struct db *db, struct world *world)
{
    struct arena *arena = arena_new(LIMIT_LAW_ARENA_BYTES);
    if (arena == NULL) {
        return false;
    }
    w->ctx = (struct ctx){.arena = arena, .world = world};
    w->book = b;
    w->db = db;
    w->making = NULL;
    w->detail[0] = 0;
    pthread_mutex_lock(&b->work);
    return true;
}

/* Run what needs the guard; ERR_MEMORY when it did not return. */
static enum err work_run(struct work *w, enum err (*run)(struct work *w, void *arg), void *arg)
{
    struct law_book *b = w->book;
    enum err e = ERR_MEMORY;
    if (setjmp(w->guard.jump) == 0) {
        arena_guard(w->ctx.arena, &w->guard);
        arena_guard_as(b->arena, w->ctx.arena);
        law_shelf_begin(&w->ctx, b->shelf);
        enum err done = run(w, arg);
        law_shelf_end(b->shelf);
        arena_guard_as(b->arena, NULL);
        return done;
    }
    arena_guard_as(b->arena, NULL);
    law_shelf_end(b->shelf);
    arena_free(w->making);
    w->making = NULL;
    w->ctx.why = (struct why){.code = ERR_MEMORY};
    return e;
}

/* Returns e; its detail goes to ctx. */
static enum err work_end(struct work *w, struct ctx *ctx, enum err e)
{
    reap(w->book);
    pthread_mutex_unlock(&w->book->work);
    size_t n = w->ctx.why.detail.n < sizeof(w->detail) ? w->ctx.why.detail.n : sizeof(w->detail);
    if (e != ERR_OK && n > 0) {
        memcpy(w->detail, w->ctx.why.detail.p, n);
    }
    arena_free(w->ctx.arena);
    return e == ERR_OK ? e : fault(ctx, e, "%.*s", (int)n, w->detail);
}

/* ---- publications ---- */

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

/* The parsed pack of a publication; read from the vault when it is not on the shelf. */
static enum err parsed_of(struct work *w, struct str digest, struct parsed_pack **ret)
{
    struct ctx *ctx = &w->ctx;
    struct str text = {0};
    struct law_pack_source source;
    uint8_t bytes[32];
    if (!hex_decode(digest, bytes, sizeof(bytes))) {
        return fault(ctx, ERR_CORRUPT, "a publication names no digest");
    }
    *ret = law_shelved(ctx, w->book->shelf, bytes);
    if (*ret != NULL) {
        return ERR_OK;
    }
    TRY(pack_text(ctx, w->db, digest, &text));
    TRY(law_pack_read(ctx, text, &source));
    return law_shelve(ctx, w->book->shelf, &source, bytes, ret);
}

static enum err read_publications(struct work *w, void *arg)
{
    struct law_book *b = w->book;
    struct ctx *ctx = &w->ctx;
    struct book_pack_list_row *rows = NULL;
    size_t count = 0;
    (void)arg;
    TRY(book_pack_list(ctx, w->db, &rows, &count));
    for (size_t i = b->count; i < count; i++) {
        struct publication p = {rows[i].seq,
                                str_copy(b->arena, rows[i].pack),
                                str_copy(b->arena, rows[i].version),
                                str_copy(b->arena, rows[i].digest),
                                {(int32_t)rows[i].from_day},
                                {(int32_t)rows[i].until_day}};
        struct publication *grown = b->rows;
        size_t room = b->room;
        if (b->count == b->room) {
            room = b->room == 0 ? 64 : b->room * 2;
            grown = arena_grow(b->arena, b->rows, b->room * sizeof(p), room * sizeof(p));
        }
        pthread_mutex_lock(&b->lock);
        b->rows = grown;
        b->room = room;
        b->rows[b->count++] = p;
        pthread_mutex_unlock(&b->lock);
    }
    return ERR_OK;
}

enum err book_note(struct ctx *ctx, struct law_book *b, struct db *db)
{
    struct work w;
    if (!work_begin(&w, b, db, ctx->world)) {
        return fault(ctx, ERR_MEMORY, "no memory to read the publications");
    }
    return work_end(&w, ctx, work_run(&w, read_publications, NULL));
}

static enum err open_shelf(struct ctx *ctx, struct law_book *b)
{
    if (!lends(b)) {
        TRY(region_new(ctx, REGION_OWN, LAW_REGION_BYTES, &b->own));
    }
    b->region = lends(b) ? loans_region(b->lending.loans) : b->own;
    return law_shelf_new(ctx, b->region, &b->shelf);
}

enum err book_new(struct ctx *ctx, const struct lending *lending, struct law_book **ret)
{
    struct arena *arena = arena_new(BOOK_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the law book");
    }
    /* Its own arena, on which a passed cap cannot be met so early, has no guard yet. */
    struct law_book *b = ARENA_NEW(arena, struct law_book);
    b->arena = arena;
    b->lending = *lending;
    enum err e = open_shelf(ctx, b);
    if (e != ERR_OK) {
        region_free(b->own);
        arena_free(arena);
        return fault_pass(ctx, e, __func__);
    }
    pthread_mutex_init(&b->work, NULL);
    pthread_mutex_init(&b->lock, NULL);
    if (borrows(b)) {
        loans_join(b->lending.loans, b->lending.row);
    }
    *ret = b;
    return ERR_OK;
}

/* Under both locks: nobody finds it any more. */
static void drop(struct law_book *b, size_t at)
{
    must(b->dropped_count < SNAPSHOTS_MAX);
    if (b->snapshots[at]->loan >= 0) {
        loans_drop(b->lending.loans, b->snapshots[at]->loan);
    }
    b->dropped[b->dropped_count++] = b->snapshots[at];
    b->snapshots[at] = b->snapshots[--b->snapshot_count];
}

static void destroy(struct law_book *b)
{
    if (lends(b)) {
        region_keep(b->region); /* fronts may still read it */
    }
    for (size_t i = 0; i < b->dropped_count; i++) {
        free_snapshot(b, b->dropped[i]);
    }
    b->dropped_count = 0;
    while (b->snapshot_count > 0) {
        drop(b, 0);
        free_snapshot(b, b->dropped[--b->dropped_count]);
    }
    law_shelf_free(b->shelf);
    region_free(b->own);
    pthread_mutex_destroy(&b->lock);
    pthread_mutex_destroy(&b->work);
    arena_free(b->arena);
}

void book_free(struct law_book *b)
{
    if (b == NULL) {
        return;
    }
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    bool last = b->pins == 0;
    pthread_mutex_unlock(&b->lock);
    if (last) {
        destroy(b);
    }
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

struct day book_from(const struct law_book *b, int64_t seq)
{
    size_t i = b->count;
    while (i > 0 && b->rows[i - 1].seq != seq) {
        i--;
    }
    must(i > 0);
    return b->rows[i - 1].from;
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
    if (count >= b->count) {
        return;
    }
    pthread_mutex_lock(&b->work);
    reap(b);
    pthread_mutex_lock(&b->lock);
    int64_t last = count == 0 ? -1 : b->rows[count - 1].seq;
    for (size_t i = b->snapshot_count; i > 0; i--) {
        if (b->snapshots[i - 1]->law_seq > last && b->dropped_count < SNAPSHOTS_MAX) {
            drop(b, i - 1);
        }
    }
    b->count = count;
    pthread_mutex_unlock(&b->lock);
    reap(b);
    pthread_mutex_unlock(&b->work);
}

void book_show(struct law_book *b)
{
    pthread_mutex_lock(&b->lock);
    b->visible = b->count;
    pthread_mutex_unlock(&b->lock);
}

/* ---- snapshots ---- */

/* Under `lock`. */
static struct snapshot *find(const struct law_book *b, int64_t law_seq, struct day day)
{
    for (size_t i = 0; i < b->snapshot_count; i++) {
        struct snapshot *s = b->snapshots[i];
        if (s->law_seq == law_seq && s->from.n <= day.n && day.n < s->until.n) {
            return s;
        }
    }
    return NULL;
}

static struct snapshot *find_pinned(struct law_book *b, int64_t law_seq, struct day day)
{
    struct snapshot *s = find(b, law_seq, day);
    if (s != NULL) {
        s->pins++;
        b->pins++;
        s->used = ++b->clock;
    }
    return s;
}

struct str book_alarm(struct law_book *b, struct day day, struct arena *a, struct str *ret_lacks)
{
    char text[sizeof(((struct snapshot *)0)->alarm)] = "";
    char lacks[BOOK_LACKS_BYTES] = "";
    pthread_mutex_lock(&b->lock);
    int64_t seq = b->visible == 0 ? -1 : b->rows[b->visible - 1].seq;
    const struct snapshot *s = find(b, seq, day);
    if (s != NULL) {
        memcpy(text, s->alarm, sizeof(text));
        memcpy(lacks, s->lacks, sizeof(lacks));
    }
    pthread_mutex_unlock(&b->lock);
    if (s == NULL && borrows(b)) {
        loans_alarm(b->lending.loans, b->lending.row, seq, day, text, sizeof(text));
    }
    if (ret_lacks != NULL) {
        *ret_lacks = str_copy(a, str_from(lacks));
    }
    return str_copy(a, str_from(text));
}

/* What an arena holds: a snapshot of this book or a borrowed one; or nothing was found. */
struct pin {
    struct law_book *book;
    struct snapshot *snapshot;
    int borrowed; /* its place; -1: none */
};

static void unpin(void *arg)
{
    const struct pin *pin = arg;
    struct snapshot *s = pin->snapshot;
    if (s != NULL || pin->borrowed >= 0) {
        struct law_book *b = pin->book;
        if (pin->borrowed >= 0) {
            loans_unpin(b->lending.loans, b->lending.row, pin->borrowed);
        }
        pthread_mutex_lock(&b->lock);
        must(b->pins > 0 && (s == NULL || (s->pins > 0 && b->pins >= s->pins)));
        if (s != NULL) {
            s->pins--;
        }
        b->pins--;
        bool last = b->closed && b->pins == 0;
        pthread_mutex_unlock(&b->lock);
        if (last) {
            destroy(b);
        }
    }
}

/* Under `lock`: of those nobody reads, the longest unused; SIZE_MAX: none. */
static size_t find_oldest(struct law_book *b)
{
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < b->snapshot_count; i++) {
        struct snapshot *s = b->snapshots[i];
        if (s->loan >= 0 && loans_was_found(b->lending.loans, s->loan)) {
            s->used = ++b->clock;
        }
        bool older = oldest == SIZE_MAX || s->used < b->snapshots[oldest]->used;
        oldest = older && is_unread(b, s) ? i : oldest;
    }
    return oldest;
}

/* Room for one more: of those nobody reads the longest unused go, beyond what is kept. */
static void evict(struct law_book *b)
{
    reap(b);
    for (;;) {
        pthread_mutex_lock(&b->lock);
        size_t oldest = find_oldest(b);
        bool goes = oldest != SIZE_MAX && b->snapshot_count >= SNAPSHOTS_KEPT &&
                    b->dropped_count < SNAPSHOTS_MAX;
        if (goes) {
            drop(b, oldest);
        }
        pthread_mutex_unlock(&b->lock);
        if (!goes) {
            return;
        }
        reap(b);
    }
}

/* The publications up to a sequence, as terms; the parsed packs come later. */
static size_t terms_upto(const struct work *w, int64_t law_seq, struct pack_term **ret)
{
    const struct law_book *b = w->book;
    struct pack_term *terms = ARENA_ARRAY(w->ctx.arena, struct pack_term, b->count + 2);
    size_t n = 0;
    while (n < b->count && b->rows[n].seq <= law_seq) {
        const struct publication *p = &b->rows[n];
        terms[n++] = (struct pack_term){NULL, p->pack, p->from, p->until};
    }
    *ret = terms;
    return n;
}

struct wanted {
    int64_t law_seq;
    struct day day;
    struct snapshot *made;
    struct day from; /* of `day`: the change before it, and the one after */
    struct day until;
};

static void narrow(struct wanted *x, struct day change)
{
    if (change.n <= x->day.n) {
        x->from = change.n > x->from.n ? change : x->from;
    } else {
        x->until = change.n < x->until.n ? change : x->until;
    }
}

/* Packs published before this program asked for a word of them hold all the same: what they lack
 * is a warning, by these codes (law/check.c), and is told whoever runs the node. */
static void note_lacks(struct snapshot *s, const struct law_problems *problems)
{
    size_t n = 0;
    for (size_t i = 0; i < problems->count && n + 1 < sizeof(s->lacks); i++) {
        const struct law_problem *p = &problems->items[i];
        if (p->warning &&
            (str_equal(p->code, STR("refusal")) || str_equal(p->code, STR("licence")))) {
            int more = snprintf(s->lacks + n, sizeof(s->lacks) - n, "%s%.*s: %.*s",
                                n == 0 ? "" : "; ", FMT(p->file), FMT(p->sentence));
            n += more < 0 ? 0 : (size_t)more;
        }
    }
}

/* Link the law of a day; ERR_NOT_FOUND when nothing is in force. */
static enum err link_day(struct work *w, struct wanted *x)
{
    struct law_book *b = w->book;
    struct ctx *ctx = &w->ctx;
    struct pack_term *terms = NULL;
    struct law_problems problems = {0};
    size_t n = terms_upto(w, x->law_seq, &terms);
    size_t *index = ARENA_ARRAY(ctx->arena, size_t, n + 1);
    struct parsed_pack **packs = ARENA_ARRAY(ctx->arena, struct parsed_pack *, n + 1);
    size_t count = law_in_force(terms, n, x->day, index);
    x->from = (struct day){INT32_MIN};
    x->until = (struct day){INT32_MAX};
    for (size_t i = 0; i < n; i++) {
        narrow(x, terms[i].from);
        narrow(x, terms[i].until);
    }
    for (size_t i = 0; i < count; i++) {
        TRY(parsed_of(w, b->rows[index[i]].digest, &packs[i]));
        size_t day_count = 0;
        const struct day *days = law_pack_days(packs[i], &day_count);
        for (size_t k = 0; k < day_count; k++) {
            narrow(x, days[k]);
        }
    }
    if (count == 0) {
        return fault(ctx, ERR_NOT_FOUND, "no pack of law is in force that day");
    }
    w->making = region_arena(b->region, LIMIT_LAW_ARENA_BYTES);
    if (w->making == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a snapshot of the law");
    }
    arena_guard_as(w->making, ctx->arena);
    x->made = ARENA_NEW(w->making, struct snapshot);
    struct law_plan plan = {.packs = packs, .count = count, .day = x->day, .in_force = true};
    enum err e = law_link(ctx, b->shelf, w->making, &plan, &x->made->law, &problems);
    if (e != ERR_OK) {
        x->made = NULL;
        arena_free(w->making);
        w->making = NULL;
    } else {
        note_lacks(x->made, &problems);
    }
    return e;
}

/* No push: what was linked is not known to the book yet. */
static void raise_alarm(struct work *w, const struct wanted *asked, const struct wanted *stays)
{
    struct snapshot *s = stays->made;
    struct civil day = day_to_civil(asked->day);
    struct civil then = day_to_civil(stays->day);
    struct str why = w->ctx.why.detail;
    snprintf(s->alarm, sizeof(s->alarm),
             "the law of %04d-%02d-%02d does not load (%.*s); that of %04d-%02d-%02d stays",
             day.year, day.month, day.day, FMT(str_slice(why, 0, 300)), then.year, then.month,
             then.day);
}

/* The law that loaded last: of the days before, else before the newest publication. */
static enum err last_good(struct work *w, const struct wanted *asked, struct wanted *ret)
{
    struct law_book *b = w->book;
    struct ctx *ctx = &w->ctx;
    struct why why = ctx->why;
    struct wanted x = *asked;
    for (size_t tries = 0; tries < FALLBACKS_MAX; tries++) {
        bool earlier = x.from.n != INT32_MIN;
        size_t n = 0;
        while (n < b->count && b->rows[n].seq <= x.law_seq) {
            n++;
        }
        if (earlier) {
            x.day = day_add(x.from, -1);
        } else if (n > 1) {
            x.law_seq = b->rows[n - 2].seq;
            x.day = asked->day;
        } else {
            break;
        }
        enum err e = link_day(w, &x);
        if (e == ERR_OK) {
            *ret = x;
            ctx->why = why;
            raise_alarm(w, asked, &x);
            return ERR_OK;
        }
        if (e == ERR_NOT_FOUND) {
            x.from = (struct day){INT32_MIN};
        } else if (e != ERR_SYNTAX) {
            return fault_pass(ctx, e, __func__);
        }
    }
    ctx->why = why;
    return ERR_SYNTAX;
}

struct ask {
    int64_t law_seq;
    struct day day;
    struct snapshot *found; /* pinned; NULL: nothing is in force */
};

static enum err make_snapshot(struct work *w, void *arg)
{
    struct ask *ask = arg;
    struct law_book *b = w->book;
    struct ctx *ctx = &w->ctx;
    struct wanted asked = {.law_seq = ask->law_seq, .day = ask->day};
    pthread_mutex_lock(&b->lock);
    ask->found = find_pinned(b, asked.law_seq, asked.day); /* made by another thread meanwhile */
    pthread_mutex_unlock(&b->lock);
    if (ask->found != NULL) {
        return ERR_OK;
    }
    if (asked.law_seq > book_newest(b)) {
        /* What names this law was committed after the publications were last read. */
        TRY(read_publications(w, NULL));
    }
    evict(b);
    if (b->snapshot_count == SNAPSHOTS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "more than %d snapshots of the law are in use",
                     SNAPSHOTS_MAX);
    }
    enum err e = link_day(w, &asked);
    struct snapshot *s = asked.made;
    if (e == ERR_SYNTAX) {
        struct wanted stays = {0};
        e = last_good(w, &asked, &stays);
        s = stays.made;
    }
    if (e == ERR_NOT_FOUND) {
        return ERR_OK; /* nothing is in force: no law, and no fault */
    }
    TRY(e);
    must(s != NULL && s->law != NULL);
    s->book = b;
    s->law_seq = asked.law_seq;
    s->from = asked.from;
    s->until = asked.until;
    s->arena = w->making;
    s->pins = 1;
    arena_guard_as(w->making, NULL);
    arena_seal(w->making);
    w->making = NULL;
    s->loan = -1;
    if (lends(b)) {
        s->loan = loans_put(b->lending.loans,
                            &(struct loan){s->law_seq, s->from, s->until, s->law, s->alarm});
    }
    pthread_mutex_lock(&b->lock);
    s->used = ++b->clock;
    b->pins++;
    b->snapshots[b->snapshot_count++] = s;
    pthread_mutex_unlock(&b->lock);
    ask->found = s;
    return ERR_OK;
}

/* Link it here; the pin is taken. */
static enum err link_here(struct ctx *ctx, struct law_book *b, struct db *db, int64_t law_seq,
                          struct day day, struct pin *pin)
{
    struct work w;
    struct ask ask = {.law_seq = law_seq, .day = day};
    if (!work_begin(&w, b, db, ctx->world)) {
        return fault(ctx, ERR_MEMORY, "no memory for a snapshot of the law");
    }
    enum err e = work_run(&w, make_snapshot, &ask);
    pin->snapshot = ask.found;
    e = work_end(&w, ctx, e);
    heap_trim(); /* what reading XML took */
    return e;
}

/* Find it among what is lent, or have it linked there. ERR_NOT_FOUND: there is no law that day. */
static enum err borrow(struct ctx *ctx, struct law_book *b, int64_t law_seq, struct day day,
                       struct pin *pin, const struct law **ret)
{
    const struct lending *x = &b->lending;
    pin->borrowed = loans_pin(x->loans, x->row, law_seq, day, ret);
    if (pin->borrowed < 0) {
        TRY(x->ask(ctx, x->arg, law_seq, day));
        pin->borrowed = loans_pin(x->loans, x->row, law_seq, day, ret);
    }
    if (pin->borrowed >= 0) {
        pthread_mutex_lock(&b->lock);
        b->pins++;
        pthread_mutex_unlock(&b->lock);
    }
    return ERR_OK;
}

enum err book_law(struct ctx *ctx, struct law_book *b, struct db *db, int64_t law_seq,
                  struct day day, const struct law **ret)
{
    *ret = NULL;
    /* The pin is known to the arena before there is anything to let go of. */
    struct pin *pin = ARENA_NEW(ctx->arena, struct pin);
    *pin = (struct pin){.book = b, .borrowed = -1};
    arena_defer(ctx->arena, unpin, pin);
    pthread_mutex_lock(&b->lock);
    bool wanted = b->count > 0 && law_seq >= 0;
    pin->snapshot = wanted ? find_pinned(b, law_seq, day) : NULL;
    pthread_mutex_unlock(&b->lock);
    if (pin->snapshot == NULL && wanted && borrows(b)) {
        struct why why = ctx->why;
        enum err e = borrow(ctx, b, law_seq, day, pin, ret);
        if (e == ERR_BUSY) {
            return e;
        }
        ctx->why = why;
        wanted = e != ERR_NOT_FOUND && pin->borrowed < 0;
    }
    if (pin->snapshot == NULL && wanted) {
        TRY(link_here(ctx, b, db, law_seq, day, pin));
    }
    *ret = pin->snapshot == NULL ? *ret : pin->snapshot->law;
    return ERR_OK;
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

static void free_shelf(void *slot)
{
    law_shelf_free(*(struct law_shelf **)slot);
}

enum err book_genesis(struct ctx *ctx, struct db *db, const struct draft *draft, struct day day,
                      const struct law **ret)
{
    struct str file = {0};
    struct law_pack_source source;
    struct law_problems problems;
    struct parsed_pack *pack = NULL;
    struct law *law = NULL;
    uint8_t digest[32];
    *ret = NULL;
    TRY(pack_file(ctx, db, draft, &file));
    if (file.n == 0 || law_pack_read(ctx, file, &source) != ERR_OK) {
        return ERR_OK;
    }
    struct law_shelf **slot = ARENA_NEW(ctx->arena, struct law_shelf *);
    arena_defer(ctx->arena, free_shelf, slot);
    TRY(law_shelf_new(ctx, NULL, slot));
    law_shelf_begin(ctx, *slot);
    sha256(file.p, file.n, digest);
    TRY(law_shelve(ctx, *slot, &source, digest, &pack));
    struct law_plan plan = {.packs = &pack, .count = 1, .day = day, .in_force = true};
    if (law_link(ctx, *slot, ctx->arena, &plan, &law, &problems) == ERR_OK) {
        *ret = law;
    }
    law_shelf_end(*slot);
    return ERR_OK;
}

struct trial {
    struct str file;
    struct json said; /* the fields of the act: what it calls the pack */
    struct day day;
    struct law_problems problems;
    bool good;
};

/* What may be in force from today on: of each code what is now and what has yet to begin, and last
 * of its code what is tried. The codes stand in the order in which they were first published, as
 * they do in the law of a day: what builds on a pack comes after it, also when its newest version
 * is the younger one. Returns the count; where what is tried stands is in ret_own. */
static size_t terms_ahead(const struct work *w, struct day day, const struct pack_term *own,
                          struct pack_term *terms, struct str *digests, size_t *ret_own)
{
    const struct law_book *b = w->book;
    struct pack_term *all = NULL;
    size_t n = terms_upto(w, INT64_MAX, &all);
    size_t *now = ARENA_ARRAY(w->ctx.arena, size_t, n + 1);
    bool *holds = ARENA_ARRAY(w->ctx.arena, bool, n + 1);
    bool *placed = ARENA_ARRAY(w->ctx.arena, bool, n + 1);
    size_t now_count = law_in_force(all, n, day, now);
    for (size_t i = 0; i < n; i++) {
        holds[i] = all[i].from.n > day.n;
        placed[i] = false;
    }
    for (size_t k = 0; k < now_count; k++) {
        holds[now[k]] = true;
    }
    size_t count = 0;
    *ret_own = SIZE_MAX;
    for (size_t place = 0; place <= n; place++) {
        struct str code = place < n ? all[place].code : own->code;
        if (place < n && placed[place]) {
            continue;
        }
        for (size_t i = place; i < n; i++) {
            if (str_equal(all[i].code, code)) {
                placed[i] = true;
                digests[count] = b->rows[i].digest;
                terms[count] = all[i];
                count += holds[i];
            }
        }
        if (*ret_own == SIZE_MAX && str_equal(own->code, code)) {
            *ret_own = count;
            terms[count++] = *own;
        }
    }
    return count;
}

/* Not good, for what ctx->why says of the text as a whole. */
static enum err unreadable(struct ctx *ctx, struct trial *t)
{
    t->problems.items = ARENA_NEW(ctx->arena, struct law_problem);
    t->problems.items[0] = (struct law_problem){
        .file = STR("pack.file"), .code = STR("form"), .sentence = ctx->why.detail};
    t->problems.count = 1;
    return ERR_OK;
}

static void find_fault(struct ctx *ctx, struct trial *t, bool warning, struct str sentence)
{
    size_t n = t->problems.count;
    struct law_problem *grown = ARENA_ARRAY(ctx->arena, struct law_problem, n + 1);
    for (size_t i = 0; i < n; i++) {
        grown[i] = t->problems.items[i];
    }
    grown[n] = (struct law_problem){
        .file = STR("pack.json"), .warning = warning, .code = STR("version"), .sentence = sentence};
    t->problems = (struct law_problems){.items = grown, .count = n + 1};
    t->good = t->good && warning;
}

/* The act, which everybody reads, calls the pack what the pack calls itself. And a version should
 * name one text: who cites 2026.1 must find what was cited. What acts rest on is the digest, so a
 * version that comes again with other content is a warning. */
static void check_name(struct work *w, struct trial *t, const struct pack_head *head,
                       struct str digest)
{
    struct ctx *ctx = &w->ctx;
    struct str code = json_text(&t->said, "pack.code");
    struct str version = json_text(&t->said, "pack.version");
    if (!str_equal(code, head->code) || !str_equal(version, head->version) ||
        !str_equal(json_text(&t->said, "pack.digest"), digest)) {
        find_fault(ctx, t, false,
                   str_format(ctx->arena,
                              "the act calls it %.*s %.*s, the pack itself %.*s %.*s, of digest "
                              "%.*s",
                              FMT(code), FMT(version), FMT(head->code), FMT(head->version),
                              FMT(digest)));
    }
    for (size_t i = 0; i < w->book->count; i++) {
        const struct publication *p = &w->book->rows[i];
        if (str_equal(p->pack, head->code) && str_equal(p->version, head->version) &&
            !str_equal(p->digest, digest)) {
            find_fault(ctx, t, true,
                       str_format(ctx->arena,
                                  "version %.*s of %.*s was published by act %lld with another "
                                  "content: give this one the next number",
                                  FMT(head->version), FMT(head->code), (long long)p->seq));
            return;
        }
    }
}

static enum err run_trial(struct work *w, void *arg)
{
    struct trial *t = arg;
    struct law_book *b = w->book;
    struct ctx *ctx = &w->ctx;
    struct pack_term *terms = ARENA_ARRAY(ctx->arena, struct pack_term, b->count + 2);
    struct str *digests = ARENA_ARRAY(ctx->arena, struct str, b->count + 2);
    struct law_pack_source source;
    uint8_t digest[32];
    if (law_pack_read(ctx, t->file, &source) != ERR_OK) {
        return unreadable(ctx, t);
    }
    struct pack_term own = {0};
    sha256(t->file.p, t->file.n, digest);
    TRY(law_shelve(ctx, b->shelf, &source, digest, &own.pack));
    struct pack_head head = law_pack_head(own.pack);
    own.code = head.code;
    own.from = head.from.n > t->day.n ? head.from : t->day;
    own.until = head.until;
    size_t fresh = 0;
    size_t count = terms_ahead(w, t->day, &own, terms, digests, &fresh);
    for (size_t i = 0; i < count; i++) {
        if (i != fresh) {
            TRY(parsed_of(w, digests[i], &terms[i].pack));
        }
    }
    enum err e =
        law_check_ahead(ctx, b->shelf, terms, count, fresh, &source, 1, t->day, &t->problems);
    t->good = e == ERR_OK;
    if (e == ERR_OK || e == ERR_SYNTAX) {
        check_name(w, t, &head, hex_encode(ctx->arena, digest, sizeof(digest)));
    }
    return e == ERR_SYNTAX ? ERR_OK : e;
}

/* Problems from the arena of the work to that of the caller. */
static void keep_problems(struct arena *a, const struct law_problems *from, struct law_problems *to)
{
    to->items = ARENA_ARRAY(a, struct law_problem, from->count + 1);
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        const struct law_problem *p = &from->items[i];
        to->items[i] =
            (struct law_problem){str_copy(a, p->pack), str_copy(a, p->file),    p->line, p->warning,
                                 str_copy(a, p->code), str_copy(a, p->sentence)};
    }
}

enum err book_try(struct ctx *ctx, struct law_book *b, struct db *db, const struct draft *draft,
                  bool *ret_good, struct law_problems *ret_problems)
{
    struct trial t = {.day = instant_day(ctx->world->now(ctx->world)), .said = draft->fields};
    struct work w;
    *ret_good = false;
    *ret_problems = (struct law_problems){0};
    TRY(pack_file(ctx, db, draft, &t.file));
    if (t.file.n == 0) {
        return ERR_OK;
    }
    /* The problems lie on the arena of the work, which a jump from here must not leave behind, not
     * even that of noting who gives it back. */
    struct arena **slot = ARENA_NEW(ctx->arena, struct arena *);
    arena_defer(ctx->arena, free_arena, slot);
    if (!work_begin(&w, b, db, ctx->world)) {
        return fault(ctx, ERR_MEMORY, "no memory to try a law pack");
    }
    *slot = w.ctx.arena;
    enum err e = work_run(&w, run_trial, &t);
    *ret_good = e == ERR_OK && t.good;
    pthread_mutex_unlock(&b->work);
    if (e != ERR_OK) {
        return fault(ctx, e, "%.*s", FMT(w.ctx.why.detail));
    }
    keep_problems(ctx->arena, &t.problems, ret_problems);
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
    struct day from;
    struct day today = instant_day(ctx->world->now(ctx->world));
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
    if (day_parse(json_text(&head, "from"), &from) && from.n > today.n) {
        json_set(a, &f, STR("pack.from"), json_of_str(day_text(a, from)));
    }
    *ret = (struct draft){.fields = f, .attachments = file, .attachment_count = 1};
    bool good = false;
    TRY(book_try(ctx, b, db, ret, &good, ret_problems));
    const struct law *law = NULL;
    if (book_newest(b) < 0) {
        TRY(book_genesis(ctx, db, ret, today, &law));
    } else {
        TRY(book_law(ctx, b, db, book_newest(b), today, &law));
    }
    if (!good || law == NULL) {
        return fault(ctx, ERR_SYNTAX, "the pack has faults");
    }
    ret->kind = publishing_kind(law);
    return ERR_OK;
}
