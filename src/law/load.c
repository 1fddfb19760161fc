/* Linking: parsed packs to a snapshot for one day. Names first, then what refers to them, then what
 * must hold over all.
 *
 * Parts (part.c) are shared and stay as they are; what is made here lies on the snapshot's arena
 * and points into them: tables of a size counted beforehand, indices by name, and in each struct
 * the pointers to what it names and the articles it cites as of the day. Whatever only the linking
 * needs (the list of sources, where things were read) lies on the caller's arena.
 */
#include "base/token.h"
#include "law/law_in.h"

const struct feel_scope law_scope = {
    .names =
        (const struct feel_member[LAW_SLOT_COUNT]){
            [LAW_SLOT_ACT] = {STR_INIT("act"), NULL},
            [LAW_SLOT_FIELDS] = {STR_INIT("fields"), NULL},
            [LAW_SLOT_FACTS] = {STR_INIT("facts"), NULL},
            [LAW_SLOT_CASE] = {STR_INIT("case"), NULL},
            [LAW_SLOT_PROPOSAL] = {STR_INIT("proposal"), NULL},
            [LAW_SLOT_REGISTER] = {STR_INIT("register"), NULL},
            [LAW_SLOT_RECORD] = {STR_INIT("record"), NULL},
            [LAW_SLOT_OFFICES] = {STR_INIT("offices"), NULL},
            [LAW_SLOT_CALENDAR] = {STR_INIT("calendar"), NULL}},
    .count = LAW_SLOT_COUNT,
};

enum { ORDERS = 9 };

