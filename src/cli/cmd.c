/* What every command does: its help, its options, an arena with a guard, and one of four ways out:
 * 0 yes, 1 no with the reason, 2 bad usage (the help is shown, or the reason was told already). */
#include "cli/cmd.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"

enum { ARENA_BYTES = 1 << 30 };

int cmd_usage(const char *help)
{
    fputs(help, stderr);
    return 2;
}

static int run_body(struct cmd *c, int (*body)(struct cmd *c))
{
    if (setjmp(c->misused) != 0) {
        return CMD_TOLD;
    }
    c->json = cmd_flag(c, "--json");
    return body(c);
}

int cmd_run(int argc, char **argv, const char *help, int (*body)(struct cmd *c))
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
    }
    struct arena *arena = arena_new(ARENA_BYTES);
    if (arena == NULL) {
        fputs("tongban: out of memory\n", stderr);
        return 1;
    }
    struct cmd c = {.ctx = {.arena = arena, .world = world_real()}, .argc = argc, .argv = argv};
    struct arena_guard guard;
    volatile int code = 1;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        code = run_body(&c, body);
    } else {
        fputs("tongban: out of memory\n", stderr);
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return code == 2 ? cmd_usage(help) : code == CMD_TOLD ? 2 : code;
}

static void remove_args(struct cmd *c, int at, int count)
{
    for (int i = at; i + count <= c->argc; i++) {
        c->argv[i] = c->argv[i + count];
    }
    c->argc -= count;
}

static _Noreturn void misuse(struct cmd *c, const char *name, const char *next)
{
    if (next == NULL || *next == 0) {
        fprintf(stderr, "tongban: %s wants a value behind it%s\n", name,
                next == NULL ? "" : ", not an empty one");
    } else {
        fprintf(stderr, "tongban: %s wants a value behind it, not the option %s\n", name, next);
    }
    longjmp(c->misused, 1);
}

const char *cmd_option(struct cmd *c, const char *name)
{
    for (int i = 1; i < c->argc; i++) {
        if (strcmp(c->argv[i], name) == 0) {
            const char *value = i + 1 < c->argc ? c->argv[i + 1] : NULL;
            if (value == NULL || *value == 0 || strncmp(value, "--", 2) == 0) {
                misuse(c, name, value);
            }
            remove_args(c, i, 2);
            return value;
        }
    }
    return NULL;
}

bool cmd_flag(struct cmd *c, const char *name)
{
    for (int i = 1; i < c->argc; i++) {
        if (strcmp(c->argv[i], name) == 0) {
            remove_args(c, i, 1);
            return true;
        }
    }
    return false;
}

/* The world of a command that is asked about another day: all of the real one but its clock. */
struct day_world {
    struct world world; /* first: a pointer to it is one to this */
    struct instant at;
};

static struct instant now_of_day(struct world *w)
{
    return ((const struct day_world *)(void *)w)->at;
}

bool cmd_on_day(struct cmd *c, bool *ret_given)
{
    const char *text = cmd_option(c, "--on");
    struct day day;
    *ret_given = text != NULL;
    if (text == NULL) {
        return true;
    }
    if (!day_parse(str_from(text), &day)) {
        fprintf(stderr, "tongban: --on: \"%s\" is no day of the calendar: YYYY-MM-DD\n", text);
        return false;
    }
    struct day_world *w = ARENA_NEW(c->ctx.arena, struct day_world);
    w->world = *c->ctx.world;
    w->world.now = now_of_day;
    w->at = (struct instant){day_start(day).ms + (int64_t)9 * 3600 * 1000};
    c->ctx.world = &w->world;
    return true;
}

int cmd_fail(struct cmd *c)
{
    const struct why *w = &c->ctx.why;
    fputs("tongban: ", stderr);
    if (w->file.n > 0) {
        fprintf(stderr, "%.*s:%u: ", FMT(w->file), w->line);
    }
    if (w->detail.n > 0) {
        fprintf(stderr, "%.*s\n", FMT(w->detail));
    } else {
        fprintf(stderr, "%s\n", err_sentence(w->code));
    }
    return 1;
}
