/* world_sim.c - see world_sim.h. Inodes hold bytes and the changes not yet synced; the table of
 * names has its own list of changes not yet synced. A sync applies changes to the durable image. */
#include "world_sim.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECTOR = 512, HANDLES = 256, CHANGES_MIN = 16 };
#define START_MS INT64_C(1767574800000)

struct bytes {
    char *p;
    size_t n;
    size_t room;
};

/* A write, or a truncation (data.p == NULL) to `at`. */
struct change {
    int64_t at;
    struct bytes data;
};

struct inode {
    struct inode *next; /* of all in the world */
    bool is_dir;
    struct bytes live;
    struct bytes durable;
    struct change *changes;
    size_t change_count;
    size_t change_room;
    int exclusive; /* handle + 1 that holds the lock; 0: none */
    int shared;
    struct inode *copy; /* while the world is copied */
    bool named;         /* while it is asked which still have a name or a handle */
};

/* A name in the table; a NULL inode in a change takes the name away. A change with `from` moves a
 * directory with all below it, at once, as the system call does. */
struct name {
    char *path;
    struct inode *inode;
    char *from;
};

struct names {
    struct name *p;
    size_t n;
    size_t room;
};

struct open_file {
    struct inode *inode;
    int flags;
    bool used;
    bool shares;
};

struct fault_row {
    uint64_t at; /* call number; 0: none */
    int error;
    bool persistent;
};

struct sim {
    struct world world;
    pthread_mutex_t mutex;
    struct inode *inodes;
    struct names live;
    struct names durable;
    struct names pending; /* directory changes in order */
    struct open_file file[HANDLES];
    uint64_t calls[SIM_OP_COUNT];
    struct fault_row faults[SIM_OP_COUNT];
    bool failed;
    void (*before_change)(void *arg);
    void *before_arg;
    uint64_t stop_at;
    bool stopped;
    int64_t capacity;
    bool read_only;
    uint64_t random;
    int64_t wall_ms;
    int64_t mono_ns;
    uint64_t trace;
};

static struct sim *sim_of(const struct world *w)
{
    return w->self;
}

static void *grow(void *old, size_t size)
{
    void *p = realloc(old, size);
    must(p != NULL);
    return p;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void trace(struct sim *s, uint64_t what, int64_t result)
{
    s->trace = (s->trace ^ what) * UINT64_C(0x100000001b3);
    s->trace = (s->trace ^ (uint64_t)result) * UINT64_C(0x100000001b3);
}

/* ---- bytes ---- */

static void bytes_resize(struct bytes *b, size_t n)
{
    if (n > b->room) {
        b->room = n < 4096 ? 4096 : n * 2;
        b->p = grow(b->p, b->room);
    }
    if (n > b->n) {
        memset(b->p + b->n, 0, n - b->n);
    }
    b->n = n;
}

static void bytes_write(struct bytes *b, const void *p, size_t n, int64_t at)
{
    if ((size_t)at + n > b->n) {
        bytes_resize(b, (size_t)at + n);
    }
    if (n > 0) {
        memcpy(b->p + at, p, n);
    }
}

static struct bytes bytes_copy(const struct bytes *b)
{
    struct bytes copy = {0};
    bytes_write(&copy, b->p, b->n, 0);
    return copy;
}

static void change_apply(struct bytes *to, const struct change *c)
{
    if (c->data.p == NULL) {
        bytes_resize(to, (size_t)c->at);
    } else {
        bytes_write(to, c->data.p, c->data.n, c->at);
    }
}

static void change_add(struct inode *f, struct change c)
{
    if (f->change_count == f->change_room) {
        f->change_room = f->change_room == 0 ? CHANGES_MIN : f->change_room * 2;
        f->changes = grow(f->changes, f->change_room * sizeof(*f->changes));
    }
    f->changes[f->change_count++] = c;
    change_apply(&f->live, &c);
}

static void changes_settle(struct inode *f)
{
    for (size_t i = 0; i < f->change_count; i++) {
        change_apply(&f->durable, &f->changes[i]);
        free(f->changes[i].data.p);
    }
    f->change_count = 0;
}

/* ---- names ---- */

static size_t names_find(const struct names *t, const char *path)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->p[i].path, path) != 0) {
        i++;
    }
    return i;
}

