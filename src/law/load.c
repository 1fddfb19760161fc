/* Packs to a snapshot: names first, then what refers to them, then what must hold over all. */
#include "law/law_in.h"

#include "crypto/crypto.h"

const struct feel_scope law_scope = {
    .names =
        (const struct feel_member[LAW_SLOT_COUNT]){
            [LAW_SLOT_ACT] = {STR_INIT("act"), NULL},
            [LAW_SLOT_FIELDS] = {STR_INIT("fields"), NULL},
            [LAW_SLOT_FACTS] = {STR_INIT("facts"), NULL},
            [LAW_SLOT_CASE] = {STR_INIT("case"), NULL},
            [LAW_SLOT_PROPOSAL] = {STR_INIT("proposal"), NULL}},
    .count = LAW_SLOT_COUNT,
};

/* What a path in a pack is: first matching row. */
static const struct {
    const char *start;
    const char *end;
    void (*declare)(struct builder *b, struct source *f);
    void (*read)(struct builder *b, struct source *f);
    int order; /* of the second pass: what others resolve comes first */
} kinds[] = {
    {"statute/", ".json", NULL, read_statute, 0},
    {"calendar/", ".json", NULL, read_calendar, 1},
    {"code/", ".json", declare_codes, read_codes, 1},
    {"fact/", ".json", declare_facts, read_facts, 2},
    {"limit/", ".json", declare_limits, read_limits, 3},
    {"licence/", ".json", declare_licence, read_licence, 4},
    {"act/", ".json", declare_act, read_act, 4},
    {"item/", "/item.json", declare_item, read_item, 6},
    {"item/", "/need.json", NULL, read_need, 7},
    {"office/", ".json", declare_office, read_office, 8},
    {"procedure/", ".invariant.json", NULL, read_invariants, 8},
    {"access/", ".json", declare_access, read_access, 8},
    {"supervise/", ".json", NULL, read_supervision, 8},
};

static int kind_of(struct str path)
{
    for (size_t i = 0; i < LEN(kinds); i++) {
        if (str_starts(path, str_from(kinds[i].start)) && str_ends(path, str_from(kinds[i].end))) {
            return (int)i;
        }
    }
    return -1;
}

static void read_pack(struct builder *b, struct source *f)
{
    static const char *const names[] = {"pack",     "version",   "from",       "until",
                                        "rank",     "place",     "title",      "base",
                                        "invented", "publisher", "transition", NULL};
    const struct json *o = &f->root;
    only_members(b, f, o, names);
    struct law_pack *p = &b->law->packs[f->pack_index];
    p->code = want_text(b, f, o, "pack");
    p->version = want_text(b, f, o, "version");
    p->rank = want_text(b, f, o, "rank");
    p->place = want_text(b, f, o, "place");
    p->title = want_text2(b, f, o, "title");
    p->from = may_day(b, f, o, "from", INT32_MIN);
    p->invented = may_bool(b, f, o, "invented", false);
    size_t count = 0;
    const struct str *base = texts(b, f, o, "base", &count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < f->pack_index; k++) {
            found = found || str_equal(b->law->packs[k].code, base[i]);
        }
        if (!found) {
            problem(b, f, json_get(o, "base"), "base",
                    "the pack builds on \"%.*s\", which must come before it", FMT(base[i]));
        }
    }
}

/* After everything else: the rules cite articles. */
static void read_transitions(struct builder *b, const struct source *f)
{
    static const char *const names[] = {"items", "cases", "article", NULL};
    const struct json *list = may_list(b, f, &f->root, "transition");
    size_t n = list == NULL ? 0 : list->count;
    struct law *law = b->law;
    law->transitions =
        arena_grow(law->arena, law->transitions, law->transition_count * sizeof(*law->transitions),
                   (law->transition_count + n) * sizeof(*law->transitions));
    for (size_t i = 0; i < n; i++) {
        const struct json *o = &list->items[i];
        struct transition *x = &law->transitions[law->transition_count];
        only_members(b, f, o, names);
        struct str cases = want_text(b, f, o, "cases");
        *x = (struct transition){.pack = f->pack_index, .article = may_cite(b, f, o, "article")};
        x->items = texts(b, f, o, "items", &x->item_count);
        for (size_t k = 0; k < x->item_count; k++) {
            resolve(b, f, o, T_ITEM, x->items[k]);
        }
        bool carries = str_equal(cases, STR("new"));
        if ((!carries && !str_equal(cases, STR("keep"))) ||
            (carries && x->article.statute == NULL)) {
            problem(b, f, o, "transition",
                    "running cases keep the old law, or come under the new by an article");
        }
        law->transition_count += carries;
    }
}

