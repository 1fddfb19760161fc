/* Sessions and what counts once, as any process sees them: through the writer, and another reader.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/test.h"
#include "base/world.h"
#include "limit_gen.h"
#include "store/bound.h"
#include "store/schema.h"
#include "store/session.h"
#include "store/store_in.h"
#include "store/ticket.h"

struct at_rest {
    struct world world;
    int64_t now_ms;
    struct ctx *ctx;
    struct str dir;
    struct store *store;
    struct db *reader;
};

static struct instant rest_now(struct world *w)
{
    return (struct instant){((struct at_rest *)w->self)->now_ms};
}

static void make_rest(struct test *t, struct ctx *ctx, struct at_rest *r)
{
    uint64_t tail = 0;
    *r = (struct at_rest){.world = *world_real(), .now_ms = 1000000000, .ctx = ctx};
    r->world.self = r;
    r->world.now = rest_now;
    ctx->world = &r->world;
    ctx->world->random(ctx->world, &tail, sizeof(tail));
    r->dir = str_format(ctx->arena, "/tmp/tongban-rest-%016llx", (unsigned long long)tail);
    CHECK_OK(store_open(ctx, r->dir, STORE_CREATE, &r->store));
}

static void open_rest(struct test *t, struct ctx *ctx, struct at_rest *r)
{
    make_rest(t, ctx, r);
    CHECK_OK(store_migrate(ctx, r->store));
    CHECK_OK(store_reader(ctx, r->store, &r->reader));
}

static void close_rest(struct at_rest *r)
{
    static const char *const names[] = {"/store.db", "/store.db-wal", "/lock", ""};
    db_close(r->reader);
    store_close(r->store);
    for (size_t i = 0; i < LEN(names); i++) {
        const char *path = str_format(r->ctx->arena, "%.*s%s", FMT(r->dir), names[i]).p;
        r->world.remove(&r->world, path);
    }
    r->ctx->world = world_real();
}

/* As the writer does it: one operation, one transaction. */
static struct str kept(struct test *t, struct ctx *ctx, struct at_rest *r, struct keep keep)
{
    struct str answer = {0};
    struct db *w = store_writer(r->store);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(keep_run(ctx, w, &keep, NULL, &answer));
    CHECK_OK(db_commit(ctx, w));
    return answer;
}

static struct str hash_of(struct ctx *ctx, int n)
{
    return str_format(ctx->arena, "%032d", n);
}

/* Sign somebody in under the hash `n`; before: that of the browser, or -1. The session's id. */
static struct str begin(struct test *t, struct ctx *ctx, struct at_rest *r, const char *actor,
                        int n, int before)
{
    struct session_row s = {.id = str_format(ctx->arena, "s-%d", n),
                            .actor = str_from(actor),
                            .name = STR("name"),
                            .assurance = 1,
                            .methods = STR("pwd"),
                            .agent = STR("agent"),
                            .address = STR("192.0.2.1"),
                            .since = {r->now_ms}};
    struct str old = before < 0 ? STR("") : hash_of(ctx, before);
    struct str id = {0};
    struct instant begun = {0};
    struct str answer = kept(t, ctx, r, session_keep_begin(ctx->arena, &s, hash_of(ctx, n), old));
    CHECK_OK(session_kept_begun(ctx, answer, &id, &begun));
    return id;
}

static bool lasts(struct test *t, struct ctx *ctx, struct at_rest *r, int n)
{
    struct session_row s;
    bool found = false;
    CHECK_OK(session_find(ctx, r->reader, hash_of(ctx, n), &s, &found));
    return found;
}

static size_t gone(struct test *t, struct ctx *ctx, struct at_rest *r, const char *first)
{
    struct str *ids = NULL;
    size_t count = 0;
    CHECK_OK(session_gone_list(ctx, r->reader, 100000, &ids, &count));
    CHECK_STR(count > 0 ? ids[0] : STR(""), first);
    return count;
}

