/* crowd.c - copies are made of the columns that a table has, so that a new column is copied as
 * well. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "gate/gate.h"
#include "gate/run.h"

static struct str the_case; /* its number */

static const char fields[] =
    "{\"business.name\":\"知夏小馆\",\"premises.address\":\"柳叶街 18 "
    "号\",\"premises.area\":80,\"premises.pollution_distance_ok\":true,"
    "\"food.kind\":\"catering\",\"food.raw\":false,\"food.manager\":\"周远\",\"food.health_ok\":"
    "true,\"food.withdrawn_five_years\":false,"
    "\"person.phone\":\"13800006620\",\"service.delivery\":\"electronic\",\"service.truth\":true,"
    "\"premises.plan\":{\"name\":\"plan.pdf\",\"type\":\"application/"
    "pdf\",\"size\":1000,\"sha256\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
    "\"food.rules\":{\"name\":\"rules.pdf\",\"type\":\"application/"
    "pdf\",\"size\":1000,\"sha256\":"
    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}";

/* The bytes of the two files; the gate takes their digests from whoever received them. */
static const struct attachment files[] = {
    {STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     STR_INIT("application/pdf"), STR_INIT("plan.pdf"), STR_INIT("plan"), STR_INIT("")},
    {STR_INIT("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
     STR_INIT("application/pdf"), STR_INIT("rules.pdf"), STR_INIT("rules"), STR_INIT("")},
};

struct str crowd_file_one(struct stand *s)
{
    struct ctx *ctx = &s->ctx;
    struct receipt r = {.seq = -1};
    struct draft d = {.kind = STR("apply"), .item = STR("food-new")};
    d.actor = (struct actor){
        .kind = ACTOR_PARTY, .id = STR("p-lin"), .for_id = STR("org-lin"), .assurance = 2};
    stand_check(s, json_parse(ctx, str_from(fields), STR("fields"), &d.fields), "fields");
    d.attachments = files;
    d.attachment_count = LEN(files);
    stand_check(s, gate_submit_wait(ctx, s->node.gate, &d, &r), "apply");
    if (r.seq < 0) {
        fprintf(stderr, "bench: the application is refused: %.*s %.*s\n", FMT(r.verdict.code),
                FMT(r.verdict.field));
        exit(1);
    }
    the_case = str_copy(ctx->arena, r.case_id);
    return the_case;
}

static const char *copies(struct stand *s, sqlite3 *db, const char *table, int64_t count,
                          const struct change *changes, size_t change_count)
{
    struct buf values = buf_new(s->ctx.arena, 0);
    struct buf names = buf_new(s->ctx.arena, 0);
    sqlite3_stmt *row = NULL;
    size_t changed = 0;
    must(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?)", -1, &row, NULL) ==
         SQLITE_OK);
    must(sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC) == SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const char *value = name;
        for (size_t i = 0; i < change_count; i++) {
            bool here = strcmp(changes[i].column, name) == 0;
            value = here ? changes[i].value : value;
            changed += here;
        }
        buf_format(&names, "%s%s", names.n > 0 ? ", " : "", name);
        buf_format(&values, "%s%s", values.n > 0 ? ", " : "", value);
    }
    sqlite3_finalize(row);
    must(changed == change_count); /* the bench knows the columns that it changes */
    return str_format(s->ctx.arena,
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                      "%lld) INSERT INTO %s (%.*s) SELECT %.*s FROM (SELECT * FROM %s WHERE %s = "
                      "'%.*s') CROSS JOIN n",
                      (long long)count, table, FMT(buf_str(&names)), FMT(buf_str(&values)), table,
                      changes[0].column, FMT(the_case))
        .p;
}

void crowd_copy(struct stand *s, sqlite3 *db, const char *table, int64_t count,
                const struct change *changes, size_t change_count)
{
    char *why = NULL;
    if (sqlite3_exec(db, copies(s, db, table, count, changes, change_count), NULL, NULL, &why) !=
        SQLITE_OK) {
        fprintf(stderr, "bench: %s: %s\n", table, why == NULL ? "not copied" : why);
        exit(1);
    }
}

void crowd_write(struct stand *s, void (*add)(struct stand *s, sqlite3 *db, int64_t count),
                 int64_t count)
{
    char *file = str_z(s->ctx.arena, str_format(s->ctx.arena, "%.*s/store/store.db", FMT(s->dir)));
    sqlite3 *db = NULL;
    gate_stop(s->node.gate);
    node_close(&s->node);
    must(sqlite3_open(file, &db) == SQLITE_OK);
    must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    add(s, db, count);
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
    stand_check(s, node_open(&s->ctx, s->dir, &s->node), "open the node again");
    stand_check(s, gate_start(&s->ctx, s->node.gate), "writer");
}