bool law_has_transition(const struct law *law, struct str pack)
{
    for (size_t i = 0; i < law->transition_count; i++) {
        if (str_equal(law->packs[law->transitions[i].pack].code, pack)) {
            return true;
        }
    }
    return false;
}

const struct transition *law_transition(const struct law *law, struct str pack, struct str item)
{
    for (size_t i = 0; i < law->transition_count; i++) {
        const struct transition *x = &law->transitions[i];
        bool over = x->item_count == 0 || str_in(item, x->items, x->item_count);
        if (over && str_equal(law->packs[x->pack].code, pack)) {
            return x;
        }
    }
    return NULL;
}

static void add_document(struct builder *b, struct str path, struct str bytes)
{
    bool en = str_ends(path, STR(".en.html"));
    struct str name = str_slice(path, strlen("document/"), path.n - strlen(".zh.html"));
    struct document *d = index_get(&b->law->index[T_DOCUMENT], name);
    if (d == NULL) {
        d = ARENA_NEW(b->law->arena, struct document);
        index_put(&b->law->index[T_DOCUMENT], name, d);
    }
    *(en ? &d->en : &d->zh) = bytes;
}

/* A process that another calls stands in the packs as a procedure of its name. */
static enum err read_called(struct ctx *ctx, void *self, struct str id, struct str location,
                            struct str *ret_xml, struct str *ret_file)
{
    const struct builder *b = self;
    *ret_file = str_format(ctx->arena, "procedure/%.*s.bpmn", FMT(id));
    for (size_t i = 0; location.n == 0 && i < b->pack_count; i++) {
        for (size_t k = 0; k < b->packs[i].count; k++) {
            if (str_equal(b->packs[i].files[k].path, *ret_file)) {
                *ret_xml = b->packs[i].files[k].bytes;
                return ERR_OK;
            }
        }
    }
    return ERR_NOT_FOUND;
}

static void add_procedure(struct builder *b, const struct source *f, struct str path,
                          struct str bytes)
{
    const struct bpmn_source called = {.self = b, .read = read_called};
    const struct bpmn_options options = {.scope = &law_scope, .source = &called};
    struct str name = str_slice(path, strlen("procedure/"), path.n - strlen(".bpmn"));
    const struct bpmn_model *model = NULL;
    struct ctx inner = *b->ctx;
    inner.arena = b->law->arena;
    if (bpmn_load_with(&inner, bytes, path, &options, &model) != ERR_OK) {
        const struct source *at =
            str_equal(inner.why.file, path) ? f : source_of(b, inner.why.file);
        problem_line(b, at == NULL ? f : at, inner.why.line, "procedure", "%.*s",
                     FMT(inner.why.detail));
        return;
    }
    const struct bpmn_process *p = bpmn_process_find(model, STR(""));
    if (!index_put(&b->law->index[T_PROCEDURE], name, (void *)(uintptr_t)p)) {
        problem(b, f, NULL, "duplicate", "the procedure \"%.*s\" stands twice", FMT(name));
    }
}

static void add_model(struct builder *b, const struct source *f, struct str path, struct str bytes)
{
    struct dmn_model *model = NULL;
    struct ctx inner = *b->ctx;
    inner.arena = b->law->arena;
    if (dmn_load(&inner, bytes, path, &model) != ERR_OK) {
        problem_line(b, f, inner.why.line, "decision", "%.*s", FMT(inner.why.detail));
        return;
    }
    index_put(&b->law->index[T_MODEL], path, model);
}

