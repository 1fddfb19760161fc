/* One file of a pack, parsed: what it says whatever else is in force.
 *
 * A file is parsed once by its digest and shared by every snapshot that needs it, so nothing here
 * may look at another file or at a day. What can be done without them is done here, because it is
 * most of the work of a publication: JSON is read into its tree, expressions of FEEL are compiled
 * (their scopes are the program's, not the law's), decision models are loaded and their tables
 * checked for gaps and overlaps, and the days at which something begins or ends are noted. What is
 * wrong is kept as findings and told again by each snapshot that is linked of the file.
 *
 * Procedures are no parts: one that calls another depends on the other's file (procedure.c).
 */
#include "law/law_in.h"

#include <stdlib.h>

#include "dmn/check.h"

bool part_is_story(struct str path)
{
    return str_starts(path, STR("test/"));
}

/* ---- what is noted ---- */

struct noted {
    struct ctx ctx; /* of the part: its arena */
    struct arena *scratch;
    struct part *part;
    struct finding *findings;
    struct part_feel *feels;
    size_t feel_room;
    struct day *days;
    size_t day_room;
};

static void add_feel(struct noted *n, const struct json *text, const struct feel_scope *scope)
{
    struct part *p = n->part;
    struct ctx inner = n->ctx;
    struct part_feel x = {.offset = text->offset};
    struct feel_source source = {.text = text->text, .file = p->path};
    json_place(p->text, text->offset, &source.line, &source.column);
    source.column++;
    if (feel_compile(&inner, scope, source, &x.program) != ERR_OK) {
        x.program = NULL;
        x.fault = inner.why.detail;
    }
    if (p->feel_count == n->feel_room) {
        size_t room = n->feel_room == 0 ? 4 : n->feel_room * 2;
        n->feels = arena_grow(p->arena, n->feels, n->feel_room * sizeof(*n->feels),
                              room * sizeof(*n->feels));
        n->feel_room = room;
    }
    n->feels[p->feel_count++] = x;
    p->feels = n->feels;
}

/* Members that hold FEEL, wherever they stand; in the order of the text, so by offset. */
static void gather_feel(struct noted *n, const struct json *j)
{
    for (size_t i = 0; i < j->count && j->kind == JSON_ARRAY; i++) {
        gather_feel(n, &j->items[i]);
    }
    for (size_t i = 0; i < j->count && j->kind == JSON_OBJECT; i++) {
        const struct json *v = &j->members[i].value;
        struct str key = j->members[i].key;
        bool never = str_equal(key, STR("never"));
        bool feel = never || str_equal(key, STR("when")) || str_equal(key, STR("allow")) ||
                    str_equal(key, STR("derived")) || str_equal(key, STR("feel"));
        if (feel && v->kind == JSON_STRING && v->text.n > 0) {
            add_feel(n, v, never ? &law_invariant_scope : &law_scope);
        } else {
            gather_feel(n, v);
        }
    }
}

static void add_days(struct noted *n, const struct json *o)
{
    static const char *const names[] = {"from", "until"};
    struct part *p = n->part;
    for (size_t i = 0; i < LEN(names); i++) {
        struct day d = {0};
        if (!day_parse(json_text(o, names[i]), &d)) {
            continue;
        }
        if (p->day_count == n->day_room) {
            size_t room = n->day_room == 0 ? 4 : n->day_room * 2;
            n->days = arena_grow(p->arena, n->days, n->day_room * sizeof(*n->days),
                                 room * sizeof(*n->days));
            n->day_room = room;
        }
        n->days[p->day_count++] = d;
        p->days = n->days;
    }
}

static void add_days_of(struct noted *n, const struct json *list)
{
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        add_days(n, &list->items[i]);
    }
}

