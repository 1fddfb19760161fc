/* C2SP tlog-witness, add-checkpoint: the decision alone. The caller keeps the state and holds the
 * key: it stores `next` durably, only if the log still stands where it stood, and only then signs.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "ledger/ledger_in.h"
#include "ledger/note.h"
#include "ledger/proof.h"
#include "ledger/verify.h"

enum { WITNESS_PROOF_MAX = 63 };

struct request {
    uint64_t old_size;
    struct proof proof;
    struct str note;
    struct checkpoint checkpoint;
};

static bool parse_proof(struct ctx *ctx, struct str lines, struct proof *ret)
{
    struct proof p = {.hashes = arena_push_array(ctx->arena, WITNESS_PROOF_MAX, HASH_BYTES)};
    while (lines.n > 0) {
        struct str line = str_cut(lines, '\n', &lines);
        if (p.count == WITNESS_PROOF_MAX || !plain_hash(ctx, line, p.hashes[p.count])) {
            return false;
        }
        p.count++;
    }
    *ret = p;
    return true;
}

/* The checkpoint is read before its signature lines: lines that cannot be read are no signature
 * (403), not a malformed request. A checkpoint has no empty line, so the first one ends it. */
static bool parse(struct ctx *ctx, struct str body, struct request *ret)
{
    size_t end = str_find(body, STR("\n\n"));
    struct str lines = {0};
    struct str old = str_cut(str_slice(body, 0, end == SIZE_MAX ? 0 : end), '\n', &lines);
    if (end == SIZE_MAX || !str_starts(old, STR("old ")) ||
        !plain_u64(str_slice(old, 4, old.n), &ret->old_size) ||
        !parse_proof(ctx, lines, &ret->proof)) {
        return false;
    }
    ret->note = str_slice(body, end + 2, body.n);
    size_t split = str_find(ret->note, STR("\n\n"));
    struct str text = str_slice(ret->note, 0, split == SIZE_MAX ? 0 : split + 1);
    return checkpoint_parse(ctx, text, &ret->checkpoint) == ERR_OK;
}

static bool is_signed(struct ctx *ctx, const struct request *r, const struct witnessed *log,
                      struct str *ret_text)
{
    struct note note;
    struct checkpoint c;
    bool good = note_parse(ctx, r->note, &note) == ERR_OK &&
                checkpoint_parse(ctx, note.text, &c) == ERR_OK &&
                str_equal(c.origin, log->origin) && c.size == r->checkpoint.size &&
                memcmp(c.root, r->checkpoint.root, HASH_BYTES) == 0 &&
                note_verify(ctx, &note, log->keys, log->key_count, NULL) == ERR_OK;
    *ret_text = good ? note.text : STR("");
    return good;
}

static const struct witnessed *find(const struct witnessed *logs, size_t count, struct str origin)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(logs[i].origin, origin)) {
            return &logs[i];
        }
    }
    return NULL;
}

/* Whatever follows a log that was never seen, nothing need be shown. */
static bool follows(const struct request *r, const struct witnessed *log)
{
    if (log->size == 0 && r->checkpoint.size > 0) {
        return r->proof.count == 0;
    }
    uint8_t empty[HASH_BYTES];
    tree_root(&(struct tree){0}, empty);
    return proof_consistency_verify(&r->proof, log->size, r->checkpoint.size,
                                    log->size == 0 ? empty : log->root, r->checkpoint.root);
}

static struct witness_answer refuse(int status, struct str sentence)
{
    return (struct witness_answer){
        .status = status, .type = STR("text/plain; charset=utf-8"), .body = sentence};
}

static struct witness_answer conflict(struct ctx *ctx, const struct witnessed *log)
{
    struct str size = str_format(ctx->arena, "%llu\n", (unsigned long long)log->size);
    return (struct witness_answer){.status = 409, .type = STR("text/x.tlog.size"), .body = size};
}

struct witness_answer witness_add_checkpoint(struct ctx *ctx, struct str body,
                                             const struct witnessed *logs, size_t count)
{
    struct request r = {0};
    struct str text;
    if (!parse(ctx, body, &r)) {
        return refuse(400, STR("the request is not: old SIZE, up to 63 proof lines, an empty line, "
                               "a checkpoint\n"));
    }
    const struct witnessed *log = find(logs, count, r.checkpoint.origin);
    if (log == NULL) {
        return refuse(404, STR("the origin is not of a log known here\n"));
    }
    if (!is_signed(ctx, &r, log, &text)) {
        return refuse(403, STR("the checkpoint has no valid signature of the log\n"));
    }
    if (r.old_size > r.checkpoint.size) {
        return refuse(400, STR("the old size is larger than the checkpoint's\n"));
    }
    if (r.old_size != log->size) {
        return conflict(ctx, log);
    }
    if (!follows(&r, log)) {
        return refuse(422, STR("the consistency proof does not hold\n"));
    }
    return (struct witness_answer){.status = 200, .log = log, .next = r.checkpoint, .text = text};
}
