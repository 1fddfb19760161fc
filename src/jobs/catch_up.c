/* catch_up.c - the job that brings cases up to law that was published, a piece at a time: what a
 * piece is and why it does not matter when it is done stands in gate/catch_up.c. All of it is rows
 * of the store, so there is nothing to do on the pool's thread: a run is one piece in the writer,
 * with the end of the run, and acts go in between. */
#include "gate/run.h"
#include "jobs/jobs.h"

static enum err piece_keep(struct ctx *ctx, struct db *db, void *arg, struct job_result *result)
{
    bool more = false;
    TRY(gate_catch_up_some(ctx, arg, db, &more));
    result->end = more ? JOB_MORE : JOB_DONE;
    return ERR_OK;
}

static enum err piece_run(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    (void)ctx;
    ret->keep = piece_keep;
    ret->keep_arg = job->gate;
    return ERR_OK;
}

/* It cannot be given up: its tries last for years. */
const struct job_kind jobs_catch_up = {.kind = "gate.catch-up",
                                       .room = "gate",
                                       .run = piece_run,
                                       .at_once = 1,
                                       .time_ms = 10000,
                                       .tries_most = 1000000,
                                       .pause_s = 5,
                                       .pause_most_s = 300};
