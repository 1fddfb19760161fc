/* The tree against the hashes of RFC 6962, proofs against every size up to a few hundred, notes and
 * tiles against texts made by other programs. */
#include "base/encode.h"
#include "base/json.h"
#include "base/test.h"
#include "base/token.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "ledger/proof.h"
#include "ledger/note.h"
#include "ledger/test_log.h"
#include "limit_gen.h"

static const char standard_roots[9][65] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(ledger_standard_tree_of_rfc_6962)
{
    static const struct str leaves[8] = {
        STR_INIT(""),
        STR_INIT("\x00"),
        STR_INIT("\x10"),
        STR_INIT("\x20\x21"),
        STR_INIT("\x30\x31"),
        STR_INIT("\x40\x41\x42\x43"),
        STR_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
        STR_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f")};
    struct log *l = log_new(ctx->arena, 8);
    struct ledger_reader r = reader_of(l);
    for (size_t i = 0; i <= 8; i++) {
        uint8_t root[32];
        tree_root(&l->tree, root);
        CHECK_STR(hex_encode(ctx->arena, root, 32), standard_roots[i]);
        CHECK_OK(tree_root_at(ctx, &r, i, root));
        CHECK_STR(hex_encode(ctx->arena, root, 32), standard_roots[i]);
        if (i < 8) {
            CHECK_OK(log_add(ctx, l, leaves[i]));
        }
    }
}

/* Every proof of trees up to 70 leaves verifies, and with one bit changed anywhere does not. */
TEST(ledger_proofs_hold_and_altered_ones_do_not)
{
    enum { N = 70 };
    struct log *l = log_new(ctx->arena, N);
    struct ledger_reader r = reader_of(l);
    uint8_t roots[N + 1][32];
    tree_root(&l->tree, roots[0]);
    for (size_t i = 0; i < N; i++) {
        CHECK_OK(log_add(ctx, l, str_format(ctx->arena, "leaf %zu", i)));
        tree_root(&l->tree, roots[i + 1]);
    }
    for (uint64_t size = 1; size <= N; size++) {
        for (uint64_t i = 0; i <= size; i++) {
            struct proof p;
            if (i < size) {
                CHECK_OK(proof_inclusion(ctx, &r, i, size, &p));
                CHECK(proof_inclusion_verify(&p, i, size, l->hashes[0][i], roots[size]));
                CHECK(!proof_inclusion_verify(&p, i, size, l->hashes[0][(i + 1) % N], roots[size]));
                if (p.count > 0) {
                    p.hashes[i % p.count][i % 32] ^= 1;
                    CHECK(!proof_inclusion_verify(&p, i, size, l->hashes[0][i], roots[size]));
                }
            }
            CHECK_OK(proof_consistency(ctx, &r, i, size, &p));
            CHECK(i == 0 || proof_consistency_verify(&p, i, size, roots[i], roots[size]));
            CHECK(i == 0 || i == size ||
                  !proof_consistency_verify(&p, i, size, roots[i], roots[size - 1]));
            if (p.count > 0) {
                p.hashes[0][0] ^= 1;
                CHECK(!proof_consistency_verify(&p, i, size, roots[i], roots[size]));
                p.hashes[0][0] ^= 1;
                p.count--;
                CHECK(!proof_consistency_verify(&p, i, size, roots[i], roots[size]));
            }
        }
    }
    struct proof p;
    CHECK_ERR(proof_inclusion(ctx, &r, 3, 3, &p), ERR_RANGE);
    CHECK_ERR(proof_consistency(ctx, &r, 4, 3, &p), ERR_RANGE);
}

static const struct {
    const char *path;
    bool good;
} tile_rows[] = {
    {"tile/0/000", true},       {"tile/0/x001/x234/067", true},
    {"tile/2/000.p/1", true},   {"tile/entries/273.p/112", true},
    {"tile/0/x000/001", false}, {"tile/0/0", false},
    {"tile/0/001/002", false},  {"tile/0/x001", false},
    {"tile/00/000", false},     {"tile/64/000", false},
    {"tile/0/000.p/0", false},  {"tile/0/000.p/256", false},
    {"tile/0/000.p/01", false}, {"tile/0/000/", false},
    {"tile//000", false},       {"tile/0/x999/x999/x999/x999/x999/x999/x999/999", false},
    {"/tile/0/000", false},
};

TEST(ledger_tile_paths_have_one_spelling)
{
    for (size_t i = 0; i < LEN(tile_rows); i++) {
        struct tile tile;
        bool good = tile_parse(str_from(tile_rows[i].path), &tile);
        CHECK_INT(good, tile_rows[i].good);
        if (good) {
            CHECK_STR(tile_path(ctx->arena, tile), tile_rows[i].path);
        }
    }
}

static const char example_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example_note[] = "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
                                   "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsY"
                                   "jOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

TEST(ledger_note_of_the_specification_verifies)
{
    struct verifier v;
    struct note n;
    CHECK_OK(verifier_parse(ctx, str_from(example_key), &v));
    CHECK_STR(verifier_text(ctx->arena, &v), example_key);
    CHECK_OK(note_parse(ctx, str_from(example_note), &n));
    CHECK_OK(note_verify(ctx, &n, &v, 1, NULL));
    char *bad = str_z(ctx->arena, str_from(example_note));
    bad[5] = 'I';
    CHECK_OK(note_parse(ctx, str_from(bad), &n));
    CHECK_ERR(note_verify(ctx, &n, &v, 1, NULL), ERR_SIGNATURE);
    CHECK_ERR(note_parse(ctx, STR("no signature\n"), &n), ERR_SYNTAX);
    CHECK_ERR(note_parse(ctx, STR("a\n\n\xe2\x80\x94 k AAAA\n"), &n), ERR_SYNTAX);
    CHECK_ERR(note_parse(ctx, STR("a\tb\n\n\xe2\x80\x94 k AAAAAAA=\n"), &n), ERR_SYNTAX);
    CHECK_ERR(
        verifier_parse(
            ctx, STR("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"), &v),
        ERR_SIGNATURE);
    CHECK_ERR(verifier_parse(ctx, STR("foo"), &v), ERR_SYNTAX);
}

TEST(ledger_sm2_line_stands_beside_ed25519)
{
    uint8_t secret[32] = {7};
    uint8_t key[65];
    uint8_t seed[32] = {9};
    uint8_t ed[32];
    uint8_t sig[64];
    struct str name = STR("node.example/1");
    CHECK(sm2_public(secret, key));
    ed25519_public(seed, ed);
    struct verifier keys[2] = {verifier_ed25519(name, ed), verifier_sm2(name, key)};
    struct verifier back;
    CHECK_OK(verifier_parse(ctx, verifier_text(ctx->arena, &keys[1]), &back));
    CHECK_INT(back.id, keys[1].id);
    uint8_t root[32] = {1};
    struct str text = checkpoint_text(ctx->arena, name, 5, root);
    ed25519_sign(seed, text, sig);
    struct str first = note_line(ctx->arena, &keys[0], (struct str){(char *)sig, 64});
    CHECK(sm2_sign(secret, key, text, sig));
    struct str second = note_line(ctx->arena, &keys[1], (struct str){(char *)sig, 64});
    struct note n;
    bool good[2];
    CHECK_OK(note_parse(
        ctx, str_format(ctx->arena, "%.*s\n%.*s%.*s", FMT(text), FMT(first), FMT(second)), &n));
    CHECK_OK(note_verify(ctx, &n, keys, 2, good));
    CHECK(good[0] && good[1]);
    CHECK_OK(
        note_verify(ctx, &n, keys, 1, good)); /* who knows the log key alone opens it as well */
}

TEST(ledger_commitments_are_bound_to_salt_name_and_value)
{
    uint8_t salt[32] = {1};
    struct ledger_commitment a[2] = {{.name = STR("b")}, {.name = STR("a")}};
    struct ledger_commitment b[2] = {{.name = STR("a")}, {.name = STR("b")}};
    uint8_t x[32];
    uint8_t y[32];
    ledger_commit(ctx, salt, STR("b"), STR("1"), a[0].hash);
    ledger_commit(ctx, salt, STR("a"), STR("2"), a[1].hash);
    ledger_commit(ctx, salt, STR("a"), STR("2"), b[0].hash);
    ledger_commit(ctx, salt, STR("b"), STR("1"), b[1].hash);
    CHECK_OK(ledger_commit_root(ctx, a, 2, x));
    CHECK_OK(ledger_commit_root(ctx, b, 2, y));
    CHECK(memcmp(x, y, 32) == 0);
    ledger_commit(ctx, salt, STR("b1"), STR(""), x);
    ledger_commit(ctx, salt, STR("b"), STR("1"), y);
    CHECK(memcmp(x, y, 32) != 0);
    b[1].name = b[0].name;
    CHECK_ERR(ledger_commit_root(ctx, b, 2, y), ERR_DUPLICATE);
}

/* ---- the vectors of the shared data ---- */

static bool load(struct ctx *ctx, const char *path, struct json *ret)
{
    struct str text;
    return file_read(ctx, path, 1 << 24, &text) == ERR_OK &&
           json_parse(ctx, text, str_from(path), ret) == ERR_OK;
}

static bool load_shared(struct ctx *ctx, const char *name, struct json *ret)
{
    const char *dir = test_data_dir();
    return dir != NULL && load(ctx, str_format(ctx->arena, "%s/%s", dir, name).p, ret);
}

static bool read_proof(struct ctx *ctx, const struct json *list, bool hex, struct proof *ret)
{
    size_t n = list == NULL ? 0 : list->count;
    ret->hashes = arena_push_array(ctx->arena, n + 1, HASH_BYTES);
    ret->count = n;
    for (size_t i = 0; i < n; i++) {
        struct str s = list->items[i].text;
        struct str bytes = {0};
        if (hex ? !hex_decode(s, ret->hashes[i], 32)
                : !base64_decode(ctx->arena, s, &bytes) || bytes.n != 32) {
            return false;
        }
        if (!hex) {
            memcpy(ret->hashes[i], bytes.p, 32);
        }
    }
    return true;
}

/* One probe has roots of 12 bytes, equal ones: they are filled up with zeros here. */
static bool read_hash(struct ctx *ctx, const struct json *o, const char *name, uint8_t ret[32])
{
    struct str bytes;
    if (!base64_decode(ctx->arena, json_text(o, name), &bytes) ||
        (bytes.n != 32 && bytes.n != 12)) {
        return false;
    }
    memset(ret, 0, 32);
    memcpy(ret, bytes.p, bytes.n);
    return true;
}

static uint64_t read_u64(const struct json *o, const char *name)
{
    uint64_t v = 0;
    str_to_u64(json_text(o, name), &v);
    return v;
}

TEST(ledger_probes_of_transparency_dev)
{
    struct json d;
    if (!load_shared(ctx, "fetched/rfc6962-merkle.json", &d)) {
        return;
    }
    const struct json *list = json_get(&d, "inclusion_probes");
    size_t refused = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = &list->items[i];
        struct proof p;
        uint8_t root[32];
        uint8_t leaf[32];
        bool good =
            read_proof(ctx, json_get(o, "proof"), false, &p) && read_hash(ctx, o, "root", root) &&
            read_hash(ctx, o, "leafHash", leaf) &&
            proof_inclusion_verify(&p, read_u64(o, "leafIdx"), read_u64(o, "treeSize"), leaf, root);
        test_check(t, good != json_bool(o, "wantErr", false),
                   str_z(ctx->arena, json_text(o, "file")), __FILE__, __LINE__);
        refused += !good;
    }
    list = json_get(&d, "consistency_probes");
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = &list->items[i];
        struct proof p;
        uint8_t old_root[32];
        uint8_t root[32];
        bool good = read_proof(ctx, json_get(o, "proof"), false, &p) &&
                    read_hash(ctx, o, "root1", old_root) && read_hash(ctx, o, "root2", root) &&
                    proof_consistency_verify(&p, read_u64(o, "size1"), read_u64(o, "size2"),
                                             old_root, root);
        test_check(t, good != json_bool(o, "wantErr", false),
                   str_z(ctx->arena, json_text(o, "file")), __FILE__, __LINE__);
        refused += !good;
    }
    CHECK_INT(refused, 184);
}

