/* test_matrix.h - who may do what in which state: every kind of act asked for by every person of
 * the samples in every state that the stories reach, written down in law/cn/test/matrix.md so that
 * a change is seen in review. */
#pragma once

#include "cli/test_play.h"

struct matrix;
struct matrix *matrix_new(struct arena *arena);
/* Note the state of a case, unless it is known already. */
void matrix_note(struct matrix *m, struct story *s, struct str case_id);
/* Compare with the written one; TONGBAN_GOLDEN=1 writes it anew. */
void matrix_check(struct matrix *m, struct test *t, struct ctx *ctx);
