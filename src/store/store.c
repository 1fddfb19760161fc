/* store.c - the face: what both engines share. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/encode.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "store/store_in.h"

void *store_alloc(size_t n)
{
    void *p = calloc(1, n);
    must(p != NULL);
    return p;
}

char *store_strdup(struct str s)
{
    char *p = store_alloc(s.n + 1);
    memcpy(p, s.p, s.n);
    return p;
}

/* ---- opening ---- */

/* What is half open when the caller's arena passes its cap: closed by the unwinding. */
struct opening {
    struct store *store;
    struct db *db;
};

static void db_end(struct db *db)
{
    db->store->engine->disconnect(db);
    free(db);
}

static void opening_undo(void *arg)
{
    struct opening *o = arg;
    if (o->db != NULL) {
        db_end(o->db);
    }
    store_close(o->store);
}

static struct opening *opening_new(struct ctx *ctx)
{
    struct opening *o = ARENA_NEW(ctx->arena, struct opening);
    arena_defer(ctx->arena, opening_undo, o);
    return o;
}

static enum err db_new(struct ctx *ctx, struct store *s, bool is_writer, struct db **ret)
{
    struct opening *o = opening_new(ctx);
    struct db *db = store_alloc(sizeof(*db));
    db->store = s;
    db->is_writer = is_writer;
    o->db = db;
    enum err e = s->engine->connect(ctx, db);
    o->db = NULL;
    if (e != ERR_OK) {
        db_end(db);
        return e;
    }
    *ret = db;
    return ERR_OK;
}

static void db_free(struct db *db)
{
    db_settle(db);
    if (db->in_transaction) {
        db_rollback(db);
    }
    db_end(db);
}

enum err store_open(struct ctx *ctx, struct str where, enum store_mode mode, struct store **ret)
{
    return store_open_shared(ctx, where, mode, NULL, ret);
}

bool store_names_postgres(struct str where)
{
    return str_find_byte(where, '=') != SIZE_MAX || str_starts(where, STR("postgres"));
}

enum err store_open_shared(struct ctx *ctx, struct str where, enum store_mode mode,
                           struct store_share *share, struct store **ret)
{
    must(mode != STORE_BESIDE || share != NULL);
    struct opening *o = opening_new(ctx);
    struct store *s = store_alloc(sizeof(*s));
    s->lock_file = -1;
    s->engine = store_names_postgres(where) ? &engine_pg : &engine_sqlite;
    s->world = ctx->world;
    s->mode = mode;
    s->where = store_strdup(where);
    s->share = share;
    s->owns_share = share == NULL;
    o->store = s;
    enum err e = share == NULL ? store_share_new(ctx, &s->share) : ERR_OK;
    e = e == ERR_OK ? s->engine->open(ctx, s) : e;
    if (e == ERR_OK && mode != STORE_READ && mode != STORE_BESIDE) {
        e = db_new(ctx, s, true, &s->writer);
    }
    o->store = NULL;
    if (e != ERR_OK) {
        store_close(s);
        return fault_pass(ctx, e, __func__);
    }
    *ret = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (s == NULL) {
        return;
    }
    must(atomic_load(&s->readers) == 0);
    if (s->writer != NULL) {
        db_free(s->writer);
    }
    s->engine->close(s);
    if (s->owns_share) {
        store_share_free(s->share);
    }
    free(s->where);
    free(s);
}

struct db *store_writer(struct store *s)
{
    must(s->writer != NULL);
    return s->writer;
}

enum err store_reader(struct ctx *ctx, struct store *s, struct db **ret)
{
    TRY(db_new(ctx, s, false, ret));
    atomic_fetch_add(&s->readers, 1);
    return ERR_OK;
}

void db_close(struct db *reader)
{
    if (reader == NULL) {
        return;
    }
    must(!reader->is_writer);
    struct store *s = reader->store;
    db_free(reader);
    atomic_fetch_sub(&s->readers, 1);
}

bool store_is_broken(const struct store *s)
{
    return atomic_load(share_broken(s->share));
}

