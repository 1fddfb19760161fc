/* migrate.c - from what a store holds to what this program knows.
 *
 * View tables can be filled from the ledger again, so a change of any of them makes all anew; kept
 * tables (ledger, vault, sessions, outbox) change only by the numbered steps of steps.sql. All of
 * it is one transaction.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/token.h"
#include "store/form.h"
#include "store/schema.h"
#include "store/store_in.h"
#include "store_sql.h"

static const char *const *ddl_of(const struct db *db, const struct store_table *t)
{
    return store_is_postgres(db->store) ? t->pg : t->sqlite;
}

static enum err exec_all(struct ctx *ctx, struct db *db, const char *const *sql)
{
    for (; *sql != NULL; sql++) {
        TRY(db->store->engine->exec(ctx, db, *sql));
    }
    return ERR_OK;
}

static struct schema program_schema(void)
{
    return (struct schema){store_tables, store_tables_count, store_steps, store_steps_count};
}

static int schema_version(const struct schema *s)
{
    return s->step_count == 0 ? 1 : s->steps[s->step_count - 1].version;
}

int store_version(void)
{
    struct schema s = program_schema();
    return schema_version(&s);
}

static enum err tables_make(struct ctx *ctx, struct db *db, const struct schema *schema, bool kept)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].is_kept == kept) {
            TRY(exec_all(ctx, db, ddl_of(db, &schema->tables[i])));
        }
    }
    return ERR_OK;
}

static enum err meta_get(struct ctx *ctx, struct db *db, struct str name, struct str *ret)
{
    struct store_meta_get_row row = {0};
    bool found = false;
    TRY(store_meta_get(ctx, db, (struct store_meta_get_in){name}, &row, &found));
    *ret = row.value;
    return ERR_OK;
}

/* Views of the program that was here before, which this one has no more: they hold copies of what
 * people said, so they may not just stay. The store remembers their names. */
static enum err views_forget(struct ctx *ctx, struct db *db, const struct schema *schema)
{
    struct buf names = buf_new(ctx->arena, 0);
    struct str old = {0};
    TRY(meta_get(ctx, db, STR("view_tables"), &old));
    while (old.n > 0) {
        struct str name = str_cut(old, ' ', &old);
        TRY(db->store->engine->exec(
            ctx, db, str_format(ctx->arena, "DROP TABLE IF EXISTS %.*s", FMT(name)).p));
    }
    for (size_t i = 0; i < schema->table_count; i++) {
        if (!schema->tables[i].is_kept) {
            buf_format(&names, "%s%s", names.n > 0 ? " " : "", schema->tables[i].name);
        }
    }
    return store_meta_put(ctx, db, (struct store_meta_put_in){STR("view_tables"), buf_str(&names)});
}

enum err schema_views_clear(struct ctx *ctx, struct db *db, const struct schema *schema)
{
    must(db->in_transaction);
    TRY(views_forget(ctx, db, schema));
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct store_table *t = &schema->tables[i];
        if (!t->is_kept) {
            TRY(db->store->engine->exec(
                ctx, db, str_format(ctx->arena, "DROP TABLE IF EXISTS %s", t->name).p));
        }
    }
    TRY(tables_make(ctx, db, schema, false));
    return store_meta_put(ctx, db, (struct store_meta_put_in){STR("views"), STR("stale")});
}

static struct str views_digest(struct arena *a, const struct schema *schema)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < schema->table_count; i++) {
        for (const char *const *sql = schema->tables[i].sqlite;
             !schema->tables[i].is_kept && *sql != NULL; sql++) {
            hash = hash * 31 + str_hash(str_from(*sql));
        }
    }
    return str_format(a, "%016llx", (unsigned long long)hash);
}

static enum err steps_run(struct ctx *ctx, struct db *db, const struct schema *schema, int64_t from)
{
    for (size_t i = 0; i < schema->step_count; i++) {
        const struct store_step *step = &schema->steps[i];
        if (step->version > from) {
            TRY(exec_all(ctx, db, store_is_postgres(db->store) ? step->pg : step->sqlite));
        }
    }
    return ERR_OK;
}

static enum err version_check(struct ctx *ctx, struct db *db, const struct schema *schema,
                              int64_t *ret)
{
    struct str text = {0};
    TRY(meta_get(ctx, db, STR("version"), &text));
    int64_t version = 0;
    if (text.n > 0 && !str_to_i64(text, &version)) {
        return fault(ctx, ERR_CORRUPT, "the data version \"%.*s\" of %s is no number", FMT(text),
                     db->store->where);
    }
    if (version > schema_version(schema)) {
        return fault(ctx, ERR_VERSION,
                     "%s was written by a program of data version %lld, this one knows up to %d: "
                     "run the newer program, or restore a backup made before the upgrade",
                     store_is_postgres(db->store) ? "the database" : db->store->where,
                     (long long)version, schema_version(schema));
    }
    *ret = version;
    return ERR_OK;
}

static enum err views_migrate(struct ctx *ctx, struct db *db, const struct schema *schema,
                              bool is_new)
{
    struct str digest = views_digest(ctx->arena, schema);
    struct str old = {0};
    TRY(meta_get(ctx, db, STR("views_digest"), &old));
    if (str_equal(digest, old)) {
        return ERR_OK;
    }
    TRY(schema_views_clear(ctx, db, schema));
    TRY(store_meta_put(ctx, db, (struct store_meta_put_in){STR("views_digest"), digest}));
    return is_new ? store_views_built(ctx, db) : ERR_OK;
}

