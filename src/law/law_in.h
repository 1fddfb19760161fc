/* law_in.h - inside the law room: the builder that reads packs into a snapshot. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/str.h"
#include "law/law.h"
#include "law/shelf.h"
#include "limit_gen.h"

/* Names to pointers; open addressing, filled once. */
struct index {
    struct str *keys;
    void **values;
    size_t room;
    size_t count;
};
void index_init(struct arena *a, struct index *x, size_t most);
/* False when the name is there already. */
bool index_put(struct index *x, struct str key, void *value);
void *index_get(const struct index *x, struct str key);

enum table {
    T_ACT,
    T_ITEM,
    T_OFFICE,
    T_FACT,
    T_LIMIT,
    T_LICENCE,
    T_PROCEDURE,
    T_DOCUMENT,
    T_CODE,
    T_MODEL,
    T_ACCESS,
    T_COUNT
};

struct code_table {
    struct str name;
    struct code_row *rows;
    size_t count;
};
struct document {
    struct str zh;
    struct str en;
};
struct calendar_year {
    int year;
    struct day *off;
    struct str *off_name;
    size_t off_count;
    struct day *work;
    size_t work_count;
};
/* A day of every year on which nobody works, by statute: known before a year's calendar is. */
struct fixed_day {
    int month;
    int day;
    struct str name;
};

struct law {
    struct arena *arena;
    struct day day;
    struct law_pack *packs;
    size_t pack_count;
    uint8_t digest[32]; /* of the set of them */
    struct transition *transitions;
    size_t transition_count;
    struct statute *statutes;
    size_t statute_count;
    struct act_kind *acts;
    size_t act_count;
    struct item *items;
    size_t item_count;
    struct office *offices;
    size_t office_count;
    struct fact *facts;
    size_t fact_count;
    struct limit *limits;
    size_t limit_count;
    struct invariant *invariants;
    size_t invariant_count;
    struct calendar_year *years;
    size_t year_count;
    const struct fixed_day *fixed; /* of all packs, for years without a calendar */
    size_t fixed_count;
    struct named *named;
    size_t named_count;
    struct card_rule *card_rules;
    size_t card_rule_count;
    struct index index[T_COUNT];
    struct index item_codes;
    struct index limit_cites;
    struct index statute_names; /* to one version; `more` leads to the others */
    /* What must stay on the shelf as long as this is in use. */
    struct parsed_pack **parsed;
    size_t parsed_count;
    struct procedure **procedures;
    size_t procedure_count;
};

/* ---- parts: what a file says by itself (part.c), kept by the shelf (shelf.c) ---- */

/* Something wrong in a file that needs no other file to be seen. */
struct finding {
    uint32_t line;
    const char *code;
    struct str sentence;
};
/* An expression of a JSON file, by where it stands; program NULL: it is none, and why. */
struct part_feel {
    uint32_t offset;
    const struct feel_program *program;
    struct str fault;
};
/* One file, parsed. All but `refs` and the links of the shelf is written once, before anybody else
 * sees it. */
struct part {
    struct part *next; /* in its bucket */
    struct procedure *procedures;
    uint32_t refs;
    uint8_t digest[32];
    struct arena *arena; /* that it lies on */
    int kind;            /* row of the table of kinds (load.c), or one of PART_… */
    struct str path;
    struct str text;
    struct json root;
    bool broken; /* it cannot be read: findings say why */
    const struct dmn_model *model;
    const struct finding *findings;
    size_t finding_count;
    const struct part_feel *feels; /* in order of offset */
    size_t feel_count;
    const struct day *days;
    size_t day_count;
};
enum { PART_TEXT = -1, PART_STRANGE = -2, PART_HEAD = -3 }; /* PART_HEAD: pack.json */

struct bpmn_finding;
/* A procedure compiled together with the files of those it calls. */
struct procedure {
    struct procedure *next; /* of the same file */
    uint32_t refs;
    struct arena *arena;
    struct part **parts; /* its own file, then what it asked for */
    struct str *paths;   /* of what it asked for, from 1 on; part NULL: there was none */
    size_t part_count;
    const struct bpmn_process *process;
    const struct bpmn_finding *findings;
    size_t finding_count;
};
struct parsed_pack {
    struct parsed_pack *next;
    uint32_t refs;
    uint8_t digest[32];
    struct arena *arena;
    struct part **parts; /* by path */
    size_t part_count;
    struct pack_head head;
    const struct day *days;
    size_t day_count;
};

