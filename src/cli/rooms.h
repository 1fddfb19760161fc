/* rooms.h - the lists of rooms the program is made of. */
#pragma once

#include "base/arena.h"
#include "gate/gate.h"
#include "jobs/jobs.h"
#include "web/web.h"
#include "web/serve.h"

const struct projector *const *rooms_projectors(size_t *ret_count);
/* What the writer may be asked to keep (store/keep.h). */
const struct keep_table *rooms_keeps(struct ctx *ctx, size_t *ret_count);
const struct route_table *rooms_routes(struct ctx *ctx, size_t *ret_count);
const struct job_kind *rooms_jobs(struct ctx *ctx, size_t *ret_count);
