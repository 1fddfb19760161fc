/* answer.h - how a page answers: by a template as HTML or JSON, elsewhere, as a problem, with a
 * file. */
#pragma once

#include "web/web.h"

/* Language-dependent text of the law: English when there is one and it is wanted. */
struct str page_text(const struct page *p, struct text2 t);
/* A citation as people read it: "行政许可法第四十二条（1）". As written when it resolved to no
 * article. */
struct str page_cite(const struct page *p, const struct cite *c);

/* Answer with a template NAME: title in the page's language; the struct answers as HTML in the
 * frame, or as JSON when the client prefers that. */
typedef void template_html(struct render *r, const void *data);
typedef void template_json(struct buf *b, const void *data);
#define page_show(p, status, title, name, data)                                                    \
    page_show_any((p), (status), (title), name##_html_any, name##_json_any, (data))
enum err page_show_any(struct page *p, int status, struct str title, template_html *html,
                       template_json *json, const void *data) MUST_USE;
/* A template rendered by itself, to stand in another as {name:html}. */
struct str page_part(struct page *p, template_html *html, const void *data);
/* 303 to an address of this site. */
enum err page_go(struct page *p, struct str path) MUST_USE;
/* 303 to any address: the caller has checked that it may send people there. */
enum err page_leave(struct page *p, struct str url) MUST_USE;
/* One more header of the answer. */
void page_header(struct page *p, struct str name, struct str value);
/* A problem: page or problem+json, by Accept. */
enum err page_problem(struct page *p, enum err code, struct str field,
                      struct text2 sentence) MUST_USE;
/* A problem with a name of its own, for programs: "form.file". */
enum err page_problem_as(struct page *p, int status, const char *problem, struct str field,
                         struct text2 sentence) MUST_USE;
/* A body as it is: tiles, checkpoints, CSV, SVG. cache_s: how long others may keep it; 0 =
 * no-store. */
enum err page_raw(struct page *p, int status, struct str type, struct str body,
                  int64_t cache_s) MUST_USE;
/* A file of the vault, to be saved under this name: sent piece by piece, never in memory whole. */
enum err page_file(struct page *p, const struct vault_file *file, struct str name,
                   struct str type) MUST_USE;
