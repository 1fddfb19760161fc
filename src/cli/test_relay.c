/* A gate that writes and a gate of a front on one store, with a socket between: what goes through
 * it is told once and comes out as it would alone, however much, however large, and when it ends.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json_make.h"
#include "base/link.h"
#include "base/test.h"
#include "book/book.h"
#include "cli/rooms.h"
#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/keyholder.h"
#include "gate/gate.h"
#include "gate/run.h"
#include "gate/post.h"
#include "gate/relay.h"
#include "line/line.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "store/share.h"

struct pair {
    struct store_share *share;
    struct law_loans *loans; /* NULL: the front links its own law */
    char dir[40];
    struct store *store; /* of the one that writes */
    struct store *beside;
    struct keyholder *keys;
    struct gate *writer;
    struct gate *front;
    struct relay *relay;
    bool plays_writer; /* no relay: the test itself answers what comes at `end` */
    int end;
};

static void publish(struct test *t, struct ctx *ctx, struct gate *g, struct db *db,
                    const char *folder)
{
    struct law_pack_source pack;
    struct law_problems problems = {0};
    struct draft d;
    struct receipt r = {0};
    CHECK_OK(law_read_folder(ctx, folder, &pack));
    CHECK_OK(book_publish_draft(ctx, gate_book(g), db, &pack, &d, &problems));
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    CHECK_OK(gate_submit_wait(ctx, g, &d, &r));
    CHECK(r.verdict.admitted);
}

static void pair_open(struct test *t, struct ctx *ctx, struct pair *p)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t secret[32] = {2};
    int ends[2];
    *p = (struct pair){
        .dir = "/tmp/tongban-relay-XXXXXX", .loans = p->loans, .plays_writer = p->plays_writer};
    must(mkdtemp(p->dir) != NULL && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct str dir = str_from(p->dir);
    CHECK_OK(store_share_new(ctx, &p->share));
    CHECK_OK(store_open_shared(ctx, dir, STORE_CREATE, p->share, &p->store));
    CHECK_OK(store_migrate(ctx, p->store));
    CHECK_OK(keyholder_in_memory(ctx, seed, secret, &p->keys));
    struct gate_config config = {
        .store = p->store, .keys = p->keys, .origin = STR("relay.example/bh"), .node = STR("bh")};
    config.loans = p->plays_writer ? NULL : p->loans; /* who plays it lends nothing */
    config.rooms = rooms_projectors(&config.room_count);
    CHECK_OK(gate_new(ctx, &config, &p->writer));
    publish(t, ctx, p->writer, store_writer(p->store), "law/cn");
    CHECK_OK(store_open_shared(ctx, dir, STORE_BESIDE, p->share, &p->beside));
    config.store = p->beside;
    config.keys = NULL;
    config.loans = p->loans;
    config.socket = ends[0];
    CHECK_OK(gate_new(ctx, &config, &p->front));
    CHECK_OK(relay_new(ctx, p->writer, &p->relay));
    p->end = ends[1];
    if (!p->plays_writer) {
        CHECK_OK(relay_add(ctx, p->relay, ends[1]));
    }
    CHECK_OK(gate_start(ctx, p->front));
}

static void pair_start(struct test *t, struct ctx *ctx, struct pair *p)
{
    CHECK_OK(gate_start(ctx, p->writer));
    CHECK_OK(relay_start(ctx, p->relay));
}

static void pair_close(struct pair *p)
{
    gate_close(p->front);
    store_close(p->beside);
    relay_stop(p->relay);
    gate_stop(p->writer);
    relay_free(p->relay);
    gate_close(p->writer);
    store_close(p->store);
    store_share_free(p->share);
    test_folder_remove(p->dir);
}

static struct draft party(struct ctx *ctx, int number)
{
    struct draft d = {.kind = STR("register-party"),
                      .actor = {.kind = ACTOR_NODE, .assurance = 2},
                      .fields = json_object()};
    struct str id = str_format(ctx->arena, "p-%d", number);
    json_set(ctx->arena, &d.fields, STR("party.id"), json_of_str(id));
    json_set(ctx->arena, &d.fields, STR("party.kind"), json_of_str(STR("person")));
    return d;
}

/* What was told of many. */
struct heard {
    atomic_int admitted;
    atomic_int refused;
    atomic_int failed;
    atomic_int with_article;
    _Atomic(enum err) err;
};

