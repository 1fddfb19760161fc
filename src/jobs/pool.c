/* pool.c - who runs what: the keeper, who takes rows and watches the clock, and the slots that
 * work.
 *
 * The keeper is one thread. In each turn it looks at the slots (a job past its time is given up),
 * counts the free ones, reads what is due of each kind, takes that much in one transaction, and
 * hands it out. It takes no more than there are free slots, so a row is never leased while it only
 * waits; and of each kind no more than at_once run, so a slow kind leaves threads to the others.
 * Kinds have their turn in the order of the list, from another one each time. It looks again when a
 * slot is free, when it is poked, and every POLL_MS: rows also come from transactions of rooms that
 * know no pool.
 *
 * A slot is a thread with an arena and a reading connection of its own:
 *
 *     EMPTY -> IDLE <-> GIVEN -> RUNNING -> ENDING -> IDLE
 *                                   └-> LOST -> ENDED -> EMPTY
 *
 * A thread cannot be stopped from outside without leaving locks and memory in disorder. So a job
 * that hangs keeps its thread; its row is put back by the keeper, its slot is LOST, and another
 * slot gets a thread in its stead. There are LIMIT_JOBS_LOST slots more than threads: with as many
 * jobs hanging the pool is as strong as ever, beyond that it shrinks by one for each, and when none
 * are left rows wait, which health tells. A lost thread that comes back after all sees what became
 * of its slot and ends; its result is dropped, and would not be taken either, for its run is over.
 */
#include "jobs/jobs_in.h"
#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
    POLL_MS = 250,
    STOP_MS = 8000,
    SWEEP_S = 3600,
    SLOTS = LIMIT_JOBS_THREADS + LIMIT_JOBS_LOST
};
enum { KEEPER_ARENA_BYTES = 64 << 20, POOL_ARENA_BYTES = 1 << 20, BUSY_MS = 50 };

_Static_assert(LIMIT_JOBS_THREADS > 0 && LIMIT_JOBS_LOST > 0,
               "a pool has threads, and may lose some");

enum err jobs_new(struct ctx *ctx, const struct jobs_config *config, struct jobs **ret)
{
    struct arena *arena = arena_new(POOL_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the pool of jobs");
    }
    must(config->threads >= 0 && config->threads <= LIMIT_JOBS_THREADS);
    for (size_t i = 0; i < config->kind_count; i++) {
        const struct job_kind *k = &config->kinds[i];
        must(k->at_once > 0 && k->time_ms > 0 && k->tries_most > 0 && k->pause_s > 0 &&
             k->pause_most_s >= k->pause_s);
    }
    struct jobs *j = ARENA_NEW(arena, struct jobs);
    j->config = *config;
    j->config.threads = config->threads == 0 ? LIMIT_JOBS_THREADS : config->threads;
    j->arena = arena;
    j->world = ctx->world;
    pthread_mutex_init(&j->lock, NULL);
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&j->wake, &steady);
    pthread_cond_init(&j->work, NULL);
    pthread_condattr_destroy(&steady);
    for (size_t i = 0; i < SLOTS; i++) {
        j->slots[i].jobs = j;
    }
    *ret = j;
    return ERR_OK;
}

/* Under the lock. */
static void poke(struct jobs *j)
{
    j->poked = true;
    pthread_cond_signal(&j->wake);
}

void jobs_poke(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    poke(j);
    pthread_mutex_unlock(&j->lock);
}

/* Under the lock: wait until signalled, at most this long. */
static void wait_ms(struct jobs *j, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&j->wake, &j->lock, &until);
}

static void tell_log(const struct taken *t, const char *what, struct str detail)
{
    fprintf(stderr, "tongban: job %lld %.*s: %s: %.*s\n", (long long)t->run.id, FMT(t->row.kind),
            what, FMT(detail));
}

/* ---- a slot's thread ---- */

