/* Days of the proleptic Gregorian calendar as numbers from 1970-01-01, and back. Months that end
 * early clamp (31 January and a month is 28 February); which days are off is law, and not known
 * here. */
#include "base/day.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Days from civil and back by eras of 400 years, so that negative years need no special case. */
struct day day_from_civil(struct civil c)
{
    int64_t y = c.year - (c.month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (struct day){(int32_t)(era * 146097 + doe - 719468)};
}

struct civil day_to_civil(struct day d)
{
    int64_t z = (int64_t)d.n + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int32_t month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){(int32_t)(yoe + era * 400 + (month <= 2)), month,
                          (int32_t)(doy - (153 * mp + 2) / 5 + 1)};
}

int32_t month_length(int32_t year, int32_t month)
{
    static const int8_t length[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return length[month] + (month == 2 && leap);
}

bool civil_is_valid(struct civil c)
{
    return c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= month_length(c.year, c.month);
}

int day_of_week(struct day d)
{
    int64_t w = ((int64_t)d.n + 3) % 7;
    return (int)(w < 0 ? w + 7 : w) + 1;
}

struct day day_add(struct day d, int32_t days)
{
    return (struct day){d.n + days};
}

struct day day_add_months(struct day d, int32_t months)
{
    struct civil c = day_to_civil(d);
    int64_t m = (int64_t)c.year * 12 + c.month - 1 + months;
    int64_t year = (m >= 0 ? m : m - 11) / 12;
    c.year = (int32_t)year;
    c.month = (int32_t)(m - year * 12) + 1;
    int32_t last = month_length(c.year, c.month);
    c.day = c.day > last ? last : c.day;
    return day_from_civil(c);
}

static bool digits(struct str s, size_t at, size_t n, int32_t *ret)
{
    int32_t v = 0;
    if (at + n > s.n) {
        return false;
    }
    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return true;
}

bool day_parse(struct str s, struct day *ret)
{
    struct civil c = {0};
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !digits(s, 0, 4, &c.year) ||
        !digits(s, 5, 2, &c.month) || !digits(s, 8, 2, &c.day) || !civil_is_valid(c)) {
        return false;
    }
    *ret = day_from_civil(c);
    return true;
}

void day_write(struct buf *b, struct day d, bool english)
{
    static const char *const month[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    struct civil c = day_to_civil(d);
    if (english) {
        buf_format(b, "%d %s %d", c.day, month[c.month - 1], c.year);
    } else {
        buf_format(b, "%d年%d月%d日", c.year, c.month, c.day);
    }
}

struct str day_text(struct arena *a, struct day d)
{
    struct civil c = day_to_civil(d);
    return str_format(a, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct day instant_day(struct instant t)
{
    return (struct day){(int32_t)floor_div(t.ms + OFFICIAL_OFFSET_MS, DAY_MS)};
}

struct instant day_start(struct day d)
{
    return (struct instant){d.n * DAY_MS - OFFICIAL_OFFSET_MS};
}

struct str instant_text(struct arena *a, struct instant t)
{
    int64_t day = floor_div(t.ms, DAY_MS);
    int64_t ms = t.ms - day * DAY_MS;
    struct civil c = day_to_civil((struct day){(int32_t)day});
    return str_format(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day,
                      (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60),
                      (int)(ms % 1000));
}

bool instant_parse(struct str s, struct instant *ret)
{
    struct day d = {0};
    int32_t h = 0;
    int32_t m = 0;
    int32_t sec = 0;
    if (s.n < 20 || !day_parse(str_slice(s, 0, 10), &d) || s.p[10] != 'T' ||
        !digits(s, 11, 2, &h) || s.p[13] != ':' || !digits(s, 14, 2, &m) || s.p[16] != ':' ||
        !digits(s, 17, 2, &sec) || h > 23 || m > 59 || sec > 59) {
        return false;
    }
    size_t at = 19;
    int64_t ms = 0;
    if (s.p[at] == '.') {
        int64_t unit = 100;
        size_t from = ++at;
        for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++, unit /= 10) {
            ms += (s.p[at] - '0') * unit;
        }
        if (at == from) {
            return false;
        }
    }
    int64_t offset = 0;
    if (at < s.n && s.p[at] == 'Z') {
        at++;
    } else {
        int32_t oh = 0;
        int32_t om = 0;
        if (at + 6 != s.n || (s.p[at] != '+' && s.p[at] != '-') || !digits(s, at + 1, 2, &oh) ||
            s.p[at + 3] != ':' || !digits(s, at + 4, 2, &om) || oh > 23 || om > 59) {
            return false;
        }
        offset = (s.p[at] == '-' ? -1 : 1) * ((int64_t)oh * 3600000 + (int64_t)om * 60000);
        at += 6;
    }
    if (at != s.n) {
        return false;
    }
    ret->ms = d.n * DAY_MS + (int64_t)h * 3600000 + (int64_t)m * 60000 + (int64_t)sec * 1000 + ms -
              offset;
    return true;
}
