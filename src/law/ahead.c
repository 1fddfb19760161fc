/* The law of the days ahead: each loads before it comes, or what would stop it is told today.
 *
 * A snapshot is good for a day, and stays good until something begins or ends: a version of a pack,
 * a statute, a value of a limit, a power. Those days are read off the parsed files (part.c), so the
 * days from today on at which the law could cease to load are few and known. Each is linked as the
 * node will link it when it comes, with the versions in force that day, and thrown away.
 */
#include "law/ahead.h"

#include "law/law_in.h"

size_t law_in_force(const struct pack_term *terms, size_t count, struct day day, size_t *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pack_term *t = &terms[i];
        size_t k = 0;
        while (k < n && !str_equal(terms[ret[k]].code, t->code)) {
            k++;
        }
        if (k == n) {
            ret[n++] = i; /* its place, even when another version takes it */
            continue;
        }
        const struct pack_term *had = &terms[ret[k]];
        bool begun = t->from.n <= day.n;
        bool later = had->from.n > day.n || t->from.n >= had->from.n;
        ret[k] = begun && later ? i : ret[k];
    }
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        const struct pack_term *t = &terms[ret[k]];
        if (t->from.n <= day.n && day.n < t->until.n) {
            ret[kept++] = ret[k];
        }
    }
    return kept;
}

/* ---- checking ---- */

struct ahead {
    struct ctx *ctx;
    struct law_shelf *shelf;
    const struct pack_term *terms;
    size_t count;
    size_t fresh;
    const struct law_pack_source *stories;
    size_t story_count;
    struct day first;
    struct arena *scratch;  /* of one day */
    struct arena *snapshot; /* of one day */
    struct law_problems *problems;
    size_t room;
    bool failed;
};

static bool same_problem(const struct law_problem *a, const struct law_problem *b)
{
    return str_equal(a->pack, b->pack) && str_equal(a->file, b->file) && a->line == b->line &&
           str_equal(a->sentence, b->sentence);
}

static bool is_among(const struct law_problem *p, const struct law_problems *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_problem(p, &list->items[i])) {
            return true;
        }
    }
    return false;
}

/* A fault of the first day stands as it is; one that comes later says when. What a day has in
 * common with the days before it is told once. */
static void add_problem(struct ahead *x, const struct law_problem *p, struct day day)
{
    struct arena *a = x->ctx->arena;
    struct law_problems *all = x->problems;
    struct law_problem kept = {.pack = str_copy(a, p->pack),
                               .file = str_copy(a, p->file),
                               .line = p->line,
                               .warning = p->warning,
                               .code = str_copy(a, p->code),
                               .sentence = str_copy(a, p->sentence)};
    if (is_among(&kept, all)) {
        return;
    }
    if (day.n > x->first.n) {
        kept.sentence =
            str_format(a, "from %.*s on: %.*s", FMT(day_text(a, day)), FMT(p->sentence));
    }
    if (all->count == x->room) {
        size_t room = x->room == 0 ? 16 : x->room * 2;
        all->items =
            arena_grow(a, all->items, x->room * sizeof(*all->items), room * sizeof(*all->items));
        x->room = room;
    }
    all->items[all->count++] = kept;
    x->failed = x->failed || !p->warning;
}

/* Link the versions of a day, all or without one. Problems lie on the scratch arena. */
static enum err try_day(struct ahead *x, struct ctx *ctx, struct day day, size_t without,
                        struct law_problems *ret)
{
    size_t *index = ARENA_ARRAY(ctx->arena, size_t, x->count + 1);
    struct pack_term *terms = ARENA_ARRAY(ctx->arena, struct pack_term, x->count + 1);
    struct parsed_pack **packs = ARENA_ARRAY(ctx->arena, struct parsed_pack *, x->count + 1);
    struct law *law = NULL;
    size_t given = 0;
    for (size_t i = 0; i < x->count; i++) {
        terms[given] = x->terms[i];
        given += i != without;
    }
    size_t count = law_in_force(terms, given, day, index);
    for (size_t i = 0; i < count; i++) {
        packs[i] = terms[index[i]].pack;
    }
    bool with_stories = day.n == x->first.n && without == SIZE_MAX;
    arena_clear(x->snapshot);
    *ret = (struct law_problems){0};
    if (count == 0) {
        return ERR_OK; /* nothing is in force: nothing to load */
    }
    struct law_plan plan = {.packs = packs,
                            .count = count,
                            .day = day,
                            .stories = x->stories,
                            .story_count = with_stories ? x->story_count : 0};
    enum err e = law_link(ctx, x->shelf, x->snapshot, &plan, &law, ret);
    if (e == ERR_OK) {
        law_unlink(x->shelf, law);
    }
    return e;
}