enum err store_health(const struct store *s)
{
    return store_is_broken(s) ? ERR_IO : (enum err)atomic_load(share_refused(s->share));
}

void store_note_refusal(struct db *db, enum err e)
{
    if (db->is_writer && (e == ERR_DISK_FULL || e == ERR_READ_ONLY)) {
        atomic_store(share_refused(db->store->share), e);
    }
}

bool store_is_postgres(const struct store *s)
{
    return s->engine == &engine_pg;
}

/* ---- transactions ---- */

static enum err writer_check(struct ctx *ctx, const struct db *db)
{
    if (db->is_writer && store_is_broken(db->store)) {
        return fault(
            ctx, ERR_IO,
            "an earlier write failed and what the disk holds is unknown: restart the node");
    }
    if (db->doomed != ERR_OK) {
        return fault(ctx, db->doomed,
                     "the transaction was ended by an earlier error and must be rolled back");
    }
    return ERR_OK;
}

enum err db_begin(struct ctx *ctx, struct db *db)
{
    db_settle(db);
    must(!db->in_transaction);
    TRY(writer_check(ctx, db));
    TRY(db->store->engine->control(ctx, db, CONTROL_BEGIN));
    db->in_transaction = true;
    return ERR_OK;
}

enum err db_commit(struct ctx *ctx, struct db *db)
{
    must(db->in_transaction && !db->in_savepoint);
    enum err e = writer_check(ctx, db);
    if (e == ERR_OK) {
        e = db->store->engine->control(ctx, db, CONTROL_COMMIT);
    }
    if (e != ERR_OK) {
        db_rollback(db);
        return fault_pass(ctx, e, __func__);
    }
    db->in_transaction = false;
    if (db->is_writer) {
        atomic_store(share_refused(db->store->share), ERR_OK);
    }
    return ERR_OK;
}

void db_rollback(struct db *db)
{
    if (!db->in_transaction) {
        return;
    }
    db->store->engine->settle(db);
    /* A rollback that fails has nothing left to undo: the engine did it, or the connection is gone.
     */
    (void)db->store->engine->control(NULL, db, CONTROL_ROLLBACK);
    db->in_transaction = false;
    db->in_savepoint = false;
    db->doomed = ERR_OK;
}

bool db_is_open(const struct db *db)
{
    return db->in_transaction;
}

enum err db_savepoint(struct ctx *ctx, struct db *db)
{
    must(db->in_transaction && !db->in_savepoint);
    TRY(writer_check(ctx, db));
    TRY(db->store->engine->control(ctx, db, CONTROL_SAVEPOINT));
    db->in_savepoint = true;
    return ERR_OK;
}

enum err db_release(struct ctx *ctx, struct db *db)
{
    must(db->in_savepoint);
    TRY(writer_check(ctx, db));
    TRY(db->store->engine->control(ctx, db, CONTROL_RELEASE));
    db->in_savepoint = false;
    return ERR_OK;
}

enum err db_rollback_to(struct ctx *ctx, struct db *db)
{
    must(db->in_savepoint);
    db->store->engine->settle(db);
    db->in_savepoint = false;
    TRY(writer_check(ctx, db));
    return db->store->engine->control(ctx, db, CONTROL_UNDO);
}

void db_settle(struct db *db)
{
    db->store->engine->settle(db);
    if (!db->is_writer && db->in_transaction) {
        db_rollback(db);
    }
}

/* ---- statements ---- */

void cell_put_int(void *row, struct cell c, int64_t value)
{
    char *at = (char *)row + c.offset;
    if (c.may_be_null) {
        *(struct maybe_int *)(void *)at = (struct maybe_int){true, value};
    } else {
        *(int64_t *)(void *)at = value;
    }
}

void cell_put_str(struct ctx *ctx, void *row, struct cell c, const void *bytes, size_t n)
{
    char *copy = arena_push_bytes(ctx->arena, n + 1);
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    copy[n] = 0;
    *(struct str *)(void *)((char *)row + c.offset) = (struct str){copy, n};
}