static void hear(void *arg, enum err err, const struct why *why UNUSED,
                 const struct receipt *receipt)
{
    struct heard *h = arg;
    if (err != ERR_OK) {
        atomic_store(&h->err, err);
        atomic_fetch_add(&h->failed, 1);
    } else if (receipt->verdict.admitted) {
        atomic_fetch_add(&h->admitted, receipt->seq >= 0 && receipt->tree_size > receipt->seq);
    } else {
        atomic_fetch_add(&h->with_article, receipt->verdict.article.statute != NULL);
        atomic_fetch_add(&h->refused, 1);
    }
}

static bool comes_to(atomic_int *n, int wanted)
{
    for (int i = 0; i < 3000 && atomic_load(n) < wanted; i++) {
        usleep(10000);
    }
    return atomic_load(n) == wanted;
}

TEST(relay_tells_each_draft_once)
{
    enum { MANY = 400 };
    struct pair p = {0};
    struct heard h = {0};
    pair_open(t, ctx, &p);
    pair_start(t, ctx, &p);
    for (int i = 0; i < MANY; i++) {
        struct draft d = party(ctx, i);
        if (i % 4 == 3) { /* the law lets no party do that */
            d.actor = (struct actor){.kind = ACTOR_PARTY, .id = STR("p-0"), .assurance = 2};
        }
        CHECK_OK(gate_submit(ctx, p.front, &d, hear, &h));
    }
    CHECK(comes_to(&h.admitted, 300) && comes_to(&h.refused, MANY - 300));
    CHECK_INT(atomic_load(&h.failed), 0);
    CHECK_INT(atomic_load(&h.with_article), MANY - 300);
    /* The same answer as the gate that writes gives itself. */
    struct receipt here = {0};
    struct receipt there = {0};
    struct draft d = party(ctx, 1000);
    d.key = STR("once");
    gate_turned(p.front); /* whoever waits in a turn sends first */
    CHECK_OK(gate_submit_wait(ctx, p.front, &d, &there));
    CHECK_OK(gate_submit_wait(ctx, p.writer, &d, &here));
    CHECK(here.repeated && !there.repeated && here.seq == there.seq && here.at.ms == there.at.ms);
    CHECK(memcmp(here.leaf_hash, there.leaf_hash, 32) == 0);
    pair_close(&p);
}

static size_t items_now(struct test *t, struct ctx *ctx, struct pair *p)
{
    struct db *db = NULL;
    const struct law *law = NULL;
    size_t count = 0;
    CHECK_OK(store_reader(ctx, p->beside, &db));
    CHECK_OK(gate_law(ctx, p->front, db, &law));
    if (law != NULL) {
        law_items(law, &count);
    }
    db_close(db);
    return count;
}

TEST(relay_fronts_see_law_that_is_published)
{
    struct pair p = {0};
    pair_open(t, ctx, &p);
    CHECK_INT(items_now(t, ctx, &p), 0); /* the national pack has none of its own */
    publish(t, ctx, p.writer, store_writer(p.store), "law/cn-990101");
    CHECK(items_now(t, ctx, &p) > 0);
    pair_close(&p);
}

static void free_loans(void *loans)
{
    law_loans_free(loans);
}

/* They go after everything that is asked on ctx. */
static void lend(struct test *t, struct ctx *ctx, struct pair *p)
{
    CHECK_OK(law_loans_new(ctx, &p->loans));
    arena_defer(ctx->arena, free_loans, p->loans);
}

/* The law of a gate, on an arena of its own so that it can be let go of. */
static const struct law *law_of(struct test *t, struct ctx *ctx, struct gate *g,
                                struct store *store, struct arena **ret)
{
    struct db *db = NULL;
    const struct law *law = NULL;
    struct ctx own = {.arena = arena_new(1 << 20), .world = ctx->world};
    must(own.arena != NULL);
    CHECK_OK(store_reader(ctx, store, &db));
    CHECK_OK(gate_law(&own, g, db, &law));
    db_close(db);
    *ret = own.arena;
    return law;
}

static bool comes_to_be_unread(const struct law_loans *l, int at)
{
    for (int i = 0; i < 500 && !loans_unread(l, at); i++) {
        usleep(10000);
    }
    return loans_unread(l, at);
}