/* The writer's queue may be full: wait for it as long as the lease does. */
static void end_patiently(struct ctx *ctx, struct jobs *j, const struct taken *t,
                          struct job_result *result)
{
    int64_t until = j->world->mono_ns(j->world) + (int64_t)LEASE_MARGIN_MS * 1000000;
    enum err e = row_end(ctx, j, t, result);
    while (e == ERR_BUSY && !j->stopping && j->world->mono_ns(j->world) < until) {
        const struct timespec pause = {.tv_nsec = BUSY_MS * 1000000};
        nanosleep(&pause, NULL);
        e = row_end(ctx, j, t, result);
    }
    if (e != ERR_OK && e != ERR_CANCELLED) {
        tell_log(t, "its end could not be written", ctx->why.detail);
    } else if (result->end == JOB_AGAIN) {
        tell_log(t, "again later", result->error);
    }
}

/* Is a reader open? Opened once, on the slot's own memory, when the first row comes. */
static enum err slot_reader(struct ctx *ctx, struct slot *s)
{
    return s->db != NULL ? ERR_OK : store_reader(ctx, s->jobs->config.store, &s->db);
}

/* Small, for setjmp: opening a connection pushes before row_run guards. */
static enum err slot_ready(struct ctx *ctx, struct slot *s)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        arena_guard(ctx->arena, NULL);
        return ERR_MEMORY;
    }
    arena_guard(ctx->arena, &guard);
    enum err e = slot_reader(ctx, s);
    arena_guard(ctx->arena, NULL);
    return e;
}

/* Do what was given. False when the slot was given up meanwhile. */
static bool slot_work(struct slot *s)
{
    struct jobs *j = s->jobs;
    struct ctx ctx = {.arena = s->arena, .world = j->world};
    struct job_result result = {.end = JOB_AGAIN, .error = STR("no connection to read by")};
    arena_clear(s->arena);
    if (slot_ready(&ctx, s) == ERR_OK) {
        row_run(&ctx, j, &s->taken, s->db, &result);
    }
    pthread_mutex_lock(&j->lock);
    bool lost = s->state == SLOT_LOST;
    s->state = lost ? SLOT_LOST : SLOT_ENDING;
    pthread_mutex_unlock(&j->lock);
    if (!lost) {
        end_patiently(&ctx, j, &s->taken, &result);
    }
    return !lost;
}

static void slot_close(struct slot *s)
{
    if (s->db != NULL) {
        db_close(s->db);
        s->db = NULL;
    }
    arena_free(s->arena);
    arena_free(s->given);
    s->arena = NULL;
    s->given = NULL;
}

static void *slot_main(void *arg)
{
    struct slot *s = arg;
    struct jobs *j = s->jobs;
    pthread_mutex_lock(&j->lock);
    for (bool kept = true; kept;) {
        while (s->state == SLOT_IDLE && !j->stopping) {
            pthread_cond_wait(&j->work, &j->lock);
        }
        if (s->state == SLOT_IDLE) {
            break;
        }
        must(s->state == SLOT_GIVEN);
        s->state = SLOT_RUNNING;
        s->until_ns = j->world->mono_ns(j->world) + (int64_t)s->taken.kind->time_ms * 1000000;
        pthread_mutex_unlock(&j->lock);
        kept = slot_work(s);
        pthread_mutex_lock(&j->lock);
        s->state = kept ? SLOT_IDLE : SLOT_LOST;
        poke(j);
    }
    pthread_mutex_unlock(&j->lock);
    slot_close(s);
    pthread_mutex_lock(&j->lock);
    s->state = SLOT_ENDED;
    poke(j);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* ---- the keeper ---- */

static int count_state(const struct jobs *j, enum slot_state state)
{
    int n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        n += j->slots[i].state == state;
    }
    return n;
}

static int count_working(const struct jobs *j)
{
    return count_state(j, SLOT_GIVEN) + count_state(j, SLOT_RUNNING) + count_state(j, SLOT_ENDING);
}

