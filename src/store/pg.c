/* pg.c - the engine behind a connection string: PostgreSQL 15 by libpq.
 *
 * Parameters and results are binary; statements are prepared once a connection. The writer holds an
 * advisory lock, so there is one in the whole installation. Inside its transaction writes are sent
 * without waiting (pipeline mode): a read, a count and the commit wait for all before them. So an
 * error of a write may come out at a later call, at the commit at the latest; if the savepoint it
 * belongs to is already released, the whole transaction fails with it (doomed).
 *
 * Each savepoint has a name of its own. What the server skips behind an error includes the release
 * of the savepoint it came in and the beginning of the next: under one name for all, undoing the
 * next would find the one before still open, undo that, and go on as if nothing of it were lost.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "store/store_in.h"

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_NUMERIC = 1700
};
enum { PARAMS_MAX = 100, WAITING_MAX = 512 };

/* "tongban" in ASCII: the writers of one database agree on it. */
#define WRITER_LOCK "32762669131456878"

/* ---- faults ---- */

static enum err err_of_state(const char *state)
{
    static const struct {
        const char *prefix;
        enum err err;
    } rows[] = {
        {"23505", ERR_DUPLICATE}, {"23", ERR_CONFLICT},     {"53100", ERR_DISK_FULL},
        {"53200", ERR_MEMORY},    {"25006", ERR_READ_ONLY}, {"40", ERR_BUSY},
        {"55P03", ERR_BUSY},      {"XX001", ERR_CORRUPT},   {"XX002", ERR_CORRUPT},
        {"22021", ERR_UTF8},      {"54", ERR_TOO_LARGE},    {"3D000", ERR_NOT_FOUND},
        {"42P01", ERR_DATABASE},
    };
    for (size_t i = 0; i < LEN(rows) && state != NULL; i++) {
        if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
            return rows[i].err;
        }
    }
    return ERR_DATABASE;
}

/* Keep the first error since the last begin, savepoint or undo: those behind it only follow from
 * it. */
static void note_error(struct db *db, const PGresult *res)
{
    db->pg_aborted = true;
    if (db->pg_error != ERR_OK) {
        return;
    }
    const char *text = res == NULL ? PQerrorMessage(db->pg) : PQresultErrorMessage(res);
    db->pg_error = err_of_state(res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE));
    snprintf(db->pg_text, sizeof(db->pg_text), "%s", text);
    db->pg_text[strcspn(db->pg_text, "\n")] = 0;
}

static bool is_lost(const struct db *db)
{
    return PQstatus(db->pg) != CONNECTION_OK;
}

static enum err pg_fault(struct ctx *ctx, struct db *db, const char *what)
{
    if (is_lost(db)) {
        /* What was sent may or may not have been kept, and the lock is gone. */
        if (db->is_writer) {
            atomic_store(share_broken(db->store->share), true);
        }
        return fault(ctx, ERR_DATABASE, "%s: the connection to PostgreSQL was lost: %s", what,
                     PQerrorMessage(db->pg));
    }
    if (db->pg_error == ERR_OK) {
        note_error(db, NULL);
    }
    enum err e = db->pg_error;
    store_note_refusal(db, e);
    if (db->in_transaction && !db->in_savepoint && db->is_writer) {
        db->doomed = e;
    }
    if (!db->in_transaction || !db->is_writer) {
        db->pg_error = ERR_OK;
        db->pg_aborted = false;
    }
    return fault(ctx, e, "%s: %s", what, db->pg_text);
}

static void no_notice(void *arg UNUSED, const PGresult *res UNUSED)
{
}

/* ---- values ---- */

struct params {
    const char *value[PARAMS_MAX];
    int length[PARAMS_MAX];
    int format[PARAMS_MAX];
    Oid type[PARAMS_MAX];
    uint64_t number[PARAMS_MAX];
};

static void param_put(struct params *p, int i, struct cell c, const void *in)
{
    p->format[i] = 1;
    p->value[i] = NULL;
    if (c.type != CELL_INT) {
        struct str s = *cell_str(in, c);
        p->value[i] = s.p == NULL && !c.may_be_null ? "" : s.p;
        p->length[i] = (int)s.n;
        return;
    }
    bool has = !c.may_be_null || cell_maybe(in, c)->has;
    if (has) {
        p->number[i] =
            htobe64((uint64_t)(c.may_be_null ? cell_maybe(in, c)->value : *cell_int(in, c)));
        p->value[i] = (const char *)&p->number[i];
        p->length[i] = (int)sizeof(p->number[i]);
    }
}

