/* front: a front of a node on another machine than the process that writes.
 *
 * It is the front that serve starts beside the writer, in another place: it reads the store by
 * itself (PostgreSQL, as somebody who may only read), links its own law, and sends what people do
 * over a line (line/line.h) in place of a socket it was born with. What it needs of the node's
 * folder is written by `front export`, once: the node's name, the secret of tokens and the key of
 * seeds at rest, so that who signed in at one front is known at all, and no key of the ledger.
 *
 * Without its line it answers what it can read; whoever would change something is asked to come
 * again. It does not go on beside a node that has become another: one of another program, whose
 * tables it would misread, ends it. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/far.h"
#include "cli/folder.h"
#include "cli/serving.h"
#include "gate/relay.h"
#include "gate/run.h"
#include "http/server.h"
#include "login/login.h"

static const char usage[] =
    "usage: tongban front export DIR FOLDER --writer HOST:PORT --database CONNECTION [--issuer "
    "URL]\n"
    "Writes into FOLDER what a front of the node in DIR needs on another machine: no key of the "
    "ledger.\n"
    "HOST:PORT is where that node serves with --fronts-at, CONNECTION how its database is reached "
    "from there,\n"
    "by a user who may only read.\n"
    "usage: tongban front serve FOLDER [--listen ADDRESS]…\n"
    "Serves the node there; ADDRESS is 127.0.0.1:8080 unless given. FOLDER/tls holds ca.pem, "
    "cert.pem and key.pem:\n"
    "docs/use/fronts.md tells how they are made.\n";

/* ---- export ---- */

static enum err export_front(struct ctx *ctx, const struct node *front, struct str dir)
{
    struct node n = {.dir = dir};
    TRY(node_config(ctx, &n));
    if (!line_is_address(front->writer)) {
        return fault(ctx, ERR_USAGE, "--writer \"%.*s\" is no address of a node: HOST:PORT",
                     FMT(front->writer));
    }
    if (!store_names_postgres(front->database)) {
        return fault(ctx, ERR_USAGE,
                     "--database \"%.*s\" is no connection string of PostgreSQL: \"host=… dbname=… "
                     "user=…\"",
                     FMT(front->database));
    }
    if (n.database.n == 0) {
        return fault(ctx, ERR_NOT_SUPPORTED,
                     "%.*s keeps its store in its folder, which no other machine can read: a front "
                     "elsewhere needs a node on PostgreSQL",
                     FMT(dir));
    }
    TRY(login_make_key(ctx, dir)); /* of a node that has not served yet */
    struct node whole = *front;
    whole.issuer = front->issuer.n > 0 ? front->issuer : n.issuer;
    return node_front_make(ctx, &n, &whole);
}

static int export_body(struct cmd *c)
{
    const char *writer = cmd_option(c, "--writer");
    const char *database = cmd_option(c, "--database");
    const char *issuer = cmd_option(c, "--issuer");
    if (c->argc != 4 || writer == NULL || database == NULL) {
        return 2;
    }
    struct node front = {.dir = str_from(c->argv[3]),
                         .writer = str_from(writer),
                         .database = str_from(database),
                         .issuer = issuer == NULL ? STR("") : str_from(issuer)};
    if (export_front(&c->ctx, &front, str_from(c->argv[2])) != ERR_OK) {
        return cmd_fail(c);
    }
    printf("made %s: put ca.pem, cert.pem and key.pem into %s/tls\n", c->argv[3], c->argv[3]);
    return 0;
}

/* ---- serve ---- */

/* The line of this front. The gate is given up before it is closed, while the line may still call.
 */
struct far {
    struct serving *s;
    struct line_caller *caller;
    struct db *reader; /* of the thread that keeps time */
    pthread_mutex_t lock;
    struct gate *gate;
    int64_t looks; /* at the database while the node is away */
};

static enum err joins(struct ctx *ctx, void *arg, int socket)
{
    struct far *far = arg;
    pthread_mutex_lock(&far->lock);
    bool goes = far->gate != NULL;
    if (goes) {
        gate_rejoin(far->gate, socket);
    }
    pthread_mutex_unlock(&far->lock);
    return goes ? ERR_OK : fault(ctx, ERR_CANCELLED, "this front ends");
}

/* Of a front that ends the line ends as well, which is nothing to tell. */
static void say(void *arg, struct str sentence)
{
    struct far *far = arg;
    pthread_mutex_lock(&far->lock);
    bool ends = far->gate == NULL;
    pthread_mutex_unlock(&far->lock);
    if (!ends) {
        far_say(NULL, sentence);
    }
}

/* The gate, with a socket whose other end is closed: it has no writer until the line is up. */
static enum err open_gate(struct ctx *ctx, struct far *far)
{
    struct serving *s = far->s;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return fault(ctx, ERR_IO, "the system gives no socket pair");
    }
    close(pair[1]);
    TRY(store_share_new(ctx, &s->share));
    struct node_part part = {.share = s->share, .socket = pair[0], .is_far = true};
    TRY(node_open_shared(ctx, s->node.dir, &part, &s->node));
    TRY(store_reader(ctx, s->node.store, &far->reader));
    TRY(far_store_check(ctx, &s->node, far->reader));
    far->gate = s->node.gate;
    return gate_start(ctx, s->node.gate);
}

