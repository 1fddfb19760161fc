/* What acts on a licence may name: the party's own, or one that this register does not hold. */
#include "base/json_make.h"
#include "base/str.h"
#include "base/test.h"
#include "base/world.h"
#include "licence/licence.h"
#include "licence_sql.h"
#include "store/schema.h"
#include "store/store.h"
#include "world_sim.h"

static const char *said(struct ctx *ctx, struct db *db, const char *effect, const char *number,
                        const char *party)
{
    struct draft d = {.fields = json_object()};
    struct naming n = {.draft = &d, .party = str_from(party)};
    struct misnamed wrong = {0};
    size_t asked = 0;
    if (number[0] != 0) {
        json_set(ctx->arena, &d.fields, STR("licence.number"), json_of_str(str_from(number)));
    }
    for (size_t i = 0; i < licence_projector.name_count; i++) {
        if (str_equal(str_from(licence_projector.names[i].effect), str_from(effect))) {
            must(licence_projector.names[i].look(ctx, db, &n, &wrong) == ERR_OK);
            asked++;
        }
    }
    return asked != 1 ? "asked nobody" : wrong.code == NULL ? "" : wrong.code;
}

TEST(licence_acts_name_the_partys_own)
{
    static const char *const effects[] = {"licence.renew",   "licence.change", "licence.correct",
                                          "licence.suspend", "licence.revoke", "licence.cancel"};
    struct world *world = sim_new(5);
    struct store *store = NULL;
    ctx->world = world;
    CHECK_OK(store_open(ctx, STR("node"), STORE_CREATE, &store));
    CHECK_OK(store_migrate(ctx, store));
    struct db *db = store_writer(store);
    CHECK_OK(licence_put(ctx, db,
                         (struct licence_put_in){.number = STR("JY1"),
                                                 .licence_type = STR("food-business"),
                                                 .party = STR("org-lin"),
                                                 .office = STR("bh-market"),
                                                 .licence_status = STR("valid"),
                                                 .public_facts = STR("{}")}));
    for (size_t i = 0; i < LEN(effects); i++) {
        CHECK_STR(str_from(said(ctx, db, effects[i], "JY1", "org-lin")), "");
        CHECK_STR(str_from(said(ctx, db, effects[i], "JY1", "org-bake")), "form.subject");
        CHECK_STR(str_from(said(ctx, db, effects[i], "JY2", "org-bake")), "");
        CHECK_STR(str_from(said(ctx, db, effects[i], "", "org-bake")), "");
    }
    CHECK_STR(str_from(said(ctx, db, "licence.issue", "JY1", "org-bake")), "asked nobody");
    store_close(store);
    ctx->world = world_real();
    sim_free(world);
}
