/* Whose a power is: by law, by authorisation, by entrustment, taken over from others; and where
 * running cases go. */
#include "law/law_in.h"

static const char *const bases[] = {[BASIS_LEGAL] = "legal",
                                    [BASIS_AUTHORISED] = "authorised",
                                    [BASIS_ENTRUSTED] = "entrusted",
                                    [BASIS_CONCENTRATED] = "concentrated",
                                    [BASIS_TRANSFERRED] = "transferred"};

bool power_is_over(const struct power *p, struct str kind, const struct item *item)
{
    bool right = kind.n == 0 || str_equal(p->kind, kind) || str_equal(p->kind, STR("*"));
    for (size_t i = 0; right && item != NULL && i < p->item_count; i++) {
        if (str_equal(p->items[i]->id, item->id)) {
            return true;
        }
    }
    return right && p->item_count == 0;
}

static bool runs(const struct power *p, struct day day)
{
    return day.n >= p->from.n && day.n < p->until.n;
}

bool power_takes_over(const struct power *p)
{
    return p->basis == BASIS_CONCENTRATED || p->basis == BASIS_TRANSFERRED;
}

bool power_is_of(const struct power *p, const struct office *office)
{
    for (size_t i = 0; i < p->of_count; i++) {
        if (p->of[i] == office) {
            return true;
        }
    }
    return false;
}

/* The office that took this power over from `office`, by a power that runs on the day and began
 * after the case. */
static const struct office *taken_by(const struct law *law, const struct office *office,
                                     struct str kind, const struct item *item, struct day opened,
                                     struct day day, bool with_cases)
{
    for (size_t i = 0; i < law->office_count; i++) {
        for (size_t k = 0; k < law->offices[i].power_count; k++) {
            const struct power *p = &law->offices[i].powers[k];
            if (power_takes_over(p) && p->moves_cases == with_cases && runs(p, day) &&
                opened.n < p->from.n && power_is_of(p, office) && power_is_over(p, kind, item)) {
                return &law->offices[i];
            }
        }
    }
    return NULL;
}

static size_t add_sources(const struct power *p, const struct office **ret, size_t count,
                          size_t most)
{
    for (size_t i = 0; i < p->of_count; i++) {
        bool known = false;
        for (size_t k = 0; k < count && !known; k++) {
            known = ret[k] == p->of[i];
        }
        if (!known && count < most) {
            ret[count++] = p->of[i];
        }
    }
    return count;
}

size_t law_sources(const struct law *law, const struct office *office, struct day day,
                   const struct office **ret, size_t most)
{
    size_t count = 0;
    (void)law;
    if (office != NULL && most > 0) {
        ret[count++] = office;
    }
    /* What was taken over may have been taken over before. */
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < ret[i]->power_count; k++) {
            const struct power *p = &ret[i]->powers[k];
            bool brings =
                (power_takes_over(p) && p->moves_cases) || (p->basis == BASIS_ENTRUSTED && i == 0);
            count = brings && runs(p, day) ? add_sources(p, ret, count, most) : count;
        }
    }
    return count;
}

const struct office *law_seat(const struct law *law, const struct office *office,
                              const struct item *item, struct day opened, struct day day)
{
    /* Powers may have moved more than once; no chain is longer than there are offices. */
    for (size_t i = 0; office != NULL && item != NULL && i < law->office_count; i++) {
        const struct office *next = taken_by(law, office, STR(""), item, opened, day, true);
        if (next == NULL) {
            return office;
        }
        office = next;
    }
    return office;
}

const struct power *law_holds(const struct law *law, const struct office *office, struct str kind,
                              const struct item *item, struct day opened, struct day day)
{
    const struct power *kept = NULL;
    for (size_t i = 0; office != NULL && i < office->power_count; i++) {
        const struct power *p = &office->powers[i];
        if (!power_is_over(p, kind, item)) {
            continue;
        }
        if (runs(p, day)) {
            return p;
        }
        kept = opened.n < p->until.n && p->until.n <= day.n ? p : kept;
    }
    bool stays = kept != NULL && taken_by(law, office, kind, item, opened, day, false) != NULL;
    return stays ? kept : NULL;
}

const struct power *law_deputy(const struct office *deputy, const struct office *office,
                               struct str kind, const struct item *item, struct day day)
{
    for (size_t i = 0; deputy != NULL && office != NULL && i < deputy->power_count; i++) {
        const struct power *p = &deputy->powers[i];
        if (p->basis == BASIS_ENTRUSTED && runs(p, day) && power_is_of(p, office) &&
            power_is_over(p, kind, item)) {
            return p;
        }
    }
    return NULL;
}

/* ---- reading ---- */

void read_power(struct builder *b, const struct source *f, const struct json *o, struct power *p)
{
    static const char *const names[] = {"kind",  "items", "articles", "from", "until",
                                        "basis", "of",    "cases",    NULL};
    static const char *const moves[] = {"stay", "move"};
    only_members(b, f, o, names);
    p->kind = want_text(b, f, o, "kind");
    p->items = (const struct item **)(void *)refs(b, f, o, "items", T_ITEM, &p->item_count);
    p->articles = cites(b, f, o, "articles", &p->article_count);
    p->from = may_day(b, f, o, "from", INT32_MIN);
    p->until = may_day(b, f, o, "until", INT32_MAX);
    if (p->article_count == 0) {
        problem(b, f, o, "missing", "the power \"%.*s\" cites no article", FMT(p->kind));
    }
    if (p->from.n >= p->until.n) {
        problem(b, f, o, "day", "the power \"%.*s\" ends before it begins", FMT(p->kind));
    }
    int basis =
        json_get(o, "basis") == NULL ? 0 : word_of(want_text(b, f, o, "basis"), bases, LEN(bases));
    if (basis < 0) {
        problem(b, f, json_get(o, "basis"), "basis",
                "basis is legal, authorised, entrusted, concentrated or transferred");
    }
    p->basis = basis < 0 ? BASIS_LEGAL : (enum power_basis)basis;
    p->of = (const struct office **)(void *)refs(b, f, o, "of", T_OFFICE, &p->of_count);
    int move =
        json_get(o, "cases") == NULL ? 0 : word_of(want_text(b, f, o, "cases"), moves, LEN(moves));
    if (move < 0 || (json_get(o, "cases") != NULL && !power_takes_over(p))) {
        problem(b, f, json_get(o, "cases"), "cases",
                "cases is move or stay, of a power taken over from others");
    }
    p->moves_cases = move == 1;
    if ((p->of_count > 0) != (p->basis >= BASIS_ENTRUSTED)) {
        problem(b, f, o, "basis",
                "a power entrusted or taken over names in \"of\" whose it is or was, and no other "
                "does");
    }
    if (p->basis == BASIS_ENTRUSTED &&
        (p->of_count != 1 || p->item_count == 0 || p->until.n == INT32_MAX)) {
        problem(b, f, o, "basis",
                "an entrusted power names one office, its items, and the day it ends");
    }
}

const char *law_basis_name(enum power_basis basis)
{
    return bases[basis];
}