static uint16_t u16_at(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

/* A NUMERIC without fraction (SUM of BIGINT is one): digits of base 10,000, the first counts
 * weight. */
static int64_t numeric_int(const char *p)
{
    int digits = u16_at(p);
    int weight = (int16_t)u16_at(p + 2);
    bool negative = u16_at(p + 4) == 0x4000;
    uint64_t v = 0;
    for (int i = 0; i <= weight; i++) {
        v = v * 10000 + (i < digits ? u16_at(p + 8 + i * 2) : 0);
    }
    return negative ? (int64_t)(0 - v) : (int64_t)v;
}

static int64_t int_at(const char *p, Oid type)
{
    uint64_t wide;
    uint32_t narrow;
    switch (type) {
    case OID_BOOL: return *p != 0;
    case OID_INT2: return (int16_t)u16_at(p);
    case OID_INT4: memcpy(&narrow, p, sizeof(narrow)); return (int32_t)be32toh(narrow);
    case OID_NUMERIC: return numeric_int(p);
    default: memcpy(&wide, p, sizeof(wide)); return (int64_t)be64toh(wide);
    }
}

static bool is_int_type(Oid type)
{
    return type == OID_INT8 || type == OID_INT4 || type == OID_INT2 || type == OID_NUMERIC ||
           type == OID_BOOL;
}

static enum err row_read(struct ctx *ctx, const PGresult *res, int at, const struct statement *st,
                         void *row)
{
    for (int i = 0; i < st->column_count; i++) {
        struct cell c = st->columns[i];
        if (PQgetisnull(res, at, i)) {
            continue;
        }
        if (is_int_type(PQftype(res, i)) != (c.type == CELL_INT)) {
            return fault(ctx, ERR_TYPE, "statement %s: column %s has another type in PostgreSQL",
                         st->name, PQfname(res, i));
        }
        if (c.type == CELL_INT) {
            cell_put_int(row, c, int_at(PQgetvalue(res, at, i), PQftype(res, i)));
        } else {
            cell_put_str(ctx, row, c, PQgetvalue(res, at, i), (size_t)PQgetlength(res, at, i));
        }
    }
    return ERR_OK;
}

static enum err rows_read(struct ctx *ctx, const PGresult *res, const struct statement *st,
                          struct sink *sink)
{
    for (int at = 0; at < PQntuples(res) && sink->count < sink->max; at++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        void *row = sink_row(ctx, sink, st);
        TRY(row_read(ctx, res, at, st, row));
        TRY(sink_done(ctx, sink, st, row));
        if (sink->each != NULL && sink->max > 1) {
            arena_reset(ctx->arena, mark);
        }
    }
    return ERR_OK;
}

/* ---- results ---- */

static bool is_good(const PGresult *res)
{
    ExecStatusType s = PQresultStatus(res);
    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_SINGLE_TUPLE;
}

/* The result of the oldest command of the pipeline; NULL when the connection is gone. */
static PGresult *pipeline_next(struct db *db)
{
    PGresult *res = PQgetResult(db->pg);
    if (res == NULL) {
        note_error(db, NULL);
        return NULL;
    }
    if (!is_good(res)) {
        note_error(db, res);
    }
    PGresult *end = PQgetResult(db->pg);
    PQclear(end);
    return res;
}

/* Read all results but the last `keep`. */
static void pipeline_drain(struct db *db, size_t keep)
{
    while (db->pg_waiting > keep && !is_lost(db)) {
        db->pg_waiting--;
        PQclear(pipeline_next(db));
    }
}

static void pipeline_flush(struct db *db)
{
    PQsendFlushRequest(db->pg);
    PQflush(db->pg);
}

/* Wait until the server has answered all; after it the pipeline takes commands again. */
static void pipeline_sync(struct db *db)
{
    if (is_lost(db) || PQpipelineSync(db->pg) != 1) {
        db->pg_waiting = 0;
        return;
    }
    pipeline_drain(db, 0);
    PGresult *res = PQgetResult(db->pg);
    while (res != NULL && PQresultStatus(res) != PGRES_PIPELINE_SYNC && !is_lost(db)) {
        PQclear(res);
        res = PQgetResult(db->pg);
    }
    PQclear(res);
}

static void pg_settle(struct db *db)
{
    PQclear(db->pg_result);
    db->pg_result = NULL;
    if (db->pg_streams) {
        for (PGresult *res = PQgetResult(db->pg); res != NULL; res = PQgetResult(db->pg)) {
            PQclear(res);
        }
        db->pg_streams = false;
    }
}

/* ---- the writer: a pipeline ---- */

static enum err writer_prepare(struct ctx *ctx, struct db *db, const struct statement *st,
                               const char *name, const Oid *types)
{
    if (PQsendPrepare(db->pg, name, st->pg, st->param_count, types) != 1) {
        return pg_fault(ctx, db, st->name);
    }
    db->pg_waiting++;
    pipeline_flush(db);
    pipeline_drain(db, 0);
    return db->pg_aborted || is_lost(db) ? pg_fault(ctx, db, st->name) : ERR_OK;
}

/* Wait for the last command sent, and take its rows. */
static enum err writer_finish(struct ctx *ctx, struct db *db, const struct statement *st,
                              struct sink *sink)
{
    if (db->in_transaction) {
        pipeline_flush(db);
    } else {
        PQpipelineSync(db->pg);
    }
    pipeline_drain(db, 1);
    db->pg_waiting = 0;
    db->pg_result = pipeline_next(db);
    if (!db->in_transaction) {
        PQclear(PQgetResult(db->pg)); /* the sync */
    }
    if (db->pg_aborted || is_lost(db)) {
        return pg_fault(ctx, db, st->name);
    }
    sink->changed = strtoll(PQcmdTuples(db->pg_result), NULL, 10);
    enum err e = rows_read(ctx, db->pg_result, st, sink);
    pg_settle(db);
    return e;
}

static enum err writer_run(struct ctx *ctx, struct db *db, const struct statement *st,
                           const char *name, const struct params *p, struct sink *sink)
{
    if (db->pg_aborted) {
        return pg_fault(ctx, db, st->name);
    }
    if (PQsendQueryPrepared(db->pg, name, st->param_count, p->value, p->length, p->format, 1) !=
        1) {
        return pg_fault(ctx, db, st->name);
    }
    db->pg_waiting++;
    bool waits = !db->in_transaction || sink->max > 0 || sink->wants_changes ||
                 db->pg_waiting >= WAITING_MAX;
    return waits ? writer_finish(ctx, db, st, sink) : ERR_OK;
}

/* Send a command without parameters and rows. */
static void writer_send(struct db *db, const char *sql)
{
    if (!is_lost(db) && PQsendQueryParams(db->pg, sql, 0, NULL, NULL, NULL, NULL, 1) == 1) {
        db->pg_waiting++;
    } else {
        note_error(db, NULL);
    }
}

static enum err writer_exec(struct ctx *ctx, struct db *db, const char *sql)
{
    writer_send(db, sql);
    pipeline_sync(db);
    return db->pg_aborted || is_lost(db) ? pg_fault(ctx, db, sql) : ERR_OK;
}

static void errors_forget(struct db *db)
{
    db->pg_aborted = false;
    db->pg_error = ERR_OK;
}

/* COMMIT of a transaction that failed answers "ROLLBACK". */
static enum err writer_commit(struct ctx *ctx, struct db *db)
{
    writer_send(db, "COMMIT");
    PQpipelineSync(db->pg);
    pipeline_drain(db, 1);
    db->pg_waiting = 0;
    PGresult *res = pipeline_next(db);
    bool kept = res != NULL && is_good(res) && strcmp(PQcmdStatus(res), "COMMIT") == 0;
    PQclear(res);
    PQclear(PQgetResult(db->pg)); /* the sync */
    if (kept && !db->pg_aborted) {
        return ERR_OK;
    }
    return pg_fault(ctx, db, "COMMIT");
}

/* "SAVEPOINT s7": the verb, of the newest. */
static void savepoint_send(struct db *db, const char *verb)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "%s s%u", verb, (unsigned)db->pg_savepoint);
    writer_send(db, sql);
}

