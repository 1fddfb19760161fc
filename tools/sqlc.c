/* sqlc.c - makes typed C functions of named SQL statements, and data of the schema.
 *
 * usage: sqlc OUT_DIR FILE...      FILE: src/ROOM/{schema,query,test_schema,test_query,steps}.sql
 *
 * All schemas are loaded into a database in memory and each statement is prepared against it, so a
 * wrong name stops the build with file and line. What comes out: ROOM_sql.[ch] (and
 * ROOM_test_sql.[ch], linked into tests only) with a parameter struct, a row struct and a function
 * for each statement; store_gen.c and store_test_gen.c with the statement list, the tables, the
 * steps. The forms of the files are told in src/store/README.md. A file is written only when its
 * text changes.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"

enum {
    MAX_FILES = 200,
    MAX_STATEMENTS = 2000,
    MAX_TABLES = 400,
    MAX_COLUMNS = 4000,
    MAX_CELLS = 100,
    MAX_INDEXES = 16
};

enum type { TYPE_NONE, TYPE_INT, TYPE_TEXT, TYPE_BLOB };
static const char *const type_cell[] = {"", "CELL_INT", "CELL_TEXT", "CELL_BLOB"};

enum kind { KIND_ROW, KIND_ROWS, KIND_WRITE, KIND_COUNT };
static const char *const kind_name[] = {":row", ":rows", ":write", ":count"};

struct cell {
    struct str name;
    enum type type;
    bool may_be_null;
};

struct source {
    struct str path;
    struct str room;
    struct str base; /* "schema", "test_query", … */
    struct str text;
    bool is_test;
};

struct column {
    struct str table;
    struct cell cell;
    int key;
    bool is_test;
};

struct table {
    struct str name;
    struct str room;
    bool is_test;
    bool is_kept;
    bool stays;
    struct str sqlite[MAX_INDEXES];
    struct str pg[MAX_INDEXES];
    size_t ddl_count;
};

struct statement {
    const struct source *src;
    uint32_t line;
    struct str name;
    struct str about;
    enum kind kind;
    struct str text; /* as written, without comments */
    struct str pg_text;
    struct str sqlite;
    struct str pg;
    struct cell params[MAX_CELLS];
    size_t param_count;
    struct cell hints[MAX_CELLS]; /* AS name$type */
    size_t hint_count;
    struct cell columns[MAX_CELLS];
    size_t column_count;
};

struct maker {
    struct ctx *ctx;
    struct arena *arena;
    sqlite3 *db;
    const char *out;
    struct source *sources;
    size_t source_count;
    struct table *tables;
    size_t table_count;
    struct column *columns;
    size_t column_count;
    struct statement *statements;
    size_t statement_count;
};

_Noreturn static void stop(const struct source *src, uint32_t line, const char *format, ...)
    PRINTF(3, 4);
_Noreturn static void stop(const struct source *src, uint32_t line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%.*s:%u: ", FMT(src->path), line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* ---- tokens: the little of SQL that must be known ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_BLANK,
    TOKEN_COMMENT,
    TOKEN_WORD,
    TOKEN_QUOTED,
    TOKEN_PARAM,
    TOKEN_OTHER
};

struct token {
    enum token_kind kind;
    struct str text;
};

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static size_t word_end(struct str s, size_t at)
{
    while (at < s.n && is_word(s.p[at])) {
        at++;
    }
    return at;
}

static size_t quote_end(struct str s, size_t at)
{
    char quote = s.p[at++];
    while (at < s.n && s.p[at] != quote) {
        at++;
    }
    return at < s.n ? at + 1 : at;
}

static struct token token_next(struct str s, size_t *at)
{
    size_t from = *at;
    if (from >= s.n) {
        return (struct token){TOKEN_END, {0}};
    }
    char c = s.p[from];
    char next = from + 1 < s.n ? s.p[from + 1] : 0;
    size_t to = from + 1;
    enum token_kind kind = TOKEN_OTHER;
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        kind = TOKEN_BLANK;
    } else if (c == '-' && next == '-') {
        kind = TOKEN_COMMENT;
        while (to < s.n && s.p[to] != '\n') {
            to++;
        }
    } else if (is_word_start(c) || (c >= '0' && c <= '9')) {
        kind = TOKEN_WORD;
        to = word_end(s, from);
    } else if (c == '\'' || c == '"') {
        kind = TOKEN_QUOTED;
        to = quote_end(s, from);
    } else if (c == ':' && is_word_start(next)) {
        kind = TOKEN_PARAM;
        to = word_end(s, from + 1);
    } else if (c == ':' && next == ':') {
        to = from + 2;
    }
    *at = to;
    return (struct token){kind, {s.p + from, to - from}};
}

static bool is_keyword(struct token t, const char *word)
{
    return t.kind == TOKEN_WORD && str_equal_nocase(t.text, str_from(word));
}

static bool mentions(struct str text, struct str word)
{
    size_t at = 0;
    for (struct token t = token_next(text, &at); t.kind != TOKEN_END; t = token_next(text, &at)) {
        if (t.kind == TOKEN_WORD && str_equal(t.text, word)) {
            return true;
        }
    }
    return false;
}

