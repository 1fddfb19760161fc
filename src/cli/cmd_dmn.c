/* dmn: evaluate a decision over JSON lines, and run the compatibility kit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/cmd_tck.h"
#include "dmn/dmn.h"
#include "feel/value.h"
#include "limit_gen.h"

enum { MODEL_BYTES = 16 << 20, IMPORTS_MAX = 32 };

static const char usage[] =
    "usage: tongban dmn eval MODEL DECISION [FILE] [--import MODEL]… [--explain]\n"
    "       tongban dmn tck DIR [--out CSV] [--verbose]\n"
    "\n"
    "eval reads inputs from FILE or standard input, one JSON object a line by the names of the "
    "inputs, and prints the\n"
    "value of the decision as JSON, a line each. A line that is none gives {\"error\", \"line\"} "
    "in its place.\n"
    "从文件或标准输入逐行读入 JSON 对象（成员名为输入数据的名称），逐行输出决策的值。\n"
    "\n"
    "  --import MODEL   a model that MODEL imports; may come again\n"
    "                   被导入的模型，可以多次给出\n"
    "  --explain        print {\"value\", \"rules\", \"reasons\"}: rules that fired with table, "
    "number, article, annotation\n"
    "                   and the inputs they saw; and why something is null\n"
    "                   同时给出命中的规则、条文、所见输入，以及为何为空\n"
    "\n"
    "tck runs every case of the compatibility kit in and below DIR (levels 2 and 3), and writes a "
    "line each to CSV or\n"
    "standard output: \"folder\",\"test file\",\"case\",\"SUCCESS|ERROR\",\"detail\"; totals go to "
    "standard error.\n"
    "运行 DMN 兼容性测试集，逐例写出 CSV，汇总写到标准错误。\n"
    "\n"
    "Exit 0: all lines evaluated, or all cases pass; 1: some not; 2: wrong usage.\n";

struct eval {
    struct cmd *c;
    struct dmn_model *model;
    struct str decision;
    bool explain;
    size_t line;
    size_t wrong;
};

static enum err load(struct cmd *c, const char *model, struct dmn_model **ret)
{
    struct ctx *ctx = &c->ctx;
    struct dmn_source *sources = ARENA_ARRAY(ctx->arena, struct dmn_source, IMPORTS_MAX + 1);
    size_t count = 0;
    for (const char *path = model; path != NULL && count <= IMPORTS_MAX;
         path = cmd_option(c, "--import")) {
        sources[count].file = str_from(path);
        TRY(file_read(ctx, path, MODEL_BYTES, &sources[count].xml));
        count++;
    }
    return dmn_load_all(ctx, sources, count, NULL, ret);
}

static struct json explained(struct ctx *ctx, const struct dmn_result *r)
{
    struct arena *a = ctx->arena;
    struct json o = json_object();
    struct json rules = json_array();
    struct json reasons = json_array();
    for (size_t i = 0; i < r->fired_count; i++) {
        const struct dmn_fired *f = &r->fired[i];
        struct json rule = json_object();
        struct json inputs = json_array();
        json_set(a, &rule, STR("table"), json_of_str(f->table));
        json_set(a, &rule, STR("rule"), json_of_int((int64_t)f->rule));
        json_set(a, &rule, STR("article"), json_of_str(f->article));
        json_set(a, &rule, STR("annotation"), json_of_str(f->annotation));
        for (size_t k = 0; k < f->input_count; k++) {
            json_push(a, &inputs, feel_to_json(ctx, f->inputs[k]));
        }
        json_set(a, &rule, STR("inputs"), inputs);
        json_push(a, &rules, rule);
    }
    for (size_t i = 0; i < r->trouble_count; i++) {
        json_push(a, &reasons, json_of_str(r->troubles[i].reason));
    }
    json_set(a, &o, STR("value"), feel_to_json(ctx, r->value));
    json_set(a, &o, STR("rules"), rules);
    json_set(a, &o, STR("reasons"), reasons);
    return o;
}

static enum err answer(struct eval *e, struct str line, struct json *ret)
{
    struct ctx *ctx = &e->c->ctx;
    struct json j;
    struct feel_value inputs;
    struct dmn_result r;
    TRY(json_parse(ctx, line, STR("input"), &j));
    TRY(dmn_inputs_from_json(ctx, e->model, &j, &inputs));
    TRY(dmn_evaluate(ctx, e->model, e->decision, inputs, ctx->world->now(ctx->world), &r));
    *ret = e->explain ? explained(ctx, &r) : feel_to_json(ctx, r.value);
    return ERR_OK;
}

static struct json refused(struct eval *e, enum err err)
{
    struct arena *a = e->c->ctx.arena;
    const struct why *w = &e->c->ctx.why;
    struct json o = json_object();
    json_set(a, &o, STR("error"),
             json_of_str(w->detail.n > 0 ? w->detail : str_from(err_sentence(err))));
    json_set(a, &o, STR("code"), json_of_str(str_from(err_name(err))));
    json_set(a, &o, STR("line"), json_of_int((int64_t)e->line));
    e->wrong++;
    return o;
}

static void eval_line(struct eval *e, struct str line)
{
    struct ctx *ctx = &e->c->ctx;
    struct arena_mark mark = arena_mark(ctx->arena);
    struct json out = json_null();
    struct buf b = buf_new(ctx->arena, 0);
    ctx->why = (struct why){0};
    enum err err =
        line.n > LIMIT_JSON_BYTES
            ? fault(ctx, ERR_TOO_LARGE, "the line is longer than %d bytes", LIMIT_JSON_BYTES)
            : answer(e, line, &out);
    if (err != ERR_OK) {
        out = refused(e, err);
    }
    json_write(&b, &out);
    buf_byte(&b, '\n');
    struct str text = buf_str(&b);
    fwrite(text.p, 1, text.n, stdout);
    arena_reset(ctx->arena, mark);
}

static int eval_body(struct cmd *c)
{
    struct eval e = {.c = c, .explain = cmd_flag(c, "--explain")};
    enum err err = c->argc < 4 ? ERR_USAGE : load(c, c->argv[2], &e.model);
    if (c->argc < 4 || c->argc > 5) {
        return 2;
    }
    e.decision = str_from(c->argv[3]);
    if (err == ERR_OK && !dmn_has_decision(e.model, e.decision)) {
        err = fault(&c->ctx, ERR_NOT_FOUND, "the model has no decision \"%.*s\"", FMT(e.decision));
    }
    FILE *in = c->argc == 5 && strcmp(c->argv[4], "-") != 0 ? fopen(c->argv[4], "re") : stdin;
    if (err == ERR_OK && in == NULL) {
        err = fault(&c->ctx, ERR_NOT_FOUND, "%s cannot be read: %s", c->argv[4],
                    strerrordesc_np(errno));
    }
    if (err != ERR_OK) {
        return cmd_fail(c);
    }
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n = getline(&line, &room, in); n >= 0; n = getline(&line, &room, in)) {
        e.line++;
        struct str text = str_trim((struct str){line, (size_t)n});
        if (text.n > 0) {
            eval_line(&e, text);
        }
    }
    free(line);
    if (in != stdin) {
        fclose(in);
    }
    return e.wrong > 0 ? 1 : 0;
}

static int tck_body(struct cmd *c)
{
    const char *out = cmd_option(c, "--out");
    bool verbose = cmd_flag(c, "--verbose");
    bool all = false;
    if (c->argc != 3) {
        return 2;
    }
    if (tck_run(&c->ctx, c->argv[2], out, verbose, &all) != ERR_OK) {
        return cmd_fail(c);
    }
    return all ? 0 : 1;
}

static int dmn_body(struct cmd *c)
{
    if (c->argc >= 2 && strcmp(c->argv[1], "eval") == 0) {
        return eval_body(c);
    }
    return c->argc >= 2 && strcmp(c->argv[1], "tck") == 0 ? tck_body(c) : 2;
}

int cmd_dmn(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, dmn_body);
}
