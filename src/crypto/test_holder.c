/* The key holder is killed, stopped, and its keeper too: what is asked is answered in time, and no
 * answer is one to another question. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/test.h"
#include "crypto/keyholder.h"
#include "crypto/sm2.h"

enum { IN_TIME_MS = 5000, TRIES = 3000 };

struct held {
    struct keyholder *k;
    pid_t keeper;
};

/* The newest child of a process: of the keeper its holder, of this test the keeper. 0: none. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    char text[4096] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "r");
    size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);
    if (f != NULL) {
        fclose(f);
    }
    while (n > 0 && !isdigit((unsigned char)text[n - 1])) {
        text[--n] = 0;
    }
    while (n > 0 && isdigit((unsigned char)text[n - 1])) {
        n--;
    }
    return (pid_t)atoi(text + n);
}

static struct held held_start(struct test *t, struct ctx *ctx)
{
    struct held h = {0};
    char *path = str_z(ctx->arena, STR("/tmp/tongban-test-XXXXXX"));
    struct str dir = str_from(mkdtemp(path));
    CHECK_OK(keys_create(ctx, dir));
    CHECK_OK(keyholder_start(ctx, dir, &h.k));
    h.keeper = child_of(getpid());
    return h;
}

static int64_t now_ms(struct ctx *ctx)
{
    return ctx->world->mono_ns(ctx->world) / 1000000;
}

/* Sign, within the time, what is right for the text. */
static void sign_is(struct test *t, struct ctx *ctx, struct keyholder *k, enum err want)
{
    static int number;
    struct signatures s;
    int64_t from = now_ms(ctx);
    struct str text = str_format(ctx->arena, "head %d", number++);
    CHECK_ERR(keyholder_sign(ctx, k, text, &s), want);
    CHECK(now_ms(ctx) - from < IN_TIME_MS);
    CHECK(want != ERR_OK || ed25519_verify(keyholder_public(k)->ed25519, text, s.ed25519));
    CHECK(want != ERR_OK || sm2_verify(keyholder_public(k)->sm2, text, s.sm2));
}

/* "Seccomp:" in what the system tells of a process: 2 when a filter holds. */
static int filter_of(pid_t pid)
{
    char path[64];
    char line[256];
    int mode = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && mode < 0 && fgets(line, sizeof(line), f) != NULL) {
        sscanf(line, "Seccomp: %d", &mode);
    }
    if (f != NULL) {
        fclose(f);
    }
    return mode;
}

TEST(crypto_keeper_and_holder_are_shut_in)
{
    struct held h = held_start(t, ctx);
    CHECK_INT(filter_of(h.keeper), 2);
    CHECK_INT(filter_of(child_of(h.keeper)), 2);
    sign_is(t, ctx, h.k, ERR_OK);
    keyholder_stop(h.k);
}

TEST(crypto_a_holder_that_was_killed_costs_no_signature)
{
    struct held h = held_start(t, ctx);
    for (int i = 0; i < 3; i++) {
        pid_t holder = child_of(h.keeper);
        CHECK(holder > 0 && holder != h.keeper);
        kill(holder, SIGKILL);
        sign_is(t, ctx, h.k, ERR_OK);
        CHECK(child_of(h.keeper) != holder);
        CHECK_INT(keyholder_state(h.k), KEYHOLDER_WELL);
    }
    kill(child_of(h.keeper), SIGKILL);
    CHECK_OK(keyholder_watch(ctx, h.k));
    keyholder_stop(h.k);
    CHECK_INT(child_of(getpid()) == h.keeper, 0);
}

TEST(crypto_a_holder_that_hangs_is_replaced_in_time)
{
    struct held h = held_start(t, ctx);
    uint8_t token[TOKEN_SIGNATURE];
    kill(child_of(h.keeper), SIGSTOP);
    sign_is(t, ctx, h.k, ERR_OK);
    kill(child_of(h.keeper), SIGSTOP);
    CHECK_OK(keyholder_token_sign(ctx, h.k, TOKEN_ES256, 1, STR("text"), token));
    kill(child_of(h.keeper), SIGSTOP);
    CHECK_OK(keyholder_watch(ctx, h.k));
    keyholder_stop(h.k);
}

TEST(crypto_without_a_keeper_the_node_is_told_to_end)
{
    struct held h = held_start(t, ctx);
    kill(h.keeper, SIGKILL);
    for (int i = 0; i < TRIES && keyholder_watch(ctx, h.k) == ERR_OK; i++) {
        usleep(1000); /* the holder dies with it, a moment later */
    }
    sign_is(t, ctx, h.k, ERR_SIGNING);
    CHECK_INT(keyholder_state(h.k), KEYHOLDER_LOST);
    keyholder_stop(h.k);
}

TEST(crypto_a_keeper_that_hangs_is_waited_for_and_heals_later)
{
    struct held h = held_start(t, ctx);
    pid_t holder = child_of(h.keeper);
    kill(h.keeper, SIGSTOP);
    sign_is(t, ctx, h.k, ERR_OK); /* the holder is there */
    kill(holder, SIGKILL);
    sign_is(t, ctx, h.k, ERR_SIGNING);
    CHECK_INT(keyholder_state(h.k), KEYHOLDER_AWAY);
    int64_t from = now_ms(ctx);
    for (int i = 0; i < 3; i++) {
        sign_is(t, ctx, h.k, ERR_SIGNING); /* at once, while nothing is tried */
    }
    CHECK(now_ms(ctx) - from < IN_TIME_MS);
    kill(h.keeper, SIGCONT);
    enum err e = ERR_SIGNING;
    for (int i = 0; i < TRIES && e != ERR_OK; i++) {
        e = keyholder_watch(ctx, h.k);
        usleep(2000);
    }
    CHECK_OK(e);
    sign_is(t, ctx, h.k, ERR_OK);
    kill(h.keeper, SIGSTOP);
    keyholder_stop(h.k);
}