static void check_checkpoint(struct test *t, struct ctx *ctx, const struct json *d, struct log *l,
                             struct str want)
{
    uint8_t seed[32];
    uint8_t key[32];
    uint8_t root[32];
    uint8_t sig[64];
    struct note n;
    struct checkpoint c;
    CHECK_OK(note_parse(ctx, want, &n));
    CHECK_OK(checkpoint_parse(ctx, n.text, &c));
    struct ledger_reader r = reader_of(l);
    CHECK_OK(tree_root_at(ctx, &r, c.size, root));
    struct str text = checkpoint_text(ctx->arena, json_text(d, "origin"), c.size, root);
    hex_decode(json_text(d, "log_seed_hex"), seed, 32);
    ed25519_public(seed, key);
    struct verifier v = verifier_ed25519(json_text(d, "origin"), key);
    CHECK_STR(verifier_text(ctx->arena, &v), json_text(d, "log_vkey").p == NULL
                                                 ? ""
                                                 : str_z(ctx->arena, json_text(d, "log_vkey")));
    ed25519_sign(seed, text, sig);
    struct buf b = buf_new(ctx->arena, 0);
    buf_put(&b, text);
    buf_byte(&b, '\n');
    buf_put(&b, note_line(ctx->arena, &v, (struct str){(char *)sig, 64}));
    const struct json *witnesses = json_get(d, "witnesses");
    for (size_t i = 0; i < witnesses->count; i++) {
        const struct json *w = &witnesses->items[i];
        uint64_t time = (uint64_t)json_int(w, "time", 0);
        hex_decode(json_text(w, "seed_hex"), seed, 32);
        ed25519_public(seed, key);
        struct verifier cosigner = verifier_cosigner(json_text(w, "name"), key);
        CHECK_STR(verifier_text(ctx->arena, &cosigner), str_z(ctx->arena, json_text(w, "vkey")));
        ed25519_sign(seed, cosignature_text(ctx->arena, time, text), sig);
        buf_put(&b, cosignature_line(ctx->arena, &cosigner, time, sig));
        CHECK_OK(note_verify(ctx, &n, &cosigner, 1, NULL));
    }
    CHECK_STR(buf_str(&b), str_z(ctx->arena, want));
}

