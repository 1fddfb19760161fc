/* cmd_tck.h - the compatibility kit of DMN (dmn-tck), run over this engine. */
#pragma once

#include "base/base.h"

/* Run every case below folder and write a line each in the kit's form, to csv_path or (NULL) to
 * stdout: "folder","test file","case id","SUCCESS" or "ERROR","detail". Totals go to stderr.
 * verbose: failed cases go to stdout as they come. ERR_NOT_FOUND when there are no cases; a case
 * that fails is no error; *ret_all says whether all passed. */
enum err tck_run(struct ctx *ctx, const char *folder, const char *csv_path, bool verbose,
                 bool *ret_all) MUST_USE;