/* A front reads the very memory that the writer's process linked; it keeps it as long as it reads;
 * and what it is asked for the first time is linked there, not here. */
TEST(relay_fronts_read_the_law_that_is_lent)
{
    struct pair p = {0};
    struct arena *a[3];
    lend(t, ctx, &p);
    pair_open(t, ctx, &p);
    pair_start(t, ctx, &p);
    const struct law *front = law_of(t, ctx, p.front, p.beside, &a[0]);
    const struct law *writer = law_of(t, ctx, p.writer, p.store, &a[1]);
    CHECK(front != NULL && front == writer);
    CHECK(!loans_unread(p.loans, 0));
    publish(t, ctx, p.writer, store_writer(p.store), "law/cn-990101");
    const struct law *next = law_of(t, ctx, p.front, p.beside, &a[2]);
    size_t count = 0;
    CHECK(next != NULL && next != front && law_items(next, &count) != NULL && count > 0);
    CHECK(law_act(front, STR("publish-law")) != NULL); /* still there */
    for (size_t i = 0; i < LEN(a); i++) {
        arena_free(a[i]);
    }
    CHECK(comes_to_be_unread(p.loans, 0) && comes_to_be_unread(p.loans, 1));
    pair_close(&p);
}

/* When there is nobody to lend, a front links for itself. */
TEST(relay_fronts_link_law_when_the_writer_is_gone)
{
    struct pair p = {0};
    struct arena *a[2];
    lend(t, ctx, &p);
    pair_open(t, ctx, &p);
    relay_free(p.relay);
    p.relay = NULL;
    const struct law *front = law_of(t, ctx, p.front, p.beside, &a[0]);
    const struct law *writer = law_of(t, ctx, p.writer, p.store, &a[1]);
    CHECK(front != NULL && writer != NULL);
    CHECK(law_act(front, STR("publish-law")) != NULL);
    arena_free(a[0]);
    arena_free(a[1]);
    pair_close(&p);
}

/* ---- a writer that is slow, played by the test ---- */

struct asked {
    struct arena *arena;
    struct link_head head[64];
    int count;
};

static char *asked_room(void *arg, const struct link_head *head, void **ret_own)
{
    const struct asked *a = arg;
    *ret_own = NULL;
    return arena_push_bytes(a->arena, head->bytes + 1);
}

static void asked_whole(void *arg, const struct link_head *head, char *body UNUSED,
                        void *own UNUSED)
{
    struct asked *a = arg;
    must(a->count < (int)LEN(a->head));
    a->head[a->count++] = *head;
}

static void put_answer(struct buf *b, void *arg)
{
    post_put_answer(b, arg);
}

static void answer(struct test *t, struct link *l, const struct link_head *to, int64_t seq)
{
    struct post_answer a = {.err = ERR_OK, .receipt = {.seq = seq, .tree_size = seq + 1}};
    a.receipt.verdict.admitted = seq >= 0;
    CHECK(link_put(l, to->kind, to->id, put_answer, &a) && link_flush(l));
}

/* A front that waited for law long enough goes on without; when the answer comes after all, it is
 * nobody's: not that of the draft which was put in its place. */
TEST(relay_fronts_take_no_late_answer_for_another)
{
    struct pair p = {.plays_writer = true};
    struct asked asked = {.arena = ctx->arena};
    struct link_taker taker = {&asked, asked_room, asked_whole, NULL};
    struct heard h = {0};
    struct link link;
    struct arena *of_law = NULL;
    lend(t, ctx, &p);
    pair_open(t, ctx, &p);
    CHECK_OK(link_open(ctx, &link, p.end, 1 << 20));
    CHECK(law_of(t, ctx, p.front, p.beside, &of_law) != NULL);
    struct draft d = party(ctx, 1);
    CHECK_OK(gate_submit(ctx, p.front, &d, hear, &h));
    for (int i = 0; i < 500 && asked.count < 2; i++) {
        CHECK(link_read(&link, &taker));
        usleep(10000);
    }
    CHECK_INT(asked.count, 2);
    answer(t, &link, &asked.head[0], -1);
    answer(t, &link, &asked.head[1], 7);
    CHECK(comes_to(&h.admitted, 1));
    CHECK_INT(atomic_load(&h.refused), 0);
    arena_free(of_law);
    link_close(&link);
    pair_close(&p);
}

