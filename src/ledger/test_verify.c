/* Whole logs by their files: every changed byte is found and placed; folders on the disk; failing
 * allocations. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena_fault.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "ledger/note.h"
#include "ledger/proof.h"
#include "ledger/test_log.h"
#include "ledger/verify.h"
#include "limit_gen.h"

struct changed {
    struct log_held held;
    struct str path; /* this file is changed */
    size_t at;
    uint8_t flip;
    size_t cut;      /* and this many bytes of its end are gone */
    bool is_missing; /* or all of it */
    bool grew;       /* partial files are gone, full ones stand in their place */
};

static enum err changed_get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    struct changed *f = self;
    struct log_source plain = log_source_held(&f->held);
    if ((f->is_missing && str_equal(path, f->path)) ||
        (f->grew && str_find(path, STR(".p/")) != SIZE_MAX)) {
        return fault(ctx, ERR_NOT_FOUND, "no file");
    }
    TRY(plain.get(ctx, plain.self, path, ret));
    if (str_equal(path, f->path)) {
        char *copy = str_z(ctx->arena, *ret);
        if (f->flip != 0) {
            copy[f->at] = (char)((uint8_t)copy[f->at] ^ f->flip);
        }
        *ret = (struct str){copy, ret->n - f->cut};
    }
    return ERR_OK;
}

/* A signed log of short entries; the keys are those of its two lines. */
static struct changed signed_log(struct ctx *ctx, size_t size, size_t grown,
                                 struct verifier ret_keys[2])
{
    static const uint8_t seed[32] = {3};
    struct str origin = STR("small.example");
    struct log *l = log_new(ctx->arena, grown);
    uint8_t ed[32];
    uint8_t sm2[65];
    uint8_t root[32];
    uint8_t sig[64];
    struct ledger_reader *r = ARENA_NEW(ctx->arena, struct ledger_reader);
    for (size_t i = 0; i < grown; i++) {
        must(log_add(ctx, l, str_format(ctx->arena, "e%zu", i)) == ERR_OK);
    }
    *r = reader_of(l);
    ed25519_public(seed, ed);
    must(sm2_public(seed, sm2));
    ret_keys[0] = verifier_ed25519(origin, ed);
    ret_keys[1] = verifier_sm2(origin, sm2);
    must(tree_root_at(ctx, r, size, root) == ERR_OK);
    struct str text = checkpoint_text(ctx->arena, origin, size, root);
    ed25519_sign(seed, text, sig);
    struct str first = note_line(ctx->arena, &ret_keys[0], (struct str){(char *)sig, 64});
    must(sm2_sign(seed, sm2, text, sig));
    struct str second = note_line(ctx->arena, &ret_keys[1], (struct str){(char *)sig, 64});
    struct str note = str_format(ctx->arena, "%.*s\n%.*s%.*s", FMT(text), FMT(first), FMT(second));
    return (struct changed){.held = {.reader = r, .size = size, .checkpoint = note}};
}

/* Where the entry begins that holds byte `at` of a bundle. */
static size_t entry_start(struct str bundle, size_t at)
{
    size_t start = 0;
    for (;;) {
        size_t n =
            (size_t)((unsigned char)bundle.p[start] << 8 | (unsigned char)bundle.p[start + 1]);
        if (at < start + 2 + n) {
            return start;
        }
        start += 2 + n;
    }
}

/* Change the bytes of one file one by one; each is found, in that file, at that byte or its entry.
 */
static void check_file(struct test *t, struct ctx *ctx, struct changed *f, const char *path,
                       size_t step)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    struct log_source source = {f, changed_get};
    struct log_report report;
    struct str bytes;
    struct tile tile;
    f->path = (struct str){0};
    CHECK_OK(changed_get(ctx, f, str_from(path), &bytes));
    CHECK(tile_parse(str_from(path), &tile));
    f->path = str_from(path);
    for (f->at = 0; f->at < bytes.n; f->at += step) {
        for (size_t k = 0; k < LEN(flips); k++) {
            struct arena_mark mark = arena_mark(ctx->arena);
            f->flip = flips[k];
            CHECK_OK(log_verify(ctx, &source, NULL, 0, NULL, NULL, &report));
            CHECK(!report.good && report.wrong.n > 0);
            CHECK_STR(report.wrong_path, path);
            CHECK_INT(report.wrong_offset, tile.entries ? entry_start(bytes, f->at) : f->at);
            arena_reset(ctx->arena, mark);
        }
    }
    f->flip = 0;
    f->path = (struct str){0};
}

