/* cmd_law.h - the questions of `tongban law`, each on packs that are loaded; they print and return the exit code. */
#pragma once

#include "cli/cmd.h"
#include "law/law.h"

/* Which offices may, for an item or a kind of act, by what articles, from when; what ended before `day` is left out. */
int law_who(struct cmd *c, const struct law *law, struct str name, struct day day);
/* The powers of an office. */
int law_can(struct cmd *c, const struct law *law, struct str name, struct day day);