/* Parse a file onto an arena of its own, whose memory is guarded as that of ctx. */
struct part *part_parse(struct ctx *ctx, struct arena *arena, struct str path, struct str bytes);
/* What a path in a pack is; PART_TEXT for what is no JSON, PART_STRANGE for what has no place. */
int part_kind(struct str path);
bool part_is_story(struct str path);
/* Days in order, each once; returns how many are left. */
size_t days_sort(struct day *days, size_t count);

/* An arena of the shelf's memory that is given back unless arena_kept is called before the end. */
enum err shelf_arena(struct ctx *ctx, struct law_shelf *s, size_t cap_bytes,
                     struct arena **ret) MUST_USE;
void shelf_arena_kept(struct law_shelf *s);
void shelf_arena_drop(struct law_shelf *s);
/* Hold a procedure for the snapshot being linked, for which room was made before. */
void shelf_hold_room(struct law_shelf *s);
void shelf_hold_procedure(struct law_shelf *s, struct procedure *p);
/* Give all that is held to a snapshot. */
void shelf_hand_over(struct law_shelf *s, struct law *law, struct parsed_pack *const *packs,
                     size_t count);

/* One JSON file being read. */
struct source {
    struct str pack;
    struct str path;
    struct str text;
    struct json root;
    size_t pack_index;
    struct part *part; /* NULL: a story */
};
struct linked_procedure {
    const struct procedure *procedure;
    const struct source *file;
};
/* Where a thing of the snapshot was read, by its index, so that checks over all can name file and
 * line. */
struct origins {
    const struct source **acts;
    const struct source **items;
    const struct source **offices;
    size_t *statute_packs;
};
struct builder {
    struct ctx *ctx;
    struct law_shelf *shelf;
    struct law *law;
    bool in_force; /* the packs are published already: newer demands only warn */
    struct source *files;
    size_t file_count;
    struct source *stories;
    size_t story_count;
    struct linked_procedure *procedures;
    size_t procedure_count;
    struct origins origins;
    struct index paths; /* of all files, to struct source */
    struct law_problems *problems;
    size_t problem_room;
    bool failed;
};

/* Note a fault at a place of a file; j may be NULL (the whole file). */
void problem(struct builder *b, const struct source *f, const struct json *j, const char *code,
             const char *format, ...) PRINTF(5, 6);
/* The same for files that are no JSON, by line (0: the whole file). */
void problem_line(struct builder *b, const struct source *f, uint32_t line, const char *code,
                  const char *format, ...) PRINTF(5, 6);
/* The file of a path, whatever pack it stands in; NULL when there is none. */
const struct source *source_of(const struct builder *b, struct str path);

/* ---- members of an object; each notes what is wrong and goes on ---- */

/* Every member must be one of these names, NULL-ended. */
void only_members(struct builder *b, const struct source *f, const struct json *o,
                  const char *const *names);
struct str want_text(struct builder *b, const struct source *f, const struct json *o,
                     const char *name);
struct str may_text(struct builder *b, const struct source *f, const struct json *o,
                    const char *name);
struct text2 want_text2(struct builder *b, const struct source *f, const struct json *o,
                        const char *name);
struct text2 may_text2(struct builder *b, const struct source *f, const struct json *o,
                       const char *name);
int64_t may_int(struct builder *b, const struct source *f, const struct json *o, const char *name,
                int64_t otherwise);
/* A whole number from min to max; `otherwise`, which need not lie between, when absent. */
int32_t may_count(struct builder *b, const struct source *f, const struct json *o, const char *name,
                  int32_t otherwise, int32_t min, int32_t max);
bool may_bool(struct builder *b, const struct source *f, const struct json *o, const char *name,
              bool otherwise);
const struct json *want_list(struct builder *b, const struct source *f, const struct json *o,
                             const char *name);
const struct json *may_list(struct builder *b, const struct source *f, const struct json *o,
                            const char *name);
struct day may_day(struct builder *b, const struct source *f, const struct json *o,
                   const char *name, int32_t otherwise);
/* A list of strings. */
const struct str *texts(struct builder *b, const struct source *f, const struct json *o,
                        const char *name, size_t *ret_count);