void *sink_row(struct ctx *ctx, struct sink *sink, const struct statement *st)
{
    if (sink->each != NULL || sink->max == 1) {
        return arena_push(ctx->arena, st->row_bytes);
    }
    if (sink->count == sink->room) {
        size_t room = sink->room == 0 ? 16 : sink->room * 2;
        sink->rows =
            arena_grow(ctx->arena, sink->rows, sink->room * st->row_bytes, room * st->row_bytes);
        sink->room = room;
    }
    return sink->rows + sink->count * st->row_bytes;
}

enum err sink_done(struct ctx *ctx, struct sink *sink, const struct statement *st, const void *row)
{
    sink->count++;
    if (sink->cap != 0 && sink->count > sink->cap) {
        return fault(ctx, ERR_TOO_MANY, "statement %s gives more than %zu rows: give it a LIMIT",
                     st->name, sink->cap);
    }
    return sink->each == NULL ? ERR_OK : sink->each(ctx, sink->arg, row);
}

static enum err keep_row(struct ctx *ctx UNUSED, void *arg, const void *row)
{
    *(const void **)arg = row;
    return ERR_OK;
}

static enum err db_run(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                       struct sink *sink)
{
    db->store->engine->settle(db);
    TRY(writer_check(ctx, db));
    return db->store->engine->run(ctx, db, st, in, sink);
}

enum err db_row(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                void *ret_row, bool *ret_found)
{
    const void *row = NULL;
    struct sink sink = {.max = 1, .each = keep_row, .arg = &row};
    TRY(db_run(ctx, db, st, in, &sink));
    *ret_found = row != NULL;
    if (row != NULL) {
        memcpy(ret_row, row, st->row_bytes);
    }
    return ERR_OK;
}

enum err db_rows(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                 void **ret_rows, size_t *ret_count)
{
    struct sink sink = {.max = SIZE_MAX, .cap = LIMIT_STORE_ROWS};
    TRY(db_run(ctx, db, st, in, &sink));
    *ret_rows = sink.rows;
    *ret_count = sink.count;
    return ERR_OK;
}

enum err db_write(struct ctx *ctx, struct db *db, const struct statement *st, const void *in)
{
    must(db->is_writer);
    struct sink sink = {.max = 0};
    return db_run(ctx, db, st, in, &sink);
}

enum err db_count(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                  int64_t *ret_changed)
{
    must(db->is_writer);
    struct sink sink = {.max = 0, .wants_changes = true};
    TRY(db_run(ctx, db, st, in, &sink));
    *ret_changed = sink.changed;
    return ERR_OK;
}

/* ---- self-test ---- */

struct check_row {
    struct str text;
};

enum err store_check(struct ctx *ctx, struct db *db)
{
    static const struct cell cells[] = {{0, CELL_TEXT, false}};
    static const struct statement st = {.name = "quick_check",
                                        .sqlite = "PRAGMA quick_check(1)",
                                        .pg = "SELECT 'ok'::text",
                                        .columns = cells,
                                        .column_count = 1,
                                        .row_bytes = sizeof(struct check_row),
                                        .index = STATEMENT_UNCACHED};
    struct check_row row = {0};
    bool found = false;
    TRY(db_row(ctx, db, &st, NULL, &row, &found));
    bool good = found && str_equal(row.text, STR("ok"));
    return good ? ERR_OK
                : fault(ctx, ERR_CORRUPT, "the database is damaged: %.*s: restore a backup",
                        FMT(row.text));
}

enum err store_is_new(struct ctx *ctx, struct db *db, bool *ret)
{
    static const struct cell cells[] = {{0, CELL_INT, true}};
    static const struct statement st = {
        .name = "is_new",
        .sqlite = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'store_meta'",
        .pg = "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('store_meta')",
        .columns = cells,
        .column_count = 1,
        .row_bytes = sizeof(struct maybe_int),
        .index = STATEMENT_UNCACHED};
    struct maybe_int row = {0};
    bool found = false;
    TRY(db_row(ctx, db, &st, NULL, &row, &found));
    *ret = !found || row.value == 0;
    return ERR_OK;
}

