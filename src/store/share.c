/* share.c - what the processes of one store have in common: the index of the log, and its locks.
 *
 * SQLite keeps an index of its write-ahead log in memory that all connections see, and guards it by
 * eight locks, each shared by many or held by one; a ninth is of the database file as a whole. Here
 * both lie in one mapping, made before the processes are forked and therefore at the same address
 * in each.
 *
 * A process may be killed or stopped between any two instructions, so no lock of ours may be a
 * thing that must be put right again: there is no mutex over the table. Each process owns a row in
 * it and alone writes its counts; a lock held by one is a word that names its owner, taken by
 * compare and swap. Who shares counts himself in, then looks for a holder; who holds writes his
 * name, then looks at the counts. All are sequentially consistent, so of two who come together at
 * least one sees the other and gives way. Both may: "busy" without need, which SQLite allows and
 * tries again.
 *
 * Who is dead? The main thread of each process holds a robust mutex in its row as long as it lives;
 * the kernel marks it when the thread ends, however it ends. Only who meets a lock in his way looks
 * whether its owner lives, and clears the row of one that does not. So a reader that was killed
 * keeps a checkpoint back until the next checkpoint, not for ever, and nobody asks the system for
 * anything as long as nobody is in the way. Row 0 is the process that writes: when that is dead,
 * all end.
 *
 * A process that is stopped, not dead, keeps what it shares: the log may grow meanwhile, nothing
 * waits.
 */
#include "store/share.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "limit_gen.h"
#include "store/store_in.h"

enum {
    REGION_BYTES = 32768, /* as SQLite cuts its index */
    REGIONS_MAX = 8192,   /* a log of 33 million pages */
    OWNERS_MAX = LIMIT_FRONTS + 1,
    NOBODY = 0 /* else an owner's row and 1 */
};

/* One process. Nobody else writes the counts while it lives. */
struct owner {
    _Alignas(64) atomic_int shares[SHARE_LOCKS];
    pthread_mutex_t life; /* robust; of its main thread as long as it lives */
    atomic_bool is_joined;
};

struct store_share {
    atomic_bool broken;
    atomic_int refused;
    _Atomic int64_t told[STORE_WORDS];
    atomic_int regions; /* of the index in use */
    atomic_uint rows;   /* of owners ever used */
    atomic_uint fence;
    _Alignas(64) atomic_uint holder[SHARE_LOCKS];
    struct owner owner[OWNERS_MAX];
    _Alignas(4096) char index[REGIONS_MAX][REGION_BYTES];
};
/* What lies before the index is written at start, the index as it grows. */
_Static_assert(offsetof(struct store_share, index) <= 64 * 4096, "the table is small");

/* ---- opening ---- */

static void lives_init(struct store_share *s)
{
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    for (size_t i = 0; i < OWNERS_MAX; i++) {
        must(pthread_mutex_init(&s->owner[i].life, &how) == 0);
    }
    pthread_mutexattr_destroy(&how);
}

enum err store_share_new(struct ctx *ctx, struct store_share **ret)
{
    struct store_share *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no address space for the %zu bytes of a store's index",
                     sizeof(*s));
    }
    lives_init(s);
    atomic_store(&s->rows, 1);
    *ret = s;
    return ERR_OK;
}

void store_share_free(struct store_share *s)
{
    if (s != NULL) {
        munmap(s, sizeof(*s));
    }
}

atomic_bool *share_broken(struct store_share *s)
{
    return &s->broken;
}

atomic_int *share_refused(struct store_share *s)
{
    return &s->refused;
}

void store_tell(struct store *s, enum store_word word, int64_t value)
{
    atomic_store(&s->share->told[word], value);
}

int64_t store_told(const struct store *s, enum store_word word)
{
    return atomic_load(&s->share->told[word]);
}

/* ---- who lives ---- */

/* The row of a process that is dead, with all it held. The caller holds its life. */
static void row_clear(struct store_share *s, unsigned row)
{
    for (int i = 0; i < SHARE_LOCKS; i++) {
        unsigned held = row + 1;
        atomic_store(&s->owner[row].shares[i], 0);
        atomic_compare_exchange_strong(&s->holder[i], &held, NOBODY);
    }
    atomic_store(&s->owner[row].is_joined, false);
}