/* What is not JSON; true when the path is such a file. */
static bool take_text_file(struct builder *b, const struct source *f, struct str bytes)
{
    struct str p = f->path;
    bool document = str_ends(p, STR(".zh.html")) || str_ends(p, STR(".en.html"));
    if (str_starts(p, STR("document/")) && document && p.n > strlen("document/.zh.html")) {
        add_document(b, p, bytes);
    } else if (str_starts(p, STR("procedure/")) && str_ends(p, STR(".bpmn"))) {
        add_procedure(b, f, p, bytes);
    } else if (str_ends(p, STR(".dmn"))) {
        add_model(b, f, p, bytes);
    } else {
        return str_ends(p, STR(".md"));
    }
    return true;
}

/* A pack adds files; it never takes the place of one that stands before it. pack.json and the
 * stories of test/ belong to each pack alone. */
static void check_place(struct builder *b, const struct source *f)
{
    struct source *kept = ARENA_NEW(b->ctx->arena, struct source);
    *kept = *f;
    if (str_starts(f->path, STR("test/")) || str_equal(f->path, STR("pack.json"))) {
        return;
    }
    if (!index_put(&b->paths, f->path, kept)) {
        problem(b, f, NULL, "replace",
                "the file stands in a pack before this one, and a pack never replaces a file");
    }
}

/* What the packs call themselves, known before anything is said about their files. */
static void read_names(struct builder *b, const struct law_pack_source *packs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        b->law->packs[i].code = str_format(b->ctx->arena, "#%zu", i + 1);
        for (size_t k = 0; k < packs[i].count; k++) {
            struct ctx inner = *b->ctx;
            struct json head;
            inner.arena = b->law->arena;
            bool is_head = str_equal(packs[i].files[k].path, STR("pack.json"));
            if (is_head &&
                json_parse(&inner, packs[i].files[k].bytes, STR("pack.json"), &head) == ERR_OK &&
                json_text(&head, "pack").n > 0) {
                b->law->packs[i].code = json_text(&head, "pack");
            }
        }
    }
}

static void read_sources(struct builder *b, const struct law_pack_source *packs, size_t count)
{
    size_t files = 0;
    for (size_t i = 0; i < count; i++) {
        files += packs[i].count;
    }
    index_init(b->ctx->arena, &b->paths, files + 8);
    read_names(b, packs, count);
    for (size_t i = 0; i < count; i++) {
        bool described = false;
        for (size_t k = 0; k < packs[i].count; k++) {
            struct source *f = &b->files[b->file_count];
            *f = (struct source){.path = packs[i].files[k].path,
                                 .text = packs[i].files[k].bytes,
                                 .pack = b->law->packs[i].code,
                                 .pack_index = i};
            described = described || str_equal(f->path, STR("pack.json"));
            check_place(b, f);
            struct ctx inner = *b->ctx;
            inner.arena = b->law->arena;
            if (take_text_file(b, f, f->text)) {
                continue;
            }
            if (kind_of(f->path) < 0 && !str_equal(f->path, STR("pack.json")) &&
                !str_starts(f->path, STR("test/"))) {
                problem(b, f, NULL, "file", "a pack has no place for this file");
            } else if (json_parse(&inner, f->text, f->path, &f->root) != ERR_OK) {
                problem_line(b, f, inner.why.line, "json", "%.*s", FMT(inner.why.detail));
            } else {
                b->file_count++;
            }
        }
        if (!described) {
            struct source whole = {
                .path = STR("pack.json"), .pack = b->law->packs[i].code, .pack_index = i};
            problem(b, &whole, NULL, "missing", "the pack has no pack.json");
        }
    }
}

/* Packs' files live as long as the snapshot: copied, for the caller's may go. */
static struct law_pack_source *keep_packs(struct arena *a, const struct law_pack_source *packs,
                                          size_t count)
{
    struct law_pack_source *out = ARENA_ARRAY(a, struct law_pack_source, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct law_file *files = ARENA_ARRAY(a, struct law_file, packs[i].count + 1);
        for (size_t k = 0; k < packs[i].count; k++) {
            files[k] = (struct law_file){str_copy(a, packs[i].files[k].path),
                                         str_copy(a, packs[i].files[k].bytes)};
        }
        out[i] = (struct law_pack_source){files, packs[i].count};
    }
    return out;
}

