/* A gate whose views are being filled from its own ledger: how far it has come, and whether what
 * comes out is what was signed. Leaves, values and documents are there; only the views are written.
 *
 * Progress is kept in the transaction of the acts it counts, with the frontier of the tree over
 * them, so a rebuilding that is killed goes on where it was. */
#include "gate/again.h"
#include "gate/gate_in.h"

struct str gate_views_version(struct arena *a, const struct gate_config *config)
{
    struct buf b = buf_new(a, 0);
    size_t count = 0;
    const struct projector *const *own = own_projectors(&count);
    for (size_t i = 0; i < count + config->room_count; i++) {
        const struct projector *p = i < count ? own[i] : config->rooms[i - count];
        buf_format(&b, "%s%s %d", i > 0 ? ", " : "", p->room, p->version);
    }
    return buf_str(&b);
}

void gate_rebuilt(const struct gate *g, uint64_t *ret_size, uint64_t *ret_of)
{
    must(g->rebuilds);
    *ret_size = g->tree.size;
    *ret_of = g->rebuild_to;
}

enum err gate_rebuild_keep(struct ctx *ctx, struct gate *g, struct db *db)
{
    struct gate_head_get_row head;
    bool found = false;
    must(g->rebuilds && g->tree.size <= g->rebuild_to);
    if (g->tree.size < g->rebuild_to) {
        return gate_rebuild_set(
            ctx, db,
            (struct gate_rebuild_set_in){
                .size = (int64_t)g->tree.size,
                .frontier = {(const char *)g->tree.frontier, sizeof(g->tree.frontier)}});
    }
    TRY(gate_head_get(ctx, db, &head, &found));
    struct tree signed_tree = {.size = found ? (uint64_t)head.size : 0};
    if (found && head.frontier.n == sizeof(signed_tree.frontier)) {
        memcpy(signed_tree.frontier, head.frontier.p, head.frontier.n);
    }
    uint8_t then[32];
    uint8_t now[32];
    tree_root(&signed_tree, then);
    tree_root(&g->tree, now);
    if (signed_tree.size != g->tree.size || memcmp(then, now, sizeof(now)) != 0) {
        return fault(ctx, ERR_CORRUPT, "the acts of the ledger do not give its signed head");
    }
    return gate_rebuild_end(ctx, db);
}

struct gate_config gate_config_of(const struct gate *g)
{
    return (struct gate_config){.store = g->store,
                                .keys = g->keys,
                                .origin = g->origin,
                                .node = g->node,
                                .rooms = g->rooms,
                                .room_count = g->room_count,
                                .keeps = g->keeps,
                                .keep_count = g->keep_count};
}
