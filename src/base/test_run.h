/* test_run.h - the table that tools/testgen.awk makes and test_run.c runs. */
#pragma once

#include "base/test.h"

struct test_row {
    const char *name;
    void (*fn)(struct test *t, struct ctx *ctx);
};
extern const struct test_row test_rows[];
extern const size_t test_row_count;
