/* negotiate.c - quality values and dates (RFC 9110 12.4.2, 12.5, 5.6.7). */
#include "http/negotiate.h"

#include <stdio.h>

#include "base/day.h"
#include "base/str.h"
#include "base/token.h"

/* "q" in thousandths from the parameters after a range: 1000 without one, -1 when it is malformed.
 */
static int quality_of(struct str parameters)
{
    while (parameters.n > 0) {
        struct str p = str_trim(str_cut(parameters, ';', &parameters));
        if (p.n < 2 || (p.p[0] | 0x20) != 'q' || p.p[1] != '=') {
            continue;
        }
        struct str v = str_slice(p, 2, p.n);
        bool is_form =
            v.n >= 1 && v.n <= 5 && (v.p[0] == '0' || v.p[0] == '1') && (v.n == 1 || v.p[1] == '.');
        int q = is_form ? (v.p[0] - '0') * 1000 : -1;
        int unit = 100;
        for (size_t i = 2; is_form && i < v.n; i++, unit /= 10) {
            if (v.p[i] < '0' || v.p[i] > '9') {
                return -1;
            }
            q += (v.p[i] - '0') * unit;
        }
        return q > 1000 ? -1 : q;
    }
    return 1000;
}

/* How specifically a range names an offer: 0 = not at all. */
typedef int match_fn(struct str range, struct str offer);

static int match_type(struct str range, struct str offer)
{
    struct str subtype = {0};
    struct str type = str_cut(range, '/', &subtype);
    struct str offer_subtype = {0};
    struct str offer_type = str_cut(offer, '/', &offer_subtype);
    if (str_equal(range, STR("*/*"))) {
        return 1;
    }
    if (!str_equal_nocase(type, offer_type)) {
        return 0;
    }
    return str_equal(subtype, STR("*")) ? 2 : str_equal_nocase(subtype, offer_subtype) ? 3 : 0;
}

static int match_coding(struct str range, struct str offer)
{
    return str_equal(range, STR("*")) ? 1 : str_equal_nocase(range, offer) ? 2 : 0;
}

/* "en" names "en-GB" too (RFC 4647 3.3.1, of which languages with one subtag are all we have). */
static int match_language(struct str range, struct str offer)
{
    bool same = range.n >= offer.n && str_equal_nocase(str_slice(range, 0, offer.n), offer) &&
                (range.n == offer.n || range.p[offer.n] == '-');
    return str_equal(range, STR("*")) ? 1 : same ? 2 : 0;
}

/* The quality a list gives an offer: that of its most specific range; 0 when none matches. */
static int quality_for(struct str list, struct str offer, match_fn *match)
{
    int best = 0;
    int quality = 0;
    while (list.n > 0) {
        struct str parameters = {0};
        struct str range = str_trim(str_cut(str_cut(list, ',', &list), ';', &parameters));
        int q = quality_of(parameters);
        int how = q < 0 ? 0 : match(range, offer);
        if (how > best) {
            best = how;
            quality = q;
        }
    }
    return quality;
}

bool accepts_english_first(struct str accept_language)
{
    return quality_for(accept_language, STR("en"), match_language) >
           quality_for(accept_language, STR("zh"), match_language);
}

int accept_choose(struct str accept, const struct str *offers, size_t count)
{
    int best = -1;
    int best_quality = 0;
    if (str_trim(accept).n == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        int q = quality_for(accept, offers[i], match_type);
        if (q > best_quality) {
            best_quality = q;
            best = (int)i;
        }
    }
    return best;
}

bool accepts_gzip(struct str accept_encoding)
{
    return quality_for(accept_encoding, STR("gzip"), match_coding) > 0;
}

void http_date_put(char out[30], struct instant t)
{
    static const char weekday[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char month[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t s = t.ms / 1000 - (t.ms % 1000 < 0);
    int64_t days = s / 86400 - (s % 86400 < 0);
    int in_day = (int)(s - days * 86400);
    struct day d = {(int32_t)days};
    struct civil c = day_to_civil(d);
    int year = c.year < 0 ? 0 : c.year > 9999 ? 9999 : c.year;
    snprintf(out, 30, "%s, %02u %s %04d %02d:%02d:%02d GMT", weekday[(day_of_week(d) + 6) % 7],
             (unsigned)c.day % 100, month[(unsigned)(c.month - 1) % 12], year, in_day / 3600 % 24,
             in_day / 60 % 60, in_day % 60);
}
