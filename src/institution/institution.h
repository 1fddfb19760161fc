/* institution.h - the door of institutions: banks, payment channels, laboratories, which say what
 * they did under their own key.
 *
 * Each brings a statement it signed (oidc_statement) and gets an answer for programs: a receipt, or
 * problem+json with the article that refuses. No session, no token, nothing kept here: what they
 * may do says the law (`who` with `client`), what they told stands in the ledger as theirs.
 */
#pragma once

#include "web/serve.h"
#include "web/web.h"

extern const struct route_table institution_routes;
