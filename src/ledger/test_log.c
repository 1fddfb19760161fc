/* A log in memory for the tests of this room. */
#include "ledger/test_log.h"

/* Tests may append without the gate; tools know them by their name. */
struct permit {
    int nothing;
};

static enum err put_entry(struct ctx *ctx, void *self, uint64_t index, const uint8_t hash[32],
                          struct str entry)
{
    struct log *l = self;
    (void)ctx;
    l->entries[index] = str_copy(l->arena, entry);
    memcpy(l->hashes[0][index], hash, HASH_BYTES);
    return ERR_OK;
}

static enum err put_hash(struct ctx *ctx, void *self, unsigned level, uint64_t index,
                         const uint8_t hash[32])
{
    struct log *l = self;
    (void)ctx;
    memcpy(l->hashes[level / 8][index], hash, HASH_BYTES);
    return ERR_OK;
}

static enum err get_hash(struct ctx *ctx, void *self, unsigned level, uint64_t index,
                         uint8_t ret[32])
{
    struct log *l = self;
    if (level / 8 > 2 || index >= l->tree.size >> level) {
        return fault(ctx, ERR_NOT_FOUND, "no hash");
    }
    memcpy(ret, l->hashes[level / 8][index], HASH_BYTES);
    return ERR_OK;
}

static enum err get_entry(struct ctx *ctx, void *self, uint64_t index, struct str *ret)
{
    struct log *l = self;
    if (index >= l->tree.size) {
        return fault(ctx, ERR_NOT_FOUND, "no entry");
    }
    *ret = l->entries[index];
    return ERR_OK;
}

struct log *log_new(struct arena *a, size_t room)
{
    struct log *l = ARENA_NEW(a, struct log);
    l->arena = a;
    l->room = room;
    l->entries = ARENA_ARRAY(a, struct str, room);
    for (int i = 0; i < 3; i++) {
        l->hashes[i] = arena_push_array(a, (room >> (8 * i)) + 1, HASH_BYTES);
    }
    return l;
}

enum err log_add(struct ctx *ctx, struct log *l, struct str entry)
{
    struct permit permit = {0};
    struct ledger_sink sink = {l, put_entry, put_hash};
    return ledger_append(ctx, (const struct permit *)&permit, &l->tree, entry, &sink);
}

struct ledger_reader reader_of(struct log *l)
{
    return (struct ledger_reader){l, get_hash, get_entry};
}
