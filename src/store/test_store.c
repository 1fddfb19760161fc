/* Both engines by the same statements: values, order, transactions, savepoints, dumps. */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/test.h"
#include "store/form.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "store/store_in.h"
#include "store_sql.h"
#include "store_test_sql.h"

static const struct schema test_schema = {store_test_tables, 2, NULL, 0};

static struct str temporary(struct ctx *ctx)
{
    uint64_t tail = 0;
    ctx->world->random(ctx->world, &tail, sizeof(tail));
    return str_format(ctx->arena, "/tmp/tongban-store-%016llx", (unsigned long long)tail);
}

static void folder_remove(struct ctx *ctx, struct str dir)
{
    static const char *const names[] = {"store.db", "store.db-wal", "lock"};
    for (size_t i = 0; i < LEN(names); i++) {
        ctx->world->remove(ctx->world, str_format(ctx->arena, "%.*s/%s", FMT(dir), names[i]).p);
    }
}

/* Run a test on a fresh SQLite store, and on PostgreSQL where TONGBAN_PG names one. */
static void on_both(struct test *t, struct ctx *ctx,
                    void (*fn)(struct test *t, struct ctx *ctx, struct store *s))
{
    struct str dir = temporary(ctx);
    struct store *s = NULL;
    CHECK_OK(store_open(ctx, dir, STORE_CREATE, &s));
    CHECK_OK(schema_migrate(ctx, s, &test_schema));
    fn(t, ctx, s);
    store_close(s);
    folder_remove(ctx, dir);
    const char *pg = getenv("TONGBAN_PG");
    if (pg == NULL) {
        return;
    }
    CHECK_OK(store_open(ctx, str_from(pg), STORE_CREATE, &s));
    CHECK_OK(s->engine->exec(ctx, store_writer(s),
                             "DROP TABLE IF EXISTS test_parcel, test_stop, store_meta"));
    CHECK_OK(schema_migrate(ctx, s, &test_schema));
    fn(t, ctx, s);
    store_close(s);
}

static enum err add(struct ctx *ctx, struct db *db, int64_t id, const char *code)
{
    return test_parcel_add(
        ctx, db,
        (struct test_parcel_add_in){.id = id, .code = str_from(code), .seal = STR("\0\xff")});
}

static int64_t count(struct test *t, struct ctx *ctx, struct db *db)
{
    struct test_parcel_total_row row = {0};
    bool found = false;
    CHECK_OK(test_parcel_total(ctx, db, &row, &found));
    CHECK(found);
    return row.parcels;
}

static void rows_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    struct test_parcel_total_row total = {0};
    bool found = false;
    CHECK_OK(test_parcel_total(ctx, w, &total, &found));
    CHECK(found && total.parcels == 0 && !total.total.has && total.last.p == NULL);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(add(ctx, w, 7, "b"));
    struct test_parcel_add_in full = {9, STR("通办"), {true, -5}, STR(""), STR("")};
    CHECK_OK(test_parcel_add(ctx, w, full));
    CHECK_OK(add(ctx, w, 8, "Z"));
    CHECK_INT(count(t, ctx, w), 3);
    CHECK_OK(db_commit(ctx, w));
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, s, &r));
    struct test_parcel_by_id_row row = {0};
    CHECK_OK(test_parcel_by_id(ctx, r, (struct test_parcel_by_id_in){7}, &row, &found));
    CHECK(found && !row.weight.has && row.note.p == NULL && row.seal.n == 2);
    CHECK_OK(test_parcel_by_id(ctx, r, (struct test_parcel_by_id_in){9}, &row, &found));
    CHECK(found && row.weight.has && row.weight.value == -5 && row.note.p != NULL &&
          row.note.n == 0);
    CHECK_STR(row.code, "通办");
    CHECK_OK(test_parcel_by_id(ctx, r, (struct test_parcel_by_id_in){10}, &row, &found));
    CHECK(!found);
    struct test_parcel_list_row *list = NULL;
    size_t n = 0;
    CHECK_OK(test_parcel_list(ctx, r, (struct test_parcel_list_in){STR(""), 2}, &list, &n));
    CHECK_INT(n, 2); /* by bytes: "Z" before "b" on both engines */
    CHECK_STR(list[0].code, "Z");
    CHECK_STR(list[1].code, "b");
    struct test_parcel_engine_row engine = {0};
    CHECK_OK(test_parcel_engine(ctx, r, &engine, &found));
    CHECK_STR(engine.engine, store_is_postgres(s) ? "postgres" : "sqlite");
    db_close(r);
}

