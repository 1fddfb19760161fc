/* Members of pack files: each reader takes what it needs, notes what is wrong with file and line,
 * goes on. */
#include "law/law_in.h"

#include <stdarg.h>
#include <stdio.h>

void index_init(struct arena *a, struct index *x, size_t most)
{
    size_t room = 16;
    while (room < most * 2) {
        room *= 2;
    }
    *x = (struct index){ARENA_ARRAY(a, struct str, room), ARENA_ARRAY(a, void *, room), room, 0};
}

static size_t slot_of(const struct index *x, struct str key)
{
    size_t i = str_hash(key) & (x->room - 1);
    while (x->keys[i].p != NULL && !str_equal(x->keys[i], key)) {
        i = (i + 1) & (x->room - 1);
    }
    return i;
}

bool index_put(struct index *x, struct str key, void *value)
{
    must(x->count * 2 < x->room + 2 && key.p != NULL);
    size_t i = slot_of(x, key);
    if (x->keys[i].p != NULL) {
        return false;
    }
    x->keys[i] = key;
    x->values[i] = value;
    x->count++;
    return true;
}

void *index_get(const struct index *x, struct str key)
{
    if (x->room == 0 || key.p == NULL) {
        return NULL;
    }
    size_t i = slot_of(x, key);
    return x->keys[i].p == NULL ? NULL : x->values[i];
}

static void note(struct builder *b, const struct source *f, uint32_t line, const char *code,
                 const char *format, va_list args)
{
    struct law_problems *p = b->problems;
    if (p->count >= LIMIT_LAW_PROBLEMS) {
        b->failed = true;
        return;
    }
    if (p->count == b->problem_room) {
        size_t room = b->problem_room == 0 ? 16 : b->problem_room * 2;
        p->items = arena_grow(b->ctx->arena, p->items, b->problem_room * sizeof(*p->items),
                              room * sizeof(*p->items));
        b->problem_room = room;
    }
    char text[400];
    vsnprintf(text, sizeof(text), format, args);
    bool warning = code[0] == 'w' && code[1] == ':';
    p->items[p->count++] =
        (struct law_problem){.pack = f == NULL ? STR("") : str_copy(b->ctx->arena, f->pack),
                             .file = f == NULL ? STR("") : str_copy(b->ctx->arena, f->path),
                             .line = line,
                             .warning = warning,
                             .code = str_from(warning ? code + 2 : code),
                             .sentence = str_copy(b->ctx->arena, str_from(text))};
    b->failed = b->failed || !warning;
}

void problem(struct builder *b, const struct source *f, const struct json *j, const char *code,
             const char *format, ...)
{
    uint32_t line = 0;
    uint32_t column = 0;
    va_list args;
    if (f != NULL && j != NULL) {
        json_place(f->text, j->offset, &line, &column);
    }
    va_start(args, format);
    note(b, f, line, code, format, args);
    va_end(args);
}

void problem_line(struct builder *b, const struct source *f, uint32_t line, const char *code,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(b, f, line, code, format, args);
    va_end(args);
}

const struct source *source_of(const struct builder *b, struct str path)
{
    return index_get(&b->paths, path);
}

void only_members(struct builder *b, const struct source *f, const struct json *o,
                  const char *const *names)
{
    if (!json_is(o, JSON_OBJECT)) {
        problem(b, f, o, "type", "an object was expected here");
        return;
    }
    for (size_t i = 0; i < o->count; i++) {
        bool known = false;
        for (size_t k = 0; names[k] != NULL && !known; k++) {
            known = str_equal(o->members[i].key, str_from(names[k]));
        }
        if (!known) {
            problem(b, f, &o->members[i].value, "unknown-member",
                    "the member \"%.*s\" is not known here", FMT(o->members[i].key));
        }
    }
}

static const struct json *member(struct builder *b, const struct source *f, const struct json *o,
                                 const char *name, enum json_kind kind, bool wanted)
{
    const struct json *v = json_get(o, name);
    if (v == NULL || v->kind == JSON_NULL) {
        if (wanted) {
            problem(b, f, o, "missing", "the member \"%s\" is missing", name);
        }
        return NULL;
    }
    static const char *const kinds[] = {"null",   "true or false", "a number",
                                        "a text", "a list",        "an object"};
    if (v->kind != kind) {
        problem(b, f, v, "type", "\"%s\" must be %s", name, kinds[kind]);
        return NULL;
    }
    return v;
}

