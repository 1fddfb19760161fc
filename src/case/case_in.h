/* case_in.h - what the pages of the room share. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "case/case.h"
#include "gate/read.h"
#include "case_sql.h"
#include "party/party.h"

/* ---- who sees what of a case (sight.c) ----
 * Its office and those above it see every act; the party, others whom the case names, and other
 * offices that must answer in it see those they are told of and those of their own side, with the
 * facts that these acts stated, and the case itself from the first of them on. So an investigation
 * is not told to whom it is about before the law tells it. */

enum side { SIDE_PARTY, SIDE_INTERESTED, SIDE_ASKED, SIDE_OFFICE };
/* Somebody in a case: their side, and the party or office they stand for there. */
struct told_of {
    enum side side;
    struct str as;
};
/* Are they told of an act of this kind, done by this actor for that party, or did their side do it?
 * kind NULL: of a law this program does not have any more. */
bool is_told(const struct told_of *who, const struct act_kind *kind, enum actor_kind by,
             struct str actor, struct str for_id);
/* How who is signed in sees a case. */
struct sight {
    struct told_of of;
    enum access_relation relation;
    unsigned classes; /* bit per enum fact_class; 0: nothing, not even that it exists */
};
/* Load the case of this id as the session sees it, and note the use. When it sees nothing,
 * *ret_found is false and the page is answered: whether the case exists is not told. */
enum err sight_load(struct page *p, struct str id, struct case_state *ret_case, struct sight *ret,
                    bool *ret_found) MUST_USE;
/* Is an act of the case told to them? */
bool sees_act(const struct sight *s, const struct case_state *c, const struct act_record *act);
/* A set of facts by index, of those that stand in acts they see; NULL: all. */
const bool *sight_facts(struct page *p, const struct sight *s, const struct case_state *c,
                        const struct act_record *acts, size_t count);
/* May a fact be shown: of a class they may see, and stated by an act they see? */
bool sees_fact(const struct sight *s, const struct law *law, const bool *stated, struct str id);

/* What must be served (papers.c). */
struct page_case;
struct page_desk;
enum err fill_papers(struct page *p, const struct case_state *c, const struct sight *sight,
                     struct page_case *v) MUST_USE;
enum err fill_papers_waiting(struct page *p, struct str office, size_t most,
                             struct page_desk *v) MUST_USE;

struct str say(const struct page *p, const char *zh, const char *en);
/* A value as people read it: titles of choices, yes and no, names of files. */
struct str shown_value(struct page *p, const struct law *law, struct str fact,
                       const struct json *v);
/* Fields of the request with the types of their facts: "30" becomes 30, "true" true; empty ones go.
 */
enum err typed_fields(struct page *p, const struct law *law, struct json *ret) MUST_USE;
/* The kinds of act that begin the item's procedure, in the order of its start events, at most
 * OPENINGS_MOST. */
enum { OPENINGS_MOST = 8 };
size_t opening_kinds(const struct law *law, const struct item *item,
                     const struct act_kind *ret[OPENINGS_MOST]);
/* What is left of a limit: days that count in its unit (negative: days late), the chip's class, the
 * words. */
struct left {
    int32_t days;
    struct str class;
    struct str text;
};
/* desk.c: the cases before an office, by what is due first, up to `most`, from behind a day and a
 * number on. *ret_more: from where on there may be more. law and office are of today, and not NULL.
 */
struct desk_ask {
    const struct law *law;
    const struct office *office;
    struct day today;
    int64_t after_day;
    struct str after_id;
    size_t most;
};
enum err case_desk(struct ctx *ctx, struct db *db, const struct desk_ask *ask,
                   struct case_view_of_office_row **ret, size_t *ret_count,
                   struct case_view_of_office_row *ret_more, bool *ret_has_more) MUST_USE;
struct left due_left(const struct page *p, const struct law *law, struct str limit_id,
                     struct day due);
