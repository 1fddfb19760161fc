/* One store under several processes: readers that are killed and stopped at any instant see whole
 * transactions and nothing that was before, the log ends, and nothing stays locked. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "limit_gen.h"
#include "store/store_in.h"
#include "store_test_sql.h"

enum {
    READERS = 4,
    ROWS = 8, /* of a transaction */
    SEAL_BYTES = 100,
    LOG_TEST_PAGES = 64,
    MANY = 1500 /* transactions */
};

static const struct schema test_schema = {store_test_tables, 2, NULL, 0};

/* What the processes tell each other. */
struct told {
    atomic_bool is_open;
    atomic_bool stops;    /* readers */
    atomic_bool closes;   /* then the writer */
    atomic_llong written; /* transactions that were acknowledged */
    atomic_llong read;    /* views that were looked at */
    atomic_int rounds;    /* of the log */
};

struct family {
    struct told *told;
    struct store_share *share;
    struct str dir;
    pid_t writer;
    pid_t reader[READERS];
};

/* Transaction n adds rows n*ROWS+1 … and gives the weight n to every row there is. */
static enum err write_one(struct ctx *ctx, struct db *db, int64_t n, struct str seal)
{
    int64_t changed = 0;
    TRY(db_begin(ctx, db));
    for (int i = 0; i < ROWS; i++) {
        int64_t id = n * ROWS + i + 1;
        struct str code = str_format(ctx->arena, "code-%lld", (long long)id);
        TRY(test_parcel_add(ctx, db,
                            (struct test_parcel_add_in){.id = id, .code = code, .seal = seal}));
    }
    int64_t from = n > 20 ? (n - 20) * ROWS + 1 : 1;
    TRY(test_parcel_reweigh(ctx, db, (struct test_parcel_reweigh_in){{true, n}, from}, &changed));
    return db_commit(ctx, db);
}

static enum err writer_runs(struct ctx *ctx, struct family *f)
{
    struct store *s = NULL;
    char *bytes = arena_push(ctx->arena, SEAL_BYTES);
    TRY(store_open_shared(ctx, f->dir, STORE_CREATE, f->share, &s));
    TRY(schema_migrate(ctx, s, &test_schema));
    store_writer(s)->log_pages = LOG_TEST_PAGES;
    atomic_store(&f->told->is_open, true);
    for (int64_t n = 0; n < MANY; n++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(write_one(ctx, store_writer(s), n, (struct str){bytes, SEAL_BYTES}));
        atomic_store(&f->told->written, n + 1);
        arena_reset(ctx->arena, mark);
    }
    atomic_store(&f->told->rounds, store_writer(s)->log_rounds);
    while (!atomic_load(&f->told->closes)) {
        usleep(1000);
    }
    store_close(s);
    return ERR_OK;
}

/* In one view: whole transactions, at least those acknowledged before it began, the newest weight
 * on the newest rows; and the same when asked again. */
static enum err look_once(struct ctx *ctx, struct told *told, struct db *db, int64_t *seen)
{
    struct test_parcel_total_row total[2];
    bool found = false;
    int64_t least = atomic_load(&told->written);
    TRY(db_begin(ctx, db));
    TRY(test_parcel_total(ctx, db, &total[0], &found));
    int64_t rows = total[0].parcels;
    struct test_parcel_by_id_row last = {0};
    if (rows > 0) {
        TRY(test_parcel_by_id(ctx, db, (struct test_parcel_by_id_in){rows}, &last, &found));
    }
    TRY(test_parcel_total(ctx, db, &total[1], &found));
    TRY(db_commit(ctx, db));
    bool good = rows % ROWS == 0 && rows / ROWS >= least && rows >= *seen && found &&
                (rows == 0 || last.weight.value == rows / ROWS - 1) && total[1].parcels == rows &&
                total[1].total.value == total[0].total.value;
    *seen = rows;
    return good ? ERR_OK
                : fault(ctx, ERR_CORRUPT, "%lld rows, weight %lld, acknowledged %lld",
                        (long long)rows, (long long)last.weight.value, (long long)least);
}

static enum err reader_runs(struct ctx *ctx, struct family *f)
{
    struct store *s = NULL;
    struct db *db = NULL;
    int64_t seen = 0;
    while (!atomic_load(&f->told->is_open)) {
        usleep(100);
    }
    TRY(store_open_shared(ctx, f->dir, STORE_BESIDE, f->share, &s));
    TRY(store_reader(ctx, s, &db));
    while (!atomic_load(&f->told->stops)) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(look_once(ctx, f->told, db, &seen));
        atomic_fetch_add(&f->told->read, 1);
        arena_reset(ctx->arena, mark);
    }
    db_close(db);
    store_close(s);
    return ERR_OK;
}

static pid_t child_start(struct ctx *ctx, struct family *f,
                         enum err (*runs)(struct ctx *ctx, struct family *f))
{
    fflush(NULL);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        enum err e = runs(ctx, f);
        if (e != ERR_OK) {
            printf("child: error %d: %.*s\n", (int)e, FMT(ctx->why.detail));
            fflush(stdout);
        }
        _exit(e == ERR_OK ? 0 : 1);
    }
    return pid;
}

