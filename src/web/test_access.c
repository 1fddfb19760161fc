/* Notes of use. */
#include "base/arena.h"
#include "base/str.h"
#include "base/test.h"
#include "web/web.h"
#include "web/use.h"

TEST(web_no_note_of_use_is_lost_on_a_page_of_many)
{
    enum { MANY = 500 };
    struct page p = {.ctx = ctx, .session = {.signed_in = true, .actor = {.id = STR("o-clerk")}}};
    for (int i = 0; i < MANY; i++) {
        struct str about = str_format(ctx->arena, "case-%d", i);
        page_use(&p, STR("p-lin"), about, ACCESS_OFFICE);
        page_use(&p, STR("p-lin"), about, ACCESS_OFFICE); /* the same again */
        page_use(&p, STR("o-clerk"), about, ACCESS_SELF); /* one's own data */
    }
    CHECK_INT(p.use_count, MANY);
    page_use(&p, STR("p-zhou"), STR("case-1"), ACCESS_OFFICE);
    page_use(&p, STR(""), STR("case-1"), ACCESS_OFFICE);
    CHECK_INT(p.use_count, MANY + 1);
}
