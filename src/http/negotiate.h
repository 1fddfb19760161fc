/* negotiate.h - choosing a representation, and telling whether the client has it already. Pure. */
#pragma once

#include "http/http.h"

/* The index of the offer an Accept header likes best (RFC 9110 12.5.1: most specific range, then q,
 * then the earlier offer); 0 for an empty header; -1 when none is acceptable. Offers are
 * "text/html". */
int accept_choose(struct str accept, const struct str *offers, size_t count);
/* The same for Accept-Language with offers such as "zh-CN", "en" (RFC 4647 lookup and prefix match:
 * "zh" takes "zh-CN"). -1 when none matches: the caller then uses its default. */
int language_choose(struct str accept_language, const struct str *offers, size_t count);
/* Whether an Accept-Encoding header admits gzip (q above 0). */
bool accepts_gzip(struct str accept_encoding);

/* "\"tag\"" for the ETag header from any bytes: FNV-1a of 64 bits, for content that no one forges.
 */
struct str etag_of(struct arena *a, struct str bytes);
/* Whether If-None-Match names this tag (weak comparison) or "*": then answer 304 without a body. */
bool etag_matches(struct str if_none_match, struct str etag);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), 29 bytes on the arena. */
struct str http_date(struct arena *a, struct instant t);
/* Write it into out without an arena. */
void http_date_put(char out[30], struct instant t);
