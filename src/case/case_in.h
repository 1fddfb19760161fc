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
/* A value as people read it: titles of choices, yes and no, names of files. */
struct str shown_value(struct page *p, const struct law *law, struct str fact, const struct json *v);
/* Fields of the request with the types of their facts: "30" becomes 30, "true" true; empty ones go. */
enum err typed_fields(struct page *p, const struct law *law, struct json *ret) MUST_USE;
/* What is left of a limit: days that count in its unit (negative: days late), the chip's class, the words. */
struct left {
    int32_t days;
    struct str class;
    struct str text;
};
struct left due_left(const struct page *p, const struct law *law, struct str limit_id, struct day due);
/* How much of a limit is gone, in percent. */
int64_t due_used(const struct page *p, const struct law *law, const struct limit *limit, struct day started, struct day due);

/* Serve a form for an act: its fields, or the item's needs. values: what stands in it already. */
struct form_view {
    const struct law *law;
    const struct act_kind *kind;
    const struct item *item;
    struct str title;
    struct str summary;
    struct str action;
    struct str back;
    const struct json *values;
    const struct json *held;     /* what the node holds of the party */
    const struct verdict *wrong; /* what was refused; NULL when shown first */
    struct str for_id;           /* the party it is for, when the act opens a case */
    struct str for_name;
    struct str change;           /* address to choose another party */
    bool two_steps;              /* papers are asked for with the review, when the rest is right */
};
/* The needs of a form: of the act, then facts and materials of the item. */
struct needs {
    const struct need *list[3];
    size_t count[3];
};
struct needs needs_of(const struct form_view *f);
/* What is wrong with a form, all at once: what is missing, then what the gate said. */
struct wrong {
    struct str id;
    struct str title;
    struct str why;
};
size_t form_wrongs(struct page *p, const struct form_view *f, struct wrong **ret);
enum err show_form(struct page *p, const struct form_view *f) MUST_USE;
/* A need that is a file. */
bool is_material(const struct need *need);
