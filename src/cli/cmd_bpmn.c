/* tongban bpmn: anybody's model, stepped, checked, drawn. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "bpmn/bpmn.h"
#include "bpmn/look.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "limit_gen.h"

static const char usage[] =
    "usage: tongban bpmn run MODEL [--process ID] [--script FILE] [--at TIME] [--any]   step a "
    "model, print the trace\n"
    "       tongban bpmn check MODEL [--process ID] [--any]      faults of its logic: what gets "
    "stuck, what is never reached\n"
    "       tongban bpmn svg MODEL [--process ID] [--any]   draw it\n"
    "\n"
    "MODEL is BPMN 2.0 XML of any origin. Without --process the first process that is not marked "
    "as not executable; --any\n"
    "takes those too. A model that cannot be executed is refused with file, line, element and "
    "rule.\n"
    "\n"
    "run prints one JSON object a line: {\"element\", \"state\", \"token\", \"type\", \"name\"}; "
    "state is started, taken (a flow), passed,\n"
    "active, completed, cancelled, waiting, occurred, thrown, sent, signalled, timer, failed, "
    "compensating, compensated, ended …\n"
    "The last line tells what waits, the data, and the time. Nothing depends on the machine's "
    "clock: it is TIME at first\n"
    "(2026-01-01T00:00:00Z unless told) and moves as the script says.\n"
    "\n"
    "The script is JSON lines (# begins a remark) or one JSON array. Each line has one of\n"
    "  {\"start\": ID or true}          begin, by that start event. Left out, the process begins "
    "by its plain start\n"
    "  {\"complete\": ID}              an activity or waiting event is done\n"
    "  {\"message\": NAME}  {\"signal\": NAME}   comes from outside; begins the process, too, when "
    "it may\n"
    "  {\"timer\": ID}                 the clock goes to the time of that timer event, and it "
    "occurs\n"
    "  {\"advance\": \"PT1H\"}           the clock moves on (or to a day and time); what is due "
    "occurs in order\n"
    "  {\"error\": CODE, \"at\": ID}      the activity fails   {\"escalation\": CODE, \"at\": ID}\n"
    "  {\"set\": {NAME: VALUE}}        data change; conditions are looked at again\n"
    "  {\"expect\": [ID, …]}           what must wait now, or \"ended\"; else exit 1\n"
    "and may have \"values\": {NAME: VALUE} (data it brings), \"token\": N, \"at\": ID (where it "
    "is meant), \"note\".\n"
    "A date, time or duration is {\"@\": \"2026-01-01\"}. User and receive tasks wait; other tasks "
    "complete by themselves,\n"
    "unless the script completes them or lets them fail. docs/bpmn.md tells more.\n"
    "Exit 0: the script was played; 1: refused, not as expected, or ended by an error nobody "
    "caught; 2: wrong usage.\n";

/* Called models: what the model imports, beside it, or a file named after the process. */
static enum err read_model(struct ctx *ctx, void *self, struct str id, struct str location,
                           struct str *ret_xml, struct str *ret_file)
{
    struct str folder = *(const struct str *)self;
    bool foreign = str_find(location, STR(":")) != SIZE_MAX || str_starts(location, STR("/")) ||
                   str_find_byte(id, '/') != SIZE_MAX;
    struct str name = location.n > 0 ? location : str_format(ctx->arena, "%.*s.bpmn", FMT(id));
    if (foreign) {
        return ERR_NOT_FOUND;
    }
    *ret_file = str_format(ctx->arena, "%.*s%.*s", FMT(folder), FMT(name));
    return file_read(ctx, str_z(ctx->arena, *ret_file), LIMIT_XML_BYTES, ret_xml);
}

struct job {
    struct str folder;
    struct bpmn_source source;
    struct bpmn_options options;
    struct str xml;
    struct str file;
};

