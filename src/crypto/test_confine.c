/* What a confined process tries in vain: each row runs in a child of its own, confined first. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "crypto/confine.h"

static char folder[] = "/tmp/tongban-test-XXXXXX";
static char inside[64];
static uint16_t open_port;

static int of(long result)
{
    return result < 0 ? errno : 0;
}

/* ---- what is tried: 0 when it went well, else errno ---- */

static int try_exec(void)
{
    char *none[] = {NULL};
    return of(execve("/bin/true", none, none));
}

static int try_ptrace(void)
{
    return of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_mount(void)
{
    return of(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static int try_unshare(void)
{
    return of(unshare(CLONE_NEWUSER));
}

static int try_new_user_space(void)
{
    return of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int try_setuid(void)
{
    return of(setuid(65534));
}

static int try_bpf(void)
{
    return of(syscall(SYS_bpf, 0, NULL, 0));
}

static int try_io_uring(void)
{
    return of(syscall(SYS_io_uring_setup, 8, NULL));
}

static int try_open(void)
{
    return of(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
}

static int try_open_elsewhere(void)
{
    return of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_create_inside(void)
{
    return of(open(inside, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static int try_socket(void)
{
    return of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_pair(void)
{
    int pair[2];
    return of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static int try_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return of(child);
}

static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? errno
               : 0;
}

static int try_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? errno
               : 0;
}

static int bind_to(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return of(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int try_bind(void)
{
    return bind_to(open_port);
}

static int try_bind_another(void)
{
    return bind_to((uint16_t)(open_port + 1));
}

static void *nothing(void *arg)
{
    return arg;
}

static int try_thread(void)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, nothing, NULL);
    return failed != 0 ? failed : pthread_join(thread, NULL);
}

static int try_core(void)
{
    struct rlimit r;
    bool none = getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 &&
                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return none ? EPERM : 0;
}

/* ---- confined, then tried ---- */

enum shell { FREE, SIGNING, KEEPER, SERVER };

static struct confined server_shell(void)
{
    struct ctx ctx = {.arena = arena_new(1 << 20), .world = world_real()};
    struct str may_read[] = {STR("/etc/hostname"), STR("/no/such/path")};
    struct confine rules = {.data_dir = str_from(folder),
                            .read_paths = may_read,
                            .read_path_count = LEN(may_read),
                            .bind_ports = &open_port,
                            .bind_port_count = 1};
    struct confined done = {0};
    if (confine_server(&ctx, &rules, &done) != ERR_OK) {
        _exit(255);
    }
    return done;
}

static int outcome(enum shell shell, int (*attempt)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (shell == SERVER) {
            server_shell();
        }
        if (shell == KEEPER && !confine_keeper()) {
            _exit(255);
        }
        if (shell == SIGNING && !confine_to_signing()) {
            _exit(255);
        }
        _exit(attempt());
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

enum rule { ALWAYS, PATHS, PORTS };

static const struct {
    const char *name;
    enum shell shell;
    int (*attempt)(void);
    int want;       /* errno; 0: allowed */
    enum rule rule; /* what the kernel must know for it */
} rows[] = {
    {"signing: open", SIGNING, try_open, EPERM, ALWAYS},
    {"signing: socket", SIGNING, try_socket, EPERM, ALWAYS},
    {"signing: exec", SIGNING, try_exec, EPERM, ALWAYS},
    {"signing: fork", SIGNING, try_fork, EPERM, ALWAYS},
    {"signing: ptrace", SIGNING, try_ptrace, EPERM, ALWAYS},
    {"signing: memory that runs", SIGNING, try_code, EPERM, ALWAYS},
    {"signing: memory", SIGNING, try_memory, 0, ALWAYS},
    {"keeper: exec", KEEPER, try_exec, EPERM, ALWAYS},
    {"keeper: ptrace", KEEPER, try_ptrace, EPERM, ALWAYS},
    {"keeper: setuid", KEEPER, try_setuid, EPERM, ALWAYS},
    {"keeper: socket", KEEPER, try_socket, EPERM, ALWAYS},
    {"keeper: open to write", KEEPER, try_create_inside, EPERM, ALWAYS},
    {"keeper: open to read", KEEPER, try_open, 0, ALWAYS},
    {"keeper: fork", KEEPER, try_fork, 0, ALWAYS},
    {"keeper: socket pair", KEEPER, try_pair, 0, ALWAYS},
    {"keeper: core", KEEPER, try_core, EPERM, ALWAYS},
    {"server: exec", SERVER, try_exec, EPERM, ALWAYS},
    {"server: ptrace", SERVER, try_ptrace, EPERM, ALWAYS},
    {"server: mount", SERVER, try_mount, EPERM, ALWAYS},
    {"server: unshare", SERVER, try_unshare, EPERM, ALWAYS},
    {"server: clone into a new user space", SERVER, try_new_user_space, EPERM, ALWAYS},
    {"server: setuid", SERVER, try_setuid, EPERM, ALWAYS},
    {"server: bpf", SERVER, try_bpf, EPERM, ALWAYS},
    {"server: io_uring", SERVER, try_io_uring, EPERM, ALWAYS},
    {"server: core", SERVER, try_core, EPERM, ALWAYS},
    {"server: thread", SERVER, try_thread, 0, ALWAYS},
    {"server: create inside", SERVER, try_create_inside, 0, ALWAYS},
    {"server: open what was named", SERVER, try_open, 0, ALWAYS},
    {"server: open elsewhere", SERVER, try_open_elsewhere, EACCES, PATHS},
    {"server: bind", SERVER, try_bind, 0, ALWAYS},
    {"server: bind another", SERVER, try_bind_another, EACCES, PORTS},
};

static int has_paths(void)
{
    return server_shell().paths;
}

static int has_ports(void)
{
    return server_shell().ports;
}

TEST(crypto_confined_processes_are_refused)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(inside, sizeof(inside), "%s/file", folder);
    open_port = (uint16_t)(20000 + getpid() % 20000);
    const bool known[] = {[ALWAYS] = true,
                          [PATHS] = outcome(FREE, has_paths) == 1,
                          [PORTS] = outcome(FREE, has_ports) == 1};
    for (size_t i = 0; i < LEN(rows); i++) {
        if (known[rows[i].rule]) {
            int got = outcome(rows[i].shell, rows[i].attempt);
            test_check(t, got == rows[i].want,
                       str_format(ctx->arena, "%s: got %d", rows[i].name, got).p, __FILE__,
                       __LINE__);
        }
    }
    CHECK_INT(outcome(FREE, try_open_elsewhere), 0); /* the attempts themselves can succeed */
    CHECK_INT(outcome(FREE, try_core), 0);
    unlink(inside);
    rmdir(folder);
}
