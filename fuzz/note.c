/* Signed notes, checkpoints, proof files, verifier keys and tile paths: whatever parses must print
 * the same. */
#include "base/arena.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)64 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str text = {(const char *)bytes, n};
        struct note note;
        struct checkpoint c;
        struct proof p;
        struct str rest;
        struct verifier v;
        struct tile tile;
        uint64_t index = 0;
        if (note_parse(&ctx, text, &note) == ERR_OK &&
            checkpoint_parse(&ctx, note.text, &c) == ERR_OK) {
            uint8_t root[32] = {0};
            must(!proof_inclusion_verify(&(struct proof){0}, c.size, c.size, root, c.root));
        }
        if (proof_file_parse(&ctx, text, &index, &p, &rest) == ERR_OK) {
            uint8_t root[32] = {0};
            proof_inclusion_verify(&p, index, index + 1, root, root);
            proof_consistency_verify(&p, index / 2, index, root, root);
        }
        if (verifier_parse(&ctx, text, &v) == ERR_OK) {
            struct verifier again;
            must(verifier_parse(&ctx, verifier_text(arena, &v), &again) == ERR_OK &&
                 again.id == v.id);
        }
        if (tile_parse(text, &tile)) {
            must(str_equal(tile_path(arena, tile), text));
        }
    }
    arena_free(arena);
    return 0;
}
