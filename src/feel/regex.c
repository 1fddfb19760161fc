/* Regular expressions of XPath 3.1 (F&O 5.6.1, XSD part 2 appendix G): parsed into instructions,
 * matched by backtracking on a stack of its own, so that neither depth nor time escapes its limit.
 */
#include "base/utf8.h"
#include "feel/feel_in.h"
#include "feel/unicode.h"

enum {
    GROUPS_MAX = 99,
    REPEAT_MAX = 1000,
    CLASS_DEPTH_MAX = 20,
    GROUP_DEPTH_MAX = 50,
    CHOICES_MAX = 300000
};

enum op {
    RE_CHAR,     /* x: the code point */
    RE_ANY,      /* . */
    RE_SET,      /* set */
    RE_BEGIN,    /* ^ */
    RE_END,      /* $ */
    RE_BACK,     /* x: the group */
    RE_SAVE,     /* x: the place */
    RE_SPLIT,    /* try x, then y */
    RE_JUMP,     /* x */
    RE_MARK,     /* x: a loop's register takes the position */
    RE_PROGRESS, /* fail when the position is that of register x: an empty turn */
    RE_MATCH
};

struct set;
struct ins {
    enum op op;
    int32_t x, y;
    const struct set *set;
};

enum flag { FLAG_S = 1, FLAG_M = 2, FLAG_I = 4, FLAG_X = 8, FLAG_Q = 16 };

struct regex {
    struct ins *ins;
    size_t count, room;
    size_t groups;
    size_t marks;
    unsigned flags;
};

/* ---- sets of characters ---- */

enum set_part { PART_RANGE, PART_CATEGORIES, PART_NAME_START, PART_NAME, PART_WORD };

struct part {
    enum set_part kind;
    bool negated;
    int32_t from, to; /* PART_CATEGORIES: from holds the bits */
    struct part *next;
};

struct set {
    bool negated;
    struct part *parts;
    const struct set *minus;
};

static bool part_holds(const struct part *p, int32_t c)
{
    bool in = false;
    switch (p->kind) {
    case PART_RANGE: in = c >= p->from && c <= p->to; break;
    case PART_CATEGORIES: in = ((uint32_t)p->from >> unicode_category(c) & 1) != 0; break;
    case PART_NAME_START: in = unicode_is_name_start(c); break;
    case PART_NAME: in = unicode_is_name(c); break;
    case PART_WORD: { /* all but punctuation, separators and others */
        static const uint32_t none = 0x7F << 11 | 7u << 22 | 31u << 25;
        in = (none >> unicode_category(c) & 1) == 0;
        break;
    }
    }
    return in != p->negated;
}

static bool set_has(const struct set *s, int32_t c)
{
    for (const struct part *p = s->parts; p != NULL; p = p->next) {
        if (part_holds(p, c)) {
            return true;
        }
    }
    return false;
}

/* With the i flag a character stands for its other cases as well. */
static bool set_holds(const struct set *s, int32_t c, bool any_case)
{
    bool in = set_has(s, c) ||
              (any_case && (set_has(s, unicode_lower(c)) || set_has(s, unicode_upper(c))));
    return in != s->negated && (s->minus == NULL || !set_holds(s->minus, c, any_case));
}

/* ---- parsing ---- */

struct reader {
    struct arena *arena;
    struct regex *re;
    struct str s;
    size_t at;
    const char *why;
    int depth, class_depth;
    bool closed[GROUPS_MAX + 1]; /* groups that a back-reference may name */
};

static bool re_fail(struct reader *p, const char *why)
{
    p->why = p->why == NULL ? why : p->why;
    return false;
}

static bool re_more(const struct reader *p)
{
    return p->at < p->s.n;
}

static char re_peek(const struct reader *p)
{
    return re_more(p) ? p->s.p[p->at] : 0;
}

