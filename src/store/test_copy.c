/* A copy of a store is the same from both engines and into both, leaves behind what is not copied,
 * and is refused when it is altered or cut off. */
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "store/copy.h"
#include "store/schema.h"
#include "store/store_in.h"

enum { CELL_MAX = 1 << 20 };

struct memory {
    struct buf *bytes; /* taken into */
    struct str from;   /* read from */
    size_t at;
};

static enum err memory_put(struct ctx *ctx UNUSED, void *arg, struct str bytes)
{
    struct memory *m = arg;
    buf_put(m->bytes, bytes);
    return ERR_OK;
}

static enum err memory_get(struct ctx *ctx, void *arg, void *bytes, size_t n)
{
    struct memory *m = arg;
    if (n > m->from.n - m->at) {
        return fault(ctx, ERR_CORRUPT, "ends in the middle");
    }
    memcpy(bytes, m->from.p + m->at, n);
    m->at += n;
    return ERR_OK;
}

/* A new store of the program's tables: in a folder, or in the database at `pg` emptied of them. */
static struct store *store_new(struct test *t, struct ctx *ctx, const char *pg)
{
    struct store *s = NULL;
    char *path = str_z(ctx->arena, STR("/tmp/tongban-test-XXXXXX"));
    CHECK_OK(store_open(ctx, str_from(pg == NULL ? mkdtemp(path) : pg), STORE_CREATE, &s));
    for (size_t i = 0; pg != NULL && i < store_table_count(); i++) {
        struct str name = store_table_name(store_table_at(i));
        const char *sql = str_format(ctx->arena, "DROP TABLE IF EXISTS %.*s", FMT(name)).p;
        CHECK_OK(s->engine->exec(ctx, store_writer(s), sql));
    }
    CHECK_OK(store_migrate(ctx, s));
    return s;
}

static void store_end(struct test *t, struct ctx *ctx, struct store *s)
{
    static const char *const names[] = {"store.db", "store.db-wal", "lock"};
    struct str where = str_from(s->where);
    bool pg = store_is_postgres(s);
    where = str_copy(ctx->arena, where);
    store_close(s);
    for (size_t i = 0; !pg && i < LEN(names); i++) {
        remove(str_format(ctx->arena, "%.*s/%s", FMT(where), names[i]).p);
    }
    CHECK(pg || remove(str_z(ctx->arena, where)) == 0);
}

/* Rows of every type and of no value, some that are not copied, and more than one INSERT takes. */
static void fill_some(struct test *t, struct ctx *ctx, struct store *s)
{
    struct db *w = store_writer(s);
    for (int i = 0; i < 250; i++) {
        const char *sql = str_format(ctx->arena,
                                     "INSERT INTO login_secret VALUES ('id%d', 'o', 'password', "
                                     "x'00ff%02x', x'', %d, -1, 0, 9007199254740993)",
                                     i, i, i)
                              .p;
        CHECK_OK(s->engine->exec(ctx, w, sql));
    }
    CHECK_OK(s->engine->exec(ctx, w,
                             "INSERT INTO party_register (id, party_kind, display_name, code, "
                             "facts, seq) VALUES ('p', 'person', '林\n知夏', '', '{}', 1)"));
    CHECK_OK(s->engine->exec(ctx, w,
                             "INSERT INTO oidc_code VALUES (x'01', 'g', 'u', 'c', 't', 0, "
                             "1)"));
    CHECK_OK(s->engine->exec(ctx, w,
                             "INSERT INTO gate_refusal VALUES (7, 1, 'k', '', 'a', 'form', "
                             "'form.missing', '')"));
}

static struct str copy_of(struct test *t, struct ctx *ctx, struct store *s)
{
    struct buf b = buf_new(ctx->arena, 0);
    struct memory m = {.bytes = &b};
    struct db *reader = NULL;
    CHECK_OK(store_reader(ctx, s, &reader));
    CHECK_OK(copy_take(ctx, reader, memory_put, &m));
    db_close(reader);
    return buf_str(&b);
}

static void fill_from(struct test *t, struct ctx *ctx, struct store *s, struct str copy)
{
    struct memory m = {.from = copy};
    int64_t rows = 0;
    CHECK_OK(copy_fill(ctx, s, memory_get, &m, CELL_MAX, &rows));
    CHECK_INT(rows, 252);
    CHECK_INT(m.at, copy.n);
}