static int64_t log_bytes(struct ctx *ctx, struct str dir)
{
    struct stat st;
    const char *path = str_format(ctx->arena, "%.*s/store.db-wal", FMT(dir)).p;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* Kill one, which may stand anywhere, and start another in its place. */
static void replace(struct test *t, struct ctx *ctx, struct family *f, int i)
{
    int status = 0;
    kill(f->reader[i], SIGKILL);
    CHECK(waitpid(f->reader[i], &status, 0) == f->reader[i]);
    CHECK(WIFSIGNALED(status)); /* it found nothing wrong till then */
    f->reader[i] = child_start(ctx, f, reader_runs);
}

static void family_begin(struct test *t, struct ctx *ctx, struct family *f, char *dir)
{
    *f = (struct family){.told = mmap(NULL, sizeof(*f->told), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    must(f->told != MAP_FAILED && mkdtemp(dir) != NULL);
    f->dir = str_from(dir);
    CHECK_OK(store_share_new(ctx, &f->share));
}

static void family_end(struct family *f)
{
    test_folder_remove(f->dir.p);
    store_share_free(f->share);
    munmap(f->told, sizeof(*f->told));
}

TEST(store_share_readers_may_be_killed_and_stopped_at_any_instant)
{
    char dir[] = "/tmp/tongban-share-XXXXXX";
    struct family f;
    uint32_t dice = 0;
    int kills = 0;
    int64_t longest = 0;
    family_begin(t, ctx, &f, dir);
    f.writer = child_start(ctx, &f, writer_runs);
    for (int i = 0; i < READERS; i++) {
        f.reader[i] = child_start(ctx, &f, reader_runs);
    }
    while (t->failures == 0 && atomic_load(&f.told->written) < MANY) {
        struct arena_mark mark = arena_mark(ctx->arena);
        ctx->world->random(ctx->world, &dice, sizeof(dice));
        int i = (int)(dice % READERS);
        usleep(dice / 16 % 4000);
        if (dice / 65536 % 4 == 0) { /* dead while another stands still, perhaps with a lock */
            int other = (i + 1) % READERS;
            kill(f.reader[other], SIGSTOP);
            usleep(dice / 64 % 8000);
            replace(t, ctx, &f, i);
            kill(f.reader[other], SIGCONT);
        } else {
            replace(t, ctx, &f, i);
        }
        kills++;
        int64_t bytes = log_bytes(ctx, f.dir);
        longest = bytes > longest ? bytes : longest;
        int status = 0;
        CHECK(waitpid(f.writer, &status, WNOHANG) == 0);
        arena_reset(ctx->arena, mark);
    }
    atomic_store(&f.told->stops, true);
    for (int i = 0; i < READERS; i++) {
        int status = 0;
        CHECK(waitpid(f.reader[i], &status, 0) == f.reader[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    int status = 0;
    atomic_store(&f.told->closes, true);
    CHECK(waitpid(f.writer, &status, 0) == f.writer);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_INT(log_bytes(ctx, f.dir), -1); /* the writer was alone, and put all into the file */
    printf("share: %lld transactions, %lld views, %d kills, the log begun %d times, %lld bytes at "
           "most\n",
           (long long)atomic_load(&f.told->written), (long long)atomic_load(&f.told->read), kills,
           atomic_load(&f.told->rounds), (long long)longest);
    CHECK(atomic_load(&f.told->rounds) >= 3); /* with always somebody reading */
    family_end(&f);
}

static enum err holds_all_and_waits(struct ctx *ctx, struct family *f)
{
    unsigned owner = 0;
    TRY(share_join(ctx, f->share, &owner));
    bool good = share_take(f->share, owner, 3) && share_hold(f->share, owner, 4) &&
                share_take(f->share, owner, SHARE_FILE) &&
                share_hold(f->share, owner, SHARE_RESERVED);
    atomic_store(&f->told->is_open, good);
    for (;;) {
        pause();
    }
}

TEST(store_share_what_the_dead_held_is_free)
{
    char dir[] = "/tmp/tongban-share-XXXXXX";
    struct family f;
    family_begin(t, ctx, &f, dir);
    f.reader[0] = child_start(ctx, &f, holds_all_and_waits);
    for (int i = 0; i < 5000 && !atomic_load(&f.told->is_open); i++) {
        usleep(1000);
    }
    struct store_share *s = f.share;
    CHECK(share_take(s, 0, 3) && !share_is_alone(s, 0, 3, 1));
    CHECK(!share_take(s, 0, 4) && !share_hold(s, 0, 4));
    CHECK(!share_is_alone(s, 0, SHARE_FILE, 0) && share_is_held(s, SHARE_RESERVED));
    kill(f.reader[0], SIGKILL);
    CHECK(waitpid(f.reader[0], NULL, 0) == f.reader[0]);
    CHECK(share_is_alone(s, 0, 3, 1));
    CHECK(share_hold(s, 0, 4) && share_is_alone(s, 0, 4, 0));
    CHECK(share_is_alone(s, 0, SHARE_FILE, 0) && !share_is_held(s, SHARE_RESERVED));
    share_release(s, 0, 4);
    share_give(s, 0, 3);
    share_leave(s, 0);
    family_end(&f);
}

TEST(store_share_has_room_for_so_many_and_no_more)
{
    struct store_share *s = NULL;
    unsigned owner = 0;
    CHECK_OK(store_share_new(ctx, &s));
    for (unsigned i = 1; i <= LIMIT_FRONTS; i++) {
        CHECK_OK(share_join(ctx, s, &owner));
        CHECK_INT(owner, i);
    }
    CHECK_ERR(share_join(ctx, s, &owner), ERR_TOO_MANY);
    share_leave(s, 7);
    CHECK_OK(share_join(ctx, s, &owner));
    CHECK_INT(owner, 7);
    for (unsigned i = 1; i <= LIMIT_FRONTS; i++) {
        share_leave(s, i);
    }
    store_share_free(s);
}
