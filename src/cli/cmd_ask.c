/* ask: would the gate admit this act, and why not? Records nothing. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/node.h"
#include "limit_gen.h"

static const char usage[] =
    "usage: tongban ask DIR ACT.json [--on DAY] [--json]   would the gate of a node (not running) "
    "admit this act now, or on a day by the law of that day?\n"
    "ACT.json: {\"act\": kind, \"by\": \"party\"|\"officer\"|\"admin\"|\"client\"|\"node\", "
    "\"actor\": register id, \"for\": party, \"with\": second officer,\n"
    "           \"item\": id | \"case\": number, \"fields\": {fact: value}}. Exit 0: yes. 1: no, "
    "with check, article and sentence.\n";

static enum err read_draft(struct ctx *ctx, const char *path, struct draft *ret)
{
    static const char *const kinds[] = {
        [ACTOR_PARTY] = "party", [ACTOR_OFFICER] = "officer", [ACTOR_ADMIN] = "admin",
        [ACTOR_CLOCK] = "clock", [ACTOR_NODE] = "node",       [ACTOR_CLIENT] = "client"};
    struct str text = {0};
    struct json o;
    TRY(file_read(ctx, path, LIMIT_JSON_BYTES, &text));
    TRY(json_parse(ctx, text, str_from(path), &o));
    const struct json *fields = json_get(&o, "fields");
    struct str by = json_text(&o, "by");
    bool known = false;
    *ret = (struct draft){.kind = json_text(&o, "act"),
                          .item = json_text(&o, "item"),
                          .office = json_text(&o, "office"),
                          .case_id = json_text(&o, "case"),
                          .fields = json_is(fields, JSON_OBJECT) ? *fields : json_object()};
    ret->actor = (struct actor){.id = json_text(&o, "actor"),
                                .for_id = json_text(&o, "for"),
                                .co_id = json_text(&o, "with"),
                                .role = json_text(&o, "role"),
                                .assurance = (int)json_int(&o, "assurance", 2),
                                .proven = ctx->world->now(ctx->world)};
    for (size_t i = 0; i < LEN(kinds); i++) {
        if (str_equal(by, str_from(kinds[i]))) {
            ret->actor.kind = (enum actor_kind)i;
            known = true;
        }
    }
    if (!known || ret->kind.n == 0) {
        return fault(ctx, ERR_SYNTAX,
                     "%s must say \"act\" and \"by\" (party, officer, admin, client, clock "
                     "or node)",
                     path);
    }
    return ERR_OK;
}

static int tell(struct cmd *c, const struct verdict *v)
{
    struct arena *a = c->ctx.arena;
    if (c->json) {
        struct json o = json_object();
        struct buf b = buf_new(a, 0);
        json_set(a, &o, STR("admitted"), json_of_bool(v->admitted));
        json_set(a, &o, STR("check"), json_of_str(v->check));
        json_set(a, &o, STR("code"), json_of_str(v->code));
        json_set(a, &o, STR("field"), json_of_str(v->field));
        json_set(a, &o, STR("article"), json_of_str(v->article.text));
        json_set(a, &o, STR("zh"), json_of_str(v->sentence.zh));
        json_set(a, &o, STR("en"), json_of_str(v->sentence.en));
        json_write(&b, &o);
        printf("%.*s\n", FMT(buf_str(&b)));
    } else if (v->admitted) {
        printf("yes: the gate would admit it\n");
    } else {
        printf("no: %.*s%s%.*s\n  %.*s\n  %.*s\n  %.*s\n", FMT(v->code), v->field.n > 0 ? " " : "",
               FMT(v->field), FMT(v->sentence.zh), FMT(v->sentence.en), FMT(v->article.text));
    }
    return v->admitted ? 0 : 1;
}

static int body(struct cmd *c)
{
    struct node n;
    struct draft draft;
    struct verdict verdict;
    struct db *reader = NULL;
    bool other_day = false;
    if (!cmd_on_day(c, &other_day) || c->argc != 3) {
        return 2;
    }
    if (read_draft(&c->ctx, c->argv[2], &draft) != ERR_OK ||
        node_open(&c->ctx, str_from(c->argv[1]), &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = store_reader(&c->ctx, n.store, &reader);
    e = e == ERR_OK ? gate_ask(&c->ctx, n.gate, reader, &draft, &verdict) : e;
    int code = e == ERR_OK ? tell(c, &verdict) : cmd_fail(c);
    db_close(reader);
    node_close(&n);
    return code;
}

int cmd_ask(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