static enum err writer_undo(struct ctx *ctx, struct db *db)
{
    pipeline_sync(db);
    errors_forget(db);
    savepoint_send(db, "ROLLBACK TO SAVEPOINT");
    savepoint_send(db, "RELEASE SAVEPOINT");
    pipeline_sync(db);
    return db->pg_aborted || is_lost(db) ? pg_fault(ctx, db, "ROLLBACK TO SAVEPOINT") : ERR_OK;
}

static enum err writer_rollback(struct db *db)
{
    pipeline_sync(db);
    errors_forget(db);
    writer_send(db, "ROLLBACK");
    pipeline_sync(db);
    errors_forget(db);
    return ERR_OK;
}

static enum err writer_control(struct ctx *ctx, struct db *db, enum control what)
{
    switch (what) {
    case CONTROL_COMMIT: return writer_commit(ctx, db);
    case CONTROL_UNDO: return writer_undo(ctx, db);
    case CONTROL_ROLLBACK: return writer_rollback(db);
    case CONTROL_BEGIN:
        errors_forget(db);
        writer_send(db, "BEGIN ISOLATION LEVEL READ COMMITTED");
        break;
    case CONTROL_SAVEPOINT:
        db->pg_savepoint++;
        savepoint_send(db, "SAVEPOINT");
        break;
    case CONTROL_RELEASE: savepoint_send(db, "RELEASE SAVEPOINT"); break;
    case CONTROL_COUNT: break;
    }
    return is_lost(db) ? pg_fault(ctx, db, "transaction") : ERR_OK;
}

