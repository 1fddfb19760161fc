/* verify: a ledger from a folder of tiles, a node's own folder, or an address. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/node.h"
#include "http/client.h"
#include "limit_gen.h"

static const char usage[] = "usage: tongban verify DIR|URL [--key VERIFIER]… [--json]\n"
                            "Recomputes a ledger from its entries: every tile of every level, the "
                            "root, the signatures; names the first wrong byte.\n"
                            "DIR is a node's folder (its own keys are used) or a folder of C2SP "
                            "tiles; URL is http://… or https://…\n";

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
        struct buf b = buf_new(a, 0);
        json_write(&b, &o);
        printf("%.*s\n", FMT(buf_str(&b)));
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

static int verify_node(struct cmd *c, struct str dir)
{
    struct ctx *ctx = &c->ctx;
    struct node n;
    struct db *reader = NULL;
    struct ledger_reader tiles = {0};
    struct log_held held = {.reader = &tiles};
    struct log_report report = {0};
    if (node_open(ctx, dir, &n) != ERR_OK) {
        return cmd_fail(c);
    }
    const struct public_keys *keys = keyholder_public(n.keys);
    struct verifier verifiers[2] = {verifier_ed25519(n.origin, keys->ed25519),
                                    verifier_sm2(n.origin, keys->sm2)};
    enum err e = store_reader(ctx, n.store, &reader);
    e = e == ERR_OK ? store_check(ctx, reader)
                    : e; /* the pages of the file, before what is in them */
    e = e == ERR_OK ? gate_checkpoint(ctx, n.gate, reader, &held.checkpoint, &held.size) : e;
    e = e == ERR_OK ? gate_ledger_reader(ctx, n.gate, reader, &tiles) : e;
    struct log_source source = log_source_held(&held);
    e = e == ERR_OK ? log_verify(ctx, &source, verifiers, 2, NULL, NULL, &report) : e;
    db_close(reader);
    node_close(&n);
    return e == ERR_OK ? tell(c, &report) : cmd_fail(c);
}

static int body(struct cmd *c)
{
    struct verifier keys[KEYS_MAX];
    size_t count = 0;
    struct log_report report;
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
        return verify_node(c, where);
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
