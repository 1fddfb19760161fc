/* evidence.h - the ledger for everyone: tiles and checkpoint as C2SP lays down, entries with their
 * proof. */
#pragma once

#include "web/web.h"
#include "web/serve.h"

extern const struct route_table evidence_routes;