TEST(store_writes_and_reads_rows_by_named_statements)
{
    on_both(t, ctx, rows_case);
}

static void change_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    CHECK_OK(add(ctx, w, 1, "a")); /* outside a transaction: kept at once */
    CHECK_OK(add(ctx, w, 2, "b"));
    CHECK_ERR(add(ctx, w, 2, "c"), ERR_DUPLICATE);
    CHECK_ERR(add(ctx, w, 3, "b"), ERR_DUPLICATE);
    int64_t changed = 0;
    CHECK_OK(test_parcel_reweigh(
        ctx, w, (struct test_parcel_reweigh_in){{true, INT64_C(5000000000000000000)}, 2},
        &changed));
    CHECK_INT(changed, 1);
    CHECK_OK(test_parcel_reweigh(ctx, w, (struct test_parcel_reweigh_in){{true, -12345678}, 1},
                                 &changed));
    CHECK_INT(changed, 2);
    struct test_parcel_total_row total = {0};
    bool found = false;
    CHECK_OK(test_parcel_total(ctx, w, &total, &found));
    CHECK_INT(total.total.value, -24691356);
    struct test_stop_put_in stop = {STR("a"), 1, STR("x")};
    CHECK_OK(test_stop_put(ctx, w, stop));
    stop.town = STR("y");
    CHECK_OK(test_stop_put(ctx, w, stop));
    stop.code = STR("none");
    CHECK_OK(test_stop_put(ctx, w, stop));
    struct test_stop_list_row *list = NULL;
    size_t n = 0;
    CHECK_OK(test_stop_list(ctx, w, &list, &n));
    CHECK_INT(n, 2);
    CHECK_STR(list[0].town, "y");
    CHECK(list[0].weight.has && !list[1].weight.has);
    CHECK(!db_is_open(w));
}

TEST(store_maps_refused_rows_and_counts_changes)
{
    on_both(t, ctx, change_case);
}

static void number_case(struct test *t, struct ctx *ctx, struct store *s)
{
    for (int64_t want = 1; want <= 2; want++) {
        struct test_parcel_post_row row = {0};
        bool found = false;
        struct str code = str_format(ctx->arena, "%d", (int)want);
        CHECK_OK(test_parcel_post(ctx, store_writer(s), (struct test_parcel_post_in){code, STR("")},
                                  &row, &found));
        CHECK(found);
        CHECK_INT(row.id, want);
    }
}

TEST(store_numbers_rows_by_itself)
{
    on_both(t, ctx, number_case);
}

static void transaction_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, s, &r));
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(add(ctx, w, 1, "a"));
    CHECK_OK(db_savepoint(ctx, w));
    CHECK_OK(add(ctx, w, 2, "b"));
    CHECK_OK(db_rollback_to(ctx, w));
    CHECK_OK(db_savepoint(ctx, w));
    (void)!add(ctx, w, 1, "c"); /* refused now, or in PostgreSQL at the next read */
    CHECK_OK(db_rollback_to(ctx, w));
    CHECK_OK(db_savepoint(ctx, w));
    CHECK_OK(add(ctx, w, 3, "d"));
    CHECK_OK(db_release(ctx, w));
    CHECK_INT(count(t, ctx, r), 0);
    CHECK_INT(count(t, ctx, w), 2);
    CHECK_OK(db_begin(ctx, r));
    CHECK_INT(count(t, ctx, r), 0);
    CHECK_OK(db_commit(ctx, w));
    CHECK_INT(count(t, ctx, r), 0); /* still the view of its begin */
    CHECK_OK(db_commit(ctx, r));
    CHECK_INT(count(t, ctx, r), 2);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(add(ctx, w, 4, "e"));
    db_rollback(w);
    CHECK_INT(count(t, ctx, w), 2);
    db_close(r);
}

