/* Procedures: compiled once for the same file and the same files it calls.
 *
 * A call activity names another process, which stands in the packs as procedure/ID.bpmn; so what a
 * procedure is depends on which packs it stands among. Each compiled procedure remembers what it
 * asked for and which file answered. Linking takes one that would be answered alike, else compiles
 * anew; the file it belongs to keeps the list.
 */
#include "law/law_in.h"

#include "bpmn/look.h"

enum { ASKED_MAX = 128, PROCEDURE_ARENA_BYTES = 4 << 20, PROCEDURE_GROWTH = 64 };

/* The file that stands in the packs for a process another calls. */
static struct part *called_part(const struct builder *b, struct str path)
{
    const struct source *f = source_of(b, path);
    return f == NULL ? NULL : f->part;
}

/* What bpmn asks for while a procedure is compiled. */
struct asked {
    const struct builder *b;
    struct part *parts[ASKED_MAX];
    struct str paths[ASKED_MAX];
    size_t count;
};

static enum err read_called(struct ctx *ctx, void *self, struct str id, struct str location,
                            struct str *ret_xml, struct str *ret_file)
{
    struct asked *asked = self;
    *ret_file = str_format(ctx->arena, "procedure/%.*s.bpmn", FMT(id));
    struct part *part = location.n == 0 ? called_part(asked->b, *ret_file) : NULL;
    if (asked->count == ASKED_MAX) {
        return fault(ctx, ERR_TOO_MANY, "a procedure calls more than %d others", ASKED_MAX);
    }
    asked->parts[asked->count] = part;
    asked->paths[asked->count++] = *ret_file;
    if (part == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret_xml = part->text;
    return ERR_OK;
}

static struct procedure *find_compiled(const struct builder *b, const struct part *own)
{
    for (struct procedure *p = own->procedures; p != NULL; p = p->next) {
        bool same = true;
        for (size_t i = 1; i < p->part_count && same; i++) {
            same = called_part(b, p->paths[i]) == p->parts[i];
        }
        if (same) {
            return p;
        }
    }
    return NULL;
}

/* Looking at every way it can take needs much room for a short while. */
static void check_steps(struct builder *b, struct procedure *p)
{
    struct ctx inner = *b->ctx;
    struct arena_mark mark = arena_mark(inner.arena);
    struct bpmn_finding *list = NULL;
    size_t count = 0;
    if (bpmn_check(&inner, p->process, &list, &count) == ERR_OK && count > 0) {
        struct bpmn_finding *kept = ARENA_ARRAY(p->arena, struct bpmn_finding, count);
        for (size_t i = 0; i < count; i++) {
            kept[i] = (struct bpmn_finding){str_copy(p->arena, list[i].element), list[i].line,
                                            str_copy(p->arena, list[i].sentence)};
        }
        p->findings = kept;
        p->finding_count = count;
    }
    arena_reset(inner.arena, mark);
}

/* Everything that is pushed comes before what is counted: a push may unwind. */
static enum err compile(struct builder *b, struct part *own, struct asked *asked, struct ctx *inner,
                        struct procedure **ret)
{
    const struct bpmn_source called = {.self = asked, .read = read_called};
    const struct bpmn_options options = {.scope = &law_scope, .source = &called};
    const struct bpmn_model *model = NULL;
    struct arena *arena = NULL;
    struct ctx *ctx = inner;
    size_t bytes = own->text.n;
    for (size_t i = 0; i < b->file_count; i++) { /* at most, all procedures in one */
        bool bpmn = str_ends(b->files[i].path, STR(".bpmn"));
        bytes += bpmn ? b->files[i].text.n : 0;
    }
    TRY(shelf_arena(ctx, b->shelf, PROCEDURE_ARENA_BYTES + bytes * PROCEDURE_GROWTH, &arena));
    inner->arena = arena;
    TRY(bpmn_load_with(ctx, own->text, own->path, &options, &model));
    struct procedure *p = ARENA_NEW(arena, struct procedure);
    p->arena = arena;
    p->process = bpmn_process_find(model, STR(""));
    check_steps(b, p);
    p->parts = ARENA_ARRAY(arena, struct part *, asked->count + 1);
    p->paths = ARENA_ARRAY(arena, struct str, asked->count + 1);
    p->parts[0] = own;
    for (size_t i = 0; i < asked->count; i++) {
        p->parts[i + 1] = asked->parts[i];
        p->paths[i + 1] = asked->paths[i];
    }
    p->part_count = asked->count + 1;
    *ret = p;
    return ERR_OK;
}

static enum err procedure_of(struct builder *b, struct part *own, struct ctx *inner,
                             struct procedure **ret)
{
    struct ctx *ctx = inner;
    struct asked *asked = ARENA_NEW(b->ctx->arena, struct asked);
    asked->b = b;
    *ret = find_compiled(b, own);
    if (*ret == NULL) {
        struct procedure *p = NULL;
        TRY(compile(b, own, asked, inner, &p));
        must(p != NULL);
        for (size_t i = 0; i < p->part_count; i++) {
            if (p->parts[i] != NULL) {
                p->parts[i]->refs++;
            }
        }
        p->next = own->procedures;
        own->procedures = p;
        shelf_arena_kept(b->shelf);
        *ret = p;
    }
    return ERR_OK;
}

void add_procedure(struct builder *b, const struct source *f)
{
    struct str path = f->path;
    struct str name = str_slice(path, strlen("procedure/"), path.n - strlen(".bpmn"));
    struct procedure *p = NULL;
    struct ctx inner = *b->ctx;
    shelf_hold_room(b->shelf);
    if (procedure_of(b, f->part, &inner, &p) != ERR_OK) {
        const struct source *at =
            str_equal(inner.why.file, path) ? f : source_of(b, inner.why.file);
        problem_line(b, at == NULL ? f : at, inner.why.line, "procedure", "%.*s",
                     FMT(inner.why.detail));
        shelf_arena_drop(b->shelf);
        return;
    }
    must(p != NULL);
    shelf_hold_procedure(b->shelf, p);
    b->procedures[b->procedure_count++] = (struct linked_procedure){p, f};
    if (!index_put(&b->law->index[T_PROCEDURE], name, (void *)(uintptr_t)p->process)) {
        problem(b, f, NULL, "duplicate", "the procedure \"%.*s\" stands twice", FMT(name));
    }
}