static uint32_t line_of(struct str text, const char *p)
{
    uint32_t line = 1;
    for (const char *q = text.p; q < p; q++) {
        line += *q == '\n';
    }
    return line;
}

/* "total$int_null" is a name and a type. True when a type is written. */
static bool split_type(const struct source *src, uint32_t line, struct str word, struct cell *ret)
{
    static const struct {
        struct str suffix;
        enum type type;
        bool may_be_null;
    } rows[] = {
        {STR_INIT("int"), TYPE_INT, false},       {STR_INIT("text"), TYPE_TEXT, false},
        {STR_INIT("blob"), TYPE_BLOB, false},     {STR_INIT("int_null"), TYPE_INT, true},
        {STR_INIT("text_null"), TYPE_TEXT, true}, {STR_INIT("blob_null"), TYPE_BLOB, true},
    };
    struct str suffix = {0};
    struct str name = str_cut(word, '$', &suffix);
    *ret = (struct cell){.name = name};
    if (name.n == word.n) {
        return false;
    }
    for (size_t i = 0; i < LEN(rows); i++) {
        if (str_equal(rows[i].suffix, suffix)) {
            ret->type = rows[i].type;
            ret->may_be_null = rows[i].may_be_null;
            return true;
        }
    }
    stop(src, line, "unknown type $%.*s: use $int, $text, $blob, or the same with _null",
         FMT(suffix));
}

/* ---- schema ---- */

static enum type type_of(struct str declared)
{
    return str_equal_nocase(declared, STR("INTEGER")) ? TYPE_INT
           : str_equal_nocase(declared, STR("TEXT"))  ? TYPE_TEXT
           : str_equal_nocase(declared, STR("BLOB"))  ? TYPE_BLOB
                                                      : TYPE_NONE;
}

/* One statement of a schema or step file: without comments, blanks made one. */
struct piece {
    struct str text;
    uint32_t line;
    bool is_kept;
    bool stays; /* "-- kept, not copied" above it */
    int step;   /* "-- 3 …" above it; 0 when none */
};

static void note_comment(struct piece *piece, struct str comment)
{
    struct str body = str_trim(str_slice(comment, 2, comment.n));
    struct str rest = {0};
    uint64_t step = 0;
    piece->is_kept = piece->is_kept || str_starts(body, STR("kept"));
    piece->stays = piece->stays || str_starts(body, STR("kept, not copied"));
    if (str_to_u64(str_cut(body, ' ', &rest), &step)) {
        piece->step = (int)step;
    }
}

/* Read up to the next ';'. False at the end of the text. */
static bool piece_next(struct maker *m, const struct source *src, size_t *at, struct piece *ret)
{
    struct buf b = buf_new(m->arena, 0);
    struct piece piece = {0};
    for (;;) {
        const char *here = src->text.p + *at;
        struct token t = token_next(src->text, at);
        if (t.kind == TOKEN_END || (t.kind == TOKEN_OTHER && t.text.p[0] == ';')) {
            piece.text = str_trim(buf_str(&b));
            if (t.kind == TOKEN_END && piece.text.n > 0) {
                stop(src, piece.line, "the statement has no ';' at its end");
            }
            *ret = piece;
            return t.kind != TOKEN_END;
        }
        if (t.kind == TOKEN_COMMENT) {
            note_comment(&piece, t.text);
        } else if (t.kind == TOKEN_BLANK) {
            if (b.n > 0 && b.p[b.n - 1] != ' ') {
                buf_byte(&b, ' ');
            }
        } else {
            piece.line = piece.line == 0 ? line_of(src->text, here) : piece.line;
            buf_put(&b, t.text);
        }
    }
}

/* The dialect of PostgreSQL: other type names, no table options, text ordered by bytes. */
static struct str ddl_for_pg(struct maker *m, struct str text)
{
    static const struct {
        const char *from;
        const char *to;
    } words[] = {
        {"INTEGER", "BIGINT"}, {"TEXT", "TEXT COLLATE \"C\""},
        {"BLOB", "BYTEA"},     {"STRICT", ""},
        {"WITHOUT", ""},       {"ROWID", ""},
    };
    struct buf b = buf_new(m->arena, 0);
    size_t at = 0;
    int depth = 0;
    bool is_table = str_find(text, STR("TABLE")) != SIZE_MAX;
    for (struct token t = token_next(text, &at); t.kind != TOKEN_END; t = token_next(text, &at)) {
        struct str out = t.text;
        depth += t.kind == TOKEN_OTHER ? (t.text.p[0] == '(') - (t.text.p[0] == ')') : 0;
        struct str rest = str_slice(text, at, text.n);
        if (is_keyword(t, "INTEGER") && str_starts(rest, STR(" PRIMARY KEY"))) {
            out = STR("BIGINT GENERATED BY DEFAULT AS IDENTITY");
        } else {
            for (size_t i = 0; i < LEN(words); i++) {
                /* A type is written large; a column may bear its name, written small. */
                bool type =
                    is_keyword(t, words[i].from) && str_equal(t.text, str_from(words[i].from));
                out = type ? str_from(words[i].to) : out;
            }
        }
        bool after_table = is_table && depth == 0 && t.kind == TOKEN_OTHER && t.text.p[0] == ',';
        buf_put(&b, after_table ? (struct str){0} : out);
    }
    return str_trim(buf_str(&b));
}

