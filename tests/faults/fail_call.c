/* fail_call.c - preloaded into the server: makes its nth system call of a kind fail, as a test says
 * through a shared file. Built and used by tests/faults.sh alone.
 *
 *   cc -shared -fPIC -o fail_call.so fail_call.c ; FAIL_CONTROL=file LD_PRELOAD=./fail_call.so
 * build/tongban demo …
 *
 * The file holds struct control. Calls are counted from the moment `call` is set, in the process
 * `pid` only (so not in the key holder, unless its pid is given). A fault is an errno; SHORT does
 * half of a transfer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
    NONE,
    ACCEPT,
    EPOLL_WAIT,
    EPOLL_CTL,
    RECV,
    SEND,
    OPEN,
    PREAD,
    PWRITE,
    SYNC,
    TRUNCATE,
    READ,
    WRITE,
    MEMORY,
    CLOSE
};
enum { SHORT = 100000 };

struct control {
    _Atomic int32_t call;
    _Atomic int32_t error;
    _Atomic int64_t nth;   /* the first that fails, 1 is the next */
    _Atomic int64_t times; /* how many fail from there on; -1: all */
    _Atomic int64_t seen;
    _Atomic int64_t met;
    _Atomic int32_t pid;
};

static struct control *control;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAIL_CONTROL");
    int fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        control = p == MAP_FAILED ? NULL : p;
        syscall(SYS_close, fd);
    }
}

/* 0, or the error this call must have. */
static int fault_of(enum call call)
{
    if (control == NULL || atomic_load(&control->call) != (int32_t)call ||
        atomic_load(&control->pid) != (int32_t)getpid()) {
        return 0;
    }
    int64_t n = atomic_fetch_add(&control->seen, 1) + 1;
    int64_t first = atomic_load(&control->nth);
    int64_t times = atomic_load(&control->times);
    if (n < first || (times >= 0 && n >= first + times)) {
        return 0;
    }
    atomic_fetch_add(&control->met, 1);
    return atomic_load(&control->error);
}

#define FAIL(call)                                                                                 \
    int e = fault_of(call);                                                                        \
    if (e != 0 && e != SHORT) {                                                                    \
        errno = e;                                                                                 \
        return -1;                                                                                 \
    }
#define HALF(n) (e == SHORT && (n) > 1 ? (n) / 2 : (n))

int accept4(int s, struct sockaddr *a, socklen_t *n, int flags)
{
    FAIL(ACCEPT);
    return (int)syscall(SYS_accept4, s, a, n, flags);
}

int epoll_wait(int p, struct epoll_event *events, int max, int timeout)
{
    FAIL(EPOLL_WAIT);
    return (int)syscall(SYS_epoll_wait, p, events, max, timeout);
}

int epoll_ctl(int p, int op, int fd, struct epoll_event *event)
{
    FAIL(EPOLL_CTL);
    return (int)syscall(SYS_epoll_ctl, p, op, fd, event);
}

ssize_t recv(int s, void *bytes, size_t n, int flags)
{
    FAIL(RECV);
    return syscall(SYS_recvfrom, s, bytes, HALF(n), flags, NULL, NULL);
}

ssize_t send(int s, const void *bytes, size_t n, int flags)
{
    FAIL(SEND);
    return syscall(SYS_sendto, s, bytes, HALF(n), flags, NULL, 0);
}

ssize_t sendmsg(int s, const struct msghdr *m, int flags)
{
    FAIL(SEND);
    if (e == SHORT && m->msg_iovlen > 0 && m->msg_iov[0].iov_len > 0) {
        return syscall(SYS_sendto, s, m->msg_iov[0].iov_base, HALF(m->msg_iov[0].iov_len), flags,
                       NULL, 0);
    }
    return syscall(SYS_sendmsg, s, m, flags);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    FAIL(OPEN);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    FAIL(PREAD);
    return syscall(SYS_pread64, fd, bytes, HALF(n), at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    FAIL(PWRITE);
    return syscall(SYS_pwrite64, fd, bytes, HALF(n), at);
}

int fdatasync(int fd)
{
    FAIL(SYNC);
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    FAIL(SYNC);
    return (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t n)
{
    FAIL(TRUNCATE);
    return (int)syscall(SYS_ftruncate, fd, n);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    FAIL(READ);
    return syscall(SYS_read, fd, bytes, HALF(n));
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    FAIL(WRITE);
    return syscall(SYS_write, fd, bytes, HALF(n));
}

int close(int fd)
{
    int e = fault_of(CLOSE); /* Linux has closed it all the same */
    int r = (int)syscall(SYS_close, fd);
    if (e != 0) {
        errno = e;
        return -1;
    }
    return r;
}

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    return fault_of(MEMORY) != 0 ? (errno = ENOMEM, NULL) : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fault_of(MEMORY) != 0 ? (errno = ENOMEM, NULL) : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fault_of(MEMORY) != 0 ? (errno = ENOMEM, NULL) : __libc_realloc(p, n);
}
