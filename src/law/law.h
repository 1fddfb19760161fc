/* law.h - the law in force as an immutable snapshot, read from packs (docs/law-packs.md).
 *
 * A snapshot is made once, when packs are published or the node starts, on an arena of its own; it
 * is never changed, so any thread may read it. All checking happens here: what law_load accepts has
 * no dangling reference, and pointers between the structs below are resolved, so the gate does no
 * look-up by name in its hot path. Nothing here knows an act's state, a store, or a clock.
 */
#pragma once

#include "base/base.h"
#include "base/json.h"
#include "bpmn/bpmn.h"
#include "dmn/dmn.h"
#include "feel/feel.h"

struct law;

/* The names a FEEL expression of a pack may use (`when`, `bounds.allow`), and their slots. The
 * values are contexts: fields and facts nested by the parts of the fact id (facts.premises.area),
 * case with status, opened, today, office, item, done (kinds of act done); proposal: the outputs of
 * the item's decision; act: the kind. */
enum law_slot {
    LAW_SLOT_ACT,
    LAW_SLOT_FIELDS,
    LAW_SLOT_FACTS,
    LAW_SLOT_CASE,
    LAW_SLOT_PROPOSAL,
    LAW_SLOT_COUNT
};
extern const struct feel_scope law_scope;

struct text2 {
    struct str zh;
    struct str en; /* empty when there is no translation: show zh, marked as such */
};

/* One file of a pack, by its path inside the pack ("act/accept.json"). */
struct law_file {
    struct str path;
    struct str bytes;
};
struct law_pack_source {
    const struct law_file *files; /* sorted by path */
    size_t count;
};

/* One fault found in a pack: all are gathered, not only the first. */
struct law_problem {
    struct str pack;
    struct str file;
    uint32_t line; /* 0: the whole file */
    bool warning;  /* a warning does not refuse the pack */
    struct str code;
    struct str sentence; /* English, says what was expected */
};
struct law_problems {
    struct law_problem *items;
    size_t count;
};

/* Read a pack folder into memory (base files only, no symlinks, limits of limit.table). */
enum err law_read_folder(struct ctx *ctx, const char *path, struct law_pack_source *ret) MUST_USE;
/* SHA-256 of the one text of law_pack_write: the digest that acts name. */
enum err law_pack_digest(struct ctx *ctx, const struct law_pack_source *pack,
                         uint8_t ret[32]) MUST_USE;
/* One canonical text that holds a whole pack, and back: how packs rest in the node's store. */
enum err law_pack_write(struct ctx *ctx, const struct law_pack_source *pack,
                        struct str *ret) MUST_USE;
enum err law_pack_read(struct ctx *ctx, struct str text, struct law_pack_source *ret) MUST_USE;

/* Make a snapshot of these packs (bases before what builds on them) as of `day`: files not yet or
 * no longer in force that day are left out of the tables but must be valid. Faults go to
 * ret_problems; ERR_SYNTAX when any is not a warning. The snapshot and all it points to live on
 * `arena`. */
enum err law_load(struct ctx *ctx, struct arena *arena, const struct law_pack_source *packs,
                  size_t count, struct day day, struct law **ret,
                  struct law_problems *ret_problems) MUST_USE;

/* ---- what a snapshot holds ---- */

struct law_pack {
    struct str code;
    struct str version;
    struct str rank;
    struct str place;
    struct text2 title;
    struct day from;
    bool invented;
    uint8_t digest[32];
};

struct article {
    struct str no;
    struct text2 text;
    bool official;
};
struct statute {
    struct str name;
    struct text2 title;
    struct str version;
    struct str rank;
    struct day from;
    struct day until; /* n = INT32_MAX: open */
    const struct article *articles;
    size_t article_count;
};
/* A citation resolved: the written form, the statute version in force, the article. */
struct cite {
    struct str text; /* as written: "行政许可法#32.4" */
    struct str part; /* "4", or empty */
    const struct statute *statute;
    const struct article *article;
};

/* What the packs say of cases that began under an earlier version: without a row, each keeps the
 * law it began under. */
struct transition {
    size_t pack;             /* index in law_packs: whose publication carries the cases over */
    const struct str *items; /* none: every item */
    size_t item_count;
    struct cite article;
};

