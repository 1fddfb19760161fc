/* cmd_law.h - the questions of `tongban law`, each on packs that are loaded; they print and return
 * the exit code. */
#pragma once

#include "cli/cmd.h"
#include "law/law.h"

/* Which offices may, for an item or a kind of act, by what articles, from when; what ended before
 * `day` is left out. */
int law_who(struct cmd *c, const struct law *law, struct str name, struct day day);
/* What `new` changes of `old`, member by member; with the folder of a node that is not running,
 * also which running cases that touches, and whether the change holds for them. new_law is `new` on
 * its bases; pack its code. */
int law_diff(struct cmd *c, const struct law_pack_source *old, const struct law_pack_source *new,
             const struct law *new_law, struct str pack, const char *folder);
/* Play stories on the packs: `play PACK… --story FILE…`. */
int law_play(struct cmd *c);
/* Print what is wrong with packs, a line each; how many are faults and not warnings. */
int law_print_problems(struct cmd *c, const struct law_problems *list);
/* The powers of an office. */
int law_can(struct cmd *c, const struct law *law, struct str name, struct day day);
