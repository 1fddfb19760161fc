/* unicode.h - properties of code points: general category, simple case, blocks, XML name
 * characters. Private to this room. */
#pragma once

#include "base/base.h"

/* In the order of the two-letter names
 * "LuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCsCoCn". */
enum { CATEGORY_COUNT = 30, CATEGORY_ND = 8 };
int unicode_category(int32_t code);
/* The categories a name like "L" or "Lu" stands for, as bits; 0 when it is none. */
uint32_t unicode_categories(struct str name);
int32_t unicode_upper(int32_t code);
int32_t unicode_lower(int32_t code);
/* The range of a block by its name without blanks ("BasicLatin"); false when there is none. */
bool unicode_block(struct str name, int32_t *ret_from, int32_t *ret_to);
/* XML 1.0 NameStartChar and NameChar. */
bool unicode_is_name_start(int32_t code);
bool unicode_is_name(int32_t code);