/* What stands one in a file: the files are the upper bound. */
static void make_tables(struct law *law, const struct law_pack_source *packs, size_t count)
{
    struct arena *a = law->arena;
    size_t files = 0;
    for (size_t i = 0; i < count; i++) {
        files += packs[i].count;
    }
    law->packs = ARENA_ARRAY(a, struct law_pack, count + 1);
    law->pack_count = count;
    law->statutes = ARENA_ARRAY(a, struct statute, files + 1);
    law->acts = ARENA_ARRAY(a, struct act_kind, files + 1);
    law->items = ARENA_ARRAY(a, struct item, files + 1);
    law->offices = ARENA_ARRAY(a, struct office, files + 1);
    law->years = ARENA_ARRAY(a, struct calendar_year, files + 1);
    law->card_rules = ARENA_ARRAY(a, struct card_rule, files + 1);
    for (int t = 0; t < T_COUNT; t++) {
        index_init(a, &law->index[t], files + 8);
    }
    index_init(a, &law->item_codes, files * 2 + 8);
}

/* How many entries the lists named `list` of all files below `folder` hold. */
static size_t count_entries(const struct builder *b, const char *folder, const char *list)
{
    size_t n = 0;
    for (size_t i = 0; i < b->file_count; i++) {
        const struct json *entries = json_get(&b->files[i].root, list);
        n += str_starts(b->files[i].path, str_from(folder)) && json_is(entries, JSON_ARRAY)
                 ? entries->count
                 : 0;
    }
    return n;
}

/* Facts and limits stand many in a file: their tables are made when the files have been parsed. */
static void make_lists(struct builder *b)
{
    struct law *law = b->law;
    size_t facts = count_entries(b, "fact/", "facts");
    size_t limits = count_entries(b, "limit/", "limits");
    law->facts = ARENA_ARRAY(law->arena, struct fact, facts + 1);
    law->limits = ARENA_ARRAY(law->arena, struct limit, limits + 1);
    law->invariants =
        ARENA_ARRAY(law->arena, struct invariant, count_entries(b, "procedure/", "invariants") + 1);
    index_init(law->arena, &law->index[T_FACT], facts + 8);
    index_init(law->arena, &law->index[T_LIMIT], limits + 8);
    index_init(law->arena, &law->limit_cites, limits + 8);
}

/* The facts by which cases name who else acts in them, each once. */
static void gather_named(struct law *law)
{
    law->named = ARENA_ARRAY(law->arena, struct named, law->act_count * 3 + 1);
    for (size_t i = 0; i < law->act_count; i++) {
        const struct fact *names[] = {law->acts[i].party, law->acts[i].office,
                                      law->acts[i].interested};
        for (size_t k = 0; k < LEN(names); k++) {
            bool known = names[k] == NULL;
            for (size_t n = 0; n < law->named_count && !known; n++) {
                known = law->named[n].fact == names[k] && law->named[n].office == (k == 1);
            }
            if (!known) {
                law->named[law->named_count++] = (struct named){names[k], k == 1};
            }
        }
    }
}