struct str want_text(struct builder *b, const struct source *f, const struct json *o,
                     const char *name)
{
    const struct json *v = member(b, f, o, name, JSON_STRING, true);
    return v == NULL ? STR("") : v->text;
}

struct str may_text(struct builder *b, const struct source *f, const struct json *o,
                    const char *name)
{
    const struct json *v = member(b, f, o, name, JSON_STRING, false);
    return v == NULL ? STR("") : v->text;
}

static struct text2 text2_of(struct builder *b, const struct source *f, const struct json *v)
{
    static const char *const names[] = {"zh", "en", NULL};
    if (v == NULL) {
        return (struct text2){STR(""), STR("")};
    }
    only_members(b, f, v, names);
    return (struct text2){want_text(b, f, v, "zh"), may_text(b, f, v, "en")};
}

struct text2 want_text2(struct builder *b, const struct source *f, const struct json *o,
                        const char *name)
{
    return text2_of(b, f, member(b, f, o, name, JSON_OBJECT, true));
}

struct text2 may_text2(struct builder *b, const struct source *f, const struct json *o,
                       const char *name)
{
    return text2_of(b, f, member(b, f, o, name, JSON_OBJECT, false));
}

int64_t may_int(struct builder *b, const struct source *f, const struct json *o, const char *name,
                int64_t otherwise)
{
    const struct json *v = member(b, f, o, name, JSON_NUMBER, false);
    if (v != NULL && !v->is_int) {
        problem(b, f, v, "type", "\"%s\" must be a whole number", name);
    }
    return v != NULL && v->is_int ? v->int_value : otherwise;
}

int32_t may_count(struct builder *b, const struct source *f, const struct json *o, const char *name,
                  int32_t otherwise, int32_t min, int32_t max)
{
    const struct json *v = member(b, f, o, name, JSON_NUMBER, false);
    if (v == NULL) {
        return otherwise;
    }
    if (!v->is_int || v->int_value < min || v->int_value > max) {
        problem(b, f, v, "range", "\"%s\" must be a whole number from %d to %d", name, min, max);
        return min;
    }
    return (int32_t)v->int_value;
}

bool may_bool(struct builder *b, const struct source *f, const struct json *o, const char *name,
              bool otherwise)
{
    const struct json *v = member(b, f, o, name, JSON_BOOL, false);
    return v == NULL ? otherwise : v->bool_value;
}

const struct json *want_list(struct builder *b, const struct source *f, const struct json *o,
                             const char *name)
{
    return member(b, f, o, name, JSON_ARRAY, true);
}

const struct json *may_list(struct builder *b, const struct source *f, const struct json *o,
                            const char *name)
{
    return member(b, f, o, name, JSON_ARRAY, false);
}

struct day may_day(struct builder *b, const struct source *f, const struct json *o,
                   const char *name, int32_t otherwise)
{
    const struct json *v = member(b, f, o, name, JSON_STRING, false);
    struct day d = {otherwise};
    if (v != NULL && !day_parse(v->text, &d)) {
        problem(b, f, v, "day", "\"%s\" must be a day as 2026-01-31", name);
    }
    return d;
}

const struct str *texts(struct builder *b, const struct source *f, const struct json *o,
                        const char *name, size_t *ret_count)
{
    const struct json *list = may_list(b, f, o, name);
    size_t n = list == NULL ? 0 : list->count;
    struct str *out = ARENA_ARRAY(b->law->arena, struct str, n + 1);
    *ret_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (list->items[i].kind != JSON_STRING) {
            problem(b, f, &list->items[i], "type", "\"%s\" is a list of texts", name);
        } else {
            out[(*ret_count)++] = list->items[i].text;
        }
    }
    return out;
}

static struct cite cite_of(struct builder *b, const struct source *f, const struct json *v)
{
    struct cite c = {0};
    struct ctx inner = *b->ctx;
    if (!json_is(v, JSON_STRING)) {
        problem(b, f, v, "type", "a citation is a text, STATUTE#ARTICLE");
    } else if (law_cite(&inner, b->law, v->text, b->law->day, &c) != ERR_OK) {
        problem(b, f, v, "citation", "%.*s", FMT(inner.why.detail));
    }
    return c;
}

