/* verify: a ledger from a folder of tiles, a node's own folder, or an address; and with --reask,
 * what today's gate says of the acts in a node's ledger.
 *
 * Verifying asks whether the ledger is what was signed; that does not depend on any gate. Asking
 * again is for whoever wants to know which acts stand by checks that were laxer: they are listed,
 * and it is no failure that there are some. */
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
#include "cli/scratch.h"
#include "gate/read.h"
#include "http/client.h"
#include "ledger/note.h"
#include "ledger/verify.h"
#include "limit_gen.h"
#include "replay/replay.h"

static const char usage[] = "usage: tongban verify DIR|URL [--key VERIFIER]… [--reask] [--json]\n"
                            "Recomputes a ledger from its entries: every tile of every level, the "
                            "root, the signatures; names the first wrong byte.\n"
                            "DIR is a node's folder (its own keys are used) or a folder of C2SP "
                            "tiles; URL is http://… or https://…\n"
                            "--reask, for a node's folder: also ask every act again, under the law "
                            "of its day, and list those that this\n"
                            "program's gate would not admit. They stand: the exit code is that of "
                            "the ledger. With --json a line each:\n"
                            "seq, kind, check, code, field, article.\n"
                            "A node's folder that cannot be written is left as it is: its rows are "
                            "copied to a place in TMPDIR, which goes at the end.\n";

enum { KEYS_MAX = 16, FILE_BYTES = 32 << 20 };

static enum err url_get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    const struct str *base = self;
    struct http_fetch request = {.url = str_format(ctx->arena, "%.*s/%.*s", FMT(*base), FMT(path)),
                                 .max_bytes = FILE_BYTES};
    struct http_fetched answer;
    TRY(http_fetch(ctx, &request, &answer));
    if (answer.status != 200) {
        return fault(ctx, answer.status == 404 ? ERR_NOT_FOUND : ERR_IO, "%.*s answered %d",
                     FMT(request.url), answer.status);
    }
    *ret = answer.body;
    return ERR_OK;
}

static void print_json(struct arena *a, const struct json *o)
{
    struct buf b = buf_new(a, 0);
    json_write(&b, o);
    printf("%.*s\n", FMT(buf_str(&b)));
}

static int tell(struct cmd *c, const struct log_report *r)
{
    struct arena *a = c->ctx.arena;
    if (c->json) {
        struct json o = json_object();
        json_set(a, &o, STR("good"), json_of_bool(r->good));
        json_set(a, &o, STR("origin"), json_of_str(r->checkpoint.origin));
        json_set(a, &o, STR("size"), json_of_int((int64_t)r->checkpoint.size));
        json_set(a, &o, STR("checked"), json_of_int((int64_t)r->leaves));
        json_set(a, &o, STR("signed_by"), json_of_str(r->signed_by));
        json_set(a, &o, STR("wrong_file"), json_of_str(r->wrong_path));
        json_set(a, &o, STR("wrong_byte"), json_of_int((int64_t)r->wrong_offset));
        json_set(a, &o, STR("wrong"), json_of_str(r->wrong));
        print_json(a, &o);
    } else if (r->good) {
        printf("good: %.*s, %llu entries, signed by %.*s\n", FMT(r->checkpoint.origin),
               (unsigned long long)r->leaves,
               FMT(r->signed_by.n > 0 ? r->signed_by : STR("nobody asked for (give --key)")));
    } else {
        printf("wrong: %.*s byte %llu: %.*s\n", FMT(r->wrong_path),
               (unsigned long long)r->wrong_offset, FMT(r->wrong));
    }
    return r->good ? 0 : 1;
}

/* ---- asking again ---- */

static void tell_refusal(void *arg, const struct replay_refusal *r)
{
    const struct cmd *c = arg;
    struct arena *a = c->ctx.arena;
    const struct verdict *v = r->verdict;
    struct arena_mark mark = arena_mark(a);
    if (c->json) {
        struct json o = json_object();
        json_set(a, &o, STR("seq"), json_of_int(r->seq));
        json_set(a, &o, STR("kind"), json_of_str(r->kind));
        json_set(a, &o, STR("check"), json_of_str(v->check));
        json_set(a, &o, STR("code"), json_of_str(v->code));
        json_set(a, &o, STR("field"), json_of_str(v->field));
        json_set(a, &o, STR("article"), json_of_str(v->article.text));
        print_json(a, &o);
    } else {
        printf("act %lld (%.*s) would not be admitted now: %.*s: %.*s%s%.*s%s%.*s\n",
               (long long)r->seq, FMT(r->kind), FMT(v->check), FMT(v->code),
               v->field.n > 0 ? " of " : "", FMT(v->field), v->article.text.n > 0 ? ", " : "",
               FMT(v->article.text));
    }
    arena_reset(a, mark);
}