TEST(store_transactions_and_savepoints_keep_what_they_say)
{
    on_both(t, ctx, transaction_case);
}

static void fail_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(add(ctx, w, 1, "a"));
    enum err e = add(ctx, w, 1, "a");
    if (e == ERR_OK) {
        e = db_commit(ctx, w); /* PostgreSQL: at the commit at the latest */
    } else {
        db_rollback(w);
    }
    CHECK_INT(e, ERR_DUPLICATE);
    CHECK(!db_is_open(w) && !store_is_broken(s));
    CHECK_INT(count(t, ctx, w), 0);
    CHECK_OK(add(ctx, w, 1, "a"));
    struct test_many_row *many = NULL;
    size_t n = 0;
    CHECK_OK(test_many(ctx, w, (struct test_many_in){LIMIT_STORE_ROWS}, &many, &n));
    CHECK_INT(n, LIMIT_STORE_ROWS);
    CHECK_ERR(test_many(ctx, w, (struct test_many_in){LIMIT_STORE_ROWS + 1}, &many, &n),
              ERR_TOO_MANY);
    CHECK_INT(count(t, ctx, w), 1);
}

TEST(store_goes_on_after_a_failed_transaction_and_too_many_rows)
{
    on_both(t, ctx, fail_case);
}

static enum err keep_line(struct ctx *ctx, void *arg, struct str line)
{
    struct buf *b = arg;
    (void)ctx;
    buf_put(b, line);
    buf_byte(b, '\n');
    return ERR_OK;
}

static void dump_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    CHECK_OK(add(ctx, w, 2, "b\"\n"));
    CHECK_OK(test_parcel_add(
        ctx, w, (struct test_parcel_add_in){1, STR("通"), {true, 3}, STR("n"), STR("")}));
    char room[4096];
    struct arena *own = arena_new((size_t)1 << 20);
    must(own != NULL);
    struct buf b = buf_new(own, sizeof(room));
    CHECK_OK(store_dump_table(ctx, w, &store_test_tables[0], keep_line, &b));
    CHECK_STR(buf_str(&b), "id=1 code=\"通\" weight=3 note=\"n\" seal=x''\n"
                           "id=2 code=\"b\\\"\\n\" weight=null note=null seal=x'00ff'\n");
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, s, &r));
    struct buf again = buf_new(own, sizeof(room));
    CHECK_OK(store_dump_table(ctx, r, &store_test_tables[0], keep_line, &again));
    CHECK(str_equal(buf_str(&b), buf_str(&again)));
    db_close(r);
    arena_free(own);
}

TEST(store_dumps_the_same_text_on_both_engines)
{
    on_both(t, ctx, dump_case);
}

/* Whoever reads beside the node's program knows by the form whether they agree. */
TEST(store_form_tells_programs_apart)
{
    char dir[] = "/tmp/tongban-form-XXXXXX";
    struct store *s = NULL;
    struct str held = {0};
    must(mkdtemp(dir) != NULL);
    CHECK_OK(store_open(ctx, str_from(dir), STORE_CREATE, &s));
    CHECK_OK(store_migrate(ctx, s));
    CHECK_OK(store_views_version(ctx, s, STR("a 1, b 2")));
    struct db *w = store_writer(s);
    CHECK_OK(store_form_held(ctx, w, &held));
    CHECK_INT(held.n, 0); /* another version: the views are to be filled anew */
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(store_views_built(ctx, w));
    CHECK_OK(db_commit(ctx, w));
    CHECK_OK(store_form_held(ctx, w, &held));
    CHECK(held.n > 0 && str_equal(held, store_form(ctx->arena, STR("a 1, b 2"))));
    CHECK(!str_equal(held, store_form(ctx->arena, STR("a 1, b 3"))));
    store_close(s);
    test_folder_remove(dir);
}

