/* Publications, as acts made them: the only writer of the room's table. */
#include "base/day.h"
#include "base/str.h"
#include "book/book.h"
#include "book_sql.h"
#include "law/pack.h"
#include "vault/vault.h"

static struct str field(const struct admitted *act, const char *fact)
{
    return json_text(&act->draft->fields, fact);
}

/* From when to when: as pack.json says, never before the day of the act. A file that is not there
 * is an erased or foreign one, and says nothing. */
static enum err read_days(struct ctx *ctx, struct db *db, const struct admitted *act,
                          struct day *ret_from, struct day *ret_until)
{
    struct str sha = json_text(json_get(&act->draft->fields, "pack.file"), "sha256");
    struct attachment file;
    struct law_pack_source pack = {0};
    bool found = false;
    struct day from = act->day;
    *ret_until = (struct day){INT32_MAX};
    day_parse(field(act, "pack.from"), &from);
    TRY(vault_file_find(ctx, db, sha, &file, &found));
    if (found) {
        TRY(law_pack_read(ctx, file.bytes, &pack));
    }
    for (size_t i = 0; i < pack.count; i++) {
        struct json head;
        if (str_equal(pack.files[i].path, STR("pack.json"))) {
            TRY(json_parse(ctx, pack.files[i].bytes, STR("pack.json"), &head));
            day_parse(json_text(&head, "from"), &from);
            day_parse(json_text(&head, "until"), ret_until);
        }
    }
    *ret_from = from.n > act->day.n ? from : act->day;
    return ERR_OK;
}

static enum err law_publish(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct day from = act->day;
    struct day until = {INT32_MAX};
    TRY(read_days(ctx, db, act, &from, &until));
    return book_pack_add(ctx, db,
                         (struct book_pack_add_in){.seq = act->seq,
                                                   .pack = field(act, "pack.code"),
                                                   .version = field(act, "pack.version"),
                                                   .digest = field(act, "pack.digest"),
                                                   .from_day = from.n,
                                                   .until_day = until.n});
}

static const struct effect_row effects[] = {{"law.publish", law_publish}};

const struct projector book_projector = {
    .room = "book", .effects = effects, .effect_count = LEN(effects)};
