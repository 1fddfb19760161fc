/* The words for who acts, as leaves and the vault write them: they are part of the ledger's format
 * and never change. */
#include "act/act.h"
#include "base/str.h"

static const char *const words[] = {
    [ACTOR_PARTY] = "party", [ACTOR_OFFICER] = "officer", [ACTOR_ADMIN] = "admin",
    [ACTOR_CLOCK] = "clock", [ACTOR_NODE] = "node",       [ACTOR_CLIENT] = "client",
};

struct str actor_word(enum actor_kind kind)
{
    must((size_t)kind < LEN(words));
    return str_from(words[kind]);
}

bool actor_named(struct str word, enum actor_kind *ret)
{
    for (size_t i = 0; i < LEN(words); i++) {
        if (str_equal(word, str_from(words[i]))) {
            *ret = (enum actor_kind)i;
            return true;
        }
    }
    return false;
}