static struct str with_if_absent(struct maker *m, struct str text, const char *head)
{
    size_t n = strlen(head);
    return str_format(m->arena, "%s IF NOT EXISTS%.*s", head, FMT(str_slice(text, n, text.n)));
}

static struct table *table_named(struct maker *m, struct str name)
{
    for (size_t i = 0; i < m->table_count; i++) {
        if (str_equal(m->tables[i].name, name)) {
            return &m->tables[i];
        }
    }
    return NULL;
}

static struct str first_word(struct str s)
{
    size_t at = 0;
    struct token t = token_next(s, &at);
    while (t.kind == TOKEN_BLANK) {
        t = token_next(s, &at);
    }
    return t.kind == TOKEN_WORD ? t.text : (struct str){0};
}

static void schema_run(struct maker *m, const struct source *src, const struct piece *piece)
{
    char *message = NULL;
    if (sqlite3_exec(m->db, str_z(m->arena, piece->text), NULL, NULL, &message) != SQLITE_OK) {
        stop(src, piece->line, "%s", message);
    }
}

static void schema_table(struct maker *m, const struct source *src, const struct piece *piece)
{
    struct str text = piece->text;
    if (!str_ends(text, STR("STRICT"))) {
        stop(src, piece->line,
             "a table ends in STRICT (on both engines a column then keeps its type)");
    }
    if (mentions(text, STR("REFERENCES")) || mentions(text, STR("AUTOINCREMENT"))) {
        stop(src, piece->line,
             "no REFERENCES (tables are made and dropped in order of name) and no AUTOINCREMENT");
    }
    must(m->table_count < MAX_TABLES);
    struct table *t = &m->tables[m->table_count++];
    t->name = first_word(str_slice(text, strlen("CREATE TABLE"), text.n));
    t->room = src->room;
    t->is_test = src->is_test;
    t->is_kept = piece->is_kept;
    t->stays = piece->stays;
    t->sqlite[0] = with_if_absent(m, text, "CREATE TABLE");
    t->pg[0] = ddl_for_pg(m, t->sqlite[0]);
    t->ddl_count = 1;
}

static void schema_index(struct maker *m, const struct source *src, const struct piece *piece,
                         const char *head)
{
    struct str text = piece->text;
    size_t on = str_find(text, STR(" ON "));
    struct table *t =
        on == SIZE_MAX ? NULL : table_named(m, first_word(str_slice(text, on + 4, text.n)));
    if (t == NULL || !str_equal(t->room, src->room) || t->ddl_count == MAX_INDEXES) {
        stop(src, piece->line, "an index stands below the table it is ON, at most %d a table",
             MAX_INDEXES - 1);
    }
    t->sqlite[t->ddl_count] = with_if_absent(m, text, head);
    t->pg[t->ddl_count] = t->sqlite[t->ddl_count];
    t->ddl_count++;
}

static void schema_load(struct maker *m, const struct source *src)
{
    size_t at = 0;
    struct piece piece;
    while (piece_next(m, src, &at, &piece)) {
        schema_run(m, src, &piece);
        if (str_starts(piece.text, STR("CREATE TABLE "))) {
            schema_table(m, src, &piece);
        } else if (str_starts(piece.text, STR("CREATE UNIQUE INDEX "))) {
            schema_index(m, src, &piece, "CREATE UNIQUE INDEX");
        } else if (str_starts(piece.text, STR("CREATE INDEX "))) {
            schema_index(m, src, &piece, "CREATE INDEX");
        } else {
            stop(src, piece.line,
                 "a schema holds CREATE TABLE, CREATE INDEX and CREATE UNIQUE INDEX, nothing else");
        }
    }
}

