/* dmn tck: the compatibility kit of DMN, every case of every test file below a folder. */
#include "cli/cmd_tck.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "dmn/dmn.h"
#include "dmn/xml.h"
#include "feel/value.h"

enum { FILES_MAX = 4096, FOLDER_DEPTH = 12, FILE_BYTES = 16 << 20, FILE_ARENA = 512 << 20 };

struct names {
    struct arena *arena;
    struct str folder;
    struct str *p;
    size_t n;
    struct str *folders;
    size_t folder_count;
    const char *end; /* of the files wanted */
};

/* ---- finding files ---- */

static void each_name(void *arg, const char *name, bool is_dir)
{
    struct names *l = arg;
    struct str path = str_format(l->arena, "%.*s/%s", FMT(l->folder), name);
    if (is_dir && l->folder_count < FILES_MAX) {
        l->folders[l->folder_count++] = path;
    } else if (!is_dir && str_ends(path, str_from(l->end)) && l->n < FILES_MAX) {
        l->p[l->n++] = path;
    }
}

/* All files with that ending in and below a folder, breadth first; those in the folder itself come
 * first. */
static enum err find(struct ctx *ctx, struct str folder, const char *end, bool below,
                     struct names *l)
{
    *l = (struct names){.arena = ctx->arena, .end = end};
    l->p = ARENA_ARRAY(ctx->arena, struct str, FILES_MAX);
    l->folders = ARENA_ARRAY(ctx->arena, struct str, FILES_MAX);
    l->folders[l->folder_count++] = folder;
    for (size_t i = 0; i < l->folder_count && (i == 0 || below); i++) {
        l->folder = l->folders[i];
        if (ctx->world->list(ctx->world, str_z(ctx->arena, l->folder), each_name, l) < 0) {
            return fault(ctx, ERR_NOT_FOUND, "the folder %.*s cannot be read", FMT(l->folder));
        }
    }
    return ERR_OK;
}

static struct str last_part(struct str path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/') {
        at--;
    }
    return str_slice(path, at, path.n);
}

static struct str folder_of(struct str path)
{
    size_t n = last_part(path).n;
    return str_slice(path, 0, path.n > n ? path.n - n - 1 : 0);
}

/* ---- values as the test files write them ---- */

static bool is_nil(const struct xml *x)
{
    struct str nil = doc_attr_ns(x, STR("http://www.w3.org/2001/XMLSchema-instance"), STR("nil"));
    return str_equal(nil, STR("true")) || str_equal(nil, STR("1"));
}

/* The FEEL of a simple value, by its xsi:type. */
static struct str feel_of(struct arena *a, const struct xml *x)
{
    static const struct {
        const char *type;
        const char *function;
    } functions[] = {{"date", "date"},
                     {"time", "time"},
                     {"dateTime", "date and time"},
                     {"duration", "duration"},
                     {"dayTimeDuration", "duration"},
                     {"yearMonthDuration", "duration"}};
    struct str type = doc_attr_ns(x, STR("http://www.w3.org/2001/XMLSchema-instance"), STR("type"));
    struct str local = {0};
    str_cut(type, ':', &local);
    local = local.n == 0 ? type : local;
    struct str text = str_trim(x->text);
    for (size_t i = 0; i < LEN(functions); i++) {
        if (str_equal(local, str_from(functions[i].type))) {
            return str_format(a, "%s(\"%.*s\")", functions[i].function, FMT(text));
        }
    }
    bool number = str_equal(local, STR("decimal")) || str_equal(local, STR("double")) ||
                  str_equal(local, STR("float")) || str_equal(local, STR("integer")) ||
                  str_equal(local, STR("int")) || str_equal(local, STR("long"));
    return number || str_equal(local, STR("boolean")) ? text : (struct str){0};
}

static enum err read_simple(struct ctx *ctx, const struct xml *x, struct feel_value *ret)
{
    static const struct feel_scope scope = {.zones = &feel_zones_of_world};
    const struct feel_program *program = NULL;
    struct feel_env env = {.zones = &feel_zones_of_world};
    struct str text = feel_of(ctx->arena, x);
    if (is_nil(x)) {
        *ret = feel_null();
        return ERR_OK;
    }
    if (text.p == NULL) {
        *ret = feel_string(x->text);
        return ERR_OK;
    }
    TRY(feel_compile(ctx, &scope, (struct feel_source){.text = text}, &program));
    return feel_eval(ctx, program, &env, ret);
}

