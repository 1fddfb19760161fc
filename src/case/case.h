/* case.h - cases for those who have them and those who handle them: apply, follow, act, sign what
 * another sent; the register of decisions. What may be done in a case comes from the gate; no page
 * decides. */
#pragma once

#include "gate/gate.h"
#include "web/web.h"
#include "web/serve.h"

extern const struct projector case_projector;
extern const struct route_table case_routes;
extern const struct route_table case_apply_routes;
extern const struct route_table case_list_routes;
extern const struct route_table case_counter_routes;
extern const struct route_table case_sign_routes;
extern const struct keep_table case_keeps;
