/* power.h - whose a case is and who may do what: powers of offices by day (docs/law-packs.md,
 * "office"). */
#pragma once

#include "law/model.h"

/* The office whose a case is on a day that began with `office` on `opened`: who took its powers
 * over the item over together with the cases that run, else `office` itself. item is compared by
 * id. */
const struct office *law_seat(const struct law *law, const struct office *office,
                              const struct item *item, struct day opened, struct day day);
/* The offices whose cases may stand with this one on a day: itself, those whose powers it took over
 * together with the cases that run, and those that entrusted it. Whether a case does, law_seat and
 * law_deputy say. Up to `most`, `office` first. */
size_t law_sources(const struct law *law, const struct office *office, struct day day,
                   const struct office **ret, size_t most);
/* The power by which the office may do what needs this kind, on a day, in a case that began on
 * `opened` (for a new one: the day). One taken over by others without the cases that run is still
 * held for those. NULL: none. */
const struct power *law_holds(const struct law *law, const struct office *office, struct str kind,
                              const struct item *item, struct day opened, struct day day);
/* The power that `office` has entrusted to `deputy`; kind empty: any. NULL: none that day. */
const struct power *law_deputy(const struct office *deputy, const struct office *office,
                               struct str kind, const struct item *item, struct day day);
const char *law_basis_name(enum power_basis basis);
