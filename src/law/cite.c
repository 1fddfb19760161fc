/* A citation as people read it: "行政许可法第四十二条（1）", "行政许可法 art. 42(1)". */
#include "base/arena.h"
#include "base/buf.h"
#include "base/token.h"
#include "law/law.h"

/* 1 to 9999 in Chinese numerals: 10 十, 15 十五, 101 一百零一. */
static void put_numeral(struct buf *b, uint64_t n)
{
    static const char *const digit[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    static const char *const unit[] = {"千", "百", "十", ""};
    uint64_t scale = 1000;
    bool begun = false;
    bool gap = false;
    for (size_t i = 0; i < LEN(unit); i++, scale /= 10) {
        uint64_t d = n / scale % 10;
        if (d == 0) {
            gap = begun;
            continue;
        }
        buf_puts(b, gap ? "零" : "");
        buf_puts(b, d == 1 && scale == 10 && !begun ? "" : digit[d]);
        buf_puts(b, unit[i]);
        begun = true;
        gap = false;
    }
}

struct str law_cite_text(struct arena *a, const struct cite *c, bool english)
{
    struct str no = {0};
    uint64_t n = 0;
    if (c->statute == NULL || c->article == NULL || c->text.n == 0) {
        return c->text;
    }
    no = c->article->no;
    struct buf b = buf_new(a, 0);
    if (english) {
        buf_put(&b, c->statute->title.en.n > 0 ? c->statute->title.en : c->statute->name);
        buf_format(&b, ", art. %.*s", FMT(no));
        if (c->part.n > 0) {
            buf_format(&b, "(%.*s)", FMT(c->part));
        }
        return buf_str(&b);
    }
    buf_put(&b, c->statute->name);
    if (str_to_u64(no, &n) && n > 0 && n < 10000) {
        buf_puts(&b, "第");
        put_numeral(&b, n);
        buf_puts(&b, "条");
    } else {
        buf_format(&b, "第%.*s条", FMT(no));
    }
    if (c->part.n > 0) {
        buf_format(&b, "（%.*s）", FMT(c->part));
    }
    return buf_str(&b);
}