enum limit_unit { UNIT_WORKDAY, UNIT_DAY, UNIT_MONTH, UNIT_YEAR, UNIT_HOUR };
enum limit_late { LATE_REFUSE, LATE_ALLOW, LATE_DEEM };
struct limit {
    struct str id;
    struct cite article;
    struct text2 title;
    bool per_party;
    int32_t n;
    enum limit_unit unit;
    bool before;
    const struct fact *event; /* of a `before` limit: the fact that holds the day of the event */
    const struct fact
        *since; /* the fact that holds the day it counts from; NULL: the day it begins to run */
    bool roll;
    enum limit_late late;
    struct cite article_late; /* statute NULL when absent */
    struct cite article_stop;
    struct cite article_extend;
    const struct act_kind *deem;
    const struct act_kind **stop_by;
    size_t stop_count;
    const struct act_kind **resume_by;
    size_t resume_count;
    const struct act_kind *extend_by;
    int32_t extend_n;
    bool extend_once;
    struct str as;         /* what an item replaces it as ("decide"); empty: no item replaces it */
    bool starts_received;  /* counts from the day that was received which the act that starts it
                              answers */
    bool deem_since_start; /* what is deemed done holds from the day the clock began, not the day it
                              ran out */
    uint32_t index;        /* place in law_limits */
};

enum fact_type {
    FACT_TEXT,
    FACT_INTEGER,
    FACT_DECIMAL,
    FACT_MONEY,
    FACT_DATE,
    FACT_BOOLEAN,
    FACT_CHOICE,
    FACT_IDCARD,
    FACT_USCC,
    FACT_PHONE,
    FACT_MATERIAL,
    FACT_LIST,
};
enum fact_class { CLASS_PUBLIC, CLASS_BUSINESS, CLASS_PERSONAL, CLASS_SENSITIVE };
struct code_row {
    struct str code;
    struct text2 title;
    struct cite
        article; /* of the table `refusal`: the article a refusal names; statute NULL when absent */
    struct str parent; /* code of a broader row, or empty */
};
struct fact {
    struct str id; /* "premises.address" */
    struct text2 title;
    struct text2 question;
    struct text2 help;
    enum fact_type type;
    enum fact_class class;
    bool has_min;
    bool has_max;
    int64_t min; /* characters of a text, value of a number (money: fen) */
    int64_t max;
    struct str pattern;
    void *matcher; /* the compiled pattern; NULL when there is none */
    const struct code_row *choices;
    size_t choice_count;
    const struct str *material_types;
    size_t material_type_count;
    int64_t material_max_bytes;
    bool held;
    uint32_t index;
};

/* Who is told of an act: the party, those whose interests the case touches, the office of the case,
 * another office that must answer in it. An act that tells somebody, or was done by them, is one
 * they may see. */
enum act_tells { TELLS_PARTY = 1, TELLS_INTERESTED = 2, TELLS_OFFICE = 4, TELLS_ASKED = 8 };

enum who { WHO_PARTY = 1, WHO_OFFICER = 2, WHO_CLOCK = 4, WHO_NODE = 8, WHO_ADMIN = 16 };
enum act_case { ACT_CASE_OPEN, ACT_CASE_IN, ACT_CASE_NONE };
struct need {
    const struct fact *fact;
    bool required;
    bool from_register;              /* expected from what the node holds */
    const struct feel_program *when; /* NULL: always */
    struct text2 purpose;
    struct cite article; /* statute NULL when absent */
    struct str instead;  /* licence type that replaces a material; empty when none */
};
/* A state of things the act needs, with the article that refuses it otherwise. */
struct act_condition {
    const struct feel_program *when;
    struct cite article; /* statute NULL when absent */
    struct text2 text;
};
/* A limit the act must keep; of several, the first whose `when` holds. */
struct act_limit {
    const struct limit *limit;
    const struct feel_program *when; /* NULL: always */
};
struct act_kind {
    struct str kind;
    struct text2 title;
    struct text2 button;
    const struct cite *articles;
    size_t article_count;
    unsigned who;            /* enum who, or-ed */
    const struct str *roles; /* of WHO_OFFICER and WHO_ADMIN */
    size_t role_count;
    int assurance;
    int fresh_min;            /* the sign-in is not older, in minutes; 0: as old as the session */
    struct str power;         /* empty: none needed */
    const struct fact *party; /* names the party whose act it is, when that is not the party of the
                                 case; NULL else */
    const struct fact
        *interested; /* names others, one or a list, who may do it beside that party; NULL else */
    const struct fact *
        office; /* names the office that acts, when that is not the office of the case; NULL else */
    enum act_case in_case;
    bool task;
    const struct str *from;
    size_t from_count;
    struct str to;
    const struct act_kind **not_same_as;
    size_t not_same_as_count;
    const struct act_kind **after;
    size_t after_count;
    const struct act_kind *
        *earlier; /* who did one of these in the case that fact case.earlier names stays out */
    size_t earlier_count;
    int officers; /* how many must sign; 1 normally */
    bool recuse;
    const struct fact *self; /* whoever acts may name nobody but itself here: its id, or the person
                                who holds the office */
    const struct fact *own;  /* a party may name nobody but itself here; NULL: no such fact */
    bool principal;          /* only the party itself or who heads it: no agent */
    bool once;
    /* The articles by which `apart` refuses; statute NULL: that of the code table. */
    struct {
        struct cite same;
        struct cite after;
        struct cite officers;
        struct cite recuse;
        struct cite once;
    } apart;
    const struct act_condition *conditions; /* all must hold */
    size_t condition_count;
    bool fields_from_need;
    const struct need *fields;
    size_t field_count;
    const struct act_limit *limits;
    size_t limit_count;
    const struct limit *bars; /* from this act on the party may not open a case of the matter while
                                 this limit runs; NULL: it may */
    bool barred;              /* such a bar stands against this act, which opens a case */
    struct str bounds_decision; /* empty: none */
    const struct feel_program *bounds_allow;
    struct cite bounds_article;
    const struct fact **depart_fields;
    size_t depart_field_count;
    struct str depart_power;
    unsigned purpose; /* bit per enum fact_class */
    struct str draws;
    unsigned tells; /* bits of enum act_tells */
    bool remedy;
    struct cite review_first; /* the court comes after reconsideration, and who decides must say so;
                                 statute NULL: not so */
    bool publish;
    const struct str *effects;
    size_t effect_count;
    uint32_t index;
};