/* Whether a fault speaks against what is about to be published. */
static bool counts(const struct ahead *x, const struct law_problem *p,
                   const struct law_problems *without)
{
    return str_equal(p->pack, x->terms[x->fresh].code) || !is_among(p, without);
}

static enum err check_day(struct ahead *x, struct day day)
{
    struct ctx *ctx = x->ctx;
    struct ctx inner = *ctx;
    struct law_problems found = {0};
    struct law_problems without = {0};
    inner.arena = x->scratch;
    arena_clear(x->scratch);
    enum err e = try_day(x, &inner, day, SIZE_MAX, &found);
    bool spared = false;
    if (e == ERR_SYNTAX && x->fresh != SIZE_MAX) {
        spared = try_day(x, &inner, day, x->fresh, &without) == ERR_SYNTAX;
    }
    for (size_t i = 0; (e == ERR_OK || e == ERR_SYNTAX) && i < found.count; i++) {
        const struct law_problem *p = &found.items[i];
        if (p->warning || !spared || counts(x, p, &without)) {
            add_problem(x, p, day);
        }
    }
    if (e == ERR_OK || (e == ERR_SYNTAX && found.count > 0)) {
        return ERR_OK;
    }
    return fault(ctx, e, "%.*s", FMT(inner.why.detail));
}

/* A version that is in force on no day from today on: it would never judge anything. */
static void check_ended(struct ahead *x, size_t at)
{
    const struct pack_term *t = &x->terms[at];
    if (t->until.n > x->first.n && t->from.n < t->until.n) {
        return;
    }
    struct arena *a = x->ctx->arena;
    struct law_problem p = {.pack = t->code, .file = STR("pack.json"), .code = STR("until")};
    const struct pack_head *own = &t->pack->head;
    p.sentence = own->from.n >= own->until.n
                     ? STR("the pack ends before it begins")
                     : str_format(a,
                                  "the pack held until %.*s: there is no day left on which it "
                                  "is in force",
                                  FMT(day_text(a, t->until)));
    add_problem(x, &p, x->first);
}

/* The days from the first on at which the law may change, in order. */
static size_t change_days(const struct ahead *x, struct day **ret)
{
    size_t most = 1;
    for (size_t i = 0; i < x->count; i++) {
        most += x->terms[i].pack->day_count + 2;
    }
    struct day *days = ARENA_ARRAY(x->ctx->arena, struct day, most);
    size_t n = 0;
    days[n++] = x->first;
    for (size_t i = 0; i < x->count; i++) {
        const struct pack_term *t = &x->terms[i];
        days[n++] = t->from;
        days[n++] = t->until;
        for (size_t k = 0; k < t->pack->day_count; k++) {
            days[n++] = t->pack->days[k];
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (days[i].n >= x->first.n && days[i].n != INT32_MAX) {
            days[kept++] = days[i];
        }
    }
    *ret = days;
    return days_sort(days, kept);
}

static void free_one(void *slot)
{
    arena_free(*(struct arena **)slot);
}

/* Who gives it back is noted before there is anything: to note it may be what finds no memory. */
static enum err day_arena(struct ctx *ctx, struct arena **ret)
{
    struct arena **slot = ARENA_NEW(ctx->arena, struct arena *);
    arena_defer(ctx->arena, free_one, slot);
    *slot = arena_new(LIMIT_LAW_ARENA_BYTES);
    if (*slot == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to try the law of a day");
    }
    arena_guard_as(*slot, ctx->arena);
    *ret = *slot;
    return ERR_OK;
}

enum err law_check_ahead(struct ctx *ctx, struct law_shelf *s, const struct pack_term *terms,
                         size_t count, size_t fresh, const struct law_pack_source *stories,
                         size_t story_count, struct day day, struct law_problems *ret_problems)
{
    struct ahead x = {.ctx = ctx,
                      .shelf = s,
                      .terms = terms,
                      .count = count,
                      .fresh = fresh,
                      .stories = stories,
                      .story_count = story_count,
                      .first = day,
                      .problems = ret_problems};
    *ret_problems = (struct law_problems){0};
    TRY(day_arena(ctx, &x.scratch));
    TRY(day_arena(ctx, &x.snapshot));
    for (size_t i = 0; i < count; i++) {
        if (fresh == SIZE_MAX || fresh == i) {
            check_ended(&x, i);
        }
    }
    struct day *days = NULL;
    size_t day_count = change_days(&x, &days);
    for (size_t i = 0; i < day_count; i++) {
        TRY(check_day(&x, days[i]));
    }
    arena_clear(x.scratch);
    arena_clear(x.snapshot);
    return x.failed ? fault(ctx, ERR_SYNTAX, "the packs have faults") : ERR_OK;
}
