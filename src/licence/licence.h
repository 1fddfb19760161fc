/* licence.h - the register of licences: issue, status, check by number. */
#pragma once

#include "gate/gate.h"
#include "web/web.h"

extern const struct projector licence_projector;
extern const struct route_table licence_routes;
