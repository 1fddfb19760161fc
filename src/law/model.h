/* model.h - what a snapshot of the law holds: kinds of act, items, offices, limits, facts, as plain
 * structs whose pointers are resolved. Read them freely; nothing here is ever written after load.
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
    LAW_SLOT_REGISTER, /* records that the facts name, by register: register.licence.until */
    LAW_SLOT_RECORD,   /* before: the facts as they were; acts, clocks, others: gate/record.c */
    LAW_SLOT_OFFICES,  /* a list: id, place, level, parent, above (the ids up to the root) */
    LAW_SLOT_CALENDAR, /* off, work, ahead: lists of days; workday: is today one */
    LAW_SLOT_COUNT
};
extern const struct feel_scope law_scope;

struct text2 {
    struct str zh;
    struct str en; /* empty when there is no translation: show zh, marked as such */
};

struct law_pack {
    struct str code;
    struct str version;
    struct str rank;
    struct str place;
    struct text2 title;
    struct day from;  /* the first day in force; n = INT32_MIN: open */
    struct day until; /* the first day no longer in force; n = INT32_MAX: open */
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
    struct statute *more; /* another version of it; NULL: no other */
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
    const struct act_kind **restart_by; /* it begins anew on the day of one of these */
    size_t restart_count;
    const struct act_kind *extend_by;
    int32_t extend_n;
    bool extend_once;
    struct str as;        /* what an item replaces it as ("decide"); empty: no item replaces it */
    bool starts_received; /* counts from the day that was received which the act that starts it
                             answers */
    bool starts_served; /* counts from the day its paper was served: that of the act that starts it,
                           or the one that this act serves */
    const struct fact *judged; /* the day an act is held against it by, when it is told later than
                                  it happened; NULL: the day of the act */
    bool deem_since_start; /* what is deemed done holds from the day the clock began, not the day it
                              ran out */
    uint32_t index;        /* place in law_limits */
};

/* So far from a day: months, and then days; both of one sign. */
struct day_span {
    int32_t months;
    int32_t days;
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
    FACT_BILL, /* a payment number, whose last two digits check the others (idcode.c) */
};
enum fact_class { CLASS_PUBLIC, CLASS_BUSINESS, CLASS_PERSONAL, CLASS_SENSITIVE };
struct code_row {
    struct str code;
    struct text2 title;
    struct cite
        article; /* of the table `refusal`: the article a refusal names; statute NULL when absent */
    struct str parent; /* code of a broader row, or empty */
};
/* What the value of a fact names, which must be there on the day of the act. */
enum fact_names {
    NAMES_NOTHING,
    NAMES_OFFICE,
    NAMES_OFFICER,
    NAMES_PARTY,
    NAMES_ITEM,
    NAMES_CASE,
    NAMES_LICENCE,   /* by its number in the register of licences */
    NAMES_ACT,       /* by its place in the ledger, which its receipt tells */
    NAMES_DOCUMENT,  /* by the place of the act that drew it up */
    NAMES_AUTHORITY, /* by the agent: one who may act for the party by an authority registered */
    NAMES_PACK,      /* by its code */
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
    /* A day within bounds, told from the day of the act: months and days from it. */
    bool has_earliest;
    bool has_latest;
    struct day_span earliest;
    struct day_span latest;
    enum fact_names names;    /* what its value must be the id of */
    bool is_name;             /* of a person or a firm: one dot, half width (normal.c) */
    bool held;                /* a register has it: what a draft says of it is held against that */
    struct str held_register; /* "party", "licence" */
    const struct fact
        *held_by;       /* the fact that names the record; NULL: the party whose act it is */
    struct str held_as; /* the member of the record; of a party: this fact's id */
    const struct feel_program *follows; /* as in a need, unless that says otherwise */
    struct cite follows_article;
    struct text2 correct; /* how what is recorded wrongly is put right; may be empty */
    uint32_t index;
};

/* Who is told of an act: the party, those whose interests the case touches, the office of the case,
 * another office that must answer in it. An act that tells somebody, or was done by them, is one
 * they may see. */
enum act_tells { TELLS_PARTY = 1, TELLS_INTERESTED = 2, TELLS_OFFICE = 4, TELLS_ASKED = 8 };

