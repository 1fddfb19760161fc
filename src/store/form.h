/* form.h - the form of a store's data, as a short text to hold against another program's: equal
 * where both make the same tables and fill the views in the same way. */
#pragma once

#include "store/store.h"

/* The form that this program makes; views_version: of its projections, as store_views_version takes
 * it. */
struct str store_form(struct arena *a, struct str views_version);
/* The form of what a store holds; empty while its views are not whole, or when nothing is there. */
enum err store_form_held(struct ctx *ctx, struct db *reader, struct str *ret) MUST_USE;