/* A value, a list of items, or components; none of them is null. */
static enum err read_value(struct ctx *ctx, const struct xml *x, int depth, struct feel_value *ret)
{
    const struct xml *value = doc_child(x, "value");
    const struct xml *list = doc_child(x, "list");
    size_t count = list != NULL ? doc_count(list, "item") : doc_count(x, "component");
    size_t n = 0;
    *ret = feel_null();
    if (depth == 64) {
        return fault(ctx, ERR_TOO_DEEP, "a value of a test is nested too deep");
    }
    if (value != NULL) {
        return read_simple(ctx, value, ret);
    }
    if (list != NULL && !is_nil(list)) {
        struct feel_value *items = ARENA_ARRAY(ctx->arena, struct feel_value, count);
        for (const struct xml *i = doc_child(list, "item"); i != NULL; i = doc_next(i)) {
            TRY(read_value(ctx, i, depth + 1, &items[n++]));
        }
        *ret = feel_list(items, n);
    } else if (list == NULL && count > 0) {
        struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, count);
        for (const struct xml *c = doc_child(x, "component"); c != NULL; c = doc_next(c)) {
            entries[n].key = doc_attr(c, STR("name"));
            if (!is_nil(c)) {
                TRY(read_value(ctx, c, depth + 1, &entries[n].value));
            }
            n++;
        }
        *ret = feel_context(entries, n);
    }
    return ERR_OK;
}

/* ---- comparing ---- */

/* Numbers within 1e-8, as every published runner compares them: expected values are rounded. */
static bool same_number(struct feel_value a, struct feel_value b)
{
    struct decimal over;
    struct decimal under;
    struct decimal limit;
    must(decimal_parse(STR("0.00000001"), &limit));
    return feel_is_true(feel_equal(a, b)) ||
           (decimal_sub(feel_decimal(a), feel_decimal(b), &over) &&
            decimal_sub(feel_decimal(b), feel_decimal(a), &under) &&
            decimal_compare(over, limit) < 0 && decimal_compare(under, limit) < 0);
}

static bool same(struct ctx *ctx, struct feel_value want, struct feel_value got)
{
    if (want.kind != got.kind) {
        return false;
    }
    if (want.kind == FEEL_NUMBER) {
        return same_number(want, got);
    }
    if (want.kind == FEEL_LIST) {
        bool equal = want.n == got.n;
        for (uint32_t i = 0; equal && i < want.n; i++) {
            equal = same(ctx, want.items[i], got.items[i]);
        }
        return equal;
    }
    if (want.kind == FEEL_CONTEXT) {
        bool equal = want.n == got.n;
        for (uint32_t i = 0; equal && i < want.n; i++) {
            const struct feel_value *v = feel_get(got, want.entries[i].key);
            equal = v != NULL && same(ctx, want.entries[i].value, *v);
        }
        return equal;
    }
    return feel_is_null(want) || feel_is_true(feel_equal(want, got));
}

/* ---- a test file ---- */

struct score {
    size_t files;
    size_t cases, good;
    size_t valued, valued_good; /* cases that expect something other than null */
    size_t java, java_good;
};

struct kit {
    struct ctx *ctx; /* of the whole run */
    struct buf *csv;
    struct score score;
    bool verbose;
};

struct tested {
    struct kit *kit;
    struct ctx *ctx; /* of this file */
    struct dmn_model *model;
    struct str file;
    const struct xml *root;
};

static const struct dmn_node *find_node(const struct dmn_model *m, struct str ns, struct str name)
{
    static const enum dmn_kind kinds[] = {DMN_INPUT, DMN_DECISION, DMN_SERVICE, DMN_KNOWLEDGE};
    for (size_t i = 0; i < LEN(kinds); i++) {
        const struct dmn_node *n = dmn_find(m, kinds[i], ns, name);
        if (n != NULL) {
            return n;
        }
    }
    return NULL;
}

/* Inputs of a case: for nodes of the model, or by name for what is called. */
struct inputs {
    struct dmn_given *given;
    size_t given_count;
    struct feel_entry *args;
    size_t count;
};

static enum err read_inputs(struct tested *t, const struct xml *test, struct inputs *ret)
{
    struct ctx *ctx = t->ctx;
    size_t most = doc_count(test, "inputNode");
    ret->given = ARENA_ARRAY(ctx->arena, struct dmn_given, most);
    ret->args = ARENA_ARRAY(ctx->arena, struct feel_entry, most);
    for (const struct xml *x = doc_child(test, "inputNode"); x != NULL; x = doc_next(x)) {
        struct str name = doc_attr(x, STR("name"));
        struct feel_value v = feel_null();
        TRY(read_value(ctx, x, 0, &v));
        const struct dmn_node *n = find_node(t->model, doc_attr(x, STR("namespace")), name);
        if (n != NULL) {
            ret->given[ret->given_count++] = (struct dmn_given){n, v};
        }
        ret->args[ret->count++] = (struct feel_entry){name, v};
    }
    return ERR_OK;
}