/* What a loop submits in a turn is sent at its end, together. */
TEST(relay_fronts_send_at_the_end_of_a_turn)
{
    enum { A_TURN = 3, TURNS = 20 };
    struct pair p = {.plays_writer = true};
    struct asked asked = {.arena = ctx->arena};
    struct link_taker taker = {&asked, asked_room, asked_whole, NULL};
    struct heard h = {0};
    struct link link;
    int together = 0;
    pair_open(t, ctx, &p);
    CHECK_OK(link_open(ctx, &link, p.end, 1 << 20));
    gate_turned(p.front);
    for (int turn = 0; turn < TURNS; turn++) {
        int before = asked.count;
        for (int i = 0; i < A_TURN; i++) {
            struct draft d = party(ctx, i);
            CHECK_OK(gate_submit(ctx, p.front, &d, hear, &h));
        }
        usleep(1000);
        CHECK(link_read(&link, &taker));
        /* Not each time: the thread that hears sends what is there whenever it wakes. */
        together += asked.count == before;
        gate_turned(p.front);
        CHECK(link_read(&link, &taker));
        CHECK_INT(asked.count, before + A_TURN);
        for (int i = 0; i < A_TURN; i++) {
            answer(t, &link, &asked.head[before + i], i);
        }
        CHECK(comes_to(&h.admitted, before + A_TURN));
    }
    CHECK(together > 0);
    link_close(&link);
    pair_close(&p);
}

TEST(relay_carries_large_drafts)
{
    enum { LARGE = 12 << 20 };
    struct pair p = {0};
    struct receipt r = {0};
    pair_open(t, ctx, &p);
    pair_start(t, ctx, &p);
    struct draft d = party(ctx, 1);
    struct attachment file = {.sha256 = STR("00"),
                              .type = STR("application/pdf"),
                              .bytes = {arena_push_bytes(ctx->arena, LARGE), LARGE}};
    d.attachments = &file;
    d.attachment_count = 1;
    CHECK_OK(gate_submit_wait(ctx, p.front, &d, &r));
    CHECK(r.verdict.code.n > 0 || r.verdict.admitted); /* whatever the law says, it was asked */
    pair_close(&p);
}

TEST(relay_is_busy_when_too_much_waits)
{
    struct pair p = {0};
    struct heard h = {0};
    pair_open(t, ctx, &p); /* nobody reads at the other end */
    struct draft d = party(ctx, 1);
    int taken = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && taken <= LIMIT_WRITER_QUEUE) {
        e = gate_submit(ctx, p.front, &d, hear, &h);
        taken += e == ERR_OK;
    }
    CHECK_INT(e, ERR_BUSY);
    CHECK_INT(taken, LIMIT_WRITER_QUEUE);
    pair_start(t, ctx, &p);
    CHECK(comes_to(&h.admitted, taken));
    pair_close(&p);
}

static bool comes_to_have(const struct gate *g, bool has)
{
    for (int i = 0; i < 1000 && gate_has_writer(g) != has; i++) {
        usleep(10000);
    }
    return gate_has_writer(g) == has;
}

/* The way to the writer ends and there is another: what was open is told so, once, and what comes
 * after goes the new way. */
TEST(relay_fronts_go_on_with_another_socket)
{
    struct pair p = {0};
    struct heard h = {0};
    pair_open(t, ctx, &p);
    struct draft d = party(ctx, 1);
    for (int i = 0; i < 5; i++) { /* the writer's process does not run yet */
        CHECK_OK(gate_submit(ctx, p.front, &d, hear, &h));
    }
    for (int round = 0; round < 3; round++) {
        int ends[2];
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        must(shutdown(p.end, SHUT_RDWR) == 0);
        CHECK(comes_to_have(p.front, false) && comes_to(&h.failed, 5));
        CHECK_ERR(gate_submit(ctx, p.front, &d, hear, &h), ERR_NO_WRITER);
        CHECK_OK(relay_add_far(ctx, p.relay, ends[1]));
        gate_rejoin(p.front, ends[0]);
        CHECK(comes_to_have(p.front, true));
        p.end = ends[1];
    }
    pair_start(t, ctx, &p);
    struct receipt r = {0};
    d.key = STR("once");
    CHECK_OK(gate_submit_wait(ctx, p.front, &d, &r));
    CHECK(r.verdict.admitted && !r.repeated);
    struct receipt again = {0};
    CHECK_OK(gate_submit_wait(ctx, p.front, &d, &again));
    CHECK(again.repeated && again.seq == r.seq);
    CHECK_INT(atomic_load(&h.failed), 5);
    pair_close(&p);
}