TEST(store_copy_is_the_same_from_and_into_both_engines)
{
    struct store *first = store_new(t, ctx, NULL);
    struct store *second = store_new(t, ctx, NULL);
    const char *pg = getenv("TONGBAN_PG");
    fill_some(t, ctx, first);
    struct str copy = copy_of(t, ctx, first);
    CHECK(str_find(copy, STR("oidc_code")) == SIZE_MAX);
    fill_from(t, ctx, second, copy);
    CHECK(str_equal(copy_of(t, ctx, second), copy));
    store_end(t, ctx, second);
    store_end(t, ctx, first);
    if (pg != NULL) {
        struct store *third = store_new(t, ctx, pg);
        fill_from(t, ctx, third, copy);
        CHECK(str_equal(copy_of(t, ctx, third), copy));
        store_end(t, ctx, third);
    }
}

static enum err count_row(struct ctx *ctx UNUSED, void *arg, const struct copy_table *table UNUSED,
                          const struct copy_cell *cells UNUSED)
{
    int64_t *count = arg;
    *count += 1;
    return ERR_OK;
}

/* Whether a change is noticed here or by the digest beside it: nothing stops or runs over. */
TEST(store_copy_that_was_altered_or_cut_off_is_an_error)
{
    struct store *s = store_new(t, ctx, NULL);
    int64_t count = 0;
    CHECK_OK(
        s->engine->exec(ctx, store_writer(s),
                        "INSERT INTO gate_refusal VALUES (7, 1, 'k', '', 'a', 'form', 'c', '')"));
    struct str copy = copy_of(t, ctx, s);
    store_end(t, ctx, s);
    for (size_t n = 0; n < copy.n; n++) {
        struct memory m = {.from = {copy.p, n}};
        struct arena_mark mark = arena_mark(ctx->arena);
        CHECK_INT(copy_walk(ctx, memory_get, &m, CELL_MAX, count_row, &count), ERR_CORRUPT);
        arena_reset(ctx->arena, mark);
    }
    char *changed = arena_push_bytes(ctx->arena, copy.n);
    memcpy(changed, copy.p, copy.n);
    size_t refused = 0;
    for (size_t i = 0; i < copy.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct memory m = {.from = {changed, copy.n}};
            struct arena_mark mark = arena_mark(ctx->arena);
            changed[i] ^= (char)(1 << bit);
            enum err e = copy_walk(ctx, memory_get, &m, CELL_MAX, count_row, &count);
            CHECK(e == ERR_OK || e == ERR_CORRUPT);
            refused += e == ERR_CORRUPT;
            changed[i] = copy.p[i];
            arena_reset(ctx->arena, mark);
        }
    }
    CHECK(refused > 100);
}

TEST(store_copy_of_another_version_is_refused)
{
    struct store *s = store_new(t, ctx, NULL);
    struct store *to = store_new(t, ctx, NULL);
    int64_t rows = 0;
    struct memory m = {0};
    bool stale = false;
    CHECK_OK(s->engine->exec(ctx, store_writer(s),
                             "UPDATE store_meta SET value = '999' WHERE name = 'version'"));
    m.from = copy_of(t, ctx, s);
    CHECK_ERR(copy_fill(ctx, to, memory_get, &m, CELL_MAX, &rows), ERR_VERSION);
    CHECK(str_find(ctx->why.detail, STR("999")) != SIZE_MAX);
    CHECK(!db_is_open(store_writer(to)));
    /* Other views: the kept rows come, the views are left to be made anew. */
    CHECK_OK(s->engine->exec(ctx, store_writer(s),
                             str_format(ctx->arena,
                                        "UPDATE store_meta SET value = '%d' WHERE name = 'version'",
                                        store_version())
                                 .p));
    CHECK_OK(s->engine->exec(ctx, store_writer(s),
                             "UPDATE store_meta SET value = 'x' WHERE name = 'views_digest'"));
    fill_some(t, ctx, s);
    m = (struct memory){.from = copy_of(t, ctx, s)};
    CHECK_OK(copy_fill(ctx, to, memory_get, &m, CELL_MAX, &rows));
    CHECK_INT(rows, 251);
    CHECK_OK(store_views_are_stale(ctx, store_writer(to), &stale));
    CHECK(stale);
    store_end(t, ctx, to);
    store_end(t, ctx, s);
}