/* ---- dump ---- */

struct dump {
    const struct store_table *table;
    const struct statement *st;
    store_line *each;
    void *arg;
};

static void dump_cell(struct buf *b, const void *row, struct cell c)
{
    if (c.type == CELL_INT) {
        const struct maybe_int *v = cell_maybe(row, c);
        if (v->has) {
            buf_i64(b, v->value);
        } else {
            buf_puts(b, "null");
        }
        return;
    }
    struct str s = *cell_str(row, c);
    if (s.p == NULL) {
        buf_puts(b, "null");
    } else if (c.type == CELL_TEXT) {
        json_write_string(b, s);
    } else {
        buf_puts(b, "x'");
        buf_put(b, hex_encode(b->arena, s.p, s.n));
        buf_byte(b, '\'');
    }
}

static enum err dump_row(struct ctx *ctx, void *arg, const void *row)
{
    const struct dump *d = arg;
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < d->table->column_count; i++) {
        buf_format(&b, "%s%s=", i == 0 ? "" : " ", d->table->columns[i].name);
        dump_cell(&b, row, d->st->columns[i]);
    }
    struct str line = {0};
    TRY(buf_done(ctx, &b, &line));
    return d->each(ctx, d->arg, line);
}

/* SELECT of all columns in order of the key (or of all columns, where there is no key). */
static const char *dump_sql(struct ctx *ctx, const struct store_table *t)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "SELECT ");
    uint8_t keys = 0;
    for (size_t i = 0; i < t->column_count; i++) {
        buf_format(&b, "%s%s", i == 0 ? "" : ", ", t->columns[i].name);
        keys = t->columns[i].key > keys ? t->columns[i].key : keys;
    }
    buf_format(&b, " FROM %s ORDER BY ", t->name);
    for (size_t k = 1; k <= (keys == 0 ? t->column_count : keys); k++) {
        for (size_t i = 0; i < t->column_count; i++) {
            if (keys == 0 ? i + 1 == k : t->columns[i].key == k) {
                /* The engines differ on where NULL stands. */
                buf_format(&b, "%s%s NULLS FIRST", k == 1 ? "" : ", ", t->columns[i].name);
            }
        }
    }
    return str_z(ctx->arena, buf_str(&b));
}

struct statement store_table_rows(struct ctx *ctx, const struct store_table *t)
{
    struct cell *cells = ARENA_ARRAY(ctx->arena, struct cell, t->column_count);
    for (size_t i = 0; i < t->column_count; i++) {
        cells[i] = (struct cell){(uint16_t)(i * sizeof(struct str)), t->columns[i].type, true};
    }
    const char *sql = dump_sql(ctx, t);
    return (struct statement){.name = t->name,
                              .sqlite = sql,
                              .pg = sql,
                              .columns = cells,
                              .column_count = (uint16_t)t->column_count,
                              .row_bytes = (uint16_t)(t->column_count * sizeof(struct str)),
                              .index = STATEMENT_UNCACHED};
}

enum err db_stream(struct ctx *ctx, struct db *db, const struct statement *st, struct sink *sink)
{
    return db_run(ctx, db, st, NULL, sink);
}

enum err store_dump_table(struct ctx *ctx, struct db *db, const struct store_table *t,
                          store_line *each, void *arg)
{
    struct statement st = store_table_rows(ctx, t);
    struct dump dump = {t, &st, each, arg};
    struct sink sink = {.max = SIZE_MAX, .each = dump_row, .arg = &dump};
    return db_run(ctx, db, &st, NULL, &sink);
}
_Static_assert(sizeof(struct str) == sizeof(struct maybe_int),
               "a dumped row is an array of either");

bool store_scrub(struct store *s)
{
    must(!s->writer->in_transaction);
    return s->engine->scrub == NULL || s->engine->scrub(s->writer);
}
