#include "store/store_in.h"
#include "base/test.h"

#include "store_test_sql.h"

static const struct schema test_schema = {store_test_tables, 2, NULL, 0};

TEST(store_writes_and_reads_rows_by_named_statements)
{
    struct str dir =
        str_format(ctx->arena, "/tmp/tongban-store-%llx", (unsigned long long)ctx->world->mono_ns(ctx->world));
    struct store *s = NULL;
    CHECK_OK(store_open(ctx, dir, STORE_CREATE, &s));
    CHECK_OK(schema_migrate(ctx, s, &test_schema));
    struct db *w = store_writer(s);
    CHECK_OK(db_begin(ctx, w));
    CHECK_OK(test_parcel_add(ctx, w, (struct test_parcel_add_in){.id = 7, .code = STR("a"), .seal = STR("\x01")}));
    CHECK_OK(db_commit(ctx, w));
    struct db *r = NULL;
    CHECK_OK(store_reader(ctx, s, &r));
    struct test_parcel_by_id_row row = {0};
    bool found = false;
    CHECK_OK(test_parcel_by_id(ctx, r, (struct test_parcel_by_id_in){7}, &row, &found));
    CHECK(found);
    CHECK_STR(row.code, "a");
    CHECK(!row.weight.has && row.note.p == NULL);
    db_close(r);
    store_close(s);
}
