/* law check and law due: what is wrong with packs, by file and line; when a limit ends, and why. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/cmd_law.h"
#include "law/ahead.h"
#include "law/law.h"
#include "limit_gen.h"

static const char usage[] =
    "usage: tongban law check PACK… [--on DAY]   packs, each after those it builds on, on a day "
    "and "
    "every day ahead on which they change; every fault with file and line\n"
    "       tongban law due LIMIT DAY [--on DAY] [--extended] [--pack P]…   when a limit begun "
    "that "
    "day ends, and why\n"
    "       tongban law who ITEM|ACT [--on DAY] [--pack P]…   which office may, by what article, "
    "from when\n"
    "       tongban law can OFFICE [--on DAY] [--pack P]…     what an office may, by what "
    "article, from when\n"
    "       tongban law diff OLD NEW [--cases DIR] [--pack P]…  what a new version changes; which "
    "running cases of a node it touches\n"
    "       tongban law play PACK… --story FILE… [--people FILE]   play stories and print each "
    "answer; 1 when one is not as expected\n"
    "       tongban law import-statute FILE --pack P   official text (Markdown) into articles\n"
    "LIMIT is a limit's id or an article (行政许可法#32.4). DAY is 2026-02-12. --on: by the law of "
    "that day; else due goes by the day it asks about, the others by today. --day is the same as "
    "--on. --pack defaults to law/cn. --json for machines.\n";

int law_print_problems(struct cmd *c, const struct law_problems *list)
{
    int faults = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct law_problem *p = &list->items[i];
        faults += !p->warning;
        if (c->json) {
            struct json o = json_object();
            struct buf b = buf_new(c->ctx.arena, 0);
            json_set(c->ctx.arena, &o, STR("pack"), json_of_str(p->pack));
            json_set(c->ctx.arena, &o, STR("file"), json_of_str(p->file));
            json_set(c->ctx.arena, &o, STR("line"), json_of_int(p->line));
            json_set(c->ctx.arena, &o, STR("warning"), json_of_bool(p->warning));
            json_set(c->ctx.arena, &o, STR("code"), json_of_str(p->code));
            json_set(c->ctx.arena, &o, STR("sentence"), json_of_str(p->sentence));
            json_write(&b, &o);
            printf("%.*s\n", FMT(buf_str(&b)));
        } else {
            printf("%.*s/%.*s:%u: %s%.*s\n", FMT(p->pack), FMT(p->file), p->line,
                   p->warning ? "warning: " : "", FMT(p->sentence));
        }
    }
    return faults;
}

/* Packs read from folders, each parsed once, with the days it is in force. */
struct shelved {
    struct law_shelf *shelf;
    struct law_pack_source *sources;
    struct pack_term *terms;
    size_t count;
};

static void free_shelf(void *slot)
{
    law_shelf_free(*(struct law_shelf **)slot);
}

static enum err shelve(struct cmd *c, const char *const *paths, size_t count, struct shelved *ret)
{
    struct ctx *ctx = &c->ctx;
    struct law_shelf **slot = ARENA_NEW(ctx->arena, struct law_shelf *);
    arena_defer(ctx->arena, free_shelf, slot);
    TRY(law_shelf_new(ctx, NULL, slot));
    *ret = (struct shelved){.shelf = *slot,
                            .sources = ARENA_ARRAY(ctx->arena, struct law_pack_source, count + 1),
                            .terms = ARENA_ARRAY(ctx->arena, struct pack_term, count + 1),
                            .count = count};
    law_shelf_begin(ctx, *slot);
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[32];
        struct pack_term *t = &ret->terms[i];
        TRY(law_read_folder(ctx, paths[i], &ret->sources[i]));
        TRY(law_pack_digest(ctx, &ret->sources[i], digest));
        TRY(law_shelve(ctx, *slot, &ret->sources[i], digest, &t->pack));
        struct pack_head head = law_pack_head(t->pack);
        t->code = head.code.n > 0 ? head.code : str_format(ctx->arena, "#%zu", i + 1);
        t->from = head.from;
        t->until = head.until;
    }
    return ERR_OK;
}

