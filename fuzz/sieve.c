/* sieve - a JSON body with files as it comes, and what its bytes would be as a file: first byte:
 * how long the pieces are; the rest: the body.
 *
 * Beyond not crashing it is checked that pieces of any length give the text and the files that the
 * whole gives, that a body without files is its own text, and that every file has a
 * type. Built with -fsanitize=fuzzer it is a libFuzzer target; fuzz/replay.c runs it over its
 * corpus.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "vault/file.h"
#include "web/sieve.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum err sieved(struct ctx *ctx, struct str body, size_t size, struct buf *files,
                       struct str *ret_text)
{
    struct sieve *s = ARENA_NEW(ctx->arena, struct sieve);
    sieve_open(s, ctx->arena);
    for (size_t from = 0; from < body.n; from += size) {
        struct str piece = str_slice(body, from, from + size);
        while (piece.n > 0) {
            size_t used = 0;
            enum sieve_event event = SIEVE_MORE;
            TRY(sieve_next(ctx, s, piece, &used, &event));
            must(used <= piece.n && (used > 0 || event == SIEVE_BYTES));
            piece = str_slice(piece, used, piece.n);
            if (event == SIEVE_FILE) {
                buf_format(files, "[%zu:", s->field.n);
            } else if (event == SIEVE_BYTES) {
                must(s->bytes.n > 0);
                buf_put(files, s->bytes);
            } else if (event == SIEVE_FILE_END) {
                buf_byte(files, ']');
            }
        }
    }
    *ret_text = buf_str(&s->text);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ctx ctx = {.arena = arena_new((size_t)1 << 28), .world = world_real()};
    must(ctx.arena != NULL);
    if (n > 0) {
        struct str body = {(const char *)bytes + 1, n - 1};
        struct buf whole_files = buf_new(ctx.arena, 0);
        struct buf files = buf_new(ctx.arena, 0);
        struct str whole = {0};
        struct str text = {0};
        enum err e = sieved(&ctx, body, body.n + 1, &whole_files, &whole);
        must(sieved(&ctx, body, (size_t)bytes[0] + 1, &files, &text) == e);
        must(e != ERR_OK ||
             (str_equal(text, whole) && str_equal(buf_str(&files), buf_str(&whole_files)) &&
              (whole_files.n > 0 || str_equal(whole, body))));
        must(file_type_of(body).n > 0);
        must(file_is_called(file_type_of(body), file_type_of(body)));
        must(file_is_called(STR("text/plain"), file_type_by_name(body)) ||
             file_type_by_name(body).n > 0);
    }
    arena_free(ctx.arena);
    return 0;
}
