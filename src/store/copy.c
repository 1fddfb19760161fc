/* copy.c - see copy.h.
 *
 * The format: the line "tongban rows 1", then records, each begun by one byte. Numbers are
 * big-endian.
 *
 *     T  u32 n, name; u16 count; for each column u32 n, name       the rows of a table follow
 *     R  for each column a cell                                    a row
 *     E  u64 how many rows the table had                           ends a table
 *     Z  u32 how many tables there were                            ends the copy
 *     X  u32 n, sentence                                           it broke off, and why
 *
 *     a cell: 0, NULL; 1, i64; 2, u32 n, text in UTF-8; 3, u32 n, bytes
 *
 * store_meta comes first, since it says by which data version the rest is to be read; the others
 * follow by name, their rows by primary key, so that one state of a node has one copy. Nothing in
 * it says which engine it came from. What ends without Z is no copy.
 *
 * Filling a store puts as many rows into one INSERT as there are parameters for: on PostgreSQL each
 * statement costs a round trip.
 */
#include "store/copy.h"

#include <endian.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/schema.h"
#include "store/store_in.h"
#include "store_sql.h"

static const char first_line[] = "tongban rows 1\n";

enum {
    OUT_BYTES = 65536,
    COLUMNS_MAX = 64,
    NAME_MAX_BYTES = 64,
    SENTENCE_MAX = 4096,
    PARAMS_OF_INSERT = 96, /* pg.c takes 100 */
    BYTES_OF_INSERT = 1 << 20,
    ROWS_OF_COMMIT = 20000
};

/* ---- taking ---- */

struct out {
    copy_put *put;
    void *arg;
    size_t n;
    const struct store_table *table;
    const struct statement *st;
    uint64_t rows;
    char bytes[OUT_BYTES];
};

static enum err out_flush(struct ctx *ctx, struct out *o)
{
    size_t n = o->n;
    o->n = 0;
    return n == 0 ? ERR_OK : o->put(ctx, o->arg, (struct str){o->bytes, n});
}

static enum err out_bytes(struct ctx *ctx, struct out *o, const void *p, size_t n)
{
    if (n > OUT_BYTES - o->n) {
        TRY(out_flush(ctx, o));
    }
    if (n > OUT_BYTES) {
        return o->put(ctx, o->arg, (struct str){p, n});
    }
    if (n > 0) {
        memcpy(o->bytes + o->n, p, n);
    }
    o->n += n;
    return ERR_OK;
}

static enum err out_u8(struct ctx *ctx, struct out *o, uint8_t v)
{
    return out_bytes(ctx, o, &v, 1);
}
static enum err out_u32(struct ctx *ctx, struct out *o, uint32_t v)
{
    uint32_t be = htobe32(v);
    return out_bytes(ctx, o, &be, sizeof(be));
}
static enum err out_u64(struct ctx *ctx, struct out *o, uint64_t v)
{
    uint64_t be = htobe64(v);
    return out_bytes(ctx, o, &be, sizeof(be));
}
static enum err out_text(struct ctx *ctx, struct out *o, struct str s)
{
    must(s.n <= UINT32_MAX);
    TRY(out_u32(ctx, o, (uint32_t)s.n));
    return out_bytes(ctx, o, s.p, s.n);
}

static enum err take_row(struct ctx *ctx, void *arg, const void *row)
{
    struct out *o = arg;
    TRY(out_u8(ctx, o, 'R'));
    for (size_t i = 0; i < o->table->column_count; i++) {
        struct cell c = o->st->columns[i];
        const struct str *text = cell_str(row, c);
        if (c.type == CELL_INT && cell_maybe(row, c)->has) {
            TRY(out_u8(ctx, o, COPY_INT));
            TRY(out_u64(ctx, o, (uint64_t)cell_maybe(row, c)->value));
        } else if (c.type != CELL_INT && text->p != NULL) {
            TRY(out_u8(ctx, o, c.type == CELL_TEXT ? COPY_TEXT : COPY_BYTES));
            TRY(out_text(ctx, o, *text));
        } else {
            TRY(out_u8(ctx, o, COPY_NULL));
        }
    }
    o->rows++;
    return ERR_OK;
}