/* Words PostgreSQL keeps for itself and SQLite does not. */
static bool is_reserved(struct str name)
{
    static const char *const words[] = {
        "analyse", "any",       "array",    "both",    "do",        "end",    "fetch",
        "for",     "grant",     "lateral",  "leading", "localtime", "only",   "placing",
        "some",    "symmetric", "trailing", "user",    "variadic",  "window", "offset"};
    for (size_t i = 0; i < LEN(words); i++) {
        if (str_equal_nocase(name, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

static void columns_load(struct maker *m, struct table *t)
{
    sqlite3_stmt *st = NULL;
    struct str sql = str_format(m->arena, "PRAGMA table_info(%.*s)", FMT(t->name));
    must(sqlite3_prepare_v2(m->db, sql.p, (int)sql.n, &st, NULL) == SQLITE_OK);
    const struct source where = {.path = t->room};
    while (sqlite3_step(st) == SQLITE_ROW) {
        must(m->column_count < MAX_COLUMNS);
        struct column *c = &m->columns[m->column_count++];
        c->table = t->name;
        c->is_test = t->is_test;
        c->cell.name = str_copy(m->arena, str_from((const char *)sqlite3_column_text(st, 1)));
        c->cell.type = type_of(str_from((const char *)sqlite3_column_text(st, 2)));
        c->key = sqlite3_column_int(st, 5);
        c->cell.may_be_null = sqlite3_column_int(st, 3) == 0 && c->key == 0;
        if (c->cell.type == TYPE_NONE || is_reserved(c->cell.name)) {
            stop(&where, 0,
                 "%.*s.%.*s: a column is INTEGER, TEXT or BLOB, and no reserved word of PostgreSQL",
                 FMT(t->name), FMT(c->cell.name));
        }
    }
    sqlite3_finalize(st);
}

/* ---- queries ---- */

static struct statement *statement_named(struct maker *m, struct str name)
{
    for (size_t i = 0; i < m->statement_count; i++) {
        if (str_equal(m->statements[i].name, name)) {
            return &m->statements[i];
        }
    }
    return NULL;
}

struct header {
    bool is_header;
    bool is_pg;
    struct str name;
    struct str kind;
    struct str about;
};

/* "-- name :kind  sentence" or "-- name @pg  sentence"; anything else is a remark. */
static struct header header_read(struct str comment)
{
    struct header h = {0};
    struct str rest = {0};
    h.name = str_cut(str_trim(str_slice(comment, 2, comment.n)), ' ', &rest);
    h.kind = str_cut(str_trim(rest), ' ', &rest);
    h.about = str_trim(rest);
    h.is_pg = str_equal(h.kind, STR("@pg"));
    h.is_header = h.name.n > 0 && word_end(h.name, 0) == h.name.n &&
                  (h.is_pg || str_starts(h.kind, STR(":")));
    return h;
}

static struct statement *statement_new(struct maker *m, const struct source *src, uint32_t line,
                                       const struct header *h)
{
    if (statement_named(m, h->name) != NULL) {
        stop(src, line, "%.*s is there already", FMT(h->name));
    }
    if (h->about.n == 0) {
        stop(src, line, "%.*s lacks its sentence: -- name :kind  what it gives", FMT(h->name));
    }
    must(m->statement_count < MAX_STATEMENTS);
    struct statement *st = &m->statements[m->statement_count++];
    st->src = src;
    st->line = line;
    st->name = h->name;
    st->about = h->about;
    for (size_t i = 0; i < LEN(kind_name); i++) {
        if (str_equal(h->kind, str_from(kind_name[i]))) {
            st->kind = (enum kind)i;
            return st;
        }
    }
    stop(src, line, "unknown kind %.*s: use :row, :rows, :write or :count", FMT(h->kind));
}

static void queries_load(struct maker *m, const struct source *src)
{
    size_t at = 0;
    struct statement *st = NULL;
    bool is_pg = false;
    struct buf b = buf_new(m->arena, 0);
    for (;;) {
        const char *here = src->text.p + at;
        struct token t = token_next(src->text, &at);
        uint32_t line = line_of(src->text, here);
        struct header h = t.kind == TOKEN_COMMENT ? header_read(t.text) : (struct header){0};
        if (h.is_header || t.kind == TOKEN_END) {
            if (st != NULL) {
                stop(src, st->line, "%.*s has no ';' at its end", FMT(st->name));
            }
            if (t.kind == TOKEN_END) {
                return;
            }
            is_pg = h.is_pg;
            st = is_pg ? statement_named(m, h.name) : statement_new(m, src, line, &h);
            if (st == NULL) {
                stop(src, line, "%.*s @pg stands below the statement it replaces", FMT(h.name));
            }
        } else if (t.kind == TOKEN_OTHER && t.text.p[0] == ';') {
            if (st == NULL) {
                stop(src, line, "a statement stands below its header: -- name :kind  sentence");
            }
            *(is_pg ? &st->pg_text : &st->text) = str_trim(str_copy(m->arena, buf_str(&b)));
            b = buf_new(m->arena, 0);
            st = NULL;
        } else if (t.kind == TOKEN_BLANK && b.n > 0 && b.p[b.n - 1] != ' ') {
            buf_byte(&b, ' ');
        } else if (t.kind != TOKEN_BLANK && t.kind != TOKEN_COMMENT) {
            if (st == NULL) {
                stop(src, line, "a statement stands below its header: -- name :kind  sentence");
            }
            buf_put(&b, t.text);
        }
    }
}

/* The type of a parameter: that of the columns of its name, in the statement's tables when they
 * have one. It may be NULL only when every such column may. */
static void param_infer(struct maker *m, const struct statement *st, struct cell *param)
{
    bool clash = false;
    for (int near = 1; near >= 0 && param->type == TYPE_NONE; near--) {
        for (size_t i = 0; i < m->column_count; i++) {
            const struct column *c = &m->columns[i];
            if (!str_equal(c->cell.name, param->name) || c->is_test > st->src->is_test ||
                (near == 1 && !mentions(st->text, c->table))) {
                continue;
            }
            clash = clash || (param->type != TYPE_NONE && param->type != c->cell.type);
            param->may_be_null =
                c->cell.may_be_null && (param->type == TYPE_NONE || param->may_be_null);
            param->type = c->cell.type;
        }
    }
    if (param->type == TYPE_NONE || clash) {
        stop(st->src, st->line,
             "%.*s: :%.*s is named like %s column: write :%.*s$int, $text or $blob", FMT(st->name),
             FMT(param->name), clash ? "more than one type of" : "no", FMT(param->name));
    }
}

static size_t cell_find(const struct cell *cells, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(cells[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static size_t param_at(struct maker *m, struct statement *st, struct str word, bool may_add)
{
    struct cell cell;
    bool typed = split_type(st->src, st->line, word, &cell);
    size_t i = cell_find(st->params, st->param_count, cell.name);
    if (i == SIZE_MAX) {
        if (!may_add || st->param_count == MAX_CELLS) {
            stop(st->src, st->line, "%.*s: :%.*s is not in the first form of the statement",
                 FMT(st->name), FMT(cell.name));
        }
        if (!typed) {
            param_infer(m, st, &cell);
        }
        i = st->param_count++;
        st->params[i] = cell;
    }
    return i;
}

/* Put numbers for parameters, take type suffixes away. */
static struct str statement_text(struct maker *m, struct statement *st, struct str text, char mark,
                                 bool may_add)
{
    struct buf b = buf_new(m->arena, 0);
    size_t at = 0;
    for (struct token t = token_next(text, &at); t.kind != TOKEN_END; t = token_next(text, &at)) {
        if (t.kind == TOKEN_PARAM) {
            buf_format(&b, "%c%zu", mark,
                       param_at(m, st, str_slice(t.text, 1, t.text.n), may_add) + 1);
            continue;
        }
        struct cell hint = {0};
        if (t.kind == TOKEN_WORD && split_type(st->src, st->line, t.text, &hint)) {
            must(st->hint_count < MAX_CELLS);
            st->hints[st->hint_count++] = hint;
            t.text = hint.name;
        }
        buf_put(&b, t.text);
    }
    return str_copy(m->arena, buf_str(&b));
}

static void column_infer(struct maker *m, struct statement *st, sqlite3_stmt *prepared, int i)
{
    struct cell *c = &st->columns[st->column_count++];
    c->name = str_copy(m->arena, str_from(sqlite3_column_name(prepared, i)));
    if (word_end(c->name, 0) != c->name.n ||
        cell_find(st->columns, st->column_count - 1, c->name) != SIZE_MAX) {
        stop(st->src, st->line, "%.*s: name column %d once: AS name", FMT(st->name), i + 1);
    }
    size_t hint = cell_find(st->hints, st->hint_count, c->name);
    if (hint != SIZE_MAX) {
        *c = st->hints[hint];
        return;
    }
    c->type = type_of(str_from(sqlite3_column_decltype(prepared, i)));
    if (c->type == TYPE_NONE) {
        stop(st->src, st->line,
             "%.*s: column %.*s is an expression: write AS %.*s$int, $text or $blob", FMT(st->name),
             FMT(c->name), FMT(c->name));
    }
    struct str table = str_from(sqlite3_column_table_name(prepared, i));
    struct str origin = str_from(sqlite3_column_origin_name(prepared, i));
    for (size_t k = 0; k < m->column_count; k++) {
        const struct column *from = &m->columns[k];
        if (str_equal(from->table, table) && str_equal(from->cell.name, origin)) {
            c->may_be_null = from->cell.may_be_null;
        }
    }
}

/* A table is written by its own room alone; tests may write any. */
struct writes {
    struct maker *m;
    const struct statement *st;
};

static int write_check(void *arg, int action, const char *table, const char *b UNUSED,
                       const char *c UNUSED, const char *d UNUSED)
{
    const struct writes *w = arg;
    bool writes = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
    const struct table *t = writes ? table_named(w->m, str_from(table)) : NULL;
    if (t != NULL && !w->st->src->is_test && !str_equal(t->room, w->st->src->room)) {
        stop(w->st->src, w->st->line, "%.*s: %s belongs to room %.*s: ask that room to write it",
             FMT(w->st->name), table, FMT(t->room));
    }
    return SQLITE_OK;
}

static void statement_check(struct maker *m, struct statement *st)
{
    st->sqlite = statement_text(m, st, st->text, '?', true);
    st->pg = statement_text(m, st, st->pg_text.n > 0 ? st->pg_text : st->text, '$', false);
    if (st->pg_text.n == 0 &&
        (str_starts(st->text, STR("INSERT OR")) || str_starts(st->text, STR("REPLACE")))) {
        stop(st->src, st->line, "%.*s: write INSERT … ON CONFLICT, which both engines know",
             FMT(st->name));
    }
    sqlite3_stmt *prepared = NULL;
    const char *tail = NULL;
    struct writes writes = {m, st};
    sqlite3_set_authorizer(m->db, write_check, &writes);
    if (sqlite3_prepare_v2(m->db, st->sqlite.p, (int)st->sqlite.n, &prepared, &tail) != SQLITE_OK) {
        stop(st->src, st->line, "%.*s: %s", FMT(st->name), sqlite3_errmsg(m->db));
    }
    sqlite3_set_authorizer(m->db, NULL, NULL);
    int columns = sqlite3_column_count(prepared);
    bool reads = st->kind == KIND_ROW || st->kind == KIND_ROWS;
    if (reads != (columns > 0) || columns > MAX_CELLS) {
        stop(st->src, st->line, "%.*s: %s", FMT(st->name),
             reads ? "a :row or :rows gives columns" : "a :write or :count gives no columns");
    }
    if (!reads && sqlite3_stmt_readonly(prepared)) {
        stop(st->src, st->line, "%.*s: it writes nothing", FMT(st->name));
    }
    for (int i = 0; i < columns; i++) {
        column_infer(m, st, prepared, i);
    }
    sqlite3_finalize(prepared);
}

/* ---- writing C ---- */

static void put_literal(struct buf *b, struct str s)
{
    buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') {
            buf_byte(b, '\\');
        }
        buf_byte(b, s.p[i]);
    }
    buf_byte(b, '"');
}

/* A column may be named like a word of C. */
static const char *field_name(struct maker *m, struct str name)
{
    static const char *const words[] = {
        "auto",   "break",    "char",    "const", "continue", "default", "do",
        "double", "enum",     "extern",  "float", "for",      "goto",    "int",
        "long",   "register", "return",  "short", "signed",   "sizeof",  "static",
        "struct", "switch",   "typedef", "union", "unsigned", "void",    "volatile"};
    for (size_t i = 0; i < LEN(words); i++) {
        if (str_equal(name, str_from(words[i]))) {
            return str_format(m->arena, "%s_", words[i]).p;
        }
    }
    return str_z(m->arena, name);
}

static void put_struct(struct maker *m, struct buf *b, struct str name, const char *end,
                       const struct cell *cells, size_t count)
{
    if (count == 0) {
        return;
    }
    buf_format(b, "struct %.*s_%s {\n", FMT(name), end);
    for (size_t i = 0; i < count; i++) {
        const char *type = cells[i].type != TYPE_INT ? "struct str"
                           : cells[i].may_be_null    ? "struct maybe_int"
                                                     : "int64_t";
        buf_format(b, "    %s %s;%s\n", type, field_name(m, cells[i].name),
                   cells[i].may_be_null && cells[i].type != TYPE_INT ? " /* p == NULL: NULL */"
                                                                     : "");
    }
    buf_puts(b, "};\n");
}

static void put_signature(struct buf *b, const struct statement *st)
{
    static const char *const outs[] = {
        ", struct %.*s_row *ret, bool *ret_found",
        ", struct %.*s_row **ret, size_t *ret_count",
        "",
        ", int64_t *ret_changed",
    };
    buf_format(b, "enum err %.*s(struct ctx *ctx, struct db *db", FMT(st->name));
    if (st->param_count > 0) {
        buf_format(b, ", struct %.*s_in in", FMT(st->name));
    }
    struct str out = str_from(outs[st->kind]);
    size_t at = str_find(out, STR("%.*s"));
    if (at == SIZE_MAX) {
        buf_put(b, out);
    } else {
        buf_put(b, str_slice(out, 0, at));
        buf_put(b, st->name);
        buf_put(b, str_slice(out, at + 4, out.n));
    }
    buf_byte(b, ')');
}

static void put_cells(struct maker *m, struct buf *b, struct str name, const char *what,
                      const char *end, const struct cell *cells, size_t count)
{
    if (count == 0) {
        return;
    }
    buf_format(b, "static const struct cell %.*s_%s[] = {\n", FMT(name), what);
    for (size_t i = 0; i < count; i++) {
        buf_format(b, "    {offsetof(struct %.*s_%s, %s), %s, %s},\n", FMT(name), end,
                   field_name(m, cells[i].name), type_cell[cells[i].type],
                   cells[i].may_be_null ? "true" : "false");
    }
    buf_puts(b, "};\n");
}

static void put_definition(struct maker *m, struct buf *b, const struct statement *st)
{
    struct str n = st->name;
    size_t index = (size_t)(st - m->statements);
    put_cells(m, b, n, "params", "in", st->params, st->param_count);
    put_cells(m, b, n, "columns", "row", st->columns, st->column_count);
    buf_format(b,
               "const struct statement stmt_%.*s = {\n    .name = \"%.*s.%.*s\",\n    .sqlite = ",
               FMT(n), FMT(st->src->room), FMT(n));
    put_literal(b, st->sqlite);
    buf_puts(b, ",\n    .pg = ");
    put_literal(b, st->pg);
    buf_format(b, ",\n    .index = %zu,\n", index);
    if (st->param_count > 0) {
        buf_format(b, "    .params = %.*s_params,\n    .param_count = %zu,\n", FMT(n),
                   st->param_count);
    }
    if (st->column_count > 0) {
        buf_format(b,
                   "    .columns = %.*s_columns,\n    .column_count = %zu,\n    .row_bytes = "
                   "sizeof(struct %.*s_row),\n",
                   FMT(n), st->column_count, FMT(n));
    }
    buf_puts(b, "};\n");
    put_signature(b, st);
    const char *in = st->param_count > 0 ? "&in" : "NULL";
    switch (st->kind) {
    case KIND_ROW:
        buf_format(b, "\n{\n    return db_row(ctx, db, &stmt_%.*s, %s, ret, ret_found);\n}\n\n",
                   FMT(n), in);
        break;
    case KIND_ROWS:
        buf_format(b,
                   "\n{\n    void *rows = NULL;\n    TRY(db_rows(ctx, db, &stmt_%.*s, %s, &rows, "
                   "ret_count));\n"
                   "    *ret = rows;\n    return ERR_OK;\n}\n\n",
                   FMT(n), in);
        break;
    case KIND_WRITE:
        buf_format(b, "\n{\n    return db_write(ctx, db, &stmt_%.*s, %s);\n}\n\n", FMT(n), in);
        break;
    case KIND_COUNT:
        buf_format(b, "\n{\n    return db_count(ctx, db, &stmt_%.*s, %s, ret_changed);\n}\n\n",
                   FMT(n), in);
        break;
    }
}

static void file_put(struct maker *m, const char *name, const struct buf *b)
{
    const char *path = str_format(m->arena, "%s/%s", m->out, name).p;
    struct str old = {0};
    if (file_read(m->ctx, path, SIZE_MAX, &old) == ERR_OK && str_equal(old, buf_str(b))) {
        return;
    }
    if (file_write(m->ctx, path, buf_str(b), 0666) != ERR_OK) {
        fprintf(stderr, "sqlc: %.*s\n", FMT(m->ctx->why.detail));
        exit(1);
    }
}

static void write_room(struct maker *m, const struct source *src)
{
    const char *unit =
        str_format(m->arena, "%.*s%s_sql", FMT(src->room), src->is_test ? "_test" : "").p;
    struct buf h = buf_new(m->arena, 0);
    struct buf c = buf_new(m->arena, 0);
    buf_format(
        &h, "/* Made from %.*s by tools/sqlc.c. */\n#pragma once\n\n#include \"store/store.h\"\n",
        FMT(src->path));
    buf_format(
        &c,
        "/* Made from %.*s by tools/sqlc.c. */\n#include \"%s.h\"\n#include \"store/stmt.h\"\n\n",
        FMT(src->path), unit);
    for (size_t i = 0; i < m->statement_count; i++) {
        const struct statement *st = &m->statements[i];
        if (st->src != src) {
            continue;
        }
        buf_format(&h, "\n/* %.*s */\n", FMT(st->about));
        put_struct(m, &h, st->name, "in", st->params, st->param_count);
        put_struct(m, &h, st->name, "row", st->columns, st->column_count);
        put_signature(&h, st);
        buf_puts(&h, " MUST_USE;\n");
        put_definition(m, &c, st);
    }
    file_put(m, str_format(m->arena, "%s.h", unit).p, &h);
    file_put(m, str_format(m->arena, "%s.c", unit).p, &c);
}

static void put_texts(struct buf *b, const char *name, size_t index, const char *engine,
                      const struct str *texts, size_t count)
{
    buf_format(b, "static const char *const %s_%zu_%s[] = {\n", name, index, engine);
    for (size_t i = 0; i < count; i++) {
        buf_puts(b, "    ");
        put_literal(b, texts[i]);
        buf_puts(b, ",\n");
    }
    buf_puts(b, "    NULL,\n};\n");
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct table *)a)->name, ((const struct table *)b)->name);
}

static void put_table_parts(struct maker *m, struct buf *b, size_t index)
{
    const struct table *t = &m->tables[index];
    put_texts(b, "table", index, "sqlite", t->sqlite, t->ddl_count);
    put_texts(b, "table", index, "pg", t->pg, t->ddl_count);
    buf_format(b, "static const struct store_column table_%zu_columns[] = {\n", index);
    for (size_t i = 0; i < m->column_count; i++) {
        const struct column *c = &m->columns[i];
        if (str_equal(c->table, t->name)) {
            buf_format(b, "    {\"%.*s\", %s, %d},\n", FMT(c->cell.name), type_cell[c->cell.type],
                       c->key);
        }
    }
    buf_puts(b, "};\n");
}

static void put_tables(struct maker *m, struct buf *b, bool is_test, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].is_test == is_test) {
            put_table_parts(m, b, i);
        }
    }
    buf_format(b, "\nconst struct store_table %s[] = {\n", name);
    for (size_t i = 0; i < m->table_count; i++) {
        const struct table *t = &m->tables[i];
        if (t->is_test == is_test) {
            count++;
            buf_format(b,
                       "    {\"%.*s\", \"%.*s\", %s, %s, table_%zu_sqlite, table_%zu_pg, "
                       "table_%zu_columns,\n"
                       "     sizeof(table_%zu_columns) / sizeof(table_%zu_columns[0])},\n",
                       FMT(t->name), FMT(t->room), t->is_kept ? "true" : "false",
                       t->stays ? "false" : "true", i, i, i, i, i);
        }
    }
    buf_format(b, "};\nconst size_t %s_count = %zu;\n\n", name, count);
}

