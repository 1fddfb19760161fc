/* source.h - others who vouch for a person: a national card or app, another node. One struct each,
 * told to the room at start; the pages know no source by name.
 *
 * A source is asked (begin) and later says something (finish): who the person is by citizen number,
 * how surely. What it says must be signed by the source for this site, this browser and this time,
 * and is good once.
 */
#pragma once

#include "login/login.h"

/* What a source says once it holds; strings on the page's arena. */
struct asserted {
    struct str idcard;
    struct str name;
    int assurance; /* 1 or 2: what a source vouches for; never 3, which no source can see */
    const char *methods;
    struct str next;
    struct str ticket; /* it answers, and is used up before anybody is signed in by it */
};
struct identity_source {
    const char *id; /* in addresses */
    struct text2 title;
    void *self;
    /* Answer the page with the way to the source. */
    enum err (*begin)(struct page *p, const struct identity_source *s, struct str next);
    /* Read what came back in the fields of a POST. A fault says what does not hold; the person is
     * told no more than that it failed. */
    enum err (*finish)(struct page *p, const struct identity_source *s, struct asserted *ret);
};
/* Tell the room of a source, before it serves. ERR_TOO_MANY beyond eight. */
enum err login_add_source(struct ctx *ctx, struct login *l,
                          const struct identity_source *source) MUST_USE;
const struct identity_source *const *sources_of(const struct page *p, size_t *ret_count);
