/* licence.h - the register of licences: issue, status, check by number. */
#pragma once

#include "gate/gate.h"
#include "web/web.h"
#include "web/serve.h"

extern const struct projector licence_projector;
extern const struct route_table licence_routes;

/* What the register holds of the party's only valid licence of a type, added to `facts` where they
 * have no value: its number and public facts. Nothing when there is none, or several to choose
 * from. */
enum err licence_prefill(struct ctx *ctx, struct db *db, struct str party, struct str type,
                         struct json *facts) MUST_USE;
