/* case_in.h - what the pages of the room share. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "case/case.h"
#include "case_sql.h"
#include "party/party.h"

struct str say(const struct page *p, const char *zh, const char *en);
/* May this session see the case? The party, who acts for it, who filed it, officers of its office. */
enum err may_see(struct page *p, const struct case_state *c, bool *ret) MUST_USE;
/* A value as people read it: titles of choices, yes and no, names of files. */
struct str shown_value(struct page *p, const struct law *law, struct str fact, const struct json *v);
/* Fields of the request with the types of their facts: "30" becomes 30, "true" true; empty ones go. */
enum err typed_fields(struct page *p, const struct law *law, struct json *ret) MUST_USE;
/* Serve a form for an act: its fields, or the item's needs. values: what stands in it already. */
struct form_view {
    const struct law *law;
    const struct act_kind *kind;
    const struct item *item;
    struct str title;
    struct str action;
    struct str back;
    const struct json *values;
    const struct json *held;  /* what the node holds of the party */
    const struct verdict *wrong; /* what was refused; NULL when shown first */
    bool asks_for;            /* choose the party */
};
enum err show_form(struct page *p, const struct form_view *f) MUST_USE;