static bool re_take(struct reader *p, char c)
{
    bool there = re_more(p) && p->s.p[p->at] == c;
    p->at += there;
    return there;
}

/* Append an instruction; its index. */
static size_t emit(struct reader *p, struct ins ins)
{
    struct regex *re = p->re;
    if (re->count >= LIMIT_FEEL_REGEX_NODES) {
        (void)re_fail(p, "it is too large");
        return 0;
    }
    if (re->count == re->room) {
        size_t room = re->room == 0 ? 32 : re->room * 2;
        re->ins =
            arena_grow(p->arena, re->ins, re->room * sizeof(*re->ins), room * sizeof(*re->ins));
        re->room = room;
    }
    re->ins[re->count] = ins;
    return re->count++;
}

static void add_part(struct reader *p, struct set *s, struct part part)
{
    struct part *copy = ARENA_NEW(p->arena, struct part);
    *copy = part;
    copy->next = s->parts;
    s->parts = copy;
}

/* {Lu} or {IsBasicLatin} behind \p; with the x flag blanks in it do not count. */
static bool parse_property(struct reader *p, struct part *ret)
{
    char name[64];
    size_t n = 0;
    if (!re_take(p, '{')) {
        return re_fail(p, "\\p wants {...} behind it");
    }
    while (re_more(p) && re_peek(p) != '}' && n < sizeof(name)) {
        name[n++] = p->s.p[p->at++];
    }
    if (!re_take(p, '}')) {
        return re_fail(p, "\\p{ has no }");
    }
    struct str s = {name, n};
    if (n > 2 && name[0] == 'I' && name[1] == 's') {
        ret->kind = PART_RANGE;
        return unicode_block(str_slice(s, 2, n), &ret->from, &ret->to) ||
               re_fail(p, "no block has this name");
    }
    ret->kind = PART_CATEGORIES;
    ret->from = (int32_t)unicode_categories(s);
    return ret->from != 0 || re_fail(p, "no category has this name");
}

static bool parse_multi(struct reader *p, struct set *s, char c)
{
    struct part part = {.negated = c >= 'A' && c <= 'Z'};
    switch (c | 32) {
    case 's': { /* blanks: four ranges of one, so a negated one needs a set; it is space, tab, LF,
                   CR */
        static const int32_t not_blank[][2] = {{0, 8}, {11, 12}, {14, 31}, {33, 0x10FFFF}};
        static const int32_t blank[][2] = {{9, 10}, {13, 13}, {32, 32}};
        size_t count = part.negated ? LEN(not_blank) : LEN(blank);
        const int32_t(*ranges)[2] = part.negated ? not_blank : blank;
        for (size_t i = 0; i < count; i++) {
            add_part(p, s,
                     (struct part){.kind = PART_RANGE, .from = ranges[i][0], .to = ranges[i][1]});
        }
        return true;
    }
    case 'd':
        part.kind = PART_CATEGORIES;
        part.from = 1 << CATEGORY_ND;
        break;
    case 'w': part.kind = PART_WORD; break;
    case 'i': part.kind = PART_NAME_START; break;
    case 'c': part.kind = PART_NAME; break;
    case 'p':
        if (!parse_property(p, &part)) {
            return false;
        }
        break;
    default: return re_fail(p, "an unknown escape");
    }
    add_part(p, s, part);
    return true;
}

/* The character behind a backslash that stands for one, or -1. */
static int32_t single_escape(char c)
{
    static const char controls[] = "nrt";
    static const char codes[] = "\n\r\t";
    const char *at = c == 0 ? NULL : strchr(controls, c);
    if (at != NULL) {
        return codes[at - controls];
    }
    return c != 0 && strchr("\\|.-^?*+{}()[]$ ", c) != NULL ? c : -1;
}