static const char *const step_sqlite[] = {"ALTER TABLE test_parcel ADD COLUMN size INTEGER", NULL};
static const char *const step_pg[] = {"ALTER TABLE test_parcel ADD COLUMN size BIGINT", NULL};
static const char *const stop_ddl[] = {
    "CREATE TABLE IF NOT EXISTS test_stop (code TEXT PRIMARY KEY)", NULL};
static const struct store_column stop_columns[] = {{"code", CELL_TEXT, 1}};

static void migrate_case(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    bool stale = true;
    CHECK_OK(add(ctx, w, 1, "kept"));
    CHECK_OK(test_stop_put(ctx, w, (struct test_stop_put_in){STR("a"), 1, STR("x")}));
    CHECK_OK(schema_migrate(ctx, s, &test_schema)); /* again: nothing changes */
    CHECK_OK(store_views_are_stale(ctx, w, &stale));
    CHECK(!stale);
    struct test_stop_list_row *list = NULL;
    size_t n = 0;
    CHECK_OK(test_stop_list(ctx, w, &list, &n));
    CHECK_INT(n, 1);
    /* A later program: one step, another view. */
    struct store_table tables[2] = {
        store_test_tables[0],
        {"test_stop", "store", false, true, stop_ddl, stop_ddl, stop_columns, 1}};
    const struct store_step steps[] = {{2, step_sqlite, step_pg}};
    const struct schema later = {tables, 2, steps, 1};
    CHECK_OK(schema_migrate(ctx, s, &later));
    CHECK_OK(store_views_are_stale(ctx, w, &stale));
    CHECK(stale);
    CHECK_INT(count(t, ctx, w), 1);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(store_views_built(ctx, w));
    CHECK_OK(db_commit(ctx, w));
    CHECK_OK(schema_migrate(ctx, s, &later)); /* the step runs once */
    CHECK_OK(store_views_are_stale(ctx, w, &stale));
    CHECK(!stale);
    /* This program meets the later one's data. */
    CHECK_ERR(schema_migrate(ctx, s, &test_schema), ERR_VERSION);
    CHECK(str_find(ctx->why.detail, STR("data version 2")) != SIZE_MAX);
    CHECK(!db_is_open(w));
}

TEST(store_migrates_forward_and_refuses_newer_data)
{
    on_both(t, ctx, migrate_case);
}

/* What another program gets that opens the file with SQLite itself. */
static int foreign_answer(struct ctx *ctx, struct str dir)
{
    sqlite3 *other = NULL;
    const char *path = str_format(ctx->arena, "%.*s/store.db", FMT(dir)).p;
    int rc = sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, "unix");
    rc = rc == SQLITE_OK
             ? sqlite3_exec(other, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL)
             : rc;
    sqlite3_close(other);
    return rc;
}

TEST(store_looks_locked_to_other_programs_while_it_is_open)
{
    struct str dir = temporary(ctx);
    struct store *s = NULL;
    CHECK_OK(store_open(ctx, dir, STORE_CREATE, &s));
    CHECK_OK(schema_migrate(ctx, s, &test_schema));
    CHECK_INT(foreign_answer(ctx, dir), SQLITE_BUSY);
    CHECK_OK(add(ctx, store_writer(s), 1, "a"));
    CHECK_INT(foreign_answer(ctx, dir), SQLITE_BUSY);
    store_close(s);
    CHECK_INT(foreign_answer(ctx, dir), SQLITE_OK);
    CHECK_OK(store_open(ctx, dir, STORE_WRITE, &s));
    CHECK_INT(foreign_answer(ctx, dir), SQLITE_BUSY);
    store_close(s);
    folder_remove(ctx, dir);
}

TEST(store_refuses_a_second_writer)
{
    struct str dir = temporary(ctx);
    struct store *s = NULL;
    struct store *other = NULL;
    CHECK_OK(store_open(ctx, dir, STORE_CREATE, &s));
    CHECK_ERR(store_open(ctx, dir, STORE_WRITE, &other), ERR_IN_USE);
    CHECK_ERR(store_open(ctx, dir, STORE_READ, &other), ERR_IN_USE);
    store_close(s);
    CHECK_OK(store_open(ctx, dir, STORE_READ, &s));
    CHECK_OK(store_open(ctx, dir, STORE_READ, &other));
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, other, &r));
    db_close(r);
    store_close(other);
    store_close(s);
    folder_remove(ctx, dir);
    CHECK_ERR(store_open(ctx, dir, STORE_WRITE, &s), ERR_NOT_FOUND);
    const char *pg = getenv("TONGBAN_PG");
    if (pg != NULL) {
        CHECK_OK(store_open(ctx, str_from(pg), STORE_CREATE, &s));
        CHECK_ERR(store_open(ctx, str_from(pg), STORE_CREATE, &other), ERR_IN_USE);
        store_close(s);
    }
}