static void check_proofs(struct test *t, struct ctx *ctx, const struct json *d, struct log *l)
{
    struct ledger_reader r = reader_of(l);
    const struct json *list = json_get(d, "inclusion");
    struct proof want;
    struct proof p;
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = &list->items[i];
        CHECK(read_proof(ctx, json_get(o, "proof"), true, &want));
        CHECK_OK(proof_inclusion(ctx, &r, (uint64_t)json_int(o, "index", 0),
                                 (uint64_t)json_int(o, "size", 0), &p));
        CHECK(p.count == want.count && memcmp(p.hashes, want.hashes, p.count * 32) == 0);
    }
    list = json_get(d, "consistency");
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = &list->items[i];
        CHECK(read_proof(ctx, json_get(o, "proof"), true, &want));
        CHECK_OK(proof_consistency(ctx, &r, (uint64_t)json_int(o, "old", 0),
                                   (uint64_t)json_int(o, "new", 0), &p));
        CHECK(p.count == want.count && memcmp(p.hashes, want.hashes, p.count * 32) == 0);
    }
}

static void check_tiles(struct test *t, struct ctx *ctx, const struct json *tiles, struct log *l)
{
    struct ledger_reader r = reader_of(l);
    CHECK(tiles != NULL && tiles->count > 0);
    for (size_t i = 0; i < tiles->count; i++) {
        struct tile tile;
        struct str bytes;
        uint8_t hash[32];
        CHECK(tile_parse(tiles->members[i].key, &tile));
        CHECK_OK(tile_bytes(ctx, &r, tile, l->tree.size, &bytes));
        sha256(bytes.p, bytes.n, hash);
        CHECK_STR(hex_encode(ctx->arena, hash, 32),
                  str_z(ctx->arena, json_text(&tiles->members[i].value, "sha256")));
    }
}