/* One end of a range in a class; -1 with p->why when it cannot be one. */
static int32_t class_char(struct reader *p)
{
    if (re_take(p, '\\')) {
        int32_t c = single_escape(re_peek(p));
        if (c < 0) {
            (void)re_fail(p, "no such escape in [ ]");
            return -1;
        }
        p->at++;
        return c;
    }
    if (re_peek(p) == '[') {
        (void)re_fail(p, "a [ in [ ] must be written \\[");
        return -1;
    }
    int32_t c = utf8_next(p->s, &p->at);
    if (c < 0) {
        (void)re_fail(p, "a [ has no ]");
    }
    return c;
}

static bool parse_class(struct reader *p, struct set *s);

/* One item of a class: an escape for many, a character, or a range. */
static bool parse_class_item(struct reader *p, struct set *s)
{
    if (re_peek(p) == '\\' && p->at + 1 < p->s.n &&
        strchr("sSdDwWiIcCpP", p->s.p[p->at + 1]) != NULL) {
        char c = p->s.p[p->at + 1];
        p->at += 2;
        return parse_multi(p, s, c);
    }
    int32_t from = class_char(p);
    int32_t to = from;
    if (from < 0) {
        return false;
    }
    bool range = re_peek(p) == '-' && p->at + 1 < p->s.n && p->s.p[p->at + 1] != ']' &&
                 p->s.p[p->at + 1] != '[';
    if (range) {
        p->at++;
        to = class_char(p);
        if (to < from) {
            return re_fail(p, "a range in [ ] runs backwards");
        }
    }
    add_part(p, s, (struct part){.kind = PART_RANGE, .from = from, .to = to});
    return true;
}

/* Behind "[": up to and with "]". */
static bool parse_class(struct reader *p, struct set *s)
{
    bool any = false;
    if (++p->class_depth > CLASS_DEPTH_MAX) {
        return re_fail(p, "[ ] is nested too deep");
    }
    s->negated = re_take(p, '^');
    while (!re_take(p, ']')) {
        if (!re_more(p)) {
            return re_fail(p, "a [ has no ]");
        }
        if (any && re_peek(p) == '-' && p->at + 1 < p->s.n && p->s.p[p->at + 1] == '[') {
            p->at += 2;
            struct set *minus = ARENA_NEW(p->arena, struct set);
            if (!parse_class(p, minus)) {
                return false;
            }
            s->minus = minus;
            if (!re_take(p, ']')) {
                return re_fail(p, "nothing may follow a subtraction in [ ]");
            }
            break;
        }
        if (!parse_class_item(p, s)) {
            return false;
        }
        any = true;
    }
    p->class_depth--;
    return any || re_fail(p, "a [ ] must not be empty");
}

static bool parse_alternatives(struct reader *p);

static bool parse_group(struct reader *p)
{
    if (++p->depth > GROUP_DEPTH_MAX) {
        return re_fail(p, "( ) is nested too deep");
    }
    size_t group = 0;
    if (re_take(p, '?')) {
        if (!re_take(p, ':')) {
            return re_fail(p, "only (?: may follow a (");
        }
    } else {
        group = ++p->re->groups;
        if (group > GROUPS_MAX) {
            return re_fail(p, "it has more than 99 groups");
        }
        (void)emit(p, (struct ins){.op = RE_SAVE, .x = (int32_t)(2 * group)});
    }
    if (!parse_alternatives(p)) {
        return false;
    }
    if (!re_take(p, ')')) {
        return re_fail(p, "a ( has no )");
    }
    if (group != 0) {
        (void)emit(p, (struct ins){.op = RE_SAVE, .x = (int32_t)(2 * group + 1)});
        p->closed[group] = true;
    }
    p->depth--;
    return p->why == NULL;
}