static void put_step(struct buf *b, size_t index, const struct piece *pieces, size_t count,
                     struct maker *m)
{
    struct str sqlite[MAX_CELLS];
    struct str pg[MAX_CELLS];
    for (size_t i = 0; i < count; i++) {
        sqlite[i] = pieces[i].text;
        pg[i] = ddl_for_pg(m, pieces[i].text);
    }
    put_texts(b, "step", index, "sqlite", sqlite, count);
    put_texts(b, "step", index, "pg", pg, count);
}

/* "-- 2 why" opens step 2; the statements below it are its own. Numbers go up by one from 2: data
 * version 1 is what schema.sql makes by itself. */
static void put_steps(struct maker *m, struct buf *b)
{
    struct buf rows = buf_new(m->arena, 0);
    size_t steps = 0;
    for (size_t f = 0; f < m->source_count; f++) {
        const struct source *src = &m->sources[f];
        struct piece pieces[MAX_CELLS];
        size_t count = 0;
        size_t at = 0;
        bool more = str_equal(src->base, STR("steps"));
        while (more) {
            struct piece piece;
            more = piece_next(m, src, &at, &piece);
            if ((piece.step != 0 || !more) && count > 0) {
                put_step(b, steps, pieces, count, m);
                buf_format(&rows, "    {%zu, step_%zu_sqlite, step_%zu_pg},\n", steps + 2, steps,
                           steps);
                steps++;
                count = 0;
            }
            if (more && ((piece.step != 0 && piece.step != (int)steps + 2) ||
                         (piece.step == 0 && count == 0))) {
                stop(src, piece.line, "steps are numbered from 2, upwards: expected -- %zu",
                     steps + 2);
            }
            if (more) {
                must(count < MAX_CELLS);
                pieces[count++] = piece;
            }
        }
    }
    buf_format(b, "\nconst struct store_step store_steps[] = {\n%.*s    {0, NULL, NULL},\n};\n",
               FMT(buf_str(&rows)));
    buf_format(b, "const size_t store_steps_count = %zu;\n\n", steps);
}

