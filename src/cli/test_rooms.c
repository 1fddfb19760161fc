/* What the tables of the rooms' projectors must say for themselves: each effect that names
 * something has its check of names, or stands here with the reason why it needs none. */
#include <stdio.h>

#include "base/test.h"
#include "book/book.h"
#include "cli/rooms.h"
#include "people/people.h"

static const struct {
    const char *effect;
    const char *why;
} nameless[] = {
    {"licence.issue",
     "its number is made by the rule of its type, or written off the old register"},
    {"licence.renew", "the case names its licence; where there is none nothing is renewed"},
    {"licence.change", "the case names its licence; where there is none nothing changes"},
    {"licence.correct", "the case names its licence; where there is none nothing is corrected"},
    {"licence.suspend", "the case names its licence; where there is none nothing is suspended"},
    {"licence.revoke", "the case names its licence; where there is none nothing is revoked"},
    {"licence.cancel", "the case names its licence; where there is none nothing is cancelled"},
    {"login.setting", "a setting is of whoever acts"},
    {"oidc.register", "an application registered again has what it now says"},
    {"law.publish", "a pack is named by what it is; the book tries it before"},
};
/* The gate looks at these itself (src/gate/names.c); cli/test_names.c tries each. */
static const char *const of_gate[] = {"office.", "admin.", "party.", "vault."};

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

static bool is_excused(const char *effect)
{
    for (size_t i = 0; i < LEN(nameless); i++) {
        if (str_equal(str_from(nameless[i].effect), str_from(effect))) {
            return true;
        }
    }
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

TEST(rooms_every_effect_has_its_check_of_names_or_a_reason)
{
    const struct projector *all[64];
    size_t count = all_projectors(all, LEN(all));
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; e < all[i]->effect_count; e++) {
            const char *effect = all[i]->effects[e].effect;
            bool looked = false;
            for (size_t k = 0; k < count; k++) {
                looked = looked || looks(all[k], effect);
            }
            if (looked == is_excused(effect)) {
                printf("  %s of %s: %s\n", effect, all[i]->room,
                       looked ? "has a check of names and a reason to have none"
                              : "no check of names");
            }
            CHECK(looked != is_excused(effect));
        }
    }
}

TEST(rooms_checks_of_names_belong_to_effects)
{
    const struct projector *all[64];
    size_t count = all_projectors(all, LEN(all));
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < all[i]->name_count; n++) {
            bool there = str_equal(str_from(all[i]->names[n].effect), STR("vault.erase"));
            for (size_t k = 0; k < count; k++) {
                there = there || has_effect(all[k], all[i]->names[n].effect);
            }
            if (!there) {
                printf("  %s of %s is no effect\n", all[i]->names[n].effect, all[i]->room);
            }
            CHECK(there);
        }
    }
}