TEST(store_session_holds_at_once_everywhere_and_ends_everywhere)
{
    struct at_rest r;
    open_rest(t, ctx, &r);
    begin(t, ctx, &r, "p-lin", 1, -1);
    begin(t, ctx, &r, "p-lin", 2, -1);
    CHECK(lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2) && !lasts(t, ctx, &r, 3));
    kept(t, ctx, &r, session_keep_end(ctx->arena, STR("p-zhou"), STR("s-1"), STR("")));
    CHECK(lasts(t, ctx, &r, 1)); /* not that person's to end */
    kept(t, ctx, &r, session_keep_end(ctx->arena, STR("p-lin"), STR(""), STR("s-2")));
    CHECK(!lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2));
    CHECK_INT(gone(t, ctx, &r, "s-1"), 1);
    kept(t, ctx, &r, session_keep_end(ctx->arena, STR("p-lin"), STR("s-2"), STR("")));
    CHECK(!lasts(t, ctx, &r, 2));
    CHECK_INT(gone(t, ctx, &r, "s-1"), 2);
    CHECK_OK(session_gone_told(ctx, store_writer(r.store), STR("s-1")));
    CHECK_INT(gone(t, ctx, &r, "s-2"), 1);
    close_rest(&r);
}

TEST(store_session_is_rotated_for_its_owner_and_ended_for_another)
{
    struct at_rest r;
    open_rest(t, ctx, &r);
    CHECK_STR(begin(t, ctx, &r, "p-lin", 1, -1), "s-1");
    CHECK_STR(begin(t, ctx, &r, "p-lin", 2, 1), "s-1"); /* goes on, under the new cookie alone */
    CHECK(!lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2));
    CHECK_INT(gone(t, ctx, &r, ""), 0);
    CHECK_STR(begin(t, ctx, &r, "p-zhou", 3, 2), "s-3"); /* somebody else at the same browser */
    CHECK(!lasts(t, ctx, &r, 2) && lasts(t, ctx, &r, 3));
    CHECK_INT(gone(t, ctx, &r, "s-1"), 1);
    close_rest(&r);
}

TEST(store_session_ends_by_time_and_is_told)
{
    struct at_rest r;
    int64_t idle = (int64_t)LIMIT_SESSION_IDLE_S * 1000;
    open_rest(t, ctx, &r);
    begin(t, ctx, &r, "p-lin", 1, -1);
    begin(t, ctx, &r, "p-lin", 2, -1);
    struct str seen[] = {STR("s-2"), STR("s-nobody")};
    r.now_ms += idle - 1;
    kept(t, ctx, &r, session_keep_seen(ctx->arena, seen, LEN(seen)));
    CHECK(lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2));
    r.now_ms += 1;
    CHECK(!lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2));
    seen[0] = STR("s-1"); /* what is over is not seen any more */
    kept(t, ctx, &r, session_keep_seen(ctx->arena, seen, LEN(seen)));
    CHECK(!lasts(t, ctx, &r, 1));
    CHECK_INT(gone(t, ctx, &r, "s-1"), 1);
    seen[0] = STR("s-2");
    for (int64_t end = r.now_ms + (int64_t)LIMIT_SESSION_WHOLE_S * 1000; r.now_ms < end;) {
        r.now_ms += idle / 2;
        kept(t, ctx, &r, session_keep_seen(ctx->arena, seen, LEN(seen)));
    }
    CHECK(!lasts(t, ctx, &r, 2)); /* however often it is used */
    CHECK_INT(gone(t, ctx, &r, "s-1"), 2);
    r.now_ms += (int64_t)2 * 24 * 3600 * 1000; /* nobody reads here */
    struct db *w = store_writer(r.store);
    CHECK_OK(session_sweep(ctx, w));
    CHECK_INT(gone(t, ctx, &r, ""), 0);
    close_rest(&r);
}