/* ---- readers: one command at a time ---- */

static enum err reader_done(struct ctx *ctx, struct db *db, PGresult *res, const char *what)
{
    if (is_good(res)) {
        PQclear(res);
        return ERR_OK;
    }
    note_error(db, res);
    PQclear(res);
    return pg_fault(ctx, db, what);
}

static enum err reader_exec(struct ctx *ctx, struct db *db, const char *sql)
{
    return reader_done(ctx, db, PQexec(db->pg, sql), sql);
}

static enum err reader_rows(struct ctx *ctx, struct db *db, const struct statement *st,
                            struct sink *sink)
{
    for (;;) {
        db->pg_result = PQgetResult(db->pg);
        if (db->pg_result == NULL) {
            db->pg_streams = false;
            return ERR_OK;
        }
        if (!is_good(db->pg_result)) {
            note_error(db, db->pg_result);
            pg_settle(db);
            return pg_fault(ctx, db, st->name);
        }
        TRY(rows_read(ctx, db->pg_result, st, sink));
        PQclear(db->pg_result);
        db->pg_result = NULL;
    }
}

static enum err reader_run(struct ctx *ctx, struct db *db, const struct statement *st,
                           const char *name, const struct params *p, struct sink *sink)
{
    if (PQsendQueryPrepared(db->pg, name, st->param_count, p->value, p->length, p->format, 1) !=
        1) {
        return pg_fault(ctx, db, st->name);
    }
    db->pg_streams = true;
    if (sink->each != NULL && sink->max > 1) {
        PQsetSingleRowMode(db->pg); /* a dump does not hold the table in memory */
    }
    enum err e = reader_rows(ctx, db, st, sink);
    pg_settle(db);
    return e;
}

/* ---- the engine ---- */

static enum err pg_setup(struct ctx *ctx, struct db *db)
{
    PQsetNoticeReceiver(db->pg, no_notice, NULL);
    if (is_lost(db)) {
        return fault(ctx, ERR_DATABASE, "cannot connect to PostgreSQL: %s", PQerrorMessage(db->pg));
    }
    TRY(reader_exec(ctx, db, "SET client_encoding = 'UTF8'"));
    TRY(reader_exec(ctx, db,
                    db->is_writer ? "SET synchronous_commit = on"
                                  : "SET default_transaction_read_only = on"));
    if (!db->is_writer) {
        return ERR_OK;
    }
    PGresult *res = PQexec(db->pg, "SELECT pg_try_advisory_lock(" WRITER_LOCK ")");
    bool mine = PQntuples(res) == 1 && strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    TRY(reader_done(ctx, db, res, "pg_try_advisory_lock"));
    if (!mine) {
        return fault(ctx, ERR_IN_USE,
                     "another process writes to this database: stop that one first");
    }
    return PQenterPipelineMode(db->pg) == 1 ? ERR_OK : pg_fault(ctx, db, "pipeline");
}

static enum err pg_connect(struct ctx *ctx, struct db *db)
{
    db->pg_prepared = store_alloc(store_statement_slots + 1);
    db->pg = PQconnectdb(db->store->where);
    must(db->pg != NULL);
    return pg_setup(ctx, db);
}

static void pg_disconnect(struct db *db)
{
    pg_settle(db);
    PQfinish(db->pg);
    free(db->pg_prepared);
}

/* A reader whose server went away and came back goes on, unless it was in the middle of a view. */
static enum err reader_revive(struct ctx *ctx, struct db *db)
{
    if (db->is_writer || !is_lost(db) || db->in_transaction) {
        return ERR_OK;
    }
    PQreset(db->pg);
    memset(db->pg_prepared, 0, store_statement_slots);
    errors_forget(db);
    return pg_setup(ctx, db);
}