static enum err take_table(struct ctx *ctx, struct db *db, const struct store_table *t,
                           struct out *o)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    struct statement st = store_table_rows(ctx, t);
    struct sink sink = {.max = SIZE_MAX, .each = take_row, .arg = o};
    o->table = t;
    o->st = &st;
    o->rows = 0;
    must(t->column_count <= COLUMNS_MAX);
    uint16_t columns = htobe16((uint16_t)t->column_count);
    TRY(out_u8(ctx, o, 'T'));
    TRY(out_text(ctx, o, str_from(t->name)));
    TRY(out_bytes(ctx, o, &columns, sizeof(columns)));
    for (size_t i = 0; i < t->column_count; i++) {
        TRY(out_text(ctx, o, str_from(t->columns[i].name)));
    }
    TRY(db_stream(ctx, db, &st, &sink));
    arena_reset(ctx->arena, mark);
    TRY(out_u8(ctx, o, 'E'));
    return out_u64(ctx, o, o->rows);
}

static enum err take_all(struct ctx *ctx, struct db *db, struct out *o)
{
    const struct store_table *meta = store_table_find(STR("store_meta"));
    must(meta != NULL);
    uint32_t tables = 1;
    TRY(out_bytes(ctx, o, first_line, sizeof(first_line) - 1));
    TRY(take_table(ctx, db, meta, o));
    for (size_t i = 0; i < store_table_count(); i++) {
        const struct store_table *t = store_table_at(i);
        if (t != meta && t->is_copied) {
            TRY(take_table(ctx, db, t, o));
            tables++;
        }
    }
    TRY(out_u8(ctx, o, 'Z'));
    TRY(out_u32(ctx, o, tables));
    return out_flush(ctx, o);
}

enum err copy_take(struct ctx *ctx, struct db *reader, copy_put *put, void *arg)
{
    must(!reader->is_writer && !db_is_open(reader));
    struct out *o = ARENA_NEW(ctx->arena, struct out);
    o->put = put;
    o->arg = arg;
    TRY(db_begin(ctx, reader));
    enum err e = take_all(ctx, reader, o);
    db_settle(reader);
    if (e != ERR_OK) {
        /* Whoever takes the bytes learns why; that it cannot be told either changes nothing. */
        struct why why = ctx->why;
        struct str sentence = str_slice(why.detail, 0, SENTENCE_MAX);
        enum err told = out_u8(ctx, o, 'X');
        told = told == ERR_OK ? out_text(ctx, o, sentence) : told;
        told = told == ERR_OK ? out_flush(ctx, o) : told;
        (void)told;
        ctx->why = why;
        return fault_pass(ctx, e, __func__);
    }
    return ERR_OK;
}

/* ---- reading ---- */

struct in {
    copy_get *get;
    void *arg;
    size_t max_cell;
};

static enum err broken(struct ctx *ctx, const char *what)
{
    return fault(ctx, ERR_CORRUPT, "the copy is damaged: %s", what);
}

static enum err in_u8(struct ctx *ctx, struct in *in, uint8_t *ret)
{
    return in->get(ctx, in->arg, ret, 1);
}
static enum err in_u32(struct ctx *ctx, struct in *in, uint32_t *ret)
{
    TRY(in->get(ctx, in->arg, ret, sizeof(*ret)));
    *ret = be32toh(*ret);
    return ERR_OK;
}
static enum err in_u64(struct ctx *ctx, struct in *in, uint64_t *ret)
{
    TRY(in->get(ctx, in->arg, ret, sizeof(*ret)));
    *ret = be64toh(*ret);
    return ERR_OK;
}
static enum err in_text(struct ctx *ctx, struct in *in, size_t max, struct str *ret)
{
    uint32_t n = 0;
    TRY(in_u32(ctx, in, &n));
    if (n > max) {
        return broken(ctx, "a text is longer than what is left of it");
    }
    char *p = arena_push_bytes(ctx->arena, (size_t)n + 1);
    TRY(in->get(ctx, in->arg, p, n));
    p[n] = 0;
    *ret = (struct str){p, n};
    return ERR_OK;
}

static enum err in_cell(struct ctx *ctx, struct in *in, struct copy_cell *ret)
{
    uint8_t type = 0;
    uint64_t number = 0;
    TRY(in_u8(ctx, in, &type));
    *ret = (struct copy_cell){.type = (enum copy_type)type};
    switch (type) {
    case COPY_NULL: return ERR_OK;
    case COPY_INT:
        TRY(in_u64(ctx, in, &number));
        ret->number = (int64_t)number;
        return ERR_OK;
    case COPY_TEXT:
    case COPY_BYTES: return in_text(ctx, in, in->max_cell, &ret->text);
    default: return broken(ctx, "a cell is of no known type");
    }
}