static struct inode *names_get(const struct names *t, const char *path)
{
    size_t i = names_find(t, path);
    return i == t->n ? NULL : t->p[i].inode;
}

static void names_add(struct names *t, const char *path, struct inode *inode)
{
    if (t->n == t->room) {
        t->room = t->room == 0 ? 16 : t->room * 2;
        t->p = grow(t->p, t->room * sizeof(*t->p));
    }
    char *copy = grow(NULL, strlen(path) + 1);
    memcpy(copy, path, strlen(path) + 1);
    t->p[t->n++] = (struct name){.path = copy, .inode = inode};
}

static void names_set(struct names *t, const char *path, struct inode *inode)
{
    size_t i = names_find(t, path);
    if (i == t->n && inode != NULL) {
        names_add(t, path, inode);
    } else if (i < t->n && inode != NULL) {
        t->p[i].inode = inode;
    } else if (i < t->n) {
        free(t->p[i].path);
        t->p[i] = t->p[--t->n];
    }
}

static void names_free(struct names *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->p[i].path);
        free(t->p[i].from);
    }
    free(t->p);
}

static bool is_under(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* What lies under `from` lies under `to` from now on. */
static void names_move_below(struct name *p, size_t n, const char *from, const char *to)
{
    for (size_t i = 0; i < n; i++) {
        if (is_under(p[i].path, from)) {
            size_t size = strlen(p[i].path) + strlen(to) + 1;
            char *path = grow(NULL, size);
            snprintf(path, size, "%s%s", to, p[i].path + strlen(from));
            free(p[i].path);
            p[i].path = path;
        }
    }
}

/* Do a change of a directory, inode as in the table's world. */
static void names_apply(struct names *t, const struct name *change, struct inode *inode)
{
    if (change->from != NULL && names_get(t, change->from) != NULL) {
        names_move_below(t->p, t->n, change->from, change->path);
        names_set(t, change->from, NULL);
        names_set(t, change->path, inode);
    } else if (change->from == NULL) {
        names_set(t, change->path, inode);
    }
}

static void name_change(struct sim *s, const char *path, struct inode *inode)
{
    names_set(&s->live, path, inode);
    names_add(&s->pending, path, inode);
}

static bool is_in(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    if (strcmp(dir, ".") == 0) {
        return strchr(path, '/') == NULL;
    }
    n -= n > 0 && dir[n - 1] == '/' ? 1 : 0;
    return strncmp(path, dir, n) == 0 && path[n] == '/' && strchr(path + n + 1, '/') == NULL;
}

static bool parent_exists(const struct sim *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    char dir[1024];
    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    const struct inode *f = names_get(&s->live, dir);
    return f != NULL && f->is_dir;
}

static struct inode *inode_new(struct sim *s, bool is_dir)
{
    struct inode *f = grow(NULL, sizeof(*f));
    *f = (struct inode){.is_dir = is_dir, .next = s->inodes};
    s->inodes = f;
    return f;
}

static char *text_copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(grow(NULL, bytes), text, bytes);
}

static void inode_free(struct inode *f)
{
    for (size_t i = 0; i < f->change_count; i++) {
        free(f->changes[i].data.p);
    }
    free(f->changes);
    free(f->live.p);
    free(f->durable.p);
    free(f);
}

static void names_mark(const struct names *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->p[i].inode != NULL) {
            t->p[i].inode->named = true;
        }
    }
}

/* Set `named` of every inode: does a name, now or after a loss of power, or a handle lead to it? */
static void inodes_mark(struct sim *s)
{
    for (struct inode *f = s->inodes; f != NULL; f = f->next) {
        f->named = false;
    }
    names_mark(&s->live);
    names_mark(&s->durable);
    names_mark(&s->pending);
    for (int i = 0; i < HANDLES; i++) {
        if (s->file[i].used) {
            s->file[i].inode->named = true;
        }
    }
}

