/* load_in.h - inside the loader: XML to a compiled process, in this order: elements and flows are
 * read, called processes after them; names are then complete, so expressions are compiled;
 * references are resolved; rules are checked. */
#pragma once

#include "bpmn/bpmn_in.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define BPMN_NS "http://www.omg.org/spec/BPMN/20100524/MODEL"
#define DI_NS "http://www.omg.org/spec/BPMN/20100524/DI"
#define DC_NS "http://www.omg.org/spec/DD/20100524/DC"
#define TB_NS "urn:tongban:1"

enum { ELEMENTS_MAX = LIMIT_BPMN_ELEMENTS, UNITS_MAX = 64 };

/* A process of the document, or one that a call activity brought in. */
struct unit {
    const xmlNode *root; /* definitions */
    const xmlNode *process;
    struct str file;
    int32_t element; /* the one that stands for it; NO_INDEX for the process itself */
};

/* What is known of an element only while loading. */
struct note {
    const xmlNode *node;
    uint16_t unit;
    uint32_t acts_from; /* events: tb:act of the event definition come after those of the element */
};

struct pending {
    struct bpmn_expression *to;
    const xmlNode *owner;
    uint16_t unit;
    char timer; /* 0: FEEL; else ISO 8601 of this form or FEEL */
};

/* Data by the id under which the model refers to it. */
struct item {
    struct str id;
    uint16_t unit;
    uint16_t name;
};

struct association {
    struct str from;
    struct str to;
    uint16_t unit;
};

struct loader {
    struct ctx *ctx;
    const struct bpmn_options *options;
    struct unit units[UNITS_MAX];
    uint16_t unit_count;
    struct bpmn_element *elements;
    struct note *notes;
    size_t element_count, element_room, note_room;
    struct bpmn_flow *flows;
    const xmlNode **flow_nodes;
    uint16_t *flow_units;
    size_t flow_count, flow_room, flow_node_room, flow_unit_room;
    struct pending *pending;
    size_t pending_count, pending_room;
    struct str *names;
    bool *declared;
    size_t name_count, name_room, declared_room, outer;
    struct item *items;
    size_t item_count, item_room;
    struct association *associations;
    size_t association_count, association_room;
    const struct bpmn_data *process_data;
};

/* ---- XML (load.c) ---- */
bool xml_is(const xmlNode *n, const char *ns, const char *name);
bool xml_in(const xmlNode *n, const char *ns);
/* Attributes without a prefix only; the value lives on the arena. */
struct str xml_attribute(struct loader *l, const xmlNode *n, const char *name);
struct str xml_reference(struct loader *l, const xmlNode *n,
                         const char *name); /* without its prefix */
struct str xml_content(struct loader *l, const xmlNode *n);
struct str without_prefix(struct str name);
const xmlNode *xml_child(const xmlNode *n, const char *name); /* first of BPMN, or NULL */
enum err bad(struct loader *l, uint16_t unit, const xmlNode *n, enum err code,
             const char *rule) MUST_USE;
int32_t element_by_id(const struct loader *l, uint16_t unit, struct str id);

/* ---- names and expressions (load_data.c) ---- */
enum err name_add(struct loader *l, uint16_t unit, const xmlNode *n, struct str name, bool declares,
                  uint16_t *ret) MUST_USE;
/* NULL for an empty text. */
const struct bpmn_expression *expression_add(struct loader *l, uint16_t unit, const xmlNode *owner,
                                             const xmlNode *at, struct str text, char timer);
enum err expressions_compile(struct loader *l) MUST_USE;
/* What a process, sub-process, activity or event declares, and its associations. */
enum err data_read(struct loader *l, uint16_t unit, const xmlNode *n,
                   struct bpmn_data **ret) MUST_USE;
enum err associations_read(struct loader *l, uint16_t unit, const xmlNode *n,
                           struct bpmn_data *data) MUST_USE;
enum err loop_read(struct loader *l, uint16_t unit, const xmlNode *n,
                   const struct bpmn_loop **ret) MUST_USE;
int32_t item_name(struct loader *l, uint16_t unit, struct str id);

/* ---- events (load_event.c) ---- */
enum err event_read(struct loader *l, uint16_t unit, const xmlNode *n,
                    struct bpmn_element *e) MUST_USE;
enum err trigger_read(struct loader *l, uint16_t unit, const xmlNode *owner, const xmlNode *d,
                      struct bpmn_trigger *ret) MUST_USE;
void extensions_read(struct loader *l, const xmlNode *parent, struct bpmn_element *e);
struct str root_name(struct loader *l, uint16_t unit, struct str id, const char *tag,
                     const char *code);
bool root_is_missing(struct loader *l, uint16_t unit, struct str id, const char *tag);
const xmlNode *root_find(struct loader *l, uint16_t unit, struct str id);

/* ---- rules (rule.c) and what follows from the shape (link.c) ---- */
enum err rules_check(struct loader *l) MUST_USE;
enum err shape_link(struct loader *l, struct bpmn_process *p) MUST_USE;
/* What stored states will call the parts of the finished process (key.c). */
void keys_make(struct arena *a, struct bpmn_process *p);
const struct bpmn_drawing *drawing_read(struct loader *l, const xmlNode *root);