/* Take a life that nobody holds: a new one, or a dead one's, whose row is cleared. */
static bool life_take(struct store_share *s, unsigned row)
{
    pthread_mutex_t *life = &s->owner[row].life;
    int r = pthread_mutex_trylock(life);
    if (r == EOWNERDEAD) {
        row_clear(s, row);
        pthread_mutex_consistent(life);
    }
    return r == 0 || r == EOWNERDEAD;
}

/* True when the owner of a row does not live: then nothing stands in it any more. */
static bool is_dead(struct store_share *s, unsigned row)
{
    if (row == 0 || !atomic_load(&s->owner[row].is_joined)) {
        return row != 0;
    }
    if (!life_take(s, row)) {
        return false;
    }
    pthread_mutex_unlock(&s->owner[row].life);
    return true;
}

enum err share_join(struct ctx *ctx, struct store_share *s, unsigned *ret_owner)
{
    unsigned row = 1;
    while (row < OWNERS_MAX && !life_take(s, row)) {
        row++;
    }
    if (row == OWNERS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "more than %d processes share the store", LIMIT_FRONTS);
    }
    unsigned rows = atomic_load(&s->rows);
    while (rows <= row && !atomic_compare_exchange_weak(&s->rows, &rows, row + 1)) {
    }
    atomic_store(&s->owner[row].is_joined, true);
    *ret_owner = row;
    return ERR_OK;
}

void share_leave(struct store_share *s, unsigned owner)
{
    for (int i = 0; i < SHARE_LOCKS; i++) {
        must(atomic_load(&s->owner[owner].shares[i]) == 0);
        must(atomic_load(&s->holder[i]) != owner + 1);
    }
    if (owner != 0) {
        atomic_store(&s->owner[owner].is_joined, false);
        pthread_mutex_unlock(&s->owner[owner].life);
    } else {
        /* The log is in the file: the next to open it begins a new index. */
        madvise(s->index, (size_t)atomic_load(&s->regions) * REGION_BYTES, MADV_REMOVE);
        atomic_store(&s->regions, 0);
    }
}

/* ---- locks ---- */

bool share_take(struct store_share *s, unsigned owner, int lock)
{
    atomic_int *mine = &s->owner[owner].shares[lock];
    atomic_fetch_add(mine, 1);
    unsigned held = atomic_load(&s->holder[lock]);
    if (held == NOBODY || is_dead(s, held - 1)) {
        return true;
    }
    atomic_fetch_sub(mine, 1);
    return false;
}

void share_give(struct store_share *s, unsigned owner, int lock)
{
    must(atomic_fetch_sub(&s->owner[owner].shares[lock], 1) > 0);
}

bool share_hold(struct store_share *s, unsigned owner, int lock)
{
    unsigned held = NOBODY;
    if (atomic_compare_exchange_strong(&s->holder[lock], &held, owner + 1)) {
        return true;
    }
    unsigned again = NOBODY;
    return is_dead(s, held - 1) &&
           atomic_compare_exchange_strong(&s->holder[lock], &again, owner + 1);
}

bool share_is_alone(struct store_share *s, unsigned owner, int lock, int own_shares)
{
    unsigned rows = atomic_load(&s->rows);
    for (unsigned i = 0; i < rows; i++) {
        int others = atomic_load(&s->owner[i].shares[lock]) - (i == owner ? own_shares : 0);
        if (others > 0 && !is_dead(s, i)) {
            return false;
        }
    }
    return true;
}

void share_release(struct store_share *s, unsigned owner, int lock)
{
    unsigned held = owner + 1;
    must(atomic_compare_exchange_strong(&s->holder[lock], &held, NOBODY));
}

bool share_is_held(struct store_share *s, int lock)
{
    unsigned held = atomic_load(&s->holder[lock]);
    return held != NOBODY && !is_dead(s, held - 1);
}

/* ---- the index ---- */

int share_region(struct store_share *s, int region, int size, bool extend, void volatile **ret)
{
    must(size == REGION_BYTES && region >= 0);
    *ret = NULL;
    if (region >= REGIONS_MAX) {
        return SQLITE_FULL;
    }
    int count = atomic_load(&s->regions);
    /* Only who holds the lock for writing extends; fresh pages are zero. */
    if (extend && count <= region) {
        atomic_store(&s->regions, region + 1);
        count = region + 1;
    }
    *ret = region < count ? s->index[region] : NULL;
    return SQLITE_OK;
}

void share_fence(struct store_share *s)
{
    /* A read-modify-write and no mere fence: race detectors see the order it makes. */
    atomic_fetch_add(&s->fence, 1);
}