/* Those of the packs that are in force on the day, by the law of that day. */
static enum err link_day(struct ctx *ctx, const struct shelved *s, struct day day, struct law **ret,
                         struct law_problems *problems)
{
    size_t *index = ARENA_ARRAY(ctx->arena, size_t, s->count + 1);
    struct parsed_pack **packs = ARENA_ARRAY(ctx->arena, struct parsed_pack *, s->count + 1);
    size_t count = law_in_force(s->terms, s->count, day, index);
    *problems = (struct law_problems){0};
    for (size_t i = 0; i < count; i++) {
        packs[i] = s->terms[index[i]].pack;
    }
    if (count == 0) {
        return fault(ctx, ERR_NOT_FOUND, "none of the packs is in force on %.*s",
                     FMT(day_text(ctx->arena, day)));
    }
    struct law_plan plan = {.packs = packs, .count = count, .day = day, .in_force = true};
    return law_link(ctx, s->shelf, ctx->arena, &plan, ret, problems);
}

static struct day today_of(const struct cmd *c)
{
    return instant_day(c->ctx.world->now(c->ctx.world));
}

static int check(struct cmd *c)
{
    struct law *law = NULL;
    struct shelved s;
    struct law_problems problems = {0};
    struct law_problems again = {0};
    bool other_day = false;
    if (!cmd_on_day(c, &other_day) || c->argc < 3) {
        return 2;
    }
    struct day day = today_of(c);
    if (shelve(c, (const char *const *)(void *)(c->argv + 2), (size_t)c->argc - 2, &s) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = law_check_ahead(&c->ctx, s.shelf, s.terms, s.count, SIZE_MAX, s.sources, s.count,
                                 day, &problems);
    int faults = law_print_problems(c, &problems);
    if (e != ERR_OK) {
        return problems.count > 0 ? (fprintf(stderr, "%d faults\n", faults), 1) : cmd_fail(c);
    }
    size_t acts = 0;
    size_t items = 0;
    if (link_day(&c->ctx, &s, day, &law, &again) == ERR_OK) {
        law_acts(law, &acts);
        law_items(law, &items);
    }
    fprintf(stderr, "in order: %zu kinds of act, %zu items\n", acts, items);
    return 0;
}

static struct json kinds_json(struct arena *a, const struct act_kind *const *list, size_t count)
{
    struct json out = json_array();
    for (size_t i = 0; i < count; i++) {
        json_push(a, &out, json_of_str(list[i]->kind));
    }
    return out;
}

/* What stops the clock, what lets it run again, by which article. */
static struct json stops_json(struct arena *a, const struct limit *l)
{
    struct json o = json_object();
    if (l->stop_count == 0) {
        return (struct json){.kind = JSON_NULL};
    }
    json_set(a, &o, STR("by"), kinds_json(a, l->stop_by, l->stop_count));
    json_set(a, &o, STR("resumed_by"), kinds_json(a, l->resume_by, l->resume_count));
    json_set(a, &o, STR("article"), json_of_str(l->article_stop.text));
    return o;
}

/* By how much it may be extended, by which act, and who may do that. */
static struct json extension_json(struct arena *a, const struct limit *l)
{
    struct json o = json_object();
    struct json who = json_array();
    if (l->extend_n == 0) {
        return (struct json){.kind = JSON_NULL};
    }
    json_set(a, &o, STR("n"), json_of_int(l->extend_n));
    json_set(a, &o, STR("once"), json_of_bool(l->extend_once));
    json_set(a, &o, STR("article"), json_of_str(l->article_extend.text));
    for (size_t i = 0; l->extend_by != NULL && i < l->extend_by->role_count; i++) {
        json_push(a, &who, json_of_str(l->extend_by->roles[i]));
    }
    if (l->extend_by != NULL) {
        json_set(a, &o, STR("by"), json_of_str(l->extend_by->kind));
        json_set(a, &o, STR("who"), who);
    }
    return o;
}

static int print_due(struct cmd *c, const struct limit *l, struct day start, const struct due *due)
{
    static const char *const lates[] = {
        [LATE_REFUSE] = "refuse", [LATE_ALLOW] = "allow", [LATE_DEEM] = "deem"};
    static const char *const units[] = {"workday", "day", "month", "year", "hour"};
    struct arena *a = c->ctx.arena;
    if (!c->json) {
        printf("%.*s  (%.*s, %d %s%s)\n", FMT(day_text(a, due->day)), FMT(l->article.text), l->n,
               units[l->unit],
               due->provisional ? ", provisional: the calendar of that year is not published" : "");
        for (size_t i = 0; i < due->skipped_count; i++) {
            printf("  not counted: %.*s %.*s\n", FMT(day_text(a, due->skipped[i])),
                   FMT(due->skipped_why[i]));
        }
        return 0;
    }
    struct json o = json_object();
    struct json skipped = json_array();
    for (size_t i = 0; i < due->skipped_count; i++) {
        struct json s = json_object();
        json_set(a, &s, STR("day"), json_of_str(day_text(a, due->skipped[i])));
        json_set(a, &s, STR("why"), json_of_str(due->skipped_why[i]));
        json_push(a, &skipped, s);
    }
    json_set(a, &o, STR("due"), json_of_str(day_text(a, due->day)));
    json_set(a, &o, STR("limit"), json_of_str(l->id));
    json_set(a, &o, STR("article"), json_of_str(l->article.text));
    json_set(a, &o, STR("n"), json_of_int(l->n));
    json_set(a, &o, STR("unit"), json_of_str(str_from(units[l->unit])));
    json_set(a, &o, STR("title"), json_of_str(l->title.zh));
    json_set(a, &o, STR("per"), json_of_str(l->per_party ? STR("party") : STR("office")));
    json_set(a, &o, STR("start"), json_of_str(day_text(a, start)));
    json_set(a, &o, STR("counts"),
             json_of_str(l->before ? STR("back from the day of the event, which does not count")
                                   : STR("from the day after the start, which does not count")));
    json_set(a, &o, STR("roll"), json_of_bool(l->roll && !l->before));
    json_set(a, &o, STR("provisional"), json_of_bool(due->provisional));
    json_set(a, &o, STR("skipped"), skipped);
    json_set(a, &o, STR("stops"), stops_json(a, l));
    json_set(a, &o, STR("extension"), extension_json(a, l));
    json_set(a, &o, STR("late"), json_of_str(str_from(lates[l->late])));
    if (l->deem != NULL) {
        json_set(a, &o, STR("deemed"), json_of_str(l->deem->kind));
    }
    struct buf b = buf_new(a, 0);
    json_write(&b, &o);
    printf("%.*s\n", FMT(buf_str(&b)));
    return 0;
}

/* The folders that --pack names, or `otherwise`, NULL-ended. */
struct named_packs {
    const char *paths[16];
    size_t count;
};

static struct named_packs packs_named(struct cmd *c, const char *const *otherwise)
{
    struct named_packs n = {.count = 0};
    for (const char *p = cmd_option(c, "--pack"); p != NULL && n.count < LEN(n.paths);
         p = cmd_option(c, "--pack")) {
        n.paths[n.count++] = p;
    }
    for (size_t i = 0; n.count == i && otherwise[i] != NULL; i++) {
        n.paths[n.count++] = otherwise[i];
    }
    return n;
}

/* The law of a day. strict: of no other; else, where the packs do not reach back so far, that of
 * today, saying so. */
static bool load_named(struct cmd *c, const struct named_packs *packs, struct day day, bool strict,
                       struct law **ret)
{
    struct law_problems problems = {0};
    struct shelved s;
    struct day today = today_of(c);
    if (shelve(c, packs->paths, packs->count, &s) != ERR_OK) {
        return false;
    }
    enum err e = link_day(&c->ctx, &s, day, ret, &problems);
    if (e != ERR_OK && !strict && day.n < today.n) {
        fprintf(stderr, "tongban: the packs do not hold for %.*s; answered by the law of %.*s\n",
                FMT(day_text(c->ctx.arena, day)), FMT(day_text(c->ctx.arena, today)));
        e = link_day(&c->ctx, &s, today, ret, &problems);
    }
    if (e != ERR_OK) {
        law_print_problems(c, &problems);
    }
    return e == ERR_OK;
}

/* who and can: one name, and perhaps a day. */
static int ask_powers(struct cmd *c, int (*ask)(struct cmd *c, const struct law *law,
                                                struct str name, struct day day))
{
    static const char *const samples[] = {"law/cn", "law/cn-990101", NULL};
    bool other_day = false;
    if (!cmd_on_day(c, &other_day)) {
        return 2;
    }
    const char *text = cmd_option(c, "--day");
    struct day day = today_of(c);
    struct law *law = NULL;
    if (text != NULL && !day_parse(str_from(text), &day)) {
        return 2;
    }
    struct named_packs packs = packs_named(c, samples);
    if (c->argc != 3) {
        return 2;
    }
    return load_named(c, &packs, day, other_day, &law) ? ask(c, law, str_from(c->argv[2]), day)
                                                       : cmd_fail(c);
}

static int who(struct cmd *c)
{
    return ask_powers(c, law_who);
}

static int can(struct cmd *c)
{
    return ask_powers(c, law_can);
}

/* The older version is only read, not loaded: against a folder of other things all would be new. */
static enum err is_pack(struct cmd *c, int arg, const struct law_pack_source *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (str_equal(p->files[i].path, STR("pack.json"))) {
            return ERR_OK;
        }
    }
    return fault(&c->ctx, ERR_NOT_FOUND, "%s is no pack of law: it has no pack.json", c->argv[arg]);
}