static enum err evaluate(struct tested *t, const struct xml *test, const struct xml *result,
                         const struct inputs *in, struct dmn_result *ret, bool *ret_java)
{
    struct ctx *ctx = t->ctx;
    struct str called = doc_attr(test, STR("invocableName"));
    struct str name = called.n > 0 ? called : doc_attr(result, STR("name"));
    const struct dmn_node *n = find_node(t->model, doc_attr(result, STR("namespace")), name);
    n = n == NULL ? find_node(t->model, doc_attr(test, STR("namespace")), name) : n;
    if (n == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "the model has nothing named \"%.*s\"", FMT(name));
    }
    *ret_java = dmn_node_java(n);
    struct instant now = {1767225600000};
    if (dmn_node_kind(n) == DMN_DECISION) {
        return dmn_decide(ctx, t->model, n, in->given, in->given_count, now, ret);
    }
    return dmn_call(ctx, t->model, n, in->args, in->count, now, ret);
}

/* A service with several outputs gives a context; a result node names one of them, or the service.
 */
static struct feel_value part_of(struct feel_value v, const struct xml *test,
                                 const struct xml *result)
{
    struct str name = doc_attr(result, STR("name"));
    const struct feel_value *part = v.kind == FEEL_CONTEXT ? feel_get(v, name) : NULL;
    bool service = doc_attr(test, STR("invocableName")).n > 0 &&
                   !str_equal(doc_attr(test, STR("invocableName")), name);
    return service && part != NULL ? *part : v;
}

static void put_cell(struct buf *b, struct str s, bool last)
{
    buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        buf_puts(b, s.p[i] == '"'                      ? "\"\""
                    : s.p[i] == '\n' || s.p[i] == '\r' ? " "
                                                       : (char[2]){s.p[i], 0});
    }
    buf_puts(b, last ? "\"\n" : "\",");
}

static struct str trouble_of(struct ctx *ctx, const struct dmn_result *r, struct feel_value want,
                             struct feel_value got)
{
    struct str reason = r->trouble_count > 0 ? r->troubles[0].reason : STR("");
    struct buf b = buf_new(ctx->arena, 2000);
    struct json want_json = feel_to_json(ctx, want);
    struct json got_json = feel_to_json(ctx, got);
    buf_puts(&b, "wants ");
    json_write(&b, &want_json);
    buf_puts(&b, ", got ");
    json_write(&b, &got_json);
    if (reason.n > 0) {
        buf_format(&b, ": %.*s", FMT(reason));
    }
    return buf_str(&b);
}

static enum err run_case(struct tested *t, const struct xml *test, struct str *ret_detail,
                         bool *ret_valued, bool *ret_java)
{
    struct ctx *ctx = t->ctx;
    struct inputs in = {0};
    TRY(read_inputs(t, test, &in));
    for (const struct xml *x = doc_child(test, "resultNode"); x != NULL; x = doc_next(x)) {
        struct dmn_result r = {0};
        struct feel_value want = feel_null();
        const struct xml *expected = doc_child(x, "expected");
        if (expected != NULL) {
            TRY(read_value(ctx, expected, 0, &want));
        }
        *ret_valued = *ret_valued || !feel_is_null(want);
        TRY(evaluate(t, test, x, &in, &r, ret_java));
        struct feel_value got = part_of(r.value, test, x);
        if (!same(ctx, want, got) && ret_detail->n == 0) {
            *ret_detail = str_format(ctx->arena, "%.*s: %.*s", FMT(doc_attr(x, STR("name"))),
                                     FMT(trouble_of(ctx, &r, want, got)));
        }
    }
    return ERR_OK;
}

static void report(struct tested *t, const struct xml *test, bool good, struct str detail,
                   bool valued, bool java)
{
    struct score *s = &t->kit->score;
    struct str folder = folder_of(t->file);
    struct str level = last_part(folder_of(folder));
    struct str file = last_part(t->file);
    struct str id = doc_attr(test, STR("id"));
    put_cell(t->kit->csv,
             str_format(t->ctx->arena, "%.*s/%.*s", FMT(level), FMT(last_part(folder))), false);
    put_cell(t->kit->csv, str_slice(file, 0, file.n - 4), false);
    put_cell(t->kit->csv, id, false);
    put_cell(t->kit->csv, good ? STR("SUCCESS") : STR("ERROR"), false);
    put_cell(t->kit->csv, detail, true);
    s->cases++;
    s->good += good;
    s->valued += valued;
    s->valued_good += valued && good;
    s->java += java;
    s->java_good += java && good;
    if (!good && t->kit->verbose) {
        printf("%.*s %.*s %.*s: %.*s\n", FMT(last_part(folder)), FMT(file), FMT(id), FMT(detail));
    }
}