/* A log of "entry 0", "entry 1" …: all that the vectors say of it. */
static struct log *check_vectors(struct test *t, struct ctx *ctx, const struct json *d, size_t size)
{
    struct log *l = log_new(ctx->arena, size);
    const struct json *roots = json_get(d, "roots");
    for (size_t i = 0; i <= size; i++) {
        const struct json *want = json_get_str(roots, str_format(ctx->arena, "%zu", i));
        if (want != NULL) {
            uint8_t root[32];
            tree_root(&l->tree, root);
            CHECK_STR(hex_encode(ctx->arena, root, 32), str_z(ctx->arena, want->text));
        }
        if (i < size) {
            CHECK_OK(log_add(ctx, l, str_format(ctx->arena, "entry %zu", i)));
        }
    }
    check_proofs(t, ctx, d, l);
    const struct json *list = json_get(d, "checkpoints");
    CHECK(list->count > 0);
    for (size_t i = 0; i < list->count; i++) {
        check_checkpoint(t, ctx, d, l, json_text(&list->items[i], "note"));
    }
    return l;
}

TEST(ledger_reproduces_the_log_of_300_entries)
{
    struct json d;
    CHECK(load(ctx, "src/ledger/test/tlog-300.json", &d));
    struct log *l = check_vectors(t, ctx, &d, 300);
    check_tiles(t, ctx, json_get(&d, "tiles_sha256"), l);
    check_tiles(t, ctx, json_get(&d, "bundles_sha256"), l);
}