static enum err in_table(struct ctx *ctx, struct in *in, struct copy_table *ret)
{
    uint16_t count = 0;
    TRY(in_text(ctx, in, NAME_MAX_BYTES, &ret->name));
    TRY(in->get(ctx, in->arg, &count, sizeof(count)));
    ret->column_count = be16toh(count);
    if (ret->column_count == 0 || ret->column_count > COLUMNS_MAX) {
        return broken(ctx, "a table has no columns, or too many");
    }
    struct str *columns = ARENA_ARRAY(ctx->arena, struct str, ret->column_count);
    for (size_t i = 0; i < ret->column_count; i++) {
        TRY(in_text(ctx, in, NAME_MAX_BYTES, &columns[i]));
    }
    ret->columns = columns;
    return ERR_OK;
}

/* The rows of one table, up to its E. */
static enum err walk_table(struct ctx *ctx, struct in *in, copy_row *row, void *row_arg)
{
    struct copy_table table = {0};
    struct copy_cell cells[COLUMNS_MAX];
    uint64_t rows = 0;
    uint64_t told = 0;
    uint8_t what = 0;
    TRY(in_table(ctx, in, &table));
    TRY(in_u8(ctx, in, &what));
    for (; what == 'R'; rows++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        for (size_t i = 0; i < table.column_count; i++) {
            TRY(in_cell(ctx, in, &cells[i]));
        }
        TRY(row(ctx, row_arg, &table, cells));
        arena_reset(ctx->arena, mark);
        TRY(in_u8(ctx, in, &what));
    }
    if (what == 'X') {
        struct str sentence = {0};
        TRY(in_text(ctx, in, SENTENCE_MAX, &sentence));
        return fault(ctx, ERR_CORRUPT, "the copy broke off: %.*s", FMT(sentence));
    }
    TRY(what == 'E' ? in_u64(ctx, in, &told) : broken(ctx, "a table has no end"));
    return told == rows ? ERR_OK : broken(ctx, "a table has more or fewer rows than it says");
}

enum err copy_walk(struct ctx *ctx, copy_get *get, void *get_arg, size_t max_cell, copy_row *row,
                   void *row_arg)
{
    struct in in = {get, get_arg, max_cell};
    char line[sizeof(first_line) - 1];
    uint32_t tables = 0;
    uint32_t told = 0;
    uint8_t what = 0;
    TRY(get(ctx, get_arg, line, sizeof(line)));
    if (memcmp(line, first_line, sizeof(line)) != 0) {
        return broken(ctx, "it does not begin as one, or is of a newer program");
    }
    TRY(in_u8(ctx, &in, &what));
    for (; what == 'T'; tables++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(walk_table(ctx, &in, row, row_arg));
        arena_reset(ctx->arena, mark);
        TRY(in_u8(ctx, &in, &what));
    }
    TRY(what == 'Z' ? in_u32(ctx, &in, &told) : broken(ctx, "it has no end"));
    return told == tables ? ERR_OK : broken(ctx, "it has more or fewer tables than it says");
}

struct copy_cell copy_cell_of(const struct copy_table *table, const struct copy_cell *cells,
                              struct str column)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (str_equal(table->columns[i], column)) {
            return cells[i];
        }
    }
    return (struct copy_cell){.type = COPY_NULL};
}

/* ---- filling ---- */

struct fill {
    struct db *db;
    struct str own_digest; /* of the views as this program defines them */
    bool views_differ;
    bool version_seen;
    int64_t rows;
    int64_t uncommitted;
    /* the INSERT that is being gathered */
    const struct store_table *table; /* NULL: rows of a table that is left out */
    char name[NAME_MAX_BYTES];       /* of the table in the copy */
    size_t name_n;
    struct arena *gather;
    struct str *values; /* of each column of each row; an INTEGER lies in it as a maybe_int */
    size_t gathered;    /* rows */
    size_t bytes;
};