static enum err migrate(struct ctx *ctx, struct db *db, const struct schema *schema)
{
    const struct store_table *meta = store_table_find(STR("store_meta"));
    must(meta != NULL);
    TRY(exec_all(ctx, db, ddl_of(db, meta)));
    int64_t version = 0;
    TRY(version_check(ctx, db, schema, &version));
    if (version > 0) {
        TRY(steps_run(ctx, db, schema, version));
    }
    TRY(tables_make(ctx, db, schema, true));
    TRY(views_migrate(ctx, db, schema, version == 0));
    if (version == schema_version(schema)) {
        return ERR_OK;
    }
    struct str text = str_format(ctx->arena, "%d", schema_version(schema));
    return store_meta_put(ctx, db, (struct store_meta_put_in){STR("version"), text});
}

enum err schema_migrate(struct ctx *ctx, struct store *s, const struct schema *schema)
{
    struct db *db = store_writer(s);
    TRY(db_begin(ctx, db));
    enum err e = migrate(ctx, db, schema);
    if (e != ERR_OK) {
        db_rollback(db);
        return fault_pass(ctx, e, __func__);
    }
    return db_commit(ctx, db);
}

enum err store_migrate(struct ctx *ctx, struct store *s)
{
    struct schema schema = program_schema();
    return schema_migrate(ctx, s, &schema);
}

static enum err tables_drop(struct ctx *ctx, struct db *db)
{
    for (size_t i = 0; i < store_table_count(); i++) {
        TRY(db->store->engine->exec(ctx, db,
                                    str_format(ctx->arena, "DROP TABLE IF EXISTS %.*s",
                                               FMT(store_table_name(store_table_at(i))))
                                        .p));
    }
    return ERR_OK;
}

enum err store_unmake(struct ctx *ctx, struct store *s)
{
    struct db *db = store_writer(s);
    TRY(db_begin(ctx, db));
    enum err e = tables_drop(ctx, db);
    if (e != ERR_OK) {
        db_rollback(db);
        return e;
    }
    return db_commit(ctx, db);
}

enum err store_views_clear(struct ctx *ctx, struct db *writer)
{
    struct schema schema = program_schema();
    return schema_views_clear(ctx, writer, &schema);
}

/* ---- the form of all that ---- */

static struct str form_text(struct arena *a, int64_t version, struct str digest,
                            struct str views_version)
{
    uint64_t hash = str_hash(str_format(a, "%.*s %.*s", FMT(digest), FMT(views_version)));
    return str_format(a, "%lld.%016llx", (long long)version, (unsigned long long)hash);
}

struct str store_form(struct arena *a, struct str views_version)
{
    struct schema schema = program_schema();
    return form_text(a, store_version(), views_digest(a, &schema), views_version);
}

enum err store_form_held(struct ctx *ctx, struct db *reader, struct str *ret)
{
    struct str version = {0};
    struct str digest = {0};
    struct str views_version = {0};
    int64_t number = 0;
    bool stale = false;
    *ret = (struct str){0};
    TRY(meta_get(ctx, reader, STR("version"), &version));
    TRY(meta_get(ctx, reader, STR("views_digest"), &digest));
    TRY(meta_get(ctx, reader, STR("views_version"), &views_version));
    TRY(store_views_are_stale(ctx, reader, &stale));
    if (!stale && str_to_i64(version, &number)) {
        *ret = form_text(ctx->arena, number, digest, views_version);
    }
    return ERR_OK;
}

static enum err views_version(struct ctx *ctx, struct db *db, struct str version)
{
    struct str old = {0};
    TRY(meta_get(ctx, db, STR("views_version"), &old));
    if (str_equal(version, old)) {
        return ERR_OK;
    }
    TRY(store_meta_put(ctx, db, (struct store_meta_put_in){STR("views_version"), version}));
    return store_views_clear(ctx, db);
}

enum err store_views_version(struct ctx *ctx, struct store *s, struct str version)
{
    struct db *db = store_writer(s);
    TRY(db_begin(ctx, db));
    enum err e = views_version(ctx, db, version);
    if (e != ERR_OK) {
        db_rollback(db);
        return fault_pass(ctx, e, __func__);
    }
    return db_commit(ctx, db);
}

enum err store_views_are_stale(struct ctx *ctx, struct db *db, bool *ret)
{
    struct str text = {0};
    TRY(meta_get(ctx, db, STR("views"), &text));
    *ret = str_equal(text, STR("stale"));
    return ERR_OK;
}

enum err store_views_built(struct ctx *ctx, struct db *writer)
{
    return store_meta_put(ctx, writer, (struct store_meta_put_in){STR("views"), STR("built")});
}

enum err store_touch(struct ctx *ctx, struct db *writer)
{
    struct str now = str_format(ctx->arena, "%lld", (long long)ctx->world->now(ctx->world).ms);
    return store_meta_put(ctx, writer, (struct store_meta_put_in){STR("touched"), now});
}

/* ---- the list of tables ---- */

size_t store_table_count(void)
{
    return store_tables_count;
}

const struct store_table *store_table_at(size_t index)
{
    must(index < store_tables_count);
    return &store_tables[index];
}

const struct store_table *store_table_find(struct str name)
{
    for (size_t i = 0; i < store_tables_count; i++) {
        if (str_equal(str_from(store_tables[i].name), name)) {
            return &store_tables[i];
        }
    }
    return NULL;
}

struct str store_table_name(const struct store_table *t)
{
    return str_from(t->name);
}

bool store_table_is_copied(const struct store_table *t)
{
    return t->is_copied;
}

bool store_table_is_kept(const struct store_table *t)
{
    return t->is_kept;
}