const struct cite *cites(struct builder *b, const struct source *f, const struct json *o,
                         const char *name, size_t *ret_count);
struct cite may_cite(struct builder *b, const struct source *f, const struct json *o,
                     const char *name);
const struct feel_program *may_feel(struct builder *b, const struct source *f, const struct json *o,
                                    const char *name);
/* A name that must stand in a table; NULL and a problem when it does not. */
void *resolve(struct builder *b, const struct source *f, const struct json *j, enum table t,
              struct str name);
void *may_ref(struct builder *b, const struct source *f, const struct json *o, const char *name,
              enum table t);
/* A list of names of a table, as an array of pointers. */
void **refs(struct builder *b, const struct source *f, const struct json *o, const char *name,
            enum table t, size_t *ret_count);
/* What the value of a fact names, by the member "names" of it or of a need of it. */
enum fact_names read_names(struct builder *b, const struct source *f, const struct json *o,
                           const struct fact *x);
/* The member "derived" of a fact or a need; NULL when there is none. */
const struct feel_program *read_derived(struct builder *b, const struct source *f,
                                        const struct json *o, struct cite *ret_article);
const struct need *read_needs(struct builder *b, const struct source *f, const struct json *list,
                              size_t *ret_count);
bool parse_unit(struct str s, enum limit_unit *ret);
/* Position of a word in a list, or -1. */
int word_of(struct str s, const char *const *words, size_t count);

/* ---- readers, one a kind of file ---- */

void add_procedure(struct builder *b, const struct source *f);

void read_statute(struct builder *b, struct source *f);
void read_calendar(struct builder *b, struct source *f);
void declare_limits(struct builder *b, struct source *f);
void read_limits(struct builder *b, struct source *f);
void declare_facts(struct builder *b, struct source *f);
void read_facts(struct builder *b, struct source *f);
void declare_codes(struct builder *b, struct source *f);
void read_codes(struct builder *b, struct source *f);
void declare_act(struct builder *b, struct source *f);
void read_act(struct builder *b, struct source *f);
void declare_item(struct builder *b, struct source *f);
void read_item(struct builder *b, struct source *f);
void read_need(struct builder *b, struct source *f);
void declare_office(struct builder *b, struct source *f);
void read_office(struct builder *b, struct source *f);
void declare_licence(struct builder *b, struct source *f);
void read_licence(struct builder *b, struct source *f);
void read_invariants(struct builder *b, struct source *f);
void declare_access(struct builder *b, struct source *f);
void read_access(struct builder *b, struct source *f);
void read_supervision(struct builder *b, struct source *f);
void check_law(struct builder *b);
void check_powers(struct builder *b);
/* check_decide.c: the decisions that a procedure asks. */
void check_decided(struct builder *b, const struct source *f, const struct bpmn_process *p);
void check_bases(struct builder *b);
void read_power(struct builder *b, const struct source *f, const struct json *o, struct power *p);
/* Is it of this kind (empty: any) and over the item (NULL: any)? */
bool power_is_over(const struct power *p, struct str kind, const struct item *item);
bool power_takes_over(const struct power *p);
bool power_is_of(const struct power *p, const struct office *office);
void check_limits(struct builder *b);
bool limit_stands_as(const struct law *law, struct str as);
void check_tests(struct builder *b);
void check_documents(struct builder *b);

/* pack.c: one digest of the packs of a law (list.h). */
void set_digest(struct ctx *ctx, const struct law_pack *packs, size_t count, uint8_t ret[32]);

/* Is a template well formed? Else *ret_line and a sentence in ctx->why. */
enum err document_check(struct ctx *ctx, struct str text, uint32_t *ret_line) MUST_USE;
/* Is a pattern of the subset whose matching takes linear time? */
bool pattern_is_plain(struct str pattern);

/* ---- identifiers ---- */
bool idcard_is_valid(struct str s);     /* GB 11643 */
bool orgcode_is_valid(struct str s);    /* GB 11714: 8 characters and one that checks them */
bool uscc_is_valid(struct str s);       /* GB 32100, with the organisation code inside it */
bool licence_id_is_valid(struct str s); /* GB/T 36904: root.type.issuer.serial.version.check */
/* GB/T 39554.1: 12 characters, 31 with organ and level before them, 33 with a sequence behind. NULL
 * when it is well formed, else what is wrong. */
const char *item_code_fault(struct str s);