static void write_store(struct maker *m)
{
    struct buf b = buf_new(m->arena, 0);
    struct buf rows = buf_new(m->arena, 0);
    size_t count = 0;
    buf_puts(&b, "/* Made from the rooms' SQL by tools/sqlc.c. */\n#include \"store/stmt.h\"\n\n");
    for (size_t i = 0; i < m->statement_count; i++) {
        const struct statement *st = &m->statements[i];
        if (!st->src->is_test) {
            buf_format(&b, "extern const struct statement stmt_%.*s;\n", FMT(st->name));
            buf_format(&rows, "    &stmt_%.*s,\n", FMT(st->name));
            count++;
        }
    }
    buf_format(&b, "\nconst struct statement *const store_statements[] = {\n%.*s};\n",
               FMT(buf_str(&rows)));
    buf_format(
        &b,
        "const size_t store_statement_count = %zu;\nconst size_t store_statement_slots = %zu;\n\n",
        count, m->statement_count);
    put_tables(m, &b, false, "store_tables");
    put_steps(m, &b);
    file_put(m, "store_gen.c", &b);
    buf_clear(&b);
    buf_puts(&b, "/* Made from the tests' SQL by tools/sqlc.c. */\n#include \"store/stmt.h\"\n\n");
    put_tables(m, &b, true, "store_test_tables");
    file_put(m, "store_test_gen.c", &b);
}