/* A node that cannot be reached now may come; one that does not want this front will not. */
static enum err open_line(struct ctx *ctx, struct far *far)
{
    const struct node *n = &far->s->node;
    struct line_config config = {.folder = far_folder(ctx, n),
                                 .greeting = far_greeting(ctx, n, far->s->issuer),
                                 .arg = far,
                                 .joins = joins,
                                 .say = say};
    TRY(line_caller_new(ctx, &config, n->writer, &far->caller));
    enum err e = line_caller_call(ctx, far->caller);
    if (e == ERR_IO || e == ERR_TIMEOUT) {
        far_say(NULL, ctx->why.detail);
        far_say(NULL, STR("what can be read is served, and it is called again"));
        ctx->why = (struct why){0};
        e = ERR_OK;
    }
    TRY(e);
    return line_caller_start(ctx, far->caller);
}

static enum err open_all(struct ctx *ctx, struct far *far, const char *const *listens, size_t count)
{
    struct serving *s = far->s;
    TRY(node_front_config(ctx, &s->node));
    TRY(line_check(ctx, far_folder(ctx, &s->node), LINE_CALLER));
    TRY(serving_bind(ctx, s, listens, count));
    TRY(s->node.issuer.n > 0 ? serving_issuer(ctx, s) : ERR_OK);
    TRY(serving_shut_in(ctx, s));
    TRY(open_gate(ctx, far));
    s->health.line = far->gate;
    TRY(open_line(ctx, far));
    TRY(serving_doors(ctx, s));
    return http_start(ctx, s->server);
}

/* While the node is away, look whether the data is still of this program's making: its next program
 * may make it anew meanwhile. Publications that nobody tells of are looked for as well. */
static bool looks_well(struct ctx *ctx, struct far *far)
{
    if (line_caller_state(far->caller) == LINE_UP) {
        return true;
    }
    struct arena_mark mark = arena_mark(ctx->arena);
    store_tell(far->s->node.store, STORE_WORD_LAW, -++far->looks);
    enum err e = far_store_check(ctx, &far->s->node, far->reader);
    bool ends = e == ERR_VERSION || e == ERR_CONFLICT;
    if (ends) {
        far_say(NULL, ctx->why.detail);
    }
    ctx->why = (struct why){0};
    arena_reset(ctx->arena, mark);
    return !ends;
}

/* Until it is asked to end. False when it must end by itself, and has said why. */
static bool serve(struct ctx *ctx, struct far *far)
{
    sigset_t stop;
    int wait_ms = 0;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    while (serving_keep_time(ctx, far->s, &wait_ms) && looks_well(ctx, far)) {
        const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                      .tv_nsec = (long)(wait_ms % 1000) * 1000000};
        if (sigtimedwait(&stop, NULL, &wait) > 0) {
            return true;
        }
        if (line_caller_state(far->caller) == LINE_OVER) {
            return false;
        }
    }
    return false;
}

static void close_all(struct far *far)
{
    pthread_mutex_lock(&far->lock);
    far->gate = NULL;
    pthread_mutex_unlock(&far->lock);
    if (far->s->server != NULL) {
        http_stop(far->s->server, 0);
    }
    db_close(far->reader);
    serving_stop(far->s);
    line_caller_free(far->caller); /* what the gate sent last has gone */
    store_share_free(far->s->share);
}

static void say_serving(const struct serving *s)
{
    for (size_t i = 0; i < s->socket_count; i++) {
        printf("serving http://%.*s/\n", FMT(s->address[i]));
    }
    printf("a front of %.*s, whose writer is at %.*s\n", FMT(s->node.origin), FMT(s->node.writer));
    printf("confined: seccomp%s\n", s->confined.paths ? ", Landlock: only its folder" : "");
    fflush(stdout);
}

static int serve_body(struct cmd *c)
{
    const char *listens[SERVING_LISTENS];
    size_t count = 0;
    for (const char *l = cmd_option(c, "--listen"); l != NULL && count < LEN(listens);
         l = cmd_option(c, "--listen")) {
        listens[count++] = l;
    }
    if (count == 0) {
        listens[count++] = "127.0.0.1:8080";
    }
    if (c->argc != 3) {
        return 2;
    }
    struct far far = {.s = ARENA_NEW(c->ctx.arena, struct serving)};
    pthread_mutex_init(&far.lock, NULL);
    far.s->cmd = c;
    far.s->node.dir = str_from(c->argv[2]);
    serving_mask_signals();
    enum err e = open_all(&c->ctx, &far, listens, count);
    int code = e == ERR_OK ? 0 : cmd_fail(c);
    if (e == ERR_OK) {
        say_serving(far.s);
        code = serve(&c->ctx, &far) ? 0 : 1;
    }
    close_all(&far);
    return code;
}

static int front_body(struct cmd *c)
{
    struct str verb = c->argc > 1 ? str_from(c->argv[1]) : STR("");
    return str_equal(verb, STR("export"))  ? export_body(c)
           : str_equal(verb, STR("serve")) ? serve_body(c)
                                           : 2;
}

int cmd_front(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, front_body);
}