/* Whole copies of nodes come and go: what nobody can find any more is freed. */
static void inodes_sweep(struct sim *s)
{
    inodes_mark(s);
    for (struct inode **at = &s->inodes; *at != NULL;) {
        struct inode *f = *at;
        if (f->named) {
            at = &f->next;
        } else {
            *at = f->next;
            inode_free(f);
        }
    }
}

/* ---- faults ---- */

/* Count a call; the error it must answer with, or 0. */
static int call_counted(struct sim *s, enum sim_op op)
{
    struct fault_row *f = &s->faults[op];
    uint64_t n = ++s->calls[op];
    if (f->at == 0 || n < f->at || (n > f->at && !f->persistent)) {
        return 0;
    }
    s->failed = true;
    return -f->error;
}

static int call_begin(struct sim *s, enum sim_op op, bool changes)
{
    if (changes && s->before_change != NULL && !s->stopped) {
        s->before_change(s->before_arg);
    }
    if (changes && s->stop_at != 0 && s->calls[SIM_CHANGE] + 1 >= s->stop_at) {
        s->stopped = true;
    }
    if (s->stopped) {
        return -EIO;
    }
    int any = changes ? call_counted(s, SIM_CHANGE) : 0;
    int own = call_counted(s, op);
    if (own == 0 && any == 0 && changes && s->read_only && op != SIM_SYNC && op != SIM_SYNC_DIR) {
        return -EROFS;
    }
    return own != 0 ? own : any;
}

static int64_t bytes_used(const struct sim *s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s->live.n; i++) {
        n += (int64_t)s->live.p[i].inode->live.n;
    }
    return n;
}

/* ---- the table: time and chance ---- */

static struct instant sim_now(struct world *w)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct instant t = {s->wall_ms};
    pthread_mutex_unlock(&s->mutex);
    return t;
}

static int64_t sim_mono_ns(struct world *w)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int64_t ns = s->mono_ns++;
    pthread_mutex_unlock(&s->mutex);
    return ns;
}

static void sim_random(struct world *w, void *bytes, size_t n)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < n; i++) {
        ((unsigned char *)bytes)[i] = (unsigned char)next_random(&s->random);
    }
    pthread_mutex_unlock(&s->mutex);
}

/* ---- the table: files ---- */

static int handle_new(struct sim *s, struct inode *f, int flags)
{
    for (int i = 0; i < HANDLES; i++) {
        if (!s->file[i].used) {
            s->file[i] = (struct open_file){f, flags, true, false};
            return i;
        }
    }
    return -EMFILE;
}

static int open_locked(struct sim *s, const char *path, int flags)
{
    struct inode *f = names_get(&s->live, path);
    bool creates = f == NULL && (flags & WORLD_CREATE) != 0;
    int e = call_begin(s, SIM_OPEN, creates || (f != NULL && (flags & WORLD_TRUNCATE) != 0));
    if (e != 0) {
        return e;
    }
    if (f == NULL && !creates) {
        return -ENOENT;
    }
    if (f != NULL && ((flags & WORLD_EXCLUSIVE) != 0 || f->is_dir)) {
        return f->is_dir ? -EISDIR : -EEXIST;
    }
    if (s->read_only && (flags & WORLD_WRITE) != 0) {
        return -EROFS;
    }
    if (creates && !parent_exists(s, path)) {
        return -ENOENT;
    }
    if (creates) {
        f = inode_new(s, false);
        name_change(s, path, f);
    } else if ((flags & WORLD_TRUNCATE) != 0) {
        change_add(f, (struct change){.at = 0});
    }
    return handle_new(s, f, flags);
}

