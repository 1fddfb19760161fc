/* party.h - people and organisations: their names, and what the node holds of them for prefilling.
 */
#pragma once

#include "base/json.h"
#include "gate/gate.h"
#include "web/web.h"
#include "web/serve.h"

extern const struct projector party_projector;
extern const struct route_table party_routes;

/* The name of a party or officer; the id itself when it is not registered. */
enum err party_name(struct ctx *ctx, struct db *db, struct str id, struct str *ret) MUST_USE;
/* Facts held, an object fact id -> value; empty when there are none. */
enum err party_facts(struct ctx *ctx, struct db *db, struct str id, struct json *ret) MUST_USE;
/* The same with the name as "name", for documents. */
enum err party_describe(struct ctx *ctx, struct db *db, struct str id, struct json *ret) MUST_USE;
/* A person or organisation by register id, identity card or credit code. *ret_id is empty when
 * there is none. */
enum err party_find(struct ctx *ctx, struct db *db, struct str code, struct str *ret_id,
                    struct str *ret_kind, struct str *ret_name) MUST_USE;
/* Parties this person may act for on a day, besides itself. */
struct party_other {
    struct str id;
    struct str name;
    struct str relation;
    bool is_org;
    const struct str *items; /* in matters of these; none: of all */
    size_t item_count;
};
enum err party_others(struct ctx *ctx, struct db *db, const struct law *law, struct str person,
                      struct day day, struct party_other **ret, size_t *ret_count) MUST_USE;
bool party_scope_has(const struct party_other *other, struct str item);
/* Who may act for a party on a day, or from a later one. */
struct party_agent {
    struct relation relation;
    struct str name;
};
enum err party_agents(struct ctx *ctx, struct db *db, const struct law *law, struct str party,
                      struct day day, struct party_agent **ret, size_t *ret_count) MUST_USE;