static enum err reask(struct ctx *ctx, struct node *n, struct store *fresh, void *arg)
{
    struct cmd *c = arg;
    struct replay_report r;
    TRY(replay_reask(ctx, n->gate, fresh, tell_refusal, c, &r));
    if (!c->json) {
        printf("%lld acts asked again, %lld would not be admitted now and stand\n",
               (long long)r.acts, (long long)r.refused);
    }
    return ERR_OK;
}

/* ---- a node's folder ---- */

static enum err check_ledger(struct ctx *ctx, struct node *n, struct log_report *ret)
{
    struct db *reader = NULL;
    struct ledger_reader tiles = {0};
    struct log_held held = {.reader = &tiles};
    struct public_keys keys; /* of the files: whoever may not read the private ones can verify */
    TRY(keys_public(ctx, n->dir, &keys));
    struct verifier verifiers[2] = {verifier_ed25519(n->origin, keys.ed25519),
                                    verifier_sm2(n->origin, keys.sm2)};
    TRY(store_reader(ctx, n->store, &reader));
    enum err e = store_check(ctx, reader); /* the pages of the file, before what is in them */
    e = e == ERR_OK ? gate_checkpoint(ctx, n->gate, reader, &held.checkpoint, &held.size) : e;
    e = e == ERR_OK ? gate_ledger_reader(ctx, n->gate, reader, &tiles) : e;
    struct log_source source = log_source_held(&held);
    e = e == ERR_OK ? log_verify(ctx, &source, verifiers, 2, NULL, NULL, ret) : e;
    db_close(reader);
    return e;
}

static int verify_node(struct cmd *c, struct str dir, bool asks)
{
    struct ctx *ctx = &c->ctx;
    struct node n;
    struct log_report report = {0};
    bool apart = asks || scratch_is_apart(ctx, dir);
    if ((apart ? scratch_node_open(ctx, dir, &n) : node_open(ctx, dir, &n)) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = check_ledger(ctx, &n, &report);
    int code = e == ERR_OK ? tell(c, &report) : 1;
    e = e == ERR_OK && report.good && asks ? scratch_use(ctx, &n, reask, c) : e;
    node_close(&n);
    return e == ERR_OK ? code : cmd_fail(c);
}

static int body(struct cmd *c)
{
    struct verifier keys[KEYS_MAX];
    size_t count = 0;
    struct log_report report;
    bool asks = cmd_flag(c, "--reask");
    for (const char *k = cmd_option(c, "--key"); k != NULL; k = cmd_option(c, "--key")) {
        if (count == KEYS_MAX) {
            fprintf(stderr, "tongban: at most %d keys\n", KEYS_MAX);
            return 2;
        }
        if (verifier_parse(&c->ctx, str_from(k), &keys[count++]) != ERR_OK) {
            return cmd_fail(c);
        }
    }
    if (c->argc != 2) {
        return 2;
    }
    struct str where = str_from(c->argv[1]);
    while (where.n > 1 && where.p[where.n - 1] == '/') {
        where.n--;
    }
    bool url = str_starts(where, STR("http://")) || str_starts(where, STR("https://"));
    struct world *w = c->ctx.world;
    if (!url && w->exists(w, str_format(c->ctx.arena, "%.*s/node.json", FMT(where)).p) == 0) {
        return verify_node(c, where, asks);
    }
    if (asks) {
        fprintf(stderr, "tongban: --reask wants a node's folder: tiles hold no values to ask by\n");
        return CMD_TOLD;
    }
    struct log_source source =
        url ? (struct log_source){&where, url_get} : log_source_folder(&where);
    if (log_verify(&c->ctx, &source, keys, count, NULL, NULL, &report) != ERR_OK) {
        return cmd_fail(c);
    }
    return tell(c, &report);
}

int cmd_verify(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
