/* Files: what they are, how they come, what is counted, when they go. */
#include "base/day.h"
#include "base/str.h"
#include "base/encode.h"
#include "base/test.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "limit_gen.h"
#include "store/store.h"
#include "store/schema.h"
#include "store/db.h"
#include "vault/vault.h"
#include "vault_sql.h"
#include "vault_test_sql.h"

static const struct {
    struct str first;
    const char *type;
} sniffed[] = {
    {STR_INIT("%PDF-1.7 sample"), "application/pdf"},
    {STR_INIT(" %PDF-1.7"), "text/plain"},
    {STR_INIT("\xff\xd8\xff\xe0"), "image/jpeg"},
    {STR_INIT("\x89PNG\r\n\x1a\n\0"), "image/png"},
    {STR_INIT("\x89PNG\n"), "application/octet-stream"},
    {STR_INIT("GIF89a"), "image/gif"},
    {STR_INIT("PK\3\4 word/document.xml"), "application/zip"},
    {STR_INIT("PK\3\4abcdefghijklmnopqrstuvwxyzOFD.xml"), "application/ofd"},
    {STR_INIT("MZ\x90\0"), "application/x-msdownload"},
    {STR_INIT("<!DOCTYPE html><script>"), "text/html"},
    {STR_INIT("\xef\xbb\xbf {\"pack\": 1}"), "application/json"},
    {STR_INIT("[1]"), "application/json"},
    {STR_INIT("平面图"), "text/plain"},
    {STR_INIT("\xe5\xb9\xb3\xe9"), "text/plain"}, /* the last character is cut */
    {STR_INIT("\xe5\xe5\xe5\xe5\xe5"), "application/octet-stream"},
    {STR_INIT("a\0b"), "application/octet-stream"},
    {STR_INIT(""), "application/octet-stream"},
};

TEST(vault_file_is_known_by_its_first_bytes)
{
    for (size_t i = 0; i < LEN(sniffed); i++) {
        CHECK_STR(file_type_of(sniffed[i].first), sniffed[i].type);
    }
    CHECK_STR(file_type_by_name(STR("图.PDF")), "application/pdf");
    CHECK_STR(file_type_by_name(STR("a.pdf.jpeg")), "image/jpeg");
    CHECK_STR(file_type_by_name(STR("pdf")), "");
    CHECK_STR(file_type_by_name(STR("a.")), "");
    CHECK(file_is_called(STR("application/pdf"), STR("application/pdf; charset=binary")));
    CHECK(file_is_called(STR("image/jpeg"), STR("image/JPG")));
    CHECK(file_is_called(STR("image/jpeg"), STR("application/octet-stream")));
    CHECK(file_is_called(STR("image/jpeg"), STR("")));
    CHECK(!file_is_called(STR("image/jpeg"), STR("image/png")));
    CHECK(!file_is_called(STR("application/x-msdownload"), STR("application/pdf")));
}

static struct store *fresh_store(struct test *t, struct ctx *ctx)
{
    struct store *s = NULL;
    unsigned long long tail = (unsigned long long)ctx->world->mono_ns(ctx->world);
    CHECK_OK(
        store_open(ctx, str_format(ctx->arena, "/tmp/tongban-file-%llx", tail), STORE_CREATE, &s));
    CHECK_OK(store_migrate(ctx, s));
    CHECK_OK(db_begin(ctx, store_writer(s)));
    return s;
}

static struct attachment sent(struct ctx *ctx, const char *id, const char *text)
{
    uint8_t hash[32];
    sha256(text, strlen(text), hash);
    return (struct attachment){.sha256 = hex_encode(ctx->arena, hash, 32),
                               .type = STR("application/pdf"),
                               .name = STR("a.pdf"),
                               .upload = str_from(id)};
}

/* An upload in pieces of three bytes. */
static enum err send(struct ctx *ctx, struct db *db, const char *id, const char *owner,
                     const char *text)
{
    struct attachment f = sent(ctx, id, text);
    size_t n = strlen(text);
    for (size_t at = 0; at < n; at += 3) {
        struct upload_piece p = {.upload = str_from(id),
                                 .owner = str_from(owner),
                                 .index = (int64_t)(at / 3),
                                 .bytes = str_slice(str_from(text), at, at + 3),
                                 .is_last = at + 3 >= n,
                                 .sha256 = f.sha256,
                                 .type = f.type,
                                 .name = f.name};
        TRY(upload_keep(ctx, db, &p));
    }
    return ERR_OK;
}

static int64_t uses_of(struct test *t, struct ctx *ctx, struct db *db, struct str sha256)
{
    struct vault_file_get_row row = {0};
    bool found = false;
    CHECK_OK(vault_file_get(ctx, db, (struct vault_file_get_in){.sha256 = sha256}, &row, &found));
    return found ? row.uses : 0;
}

