/* negotiate.h - choosing a representation, and the date of an answer. Pure. */
#pragma once

#include "http/http.h"

/* The index of the offer an Accept header likes best (RFC 9110 12.5.1: most specific range, then q,
 * then the earlier offer); 0 for an empty header; -1 when none is acceptable. Offers are
 * "text/html". */
int accept_choose(struct str accept, const struct str *offers, size_t count);
/* Whether an Accept-Language header likes English better than Chinese (RFC 9110 12.5.4). */
bool accepts_english_first(struct str accept_language);
/* Whether an Accept-Encoding header admits gzip (q above 0). */
bool accepts_gzip(struct str accept_encoding);
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), with NUL. */
void http_date_put(char out[30], struct instant t);