/* What a path in a pack is: first matching row. */
static const struct {
    const char *start;
    const char *end;
    void (*declare)(struct builder *b, struct source *f);
    void (*read)(struct builder *b, struct source *f);
    int order; /* of the second pass, below ORDERS: what others resolve comes first */
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

int part_kind(struct str path)
{
    for (size_t i = 0; i < LEN(kinds); i++) {
        if (str_starts(path, str_from(kinds[i].start)) && str_ends(path, str_from(kinds[i].end))) {
            return (int)i;
        }
    }
    if (str_equal(path, STR("pack.json"))) {
        return PART_HEAD;
    }
    bool document = str_ends(path, STR(".zh.html")) || str_ends(path, STR(".en.html"));
    bool text =
        str_ends(path, STR(".md")) || str_ends(path, STR(".dmn")) ||
        (str_starts(path, STR("procedure/")) && str_ends(path, STR(".bpmn"))) ||
        (str_starts(path, STR("document/")) && document && path.n > strlen("document/.zh.html"));
    return text ? PART_TEXT : PART_STRANGE;
}

/* "2026.1": a year of four digits and a number that begins with none but 1 to 9. */
static bool is_version(struct str v)
{
    bool good = v.n >= 6 && v.n <= 9 && v.p[4] == '.' && v.p[5] != '0';
    for (size_t i = 0; good && i < v.n; i++) {
        good = i == 4 || (v.p[i] >= '0' && v.p[i] <= '9');
    }
    return good;
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
    if (p->version.n > 0 && !is_version(p->version)) {
        problem(b, f, json_get(o, "version"), "w:version",
                "the version is \"%.*s\": a year and a number count versions, as in 2026.1",
                FMT(p->version));
    }
    p->rank = want_text(b, f, o, "rank");
    p->place = want_text(b, f, o, "place");
    p->title = want_text2(b, f, o, "title");
    p->from = may_day(b, f, o, "from", INT32_MIN);
    p->until = may_day(b, f, o, "until", INT32_MAX);
    if (p->from.n >= p->until.n) {
        problem(b, f, json_get(o, "until"), "until", "the pack ends before it begins");
    }
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

/* What is not JSON. */
static void take_text(struct builder *b, const struct source *f)
{
    struct str p = f->path;
    if (str_starts(p, STR("document/")) && str_ends(p, STR(".html"))) {
        add_document(b, p, f->text);
    } else if (str_starts(p, STR("procedure/")) && str_ends(p, STR(".bpmn"))) {
        add_procedure(b, f);
    } else if (str_ends(p, STR(".dmn")) && f->part->model != NULL) {
        index_put(&b->law->index[T_MODEL], p, (void *)(uintptr_t)f->part->model);
    }
}

/* What a file says by itself was found when it was parsed. */
static void take_source(struct builder *b, const struct source *f)
{
    const struct part *part = f->part;
    for (size_t i = 0; i < part->finding_count; i++) {
        const struct finding *x = &part->findings[i];
        problem_line(b, f, x->line, x->code, "%.*s", FMT(x->sentence));
    }
    if (part->kind == PART_STRANGE) {
        problem(b, f, NULL, "file", "a pack has no place for this file");
    } else if (part->kind == PART_TEXT) {
        take_text(b, f);
    }
}

/* A pack adds files; it never takes the place of one that stands before it. pack.json and the
 * stories of test/ belong to each pack alone. */
static void check_place(struct builder *b, struct source *f)
{
    if (f->part->kind != PART_HEAD && !index_put(&b->paths, f->path, f)) {
        problem(b, f, NULL, "replace",
                "the file stands in a pack before this one, and a pack never replaces a file");
    }
}

/* The files of all packs, before anything is said about one. */
static void gather_sources(struct builder *b, struct parsed_pack *const *packs, size_t count)
{
    struct arena *a = b->ctx->arena;
    size_t files = 0;
    for (size_t i = 0; i < count; i++) {
        files += packs[i]->part_count;
    }
    b->files = ARENA_ARRAY(a, struct source, files + 1);
    b->procedures = ARENA_ARRAY(a, struct linked_procedure, files + 1);
    b->origins = (struct origins){ARENA_ARRAY(a, const struct source *, files + 1),
                                  ARENA_ARRAY(a, const struct source *, files + 1),
                                  ARENA_ARRAY(a, const struct source *, files + 1),
                                  ARENA_ARRAY(a, size_t, files + 1)};
    index_init(a, &b->paths, files + 8);
    for (size_t i = 0; i < count; i++) {
        struct str code = packs[i]->head.code;
        b->law->packs[i].code = code.n > 0 ? code : str_format(b->law->arena, "#%zu", i + 1);
        for (size_t k = 0; k < packs[i]->part_count; k++) {
            struct part *p = packs[i]->parts[k];
            b->files[b->file_count++] = (struct source){.pack = b->law->packs[i].code,
                                                        .path = p->path,
                                                        .text = p->text,
                                                        .root = p->root,
                                                        .pack_index = i,
                                                        .part = p};
        }
    }
}

static void read_sources(struct builder *b, size_t count)
{
    bool *described = ARENA_ARRAY(b->ctx->arena, bool, count + 1);
    for (size_t i = 0; i < b->file_count; i++) {
        check_place(b, &b->files[i]);
        bool head = b->files[i].part->kind == PART_HEAD;
        described[b->files[i].pack_index] = described[b->files[i].pack_index] || head;
    }
    for (size_t i = 0; i < b->file_count; i++) {
        take_source(b, &b->files[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!described[i]) {
            struct source whole = {
                .path = STR("pack.json"), .pack = b->law->packs[i].code, .pack_index = i};
            problem(b, &whole, NULL, "missing", "the pack has no pack.json");
        }
    }
}

/* Stories are read for this once, and kept by nobody. */
static void read_stories(struct builder *b, const struct law_pack_source *packs, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most += packs[i].count;
    }
    b->stories = ARENA_ARRAY(b->ctx->arena, struct source, most + 1);
    for (size_t i = 0; i < count; i++) {
        struct str code = {0};
        for (size_t k = 0; k < packs[i].count; k++) {
            struct json head;
            struct ctx inner = *b->ctx;
            bool is_head = str_equal(packs[i].files[k].path, STR("pack.json"));
            if (is_head && json_parse(&inner, packs[i].files[k].bytes, STR(""), &head) == ERR_OK) {
                code = json_text(&head, "pack");
            }
        }
        for (size_t k = 0; k < packs[i].count; k++) {
            struct source *f = &b->stories[b->story_count];
            struct ctx inner = *b->ctx;
            *f = (struct source){
                .path = packs[i].files[k].path, .text = packs[i].files[k].bytes, .pack = code};
            if (!part_is_story(f->path) || part_kind(f->path) == PART_TEXT) {
                continue;
            }
            if (json_parse(&inner, f->text, f->path, &f->root) != ERR_OK) {
                problem_line(b, f, inner.why.line, "json", "%.*s", FMT(inner.why.detail));
            } else {
                b->story_count++;
            }
        }
    }
}

/* How many files of a kind there are. */
static size_t count_files(const struct builder *b, const char *start, const char *end)
{
    size_t n = 0;
    for (size_t i = 0; i < b->file_count; i++) {
        struct str path = b->files[i].path;
        n += str_starts(path, str_from(start)) && str_ends(path, str_from(end));
    }
    return n;
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

/* Every table is as large as what the files hold. */
static void make_tables(struct builder *b)
{
    struct law *law = b->law;
    struct arena *a = law->arena;
    size_t most[T_COUNT] = {[T_ACT] = count_files(b, "act/", ".json"),
                            [T_ITEM] = count_files(b, "item/", "/item.json"),
                            [T_OFFICE] = count_files(b, "office/", ".json"),
                            [T_FACT] = count_entries(b, "fact/", "facts"),
                            [T_LIMIT] = count_entries(b, "limit/", "limits"),
                            [T_LICENCE] = count_files(b, "licence/", ".json"),
                            [T_PROCEDURE] = count_files(b, "procedure/", ".bpmn"),
                            [T_DOCUMENT] = count_files(b, "document/", ".html"),
                            [T_CODE] = count_files(b, "code/", ".json"),
                            [T_MODEL] = count_files(b, "", ".dmn"),
                            [T_ACCESS] = count_entries(b, "access/", "routes")};
    size_t statutes = count_files(b, "statute/", ".json");
    law->statutes = ARENA_ARRAY(a, struct statute, statutes + 1);
    law->acts = ARENA_ARRAY(a, struct act_kind, most[T_ACT] + 1);
    law->items = ARENA_ARRAY(a, struct item, most[T_ITEM] + 1);
    law->offices = ARENA_ARRAY(a, struct office, most[T_OFFICE] + 1);
    law->facts = ARENA_ARRAY(a, struct fact, most[T_FACT] + 1);
    law->limits = ARENA_ARRAY(a, struct limit, most[T_LIMIT] + 1);
    law->years = ARENA_ARRAY(a, struct calendar_year, count_files(b, "calendar/", ".json") + 1);
    law->card_rules = ARENA_ARRAY(a, struct card_rule, count_files(b, "supervise/", ".json") + 1);
    law->invariants =
        ARENA_ARRAY(a, struct invariant, count_entries(b, "procedure/", "invariants") + 1);
    for (int t = 0; t < T_COUNT; t++) {
        index_init(a, &law->index[t], most[t] + 1);
    }
    index_init(a, &law->item_codes, most[T_ITEM] * 2 + 1);
    index_init(a, &law->limit_cites, most[T_LIMIT] + 1);
    index_init(a, &law->statute_names, statutes + 1);
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

/* Packs first, then what files declare by name, then what refers to names. */
static void read_files(struct builder *b)
{
    for (size_t i = 0; i < b->file_count; i++) {
        if (b->files[i].part->kind == PART_HEAD && !b->files[i].part->broken) {
            read_pack(b, &b->files[i]);
        }
    }
    for (size_t i = 0; i < b->file_count; i++) {
        const struct part *p = b->files[i].part;
        if (p->kind >= 0 && !p->broken && kinds[p->kind].declare != NULL) {
            kinds[p->kind].declare(b, &b->files[i]);
        }
    }
    for (int order = 0; order < ORDERS; order++) {
        for (size_t i = 0; i < b->file_count; i++) {
            const struct part *p = b->files[i].part;
            if (p->kind >= 0 && !p->broken && kinds[p->kind].order == order) {
                kinds[p->kind].read(b, &b->files[i]);
            }
        }
    }
    for (size_t i = 0; i < b->file_count; i++) {
        if (b->files[i].part->kind == PART_HEAD && !b->files[i].part->broken) {
            read_transitions(b, &b->files[i]);
        }
    }
}

/* The first fault, as an error. */
static enum err refuse(struct ctx *ctx, const struct law_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct law_problem *p = &problems->items[i];
        if (!p->warning) {
            return fault_at(ctx, ERR_SYNTAX, p->file, p->line, 0, "%.*s/%.*s:%u: %.*s",
                            FMT(p->pack), FMT(p->file), p->line, FMT(p->sentence));
        }
    }
    return fault(ctx, ERR_TOO_MANY, "the packs have more than %d faults", LIMIT_LAW_PROBLEMS);
}

enum err law_link(struct ctx *ctx, struct law_shelf *s, struct arena *arena,
                  const struct law_plan *plan, struct law **ret, struct law_problems *ret_problems)
{
    *ret_problems = (struct law_problems){0};
    struct parsed_pack *const *packs = plan->packs;
    size_t count = plan->count;
    struct law *law = ARENA_NEW(arena, struct law);
    law->arena = arena;
    law->day = plan->day;
    law->packs = ARENA_ARRAY(arena, struct law_pack, count + 1);
    law->pack_count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(law->packs[i].digest, packs[i]->digest, sizeof(law->packs[i].digest));
    }
    struct builder b = {
        .ctx = ctx, .shelf = s, .law = law, .in_force = plan->in_force, .problems = ret_problems};
    gather_sources(&b, packs, count);
    make_tables(&b);
    read_sources(&b, count);
    read_stories(&b, plan->stories, plan->story_count);
    read_files(&b);
    gather_named(law);
    check_law(&b);
    if (b.failed) {
        return refuse(ctx, ret_problems);
    }
    set_digest(ctx, law->packs, count, law->digest);
    shelf_hand_over(s, law, packs, count);
    *ret = law;
    return ERR_OK;
}

static void free_shelf(void *slot)
{
    struct law_shelf **s = slot;
    law_shelf_free(*s);
}

enum err law_load(struct ctx *ctx, struct arena *arena, const struct law_pack_source *packs,
                  size_t count, struct day day, struct law **ret, struct law_problems *ret_problems)
{
    *ret_problems = (struct law_problems){0};
    /* Known to the arena before there is anything to free. */
    struct law_shelf **slot = ARENA_NEW(arena, struct law_shelf *);
    arena_defer(arena, free_shelf, slot);
    struct parsed_pack **parsed = ARENA_ARRAY(ctx->arena, struct parsed_pack *, count + 1);
    TRY(law_shelf_new(ctx, NULL, slot));
    law_shelf_begin(ctx, *slot);
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[32];
        TRY(law_pack_digest(ctx, &packs[i], digest));
        TRY(law_shelve(ctx, *slot, &packs[i], digest, &parsed[i]));
    }
    struct law_plan plan = {
        .packs = parsed, .count = count, .day = day, .stories = packs, .story_count = count};
    TRY(law_link(ctx, *slot, arena, &plan, ret, ret_problems));
    law_shelf_end(*slot);
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
const uint8_t *law_digest(const struct law *law)
{
    return law->digest;
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
