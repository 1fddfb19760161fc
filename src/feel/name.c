/* Names: which are in force, the longest of them at a place, and the node that reads one. */
#include "feel/parse_in.h"

enum { ODD_NAMES_MAX = 4096, TYPE_DEPTH_MAX = 6 };

void name_bind(struct compiler *c, struct str name, uint32_t slot, bool is_item)
{
    if (c->binding_count == c->binding_room) {
        size_t room = c->binding_room == 0 ? 16 : c->binding_room * 2;
        c->bindings = arena_grow(c->ctx->arena, c->bindings, c->binding_room * sizeof(*c->bindings),
                                 room * sizeof(*c->bindings));
        c->binding_room = room;
    }
    c->bindings[c->binding_count++] = (struct binding){name, c->frame, slot, is_item};
}

uint32_t name_slot(struct compiler *c)
{
    if (c->frame->slots >= LIMIT_FEEL_SLOTS) {
        (void)parse_refuse(c, ERR_TOO_MANY, c->at, "more than %d names in one expression; split it",
                           LIMIT_FEEL_SLOTS);
        return 0;
    }
    return c->frame->slots++;
}

/* ---- member names that are no single word ---- */

static bool is_odd(struct str name)
{
    size_t at = 0;
    for (size_t n = name_part(name, at); n != 0; n = name_part(name, at)) {
        at += n;
    }
    return at < name.n;
}

void name_add_odd(struct compiler *c, struct str name)
{
    if (!is_odd(name) || c->odd_count >= ODD_NAMES_MAX) {
        return;
    }
    for (size_t i = 0; i < c->odd_count; i++) {
        if (str_equal(c->odd[i], name)) {
            return;
        }
    }
    if (c->odd_count == c->odd_room) {
        size_t room = c->odd_room == 0 ? 16 : c->odd_room * 2;
        c->odd = arena_grow(c->ctx->arena, c->odd, c->odd_room * sizeof(*c->odd),
                            room * sizeof(*c->odd));
        c->odd_room = room;
    }
    c->odd[c->odd_count++] = name;
}

static void odd_add_type(struct compiler *c, const struct feel_type *t, int depth)
{
    if (t == NULL || depth > TYPE_DEPTH_MAX || c->odd_count >= ODD_NAMES_MAX) {
        return;
    }
    odd_add_type(c, t->element, depth + 1);
    for (size_t i = 0; i < t->count; i++) {
        name_add_odd(c, t->members[i].name);
        odd_add_type(c, t->members[i].type, depth + 1);
    }
}

static void odd_gather(struct compiler *c)
{
    static const struct str properties[] = {STR_INIT("time offset"), STR_INIT("start included"),
                                            STR_INIT("end included")};
    if (c->odd_gathered) {
        return;
    }
    c->odd_gathered = true;
    for (size_t i = 0; i < LEN(properties); i++) {
        name_add_odd(c, properties[i]);
    }
    for (size_t i = 0; i < c->scope->count; i++) {
        odd_add_type(c, c->scope->names[i].type, 0);
    }
    for (size_t i = 0; i < c->scope->type_count; i++) {
        odd_add_type(c, c->scope->types[i], 0);
    }
    odd_add_type(c, c->scope->input, 0);
}

/* The longest odd member name at the cursor; its end. */
static size_t odd_longest(struct compiler *c, struct str *ret)
{
    size_t best = 0;
    odd_gather(c);
    for (size_t i = 0; i < c->odd_count; i++) {
        size_t end = name_match(c->text, c->at, c->odd[i]);
        if (end > best) {
            best = end;
            *ret = c->odd[i];
        }
    }
    return best;
}

bool name_member(struct compiler *c, struct str *ret)
{
    lex_blanks(c);
    size_t end = odd_longest(c, ret);
    if (end == 0) {
        return lex_words(c, ret);
    }
    c->at = end;
    return true;
}

/* ---- look-up ---- */

static bool in_filter(const struct compiler *c)
{
    for (size_t i = c->binding_count; i > 0; i--) {
        if (c->bindings[i - 1].is_item) {
            return true;
        }
    }
    return false;
}

/* The longest name in force at the cursor; its end, 0 when there is none. */
static size_t longest(struct compiler *c, struct str *ret, enum name_found *ret_found)
{
    size_t best = 0;
    *ret_found = NAME_NONE;
    for (size_t i = c->binding_count; i > 0; i--) {
        const struct binding *b = &c->bindings[i - 1];
        size_t end = b->is_item ? 0 : name_match(c->text, c->at, b->name);
        if (end > best) {
            best = end;
            *ret = b->name;
            *ret_found = NAME_VALUE;
        }
    }
    for (size_t i = c->scope->count; i > 0; i--) {
        size_t end = name_match(c->text, c->at, c->scope->names[i - 1].name);
        if (end > best) {
            best = end;
            *ret = c->scope->names[i - 1].name;
            *ret_found = NAME_VALUE;
        }
    }
    const struct builtin *builtin = NULL;
    size_t end = builtin_match(c->text, c->at, &builtin);
    if (end > best) {
        best = end;
        *ret = str_from(builtin->name);
        *ret_found = NAME_BUILTIN;
    }
    return best;
}

