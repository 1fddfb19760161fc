/* A witness signs what extends what it has signed, and nothing else. */
#include "base/encode.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "ledger/note.h"
#include "ledger/proof.h"
#include "ledger/test_log.h"
#include "ledger/verify.h"

static const uint8_t log_seed[32] = {5};

static struct str signed_checkpoint(struct ctx *ctx, struct log *l, const char *origin,
                                    uint64_t size, const uint8_t *seed)
{
    uint8_t root[32];
    uint8_t key[32];
    uint8_t sig[64];
    struct ledger_reader r = reader_of(l);
    must(tree_root_at(ctx, &r, size, root) == ERR_OK);
    ed25519_public(seed, key);
    struct verifier v = verifier_ed25519(str_from(origin), key);
    struct str text = checkpoint_text(ctx->arena, v.name, size, root);
    ed25519_sign(seed, text, sig);
    struct str line = note_line(ctx->arena, &v, (struct str){(char *)sig, 64});
    return str_format(ctx->arena, "%.*s\n%.*s", FMT(text), FMT(line));
}

static struct str request(struct ctx *ctx, uint64_t old, const struct proof *p, struct str note)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_format(&b, "old %llu\n", (unsigned long long)old);
    for (size_t i = 0; i < p->count; i++) {
        buf_format(&b, "%.*s\n", FMT(base64_encode(ctx->arena, p->hashes[i], 32)));
    }
    buf_format(&b, "\n%.*s", FMT(note));
    return buf_str(&b);
}

/* What an honest witness's store does between decision and signature. */
static void keep(struct witnessed *log, const struct witness_answer *a)
{
    log->size = a->next.size;
    memcpy(log->root, a->next.root, 32);
}

TEST(ledger_witness_follows_a_log_and_nothing_else)
{
    static const uint8_t other_seed[32] = {6};
    enum { N = 40 };
    struct log *l = log_new(ctx->arena, N);
    struct log *fork = log_new(ctx->arena, N);
    for (int i = 0; i < N; i++) {
        CHECK_OK(log_add(ctx, l, str_format(ctx->arena, "%d", i)));
        CHECK_OK(log_add(ctx, fork, str_format(ctx->arena, "%d", i < 20 ? i : -i)));
    }
    uint8_t key[32];
    ed25519_public(log_seed, key);
    struct verifier v = verifier_ed25519(STR("log.example"), key);
    struct witnessed log = {.origin = v.name, .keys = &v, .key_count = 1};
    struct ledger_reader of_log = reader_of(l);
    struct ledger_reader of_fork = reader_of(fork);
    const struct {
        uint64_t old;
        uint64_t size;
        bool forked;
        const char *origin;
        const uint8_t *seed;
        uint64_t proof_from; /* the proof that is sent, from here to size */
        int status;
    } rows[] = {
        {0, 7, false, "log.example", log_seed, 0, 200},
        {0, 9, false, "log.example", log_seed, 0, 409},
        {7, 30, false, "log.example", other_seed, 7, 403},
        {7, 30, false, "other.example", log_seed, 7, 404},
        {31, 30, false, "log.example", log_seed, 30, 400},
        {7, 30, false, "log.example", log_seed, 6, 422},
        {7, 30, false, "log.example", log_seed, 7, 200},
        {30, 30, false, "log.example", log_seed, 30, 200},
        {30, 30, true, "log.example", log_seed, 30, 422},
        {30, 40, true, "log.example", log_seed, 30, 422},
        {7, 40, false, "log.example", log_seed, 7, 409},
        {30, 29, false, "log.example", log_seed, 29, 400},
        {30, 40, false, "log.example", log_seed, 30, 200},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct proof p;
        struct log *from = rows[i].forked ? fork : l;
        CHECK_OK(proof_consistency(ctx, rows[i].forked ? &of_fork : &of_log, rows[i].proof_from,
                                   rows[i].size, &p));
        struct str note = signed_checkpoint(ctx, from, rows[i].origin, rows[i].size, rows[i].seed);
        struct witness_answer a =
            witness_add_checkpoint(ctx, request(ctx, rows[i].old, &p, note), &log, 1);
        CHECK_INT(a.status, rows[i].status);
        if (a.status == 200) {
            CHECK(a.log == &log);
            keep(&log, &a);
        } else {
            CHECK(a.log == NULL && a.text.n == 0);
        }
        if (a.status == 409) {
            CHECK_STR(a.type, "text/x.tlog.size");
            CHECK_STR(a.body, str_format(ctx->arena, "%llu\n", (unsigned long long)log.size).p);
        }
    }
    CHECK_INT(log.size, N);
}

