/* far.c - see far.h. A node that is to be read from another machine has its rows in PostgreSQL;
 * what goes over the line are drafts and answers alone, so the door needs nothing of the node but
 * its relay. The form of the data is part of the greeting, because a front reads the tables by
 * itself: a program that makes other ones would read them wrongly, not fail. */
#include "cli/far.h"

#include <stdio.h>

#include "base/str.h"
#include "base/token.h"
#include "cli/rooms.h"
#include "gate/again.h"
#include "gate/read.h"
#include "gate/relay.h"
#include "gate/run.h"
#include "http/server.h"
#include "store/form.h"

static struct str own_form(struct ctx *ctx)
{
    struct gate_config config = {0};
    config.rooms = rooms_projectors(&config.room_count);
    return store_form(ctx->arena, gate_views_version(ctx->arena, &config));
}

struct line_greeting far_greeting(struct ctx *ctx, const struct node *n, struct str issuer)
{
    return (struct line_greeting){
        .protocol = LINE_PROTOCOL, .form = own_form(ctx), .origin = n->origin, .issuer = issuer};
}

struct str far_folder(struct ctx *ctx, const struct node *n)
{
    return str_format(ctx->arena, "%.*s/tls", FMT(n->dir));
}

void far_say(void *arg, struct str sentence)
{
    (void)arg;
    fprintf(stderr, "tongban: %.*s\n", FMT(sentence));
}

enum err far_store_check(struct ctx *ctx, const struct node *n, struct db *reader)
{
    struct str held = {0};
    struct str note = {0};
    struct str own = own_form(ctx);
    TRY(store_form_held(ctx, reader, &held));
    if (held.n == 0) {
        return fault(ctx, ERR_VERSION,
                     "the views in the database are not whole: its node makes them anew, or never "
                     "ran; start this front when it serves");
    }
    if (!str_equal(held, own)) {
        return fault(ctx, ERR_VERSION,
                     "the data in the database is of form %.*s, and this program makes %.*s: run "
                     "the same program on both machines",
                     FMT(held), FMT(own));
    }
    uint64_t size = 0;
    TRY(gate_checkpoint(ctx, n->gate, reader, &note, &size));
    struct str origin = str_cut(note, '\n', &note);
    return str_equal(origin, n->origin)
               ? ERR_OK
               : fault(ctx, ERR_CONFLICT, "the database is that of the node %.*s, not of %.*s",
                       FMT(origin), FMT(n->origin));
}

/* ---- the door ---- */

enum err far_door_bind(struct ctx *ctx, struct serving *s, const char *address)
{
    if (s->node.database.n == 0) {
        return fault(ctx, ERR_NOT_SUPPORTED,
                     "--fronts-at: a front on another machine reads the store from there, which "
                     "needs a node on PostgreSQL (tongban init --database)");
    }
    TRY(line_check(ctx, far_folder(ctx, &s->node), LINE_DOOR));
    return http_bind(ctx, str_from(address), &s->far_socket, &s->far_address);
}

static enum err joins(struct ctx *ctx, void *arg, int socket)
{
    return relay_add_far(ctx, arg, socket);
}

enum err far_door_open(struct ctx *ctx, struct serving *s)
{
    if (s->far_socket == 0) {
        return ERR_OK;
    }
    struct line_config config = {.folder = far_folder(ctx, &s->node),
                                 .greeting = far_greeting(ctx, &s->node, s->issuer),
                                 .arg = s->relay,
                                 .joins = joins,
                                 .say = far_say};
    TRY(line_door_open(ctx, &config, s->far_socket, &s->door));
    return line_door_start(ctx, s->door);
}
