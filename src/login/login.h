/* login.h - the demo's sign-in: a chooser of sample people, and one-time addresses. It exists only when
 * the node was started as a demo, and says so. The real identity provider takes its place. */
#pragma once

#include "web/web.h"

extern const struct route_table login_routes;
