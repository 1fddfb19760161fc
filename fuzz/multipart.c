/* multipart - a body of multipart/form-data as it comes: first byte: how long the pieces are; the
 * rest: the body.
 *
 * Beyond not crashing it is checked that pieces of any length give the parts that the whole gives,
 * and that nothing is taken without being told: all content lies between the boundaries.
 * Built with -fsanitize=fuzzer it is a libFuzzer target; fuzz/replay.c runs it over its corpus.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum err in_pieces(struct ctx *ctx, const struct http_request *r, size_t size,
                          const struct http_parts *whole)
{
    struct multipart *m = ARENA_NEW(ctx->arena, struct multipart);
    size_t at = 0; /* in the content of the present part */
    size_t ended = 0;
    TRY(multipart_open(ctx, r, m));
    for (size_t from = 0; from < r->body.n; from += size) {
        struct str piece = str_slice(r->body, from, from + size);
        while (piece.n > 0) {
            size_t used = 0;
            enum multipart_event event = MULTIPART_MORE;
            TRY(multipart_next(ctx, m, piece, &used, &event));
            must(used <= piece.n && (used > 0 || event == MULTIPART_BYTES));
            piece = str_slice(piece, used, piece.n);
            const struct http_part *part = m->count == 0 ? NULL : &whole->parts[m->count - 1];
            if (whole->count < m->count) {
                continue; /* the whole was refused: only that both are is compared */
            }
            if (event == MULTIPART_PART) {
                must(str_equal(part->name, m->part.name) && part->is_file == m->part.is_file);
                at = 0;
            } else if (event == MULTIPART_BYTES) {
                must(str_equal(str_slice(part->bytes, at, at + m->bytes.n), m->bytes));
                at += m->bytes.n;
            } else if (event == MULTIPART_PART_END) {
                must(at == part->bytes.n);
                ended++;
            }
        }
    }
    TRY(multipart_close(ctx, m));
    must(ended == whole->count);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ctx ctx = {.arena = arena_new((size_t)1 << 28), .world = world_real()};
    struct http_pair type = {STR("content-type"), STR("multipart/form-data; boundary=B")};
    struct http_request r = {.headers = &type, .header_count = 1};
    struct http_parts whole = {0};
    must(ctx.arena != NULL);
    if (n > 0) {
        r.body = (struct str){(const char *)bytes + 1, n - 1};
        enum err e = multipart_parse(&ctx, &r, &whole);
        must(in_pieces(&ctx, &r, (size_t)bytes[0] + 1, &whole) == e);
    }
    arena_free(ctx.arena);
    return 0;
}
