/* Is this licence good? Asked by its number, by anybody. */
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "licence/licence.h"
#include "web/answer.h"
#include "web/serve.h"
#include "licence_sql.h"
#include "page_verify_html.h"

static const struct {
    const char *status;
    struct text2 verdict;
} verdicts[] = {
    {"valid", {STR_INIT("有效"), STR_INIT("Valid")}},
    {"suspended", {STR_INIT("已暂扣"), STR_INIT("Suspended")}},
    {"revoked", {STR_INIT("已撤销"), STR_INIT("Revoked")}},
    {"cancelled", {STR_INIT("已注销"), STR_INIT("Cancelled")}},
};

static struct text2 verdict_of(const struct licence_get_row *row, struct day today)
{
    static const struct text2 expired = {STR_INIT("已过有效期"), STR_INIT("Expired")};
    if (str_equal(row->licence_status, STR("valid")) && row->until_day != 0 &&
        row->until_day < today.n) {
        return expired;
    }
    for (size_t i = 0; i < LEN(verdicts); i++) {
        if (str_equal(row->licence_status, str_from(verdicts[i].status))) {
            return verdicts[i].verdict;
        }
    }
    return (struct text2){row->licence_status, row->licence_status};
}

static enum err licence_page_verify(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct page_verify v = {.number = p->arg_count > 0 ? p->args[0] : page_query(p, "number")};
    struct licence_get_row row;
    v.asked = v.number.n > 0;
    if (v.asked) {
        TRY(licence_get(ctx, p->db, (struct licence_get_in){.number = v.number}, &row, &v.found));
    }
    if (v.found) {
        const struct licence_type *t =
            p->law == NULL ? NULL : law_licence_type(p->law, row.licence_type);
        const struct office *office = p->law == NULL ? NULL : law_office(p->law, row.office);
        v.verdict = page_text(p, verdict_of(&row, instant_day(ctx->world->now(ctx->world))));
        v.kind = t == NULL ? row.licence_type : page_text(p, t->title);
        v.holder = row.holder;
        v.office = office == NULL ? row.office : page_text(p, office->title);
        v.from = (struct day){(int32_t)row.from_day};
        v.until = (struct day){(int32_t)row.until_day};
        v.seq = row.seq;
    }
    return page_show(p, 200, p->lang == LANG_EN ? STR("Check a licence") : STR("查验证照"),
                     page_verify, &v);
}

static const struct route rows[] = {
    {"GET", "/verify", licence_page_verify, FOR_ALL, 0, "Check a licence by its number",
     page_verify_schema, "number"},
    {"GET", "/v/{number}", licence_page_verify, FOR_ALL, 0, "Check a licence by its number",
     page_verify_schema, ""},
};
const struct route_table licence_routes = {rows, LEN(rows)};