const struct cite *cites(struct builder *b, const struct source *f, const struct json *o,
                         const char *name, size_t *ret_count)
{
    const struct json *list = may_list(b, f, o, name);
    size_t n = list == NULL ? 0 : list->count;
    struct cite *out = ARENA_ARRAY(b->law->arena, struct cite, n + 1);
    for (size_t i = 0; i < n; i++) {
        out[i] = cite_of(b, f, &list->items[i]);
    }
    *ret_count = n;
    return out;
}

struct cite may_cite(struct builder *b, const struct source *f, const struct json *o,
                     const char *name)
{
    const struct json *v = json_get(o, name);
    return v == NULL || v->kind == JSON_NULL ? (struct cite){0} : cite_of(b, f, v);
}

/* The expression that was compiled where `offset` stands in the file. */
static const struct part_feel *compiled_at(const struct part *p, uint32_t offset)
{
    size_t low = 0;
    size_t high = p->feel_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (p->feels[mid].offset < offset) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < p->feel_count && p->feels[low].offset == offset ? &p->feels[low] : NULL;
}

const struct feel_program *may_feel(struct builder *b, const struct source *f, const struct json *o,
                                    const char *name)
{
    const struct json *v = member(b, f, o, name, JSON_STRING, false);
    if (v == NULL || v->text.n == 0) {
        return NULL;
    }
    const struct part_feel *x = compiled_at(f->part, v->offset);
    must(x != NULL); /* part.c compiles every member that a reader takes for FEEL */
    if (x->program == NULL) {
        problem(b, f, v, "feel", "\"%s\": %.*s", name, FMT(x->fault));
    }
    return x->program;
}

static const char *const table_names[] = {
    [T_ACT] = "kind of act",     [T_ITEM] = "item",
    [T_OFFICE] = "office",       [T_FACT] = "fact",
    [T_LIMIT] = "limit",         [T_LICENCE] = "licence type",
    [T_PROCEDURE] = "procedure", [T_DOCUMENT] = "document",
    [T_CODE] = "code table",     [T_MODEL] = "decision model",
    [T_ACCESS] = "access row",
};
_Static_assert(LEN(table_names) == T_COUNT, "a name for each table");

void *resolve(struct builder *b, const struct source *f, const struct json *j, enum table t,
              struct str name)
{
    void *p = index_get(&b->law->index[t], name);
    if (p == NULL) {
        problem(b, f, j, "reference", "there is no %s \"%.*s\"", table_names[t], FMT(name));
    }
    return p;
}

void *may_ref(struct builder *b, const struct source *f, const struct json *o, const char *name,
              enum table t)
{
    const struct json *v = member(b, f, o, name, JSON_STRING, false);
    return v == NULL || v->text.n == 0 ? NULL : resolve(b, f, v, t, v->text);
}

void **refs(struct builder *b, const struct source *f, const struct json *o, const char *name,
            enum table t, size_t *ret_count)
{
    const struct json *list = may_list(b, f, o, name);
    size_t n = list == NULL ? 0 : list->count;
    void **out = ARENA_ARRAY(b->law->arena, void *, n + 1);
    *ret_count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct json *v = &list->items[i];
        void *p = v->kind == JSON_STRING ? resolve(b, f, v, t, v->text) : NULL;
        if (p != NULL) {
            out[(*ret_count)++] = p;
        } else if (v->kind != JSON_STRING) {
            problem(b, f, v, "type", "\"%s\" is a list of names", name);
        }
    }
    return out;
}

int word_of(struct str s, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(s, str_from(words[i]))) {
            return (int)i;
        }
    }
    return -1;
}

bool parse_unit(struct str s, enum limit_unit *ret)
{
    static const char *const words[] = {[UNIT_WORKDAY] = "workday",
                                        [UNIT_DAY] = "day",
                                        [UNIT_MONTH] = "month",
                                        [UNIT_YEAR] = "year",
                                        [UNIT_HOUR] = "hour"};
    int i = word_of(s, words, LEN(words));
    *ret = i < 0 ? UNIT_DAY : (enum limit_unit)i;
    return i >= 0;
}