/* By what right: a statute gives it to the organ; a law or regulation authorises an organisation;
 * another office entrusts it, and stays answerable; it was brought together in one office; it moved
 * from another office. */
enum power_basis {
    BASIS_LEGAL,
    BASIS_AUTHORISED,
    BASIS_ENTRUSTED,
    BASIS_CONCENTRATED,
    BASIS_TRANSFERRED
};
struct power {
    struct str kind;           /* "accept", "decide", "*" */
    const struct item **items; /* NULL with item_count 0: all items of the office's packs */
    size_t item_count;
    const struct cite *articles;
    size_t article_count;
    struct day from;
    struct day until;
    enum power_basis basis;
    const struct office **of; /* entrusted: by whom; concentrated, transferred: whose it was */
    size_t of_count;
    bool moves_cases; /* taken over with the cases that run; else who had them finishes them */
};
struct office {
    struct str id;
    struct text2 title;
    struct str credit_code;
    struct str place; /* division code */
    struct str level;
    const struct office *parent;
    const struct power *powers;
    size_t power_count;
    bool organisation; /* no organ: holds powers only by authorisation or entrustment */
    bool invented;
    uint32_t index;
};

struct condition {
    struct str id;
    struct text2 text;
    struct cite article;
};
/* A limit of the item's own law in place of that of the procedure. */
struct own_limit {
    struct str as;
    const struct limit *limit;
};
struct promise {
    const struct limit *limit;
    int32_t n;
    enum limit_unit unit;
};
struct remedy {
    struct text2 text;
    struct cite article;
};
struct licence_type {
    struct str id;
    struct text2 title;
    struct cite article;
    int32_t valid_n; /* 0: no end */
    enum limit_unit valid_unit;
    struct str number_prefix;
    int number_digits;
    const struct fact **shows;
    size_t show_count;
    const struct fact **publics;
    size_t public_count;
    const struct fact *holder;
    struct str renew; /* item id, empty when none */
    const struct limit *renew_limit;
};
struct item {
    struct str id;
    struct str code_basic;
    struct str code_implementation;
    struct str code_handling;
    struct str type;
    struct text2 title;
    struct text2 summary;
    const struct str *words;
    size_t word_count;
    bool for_person;
    bool for_org;
    struct str procedure_name;
    const struct bpmn_process *procedure;
    const struct cite *articles;
    size_t article_count;
    const struct condition *conditions;
    size_t condition_count;
    const struct need *facts;
    size_t fact_count;
    const struct need *materials;
    size_t material_count;
    const struct own_limit *limits;
    size_t limit_count;
    const struct limit
        *decide_limit; /* of `limits`, the one that stands for "decide"; NULL when none */
    const struct promise *promises;
    size_t promise_count;
    int64_t fee_fen;
    const struct licence_type *licence; /* NULL: none */
    const struct dmn_model *model;      /* NULL: no decision */
    struct str decision;
    bool automatic;
    const struct limit *
        *bars; /* those of the statute that hold for this item: whoever did wrong must wait */
    size_t bar_count;
    const struct remedy *remedies;
    size_t remedy_count;
    struct text2 counter;
    struct str hotline;
    struct str renews;
    const struct fact **publics;
    size_t public_count;
    uint32_t index;
};

