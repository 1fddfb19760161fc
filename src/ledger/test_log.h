/* test_log.h - a log in memory, for the tests of this room: what the sink is handed, the reader
 * gives back. */
#pragma once

#include "base/test.h"
#include "ledger/ledger.h"

struct log {
    struct arena *arena;
    struct tree tree;
    struct str *entries;
    uint8_t (*hashes[3])[HASH_BYTES]; /* levels 0, 8, 16 */
    size_t room;
};

struct log *log_new(struct arena *a, size_t room);
enum err log_add(struct ctx *ctx, struct log *l, struct str entry) MUST_USE;
struct ledger_reader reader_of(struct log *l);