/* What goes over a line between two machines is what its version says. When this fails, what is
 * sent has changed: raise LINE_PROTOCOL (line/line.h), and put here what it is now. */
TEST(relay_says_what_the_version_of_its_protocol_says)
{
    struct buf b = buf_new(ctx->arena, 0);
    struct draft d = party(ctx, 7);
    struct attachment file = {STR("ab"), STR("text/plain"), STR("a.txt"), STR("bytes"), STR("u-1")};
    struct post_answer a = {.err = ERR_REFUSED, .detail = STR("detail"), .field = STR("field")};
    struct verdict *v = &a.receipt.verdict;
    uint8_t digest[32];
    d.actor = (struct actor){ACTOR_OFFICER, STR("o"), STR("for"), STR("co"), 2, {5}, STR("role")};
    d.item = STR("item");
    d.office = STR("office");
    d.case_id = STR("case");
    d.key = STR("key");
    d.timer = STR("timer");
    d.consent = (struct consent){STR("ab"), STR("cd"), {3}, 2, {4}};
    d.attachments = &file;
    d.attachment_count = 1;
    *v = (struct verdict){.check = STR("check"),
                          .code = STR("code"),
                          .sentence = {STR("zh"), STR("en")},
                          .field = STR("fact"),
                          .article = {.text = STR("article"), .part = STR("part")}};
    a.receipt.seq = 9;
    a.receipt.tree_size = 10;
    a.receipt.case_id = STR("case");
    a.receipt.at.ms = 11;
    a.receipt.due_limit = STR("limit");
    a.receipt.due_day.n = 12;
    a.receipt.next = STR("next");
    a.receipt.kept = STR("kept");
    post_put_task(&b, &(struct post_task){&d, STR("op"), STR("payload")});
    post_put_law(&b, &(struct post_law){13, {14}});
    post_put_answer(&b, &a);
    for (int e = 0; e < ERR_COUNT; e++) {
        buf_puts(&b, err_name((enum err)e));
    }
    sha256(b.p, b.n, digest);
    CHECK_INT(LINE_PROTOCOL, 2);
    CHECK_STR(hex_encode(ctx->arena, digest, 8), "38960b090dc19e88");
}

/* A front of another machine hears how many publications there are: when it joins, and of each. */
TEST(relay_tells_far_fronts_of_law)
{
    struct pair p = {0};
    int ends[2];
    pair_open(t, ctx, &p);
    pair_start(t, ctx, &p);
    store_tell(p.beside, STORE_WORD_LAW, 99); /* this one shares the memory: as if it did not */
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    must(shutdown(p.end, SHUT_RDWR) == 0);
    CHECK(comes_to_have(p.front, false));
    store_tell(p.store, STORE_WORD_LAW, 1);
    CHECK_OK(relay_add_far(ctx, p.relay, ends[1]));
    store_tell(p.beside, STORE_WORD_LAW, 99);
    gate_rejoin(p.front, ends[0]);
    for (int i = 0; i < 1000 && store_told(p.beside, STORE_WORD_LAW) != 1; i++) {
        usleep(10000);
    }
    CHECK_INT(store_told(p.beside, STORE_WORD_LAW), 1);
    pair_close(&p);
}

TEST(relay_tells_when_the_writer_is_gone)
{
    struct pair p = {0};
    struct heard h = {0};
    pair_open(t, ctx, &p);
    struct draft d = party(ctx, 1);
    for (int i = 0; i < 5; i++) {
        CHECK_OK(gate_submit(ctx, p.front, &d, hear, &h));
    }
    CHECK(gate_has_writer(p.front) && gate_has_writer(p.writer));
    relay_free(p.relay); /* its end of the socket goes with it */
    p.relay = NULL;
    CHECK(comes_to(&h.failed, 5) && atomic_load(&h.err) == ERR_NO_WRITER);
    CHECK_ERR(gate_submit(ctx, p.front, &d, hear, &h), ERR_NO_WRITER);
    CHECK(!gate_has_writer(p.front));
    pair_close(&p);
}