/* ---- main ---- */

static void source_load(struct maker *m, const char *path)
{
    struct str p = str_from(path);
    must(m->source_count < MAX_FILES && str_starts(p, STR("src/")) && str_ends(p, STR(".sql")));
    struct source *src = &m->sources[m->source_count++];
    struct str rest = {0};
    src->path = p;
    src->room = str_cut(str_slice(p, 4, p.n - 4), '/', &rest);
    src->base = rest;
    src->is_test = str_starts(rest, STR("test_"));
    if (file_read(m->ctx, path, SIZE_MAX, &src->text) != ERR_OK) {
        stop(src, 0, "%.*s", FMT(m->ctx->why.detail));
    }
}

static void each_source(struct maker *m, const char *base,
                        void (*fn)(struct maker *m, const struct source *src))
{
    for (size_t i = 0; i < m->source_count; i++) {
        if (str_equal(m->sources[i].base, str_from(base))) {
            fn(m, &m->sources[i]);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: sqlc OUT_DIR src/ROOM/NAME.sql…\n", stderr);
        return 2;
    }
    struct arena *arena = arena_new((size_t)1 << 30);
    must(arena != NULL);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct maker m = {.ctx = &ctx, .arena = arena, .out = argv[1]};
    m.sources = ARENA_ARRAY(arena, struct source, MAX_FILES);
    m.tables = ARENA_ARRAY(arena, struct table, MAX_TABLES);
    m.columns = ARENA_ARRAY(arena, struct column, MAX_COLUMNS);
    m.statements = ARENA_ARRAY(arena, struct statement, MAX_STATEMENTS);
    must(sqlite3_open(":memory:", &m.db) == SQLITE_OK);
    for (int i = 2; i < argc; i++) {
        source_load(&m, argv[i]);
    }
    each_source(&m, "schema", schema_load);
    each_source(&m, "test_schema", schema_load);
    qsort(m.tables, m.table_count, sizeof(m.tables[0]), by_name);
    for (size_t i = 0; i < m.table_count; i++) {
        columns_load(&m, &m.tables[i]);
    }
    each_source(&m, "query", queries_load);
    each_source(&m, "test_query", queries_load);
    for (size_t i = 0; i < m.statement_count; i++) {
        statement_check(&m, &m.statements[i]);
    }
    each_source(&m, "query", write_room);
    each_source(&m, "test_query", write_room);
    write_store(&m);
    sqlite3_close(m.db);
    arena_free(arena);
    return 0;
}
