/* item.h - finding what can be asked for: home, search, guide; offices and their powers. Views of
 * law alone. */
#pragma once

#include "web/web.h"
#include "web/serve.h"

extern const struct route_table item_routes;