/* The model a test file names, with every other model in and below its folder, for imports. */
static enum err load_models(struct tested *t)
{
    struct ctx *ctx = t->ctx;
    struct names l;
    struct str folder = folder_of(t->file);
    const struct xml *name = doc_child(t->root, "modelName");
    struct str wanted = str_format(ctx->arena, "%.*s/%.*s", FMT(folder),
                                   FMT(name == NULL ? STR("") : str_trim(name->text)));
    struct dmn_options options = {.tolerant = true, .java = true};
    TRY(find(ctx, folder, ".dmn", true, &l));
    struct dmn_source *sources = ARENA_ARRAY(ctx->arena, struct dmn_source, l.n + 1);
    size_t count = 1;
    for (size_t i = 0; i < l.n; i++) {
        bool first = str_equal(l.p[i], wanted);
        struct dmn_source *s = first ? &sources[0] : &sources[count++];
        s->file = l.p[i];
        TRY(file_read(ctx, str_z(ctx->arena, l.p[i]), FILE_BYTES, &s->xml));
    }
    if (sources[0].file.n == 0) {
        return fault(ctx, ERR_NOT_FOUND, "there is no model %.*s", FMT(wanted));
    }
    return dmn_load_all(ctx, sources, count, &options, &t->model);
}

static enum err run_file(struct tested *t)
{
    struct ctx *ctx = t->ctx;
    struct str text = {0};
    struct xml *root = NULL;
    TRY(file_read(ctx, str_z(ctx->arena, t->file), FILE_BYTES, &text));
    TRY(doc_read(ctx, text, t->file, &root));
    t->root = root;
    if (!str_equal(root->name, STR("testCases"))) {
        return ERR_OK;
    }
    t->kit->score.files++;
    enum err e = load_models(t);
    struct str why = e == ERR_OK ? STR("") : ctx->why.detail;
    for (const struct xml *test = doc_child(root, "testCase"); test != NULL;
         test = doc_next(test)) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct str detail = why;
        bool valued = false;
        bool java = false;
        if (e == ERR_OK && run_case(t, test, &detail, &valued, &java) != ERR_OK) {
            detail =
                ctx->why.detail.n > 0 ? ctx->why.detail : str_from(err_sentence(ctx->why.code));
        }
        report(t, test, detail.n == 0, detail, valued, java);
        ctx->why = (struct why){0};
        arena_reset(ctx->arena, mark);
    }
    return ERR_OK;
}

/* One file in an arena of its own, so that a kit of any size takes no more memory than its largest
 * file. */
static enum err run_in_arena(struct kit *kit, struct str file)
{
    struct arena *arena = arena_new(FILE_ARENA);
    if (arena == NULL) {
        return fault(kit->ctx, ERR_MEMORY, "no memory for %.*s", FMT(file));
    }
    struct ctx ctx = {.arena = arena, .world = kit->ctx->world};
    arena_guard_as(arena, kit->ctx->arena);
    struct tested t = {.kit = kit, .ctx = &ctx, .file = file};
    enum err e = run_file(&t);
    if (e != ERR_OK) {
        e = fault(kit->ctx, e, "%.*s: %.*s", FMT(file), FMT(ctx.why.detail));
    }
    arena_free(arena);
    return e;
}

enum err tck_run(struct ctx *ctx, const char *folder, const char *csv_path, bool verbose,
                 bool *ret_all)
{
    struct names l;
    struct buf csv = buf_new(ctx->arena, 64 << 20);
    struct kit kit = {.ctx = ctx, .csv = &csv, .verbose = verbose};
    struct str text = {0};
    TRY(find(ctx, str_from(folder), ".xml", true, &l));
    for (size_t i = 0; i < l.n; i++) {
        /* The kit scores levels 2 and 3; what is below "non-compliant" is not. */
        if (str_find(l.p[i], STR("/non-compliant/")) == SIZE_MAX) {
            TRY(run_in_arena(&kit, l.p[i]));
        }
    }
    if (kit.score.cases == 0) {
        return fault(ctx, ERR_NOT_FOUND, "there is no test file of the kit in or below %s", folder);
    }
    TRY(buf_done(ctx, &csv, &text));
    if (csv_path != NULL) {
        TRY(file_write(ctx, csv_path, text, 0644));
    } else if (!verbose) {
        fwrite(text.p, 1, text.n, stdout);
    }
    const struct score *s = &kit.score;
    fprintf(stderr, "%zu test files: %zu of %zu cases pass\n", s->files, s->good, s->cases);
    fprintf(stderr, "of cases that expect something other than null: %zu of %zu\n", s->valued_good,
            s->valued);
    fprintf(stderr,
            "of cases that call Java functions (a built-in table stands for them): %zu of %zu\n",
            s->java_good, s->java);
    *ret_all = s->good == s->cases;
    return ERR_OK;
}
