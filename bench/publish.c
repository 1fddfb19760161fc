/* publish.c - the national pack is published again and again, each time with one file changed: what
 * a publication costs in time, and what it leaves in memory.
 *
 * Time is that of the whole act, from the draft that is tried to the commit that is told, and of
 * the first question by the new law after it. Memory is what the process holds more after the last
 * publication than after the first few, which warm it up, by publication: the change of one file is
 * one file more on the shelf, and snapshots that nobody reads go. */
#include <stdio.h>

#include "base/arena.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "book/book.h"
#include "gate/run.h"
#include "stand.h"

enum { WARM_UP = 5 };

static struct stand b;

/* The pack with one file other: so many blank lines more at its end. */
static struct law_pack_source changed(struct law_pack_source pack, int64_t round)
{
    struct arena *a = b.ctx.arena;
    struct law_file *files = ARENA_ARRAY(a, struct law_file, pack.count);
    bool edited = false;
    for (size_t i = 0; i < pack.count; i++) {
        files[i] = pack.files[i];
        if (str_equal(files[i].path, STR("act/accept.json"))) {
            struct buf text = buf_new(a, 0);
            buf_put(&text, files[i].bytes);
            for (int64_t k = 0; k < round; k++) {
                buf_byte(&text, '\n');
            }
            files[i].bytes = buf_str(&text);
            edited = true;
        }
    }
    must(edited);
    return (struct law_pack_source){files, pack.count};
}

static double publish(const struct law_pack_source *pack)
{
    struct ctx *ctx = &b.ctx;
    struct law_problems problems = {0};
    struct draft d;
    struct receipt r = {.seq = -1};
    const struct law *law = NULL;
    struct db *reader = NULL;
    stand_check(&b, store_reader(ctx, b.node.store, &reader), "reader");
    stand_check(&b, book_publish_draft(ctx, gate_book(b.node.gate), reader, pack, &d, &problems),
                "draft");
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    int64_t from = ctx->world->mono_ns(ctx->world);
    stand_check(&b, gate_submit_wait(ctx, b.node.gate, &d, &r), "publish");
    stand_check(&b, gate_law(ctx, b.node.gate, reader, &law), "law");
    double ms = (double)(ctx->world->mono_ns(ctx->world) - from) / 1e6;
    must(r.seq >= 0 && law != NULL);
    db_close(reader);
    return ms;
}

int main(int argc, char **argv)
{
    struct law_pack_source pack;
    bench_begin(argc, argv);
    int64_t rounds = bench_size(50, 3);
    double sum = 0;
    double longest = 0;
    double before = 0;
    stand_new(&b);
    stand_node(&b);
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
    stand_check(&b, law_read_folder(&b.ctx, "law/cn", &pack), "law");
    for (int64_t i = 0; i < WARM_UP + rounds; i++) {
        struct arena_mark mark = arena_mark(b.ctx.arena);
        struct law_pack_source next = changed(stand_version(&b, pack, i + 2), i + 1);
        double ms = publish(&next);
        arena_reset(b.ctx.arena, mark);
        if (i < WARM_UP) {
            before = stand_memory();
            continue;
        }
        sum += ms;
        longest = ms > longest ? ms : longest;
    }
    double more = stand_memory() - before;
    bench_report("publish.one changed file", sum / (double)rounds, "ms", 100,
                 "budget: a publication");
    bench_report("publish.one changed file, longest", longest, "ms", 100, "budget: a publication");
    bench_report("publish.memory it leaves", (more > 0 ? more : 0) / (double)rounds, "MB", 2,
                 "budget: in any number");
    gate_stop(b.node.gate);
    node_close(&b.node);
    return 0;
}