/* The chip of a card: amber for the lightest of its rule, else the colour of breach. */
struct str card_class(const struct card *card);
/* How much of a limit is gone, in percent. */
int64_t due_used(const struct page *p, const struct law *law, const struct limit *limit,
                 struct day started, struct day due);

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
    const struct json *held; /* what the node holds of the party */
    struct json sourced;     /* values as the gate would take them, and of those that come from */
    struct json sources;     /* elsewhere than who acts whence (gate_sourced): they are not asked */
    const struct verdict *wrong; /* what was refused; NULL when shown first */
    struct str for_id;           /* the party it is for, when the act opens a case */
    struct str for_name;
    struct str change; /* address to choose another party */
    bool two_steps;    /* papers are asked for with the review, when the rest is right */
    struct str second; /* whom the form names to sign as well */
    struct str draft;  /* the waiting draft that it goes on with; empty: none */
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
/* Ask the gate what of a draft is not to be asked; what the form was filled with counts. */
enum err form_sources(struct page *p, struct form_view *f, const struct draft *d) MUST_USE;
/* The value that stands in a form: what its source says, or what was typed; NULL: nothing. */
const struct json *form_value(const struct form_view *f, const struct fact *fact);
enum err show_form(struct page *p, const struct form_view *f) MUST_USE;
/* A need that is a file. */
bool is_material(const struct need *need);

/* ---- drafts that wait for their second officer (waiting.c, keep.c, page_sign.c) ----
 * Where law wants two officers, what the first sends does not go to the gate: it waits, as a kept
 * row, for the second to read and sign it in a session of their own. Only then is it a draft of
 * both (gate/consent.h). It is no act: nothing of it stands in the ledger before. */

struct waiting {
    struct case_waiting_get_row row;
    struct json fields; /* as they would enter; none once they stand in the vault, or are gone */
    struct attachment *files;
    size_t file_count;
    bool is_over; /* it waited too long */
};
/* One of which who is signed in is sender or signer; *ret_found is false for everybody else. */
enum err waiting_load(struct page *p, struct str id, struct waiting *ret, bool *ret_found) MUST_USE;
/* The draft of both, as the second signs it now. */
struct draft waiting_draft(const struct page *p, const struct waiting *w, int assurance,
                           struct instant proven);
/* Whom the form names as second, for a kind that wants two; empty for all others. */
struct str waiting_second(struct page *p, const struct act_kind *kind);
/* Answer a draft with a second officer: refused as the gate would, or kept to wait, and said where
 * (202). settled: its fields as they would enter. */
enum err waiting_send(struct page *p, struct draft *draft, const struct verdict *verdict,
                      const struct json *settled) MUST_USE;
/* The form goes on with what who is signed in sent before ("draft" of the query, "_draft" of a
 * form): its values stand in the form; of a POST its files come along where no others were sent. */
enum err waiting_reopen(struct page *p, struct form_view *f) MUST_USE;
enum err waiting_files(struct page *p, struct draft *draft) MUST_USE;
/* What waits for the signature of who is signed in, and what a case has of theirs. */
enum err waiting_for_me(struct page *p, struct case_waiting_of_signer_row **ret,
                        size_t *ret_count) MUST_USE;
/* "Investigate: food licence" of a kind of act and an item. */
struct str waiting_title(struct page *p, const struct law *law, struct str kind, struct str item);

/* What the writer is asked to do to them; payloads lie on `a`. Where what is asked does not fit the
 * state it finds, nothing is done, and the answer says so. */
enum keep_answer { KEEP_DONE, KEEP_TOO_MANY, KEEP_SAME, KEEP_OTHER, KEEP_SETTLED };
/* replaces: a waiting draft of the same sender that is withdrawn with it; empty: none. */
struct keep case_keep_send(struct arena *a, const struct case_waiting_add_in *row,
                           const struct attachment *files, size_t file_count, struct str replaces);
/* Beside the act: ERR_CONFLICT with field "_draft", which undoes the act, when it does not wait for
 * this signer's signature to this digest any more. */
struct keep case_keep_sign(struct arena *a, struct str id, struct str signer, struct str digest);
/* state: "withdrawn" by its sender, "declined" or "refused" by its signer. */
struct keep case_keep_end(struct arena *a, struct str id, struct str by, const char *state,
                          struct str why);
/* Forget what ended long ago; ERR_OK also when nothing did. */
struct keep case_keep_sweep(struct arena *a);