static bool slot_begin(struct slot *s)
{
    s->arena = arena_new(LIMIT_JOBS_ARENA_BYTES);
    s->given = arena_new(POOL_ARENA_BYTES);
    s->state = SLOT_IDLE;
    bool good =
        s->arena != NULL && s->given != NULL && pthread_create(&s->thread, NULL, slot_main, s) == 0;
    if (!good) {
        slot_close(s);
        s->state = SLOT_EMPTY;
    }
    return good;
}

/* Under the lock: what has ended is empty. Its thread only returns any more. */
static void slots_join(struct jobs *j)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &j->slots[i];
        if (s->state == SLOT_ENDED) {
            pthread_t thread = s->thread;
            s->state = SLOT_EMPTY;
            pthread_mutex_unlock(&j->lock);
            pthread_join(thread, NULL);
            pthread_mutex_lock(&j->lock);
        }
    }
}

/* Under the lock: as many threads as there should be, beside those that are lost. */
static void slots_fill(struct jobs *j)
{
    int have = SLOTS - count_state(j, SLOT_EMPTY) - count_state(j, SLOT_LOST);
    for (size_t i = 0; i < SLOTS && have < j->config.threads; i++) {
        if (j->slots[i].state == SLOT_EMPTY) {
            have += slot_begin(&j->slots[i]);
        }
    }
}

/* Give up what ran past its time. Its row is put back without the lock, from a copy: the slot's own
 * memory is its thread's. */
static void slots_watch(struct ctx *ctx, struct jobs *j)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &j->slots[i];
        int64_t now = j->world->mono_ns(j->world);
        pthread_mutex_lock(&j->lock);
        bool late = s->state == SLOT_RUNNING && now > s->until_ns;
        struct taken t = s->taken;
        if (late) {
            s->state = SLOT_LOST;
            t.row.kind = str_copy(ctx->arena, t.row.kind);
        }
        pthread_mutex_unlock(&j->lock);
        if (late) {
            struct str why =
                str_format(ctx->arena, "it ran past its %d ms and was given up", t.kind->time_ms);
            tell_log(&t, "given up", why);
            enum err e = row_missed(ctx, j, &t, why);
            (void)e; /* else its lease ends */
        }
    }
}

/* A row that a slot of ours still has is not due, whatever its lease says. */
static bool is_ours(struct jobs *j, int64_t id)
{
    bool ours = false;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *s = &j->slots[i];
        bool has = s->state == SLOT_GIVEN || s->state == SLOT_RUNNING || s->state == SLOT_ENDING;
        ours = ours || (has && s->taken.run.id == id);
    }
    pthread_mutex_unlock(&j->lock);
    return ours;
}

static int running_of(struct jobs *j, const struct job_kind *kind)
{
    int n = 0;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *s = &j->slots[i];
        n += s->taken.kind == kind && s->state != SLOT_EMPTY && s->state != SLOT_IDLE &&
             s->state != SLOT_LOST;
    }
    pthread_mutex_unlock(&j->lock);
    return n;
}

/* Read what is due: at most `most` rows, at most at_once of a kind. */
static enum err gather(struct ctx *ctx, struct jobs *j, struct db *db, size_t first, size_t most,
                       struct taken *list, size_t *ret_count)
{
    struct instant now = j->world->now(j->world);
    size_t n = 0;
    for (size_t k = 0; k < j->config.kind_count && n < most; k++) {
        const struct job_kind *kind = &j->config.kinds[(first + k) % j->config.kind_count];
        struct outbox_row *rows = NULL;
        size_t count = 0;
        int may = kind->at_once - running_of(j, kind);
        if (may <= 0) {
            continue;
        }
        /* Some more than may run: those that are ours are passed over. */
        TRY(outbox_due(ctx, db, str_from(kind->kind), now, (size_t)may + SLOTS, &rows, &count));
        for (size_t i = 0; i < count && may > 0 && n < most; i++) {
            if (!is_ours(j, rows[i].id)) {
                list[n++] = (struct taken){.kind = kind, .row = rows[i]};
                may--;
            }
        }
    }
    *ret_count = n;
    return ERR_OK;
}

