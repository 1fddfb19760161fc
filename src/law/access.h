/* access.h - who may come to a route and what classes of fact are seen there. */
#pragma once

#include "law/model.h"

/* Who may come to a route and see what there: a row for each role and relation to the one the page
 * is about. */
enum access_relation {
    ACCESS_ANY,        /* whatever the relation; also pages about nobody */
    ACCESS_SELF,       /* the page is about the reader */
    ACCESS_SPEAKS,     /* the reader acts for the party */
    ACCESS_OFFICE,     /* the reader's office has the case */
    ACCESS_INTERESTED, /* the case names the reader, or whom the reader acts for, as one whose
                          interests it touches */
    ACCESS_ASKED,      /* the case names the reader's office as one that must answer in it */
    ACCESS_ABOVE,      /* the reader's office stands above the one that has the case */
};
enum { ACCESS_RELATIONS = ACCESS_ABOVE + 1 };
struct access_row {
    struct str role; /* code of table role; "party"; "*" anyone, signed in or not */
    enum access_relation relation;
    unsigned classes; /* bit per enum fact_class */
    struct text2 purpose;
};
struct access_rule {
    struct str id;
    struct text2 title;
    const struct cite *articles;
    size_t article_count;
    const struct str *routes; /* "GET /case/{id}" */
    size_t route_count;
    const struct access_row *rows;
    size_t row_count;
};
/* The access of a route, written as in the rows of a page; NULL when the law has none. */
const struct access_rule *law_access(const struct law *law, struct str route);
/* Does the law say of any route who may come? */
bool law_has_access(const struct law *law);
/* The first row that fits; NULL when none does. role: empty when nobody is signed in. */
const struct access_row *law_access_row(const struct access_rule *a, struct str role,
                                        enum access_relation relation);