/* Where days stand by which the law of one day differs from that of the next. */
static void gather_days(struct noted *n)
{
    const struct json *o = &n->part->root;
    struct str path = n->part->path;
    if (str_equal(path, STR("pack.json")) || str_starts(path, STR("statute/"))) {
        add_days(n, o);
    } else if (str_starts(path, STR("office/"))) {
        add_days_of(n, json_get(o, "powers"));
    } else if (str_starts(path, STR("limit/"))) {
        const struct json *limits = json_get(o, "limits");
        for (size_t i = 0; json_is(limits, JSON_ARRAY) && i < limits->count; i++) {
            add_days_of(n, json_get(&limits->items[i], "values"));
        }
    }
}

static int by_day(const void *a, const void *b)
{
    int32_t x = ((const struct day *)a)->n;
    int32_t y = ((const struct day *)b)->n;
    return (x > y) - (x < y);
}

size_t days_sort(struct day *days, size_t count)
{
    size_t kept = 0;
    if (count > 0) {
        qsort(days, count, sizeof(*days), by_day);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || days[kept - 1].n != days[i].n) {
            days[kept++] = days[i];
        }
    }
    return kept;
}

/* ---- parsing ---- */

static void found(struct noted *n, uint32_t line, const char *code, struct str sentence)
{
    n->findings[n->part->finding_count++] = (struct finding){line, code, sentence};
    n->part->findings = n->findings;
}

static void parse_json(struct noted *n)
{
    struct part *p = n->part;
    struct ctx inner = n->ctx;
    if (json_parse(&inner, p->text, p->path, &p->root) != ERR_OK) {
        p->broken = true;
        p->root = (struct json){0};
        n->findings = ARENA_ARRAY(p->arena, struct finding, 1);
        found(n, inner.why.line, "json", inner.why.detail);
        return;
    }
    if (str_starts(p->path, STR("act/")) || str_ends(p->path, STR("/need.json")) ||
        str_starts(p->path, STR("fact/")) || str_ends(p->path, STR("/item.json")) ||
        str_ends(p->path, STR(".invariant.json"))) {
        gather_feel(n, &p->root);
    }
    gather_days(n);
    p->day_count = days_sort(n->days, p->day_count);
}

/* Tables: gaps, overlaps, rules that never answer, cells of the wrong type, rules without an
 * article. Looking for them needs much room for a short while. */
static void check_tables(struct noted *n)
{
    struct arena *a = n->part->arena;
    struct ctx inner = n->ctx;
    inner.arena = n->scratch;
    struct arena_mark mark = arena_mark(n->scratch);
    struct dmn_finding *list = NULL;
    size_t count = 0;
    enum err e = dmn_check(&inner, n->part->model, &list, &count);
    count = e == ERR_OK ? count : 0;
    n->findings = ARENA_ARRAY(a, struct finding, count + 1);
    if (e != ERR_OK) {
        found(n, 0, "decision", str_copy(a, inner.why.detail));
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != DMN_UNDECIDED) {
            found(n, list[i].line, "decision", str_copy(a, list[i].sentence));
        }
    }
    arena_reset(n->scratch, mark);
}

static void parse_model(struct noted *n)
{
    struct part *p = n->part;
    struct ctx inner = n->ctx;
    struct dmn_model *model = NULL;
    if (dmn_load(&inner, p->text, p->path, &model) != ERR_OK) {
        p->broken = true;
        n->findings = ARENA_ARRAY(p->arena, struct finding, 1);
        found(n, inner.why.line, "decision", inner.why.detail);
        return;
    }
    p->model = model;
    check_tables(n);
}

struct part *part_parse(struct ctx *ctx, struct arena *arena, struct str path, struct str bytes)
{
    struct part *p = ARENA_NEW(arena, struct part);
    p->arena = arena;
    p->path = str_copy(arena, path);
    p->text = str_copy(arena, bytes);
    p->kind = part_kind(path);
    struct noted n = {.ctx = *ctx, .scratch = ctx->arena, .part = p};
    n.ctx.arena = arena;
    n.ctx.why = (struct why){0};
    if (str_ends(path, STR(".dmn"))) {
        parse_model(&n);
    } else if (p->kind >= 0 || p->kind == PART_HEAD) {
        parse_json(&n);
    }
    return p;
}