static enum err open_model(struct cmd *c, struct job *j)
{
    struct ctx *ctx = &c->ctx;
    const char *process = cmd_option(c, "--process");
    *j = (struct job){.source = {.read = read_model}};
    j->options = (struct bpmn_options){
        .open = true, .process = str_from(process), .any = cmd_flag(c, "--any")};
    if (c->argc != 3) {
        return fault(ctx, ERR_USAGE, "one model is wanted");
    }
    j->file = str_from(c->argv[2]);
    size_t cut = j->file.n;
    while (cut > 0 && j->file.p[cut - 1] != '/') {
        cut--;
    }
    j->folder = str_slice(j->file, 0, cut);
    TRY(file_read(ctx, c->argv[2], LIMIT_XML_BYTES, &j->xml));
    return ERR_OK;
}

static enum err load(struct cmd *c, struct job *j, const struct bpmn_process **ret)
{
    struct ctx *ctx = &c->ctx;
    const struct bpmn_model *model = NULL;
    j->source.self = &j->folder;
    j->options.source = &j->source;
    TRY(bpmn_load_with(ctx, j->xml, j->file, &j->options, &model));
    *ret = bpmn_process_find(model, j->options.process);
    return ERR_OK;
}

static int failed(struct cmd *c, enum err e)
{
    return e == ERR_USAGE ? 2 : cmd_fail(c);
}

static void print_line(void *self, struct str json)
{
    (void)self;
    fwrite(json.p, 1, json.n, stdout);
    putchar('\n');
}

static int run(struct cmd *c)
{
    const char *path = cmd_option(c, "--script");
    const char *at = cmd_option(c, "--at");
    struct job j;
    struct bpmn_script s = {.at = {1767225600000}, .line = print_line};
    bool good = false;
    enum err e = open_model(c, &j);
    if (e != ERR_OK) {
        return failed(c, e);
    }
    if (at != NULL && !instant_parse(str_from(at), &s.at)) {
        return 2;
    }
    j.source.self = &j.folder;
    s.source = &j.source;
    s.model = j.xml;
    s.model_file = j.file;
    s.process = j.options.process;
    s.any = j.options.any;
    if (path != NULL) {
        s.text_file = str_from(path);
        e = file_read(&c->ctx, path, LIMIT_BPMN_SCRIPT_BYTES, &s.text);
    }
    e = e == ERR_OK ? bpmn_play(&c->ctx, &s, &good) : e;
    fflush(stdout);
    if (e != ERR_OK) {
        return cmd_fail(c);
    }
    if (!good) {
        fputs("tongban: the process ended by an error that nobody caught\n", stderr);
    }
    return good ? 0 : 1;
}

static int check(struct cmd *c)
{
    struct job j;
    const struct bpmn_process *p = NULL;
    struct bpmn_finding *list = NULL;
    size_t count = 0;
    enum err e = open_model(c, &j);
    e = e == ERR_OK ? load(c, &j, &p) : e;
    e = e == ERR_OK ? bpmn_check(&c->ctx, p, &list, &count) : e;
    if (e != ERR_OK) {
        return failed(c, e);
    }
    for (size_t i = 0; i < count; i++) {
        printf("%.*s:%u: %.*s: %.*s\n", FMT(p->file), list[i].line, FMT(list[i].element),
               FMT(list[i].sentence));
    }
    if (count == 0) {
        printf("%.*s: process %.*s is sound\n", FMT(p->file), FMT(p->id));
    }
    return count == 0 ? 0 : 1;
}

static int svg(struct cmd *c)
{
    struct job j;
    const struct bpmn_process *p = NULL;
    enum err e = open_model(c, &j);
    e = e == ERR_OK ? load(c, &j, &p) : e;
    if (e != ERR_OK) {
        return failed(c, e);
    }
    struct buf b = buf_new(c->ctx.arena, 0);
    bpmn_svg(&b, p, NULL, p->name.n > 0 ? p->name : p->id);
    print_line(NULL, buf_str(&b));
    return 0;
}

static int body(struct cmd *c)
{
    static const struct {
        const char *name;
        int (*run)(struct cmd *c);
    } verbs[] = {{"run", run}, {"check", check}, {"svg", svg}};
    for (size_t i = 0; c->argc > 1 && i < LEN(verbs); i++) {
        if (strcmp(c->argv[1], verbs[i].name) == 0) {
            return verbs[i].run(c);
        }
    }
    return 2;
}

int cmd_bpmn(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
