/* render.h - what generated templates call. Escapes are chosen by tools/pagec from where a hole
 * stands; nobody else writes HTML. */
#pragma once

#include "base/base.h"
#include "base/buf.h"

enum lang { LANG_ZH, LANG_EN };

struct render {
    struct buf *out;
    enum lang lang;
    struct str token; /* of the session, for forms that post */
    struct str key;   /* idempotency key of this page's form */
};

/* For string literals only. */
#define render_static(r, literal) buf_bytes((r)->out, "" literal "", sizeof(literal) - 1)

void render_text(struct render *r, struct str s);    /* & < > " ' escaped */
void render_html(struct render *r, struct str html); /* made by another template or law_document */
void render_int(struct render *r, int64_t v);
void render_segment(struct render *r,
                    struct str s); /* one path or query segment, percent-encoded */
/* An address of this site: "/…", "?…" or "#…" (language prefix added to the first); anything else
 * becomes "#". */
void render_url(struct render *r, struct str s);
void render_day(struct render *r, struct day d);       /* <time>, nothing for day 0 */
void render_day_plain(struct render *r, struct day d); /* inside attributes */
void render_prefix(struct render *r);                  /* "" or "/en" */
void render_token(struct render *r);                   /* hidden inputs of a form that posts */
void render_json_bool(struct buf *b, bool v);
void render_json_day(struct buf *b, struct day d); /* "2026-11-23", null for day 0 */
