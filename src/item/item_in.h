/* item_in.h - inside the item room. */
#pragma once

#include "item/item.h"

/* page_office.c: the list of powers and duties (权责清单) of one office. */
enum err item_page_office(struct page *p) MUST_USE;