/* Beyond the bounds the one longest unseen ends, its row with it, and whoever must is told. */
TEST(store_session_beyond_the_bounds_ends_the_oldest)
{
    struct at_rest r;
    open_rest(t, ctx, &r);
    for (int i = 0; i <= LIMIT_SESSIONS_OF_ONE; i++) {
        r.now_ms++;
        begin(t, ctx, &r, "p-lin", i, -1);
    }
    CHECK(!lasts(t, ctx, &r, 0) && lasts(t, ctx, &r, 1) &&
          lasts(t, ctx, &r, LIMIT_SESSIONS_OF_ONE));
    CHECK_INT(gone(t, ctx, &r, "s-0"), 1);
    struct db *w = store_writer(r.store);
    CHECK_OK(db_begin(ctx, w)); /* the rest in one transaction: syncing each would take minutes */
    int n = LIMIT_SESSIONS_OF_ONE + 1;
    for (; n <= LIMIT_SESSIONS + 1; n++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct session_row s = {.id = str_format(ctx->arena, "s-%d", n),
                                .actor = str_format(ctx->arena, "p-%d", n),
                                .since = {r.now_ms}};
        struct keep keep = session_keep_begin(ctx->arena, &s, hash_of(ctx, n), STR(""));
        struct str answer = {0};
        r.now_ms++;
        CHECK_OK(keep_run(ctx, w, &keep, NULL, &answer));
        arena_reset(ctx->arena, mark);
    }
    CHECK_OK(db_commit(ctx, w));
    CHECK(!lasts(t, ctx, &r, 1) && lasts(t, ctx, &r, 2) && lasts(t, ctx, &r, n - 1));
    CHECK_INT(gone(t, ctx, &r, "s-0"), 2);
    close_rest(&r);
}

/* ---- bounds ---- */

static struct bound_try try_of(char name, int64_t burst, int64_t per_ms)
{
    struct bound_try b = {.burst = burst, .per_ms = per_ms};
    memset(b.digest, name, sizeof(b.digest));
    return b;
}

static int64_t take(struct test *t, struct ctx *ctx, struct at_rest *r,
                    const struct bound_try *tries, size_t count)
{
    int64_t wait = -1;
    CHECK_OK(
        bound_kept_wait(ctx, kept(t, ctx, r, bound_keep_take(ctx->arena, tries, count)), &wait));
    return wait;
}

static int64_t wait_of(struct test *t, struct ctx *ctx, struct at_rest *r, struct bound_try b)
{
    int64_t wait = -1;
    CHECK_OK(bound_wait(ctx, r->reader, &b, 1, &wait));
    return wait;
}

TEST(store_bound_counts_a_burst_and_lets_time_heal)
{
    struct at_rest r;
    open_rest(t, ctx, &r);
    struct bound_try lin = try_of('l', 10, 60000);
    struct bound_try zhou = try_of('z', 10, 60000);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(take(t, ctx, &r, &lin, 1), 0);
    }
    CHECK_INT(wait_of(t, ctx, &r, lin), 60);
    CHECK_INT(take(t, ctx, &r, &lin, 1), 60);
    CHECK_INT(take(t, ctx, &r, &lin, 1), 60); /* a refused try is none */
    CHECK_INT(take(t, ctx, &r, &zhou, 1), 0); /* another is not bound */
    struct bound_try both[] = {zhou, lin};
    CHECK_INT(take(t, ctx, &r, both, 2), 60); /* of both, or of none */
    for (int i = 0; i < 9; i++) {
        CHECK_INT(take(t, ctx, &r, &zhou, 1), 0);
    }
    CHECK_INT(take(t, ctx, &r, &zhou, 1), 60);
    r.now_ms += 60000;
    CHECK_INT(take(t, ctx, &r, &lin, 1), 0);
    CHECK(take(t, ctx, &r, &lin, 1) > 0);
    kept(t, ctx, &r, bound_keep_give(ctx->arena, &lin, 1)); /* a good one does not count */
    CHECK_INT(take(t, ctx, &r, &lin, 1), 0);
    r.now_ms -=
        (int64_t)365 * 24 * 3600 * 1000; /* a clock set back binds no longer than a full one */
    CHECK_INT(wait_of(t, ctx, &r, lin), 60);
    close_rest(&r);
}

