/* page_jobs.c - what stands in the outbox, for the system administrator: what failed and why, with
 * the two orders about it, and what waits. Arming a job again is administration, not an act: no law
 * speaks of it, and it changes no view. */
#include "base/token.h"
#include "web/web_in.h"

#include "limit_gen.h"
#include "outbox/outbox.h"
#include "web/answer.h"
#include "page_jobs_html.h"
#include "web/site.h"
#include "web/submit.h"

static struct str state_word(const struct page *p, enum outbox_state s)
{
    static const struct text2 words[OUTBOX_STATES] = {
        [OUTBOX_WAITING] = {STR_INIT("等待"), STR_INIT("waiting")},
        [OUTBOX_RUNNING] = {STR_INIT("执行中"), STR_INIT("running")},
        [OUTBOX_HELD] = {STR_INIT("排在另一项之后"), STR_INIT("behind another")},
        [OUTBOX_FAILED] = {STR_INIT("已停止"), STR_INIT("stopped")}};
    must(s < OUTBOX_STATES);
    return page_text(p, words[s]);
}

static enum err jobs_list(struct page *p)
{
    static const enum outbox_state others[] = {OUTBOX_RUNNING, OUTBOX_WAITING, OUTBOX_HELD};
    struct ctx *ctx = p->ctx;
    struct outbox_row *rows = NULL;
    size_t count = 0;
    bool may = admin_may_go(p, STR("POST /jobs"));
    struct page_jobs v = {0};
    TRY(outbox_list(ctx, p->db, OUTBOX_FAILED, 0, LIMIT_PAGE_ROWS, &rows, &count));
    struct page_jobs_failed *failed = ARENA_ARRAY(ctx->arena, struct page_jobs_failed, count + 1);
    for (size_t i = 0; i < count; i++) {
        failed[i] = (struct page_jobs_failed){.id = rows[i].id,
                                              .kind = rows[i].kind,
                                              .error = rows[i].error,
                                              .tries = rows[i].tries,
                                              .may = may};
    }
    v.failed = failed;
    v.failed_count = count;
    struct page_jobs_waiting *waiting =
        ARENA_ARRAY(ctx->arena, struct page_jobs_waiting, LEN(others) * LIMIT_PAGE_ROWS);
    for (size_t s = 0; s < LEN(others); s++) {
        TRY(outbox_list(ctx, p->db, others[s], 0, LIMIT_PAGE_ROWS, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            waiting[v.waiting_count++] =
                (struct page_jobs_waiting){.id = rows[i].id,
                                           .kind = rows[i].kind,
                                           .error = rows[i].error,
                                           .tries = rows[i].tries,
                                           .state = state_word(p, rows[i].state)};
        }
    }
    v.waiting = waiting;
    return page_show(p, 200, p->lang == LANG_EN ? STR("Background jobs") : STR("后台任务"),
                     page_jobs, &v);
}

static enum err order(struct ctx *ctx, struct db *db, struct str payload,
                      const struct keep_act *act UNUSED, struct buf *answer)
{
    struct wire w = wire_read(payload);
    int64_t id = wire_int(&w);
    bool drop = wire_int(&w) != 0;
    bool found = false;
    TRY(wire_done(ctx, &w));
    TRY(drop ? outbox_drop(ctx, db, id, &found) : outbox_rearm(ctx, db, id, &found));
    wire_put_int(answer, found);
    return ERR_OK;
}
static const struct keep_op op_order = {"web.job-order", order};
static const struct keep_op *const ops[] = {&op_order};
const struct keep_table jobs_page_keeps = {ops, LEN(ops)};

static enum err ordered(struct page *p, const struct receipt *receipt)
{
    static const struct text2 none = {STR_INIT("没有这个编号的已停止任务。"),
                                      STR_INIT("No stopped job has this number.")};
    struct wire w = wire_read(p->kept);
    (void)receipt;
    return wire_int(&w) != 0 ? page_go(p, STR("/jobs"))
                             : page_problem(p, ERR_NOT_FOUND, STR("id"), none);
}

static enum err jobs_post(struct page *p)
{
    static const struct text2 which = {STR_INIT("请求须写明 id 和 order（again 或 drop）。"),
                                       STR_INIT("Say id and order: again or drop.")};
    struct str said = page_field(p, "order");
    bool drop = str_equal(said, STR("drop"));
    int64_t id = 0;
    if (!str_to_i64(page_field(p, "id"), &id) || !(drop || str_equal(said, STR("again")))) {
        return page_problem(p, ERR_USAGE, STR("order"), which);
    }
    struct buf b = buf_new(p->ctx->arena, 0);
    wire_put_int(&b, id);
    wire_put_int(&b, drop);
    struct keep keep = {&op_order, buf_str(&b)};
    return page_keep(p, &keep, ordered);
}

static const struct route rows[] = {
    {"GET", "/jobs", jobs_list, FOR_ADMIN | ON_POOL, 0, "What waits to be done, and what failed",
     page_jobs_schema, ""},
    {"POST", "/jobs", jobs_post, FOR_ADMIN, 0, "Arm a failed job again, or drop it", NULL,
     "id order"},
};
const struct route_table jobs_routes = {rows, LEN(rows)};