/* \3: as many digits as name a group that is there so far. */
static bool parse_back(struct reader *p)
{
    size_t group = (size_t)(p->s.p[p->at++] - '0');
    while (re_peek(p) >= '0' && re_peek(p) <= '9' &&
           group * 10 + (size_t)(re_peek(p) - '0') <= p->re->groups) {
        group = group * 10 + (size_t)(p->s.p[p->at++] - '0');
    }
    if (group == 0 || group > GROUPS_MAX || !p->closed[group]) {
        return re_fail(p, "a back-reference names no group before it");
    }
    (void)emit(p, (struct ins){.op = RE_BACK, .x = (int32_t)group});
    return true;
}

static bool parse_escape(struct reader *p)
{
    char c = re_peek(p);
    if (c >= '0' && c <= '9') {
        return parse_back(p);
    }
    int32_t code = single_escape(c);
    if (code >= 0) {
        p->at++;
        (void)emit(p, (struct ins){.op = RE_CHAR, .x = code});
        return true;
    }
    struct set *s = ARENA_NEW(p->arena, struct set);
    if (!re_more(p)) {
        return re_fail(p, "a \\ stands at the end");
    }
    p->at++;
    if (!parse_multi(p, s, c)) {
        return false;
    }
    (void)emit(p, (struct ins){.op = RE_SET, .set = s});
    return true;
}

static bool parse_atom(struct reader *p)
{
    char c = re_peek(p);
    if (c == '(') {
        p->at++;
        return parse_group(p);
    }
    if (c == '[') {
        p->at++;
        struct set *s = ARENA_NEW(p->arena, struct set);
        (void)emit(p, (struct ins){.op = RE_SET, .set = s});
        p->class_depth = 0;
        return parse_class(p, s);
    }
    if (c == '\\') {
        p->at++;
        return parse_escape(p);
    }
    if (c == '^' || c == '$' || c == '.') {
        p->at++;
        (void)emit(p, (struct ins){.op = c == '^' ? RE_BEGIN : c == '$' ? RE_END : RE_ANY});
        return true;
    }
    if (strchr("?*+{}]", c) != NULL) {
        return re_fail(p, "?, *, +, {, } or ] stands where a character is expected");
    }
    (void)emit(p, (struct ins){.op = RE_CHAR, .x = utf8_next(p->s, &p->at)});
    return true;
}

/* {n}, {n,}, {n,m}; -1 for no upper end. */
static bool parse_counts(struct reader *p, int32_t *ret_min, int32_t *ret_max)
{
    int32_t v[2] = {0, -1};
    for (int i = 0; i < 2; i++) {
        bool any = false;
        int32_t n = 0;
        while (re_peek(p) >= '0' && re_peek(p) <= '9') {
            n = n * 10 + (p->s.p[p->at++] - '0');
            any = true;
            if (n > REPEAT_MAX) {
                return re_fail(p, "a count is above 1000");
            }
        }
        if (any) {
            v[i] = n;
        } else if (i == 0) {
            return re_fail(p, "{ wants a number behind it");
        }
        if (i == 0 && !re_take(p, ',')) {
            v[1] = n;
            break;
        }
    }
    *ret_min = v[0];
    *ret_max = v[1];
    return (re_take(p, '}') || re_fail(p, "a { has no }")) &&
           (v[1] < 0 || v[1] >= v[0] || re_fail(p, "{n,m} with m below n"));
}

static void set_split(struct reader *p, size_t at, size_t body, size_t after, bool lazy)
{
    p->re->ins[at].x = (int32_t)(lazy ? after : body);
    p->re->ins[at].y = (int32_t)(lazy ? body : after);
}

/* An atom taken out of the program, to be written again, its jumps moved along. */
struct atom {
    const struct ins *ins;
    size_t count;
    size_t from; /* where it stood */
};

static void emit_atom(struct reader *p, const struct atom *atom)
{
    int32_t shift = (int32_t)p->re->count - (int32_t)atom->from;
    for (size_t i = 0; i < atom->count && p->why == NULL; i++) {
        struct ins ins = atom->ins[i];
        if (ins.op == RE_SPLIT || ins.op == RE_JUMP) {
            ins.x += shift;
            ins.y += shift;
        }
        (void)emit(p, ins);
    }
}

