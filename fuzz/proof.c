/* Any bytes as a proof file, as a signed note, as an add-checkpoint request, and as a log's files.
 *
 * What parses prints back to the same bytes, no note but the one that was signed verifies, a
 * witness answers one of the statuses it has, and a log whose files are the input never verifies
 * under the checkpoint of another. */
#include "base/arena.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "ledger/proof.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char signed_text[] = "fuzz.example\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static void try_note(struct ctx *ctx, struct str bytes)
{
    static const uint8_t seed[32] = {42};
    uint8_t key[32];
    struct note note;
    struct checkpoint c;
    if (note_parse(ctx, bytes, &note) != ERR_OK) {
        return;
    }
    struct buf b = buf_new(ctx->arena, 0);
    buf_put(&b, note.text);
    buf_byte(&b, '\n');
    for (size_t i = 0; i < note.count; i++) {
        struct verifier v = {.name = note.signatures[i].name, .id = note.signatures[i].id};
        buf_put(&b, note_line(ctx->arena, &v, note.signatures[i].bytes));
    }
    must(str_equal(buf_str(&b), bytes));
    ed25519_public(seed, key);
    struct verifier v = verifier_ed25519(STR("fuzz.example"), key);
    must(note_verify(ctx, &note, &v, 1, NULL) != ERR_OK ||
         str_equal(note.text, str_from(signed_text)));
    if (checkpoint_parse(ctx, note.text, &c) == ERR_OK) {
        must(str_starts(note.text, checkpoint_text(ctx->arena, c.origin, c.size, c.root)));
    }
}

static const char checkpoint[] = "fuzz.example\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                                 "\xe2\x80\x94 fuzz.example AAAAAAA=\n";

static void try_proof(struct ctx *ctx, struct str bytes)
{
    uint64_t index = 0;
    struct proof p;
    struct str note;
    uint8_t zero[32] = {0};
    if (proof_file_parse(ctx, bytes, &index, &p, &note) != ERR_OK) {
        return;
    }
    struct str again = proof_file(ctx->arena, index, &p, note);
    bool has_extra = str_find(bytes, STR("\nextra ")) != SIZE_MAX;
    must(has_extra || str_equal(again, bytes));
    must(!proof_inclusion_verify(&p, index, UINT64_MAX, zero, zero));
    must(!proof_consistency_verify(&p, index, UINT64_MAX, zero, zero));
}

static void try_witness(struct ctx *ctx, struct str bytes)
{
    static const int statuses[] = {400, 403, 404, 409, 422};
    struct verifier v = verifier_ed25519(STR("fuzz.example"), (const uint8_t *)checkpoint);
    struct witnessed log = {.origin = v.name, .keys = &v, .key_count = 1, .size = 3};
    struct witness_answer a = witness_add_checkpoint(ctx, bytes, &log, 1);
    bool known = false;
    for (size_t i = 0; i < LEN(statuses); i++) {
        known = known || a.status == statuses[i];
    }
    must(known && a.log == NULL && a.body.n > 0);
}

static enum err get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    (void)ctx;
    *ret = str_equal(path, STR("checkpoint")) ? str_from(checkpoint) : *(struct str *)self;
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ctx ctx = {.arena = arena_new((size_t)1 << 26)};
    struct str input = {(const char *)bytes, n};
    struct log_source source = {&input, get};
    struct log_report report;
    must(ctx.arena != NULL);
    try_note(&ctx, input);
    try_proof(&ctx, input);
    try_witness(&ctx, input);
    must(log_verify(&ctx, &source, NULL, 0, NULL, NULL, &report) == ERR_OK && !report.good);
    arena_free(ctx.arena);
    return 0;
}
