/* How much of a limit is left, as people say it. */
#include "case/case_in.h"

struct left due_left(const struct page *p, const struct law *law, struct str limit_id,
                     struct day due)
{
    struct day today = instant_day(p->ctx->world->now(p->ctx->world));
    const struct limit *limit = law == NULL || limit_id.n == 0 ? NULL : law_limit(law, limit_id);
    enum limit_unit unit = limit == NULL ? UNIT_DAY : limit->unit;
    bool en = p->lang == LANG_EN;
    if (due.n < today.n) {
        int32_t late = today.n - due.n;
        return (struct left){-late, STR("seal-c"),
                             str_format(p->ctx->arena, en ? "%d days late" : "已超期 %d 天", late)};
    }
    int32_t n = law == NULL ? due.n - today.n : law_days_between(law, today, due, unit);
    if (due.n == today.n || n == 0) {
        return (struct left){0, STR("seal-c"), say(p, "今天到期", "due today")};
    }
    const char *days =
        unit == UNIT_WORKDAY ? (en ? "working days left" : "个工作日") : (en ? "days left" : "天");
    struct str text = str_format(p->ctx->arena, "%s%d %s", en ? "" : "剩 ", n, days);
    return (struct left){n, n <= 3 ? STR("amber") : STR(""), text};
}

int64_t due_used(const struct page *p, const struct law *law, const struct limit *limit,
                 struct day started, struct day due)
{
    struct day today = instant_day(p->ctx->world->now(p->ctx->world));
    int32_t whole = law_days_between(law, started, due, limit->unit);
    int32_t gone = law_days_between(law, started, today.n < due.n ? today : due, limit->unit);
    return whole <= 0 ? 100 : (int64_t)gone * 100 / whole;
}

struct str card_class(const struct card *card)
{
    return card == NULL ? STR("") : card == card->rule->cards ? STR("amber") : STR("seal-c");
}