TEST(ledger_verify_finds_and_places_every_changed_byte)
{
    static const struct {
        size_t size;
        const char *path;
        size_t step;
    } rows[] = {{41, "tile/0/000.p/41", 1},   {41, "tile/entries/000.p/41", 1},
                {258, "tile/entries/000", 7}, {258, "tile/entries/001.p/2", 1},
                {258, "tile/0/000", 61},      {258, "tile/0/001.p/2", 1},
                {258, "tile/1/000.p/1", 1},   {256, "tile/1/000.p/1", 1},
                {256, "tile/0/000", 409}};
    struct verifier keys[2];
    for (size_t i = 0; i < LEN(rows); i++) {
        struct changed f = signed_log(ctx, rows[i].size, rows[i].size, keys);
        check_file(t, ctx, &f, rows[i].path, rows[i].step);
    }
}

TEST(ledger_verify_finds_every_changed_byte_of_the_checkpoint)
{
    struct verifier keys[2];
    struct log_report report;
    struct changed f = signed_log(ctx, 9, 9, keys);
    struct log_source source = {&f, changed_get};
    CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
    CHECK(report.good);
    CHECK_STR(report.signed_by, "small.example, small.example (SM2)");
    f.path = STR("checkpoint");
    for (f.at = 0; f.at < f.held.checkpoint.n; f.at++) {
        f.flip = (uint8_t)(f.at % 2 == 0 ? 1 : 0x10);
        CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
        CHECK(!report.good);
        CHECK_STR(report.wrong_path, "checkpoint");
    }
}

/* Keys are not asked: the root alone betrays it, and its line is named. */
TEST(ledger_verify_names_the_line_of_a_false_root)
{
    struct verifier keys[2];
    struct log_report report;
    struct changed f = signed_log(ctx, 9, 9, keys);
    struct log_source source = {&f, changed_get};
    f.path = STR("checkpoint");
    f.at = sizeof("small.example\n9\n") - 1;
    f.flip = 1;
    CHECK_OK(log_verify(ctx, &source, NULL, 0, NULL, NULL, &report));
    CHECK(!report.good);
    CHECK_INT(report.wrong_offset, f.at);
    uint8_t other[32] = {8};
    keys[1] = verifier_ed25519(STR("other.example"), other);
    f.flip = 0;
    CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
    CHECK(!report.good); /* a key that was named must have signed */
}

TEST(ledger_verify_finds_what_is_short_or_missing)
{
    static const char *const paths[] = {"tile/entries/000", "tile/entries/001.p/2", "tile/0/000",
                                        "tile/0/001.p/2", "tile/1/000.p/1"};
    struct verifier keys[2];
    struct log_report report;
    struct changed f = signed_log(ctx, 258, 258, keys);
    struct log_source source = {&f, changed_get};
    for (size_t i = 0; i < LEN(paths); i++) {
        f.path = str_from(paths[i]);
        f.cut = 1;
        CHECK_OK(log_verify(ctx, &source, NULL, 0, NULL, NULL, &report));
        CHECK(!report.good);
        CHECK_STR(report.wrong_path, paths[i]);
        f.cut = 0;
        f.is_missing = true;
        CHECK_OK(log_verify(ctx, &source, NULL, 0, NULL, NULL, &report));
        CHECK(!report.good);
        CHECK_STR(report.wrong_path, paths[i]);
        f.is_missing = false;
    }
}

static enum err count_entry(struct ctx *ctx, void *arg, uint64_t index, struct str entry)
{
    uint64_t *next = arg;
    must(index == *next &&
         str_equal(entry, str_format(ctx->arena, "e%llu", (unsigned long long)index)));
    ++*next;
    return ERR_OK;
}

/* The log went on to 600; the partial files of 300 are gone. */
TEST(ledger_verify_takes_the_full_tile_for_a_partial_one)
{
    struct verifier keys[2];
    struct log_report report;
    uint64_t next = 0;
    struct changed f = signed_log(ctx, 300, 600, keys);
    f.held.size = 600;
    f.grew = true;
    struct log_source source = {&f, changed_get};
    CHECK_OK(log_verify(ctx, &source, keys, 2, count_entry, &next, &report));
    CHECK(!report.good); /* tile/1/000.p/1 has no full one yet */
    CHECK_STR(report.wrong_path, "tile/1/000.p/1");
    CHECK_INT(next, 300);
}

