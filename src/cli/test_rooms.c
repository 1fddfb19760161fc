/* What the tables of the rooms' projectors must say for themselves: each effect that names
 * something has its check of names, or stands here with the reason why it needs none; what a room
 * copies, its erase takes away. The second is shown by every story (test_story.c), which knows no
 * column by name; here stands that a room which lacks either is found. */
#include <stdio.h>

#include "base/day.h"
#include "base/json_make.h"
#include "book/book.h"
#include "cli/rooms.h"
#include "cli/test_erased.h"
#include "people/people.h"
#include "party_sql.h"

static const struct {
    const char *effect;
    const char *why;
} nameless[] = {
    {"licence.issue",
     "its number is made by the rule of its type, or written off the old register"},
    {"login.setting", "a setting is of whoever acts"},
    {"oidc.register", "an application registered again has what it now says"},
    {"law.publish", "a pack is named by what it is; the book tries it before"},
};
/* The gate looks at these itself (src/gate/names.c), and a room may look at more; cli/test_names.c
 * tries each. */
static const char *const of_gate[] = {"office.", "admin.", "party.", "vault.", "institution."};

static bool looks(const struct projector *p, const char *effect)
{
    for (size_t i = 0; i < p->name_count; i++) {
        if (str_equal(str_from(p->names[i].effect), str_from(effect))) {
            return true;
        }
    }
    return false;
}

static bool has_effect(const struct projector *p, const char *effect)
{
    for (size_t i = 0; i < p->effect_count; i++) {
        if (str_equal(str_from(p->effects[i].effect), str_from(effect))) {
            return true;
        }
    }
    return false;
}

static bool is_nameless(const char *effect)
{
    for (size_t i = 0; i < LEN(nameless); i++) {
        if (str_equal(str_from(nameless[i].effect), str_from(effect))) {
            return true;
        }
    }
    return false;
}

static bool is_of_gate(const char *effect)
{
    for (size_t i = 0; i < LEN(of_gate); i++) {
        if (str_starts(str_from(effect), str_from(of_gate[i]))) {
            return true;
        }
    }
    return false;
}

/* All projectors that have effects: those of the rooms, and of the two below the gate. */
static size_t all_projectors(const struct projector **ret, size_t max)
{
    size_t count = 0;
    const struct projector *const *rooms = rooms_projectors(&count);
    must(count + 2 <= max);
    for (size_t i = 0; i < count; i++) {
        ret[i] = rooms[i];
    }
    ret[count++] = &people_projector;
    ret[count++] = &book_projector;
    return count;
}

/* The first effect without check or reason, or with both; NULL when there is none. */
static const char *unnamed(const struct projector *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < all[i]->effect_count; e++) {
            const char *effect = all[i]->effects[e].effect;
            bool looked = false;
            for (size_t k = 0; k < count; k++) {
                looked = looked || looks(all[k], effect);
            }
            if (looked ? is_nameless(effect) : !is_nameless(effect) && !is_of_gate(effect)) {
                return effect;
            }
        }
    }
    return NULL;
}

/* The first check of names of what is no effect; NULL when there is none. */
static const char *checks_nothing(const struct projector *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < all[i]->name_count; n++) {
            bool there = str_equal(str_from(all[i]->names[n].effect), STR("vault.erase"));
            for (size_t k = 0; k < count; k++) {
                there = there || has_effect(all[k], all[i]->names[n].effect);
            }
            if (!there) {
                return all[i]->names[n].effect;
            }
        }
    }
    return NULL;
}

TEST(rooms_every_effect_has_its_check_of_names_or_a_reason)
{
    const struct projector *all[64];
    size_t count = all_projectors(all, LEN(all));
    const char *wrong = unnamed(all, count);
    CHECK_STR(str_from(wrong == NULL ? "" : wrong), "");
    wrong = checks_nothing(all, count);
    CHECK_STR(str_from(wrong == NULL ? "" : wrong), "");
}

/* ---- a room that lacks both ---- */

static enum err nothing(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    (void)ctx;
    (void)db;
    (void)act;
    return ERR_OK;
}

static enum err look_nowhere(struct ctx *ctx, struct db *db, const struct naming *n,
                             struct misnamed *ret)
{
    (void)ctx;
    (void)db;
    (void)n;
    *ret = (struct misnamed){0};
    return ERR_OK;
}

/* It copies where a business is to be, into a table of another room for want of its own, and knows
 * no erase. */
static enum err copy_address(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str address = json_text(&act->draft->fields, "premises.address");
    if (address.n == 0) {
        return ERR_OK;
    }
    struct party_register_set_in row = {
        .id = str_format(ctx->arena, "made-up-%lld", (long long)act->seq),
        .party_kind = STR("place"),
        .display_name = address,
        .facts = STR("{}"),
        .seq = act->seq};
    return party_register_set(ctx, db, row);
}

static const struct effect_row made_up_effects[] = {{"made.up", nothing}};
static const struct name_row made_up_names[] = {{"made.otherwise", look_nowhere}};
static const struct projector made_up = {.room = "made-up",
                                         .effects = made_up_effects,
                                         .effect_count = LEN(made_up_effects),
                                         .names = made_up_names,
                                         .name_count = LEN(made_up_names),
                                         .track = copy_address};

TEST(rooms_an_effect_without_its_check_is_found)
{
    const struct projector *all[64];
    size_t count = all_projectors(all, LEN(all) - 1);
    all[count++] = &made_up;
    CHECK_STR(str_from(unnamed(all, count)), "made.up");
    CHECK_STR(str_from(checks_nothing(all, count)), "made.otherwise");
}

/* A case with an address that is erased. Where it still stands is in the gaps. */
static void erase_an_address(struct test *t, struct ctx *ctx, const struct projector *more,
                             struct erased_gaps *gaps)
{
    struct story s;
    struct story_text story;
    struct telling told = {.last_seq = -1};
    struct json people;
    struct str text;
    CHECK_OK(file_read(ctx, "law/sample/people.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("people.json"), &people));
    CHECK_OK(story_read(ctx, "law/cn-990101/test/licence-whole.json", &story));
    erased_mark_story(ctx, &story);
    story_open_more(&s, t, ctx, &people, more);
    for (size_t i = 0; i < story.count; i++) {
        struct story_answer answer;
        CHECK_OK(story_step(ctx, &s.stage, &told, &story.steps[i], &answer));
    }
    CHECK(erased_all(&s, gaps) > 0);
    erased_replay(&s, gaps);
    erased_look(&s, gaps);
}

TEST(rooms_a_copy_that_erasure_does_not_reach_is_found)
{
    struct erased_gaps *none = ARENA_NEW(ctx->arena, struct erased_gaps);
    struct erased_gaps *gaps = ARENA_NEW(ctx->arena, struct erased_gaps);
    *none = (struct erased_gaps){.arena = ctx->arena, .found = json_object()};
    *gaps = (struct erased_gaps){.arena = ctx->arena, .found = json_object()};
    erase_an_address(t, ctx, NULL, none);
    CHECK_INT(none->found.count, 0);
    erase_an_address(t, ctx, &made_up, gaps);
    CHECK(json_get_str(&gaps->found, STR("party_register.display_name")) != NULL);
    CHECK(json_get_str(&gaps->found, STR("replay.party_register")) != NULL);
    CHECK(json_get_str(&gaps->found, STR("store.db")) != NULL);
    CHECK_INT(gaps->found.count, 3);
}
