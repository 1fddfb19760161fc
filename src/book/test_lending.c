/* What is lent: found by its days, kept as long as somebody reads it, and given back by the dead.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "book/lending.h"

static const struct law *some_law(int number)
{
    static const char memory[16];
    return (const struct law *)(const void *)&memory[number];
}

TEST(lending_finds_by_publication_and_day)
{
    struct law_loans *l = NULL;
    const struct law *law = NULL;
    CHECK_OK(law_loans_new(ctx, &l));
    CHECK_INT(loans_pin(l, 0, 5, (struct day){100}, &law), -1);
    int first = loans_put(l, &(struct loan){5, {100}, {200}, some_law(1), ""});
    int other = loans_put(l, &(struct loan){5, {200}, {300}, some_law(2), ""});
    CHECK(first >= 0 && other >= 0 && first != other);
    loans_join(l, 3);
    CHECK_INT(loans_pin(l, 3, 5, (struct day){99}, &law), -1);
    CHECK_INT(loans_pin(l, 3, 6, (struct day){150}, &law), -1);
    CHECK(!loans_was_found(l, first));
    CHECK_INT(loans_pin(l, 3, 5, (struct day){199}, &law), first);
    CHECK(law == some_law(1) && loans_was_found(l, first) && !loans_was_found(l, first));
    CHECK_INT(loans_pin(l, 3, 5, (struct day){200}, &law), other);
    CHECK(law == some_law(2));
    /* Dropped: found no more, still read; its place is not for another yet. */
    loans_drop(l, first);
    CHECK(!loans_unread(l, first));
    CHECK_INT(loans_pin(l, 3, 5, (struct day){150}, &law), -1);
    CHECK(loans_put(l, &(struct loan){7, {0}, {300}, some_law(3), ""}) > other);
    loans_unpin(l, 3, first);
    CHECK(loans_unread(l, first));
    loans_forget(l, first);
    CHECK_INT(loans_put(l, &(struct loan){8, {0}, {300}, some_law(4), ""}), first);
    CHECK_INT(loans_pin(l, 3, 8, (struct day){0}, &law), first);
    CHECK(law == some_law(4));
    law_loans_free(l);
}

TEST(lending_says_that_its_list_is_full)
{
    struct law_loans *l = NULL;
    CHECK_OK(law_loans_new(ctx, &l));
    for (int i = 0; i < LOANS_MAX; i++) {
        must(loans_put(l, &(struct loan){i, {0}, {1}, some_law(0), ""}) == i);
    }
    CHECK_INT(loans_put(l, &(struct loan){LOANS_MAX, {0}, {1}, some_law(0), ""}), -1);
    law_loans_free(l);
}

TEST(lending_takes_back_what_the_dead_read)
{
    struct law_loans *l = NULL;
    int pair[2];
    int status = 0;
    char byte = 0;
    CHECK_OK(law_loans_new(ctx, &l));
    int at = loans_put(l, &(struct loan){1, {0}, {1}, some_law(1), ""});
    must(pipe(pair) == 0);
    pid_t child = fork();
    if (child == 0) {
        const struct law *law = NULL;
        must(law_loans_read_only(ctx, l) == ERR_OK);
        loans_join(l, 2);
        bool good = loans_pin(l, 2, 1, (struct day){0}, &law) == at && law == some_law(1);
        must(write(pair[1], good ? "y" : "n", 1) == 1);
        pause();
    }
    must(read(pair[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    must(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
    CHECK(!loans_unread(l, at));
    loans_join(l, 2); /* the next in its row */
    CHECK(loans_unread(l, at));
    close(pair[0]);
    close(pair[1]);
    law_loans_free(l);
}

TEST(lending_tells_what_is_wrong)
{
    struct law_loans *l = NULL;
    char text[100] = "";
    CHECK_OK(law_loans_new(ctx, &l));
    loans_join(l, 0);
    int at = loans_put(l, &(struct loan){1, {0}, {9}, some_law(1), "that of today does not load"});
    CHECK(loans_put(l, &(struct loan){1, {9}, {20}, some_law(2), ""}) > at);
    loans_alarm(l, 0, 1, (struct day){8}, text, sizeof(text));
    CHECK_STR(str_from(text), "that of today does not load");
    CHECK(loans_unread(l, at));
    loans_alarm(l, 0, 2, (struct day){8}, text, sizeof(text));
    CHECK_STR(str_from(text), "that of today does not load"); /* none such: as it was */
    loans_alarm(l, 0, 1, (struct day){9}, text, sizeof(text));
    CHECK_STR(str_from(text), "");
    law_loans_free(l);
}
