/* Publications, as acts made them: the only writer of the room's table. */
#include "base/day.h"
#include "base/str.h"
#include "book/book.h"
#include "book_sql.h"

static struct str field(const struct admitted *act, const char *fact)
{
    return json_text(&act->draft->fields, fact);
}

static enum err law_publish(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct day from = act->day;
    day_parse(field(act, "pack.from"), &from);
    return book_pack_add(ctx, db,
                         (struct book_pack_add_in){.seq = act->seq,
                                                   .pack = field(act, "pack.code"),
                                                   .version = field(act, "pack.version"),
                                                   .digest = field(act, "pack.digest"),
                                                   .from_day = from.n});
}

static const struct effect_row effects[] = {{"law.publish", law_publish}};

const struct projector book_projector = {
    .room = "book", .effects = effects, .effect_count = LEN(effects)};