/* Under the lock: hand a row to an idle slot, on memory of the slot's. */
static void hand(struct jobs *j, const struct taken *t)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &j->slots[i];
        if (s->state != SLOT_IDLE) {
            continue;
        }
        arena_clear(s->given);
        s->taken = *t;
        struct str *texts[] = {&s->taken.row.kind, &s->taken.row.key, &s->taken.row.lane,
                               &s->taken.row.payload, &s->taken.row.error};
        for (size_t k = 0; k < LEN(texts); k++) {
            *texts[k] = str_copy(s->given, *texts[k]);
        }
        s->state = SLOT_GIVEN;
        return;
    }
    must(false); /* the keeper takes no more than there are idle slots, and it alone fills them */
}

static enum err sweep_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt)
{
    (void)arg;
    (void)receipt;
    return outbox_sweep(
        ctx, db,
        (struct instant){ctx->world->now(ctx->world).ms - (int64_t)LIMIT_JOBS_FAILED_S * 1000});
}

static void swept(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg, (void)err, (void)why, (void)receipt; /* what is left goes in an hour */
}

/* One look: *ret_more when there may be more at once. */
static enum err look(struct ctx *ctx, struct jobs *j, struct db *db, size_t turn, bool *ret_more)
{
    struct taken list[SLOTS];
    size_t count = 0;
    slots_watch(ctx, j);
    pthread_mutex_lock(&j->lock);
    slots_join(j);
    slots_fill(j);
    size_t idle = (size_t)count_state(j, SLOT_IDLE);
    pthread_mutex_unlock(&j->lock);
    *ret_more = false;
    if (idle == 0) {
        return ERR_OK;
    }
    TRY(gather(ctx, j, db, turn, idle, list, &count));
    if (count == 0) {
        return ERR_OK;
    }
    TRY(rows_take(ctx, j, list, count));
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < count; i++) {
        if (list[i].run.run > 0) {
            hand(j, &list[i]);
        }
    }
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    *ret_more = count == idle;
    return ERR_OK;
}

struct keeping {
    struct arena *arena;
    struct db *db;
    size_t turn;
    int64_t swept_ns;
};

/* Small, for setjmp. */
static enum err look_guarded(struct ctx *ctx, struct jobs *j, struct keeping *k, bool *ret_more)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        arena_guard(ctx->arena, NULL);
        return fault(ctx, ERR_MEMORY, "no memory to look for jobs");
    }
    arena_guard(ctx->arena, &guard);
    enum err e = k->db == NULL ? store_reader(ctx, j->config.store, &k->db) : ERR_OK;
    e = e == ERR_OK ? look(ctx, j, k->db, k->turn++, ret_more) : e;
    arena_guard(ctx->arena, NULL);
    return e;
}

static void keep_once(struct jobs *j, struct keeping *k)
{
    struct ctx ctx = {.arena = k->arena, .world = j->world};
    bool more = false;
    arena_clear(k->arena);
    enum err e = look_guarded(&ctx, j, k, &more);
    if (k->db != NULL) {
        db_settle(k->db);
    }
    if (e != ERR_OK && e != ERR_BUSY && !j->stopping) {
        fprintf(stderr, "tongban: jobs: %s: %.*s\n", err_name(e), FMT(ctx.why.detail));
    }
    int64_t now = j->world->mono_ns(j->world);
    if (now - k->swept_ns > (int64_t)SWEEP_S * 1000000000) {
        k->swept_ns = now;
        e = gate_keep_here(&ctx, j->config.gate, sweep_apply, NULL, swept, NULL);
    }
    pthread_mutex_lock(&j->lock);
    if (!j->stopping && !j->poked && !more) {
        wait_ms(j, POLL_MS);
    }
    j->poked = false;
    pthread_mutex_unlock(&j->lock);
}

static void *keeper_main(void *arg)
{
    struct jobs *j = arg;
    struct keeping k = {.arena = arena_new(KEEPER_ARENA_BYTES),
                        .swept_ns = j->world->mono_ns(j->world)};
    while (k.arena != NULL && !j->stopping) {
        keep_once(j, &k);
    }
    if (k.db != NULL) {
        db_close(k.db);
    }
    arena_free(k.arena);
    return NULL;
}