/* diff: both packs are read; the new one must load, on the packs it builds on. */
static int diff(struct cmd *c)
{
    const char *paths[17];
    struct law_problems problems = {0};
    struct law_pack_source old;
    struct law_pack_source new;
    struct law *law = NULL;
    struct shelved s;
    size_t count = 0;
    const char *folder = cmd_option(c, "--cases");
    for (const char *p = cmd_option(c, "--pack"); p != NULL && count + 1 < LEN(paths);
         p = cmd_option(c, "--pack")) {
        paths[count++] = p;
    }
    if (c->argc != 4) {
        return 2;
    }
    paths[count++] = c->argv[3];
    if (law_read_folder(&c->ctx, c->argv[2], &old) != ERR_OK || is_pack(c, 2, &old) != ERR_OK ||
        law_read_folder(&c->ctx, c->argv[3], &new) != ERR_OK) {
        return cmd_fail(c);
    }
    if (shelve(c, paths, count, &s) != ERR_OK) {
        return cmd_fail(c);
    }
    /* A version that is not in force yet is compared as of its first day. */
    struct day day = today_of(c);
    struct day from = law_pack_head(s.terms[count - 1].pack).from;
    if (link_day(&c->ctx, &s, from.n > day.n ? from : day, &law, &problems) != ERR_OK) {
        law_print_problems(c, &problems);
        return cmd_fail(c);
    }
    size_t packs = 0;
    const struct law_pack *list = law_packs(law, &packs);
    return law_diff(c, &old, &new, law, list[packs - 1].code, folder);
}

