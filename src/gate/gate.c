/* Opening and closing the gate; the hooks by which the writer signs a batch or undoes it. */
#include "gate/gate_in.h"

#include "crypto/keyholder.h"
#include "ledger/note.h"
#include "store/share.h"
#include "store/writer.h"

enum { GATE_ARENA_BYTES = 64 << 20 };

/* The head over all acts of the batch is signed once and kept with them, in one transaction. */
static enum err sign_head(struct ctx *ctx, struct db *db, void *arg)
{
    struct gate *g = arg;
    if (!g->batch_open || g->tree.size == g->batch_mark.tree.size) {
        return ERR_OK;
    }
    uint8_t root[32];
    tree_root(&g->tree, root);
    struct signatures sig;
    const struct public_keys *keys = keyholder_public(g->keys);
    struct str body = checkpoint_text(ctx->arena, g->origin, g->tree.size, root);
    TRY(keyholder_sign(ctx, g->keys, body, &sig));
    struct verifier ed25519 = verifier_ed25519(g->origin, keys->ed25519);
    struct verifier sm2 = verifier_sm2(g->origin, keys->sm2);
    struct str first = note_line(ctx->arena, &ed25519,
                                 (struct str){(const char *)sig.ed25519, sizeof(sig.ed25519)});
    struct str second =
        note_line(ctx->arena, &sm2, (struct str){(const char *)sig.sm2, sizeof(sig.sm2)});
    struct str note = str_format(ctx->arena, "%.*s\n%.*s%.*s", FMT(body), FMT(first), FMT(second));
    return head_store(ctx, db, &g->tree, note);
}

enum err head_store(struct ctx *ctx, struct db *db, const struct tree *tree, struct str note)
{
    return gate_head_set(ctx, db,
                         (struct gate_head_set_in){
                             .size = (int64_t)tree->size,
                             .frontier = {(const char *)tree->frontier, sizeof(tree->frontier)},
                             .note = note});
}

static void undo_job(void *arg)
{
    struct gate *g = arg;
    gate_mark_reset(g, &g->job_mark);
}

/* What was published is committed: readers see it, here and in the fronts. */
static void show_law(struct gate *g)
{
    int64_t count = (int64_t)book_count(g->book);
    book_show(g->book);
    bool is_new = count != store_told(g->store, STORE_WORD_LAW);
    store_tell(g->store, STORE_WORD_LAW, count);
    if (g->relay != NULL && is_new) {
        relay_published(g->relay);
    }
}

static void end_batch(void *arg, enum err err)
{
    struct gate *g = arg;
    if (!g->batch_open) {
        return;
    }
    g->batch_open = false;
    if (err != ERR_OK) {
        gate_mark_reset(g, &g->batch_mark);
        return;
    }
    show_law(g);
    if (g->erased) {
        g->erased = !store_scrub(g->store);
    }
}

/* The time of the newest act. */
static enum err read_last(struct ctx *ctx, struct gate *g, struct db *db)
{
    struct act_record newest;
    bool found = false;
    if (g->tree.size == 0) {
        return ERR_OK;
    }
    TRY(gate_act(ctx, g, db, (int64_t)g->tree.size - 1, &newest, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "the ledger lacks its newest act");
    }
    g->last = newest.at;
    return ERR_OK;
}

/* Where a rebuilding goes on: behind the acts that are in the views. */
static enum err rebuild_read(struct ctx *ctx, struct gate *g, struct db *db)
{
    struct gate_rebuild_get_row row;
    bool found = false;
    TRY(gate_rebuild_get(ctx, db, &row, &found));
    if (found && row.frontier.n != sizeof(g->tree.frontier)) {
        return fault(ctx, ERR_CORRUPT, "the stored progress of the rebuilding is damaged");
    }
    if (found) {
        g->tree.size = (uint64_t)row.size;
        memcpy(g->tree.frontier, row.frontier.p, row.frontier.n);
    }
    TRY(book_note(ctx, g->book, db));
    book_show(g->book);
    TRY(read_last(ctx, g, db));
    return law_begins_read(ctx, g, db);
}

static void all_told(void *arg)
{
    const struct gate *g = arg;
    if (g->relay != NULL) {
        relay_flush(g->relay);
    }
}