enum err jobs_start(struct ctx *ctx, struct jobs *j)
{
    must(!j->started && !j->stopping);
    j->started = true; /* before the thread, which reads it */
    int failed = pthread_create(&j->keeper, NULL, keeper_main, j);
    if (failed != 0) {
        j->started = false;
        return fault(ctx, ERR_MEMORY, "the system gives no thread for jobs: %s", strerror(failed));
    }
    return ERR_OK;
}

bool jobs_stop(struct jobs *j)
{
    if (j == NULL) {
        return true;
    }
    pthread_mutex_lock(&j->lock);
    bool first = j->started && !j->stopping;
    j->stopping = true;
    pthread_cond_broadcast(&j->wake);
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    if (first) {
        pthread_join(j->keeper, NULL);
    }
    int64_t until = j->world->mono_ns(j->world) + (int64_t)STOP_MS * 1000000;
    pthread_mutex_lock(&j->lock);
    slots_join(j);
    while (count_state(j, SLOT_EMPTY) < SLOTS && j->world->mono_ns(j->world) < until) {
        wait_ms(j, POLL_MS);
        slots_join(j);
    }
    bool all = count_state(j, SLOT_EMPTY) == SLOTS;
    for (size_t i = 0; i < SLOTS; i++) {
        if (j->slots[i].state == SLOT_RUNNING) {
            j->slots[i].state = SLOT_LOST; /* should it come back, it touches nothing */
        }
    }
    pthread_mutex_unlock(&j->lock);
    return all;
}

void jobs_free(struct jobs *j)
{
    if (j == NULL || !jobs_stop(j)) {
        return;
    }
    pthread_cond_destroy(&j->work);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    arena_free(j->arena);
}

struct jobs_count jobs_count(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    struct jobs_count c = {count_working(j), count_state(j, SLOT_LOST)};
    pthread_mutex_unlock(&j->lock);
    return c;
}

/* ---- without threads ---- */

/* Also when memory runs out on the way: an open connection would keep the store from closing. */
static void close_reader(void *arg)
{
    struct db **db = arg;
    if (*db != NULL) {
        db_close(*db);
        *db = NULL;
    }
}

static void free_arena(void *arg)
{
    struct arena **arena = arg;
    arena_free(*arena);
    *arena = NULL;
}

enum err jobs_run_once(struct ctx *ctx, struct jobs *j, size_t *ret_count)
{
    struct taken list[SLOTS];
    struct arena **work = ARENA_NEW(ctx->arena, struct arena *);
    struct db **db = ARENA_NEW(ctx->arena, struct db *);
    must(!j->started);
    *ret_count = 0;
    /* Deferred before there is anything to give back: deferring may itself run out of memory. */
    arena_defer(ctx->arena, free_arena, work);
    arena_defer(ctx->arena, close_reader, db);
    *work = arena_new(LIMIT_JOBS_ARENA_BYTES);
    if (*work == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a job");
    }
    enum err e = store_reader(ctx, j->config.store, db);
    e = e == ERR_OK ? gather(ctx, j, *db, 0, SLOTS, list, ret_count) : e;
    e = e == ERR_OK && *ret_count > 0 ? rows_take(ctx, j, list, *ret_count) : e;
    for (size_t i = 0; e == ERR_OK && i < *ret_count; i++) {
        struct ctx inner = {.arena = *work, .world = ctx->world};
        struct job_result result;
        arena_clear(*work);
        if (list[i].run.run == 0) {
            continue;
        }
        row_run(&inner, j, &list[i], *db, &result);
        e = row_end(&inner, j, &list[i], &result);
        e = e == ERR_CANCELLED ? ERR_OK : e;
        if (e != ERR_OK) {
            ctx->why = (struct why){.code = e, .detail = str_copy(ctx->arena, inner.why.detail)};
        }
    }
    close_reader(db);
    free_arena(work);
    return e;
}