static void write_log(struct test *t, struct ctx *ctx, struct changed *f, const char *dir)
{
    static const char *const paths[] = {"checkpoint", "tile/entries/000.p/41", "tile/0/000.p/41"};
    static const char *const folders[] = {"tile", "tile/entries", "tile/entries/000.p", "tile/0",
                                          "tile/0/000.p"};
    struct log_source source = log_source_held(&f->held);
    for (size_t i = 0; i < LEN(folders); i++) {
        CHECK_INT(
            ctx->world->mkdir(ctx->world, str_format(ctx->arena, "%s/%s", dir, folders[i]).p, 0700),
            0);
    }
    for (size_t i = 0; i < LEN(paths); i++) {
        struct str bytes;
        CHECK_OK(source.get(ctx, source.self, str_from(paths[i]), &bytes));
        CHECK_OK(file_write(ctx, str_format(ctx->arena, "%s/%s", dir, paths[i]).p, bytes, 0600));
    }
}

static void remove_log(struct ctx *ctx, const char *dir)
{
    static const char *const names[] = {"checkpoint",
                                        "tile/entries/000.p/41",
                                        "tile/0/000.p/41",
                                        "tile/entries/000.p",
                                        "tile/0/000.p",
                                        "tile/entries",
                                        "tile/0",
                                        "tile",
                                        ""};
    for (size_t i = 0; i < LEN(names); i++) {
        remove(str_format(ctx->arena, "%s/%s", dir, names[i]).p);
    }
}

TEST(ledger_verify_reads_a_folder)
{
    struct verifier keys[2];
    struct log_report report;
    struct changed f = signed_log(ctx, 41, 41, keys);
    struct str dir = str_from(mkdtemp(str_z(ctx->arena, STR("/tmp/tongban-test-XXXXXX"))));
    struct log_source source = log_source_folder(&dir);
    CHECK_ERR(log_verify(ctx, &source, keys, 2, NULL, NULL, &report), ERR_NOT_FOUND);
    write_log(t, ctx, &f, dir.p);
    CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
    CHECK(report.good);
    CHECK_INT(report.leaves, 41);
    const char *path = str_format(ctx->arena, "%s/tile/0/000.p/41", dir.p).p;
    struct str bytes;
    CHECK_OK(file_read(ctx, path, 1 << 20, &bytes));
    char *copy = str_z(ctx->arena, bytes);
    copy[777] ^= 4;
    CHECK_OK(file_write(ctx, path, (struct str){copy, bytes.n}, 0600));
    CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
    CHECK(!report.good);
    CHECK_STR(report.wrong_path, "tile/0/000.p/41");
    CHECK_INT(report.wrong_offset, 777);
    size_t huge = (size_t)TILE_WIDTH * (2 + LIMIT_ENTRY_BYTES) + 1;
    CHECK_OK(file_write(ctx, path, (struct str){arena_push(ctx->arena, huge), huge}, 0600));
    CHECK_OK(log_verify(ctx, &source, keys, 2, NULL, NULL, &report));
    CHECK(!report.good);
    remove_log(ctx, dir.p);
}

/* In a frame of its own, since the guard's jump would spoil locals. */
static bool verify_guarded(struct arena *arena, struct changed *f, const struct verifier *keys)
{
    struct arena_guard guard;
    struct ctx ctx = {.arena = arena};
    struct log_source source = {f, changed_get};
    struct log_report report;
    arena_guard(arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    must(log_verify(&ctx, &source, keys, 2, NULL, NULL, &report) == ERR_OK);
    must(report.good);
    return true;
}

TEST(ledger_verify_every_failing_allocation_unwinds)
{
    struct verifier keys[2];
    struct changed f = signed_log(ctx, 41, 41, keys);
    struct arena *arena = arena_new(1 << 24);
    bool done = false;
    uint64_t nth = 0;
    while (!done) {
        arena_fail_at(++nth);
        done = verify_guarded(arena, &f, keys);
        arena_fail_at(0);
        arena_guard(arena, NULL);
        arena_clear(arena);
    }
    CHECK(nth > 20);
    arena_free(arena);
}