/* What must never stand in the record of a case of a procedure. `never` is FEEL over
 * law_invariant_scope: act (the act just recorded: kind, by, with, day, fields), before (those
 * before it in the case, oldest first), facts and status (after it); days are texts. */
enum law_record {
    LAW_RECORD_ACT,
    LAW_RECORD_BEFORE,
    LAW_RECORD_FACTS,
    LAW_RECORD_STATUS,
    LAW_RECORD_COUNT
};
extern const struct feel_scope law_invariant_scope;
struct invariant {
    struct str id;
    struct str procedure;
    struct text2 title;
    struct cite article;
    const struct feel_program *never;
    const struct json *example; /* a record that it forbids: values of the scope's names */
};

/* What supervision says of an office that is late: a card by how late, in days of a unit after the
 * last day. */
struct card_rule;
struct card {
    struct str code; /* "yellow", "red" */
    struct text2 title;
    int32_t n; /* later than this */
    enum limit_unit unit;
    const struct card_rule *rule;
};
struct card_rule {
    struct str id;
    struct text2 title;
    const struct cite *articles;
    size_t article_count;
    const struct limit **limits; /* none: every limit of an office */
    size_t limit_count;
    const struct card *cards; /* the lightest first */
    size_t card_count;
};
/* The gravest card for what was due on a day and done, or still not done, on another; NULL: none.
 */
const struct card *law_card(const struct law *law, const struct limit *limit, struct day due,
                            struct day done);

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

/* Look-ups by name: NULL when not in the snapshot. */
const struct act_kind *law_act(const struct law *law, struct str kind);
const struct item *law_item(const struct law *law, struct str id_or_code);
const struct office *law_office(const struct law *law, struct str id);
const struct fact *law_fact(const struct law *law, struct str id);
const struct limit *law_limit(const struct law *law, struct str id_or_cite);
/* The limit a procedure or an act means by `ref` in a case of this item: the item's own where it
 * has one for what that limit stands as (a special law goes before the general one). `ref` is a
 * limit, or only the word it stands as; NULL when neither the law nor the item has such a limit. */
const struct limit *law_limit_for(const struct law *law, const struct item *item, struct str ref);
/* The office whose a case is on a day that began with `office` on `opened`: who took its powers
 * over the item over together with the cases that run, else `office` itself. item is compared by
 * id. */
const struct office *law_seat(const struct law *law, const struct office *office,
                              const struct item *item, struct day opened, struct day day);
/* The offices whose cases may stand with this one on a day: itself, those whose powers it took over
 * together with the cases that run, and those that entrusted it. Whether a case does, law_seat and
 * law_deputy say. Up to `most`, `office` first. */
size_t law_sources(const struct law *law, const struct office *office, struct day day,
                   const struct office **ret, size_t most);
/* The power by which the office may do what needs this kind, on a day, in a case that began on
 * `opened` (for a new one: the day). One taken over by others without the cases that run is still
 * held for those. NULL: none. */
const struct power *law_holds(const struct law *law, const struct office *office, struct str kind,
                              const struct item *item, struct day opened, struct day day);
/* The power that `office` has entrusted to `deputy`; kind empty: any. NULL: none that day. */
const struct power *law_deputy(const struct office *deputy, const struct office *office,
                               struct str kind, const struct item *item, struct day day);
const char *law_basis_name(enum power_basis basis);
/* The rule by which publishing this pack carries a running case of the item over to the new law;
 * NULL: none. */
bool law_has_transition(const struct law *law, struct str pack);
const struct transition *law_transition(const struct law *law, struct str pack, struct str item);
const struct licence_type *law_licence_type(const struct law *law, struct str id);
const struct bpmn_process *law_procedure(const struct law *law, struct str name);
/* A decision model by its path in the packs, "rule/NAME.dmn"; NULL when there is none. */
const struct dmn_model *law_model(const struct law *law, struct str path);
struct text2 law_code_title(const struct law *law, struct str table, struct str code);
/* The row of a code; NULL when table or code is unknown. */
const struct code_row *law_code(const struct law *law, struct str table, struct str code);
/* Rows of a code table; NULL and 0 when there is none. */
const struct code_row *law_code_rows(const struct law *law, struct str table, size_t *ret_count);