enum who {
    WHO_PARTY = 1,
    WHO_OFFICER = 2,
    WHO_CLOCK = 4,
    WHO_NODE = 8,
    WHO_ADMIN = 16,
    WHO_CLIENT = 32
};
enum act_case { ACT_CASE_OPEN, ACT_CASE_IN, ACT_CASE_NONE };
struct need {
    const struct fact *fact;
    bool required;
    bool from_register;                 /* expected from what the node holds */
    bool affirmed;                      /* a declaration: only yes is one */
    bool drawn;                         /* a number that the gate draws */
    const struct feel_program *derived; /* what the gate works it out from; NULL: it is said */
    const struct feel_program *when;    /* NULL: always */
    struct text2 purpose;
    struct cite article;   /* statute NULL when absent */
    struct str instead;    /* licence type that replaces a material; empty when none */
    enum fact_names names; /* what the value names here: that of the fact, unless the need says */
    const struct str
        *types;        /* what is named is of one of these types; none: of any, a licence of */
    size_t type_count; /* that to which the item leads */
    const struct str *states; /* and in one of these states; none: in any */
    size_t state_count;
    const struct feel_program *follows; /* what its value follows from, over law_scope; NULL: it
                                           follows from nothing */
    struct cite follows_article;
    const struct item *correct; /* by which what is recorded is corrected; NULL: the item does not
                                   say */
    bool meanwhile;             /* one may go on while it is being corrected */
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
    bool also; /* beside the one of the others that counts, wherever its condition holds */
};
/* What an act draws must be served (送达) on those it names; until it is, clocks that count from
 * service stand. */
struct act_paper {
    bool must;
    bool on_party; /* on the party of the case */
    const struct fact *
        *on; /* and whoever these facts of the case name: one register id, or a list */
    size_t on_count;
    struct cite article;
    bool own; /* only by the acts that name this kind; else also by entering the
                 ledger, on whoever agreed to electronic service */
    const struct fact
        *agreed; /* with this fact "electronic" the party agreed in the case; or NULL */
};
/* An act that is itself service. `way` is a code of the table `service-way`. */
struct act_serves {
    const struct act_kind **papers; /* the newest of these kinds; none: the paper named, or the only
                                       one that waits */
    size_t paper_count;
    const struct fact *paper; /* its place in the ledger; NULL or unsaid: the only one */
    const struct fact *to;    /* on whom; NULL or unsaid: all of its addressees */
    const struct fact *way;   /* NULL: the act serves nothing */
    const struct fact *day;   /* when that happened; NULL or unsaid: on the day of the act */
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
    const struct str *institutions; /* of WHO_CLIENT: kinds of institution */
    size_t institution_count;
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
    const struct cite *same_by; /* the article of each, statute NULL: apart.same; NULL: of all */
    const struct act_kind **after;
    size_t after_count;
    const struct act_kind *
        *earlier; /* who did one of these in the case that fact case.earlier names stays out */
    size_t earlier_count;
    int officers; /* how many must sign; 1 normally */
    bool recuse;
    const struct fact **recuse_from; /* parties that this act itself names and that count for
                                        recusal as the party of a case does */
    size_t recuse_from_count;
    const struct fact **not_named; /* facts of the case: whom they name does not do this act */
    size_t not_named_count;
    const struct fact *self; /* whoever acts may name nobody but itself here: its id, or the person
                                who holds the office */
    const struct fact *own;  /* a party may name nobody but itself here; NULL: no such fact */
    bool principal;          /* only the party itself or who heads it: no agent */
    bool once;
    bool ended; /* may be done for a party that died or was dissolved */
    /* The articles by which `apart` refuses; statute NULL: that of the code table. */
    struct {
        struct cite same;
        struct cite after;
        struct cite officers;
        struct cite recuse;
        struct cite once;
        struct cite not_named;
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
    struct act_paper paper;
    struct act_serves serves;
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
    struct str kind; /* "government", "department", "vertical": led from above, not by the
                        government of its place */
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
    const struct feel_program *when; /* must hold of what is applied with; NULL: people judge it */
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
/* A fact that says what a case of the item is about: it is fixed when the case opens, and two cases
 * of a party about one thing do not run side by side, unless one of their items names the other. */
struct subject {
    const struct fact *fact;
    const struct item **beside;
    size_t beside_count;
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
    const struct subject *subjects;
    size_t subject_count;
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
