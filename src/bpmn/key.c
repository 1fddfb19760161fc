/* What a stored state calls the parts of its process.
 *
 * A state rests for years and outlives the model it was made under, so it names elements by the
 * `id` their author gave them, never by their place in the document: an element put in before
 * another must move nothing. A key is made once, when the process is loaded:
 *
 *   an element   its id; one of a called process has the id of that process and "/" before it,
 *                since ids are one of a kind only within their own document
 *   a flow       its id, in the same way; one without an id is "FROM>TO"
 *   data         their name as it is (they stand in JSON, which quotes them)
 *
 * Two that would be called alike (a model may call two documents that both have a process P) get
 * "~2", "~3" behind them, in document order. The bytes that part a state's rows, and blanks, are
 * written "%41". So a key holds none of ",;:%/~+>" but where said here, and is compared as it
 * stands: reading a state decodes nothing.
 *
 * Look-up is by open addressing over at least twice as many slots as keys, so that a probe ends. */
#include "bpmn/load_in.h"

/* ---- tables ---- */

static struct key_table table_new(struct arena *a, size_t count)
{
    struct key_table t = {.slot_count = 4};
    while (t.slot_count < 2 * count) {
        t.slot_count *= 2;
    }
    t.names = ARENA_ARRAY(a, struct str, count + 1);
    t.slots = ARENA_ARRAY(a, uint16_t, t.slot_count);
    return t;
}

/* Where a name stands among the slots, or the free slot where it would. */
static size_t slot_of(const struct key_table *t, struct str name)
{
    size_t at = str_hash(name) & (t->slot_count - 1);
    while (t->slots[at] != 0 && !str_equal(t->names[t->slots[at] - 1], name)) {
        at = (at + 1) & (t->slot_count - 1);
    }
    return at;
}

int32_t key_find(const struct key_table *t, struct str name)
{
    return (int32_t)t->slots[slot_of(t, name)] - 1;
}

/* The next name, told apart from those before it. */
static void key_put(struct arena *a, struct key_table *t, struct str name)
{
    struct str own = name;
    size_t at = slot_of(t, own);
    for (unsigned again = 2; t->slots[at] != 0; again++) {
        own = str_format(a, "%.*s~%u", FMT(name), again);
        at = slot_of(t, own);
    }
    must(2 * (t->count + 1) <= t->slot_count && t->count < UINT16_MAX);
    ((struct str *)(uintptr_t)t->names)[t->count] = own;
    ((uint16_t *)(uintptr_t)t->slots)[at] = (uint16_t)++t->count;
}

/* ---- keys ---- */

static bool is_plain(unsigned char c)
{
    return c > ' ' && c != 0x7f && strchr(",;:%/~+>", c) == NULL;
}

static struct str escaped(struct arena *a, struct str id)
{
    size_t plain = 0;
    while (plain < id.n && is_plain((unsigned char)id.p[plain])) {
        plain++;
    }
    if (plain == id.n) {
        return id;
    }
    struct buf b = buf_new(a, 0);
    for (size_t i = 0; i < id.n; i++) {
        unsigned char c = (unsigned char)id.p[i];
        if (is_plain(c)) {
            buf_byte(&b, id.p[i]);
        } else {
            buf_format(&b, "%%%02x", c);
        }
    }
    return buf_str(&b);
}

/* The called process an element stands in, however deep: what stands for it has the same file. */
static const struct bpmn_element *called_around(const struct bpmn_process *p,
                                                const struct bpmn_element *e)
{
    for (int32_t at = e->scope; at >= 0; at = p->elements[at].scope) {
        if (p->elements[at].kind == BPMN_PROCESS) {
            return &p->elements[at];
        }
    }
    return NULL;
}

static struct str key_within(struct arena *a, const struct bpmn_element *process, struct str id)
{
    struct str own = escaped(a, id);
    return process == NULL ? own
                           : str_format(a, "%.*s/%.*s", FMT(escaped(a, process->id)), FMT(own));
}

void keys_make(struct arena *a, struct bpmn_process *p)
{
    struct bpmn_keys *k = ARENA_NEW(a, struct bpmn_keys);
    k->elements = table_new(a, p->element_count);
    k->flows = table_new(a, p->flow_count);
    k->data = table_new(a, p->name_count);
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        bool stands_for = e->kind == BPMN_PROCESS;
        key_put(a, &k->elements,
                stands_for ? key_within(a, e, STR("")) : key_within(a, called_around(p, e), e->id));
    }
    for (size_t i = 0; i < p->flow_count; i++) {
        const struct bpmn_flow *f = &p->flows[i];
        const struct bpmn_element *from = &p->elements[f->from];
        struct str way = str_format(a, "%.*s>%.*s", FMT(escaped(a, from->id)),
                                    FMT(escaped(a, p->elements[f->to].id)));
        const struct bpmn_element *process = called_around(p, from);
        struct str key = f->id.n > 0 ? key_within(a, process, f->id)
                         : process == NULL
                             ? way
                             : str_format(a, "%.*s/%.*s", FMT(escaped(a, process->id)), FMT(way));
        key_put(a, &k->flows, key);
    }
    for (size_t i = 0; i < p->name_count; i++) {
        key_put(a, &k->data, p->names[i]);
    }
    must(k->elements.count == p->element_count && k->flows.count == p->flow_count &&
         k->data.count == p->name_count);
    p->keys = k;
}