TEST(vault_upload_is_claimed_once_and_by_its_owner)
{
    struct store *s = fresh_store(t, ctx);
    struct db *db = store_writer(s);
    struct attachment f = sent(ctx, "u1", "%PDF-1.7 plan");
    struct attachment got;
    int64_t size = 0;
    bool found = false;
    CHECK_OK(send(ctx, db, "u1", "p-lin", "%PDF-1.7 plan"));
    CHECK_OK(upload_find(ctx, db, STR("u1"), STR("p-zhou"), &got, &size, &found));
    CHECK(!found);
    CHECK_ERR(vault_file_keep(ctx, db, &f, STR("p-zhou")), ERR_NOT_FOUND);
    struct attachment other = f;
    other.sha256 = sent(ctx, "", "another").sha256;
    CHECK_ERR(vault_file_keep(ctx, db, &other, STR("p-lin")), ERR_NOT_FOUND);
    CHECK_STR(ctx->why.field, "files");
    CHECK_OK(vault_file_keep(ctx, db, &f, STR("p-lin")));
    CHECK_OK(upload_find(ctx, db, STR("u1"), STR("p-lin"), &got, &size, &found));
    CHECK(!found);
    /* Two fields of one draft; the same bytes from somebody else; the same bytes inline. */
    CHECK_OK(vault_file_keep(ctx, db, &f, STR("p-lin")));
    CHECK_OK(send(ctx, db, "u2", "p-zhou", "%PDF-1.7 plan"));
    struct attachment again = sent(ctx, "u2", "%PDF-1.7 plan");
    CHECK_OK(vault_file_keep(ctx, db, &again, STR("p-zhou")));
    again.upload = STR("");
    again.bytes = STR("%PDF-1.7 plan");
    CHECK_OK(vault_file_keep(ctx, db, &again, STR("p-zhou")));
    CHECK_INT(uses_of(t, ctx, db, f.sha256), 4);
    CHECK_OK(vault_file_find(ctx, db, f.sha256, &got, &found));
    CHECK(found);
    CHECK_STR(got.bytes, "%PDF-1.7 plan");
    for (int i = 0; i < 4; i++) {
        CHECK_OK(vault_file_find(ctx, db, f.sha256, &got, &found));
        CHECK(found);
        CHECK_OK(vault_file_less(ctx, db, f.sha256));
    }
    CHECK_OK(vault_file_find(ctx, db, f.sha256, &got, &found));
    CHECK(!found);
    struct vault_piece_get_row piece;
    CHECK_OK(vault_piece_get(ctx, db, (struct vault_piece_get_in){.pieces = STR("u1"), .idx = 0},
                             &piece, &found));
    CHECK(!found);
    /* One that is not whole is nobody's. */
    struct upload_piece begun = {
        .upload = STR("u3"), .owner = STR("p-lin"), .bytes = STR("%PDF-1.7 half")};
    CHECK_OK(upload_keep(ctx, db, &begun));
    struct attachment half = sent(ctx, "u3", "%PDF-1.7 half");
    CHECK_ERR(vault_file_keep(ctx, db, &half, STR("p-lin")), ERR_NOT_FOUND);
    db_rollback(db);
    store_close(s);
}

/* Files kept before they came in pieces are read, used again and erased like others. */
TEST(vault_file_of_one_value_is_read_in_pieces)
{
    struct store *s = fresh_store(t, ctx);
    struct db *db = store_writer(s);
    size_t n = 2 * LIMIT_PIECE_BYTES + 7;
    char *bytes = arena_push_bytes(ctx->arena, n);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)(i * 7);
    }
    struct str old = {bytes, n};
    CHECK_OK(vault_blob_old(ctx, db,
                            (struct vault_blob_old_in){.sha256 = STR("abc"),
                                                       .type = STR("application/pdf"),
                                                       .name = STR("old.pdf"),
                                                       .bytes = old}));
    struct vault_file f;
    struct attachment whole;
    struct str piece = {0};
    bool found = false;
    CHECK_OK(vault_file_look(ctx, db, STR("abc"), &f, &found));
    CHECK(found);
    CHECK_INT(f.size, n);
    CHECK_OK(vault_file_piece(ctx, db, &f, 1, &piece));
    CHECK(str_equal(piece, str_slice(old, LIMIT_PIECE_BYTES, 2 * LIMIT_PIECE_BYTES)));
    CHECK_OK(vault_file_piece(ctx, db, &f, 2, &piece));
    CHECK_INT(piece.n, 7);
    CHECK_OK(vault_file_piece(ctx, db, &f, 3, &piece));
    CHECK_INT(piece.n, 0);
    CHECK_OK(vault_file_find(ctx, db, STR("abc"), &whole, &found));
    CHECK(found && str_equal(whole.bytes, old));
    struct attachment again = {.sha256 = STR("abc"), .bytes = old};
    CHECK_OK(vault_file_keep(ctx, db, &again, STR("p-lin")));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(vault_file_look(ctx, db, STR("abc"), &f, &found));
        CHECK(found);
        CHECK_OK(vault_file_less(ctx, db, STR("abc")));
    }
    CHECK_OK(vault_file_look(ctx, db, STR("abc"), &f, &found));
    CHECK(!found);
    db_rollback(db);
    store_close(s);
}