TEST(ledger_reproduces_the_log_of_70000_entries)
{
    struct json d;
    if (!load_shared(ctx, "generated/tlog-70000.json", &d)) {
        return;
    }
    struct log *l = check_vectors(t, ctx, &d, 70000);
    check_tiles(t, ctx, json_get(&d, "tiles_sha256_tree_70000"), l);
    check_tiles(t, ctx, json_get(&d, "bundles_sha256_tree_70000"), l);
    struct ledger_reader r = reader_of(l);
    struct str example = json_text(&d, "tlog_proof_example");
    struct str note;
    struct proof p;
    struct proof made;
    uint64_t index = 0;
    CHECK_OK(proof_file_parse(ctx, example, &index, &p, &note));
    CHECK_OK(proof_inclusion(ctx, &r, index, 70000, &made));
    CHECK_STR(proof_file(ctx->arena, index, &made, note), str_z(ctx->arena, example));
    /* The add-checkpoint example: a witness that stands at 65,537 accepts it. */
    struct str body = json_text(&d, "add_checkpoint_body_example");
    struct verifier key;
    CHECK_OK(verifier_parse(ctx, json_text(&d, "log_vkey"), &key));
    struct witnessed log = {
        .origin = json_text(&d, "origin"), .keys = &key, .key_count = 1, .size = 65537};
    CHECK_OK(tree_root_at(ctx, &r, 65537, log.root));
    struct witness_answer answer = witness_add_checkpoint(ctx, body, &log, 1);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.next.size, 70000);
    CHECK_OK(proof_consistency(ctx, &r, 65537, 70000, &p));
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "old 65537\n");
    for (size_t i = 0; i < p.count; i++) {
        buf_format(&b, "%.*s\n", FMT(base64_encode(ctx->arena, p.hashes[i], 32)));
    }
    buf_format(&b, "\n%.*s", FMT(str_slice(body, str_find(body, STR("\n\n")) + 2, body.n)));
    CHECK_STR(buf_str(&b), str_z(ctx->arena, body));
}

static const char *const bad_proofs[] = {
    "",
    "c2sp.org/tlog-proof@v1\nindex 0\n",
    "c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nindex -1\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nextra AA==\n\nnote\n",
    "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote\n",
};

TEST(ledger_proof_files_have_one_spelling)
{
    uint64_t index = 0;
    struct proof p;
    struct str note;
    for (size_t i = 0; i < LEN(bad_proofs); i++) {
        CHECK_ERR(proof_file_parse(ctx, str_from(bad_proofs[i]), &index, &p, &note), ERR_SYNTAX);
    }
    CHECK_OK(proof_file_parse(
        ctx, STR("c2sp.org/tlog-proof@v1\nextra AA==\nindex 18446744073709551615\n\nnote\n"),
        &index, &p, &note));
    CHECK(index == UINT64_MAX && p.count == 0);
    CHECK_STR(note, "note\n");
}

/* limit.table: note_bytes, note_signatures, entry_bytes. */
TEST(ledger_limits_hold)
{
    struct note n;
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "text\n\n");
    for (int i = 0; i < LIMIT_NOTE_SIGNATURES; i++) {
        buf_puts(&b, "\xe2\x80\x94 key AAAAAAA=\n");
    }
    CHECK_OK(note_parse(ctx, buf_str(&b), &n));
    CHECK_INT(n.count, LIMIT_NOTE_SIGNATURES);
    buf_puts(&b, "\xe2\x80\x94 key AAAAAAA=\n");
    CHECK_ERR(note_parse(ctx, buf_str(&b), &n), ERR_TOO_MANY);
    char *large = memset(arena_push(ctx->arena, 70000), 'a', 70000);
    CHECK_ERR(note_parse(ctx, (struct str){large, LIMIT_NOTE_BYTES + 1}, &n), ERR_SYNTAX);
    struct log *l = log_new(ctx->arena, 2);
    CHECK_OK(log_add(ctx, l, (struct str){large, LIMIT_ENTRY_BYTES}));
    CHECK_ERR(log_add(ctx, l, (struct str){large, LIMIT_ENTRY_BYTES + 1}), ERR_TOO_LARGE);
    CHECK_INT(l->tree.size, 1);
    struct ledger_reader r = reader_of(l);
    struct str bytes;
    CHECK_OK(tile_bytes(ctx, &r, (struct tile){.entries = true, .width = 1}, 1, &bytes));
    CHECK_INT(bytes.n, 2 + LIMIT_ENTRY_BYTES);
}