static int sim_open(struct world *w, const char *path, int flags, int mode)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int r = open_locked(s, path, flags);
    trace(s, SIM_OPEN + (uint64_t)mode, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static struct inode *file_of(struct sim *s, int file)
{
    must(file >= 0 && file < HANDLES && s->file[file].used);
    return s->file[file].inode;
}

static int64_t sim_pread(struct world *w, int file, void *bytes, size_t n, int64_t at)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    const struct inode *f = file_of(s, file);
    int64_t r = call_begin(s, SIM_READ, false);
    bool is_short = r == -SIM_SHORT;
    r = is_short ? 0 : r;
    if (r == 0 && at < (int64_t)f->live.n) {
        size_t left = f->live.n - (size_t)at;
        n = is_short ? (n + 1) / 2 : n;
        r = (int64_t)(n < left ? n : left);
        memcpy(bytes, f->live.p + at, (size_t)r);
    }
    trace(s, SIM_READ, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int64_t write_locked(struct sim *s, int file, const void *bytes, size_t n, int64_t at)
{
    struct inode *f = file_of(s, file);
    int e = call_begin(s, SIM_WRITE, true);
    bool is_short = e == -SIM_SHORT;
    if ((e != 0 && !is_short) || n == 0) {
        return is_short ? 0 : e;
    }
    if ((s->file[file].flags & WORLD_WRITE) == 0) {
        return -EBADF;
    }
    n = is_short ? (n + 1) / 2 : n;
    int64_t more = at + (int64_t)n - (int64_t)f->live.n;
    int64_t beyond = s->capacity == 0 || more <= 0 ? 0 : bytes_used(s) + more - s->capacity;
    if (beyond >= (int64_t)n) {
        return -ENOSPC;
    }
    n -= beyond > 0 ? (size_t)beyond : 0;
    struct change c = {.at = at};
    bytes_write(&c.data, bytes, n, 0);
    change_add(f, c);
    return (int64_t)n;
}

static int64_t sim_pwrite(struct world *w, int file, const void *bytes, size_t n, int64_t at)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int64_t r = write_locked(s, file, bytes, n, at);
    trace(s, SIM_WRITE + (uint64_t)at, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int sim_sync(struct world *w, int file)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct inode *f = file_of(s, file);
    int e = call_begin(s, SIM_SYNC, true);
    if (e == 0) {
        changes_settle(f);
    }
    trace(s, SIM_SYNC, e);
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static int sim_truncate(struct world *w, int file, int64_t size)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct inode *f = file_of(s, file);
    int e = call_begin(s, SIM_TRUNCATE, true);
    if (e == 0) {
        change_add(f, (struct change){.at = size});
    }
    trace(s, SIM_TRUNCATE, e);
    pthread_mutex_unlock(&s->mutex);
    return e;
}

static int64_t sim_size(struct world *w, int file)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int64_t n = s->stopped ? -EIO : (int64_t)file_of(s, file)->live.n;
    pthread_mutex_unlock(&s->mutex);
    return n;
}

static int sim_lock(struct world *w, int file, bool exclusive)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct inode *f = file_of(s, file);
    int r = 0;
    if ((f->exclusive != 0 && f->exclusive != file + 1) ||
        (exclusive && f->shared > s->file[file].shares)) {
        r = -EAGAIN;
    } else if (exclusive) {
        f->exclusive = file + 1;
    } else if (!s->file[file].shares) {
        s->file[file].shares = true;
        f->shared++;
    }
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int sim_close(struct world *w, int file)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct inode *f = file_of(s, file);
    f->exclusive = f->exclusive == file + 1 ? 0 : f->exclusive;
    f->shared -= s->file[file].shares;
    s->file[file].used = false;
    pthread_mutex_unlock(&s->mutex);
    return 0;
}

