/* day.h - civil days and instants: proleptic Gregorian, no time zones but a fixed offset.
 *
 * Official time here is UTC+8, a constant without daylight saving; OFFICIAL_OFFSET_MS is the only
 * place that says so. Holidays and working days are law (law/calendar), not here.
 */
#pragma once

#include "base/base.h"

#define DAY_MS ((int64_t)86400000)
#define OFFICIAL_OFFSET_MS ((int64_t)8 * 3600 * 1000)

struct civil {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

struct day day_from_civil(struct civil c); /* c must be valid */
struct civil day_to_civil(struct day d);
bool civil_is_valid(struct civil c);
int32_t month_length(int32_t year, int32_t month);
/* 1 = Monday .. 7 = Sunday (ISO 8601). */
int day_of_week(struct day d);
struct day day_add(struct day d, int32_t days);
/* The same day of the month n months on, or that month's last day. */
struct day day_add_months(struct day d, int32_t months);

/* "YYYY-MM-DD" only; false for anything else. */
bool day_parse(struct str s, struct day *ret);
/* Writes 10 bytes for years 0..9999. */
struct str day_text(struct arena *a, struct day d);
/* In words: "2026年3月2日", "2 March 2026". */
struct buf;
void day_write(struct buf *b, struct day d, bool english);

/* The official (UTC+8) day an instant falls on, and the first instant of an official day. */
struct day instant_day(struct instant t);
struct instant day_start(struct day d);
/* "2026-11-23T09:14:00.000Z" (UTC, milliseconds) and back; parse also takes an offset and fewer
 * fraction digits. */
struct str instant_text(struct arena *a, struct instant t);
bool instant_parse(struct str s, struct instant *ret);