/* End every connection to the database but the caller's own. */
static void connections_end(const char *pg)
{
    PGconn *conn = PQconnectdb(pg);
    PQclear(PQexec(conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE pid <> pg_backend_pid() AND datname = current_database()"));
    PQfinish(conn);
}

TEST(store_revives_readers_and_stops_the_writer_when_postgres_goes)
{
    const char *pg = getenv("TONGBAN_PG");
    if (pg == NULL) {
        return;
    }
    struct store *s = NULL;
    CHECK_OK(store_open(ctx, str_from(pg), STORE_CREATE, &s));
    CHECK_OK(s->engine->exec(ctx, store_writer(s),
                             "DROP TABLE IF EXISTS test_parcel, test_stop, store_meta"));
    CHECK_OK(schema_migrate(ctx, s, &test_schema));
    struct db *w = store_writer(s);
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, s, &r));
    CHECK_INT(count(t, ctx, r), 0);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(add(ctx, w, 1, "a"));
    connections_end(pg);
    CHECK_ERR(db_commit(ctx, w), ERR_DATABASE);
    CHECK(store_is_broken(s) && !db_is_open(w));
    CHECK_ERR(add(ctx, w, 1, "a"), ERR_IO);
    struct test_parcel_total_row row = {0};
    bool found = false;
    CHECK_OK(test_parcel_total(ctx, r, &row, &found)); /* it asks again on a new connection */
    CHECK_INT(count(t, ctx, r), 0);
    db_close(r);
    store_close(s);
}

TEST(store_answers_a_lost_database_with_an_error)
{
    struct store *s = NULL;
    CHECK_ERR(
        store_open(ctx, STR("host=/nonexistent dbname=none connect_timeout=1"), STORE_CREATE, &s),
        ERR_DATABASE);
    CHECK(s == NULL);
}

TEST(store_prepares_every_statement_of_the_program_on_postgres)
{
    const char *pg = getenv("TONGBAN_PG");
    if (pg == NULL) {
        return;
    }
    struct store *s = NULL;
    CHECK_OK(store_open(ctx, str_from(pg), STORE_CREATE, &s));
    CHECK_OK(s->engine->exec(ctx, store_writer(s), "DROP TABLE IF EXISTS store_meta"));
    CHECK_OK(store_migrate(ctx, s));
    PGconn *conn = PQconnectdb(pg);
    for (size_t i = 0; i < store_statement_count; i++) {
        const struct statement *st = store_statements[i];
        static const Oid oids[] = {[CELL_INT] = 20, [CELL_TEXT] = 25, [CELL_BLOB] = 17};
        Oid types[100];
        for (int k = 0; k < st->param_count; k++) {
            types[k] = oids[st->params[k].type];
        }
        PGresult *res = PQprepare(conn, "", st->pg, st->param_count, types);
        CHECK_STR(str_trim(str_from(PQresultErrorMessage(res))), "");
        PQclear(res);
    }
    PQfinish(conn);
    store_close(s);
}

TEST(store_names_a_damaged_file)
{
    struct str dir = temporary(ctx);
    CHECK_INT(ctx->world->mkdir(ctx->world, dir.p, 0700), 0);
    CHECK_OK(file_write(ctx, str_format(ctx->arena, "%.*s/store.db", FMT(dir)).p,
                        STR("this is no database at all, is it?"), 0600));
    struct store *s = NULL;
    CHECK_ERR(store_open(ctx, dir, STORE_CREATE, &s), ERR_CORRUPT);
    folder_remove(ctx, dir);
}