enum err law_load(struct ctx *ctx, struct arena *arena, const struct law_pack_source *packs,
                  size_t count, struct day day, struct law **ret, struct law_problems *ret_problems)
{
    *ret_problems = (struct law_problems){0};
    packs = keep_packs(arena, packs, count);
    struct law *law = ARENA_NEW(arena, struct law);
    law->arena = arena;
    law->day = day;
    make_tables(law, packs, count);
    size_t files = 0;
    for (size_t i = 0; i < count; i++) {
        files += packs[i].count;
        TRY(law_pack_digest(ctx, &packs[i], law->packs[i].digest));
    }
    struct builder b = {.ctx = ctx,
                        .law = law,
                        .packs = packs,
                        .pack_count = count,
                        .files = ARENA_ARRAY(arena, struct source, files + 1),
                        .problems = ret_problems};
    b.origins = (struct origins){ARENA_ARRAY(arena, const struct source *, files + 1),
                                 ARENA_ARRAY(arena, const struct source *, files + 1),
                                 ARENA_ARRAY(arena, const struct source *, files + 1),
                                 ARENA_ARRAY(arena, size_t, files + 1)};
    read_sources(&b, packs, count);
    make_lists(&b);
    for (size_t i = 0; i < b.file_count; i++) {
        if (str_equal(b.files[i].path, STR("pack.json"))) {
            read_pack(&b, &b.files[i]);
        }
    }
    for (size_t i = 0; i < b.file_count; i++) {
        int kind = kind_of(b.files[i].path);
        if (kind >= 0 && kinds[kind].declare != NULL) {
            kinds[kind].declare(&b, &b.files[i]);
        }
    }
    for (int order = 0; order < 9; order++) {
        for (size_t i = 0; i < b.file_count; i++) {
            int kind = kind_of(b.files[i].path);
            if (kind >= 0 && kinds[kind].order == order) {
                kinds[kind].read(&b, &b.files[i]);
            }
        }
    }
    for (size_t i = 0; i < b.file_count; i++) {
        if (str_equal(b.files[i].path, STR("pack.json"))) {
            read_transitions(&b, &b.files[i]);
        }
    }
    gather_named(law);
    check_law(&b);
    if (b.failed) {
        const struct law_problem *p = NULL;
        for (size_t i = 0; i < ret_problems->count && p == NULL; i++) {
            p = ret_problems->items[i].warning ? NULL : &ret_problems->items[i];
        }
        return p == NULL ? fault(ctx, ERR_TOO_MANY, "the packs have more than %d faults",
                                 LIMIT_LAW_PROBLEMS)
                         : fault_at(ctx, ERR_SYNTAX, p->file, p->line, 0, "%.*s/%.*s:%u: %.*s",
                                    FMT(p->pack), FMT(p->file), p->line, FMT(p->sentence));
    }
    *ret = law;
    return ERR_OK;
}

/* ---- look-ups ---- */

const struct act_kind *law_act(const struct law *law, struct str kind)
{
    return index_get(&law->index[T_ACT], kind);
}
const struct item *law_item(const struct law *law, struct str id_or_code)
{
    const struct item *x = index_get(&law->index[T_ITEM], id_or_code);
    return x != NULL ? x : index_get(&law->item_codes, id_or_code);
}
const struct office *law_office(const struct law *law, struct str id)
{
    return index_get(&law->index[T_OFFICE], id);
}
const struct fact *law_fact(const struct law *law, struct str id)
{
    return index_get(&law->index[T_FACT], id);
}
const struct licence_type *law_licence_type(const struct law *law, struct str id)
{
    return index_get(&law->index[T_LICENCE], id);
}
const struct bpmn_process *law_procedure(const struct law *law, struct str name)
{
    return index_get(&law->index[T_PROCEDURE], name);
}
const struct dmn_model *law_model(const struct law *law, struct str path)
{
    return index_get(&law->index[T_MODEL], path);
}
const struct law_pack *law_packs(const struct law *law, size_t *ret_count)
{
    *ret_count = law->pack_count;
    return law->packs;
}
const struct act_kind *law_acts(const struct law *law, size_t *ret_count)
{
    *ret_count = law->act_count;
    return law->acts;
}
const struct item *law_items(const struct law *law, size_t *ret_count)
{
    *ret_count = law->item_count;
    return law->items;
}
const struct office *law_offices(const struct law *law, size_t *ret_count)
{
    *ret_count = law->office_count;
    return law->offices;
}
const struct named *law_named(const struct law *law, size_t *ret_count)
{
    *ret_count = law->named_count;
    return law->named;
}
const struct fact *law_facts(const struct law *law, size_t *ret_count)
{
    *ret_count = law->fact_count;
    return law->facts;
}
const struct limit *law_limits(const struct law *law, size_t *ret_count)
{
    *ret_count = law->limit_count;
    return law->limits;
}
const struct statute *law_statutes(const struct law *law, size_t *ret_count)
{
    *ret_count = law->statute_count;
    return law->statutes;
}