TEST(vault_upload_is_bounded_by_day_and_case)
{
    struct store *s = fresh_store(t, ctx);
    struct db *db = store_writer(s);
    struct upload_left left;
    int64_t today = instant_day(ctx->world->now(ctx->world)).n;
    CHECK_OK(send(ctx, db, "u1", "p-lin", "%PDF-1.7"));
    CHECK_OK(upload_left_of(ctx, db, STR("p-lin"), &left));
    CHECK_INT(left.files, LIMIT_FILES_OF_ONE - 1);
    CHECK_INT(left.bytes, LIMIT_FILE_BYTES_OF_ONE - 8);
    CHECK_OK(vault_quota_more(
        ctx, db,
        (struct vault_quota_more_in){
            .owner = STR("p-lin"), .day = today, .files = LIMIT_FILES_OF_ONE - 1, .bytes = 0}));
    CHECK_ERR(send(ctx, db, "u2", "p-lin", "%PDF-1.7"), ERR_TOO_MANY);
    CHECK_STR(ctx->why.field, "files");
    CHECK(str_find(ctx->why.detail, STR("0 files")) != SIZE_MAX);
    CHECK_OK(send(ctx, db, "u3", "p-zhou", "%PDF-1.7"));
    CHECK_OK(vault_quota_more(ctx, db,
                              (struct vault_quota_more_in){.owner = STR("p-zhou"),
                                                           .day = today,
                                                           .files = 0,
                                                           .bytes = LIMIT_FILE_BYTES_OF_ONE - 10}));
    CHECK_ERR(send(ctx, db, "u4", "p-zhou", "%PDF-1.7"), ERR_TOO_MANY);
    CHECK(str_find(ctx->why.detail, STR("2 bytes")) != SIZE_MAX);
    CHECK_OK(vault_file_count(ctx, db, STR("c-1"), LIMIT_FILES_OF_CASE, 1));
    CHECK_ERR(vault_file_count(ctx, db, STR("c-1"), 1, 1), ERR_TOO_MANY);
    CHECK_OK(vault_file_count(ctx, db, STR("c-2"), 1, LIMIT_FILE_BYTES_OF_CASE));
    CHECK_ERR(vault_file_count(ctx, db, STR("c-2"), 1, 1), ERR_TOO_MANY);
    db_rollback(db);
    store_close(s);
}

static struct instant later;

static struct instant now_later(struct world *w)
{
    (void)w;
    return later;
}

TEST(vault_upload_that_nobody_claims_goes)
{
    struct store *s = fresh_store(t, ctx);
    struct db *db = store_writer(s);
    struct world moved = *ctx->world;
    struct attachment got;
    int64_t size = 0;
    bool found = false;
    CHECK_OK(send(ctx, db, "u1", "p-lin", "%PDF-1.7"));
    later = ctx->world->now(ctx->world);
    moved.now = now_later;
    struct ctx then = *ctx;
    then.world = &moved;
    later.ms += LIMIT_UPLOAD_WAIT_MS - 60000;
    CHECK_OK(send(&then, db, "u2", "p-lin", "%PDF-1.7"));
    CHECK_OK(upload_find(ctx, db, STR("u1"), STR("p-lin"), &got, &size, &found));
    CHECK(found);
    later.ms += 120000;
    CHECK_OK(send(&then, db, "u3", "p-lin", "%PDF-1.7"));
    CHECK_OK(upload_find(ctx, db, STR("u1"), STR("p-lin"), &got, &size, &found));
    CHECK(!found);
    CHECK_OK(upload_find(ctx, db, STR("u2"), STR("p-lin"), &got, &size, &found));
    CHECK(found);
    CHECK_ERR(vault_file_keep(ctx, db,
                              &(struct attachment){.sha256 = STR("x"), .upload = STR("u1")},
                              STR("p-lin")),
              ERR_NOT_FOUND);
    db_rollback(db);
    store_close(s);
}