static enum err read_head(struct ctx *ctx, struct gate *g, struct db *db)
{
    struct gate_head_get_row head;
    bool found = false;
    TRY(gate_head_get(ctx, db, &head, &found));
    if (g->rebuilds) {
        g->rebuild_to = found ? (uint64_t)head.size : 0;
        return rebuild_read(ctx, g, db);
    }
    if (found) {
        if (head.frontier.n != sizeof(g->tree.frontier)) {
            return fault(ctx, ERR_CORRUPT, "the stored head of the ledger is damaged");
        }
        g->tree.size = (uint64_t)head.size;
        memcpy(g->tree.frontier, head.frontier.p, head.frontier.n);
    }
    TRY(read_last(ctx, g, db));
    struct gate_refusal_last_row last;
    TRY(gate_refusal_last(ctx, db, &last, &found));
    g->refusal_id = found ? last.id : 0;
    TRY(book_note(ctx, g->book, db));
    show_law(g);
    return law_begins_read(ctx, g, db);
}

/* In a process that writes nothing: the law, and the way to the one that does. */
static enum err open_front(struct ctx *ctx, struct gate *g, int socket)
{
    struct db *reader = NULL;
    TRY(store_reader(ctx, g->store, &reader));
    enum err e = book_note(ctx, g->book, reader);
    db_close(reader);
    TRY(e);
    book_show(g->book);
    return front_new(ctx, g, socket, &g->front);
}

static enum err open_writer(struct ctx *ctx, struct gate *g)
{
    struct writer_config writer = {.store = g->store,
                                   .world = ctx->world,
                                   .arg = g,
                                   .undone = undo_job,
                                   .before_commit = sign_head,
                                   .after_commit = end_batch,
                                   .told = all_told};
    TRY(read_head(ctx, g, store_writer(g->store)));
    steady_begin(g);
    return writer_new(ctx, &writer, &g->writer);
}

enum err gate_new(struct ctx *ctx, const struct gate_config *config, struct gate **ret)
{
    struct arena *arena = arena_new(GATE_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the gate");
    }
    struct gate *g = ARENA_NEW(arena, struct gate);
    *g = (struct gate){.store = config->store,
                       .keys = config->keys,
                       .world = ctx->world,
                       .origin = str_copy(arena, config->origin),
                       .node = str_copy(arena, config->node),
                       .rooms = config->rooms,
                       .room_count = config->room_count,
                       .rebuilds = config->rebuilds,
                       .keeps = config->keeps,
                       .keep_count = config->keep_count,
                       .ahead = {INT32_MAX},
                       .arena = arena};
    pthread_mutex_init(&g->pool_lock, NULL);
    pthread_mutex_init(&g->steady.lock, NULL);
    bool is_front = config->socket > 0;
    struct lending lending = {
        .loans = config->loans, .row = is_front ? config->row : -1, .ask = front_ask_law, .arg = g};
    enum err e = book_new(ctx, &lending, &g->book);
    if (e == ERR_OK) {
        e = is_front ? open_front(ctx, g, config->socket) : open_writer(ctx, g);
    }
    if (e != ERR_OK) {
        gate_close(g);
        return fault_pass(ctx, e, __func__);
    }
    *ret = g;
    return ERR_OK;
}

void gate_close(struct gate *g)
{
    if (g == NULL) {
        return;
    }
    gate_stop(g);
    writer_free(g->writer);
    front_free(g->front);
    submissions_free(g);
    book_free(g->book);
    pthread_mutex_destroy(&g->steady.lock);
    pthread_mutex_destroy(&g->pool_lock);
    arena_free(g->arena);
}

enum err gate_start(struct ctx *ctx, struct gate *g)
{
    TRY(g->front != NULL ? front_start(ctx, g->front) : writer_start(ctx, g->writer));
    g->started = true;
    return ERR_OK;
}

void gate_stop(struct gate *g)
{
    if (g->started) {
        if (g->front != NULL) {
            front_stop(g->front);
        } else {
            writer_stop(g->writer);
        }
        g->started = false;
    }
}

size_t gate_run_once(struct gate *g)
{
    return writer_run_once(g->writer);
}

void gate_hear_owed(struct gate *g, gate_owed_fn *owed, void *arg)
{
    g->owed_arg = arg;
    g->owed = owed;
}
