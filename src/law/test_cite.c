/* Citations as people read them. */
#include "base/arena.h"
#include "base/str.h"
#include "base/test.h"
#include "law/law.h"

TEST(law_cite_reads_as_people_write_it)
{
    static const struct {
        const char *no;
        const char *part;
        const char *zh;
        const char *en;
    } rows[] = {
        {"1", "", "示例法第一条", "Sample Law, art. 1"},
        {"10", "", "示例法第十条", "Sample Law, art. 10"},
        {"15", "2", "示例法第十五条（2）", "Sample Law, art. 15(2)"},
        {"42", "1", "示例法第四十二条（1）", "Sample Law, art. 42(1)"},
        {"100", "", "示例法第一百条", "Sample Law, art. 100"},
        {"101", "", "示例法第一百零一条", "Sample Law, art. 101"},
        {"110", "", "示例法第一百一十条", "Sample Law, art. 110"},
        {"1260", "", "示例法第一千二百六十条", "Sample Law, art. 1260"},
        {"1005", "", "示例法第一千零五条", "Sample Law, art. 1005"},
        {"12-1", "", "示例法第12-1条", "Sample Law, art. 12-1"},
    };
    const struct statute statute = {.name = STR("示例法"),
                                    .title = {STR("中华示例法"), STR("Sample Law")}};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct article article = {.no = str_from(rows[i].no)};
        struct cite c = {.text = STR("x"),
                         .part = str_from(rows[i].part),
                         .statute = &statute,
                         .article = &article};
        CHECK_STR(law_cite_text(ctx->arena, &c, false), rows[i].zh);
        CHECK_STR(law_cite_text(ctx->arena, &c, true), rows[i].en);
    }
    CHECK_STR(law_cite_text(ctx->arena, &(struct cite){.text = STR("示例法#9")}, false),
              "示例法#9");
}