/* The atom as a loop: L: split body, end; mark; body; progress; jump L. */
static void emit_star(struct reader *p, const struct atom *atom, bool lazy)
{
    size_t split = emit(p, (struct ins){.op = RE_SPLIT});
    int32_t mark = (int32_t)p->re->marks++;
    (void)emit(p, (struct ins){.op = RE_MARK, .x = mark});
    emit_atom(p, atom);
    (void)emit(p, (struct ins){.op = RE_PROGRESS, .x = mark});
    (void)emit(p, (struct ins){.op = RE_JUMP, .x = (int32_t)split});
    if (p->why == NULL) {
        set_split(p, split, split + 1, p->re->count, lazy);
    }
}

/* The atom that starts at `from` repeated min to max times, -1 without end. */
static bool repeat(struct reader *p, size_t from, int32_t min, int32_t max, bool lazy)
{
    size_t n = p->re->count - from;
    struct ins *copy = ARENA_ARRAY(p->arena, struct ins, n);
    memcpy(copy, p->re->ins + from, n * sizeof(*copy));
    struct atom atom = {copy, n, from};
    p->re->count = from;
    for (int32_t i = 0; i < min && p->why == NULL; i++) {
        emit_atom(p, &atom);
    }
    if (max < 0) {
        emit_star(p, &atom, lazy);
    }
    for (int32_t i = min; i < max && p->why == NULL;
         i++) { /* skipping one leads to skipping the next */
        size_t split = emit(p, (struct ins){.op = RE_SPLIT});
        emit_atom(p, &atom);
        if (p->why == NULL) {
            set_split(p, split, split + 1, p->re->count, lazy);
        }
    }
    return p->why == NULL;
}

static bool parse_piece(struct reader *p)
{
    size_t from = p->re->count;
    if (!parse_atom(p)) {
        return false;
    }
    int32_t min = 1, max = 1;
    if (re_take(p, '*')) {
        min = 0;
        max = -1;
    } else if (re_take(p, '+')) {
        max = -1;
    } else if (re_take(p, '?')) {
        min = 0;
    } else if (re_take(p, '{')) {
        if (!parse_counts(p, &min, &max)) {
            return false;
        }
    } else {
        return p->why == NULL;
    }
    bool lazy = re_take(p, '?');
    return repeat(p, from, min, max, lazy);
}

/* a|b|c: split a, next; a; jump end; ... */
static bool parse_alternatives(struct reader *p)
{
    enum { ALTERNATIVES_MAX = 200 };
    int32_t jumps[ALTERNATIVES_MAX];
    size_t count = 0;
    for (;;) {
        size_t split = emit(p, (struct ins){.op = RE_SPLIT});
        while (re_more(p) && re_peek(p) != '|' && re_peek(p) != ')') {
            if (!parse_piece(p)) {
                return false;
            }
        }
        bool more = re_take(p, '|');
        if (more && count == ALTERNATIVES_MAX) {
            return re_fail(p, "it has too many alternatives");
        }
        if (more) {
            jumps[count++] = (int32_t)emit(p, (struct ins){.op = RE_JUMP});
        }
        if (p->why != NULL) {
            return false;
        }
        /* the last alternative has no other: both ways lead into it */
        set_split(p, split, split + 1, more ? p->re->count : split + 1, false);
        if (!more) {
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        p->re->ins[jumps[i]].x = (int32_t)p->re->count;
    }
    return true;
}

static bool parse_flags(struct str flags, unsigned *ret)
{
    static const char letters[] = "smixq";
    for (size_t i = 0; i < flags.n; i++) {
        const char *at = flags.p[i] == 0 ? NULL : strchr(letters, flags.p[i]);
        if (at == NULL) {
            return false;
        }
        *ret |= 1u << (at - letters);
    }
    return true;
}

/* With the x flag blanks go, but those inside [ ]. */
static struct str without_blanks(struct arena *a, struct str s)
{
    char *out = arena_push_bytes(a, s.n);
    size_t n = 0;
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\' && i + 1 < s.n) {
            /* in "\ s" the blank goes and the s stays escaped */
            size_t next = i + 1;
            while (depth == 0 && next < s.n && strchr(" \t\n\r", s.p[next]) != NULL) {
                next++;
            }
            out[n++] = c;
            if (next < s.n) {
                out[n++] = s.p[next];
            }
            i = next;
            continue;
        }
        depth += c == '[' ? 1 : c == ']' && depth > 0 ? -1 : 0;
        if (depth == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            continue;
        }
        out[n++] = c;
    }
    return (struct str){out, n};
}

