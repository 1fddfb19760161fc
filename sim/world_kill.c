/* world_kill.c - see world_kill.h. */
#include "world_kill.h"

#include <signal.h>
#include <unistd.h>

#define START_MS INT64_C(1767574800000)

static struct {
    struct world world;
    int64_t wall_ms;
    int64_t mono_ns;
    uint64_t left; /* changes to do before death, plus one; 0: no bound */
} state;

static void change(void)
{
    if (state.left > 0 && --state.left == 0) {
        kill(getpid(), SIGKILL);
    }
}

static struct instant kill_now(struct world *w UNUSED)
{
    return (struct instant){state.wall_ms};
}

static int64_t kill_mono_ns(struct world *w UNUSED)
{
    return state.mono_ns++;
}

static int kill_open(struct world *w UNUSED, const char *path, int flags, int mode)
{
    if ((flags & (WORLD_CREATE | WORLD_TRUNCATE)) != 0) {
        change();
    }
    return world_real()->open(world_real(), path, flags, mode);
}

static int64_t kill_pwrite(struct world *w UNUSED, int file, const void *bytes, size_t n,
                           int64_t at)
{
    change();
    return world_real()->pwrite(world_real(), file, bytes, n, at);
}

static int kill_sync(struct world *w UNUSED, int file)
{
    change();
    return world_real()->sync(world_real(), file);
}

static int kill_truncate(struct world *w UNUSED, int file, int64_t size)
{
    change();
    return world_real()->truncate(world_real(), file, size);
}

static int kill_remove(struct world *w UNUSED, const char *path)
{
    change();
    return world_real()->remove(world_real(), path);
}

static int kill_rename(struct world *w UNUSED, const char *from, const char *to)
{
    change();
    return world_real()->rename(world_real(), from, to);
}

static int kill_mkdir(struct world *w UNUSED, const char *path, int mode)
{
    change();
    return world_real()->mkdir(world_real(), path, mode);
}

static int kill_sync_dir(struct world *w UNUSED, const char *path)
{
    change();
    return world_real()->sync_dir(world_real(), path);
}

struct world *kill_world(void)
{
    state.world = *world_real();
    state.world.now = kill_now;
    state.world.mono_ns = kill_mono_ns;
    state.world.open = kill_open;
    state.world.pwrite = kill_pwrite;
    state.world.sync = kill_sync;
    state.world.truncate = kill_truncate;
    state.world.remove = kill_remove;
    state.world.rename = kill_rename;
    state.world.mkdir = kill_mkdir;
    state.world.sync_dir = kill_sync_dir;
    state.wall_ms = START_MS;
    state.mono_ns = 1;
    state.left = 0;
    return &state.world;
}

void kill_advance(struct world *w UNUSED, struct span by)
{
    state.wall_ms += by.ms;
    state.mono_ns += by.ms * 1000000;
}

void kill_at(struct world *w UNUSED, uint64_t nth)
{
    state.left = nth;
}