TEST(ledger_witness_line_is_a_cosignature)
{
    static const uint8_t seed[32] = {11};
    uint8_t key[32];
    uint8_t sig[64];
    struct log *l = log_new(ctx->arena, 3);
    CHECK_OK(log_add(ctx, l, STR("one")));
    struct str note = signed_checkpoint(ctx, l, "log.example", 1, log_seed);
    struct note n;
    ed25519_public(seed, key);
    struct verifier v = verifier_cosigner(STR("witness.example"), key);
    CHECK_OK(note_parse(ctx, note, &n));
    ed25519_sign(seed, cosignature_text(ctx->arena, 1790000001, n.text), sig);
    struct str line = cosignature_line(ctx->arena, &v, 1790000001, sig);
    CHECK_OK(note_parse(ctx, str_format(ctx->arena, "%.*s%.*s", FMT(note), FMT(line)), &n));
    CHECK_OK(note_verify(ctx, &n, &v, 1, NULL));
    line = cosignature_line(ctx->arena, &v, 1790000002, sig); /* another time than was signed */
    CHECK_OK(note_parse(ctx, str_format(ctx->arena, "%.*s%.*s", FMT(note), FMT(line)), &n));
    CHECK_ERR(note_verify(ctx, &n, &v, 1, NULL), ERR_SIGNATURE);
}

TEST(ledger_witness_refuses_what_is_no_request)
{
    struct log *l = log_new(ctx->arena, 1);
    struct str note = signed_checkpoint(ctx, l, "log.example", 0, log_seed);
    static const char *const heads[] = {"",
                                        "old\n\n",
                                        "old 00\n\n",
                                        "old -1\n\n",
                                        "new 0\n\n",
                                        "old 0\n",
                                        "old 0\nAAAA\n\n",
                                        "old 0\n!\n\n",
                                        "\nold 0\n\n",
                                        "old 0 \n\n",
                                        "old 18446744073709551616\n\n"};
    for (size_t i = 0; i < LEN(heads); i++) {
        struct str body = str_format(ctx->arena, "%s%.*s", heads[i], FMT(note));
        CHECK_INT(witness_add_checkpoint(ctx, body, NULL, 0).status, 400);
    }
    uint8_t hashes[64][HASH_BYTES] = {0};
    struct proof p = {.hashes = hashes, .count = 63};
    CHECK_INT(witness_add_checkpoint(ctx, request(ctx, 0, &p, note), NULL, 0).status, 404);
    p.count = 64;
    CHECK_INT(witness_add_checkpoint(ctx, request(ctx, 0, &p, note), NULL, 0).status, 400);
}

/* Recorded requests of another witness. It answered an unknown origin by 403, before the
 * specification said 404. */
TEST(ledger_witness_answers_recorded_requests)
{
    const char *dir = test_data_dir();
    struct str text;
    struct json d;
    if (dir == NULL ||
        file_read(ctx,
                  str_format(ctx->arena, "%s/fetched/witness-add-checkpoint-cases.json", dir).p,
                  1 << 20, &text) != ERR_OK) {
        return;
    }
    CHECK_OK(json_parse(ctx, text, STR("cases"), &d));
    uint8_t key[32];
    CHECK(hex_decode(json_text(&d, "log_public_key_hex"), key, 32));
    struct verifier v = verifier_ed25519(json_text(&d, "log_origin"), key);
    struct witnessed log = {.origin = v.name, .keys = &v, .key_count = 1};
    const struct json *cases = json_get(&d, "cases");
    CHECK_INT(cases->count, 9);
    for (size_t i = 0; i < cases->count; i++) {
        const struct json *o = &cases->items[i];
        struct witness_answer a = witness_add_checkpoint(ctx, json_text(o, "body"), &log, 1);
        bool unknown = str_find(json_text(o, "asserts"), STR("unknown log")) != SIZE_MAX;
        CHECK_INT(a.status, unknown ? 404 : json_int(o, "status", 0));
        if (a.status == 409) {
            struct str want =
                str_format(ctx->arena, "body == \"%llu\\n\"", (unsigned long long)log.size);
            CHECK(str_find(json_text(o, "asserts"), want) != SIZE_MAX);
        }
        if (a.status == 200) {
            keep(&log, &a);
        }
    }
    CHECK_INT(log.size, 5);
}