static enum err prepare(struct ctx *ctx, struct db *db, const struct statement *st,
                        const char *name)
{
    bool cached = st->index != STATEMENT_UNCACHED;
    if (cached && db->pg_prepared[st->index]) {
        return ERR_OK;
    }
    static const Oid oids[] = {
        [CELL_INT] = OID_INT8, [CELL_TEXT] = OID_TEXT, [CELL_BLOB] = OID_BYTEA};
    Oid types[PARAMS_MAX];
    for (int i = 0; i < st->param_count; i++) {
        types[i] = oids[st->params[i].type];
    }
    if (db->is_writer && !db->in_transaction) {
        /* A pipeline outside a transaction ends with its sync; the statement's own comes with its
         * run. */
        if (PQsendPrepare(db->pg, name, st->pg, st->param_count, types) == 1) {
            db->pg_waiting++;
        }
        pipeline_sync(db);
        TRY(db->pg_aborted || is_lost(db) ? pg_fault(ctx, db, st->name) : ERR_OK);
    } else if (db->is_writer) {
        TRY(writer_prepare(ctx, db, st, name, types));
    } else {
        TRY(reader_done(ctx, db, PQprepare(db->pg, name, st->pg, st->param_count, types),
                        st->name));
    }
    db->pg_prepared[cached ? st->index : store_statement_slots] = cached;
    return ERR_OK;
}

static enum err run_once(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                         struct sink *sink)
{
    TRY(reader_revive(ctx, db));
    if (db->pg_aborted) {
        return pg_fault(ctx, db, st->name);
    }
    char name[16] = "";
    if (st->index != STATEMENT_UNCACHED) {
        snprintf(name, sizeof(name), "s%d", st->index);
    }
    TRY(prepare(ctx, db, st, name));
    struct params p;
    for (int i = 0; i < st->param_count; i++) {
        param_put(&p, i, st->params[i], in);
    }
    return db->is_writer ? writer_run(ctx, db, st, name, &p, sink)
                         : reader_run(ctx, db, st, name, &p, sink);
}

/* A reader learns only when it asks that its server ended the connection. Outside a view of several
 * statements nothing is lost with it: it asks again on a new one, once, unless rows were handed on.
 */
static bool asks_again(const struct db *db, enum err e)
{
    return e != ERR_OK && !db->is_writer && !db->in_transaction && is_lost(db);
}

static enum err pg_run(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                       struct sink *sink)
{
    must(st->param_count <= PARAMS_MAX);
    size_t before = sink->count;
    enum err e = run_once(ctx, db, st, in, sink);
    if (asks_again(db, e) && sink->count == before) {
        ctx->why = (struct why){0};
        e = run_once(ctx, db, st, in, sink);
    }
    return e;
}

static enum err reader_begin(struct ctx *ctx, struct db *db)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    enum err e = reader_exec(ctx, db, begin);
    if (asks_again(db, e)) {
        ctx->why = (struct why){0};
        TRY(reader_revive(ctx, db));
        e = reader_exec(ctx, db, begin);
    }
    return e;
}

static enum err pg_control(struct ctx *ctx, struct db *db, enum control what)
{
    if (db->is_writer) {
        return writer_control(ctx, db, what);
    }
    TRY(reader_revive(ctx, db));
    switch (what) {
    case CONTROL_BEGIN: return reader_begin(ctx, db);
    case CONTROL_COMMIT: return reader_exec(ctx, db, "COMMIT");
    case CONTROL_ROLLBACK: return reader_exec(ctx, db, "ROLLBACK");
    case CONTROL_SAVEPOINT:
    case CONTROL_RELEASE:
    case CONTROL_UNDO:
    case CONTROL_COUNT: break;
    }
    bug("a reader has no savepoints", __FILE__, __LINE__);
}

static enum err pg_exec(struct ctx *ctx, struct db *db, const char *sql)
{
    return db->is_writer ? writer_exec(ctx, db, sql) : reader_exec(ctx, db, sql);
}

static enum err pg_open(struct ctx *ctx UNUSED, struct store *s UNUSED)
{
    return ERR_OK;
}

static void pg_close(struct store *s UNUSED)
{
}

const struct engine engine_pg = {
    .name = "postgres",
    .open = pg_open,
    .close = pg_close,
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .run = pg_run,
    .control = pg_control,
    .exec = pg_exec,
    .settle = pg_settle,
};
