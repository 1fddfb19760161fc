/* What is put is read again, in its order and no other. */
#include "base/arena.h"
#include "base/test.h"
#include "base/wire.h"

TEST(base_wire_gives_back_what_was_put)
{
    struct buf b = buf_new(ctx->arena, 0);
    char bytes[3] = {'\0', '\xff', 'x'};
    char back[3];
    wire_put_int(&b, INT64_MIN);
    wire_put_text(&b, STR(""));
    wire_put_int(&b, -1);
    wire_put_text(&b, (struct str){bytes, sizeof(bytes)});
    wire_put_int(&b, INT64_MAX);
    struct wire w = wire_read(buf_str(&b));
    CHECK_INT(wire_int(&w), INT64_MIN);
    CHECK_INT(wire_text(&w).n, 0);
    CHECK_INT(wire_int(&w), -1);
    wire_bytes(&w, back, sizeof(back));
    CHECK(memcmp(back, bytes, sizeof(bytes)) == 0);
    CHECK_INT(wire_int(&w), INT64_MAX);
    CHECK_OK(wire_done(ctx, &w));
}

TEST(base_wire_sees_what_was_cut_or_put_otherwise)
{
    struct buf b = buf_new(ctx->arena, 0);
    wire_put_int(&b, 7);
    wire_put_text(&b, STR("seven"));
    struct str whole = buf_str(&b);
    for (size_t n = 0; n < whole.n; n++) { /* every prefix */
        struct wire w = wire_read((struct str){whole.p, n});
        wire_int(&w);
        CHECK(wire_text(&w).n == 0);
        CHECK(wire_done(ctx, &w) == ERR_CORRUPT);
    }
    struct wire w = wire_read(whole); /* another order */
    CHECK(wire_text(&w).n == 0 && wire_int(&w) == 0 && wire_done(ctx, &w) == ERR_CORRUPT);
    w = wire_read(whole); /* fewer values */
    CHECK_INT(wire_int(&w), 7);
    CHECK(wire_done(ctx, &w) == ERR_CORRUPT);
    char digest[6];
    w = wire_read(whole); /* a text of another length */
    wire_int(&w);
    wire_bytes(&w, digest, sizeof(digest));
    CHECK(digest[0] == 0 && wire_done(ctx, &w) == ERR_CORRUPT);
}
