/* Numbers of FEEL: 34 digits, rounding, and where null stands for an answer that there is none to.
 */
#include <pthread.h>

#include "base/test.h"
#include "feel/feel_in.h"

/* The same number behind a pointer, so that only the long way can take it. */
static struct feel_value boxed(struct arena *a, struct feel_value v)
{
    struct decimal *d = ARENA_NEW(a, struct decimal);
    *d = feel_decimal(v);
    return (struct feel_value){.kind = FEEL_NUMBER, .boxed = true, .number = d};
}

static bool identical(struct feel_value a, struct feel_value b)
{
    struct decimal x = feel_decimal(a), y = feel_decimal(b);
    return a.kind == b.kind && x.coef == y.coef && x.exp == y.exp && x.negative == y.negative;
}

TEST(feel_numbers_come_out_the_same_on_both_ways)
{
    typedef struct feel_value operation(struct run *, const struct node *, struct feel_value,
                                        struct feel_value);
    static operation *const operations[] = {number_add, number_sub, number_mul, number_div};
    static const int64_t coefs[] = {
        0, 1, -1, 3, 10, -25, 100, 4999, 123456789, 1000000000000, INT64_MAX, -INT64_MAX};
    static const int16_t exps[] = {0, -2, 3, -20, 15};
    struct feel_env env = {0};
    struct run r = run_new(ctx, &env, NULL);
    for (size_t i = 0; i < LEN(coefs) * LEN(exps); i++) {
        for (size_t j = 0; j < LEN(coefs) * LEN(exps); j++) {
            struct feel_value a = {
                .kind = FEEL_NUMBER, .integer = coefs[i / LEN(exps)], .exp = exps[i % LEN(exps)]};
            struct feel_value b = {
                .kind = FEEL_NUMBER, .integer = coefs[j / LEN(exps)], .exp = exps[j % LEN(exps)]};
            struct feel_value long_a = boxed(ctx->arena, a), long_b = boxed(ctx->arena, b);
            for (size_t k = 0; k < LEN(operations); k++) {
                CHECK(identical(operations[k](&r, NULL, a, b),
                                operations[k](&r, NULL, long_a, long_b)));
            }
            CHECK_INT(number_compare(a, b), number_compare(long_a, long_b));
        }
    }
}

/* One program, evaluated many times in a thread with an arena of its own. */
struct job {
    const struct feel_program *program;
    int right;
};

static void *evaluate_often(void *arg)
{
    struct job *job = arg;
    struct arena *a = arena_new((size_t)1 << 20);
    for (int i = 0; i < 200; i++) {
        struct ctx own = {.arena = a};
        struct feel_value slot = feel_int(i);
        struct feel_env env = {.slots = &slot};
        struct feel_value v = feel_null();
        arena_clear(a);
        if (feel_eval(&own, job->program, &env, &v) == ERR_OK && v.integer == 3 * (int64_t)i + 3) {
            job->right++;
        }
    }
    arena_free(a);
    return NULL;
}

TEST(feel_programs_serve_many_threads)
{
    static const struct feel_member names[] = {{STR_INIT("x"), NULL}};
    const struct feel_scope scope = {.names = names, .count = 1};
    const struct feel_program *program = NULL;
    CHECK_OK(feel_compile(
        ctx, &scope,
        (struct feel_source){.text = STR("sum(for i in [1,2,3][item > 0] return x + i - 1)")},
        &program));
    struct job jobs[3];
    pthread_t threads[LEN(jobs)];
    for (size_t i = 0; i < LEN(jobs); i++) {
        jobs[i] = (struct job){program, 0};
        CHECK_INT(pthread_create(&threads[i], NULL, evaluate_often, &jobs[i]), 0);
    }
    for (size_t i = 0; i < LEN(jobs); i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(jobs[i].right, 200);
    }
}