/* What was tried to its bound is bound still, in a store opened anew and under a flood of others.
 */
TEST(store_bound_outlasts_a_restart_and_a_flood)
{
    struct at_rest r;
    open_rest(t, ctx, &r);
    struct bound_try victim = try_of('v', 10, 60000);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(take(t, ctx, &r, &victim, 1), 0);
    }
    struct db *w = store_writer(r.store);
    CHECK_OK(db_begin(ctx, w));
    for (uint32_t i = 0; i < LIMIT_GUESS_ROWS + 2000; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct bound_try other = {.burst = 10, .per_ms = 60000};
        struct str answer = {0};
        memcpy(other.digest, &i, sizeof(i)); /* lowest byte first: 0 on one in 256 */
        other.digest[15] = 1;
        struct keep keep = bound_keep_take(ctx->arena, &other, 1);
        CHECK_OK(keep_run(ctx, w, &keep, NULL, &answer));
        arena_reset(ctx->arena, mark);
    }
    CHECK_OK(db_commit(ctx, w));
    CHECK(wait_of(t, ctx, &r, victim) > 0);
    close_rest(&r);
}

/* ---- tickets ---- */

TEST(store_ticket_counts_once_and_ends)
{
    struct at_rest r;
    struct str text = {0};
    bool yes = false;
    open_rest(t, ctx, &r);
    struct db *w = store_writer(r.store);
    struct instant later = {r.now_ms + 1000};
    CHECK_OK(ticket_spend(ctx, w, STR("k"), hash_of(ctx, 1), later, &yes));
    CHECK(yes);
    CHECK_OK(ticket_spend(ctx, w, STR("k"), hash_of(ctx, 1), later, &yes));
    CHECK(!yes);
    CHECK_OK(ticket_give(ctx, w, STR("code"), hash_of(ctx, 2), STR("p-lin"), later));
    CHECK_OK(ticket_take(ctx, w, STR("other"), hash_of(ctx, 2), &text, &yes));
    CHECK(!yes);
    CHECK_OK(ticket_take(ctx, w, STR("code"), hash_of(ctx, 2), &text, &yes));
    CHECK(yes);
    CHECK_STR(text, "p-lin");
    CHECK_OK(ticket_take(ctx, w, STR("code"), hash_of(ctx, 2), &text, &yes));
    CHECK(!yes);
    CHECK_OK(ticket_give(ctx, w, STR("code"), hash_of(ctx, 3), STR("p-lin"), later));
    CHECK_OK(ticket_give(ctx, w, STR("code"), hash_of(ctx, 4), STR("p-lin"), later));
    CHECK_OK(ticket_clear(ctx, w, STR("code")));
    CHECK_OK(ticket_take(ctx, w, STR("code"), hash_of(ctx, 4), &text, &yes));
    CHECK(!yes);
    CHECK_OK(ticket_give(ctx, w, STR("code"), hash_of(ctx, 5), STR("p-lin"), later));
    r.now_ms += 1000;
    CHECK_OK(ticket_take(ctx, w, STR("code"), hash_of(ctx, 5), &text, &yes));
    CHECK(!yes);
    close_rest(&r);
}