/* Everything of a kind, in a fixed order. */
const struct law_pack *law_packs(const struct law *law, size_t *ret_count);
const struct act_kind *law_acts(const struct law *law, size_t *ret_count);
const struct item *law_items(const struct law *law, size_t *ret_count);
const struct office *law_offices(const struct law *law, size_t *ret_count);
/* The facts by which a case names who acts in it beside its party and its office: `party`,
 * `interested` or `office` of some kind of act. */
struct named {
    const struct fact *fact;
    bool office; /* names an office; else a party */
};
const struct named *law_named(const struct law *law, size_t *ret_count);
const struct fact *law_facts(const struct law *law, size_t *ret_count);
const struct limit *law_limits(const struct law *law, size_t *ret_count);
const struct statute *law_statutes(const struct law *law, size_t *ret_count);
const struct invariant *law_invariants(const struct law *law, size_t *ret_count);

/* Resolve a citation on a day. ERR_SYNTAX, or ERR_NOT_FOUND saying what is missing: statute,
 * version in force that day, or article. */
enum err law_cite(struct ctx *ctx, const struct law *law, struct str text, struct day day,
                  struct cite *ret) MUST_USE;

/* ---- working days and limits ---- */

/* Is it a working day; *ret_known false beyond the published calendars (then Monday to Friday). */
bool law_is_workday(const struct law *law, struct day d, bool *ret_known);
struct due {
    struct day day;      /* the last day */
    bool provisional;    /* ran past the known calendars */
    struct day *skipped; /* days that did not count and why, only when asked for */
    struct str *skipped_why;
    size_t skipped_count;
};
/* When a limit begun by an event of day `start` ends; the start day is not counted. extra_n is
 * added to n (extension); stopped days are added as working or calendar days by the limit's unit.
 */
enum err law_due(struct ctx *ctx, const struct law *law, const struct limit *limit,
                 struct day start, int32_t extra_n, bool explain, struct due *ret) MUST_USE;
/* n units after a day by the same counting, for promises. */
struct day law_day_after(const struct law *law, struct day start, int32_t n, enum limit_unit unit,
                         bool roll, bool *ret_provisional);
/* Days of the unit in (from, to]: what a stopped clock gives back. */
int32_t law_days_between(const struct law *law, struct day from, struct day to,
                         enum limit_unit unit);

/* A citation as people read it: "行政许可法第四十二条（1）", "Administrative Licensing Law, art.
 * 42(1)". As written when it resolved to no article. */
struct str law_cite_text(struct arena *a, const struct cite *c, bool english);

/* ---- facts ---- */

/* Does the value (as JSON) fit the fact: type, length, range, pattern, choice, check characters
 * (GB 11643, GB 32100). ERR_OK, or a fault with field = fact id and a sentence. */
enum err law_fact_check(struct ctx *ctx, const struct fact *fact,
                        const struct json *value) MUST_USE;
/* A value as people read it: the title of a choice, yes or no, a sum in yuan, a day in words, the
 * name of a file; a list with its parts set apart. fact may be NULL. The text lives on the arena or
 * in the law. */
struct str law_value_text(struct arena *a, const struct fact *fact, const struct json *value,
                          bool english);
/* A sum of fen in yuan: "70,000.00 元", "CNY 70,000.00". */
struct str law_money_text(struct arena *a, int64_t fen, bool english);
/* What a person typed for a fact, as its type wants it: sums are typed in yuan, lists with blanks
 * between. What does not fit stays a text, and law_fact_check says what is wrong with it. */
struct json law_value_parse(struct arena *a, const struct fact *fact, struct str typed);

/* ---- documents ---- */

/* Draw up a document: lang "zh" or "en" (falls back to zh). values are looked up by the hole names
 * of docs/law-packs.md. ERR_NOT_FOUND when the pack has no such document. */
enum err law_document(struct ctx *ctx, const struct law *law, struct str name, struct str lang,
                      const struct json *values, struct str *ret_html) MUST_USE;
/* Does one of the document's texts show this: "party.", or a fact by id? */
bool law_document_shows(const struct law *law, struct str name, struct str what);

/* ---- official texts ---- */

/* The Markdown of an official text (one "第N条" paragraph start an article) as the JSON of a
 * statute file with "is": "official". Name and version are read off file name
 * "NAME(YYYY-MM-DD).md". *ret_name is "NAME.VERSION.json". ERR_SYNTAX when no article is found. */
enum err law_import_statute(struct ctx *ctx, struct str file_name, struct str text,
                            struct str *ret_name, struct str *ret_json) MUST_USE;