static int due(struct cmd *c)
{
    static const char *const national[] = {"law/cn", NULL};
    struct day start;
    struct law *law = NULL;
    bool extended = cmd_flag(c, "--extended");
    bool other_day = false;
    if (!cmd_on_day(c, &other_day)) {
        return 2;
    }
    struct named_packs packs = packs_named(c, national);
    if (c->argc != 4 || !day_parse(str_from(c->argv[3]), &start)) {
        return 2;
    }
    if (!load_named(c, &packs, other_day ? today_of(c) : start, other_day, &law)) {
        return cmd_fail(c);
    }
    const struct limit *l = law_limit(law, str_from(c->argv[2]));
    struct due answer;
    if (l == NULL) {
        fprintf(stderr, "tongban: the packs have no limit \"%s\"\n", c->argv[2]);
        return 1;
    }
    return law_due(&c->ctx, law, l, start, extended ? l->extend_n : 0, true, &answer) == ERR_OK
               ? print_due(c, l, start, &answer)
               : cmd_fail(c);
}

static int import(struct cmd *c)
{
    const char *pack = cmd_option(c, "--pack");
    struct str text = {0};
    struct str json = {0};
    struct str name = {0};
    if (pack == NULL || c->argc != 3) {
        return 2;
    }
    if (file_read(&c->ctx, c->argv[2], LIMIT_PACK_FILE_BYTES, &text) != ERR_OK ||
        law_import_statute(&c->ctx, str_from(c->argv[2]), text, &name, &json) != ERR_OK) {
        return cmd_fail(c);
    }
    const char *path = str_format(c->ctx.arena, "%s/statute/%.*s", pack, FMT(name)).p;
    if (file_write(&c->ctx, path, json, 0644) != ERR_OK) {
        return cmd_fail(c);
    }
    printf("%s\n", path);
    return 0;
}

static int body(struct cmd *c)
{
    static const struct {
        const char *name;
        int (*run)(struct cmd *c);
    } verbs[] = {{"check", check},  {"due", due},   {"who", who},
                 {"can", can},      {"diff", diff}, {"import-statute", import},
                 {"play", law_play}};
    for (size_t i = 0; c->argc > 1 && i < LEN(verbs); i++) {
        if (strcmp(c->argv[1], verbs[i].name) == 0) {
            return verbs[i].run(c);
        }
    }
    return 2;
}

int cmd_law(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
