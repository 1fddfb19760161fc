/* A job whose result is a draft: one act for one job, for ever, under the national law. */
#include "base/json_make.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "jobs/jobs.h"

static enum err run_register(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct draft *d = ARENA_NEW(ctx->arena, struct draft);
    *d = (struct draft){.kind = STR("register-party"),
                        .actor = {.kind = ACTOR_NODE, .assurance = 2},
                        .fields = json_object()};
    json_set(ctx->arena, &d->fields, STR("party.id"), json_of_str(job->payload));
    json_set(ctx->arena, &d->fields, STR("party.kind"), json_of_str(STR("person")));
    ret->draft = d;
    return ERR_OK;
}

static const struct job_kind kinds[] = {{"register", "", run_register, 4, 1000, 2, 5, 60}};

static enum err leave_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt UNUSED)
{
    bool added = false;
    return outbox_add(ctx, db, arg, &added);
}

static void left(void *arg UNUSED, enum err err, const struct why *why UNUSED,
                 const struct receipt *receipt UNUSED)
{
    must(err == ERR_OK);
}

static uint64_t ledger_size(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *db = NULL;
    struct str note = {0};
    uint64_t size = 0;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_checkpoint(ctx, s->stage.gate, db, &note, &size));
    db_close(db);
    return size;
}

/* Leave a job and let it run once; how many acts came of it. */
static uint64_t acts_of(struct story *s, struct jobs *jobs, const char *key, const char *payload)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct outbox_job job = {
        .kind = STR("register"), .key = str_from(key), .payload = str_from(payload), .seq = -1};
    uint64_t before = ledger_size(s);
    size_t count = 0;
    CHECK_OK(gate_keep_here(ctx, s->stage.gate, leave_apply, &job, left, NULL));
    while (gate_run_once(s->stage.gate) > 0) {
    }
    CHECK_OK(jobs_run_once(ctx, jobs, &count));
    CHECK_INT(count, 1);
    return ledger_size(s) - before;
}

static size_t waiting(struct story *s, struct outbox_row *ret_first)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct outbox_row *rows = NULL;
    struct db *db = NULL;
    size_t count = 0;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(outbox_list(ctx, db, OUTBOX_WAITING, 0, 10, &rows, &count));
    db_close(db);
    *ret_first = count > 0 ? rows[0] : (struct outbox_row){0};
    return count;
}

TEST(jobs_a_draft_becomes_one_act_for_ever)
{
    struct story s;
    struct jobs *jobs = NULL;
    struct outbox_row row;
    story_open(&s, t, ctx);
    CHECK_OK(jobs_new(
        ctx,
        &(struct jobs_config){
            .gate = s.stage.gate, .store = s.stage.store, .kinds = kinds, .kind_count = LEN(kinds)},
        &jobs));
    CHECK_INT(acts_of(&s, jobs, "one", "p-new"), 1);
    /* The same job, left once more after its row was gone: its act stands there, and the row goes.
     */
    CHECK_INT(acts_of(&s, jobs, "one", "p-new"), 0);
    CHECK_INT(waiting(&s, &row), 0);
    /* What the law refuses is tried again later, and says by what it was refused. */
    CHECK_INT(acts_of(&s, jobs, "two", ""), 0);
    CHECK_INT(waiting(&s, &row), 1);
    CHECK(str_starts(row.error, STR("refused by law: form.")));
    jobs_free(jobs);
    story_close(&s);
}