static int sim_remove(struct world *w, const char *path)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int r = names_get(&s->live, path) == NULL ? -ENOENT : call_begin(s, SIM_REMOVE, true);
    if (r == 0) {
        name_change(s, path, NULL);
    }
    trace(s, SIM_REMOVE, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int sim_rename(struct world *w, const char *from, const char *to)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct inode *f = names_get(&s->live, from);
    int r = f == NULL ? -ENOENT : call_begin(s, SIM_RENAME, true);
    if (r == 0) {
        if (f->is_dir) {
            struct name move = {.path = text_copy(to), .inode = f, .from = text_copy(from)};
            names_apply(&s->live, &move, f);
            names_add(&s->pending, to, f);
            s->pending.p[s->pending.n - 1].from = move.from;
            free(move.path);
        } else {
            name_change(s, to, f);
            name_change(s, from, NULL);
        }
    }
    trace(s, SIM_RENAME, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int sim_mkdir(struct world *w, const char *path, int mode)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int r = names_get(&s->live, path) != NULL ? -EEXIST : call_begin(s, SIM_MKDIR, true);
    if (r == 0 && !parent_exists(s, path)) {
        r = -ENOENT;
    }
    if (r == 0) {
        name_change(s, path, inode_new(s, true));
    }
    trace(s, SIM_MKDIR + (uint64_t)mode, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int sim_sync_dir(struct world *w, const char *path)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int r = call_begin(s, SIM_SYNC_DIR, true);
    size_t kept = 0;
    for (size_t i = 0; r == 0 && i < s->pending.n; i++) {
        struct name n = s->pending.p[i];
        if (is_in(n.path, path)) {
            names_apply(&s->durable, &n, n.inode);
            if (n.from != NULL) { /* what was changed in it before, and is not on the disk yet */
                names_move_below(s->pending.p, kept, n.from, n.path);
            }
            free(n.path);
            free(n.from);
        } else {
            s->pending.p[kept++] = n;
        }
    }
    s->pending.n = r == 0 ? kept : s->pending.n;
    inodes_sweep(s);
    trace(s, SIM_SYNC_DIR, r);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

static int sim_list(struct world *w, const char *path,
                    void (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    struct names found = {0};
    const struct inode *dir = names_get(&s->live, path);
    for (size_t i = 0; i < s->live.n; i++) {
        if (is_in(s->live.p[i].path, path)) {
            names_add(&found, strrchr(s->live.p[i].path, '/') + 1, s->live.p[i].inode);
        }
    }
    int r = s->stopped ? -EIO : dir == NULL || !dir->is_dir ? -ENOENT : 0;
    pthread_mutex_unlock(&s->mutex);
    if (found.n > 0) {
        qsort(found.p, found.n, sizeof(*found.p), by_path);
    }
    for (size_t i = 0; r == 0 && i < found.n; i++) {
        each(arg, found.p[i].path, found.p[i].inode->is_dir);
    }
    names_free(&found);
    return r;
}

static int sim_exists(struct world *w, const char *path)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    int r = s->stopped ? -EIO : names_get(&s->live, path) != NULL ? 0 : -ENOENT;
    pthread_mutex_unlock(&s->mutex);
    return r;
}

/* ---- the test's side ---- */

struct world *sim_new(uint64_t seed)
{
    struct sim *s = grow(NULL, sizeof(*s));
    *s = (struct sim){.random = seed, .wall_ms = START_MS, .trace = UINT64_C(0xcbf29ce484222325)};
    /* Recursive: sim_before_change looks from inside a call. */
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&s->mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    s->world = (struct world){
        .self = s,
        .now = sim_now,
        .mono_ns = sim_mono_ns,
        .random = sim_random,
        .open = sim_open,
        .pread = sim_pread,
        .pwrite = sim_pwrite,
        .sync = sim_sync,
        .truncate = sim_truncate,
        .size = sim_size,
        .lock = sim_lock,
        .close = sim_close,
        .remove = sim_remove,
        .rename = sim_rename,
        .mkdir = sim_mkdir,
        .sync_dir = sim_sync_dir,
        .list = sim_list,
        .exists = sim_exists,
    };
    return &s->world;
}

void sim_free(struct world *w)
{
    if (w == NULL) {
        return;
    }
    struct sim *s = sim_of(w);
    while (s->inodes != NULL) {
        struct inode *f = s->inodes;
        s->inodes = f->next;
        inode_free(f);
    }
    names_free(&s->live);
    names_free(&s->durable);
    names_free(&s->pending);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

void sim_advance(struct world *w, struct span by)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    s->wall_ms += by.ms;
    s->mono_ns += by.ms * 1000000;
    pthread_mutex_unlock(&s->mutex);
}

void sim_clock_jump(struct world *w, struct span by)
{
    struct sim *s = sim_of(w);
    pthread_mutex_lock(&s->mutex);
    s->wall_ms += by.ms;
    pthread_mutex_unlock(&s->mutex);
}

uint64_t sim_calls(const struct world *w, enum sim_op op)
{
    return sim_of(w)->calls[op];
}

void sim_fail(struct world *w, enum sim_op op, uint64_t nth, int error, bool persistent)
{
    struct sim *s = sim_of(w);
    s->failed = false;
    s->faults[op] = (struct fault_row){nth == 0 ? 0 : s->calls[op] + nth, error, persistent};
}

bool sim_failed(const struct world *w)
{
    return sim_of(w)->failed;
}

void sim_capacity(struct world *w, int64_t bytes)
{
    sim_of(w)->capacity = bytes;
}

int64_t sim_used(const struct world *w)
{
    return bytes_used(sim_of(w));
}

void sim_before_change(struct world *w, void (*fn)(void *arg), void *arg)
{
    struct sim *s = sim_of(w);
    s->before_change = fn;
    s->before_arg = arg;
}

void sim_read_only(struct world *w, bool on)
{
    sim_of(w)->read_only = on;
}

void sim_stop_at(struct world *w, uint64_t nth)
{
    struct sim *s = sim_of(w);
    s->stop_at = nth == 0 ? 0 : s->calls[SIM_CHANGE] + nth;
}

uint64_t sim_trace(const struct world *w)
{
    return sim_of(w)->trace;
}

/* ---- loss of power ---- */

static bool survives(enum sim_loss how, uint64_t *random)
{
    return how == SIM_KEEP || (how != SIM_DROP && (next_random(random) & 1) != 0);
}

static void change_survive(struct bytes *to, const struct change *c, enum sim_loss how,
                           uint64_t *random)
{
    if (how != SIM_TORN || c->data.p == NULL) {
        if (survives(how, random)) {
            change_apply(to, c);
        }
        return;
    }
    for (size_t from = 0; from < c->data.n;) {
        /* Sectors are those of the disk, not of the write. */
        size_t n = SECTOR - (size_t)((c->at + (int64_t)from) % SECTOR);
        n = n > c->data.n - from ? c->data.n - from : n;
        if (survives(how, random)) {
            bytes_write(to, c->data.p + from, n, c->at + (int64_t)from);
        }
        from += n;
    }
}

static void inode_survive(struct sim *to, struct inode *f, enum sim_loss how, uint64_t *random)
{
    struct inode *copy = inode_new(to, f->is_dir);
    copy->durable = bytes_copy(&f->durable);
    for (size_t i = 0; i < f->change_count; i++) {
        change_survive(&copy->durable, &f->changes[i], how, random);
    }
    copy->live = bytes_copy(&copy->durable);
    f->copy = copy;
}

struct world *sim_power_loss(struct world *w, uint64_t seed, enum sim_loss how)
{
    struct sim *s = sim_of(w);
    struct world *fresh = sim_new(seed);
    struct sim *to = sim_of(fresh);
    uint64_t random = seed;
    pthread_mutex_lock(&s->mutex);
    inodes_mark(s);
    for (struct inode *f = s->inodes; f != NULL; f = f->next) {
        if (f->named) {
            inode_survive(to, f, how, &random);
        }
    }
    for (size_t i = 0; i < s->durable.n; i++) {
        names_set(&to->durable, s->durable.p[i].path, s->durable.p[i].inode->copy);
    }
    size_t kept = how == SIM_KEEP ? s->pending.n
                  : how == SIM_DROP || s->pending.n == 0
                      ? 0
                      : next_random(&random) % (s->pending.n + 1);
    for (size_t i = 0; i < kept; i++) {
        struct inode *f = s->pending.p[i].inode;
        names_apply(&to->durable, &s->pending.p[i], f == NULL ? NULL : f->copy);
    }
    for (size_t i = 0; i < to->durable.n; i++) {
        names_set(&to->live, to->durable.p[i].path, to->durable.p[i].inode);
    }
    to->wall_ms = s->wall_ms;
    to->mono_ns = s->mono_ns;
    pthread_mutex_unlock(&s->mutex);
    return fresh;
}
