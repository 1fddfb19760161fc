/* What stands around a sign-in: what guesses are called, the queue of hashes, names, codes,
 * addresses to go on to. */
#include "base/test.h"
#include "login/login_in.h"
#include "web/qr.h"

#include <stdlib.h>

/* What a guess is called is the same in every process of a node, another for each kind and key, and
 * not to be known without the node's seal. */
TEST(login_guess_is_called_alike_in_every_process)
{
    uint8_t seal[SEAL_KEY] = {7};
    uint8_t other_seal[SEAL_KEY] = {8};
    uint8_t key[32];
    uint8_t other[32];
    guess_key(seal, key);
    guess_key(other_seal, other);
    struct guess lin = {&bound_name, STR("p-lin")};
    struct bound_try here = guess_try(key, &lin);
    struct bound_try there = guess_try(key, &lin);
    CHECK(memcmp(here.digest, there.digest, BOUND_DIGEST) == 0);
    CHECK_INT(here.burst, 10);
    const struct guess others[] = {{&bound_name, STR("p-zhou")}, {&bound_address, STR("p-lin")}};
    for (size_t i = 0; i < LEN(others); i++) {
        there = guess_try(key, &others[i]);
        CHECK(memcmp(here.digest, there.digest, BOUND_DIGEST) != 0);
    }
    there = guess_try(other, &lin);
    CHECK(memcmp(here.digest, there.digest, BOUND_DIGEST) != 0);
}

/* The key of seeds at rest is made once, by whom the node's maker asks; a process that only opens
 * the room never makes one of its own. */
TEST(login_key_is_made_by_one_and_read_by_all)
{
    char folder[] = "/tmp/tongban-login-XXXXXX";
    must(mkdtemp(folder) != NULL);
    struct str dir = str_from(folder);
    const char *path = str_format(ctx->arena, "%.*s/login.key", FMT(dir)).p;
    struct login *l = NULL;
    struct str first = {0};
    struct str second = {0};
    CHECK_ERR(login_open(ctx, dir, STR(""), &l), ERR_NOT_FOUND);
    CHECK(ctx->world->exists(ctx->world, path) != 0);
    CHECK_OK(login_make_key(ctx, dir));
    CHECK_OK(file_read(ctx, path, 4096, &first));
    CHECK_OK(login_make_key(ctx, dir));
    CHECK_OK(file_read(ctx, path, 4096, &second));
    CHECK(str_equal(first, second));
    CHECK_OK(login_open(ctx, dir, STR(""), &l));
    CHECK(memcmp(l->seal, first.p, SEAL_KEY) == 0);
    login_close(l);
    test_folder_remove(folder);
}

struct gate_job {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int done;
};

static void wait_for_gate(void *arg)
{
    struct gate_job *g = arg;
    pthread_mutex_lock(&g->lock);
    while (!g->open) {
        pthread_cond_wait(&g->changed, &g->lock);
    }
    g->done++;
    pthread_mutex_unlock(&g->lock);
}

TEST(login_pool_is_busy_beyond_its_queue_and_finishes_what_it_took)
{
    struct pool *p = ARENA_NEW(ctx->arena, struct pool);
    struct gate_job g = {.open = false};
    pthread_mutex_init(&g.lock, NULL);
    pthread_cond_init(&g.changed, NULL);
    CHECK_OK(pool_open(ctx, p, 1, LIMIT_PASSWORD_QUEUE));
    int taken = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && taken < 2 * LIMIT_PASSWORD_QUEUE + 2) {
        e = pool_submit(ctx, p, (struct pool_job){wait_for_gate, &g});
        taken += e == ERR_OK;
    }
    CHECK_INT(e, ERR_BUSY);
    CHECK(taken >= LIMIT_PASSWORD_QUEUE &&
          taken <= LIMIT_PASSWORD_QUEUE + 1); /* those that wait, and the one at work */
    pthread_mutex_lock(&g.lock);
    g.open = true;
    pthread_cond_broadcast(&g.changed);
    pthread_mutex_unlock(&g.lock);
    pool_close(p);
    CHECK_INT(g.done, taken);
    CHECK_ERR(pool_submit(ctx, p, (struct pool_job){wait_for_gate, &g}), ERR_BUSY); /* closed */
    pool_close(p);
    pthread_mutex_destroy(&g.lock);
    pthread_cond_destroy(&g.changed);
}

TEST(login_goes_on_only_to_this_site)
{
    static const char *const here[] = {"/", "/cases", "/oidc/authorize?x=1&y=%2F%2Fevil",
                                       "/en/case/bh-2026-000001"};
    static const char *const away[] = {
        "",      "cases", "//evil.example",     "/\\evil.example", "http://evil.example",
        "/a\nb", "/a\\b", "javascript:alert(1)"};
    for (size_t i = 0; i < LEN(here); i++) {
        CHECK_STR(login_next(str_from(here[i])), here[i]);
    }
    for (size_t i = 0; i < LEN(away); i++) {
        CHECK_STR(login_next(str_from(away[i])), "/");
    }
}

TEST(login_assurance_and_acr_are_one_scale)
{
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(login_assurance(login_acr(i)), i);
    }
    CHECK_STR(login_acr(0), "");
    CHECK_STR(login_acr(4), "");
    CHECK_INT(login_assurance(STR("")), 0);
    CHECK_INT(login_assurance(STR("urn:tongban:acr:4")), 0);
}

TEST(login_names_and_codes_are_compared_as_people_write_them)
{
    uint8_t a[32];
    uint8_t b[32];
    CHECK_STR(login_name(ctx->arena, STR("  Lin.ZhiXia ")), "lin.zhixia");
    CHECK_STR(login_name(ctx->arena, STR("12345678901234567890123456789012345678901")), "");
    recovery_digest(ctx->arena, STR("p-lin"), STR("ABCD-2345-WXYZ-7654"), a);
    recovery_digest(ctx->arena, STR("p-lin"), STR(" abcd2345 wxyz 7654"), b);
    CHECK(memcmp(a, b, sizeof(a)) == 0);
    recovery_digest(ctx->arena, STR("p-zhou"), STR("ABCD-2345-WXYZ-7654"), b);
    CHECK(memcmp(a, b, sizeof(a)) != 0); /* good for one owner alone */
    recovery_digest(ctx->arena, STR("p-lin"), STR("ABCD-2345-WXYZ-7653"), b);
    CHECK(memcmp(a, b, sizeof(a)) != 0);
}

TEST(login_qr_code_holds_the_uri_of_the_key)
{
    struct str uri =
        otpauth_uri(ctx->arena, STR("通办 a.example"), STR("lin zhixia"), STR("GEZDGNBVGY3TQOJQ"));
    CHECK_STR(uri, "otpauth://totp/"
                   "%E9%80%9A%E5%8A%9E%20a.example:lin%20zhixia?secret=GEZDGNBVGY3TQOJQ&issuer=%E9%"
                   "80%9A%E5%8A%9E%20a.example&algorithm=SHA1&digits=6&period=30");
    struct qr_drawing qr = qr_draw(ctx->arena, uri);
    CHECK(str_starts(qr.path, STR("M4 4h7v1h-7z"))); /* the corner mark, inside the light margin */
    CHECK(str_starts(qr.box, STR("0 0 ")) && qr.path.n < 20000);
    char longest[4000];
    memset(longest, 'x', sizeof(longest));
    CHECK_INT(qr_draw(ctx->arena, (struct str){longest, sizeof(longest)}).path.n,
              0); /* too much for any code: none is drawn */
}