TEST(store_ticket_beyond_the_bound_proves_nothing)
{
    struct at_rest r;
    bool first = false;
    open_rest(t, ctx, &r);
    struct db *w = store_writer(r.store);
    struct instant later = {r.now_ms + 1000};
    CHECK_OK(db_begin(ctx, w));
    for (int i = 0; i < LIMIT_TICKETS; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        CHECK_OK(ticket_spend(ctx, w, STR("k"), hash_of(ctx, i), later, &first));
        CHECK(first);
        arena_reset(ctx->arena, mark);
    }
    CHECK_OK(ticket_spend(ctx, w, STR("k"), hash_of(ctx, LIMIT_TICKETS), later, &first));
    CHECK(!first);
    CHECK(ticket_give(ctx, w, STR("k"), hash_of(ctx, LIMIT_TICKETS), STR(""), later) == ERR_BUSY);
    r.now_ms += 1000; /* those are over */
    later.ms += 1000;
    CHECK_OK(ticket_spend(ctx, w, STR("k"), hash_of(ctx, LIMIT_TICKETS), later, &first));
    CHECK(first);
    CHECK_OK(db_commit(ctx, w));
    close_rest(&r);
}

/* ---- from before ---- */

/* The step by which sessions and bounds came to rest here. */
static struct schema own_step(void)
{
    size_t at = 0;
    while (store_steps[at].version != 4) {
        at++;
        must(at < store_steps_count);
    }
    return (struct schema){store_tables, store_tables_count, &store_steps[at], 1};
}

/* An older folder: who was signed in still is, who was bound still is, and of the sessions that had
 * ended untold somebody is told. */
TEST(store_session_goes_on_from_an_older_folder)
{
    static const char *const old[] = {
        "CREATE TABLE store_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT "
        "ROWID, STRICT",
        "INSERT INTO store_meta VALUES ('version', '3')",
        "CREATE TABLE web_session (id TEXT PRIMARY KEY, id_hash BLOB NOT NULL, actor_kind INTEGER "
        "NOT NULL, actor TEXT NOT NULL, name TEXT NOT NULL, assurance INTEGER NOT NULL, methods "
        "TEXT NOT NULL, since_ms INTEGER NOT NULL, begun_ms INTEGER NOT NULL, seen_ms INTEGER NOT "
        "NULL, agent TEXT NOT NULL, address TEXT NOT NULL) STRICT",
        "CREATE INDEX web_session_actor ON web_session (actor)",
        "INSERT INTO web_session VALUES ('s-1', CAST('00000000000000000000000000000001' AS BLOB), "
        "0, 'p-lin', 'Lin', 2, 'pwd otp', 999999000, 999999000, 999999000, 'agent', '192.0.2.1')",
        "CREATE TABLE login_lock (digest BLOB PRIMARY KEY, bound TEXT NOT NULL, until_ms INTEGER "
        "NOT NULL) STRICT",
        "INSERT INTO login_lock VALUES (CAST('llllllllllllllll' AS BLOB), 'n', 1000600000)",
        "CREATE TABLE oidc_visit (session TEXT NOT NULL, client TEXT NOT NULL, person TEXT NOT "
        "NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (session, client)) WITHOUT ROWID, STRICT",
        "INSERT INTO oidc_visit VALUES ('s-1', 'c', 'p', 1100000000), ('s-0', 'c', 'p', "
        "1100000000), ('s-0', 'd', 'p', 1200000000)"};
    struct at_rest r;
    struct session_row s;
    bool found = false;
    make_rest(t, ctx, &r);
    struct db *w = store_writer(r.store);
    for (size_t i = 0; i < LEN(old); i++) {
        CHECK_OK(r.store->engine->exec(ctx, w, old[i]));
    }
    struct schema step = own_step();
    CHECK_OK(schema_migrate(ctx, r.store, &step));
    CHECK_OK(store_reader(ctx, r.store, &r.reader));
    CHECK_OK(session_find(ctx, r.reader, hash_of(ctx, 1), &s, &found));
    CHECK(found && s.assurance == 2);
    CHECK_STR(s.methods, "pwd otp");
    CHECK_INT(gone(t, ctx, &r, "s-0"), 1);
    CHECK(wait_of(t, ctx, &r, try_of('l', 10, 60000)) > 0);
    close_rest(&r);
}