const struct regex *regex_compile(struct arena *a, struct str pattern, struct str flags,
                                  const char **ret_why)
{
    struct regex *re = ARENA_NEW(a, struct regex);
    struct reader p = {.arena = a, .re = re, .s = pattern};
    if (!parse_flags(flags, &re->flags)) {
        *ret_why = "a flag must be one of s, m, i, x and q";
        return NULL;
    }
    if ((re->flags & FLAG_Q) != 0) {
        while (re_more(&p)) {
            (void)emit(&p, (struct ins){.op = RE_CHAR, .x = utf8_next(p.s, &p.at)});
        }
    } else {
        p.s = (re->flags & FLAG_X) != 0 ? without_blanks(a, pattern) : pattern;
        if (parse_alternatives(&p) && re_more(&p)) {
            (void)re_fail(&p, "a ) has no (");
        }
    }
    (void)emit(&p, (struct ins){.op = RE_MATCH});
    *ret_why = p.why;
    return p.why == NULL ? re : NULL;
}

size_t regex_groups(const struct regex *re)
{
    return re->groups;
}

/* ---- matching ---- */

/* What to come back to: a place to go on from, or a value to restore (pc < 0). */
struct choice {
    int32_t pc;
    uint32_t slot;
    size_t at;
};

struct matcher {
    const struct regex *re;
    struct arena *arena;
    struct str text;
    size_t *slots; /* group ends, then marks */
    struct choice *stack;
    size_t depth, room;
    int64_t steps;
};

static void push(struct matcher *m, struct choice c)
{
    if (m->depth >= CHOICES_MAX) {
        m->steps = 0; /* as if time had run out */
        return;
    }
    if (m->depth == m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        m->stack =
            arena_grow(m->arena, m->stack, m->room * sizeof(*m->stack), room * sizeof(*m->stack));
        m->room = room;
    }
    m->stack[m->depth++] = c;
}

static void set_slot(struct matcher *m, size_t slot, size_t value)
{
    push(m, (struct choice){-1, (uint32_t)slot, m->slots[slot]});
    m->slots[slot] = value;
}

static bool same_char(int32_t a, int32_t b, bool any_case)
{
    return a == b || (any_case && (unicode_lower(a) == unicode_lower(b) ||
                                   unicode_upper(a) == unicode_upper(b)));
}

/* What group x caught, again; a group that caught nothing matches the empty text. */
static bool match_back(struct matcher *m, size_t group, size_t *at)
{
    size_t from = m->slots[2 * group];
    size_t to = m->slots[2 * group + 1];
    bool any_case = (m->re->flags & FLAG_I) != 0;
    while (from != SIZE_MAX && to != SIZE_MAX && from < to) {
        if (*at >= m->text.n ||
            !same_char(utf8_next(m->text, &from), utf8_next(m->text, at), any_case)) {
            return false;
        }
        m->steps--;
    }
    return true;
}