static struct str insert_text(struct arena *a, const struct store_table *t, size_t rows, char mark)
{
    struct buf b = buf_new(a, 0);
    size_t n = 0;
    buf_format(&b, "INSERT INTO %s (", t->name);
    for (size_t i = 0; i < t->column_count; i++) {
        buf_format(&b, "%s%s", i == 0 ? "" : ", ", t->columns[i].name);
    }
    buf_puts(&b, ") VALUES ");
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < t->column_count; i++) {
            buf_format(&b, "%s%c%zu", i > 0 ? ", " : r == 0 ? "(" : ", (", mark, ++n);
        }
        buf_byte(&b, ')');
    }
    return buf_str(&b);
}

static enum err fill_flush(struct ctx *ctx, struct fill *f)
{
    if (f->gathered == 0) {
        return ERR_OK;
    }
    size_t count = f->gathered * f->table->column_count;
    struct cell *cells = ARENA_ARRAY(f->gather, struct cell, count);
    for (size_t i = 0; i < count; i++) {
        cells[i] = (struct cell){(uint16_t)(i * sizeof(struct str)),
                                 f->table->columns[i % f->table->column_count].type, true};
    }
    bool pg = store_is_postgres(f->db->store);
    const char *sql =
        str_z(f->gather, insert_text(f->gather, f->table, f->gathered, pg ? '$' : '?'));
    struct statement st = {.name = f->table->name,
                           .sqlite = sql,
                           .pg = sql,
                           .params = cells,
                           .param_count = (uint16_t)count,
                           .index = STATEMENT_UNCACHED};
    TRY(db_write(ctx, f->db, &st, f->values));
    f->rows += (int64_t)f->gathered;
    f->uncommitted += (int64_t)f->gathered;
    f->gathered = 0;
    f->bytes = 0;
    f->values = NULL;
    /* The log of SQLite does not grow for ever; in a database all of it comes at once or not. */
    if (f->uncommitted >= ROWS_OF_COMMIT && !pg) {
        f->uncommitted = 0;
        TRY(db_commit(ctx, f->db));
        TRY(db_begin(ctx, f->db));
    }
    arena_clear(f->gather);
    return ERR_OK;
}
_Static_assert(PARAMS_OF_INSERT * sizeof(struct str) <= UINT16_MAX, "a cell's offset has 16 bits");
_Static_assert(COLUMNS_MAX <= PARAMS_OF_INSERT, "an INSERT takes at least one row");

/* PostgreSQL numbers rows by a counter of its own, which knows nothing of rows that came numbered.
 */
static enum err counter_set(struct ctx *ctx, struct db *db, const struct store_table *t)
{
    if (!store_is_postgres(db->store) ||
        str_find(str_from(t->pg[0]), STR("GENERATED")) == SIZE_MAX) {
        return ERR_OK;
    }
    const char *key = "";
    for (size_t i = 0; i < t->column_count; i++) {
        key = t->columns[i].key == 1 ? t->columns[i].name : key;
    }
    struct str sql = str_format(ctx->arena,
                                "SELECT setval(pg_get_serial_sequence('%s', '%s'), "
                                "(SELECT COALESCE(MAX(%s), 0) + 1 FROM %s), false)",
                                t->name, key, key, t->name);
    return db->store->engine->exec(ctx, db, str_z(ctx->arena, sql));
}

static enum err fill_table_end(struct ctx *ctx, struct fill *f)
{
    if (f->table != NULL) {
        TRY(fill_flush(ctx, f));
        TRY(counter_set(ctx, f->db, f->table));
    }
    f->table = NULL;
    return ERR_OK;
}

static enum err fill_table_begin(struct ctx *ctx, struct fill *f, const struct copy_table *table)
{
    const struct store_table *t = store_table_find(table->name);
    TRY(fill_table_end(ctx, f));
    memcpy(f->name, table->name.p, table->name.n);
    f->name_n = table->name.n;
    if (t == NULL && f->views_differ) {
        return ERR_OK; /* a view that this program does not have */
    }
    bool same = t != NULL && t->column_count == table->column_count;
    for (size_t i = 0; same && i < t->column_count; i++) {
        same = str_equal(str_from(t->columns[i].name), table->columns[i]);
    }
    if (t != NULL && !t->is_kept && f->views_differ) {
        return ERR_OK;
    }
    if (!same) {
        return fault(ctx, ERR_VERSION, "the copy's table %.*s is not as this program knows it",
                     FMT(table->name));
    }
    f->table = t->is_copied ? t : NULL;
    return ERR_OK;
}

