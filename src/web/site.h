/* site.h - routes of the site itself: style, accessibility, health, interface description. */
#pragma once

#include "web/web.h"
#include "web/serve.h"

extern const struct route_table site_routes;
extern const struct route_table jobs_routes; /* what stands in the outbox, for administrators */
extern const struct keep_table jobs_page_keeps;