static bool match_char(struct matcher *m, const struct ins *i, size_t *at)
{
    if (*at >= m->text.n) {
        return false;
    }
    bool any_case = (m->re->flags & FLAG_I) != 0;
    int32_t c = utf8_next(m->text, at);
    if (i->op == RE_CHAR) {
        return same_char(c, i->x, any_case);
    }
    if (i->op == RE_ANY) {
        return (m->re->flags & FLAG_S) != 0 || (c != '\n' && c != '\r');
    }
    return set_holds(i->set, c, any_case);
}

static bool at_edge(const struct matcher *m, enum op op, size_t at)
{
    bool lines = (m->re->flags & FLAG_M) != 0;
    if (op == RE_BEGIN) {
        /* a newline that ends the text begins no new line */
        return at == 0 || (lines && m->text.p[at - 1] == '\n' && at < m->text.n);
    }
    return at == m->text.n || (lines && m->text.p[at] == '\n');
}

/* Go back to the last choice; false when there is none. */
static bool backtrack(struct matcher *m, int32_t *ret_pc, size_t *ret_at)
{
    while (m->depth > 0) {
        struct choice c = m->stack[--m->depth];
        if (c.pc >= 0) {
            *ret_pc = c.pc;
            *ret_at = c.at;
            return true;
        }
        m->slots[c.slot] = c.at;
    }
    return false;
}

/* One instruction: false when it fails; *pc and *at move on. */
static bool match_step(struct matcher *m, int32_t *pc, size_t *at)
{
    const struct ins *i = &m->re->ins[*pc];
    size_t marks = 2 * (m->re->groups + 1);
    ++*pc;
    switch (i->op) {
    case RE_CHAR:
    case RE_ANY:
    case RE_SET: return match_char(m, i, at);
    case RE_BEGIN:
    case RE_END: return at_edge(m, i->op, *at);
    case RE_BACK: return match_back(m, (size_t)i->x, at);
    case RE_SAVE: set_slot(m, (size_t)i->x, *at); return true;
    case RE_MARK: set_slot(m, marks + (size_t)i->x, *at); return true;
    case RE_PROGRESS: return m->slots[marks + (size_t)i->x] != *at;
    case RE_JUMP: *pc = i->x; return true;
    case RE_SPLIT:
        if (i->x != i->y) {
            push(m, (struct choice){i->y, 0, *at});
        }
        *pc = i->x;
        return true;
    case RE_MATCH: break;
    }
    return false;
}

/* Match from `at` exactly: 0, 1 or -1; *ret_end is where it ends. */
static int match_at(struct matcher *m, size_t at, size_t *ret_end)
{
    int32_t pc = 0;
    m->depth = 0;
    for (;;) {
        if (--m->steps < 0) {
            return -1;
        }
        if (m->re->ins[pc].op == RE_MATCH) {
            *ret_end = at;
            return 1;
        }
        if (!match_step(m, &pc, &at) && !backtrack(m, &pc, &at)) {
            return 0;
        }
    }
}

int regex_find(const struct regex *re, struct arena *a, struct str text, size_t at,
               struct regex_match *ret)
{
    struct matcher m = {.re = re, .arena = a, .text = text, .steps = LIMIT_FEEL_REGEX_STEPS};
    struct arena_mark mark = arena_mark(a);
    int found = 0;
    size_t slots = 2 * (re->groups + 1) + re->marks;
    m.slots = ARENA_ARRAY(a, size_t, slots);
    while (at <= text.n) {
        size_t end = 0;
        memset(m.slots, 0xFF, slots * sizeof(*m.slots));
        found = match_at(&m, at, &end);
        if (found != 0) {
            for (size_t g = 0; g <= re->groups && g < LEN(ret->from); g++) {
                ret->from[g] = g == 0 ? at : m.slots[2 * g];
                ret->to[g] = g == 0 ? end : m.slots[2 * g + 1];
            }
            break;
        }
        if (at == text.n) {
            break;
        }
        (void)utf8_next(text, &at);
    }
    arena_reset(a, mark);
    return found;
}
