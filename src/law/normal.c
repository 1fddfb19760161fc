/* What people type, in the form it is kept in: one form for one value.
 *
 * The same name is typed with four dots, the same number in half and full width, the same day with
 * strokes or with 年月日. If each were kept as typed, a register would hold one person four times,
 * and a rule that compares two values would compare keyboards. So before anything is judged, every
 * value of a draft takes its normal form, and that is what act and ledger hold. Nothing is guessed:
 * only what reads the same is made the same; the rest stays and is told by law_fact_check.
 *
 * Blanks and characters nobody sees (Unicode: White_Space; the zero-width, joining and direction
 * controls of Default_Ignorable_Code_Point) satisfy nothing: at the ends blanks go, and what is
 * never seen goes everywhere, so that a name of one U+3000 is no name, and two names that look the
 * same are the same. What shapes the letters beside it is seen and stays: the vowel separator among
 * Mongolian letters, in running text a joiner between signs that join, a variant's selector after
 * its sign. */
#include "base/buf.h"
#include "base/json_make.h"
#include "base/utf8.h"
#include "law/law_in.h"

static bool is_blank(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool is_unseen(int32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || c == 0xfeff || c == 0xffa0 ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/* The dots by which names of other languages are set apart, all written as U+00B7. */
static bool is_dot(int32_t c)
{
    return c == 0x2022 || c == 0x2027 || c == 0x2219 || c == 0x22c5 || c == 0x30fb || c == 0xff65 ||
           c == 0x387;
}

static bool is_han(int32_t c)
{
    return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x323af) || c == 0x3007;
}

static int32_t half_width(int32_t c)
{
    return c >= 0xff01 && c <= 0xff5e ? c - 0xff01 + 0x21 : c;
}

static void put(struct buf *b, int32_t code)
{
    char bytes[4];
    buf_bytes(b, bytes, utf8_put(bytes, code));
}

static bool is_mongolian(int32_t c)
{
    return c >= 0x1820 && c <= 0x18aa;
}

static bool is_selector(int32_t c)
{
    return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

/* Letters and signs that a joiner may join: not of Latin, Greek, Cyrillic, nor Chinese. */
static bool is_joining(int32_t c)
{
    return c >= 0x590 && !is_blank(c) && !is_unseen(c) && !is_han(c);
}

/* Does it change how what stands beside it looks? */
static bool is_shaping(int32_t before, int32_t c, int32_t after, bool text)
{
    return c == 0x180e
               ? is_mongolian(before) && is_mongolian(after)
               : text && (c == 0x200c || c == 0x200d) && is_joining(before) && is_joining(after);
}

/* Without what is not seen, and without blanks at the ends. text: it runs, and is no name or code.
 */
static struct str seen(struct arena *a, struct str s, bool text)
{
    struct buf b = buf_new(a, 0);
    size_t end = 0;
    int32_t before = 0;
    for (size_t at = 0; at < s.n;) {
        int32_t c = utf8_next(s, &at);
        if (c < 0) {
            return s; /* no UTF-8, which others say */
        }
        size_t next = at;
        int32_t after = at < s.n ? utf8_next(s, &next) : 0;
        bool bare = b.n == 0 && (is_blank(c) || is_selector(c));
        if (bare || (is_unseen(c) && !is_shaping(before, c, after, text))) {
            continue;
        }
        put(&b, c);
        before = c;
        end = is_blank(c) ? end : b.n;
    }
    return str_slice(buf_str(&b), 0, end);
}

/* Numbers, codes and days: in half width, without blanks; letters of a code in upper case. */
static struct str plain(struct arena *a, struct str s, bool upper, bool joined)
{
    struct buf b = buf_new(a, 0);
    for (size_t at = 0; at < s.n;) {
        int32_t c = half_width(utf8_next(s, &at));
        if (is_blank(c) && joined) {
            continue;
        }
        c = is_blank(c) ? ' ' : c;
        put(&b, upper && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return buf_str(&b);
}

/* A name: one dot, half width, one blank between words, none between Chinese characters. */
static struct str name(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, 0);
    int32_t before = 0;
    bool blank = false;
    for (size_t at = 0; at < s.n;) {
        int32_t c = half_width(utf8_next(s, &at));
        if (is_blank(c)) {
            blank = true;
            continue;
        }
        c = is_dot(c) ? 0xb7 : c;
        if (blank && !(is_han(before) && is_han(c)) && before != 0xb7 && c != 0xb7) {
            put(&b, ' ');
        }
        put(&b, c);
        before = c;
        blank = false;
    }
    return buf_str(&b);
}

/* 2026/3/5, 2026.03.05 and 2026年3月5日 as 2026-03-05; what is no day stays. */
static struct str day_typed(struct arena *a, struct str s)
{
    int64_t part[3] = {0};
    size_t digits[3] = {0};
    size_t n = 0;
    for (size_t at = 0; at < s.n;) {
        int32_t c = utf8_next(s, &at);
        if (c >= '0' && c <= '9' && n < 3 && digits[n] < 4) {
            part[n] = part[n] * 10 + (c - '0');
            digits[n]++;
        } else if (n < 3 && digits[n] > 0 &&
                   (c == '-' || c == '/' || c == '.' || c == 0x5e74 || c == 0x6708 ||
                    (c == 0x65e5 && n == 2 && at == s.n))) {
            n++;
        } else {
            return s;
        }
    }
    bool whole = digits[0] == 4 && digits[1] > 0 && digits[1] < 3 && digits[2] > 0 && digits[2] < 3;
    return whole ? str_format(a, "%04d-%02d-%02d", (int)part[0], (int)part[1], (int)part[2]) : s;
}

static struct str normal_text(struct arena *a, const struct fact *x, struct str s)
{
    s = seen(a, s, x->type == FACT_TEXT && !x->is_name && x->matcher == NULL);
    switch (x->type) {
    case FACT_IDCARD:
    case FACT_USCC: return plain(a, s, true, true);
    case FACT_BILL:
    case FACT_PHONE: return plain(a, s, false, false);
    case FACT_DATE: return day_typed(a, plain(a, s, false, true));
    case FACT_TEXT:
        return x->is_name ? name(a, s) : x->matcher != NULL ? plain(a, s, false, false) : s;
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY:
    case FACT_BOOLEAN:
    case FACT_CHOICE:
    case FACT_MATERIAL:
    case FACT_LIST: break;
    }
    return s;
}

bool law_fact_normal(struct arena *a, const struct fact *x, const struct json *v, struct json *ret)
{
    if (v->kind == JSON_STRING) {
        struct str s = normal_text(a, x, v->text);
        *ret = json_of_str(s);
        return !str_equal(s, v->text);
    }
    if (v->kind != JSON_ARRAY) {
        return false;
    }
    bool other = false;
    *ret = json_array();
    for (size_t i = 0; i < v->count; i++) {
        struct json item = v->items[i];
        if (item.kind == JSON_STRING) {
            item.text = seen(a, item.text, x->type == FACT_LIST);
            other = other || !str_equal(item.text, v->items[i].text);
        }
        json_push(a, ret, item);
    }
    return other;
}