size_t name_length(struct compiler *c)
{
    struct str name = {0};
    enum name_found found = NAME_NONE;
    lex_blanks(c);
    size_t end = longest(c, &name, &found);
    if (in_filter(c)) {
        struct str odd = {0};
        size_t odd_end = odd_longest(c, &odd);
        end = odd_end > end ? odd_end : end;
    }
    return end == 0 ? 0 : end - c->at;
}

enum name_found name_here(struct compiler *c, struct str *ret)
{
    lex_blanks(c);
    enum name_found found = NAME_NONE;
    size_t start = c->at;
    size_t end = longest(c, ret, &found);
    if (in_filter(c)) {
        struct str odd = {0};
        size_t odd_end = odd_longest(c, &odd);
        struct str words = {0};
        if (odd_end > end) {
            end = odd_end;
            *ret = odd;
            found = NAME_VALUE;
        } else if (end == 0 && lex_words(c, &words)) {
            *ret = words;
            return NAME_VALUE;
        } else if (found ==
                   NAME_BUILTIN) { /* without a call, a member may be meant: "date", "count" */
            c->at = end;
            found = lex_peek(c) == '(' ? NAME_BUILTIN : NAME_VALUE;
        }
    }
    c->at = found == NAME_NONE ? start : end;
    return found;
}

/* ---- nodes that read ---- */

static const struct node *local(struct compiler *c, uint32_t slot, uint32_t offset)
{
    struct node *n = node_new(c, eval_local, offset, NULL, NULL);
    n->slot = slot;
    n->op = OP_LOCAL;
    return n;
}

/* Read `slot` of `owner` (NULL: the scope; UINT32_MAX: ?) from `frame`, capturing on the way in. */
static const struct node *reach(struct compiler *c, struct frame *frame, const struct frame *owner,
                                uint32_t slot, uint32_t offset)
{
    if (frame == owner) {
        return local(c, slot, offset);
    }
    if (frame->outer == NULL) {
        struct node *n =
            node_new(c, slot == UINT32_MAX ? eval_input : eval_global, offset, NULL, NULL);
        n->slot = slot;
        n->op = slot == UINT32_MAX ? OP_INPUT : OP_GLOBAL;
        return n;
    }
    for (struct capture *k = frame->captures; k != NULL; k = k->next) {
        if (k->owner == owner && k->owner_slot == slot) {
            return local(c, k->slot, offset);
        }
    }
    const struct node *from = reach(c, frame->outer, owner, slot, offset);
    struct capture *k = ARENA_NEW(c->ctx->arena, struct capture);
    struct frame *here = c->frame;
    c->frame = frame;
    *k = (struct capture){frame->captures, from, name_slot(c), owner, slot};
    c->frame = here;
    frame->captures = k;
    return local(c, k->slot, offset);
}

const struct node *name_input(struct compiler *c, uint32_t offset)
{
    c->uses_input = true;
    return reach(c, c->frame, NULL, UINT32_MAX, offset);
}

static const struct node *global(struct compiler *c, struct str name, uint32_t offset)
{
    for (size_t i = c->scope->count; i > 0; i--) {
        if (str_equal(c->scope->names[i - 1].name, name)) {
            c->used[i - 1] = true;
            return reach(c, c->frame, NULL, (uint32_t)(i - 1), offset);
        }
    }
    const struct builtin *b = builtin_find(name);
    if (b == NULL) {
        return NULL;
    }
    struct feel_function *f = ARENA_NEW(c->ctx->arena, struct feel_function);
    *f = (struct feel_function){.form = FUNCTION_BUILTIN, .builtin = b, .count = builtin_params(b)};
    return node_const(c, (struct feel_value){.kind = FEEL_FUNCTION, .function = f}, offset);
}

/* From binding `top` outwards. Inside a filter the member of the item comes first, at run time. */
static const struct node *resolve(struct compiler *c, struct str name, size_t top, uint32_t offset)
{
    for (size_t i = top; i > 0; i--) {
        const struct binding *b = &c->bindings[i - 1];
        if (b->is_item) {
            uint32_t slot = b->slot;
            struct frame *owner = b->owner;
            const struct node *otherwise = resolve(c, name, i - 1, offset);
            struct node *n = node_new(c, eval_member_or, offset,
                                      reach(c, c->frame, owner, slot, offset), otherwise);
            n->name = name;
            return n;
        }
        if (str_equal(b->name, name)) {
            return reach(c, c->frame, b->owner, b->slot, offset);
        }
    }
    return global(c, name, offset);
}

const struct node *name_resolve(struct compiler *c, struct str name, uint32_t offset)
{
    if (str_equal(name, STR("partial"))) {
        c->partial_used = true;
    }
    return resolve(c, name, c->binding_count, offset);
}