/* What the store that was copied said of itself. */
static enum err fill_meta(struct ctx *ctx, struct fill *f, struct str name, struct str value)
{
    if (str_equal(name, STR("version"))) {
        f->version_seen = true;
        return str_equal(value, str_format(ctx->arena, "%d", store_version()))
                   ? ERR_OK
                   : fault(ctx, ERR_VERSION,
                           "the copy is of data version %.*s, this program writes %d: restore it "
                           "with the program that made it, then start the newer one",
                           FMT(value), store_version());
    }
    if (str_equal(name, STR("views_digest"))) {
        f->views_differ = !str_equal(value, f->own_digest);
        return ERR_OK;
    }
    if (str_equal(name, STR("view_tables"))) {
        return ERR_OK; /* those that were just made, not those of the program that made the copy */
    }
    return store_meta_put(ctx, f->db, (struct store_meta_put_in){name, value});
}

static enum err fill_row(struct ctx *ctx, void *arg, const struct copy_table *table,
                         const struct copy_cell *cells)
{
    struct fill *f = arg;
    if (str_equal(table->name, STR("store_meta"))) {
        return fill_meta(ctx, f, copy_cell_of(table, cells, STR("name")).text,
                         copy_cell_of(table, cells, STR("value")).text);
    }
    if (!f->version_seen) {
        return broken(ctx, "it does not say of which data version it is");
    }
    if (!str_equal((struct str){f->name, f->name_n}, table->name)) {
        TRY(fill_table_begin(ctx, f, table));
    }
    if (f->table == NULL) {
        return ERR_OK;
    }
    const struct store_table *t = f->table;
    size_t most = PARAMS_OF_INSERT / t->column_count;
    if (f->values == NULL) {
        f->values = ARENA_ARRAY(f->gather, struct str, most * t->column_count);
    }
    struct str *to = f->values + f->gathered * t->column_count;
    for (size_t i = 0; i < t->column_count; i++) {
        static const enum copy_type of_cell[] = {
            [CELL_INT] = COPY_INT, [CELL_TEXT] = COPY_TEXT, [CELL_BLOB] = COPY_BYTES};
        if (cells[i].type != COPY_NULL && cells[i].type != of_cell[t->columns[i].type]) {
            return broken(ctx, "a cell is of another type than its column");
        }
        if (cells[i].type == COPY_INT) {
            struct maybe_int v = {true, cells[i].number};
            memcpy(&to[i], &v, sizeof(v));
        } else if (cells[i].type != COPY_NULL) {
            to[i] = str_copy(f->gather, cells[i].text);
            to[i].p = to[i].n == 0 ? "" : to[i].p;
            f->bytes += cells[i].text.n;
        }
    }
    f->gathered++;
    return f->gathered == most || f->bytes > BYTES_OF_INSERT ? fill_flush(ctx, f) : ERR_OK;
}

static enum err fill_all(struct ctx *ctx, struct fill *f, copy_get *get, void *get_arg,
                         size_t max_cell)
{
    TRY(copy_walk(ctx, get, get_arg, max_cell, fill_row, f));
    TRY(fill_table_end(ctx, f));
    if (!f->version_seen) {
        return broken(ctx, "it does not say of which data version it is");
    }
    return f->views_differ
               ? store_meta_put(ctx, f->db, (struct store_meta_put_in){STR("views"), STR("stale")})
               : ERR_OK;
}

enum err copy_fill(struct ctx *ctx, struct store *s, copy_get *get, void *get_arg, size_t max_cell,
                   int64_t *ret_rows)
{
    struct fill f = {.db = store_writer(s)};
    struct store_meta_get_row row = {0};
    bool found = false;
    TRY(store_meta_get(ctx, f.db, (struct store_meta_get_in){STR("views_digest")}, &row, &found));
    f.own_digest = row.value;
    f.gather = arena_new(2 * max_cell + 4 * BYTES_OF_INSERT);
    if (f.gather == NULL) {
        return fault(ctx, ERR_MEMORY, "no address space for rows of %zu bytes", max_cell);
    }
    enum err e = db_begin(ctx, f.db);
    e = e == ERR_OK ? fill_all(ctx, &f, get, get_arg, max_cell) : e;
    if (e == ERR_OK) {
        e = db_commit(ctx, f.db);
    } else {
        db_rollback(f.db);
    }
    arena_free(f.gather);
    *ret_rows = f.rows;
    return e;
}
