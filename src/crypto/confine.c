/* Giving up what is not needed. The key holder has a list of what it may (it reads one socket and
 * signs); a server a list of what it may not, since its libraries differ from release to release.
 * Landlock, where the kernel has it, leaves the node's folder and what libraries read. */
#include "crypto/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"

static bool leave_no_core(void)
{
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* ---- the key holder: a list of what it may ---- */

bool confine_to_signing(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(sendto),       SCMP_SYS(close),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),     SCMP_SYS(brk),          SCMP_SYS(munmap),
        SCMP_SYS(mremap),        SCMP_SYS(madvise),        SCMP_SYS(getrandom),    SCMP_SYS(futex),
        SCMP_SYS(clock_gettime), SCMP_SYS(sigaltstack),    SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid),
        SCMP_SYS(gettid),        SCMP_SYS(rt_sigprocmask), SCMP_SYS(tgkill)};
    static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = filter != NULL;
    for (size_t i = 0; ok && i < LEN(allowed); i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }
    for (size_t i = 0; ok && i < LEN(maps); i++) { /* memory, but none that runs */
        ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, maps[i], 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
    }
    ok = ok && leave_no_core() && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}

/* ---- a server: a list of what it may not, since its libraries differ from release to release ----
 */

static const int denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(syslog),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(personality),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(capset),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
};

/* What the keeper may not besides: it forks holders, which read keys, and hands on the ends of
 * socket pairs it makes itself. Nobody is called, and nothing on the disk changes. */
static const int denied_keeper[] = {
    SCMP_SYS(socket),    SCMP_SYS(connect),  SCMP_SYS(bind),    SCMP_SYS(listen),
    SCMP_SYS(accept),    SCMP_SYS(accept4),  SCMP_SYS(creat),   SCMP_SYS(truncate),
    SCMP_SYS(unlink),    SCMP_SYS(unlinkat), SCMP_SYS(rename),  SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link),     SCMP_SYS(linkat),  SCMP_SYS(symlink),
    SCMP_SYS(symlinkat), SCMP_SYS(mkdir),    SCMP_SYS(mkdirat), SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),  SCMP_SYS(fchownat), SCMP_SYS(chown),   SCMP_SYS(openat2),
};

static bool deny_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0) == 0;
    }
    return ok;
}

/* Files may be opened to be read. */
static bool deny_writing(scmp_filter_ctx filter)
{
    static const unsigned ways[] = {O_WRONLY, O_RDWR};
    bool ok = true;
    for (size_t i = 0; ok && i < LEN(ways); i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, ways[i])) == 0 &&
             seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, ways[i])) == 0;
    }
    return ok;
}

static bool deny_calls(bool is_keeper)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool ok = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
    ok = ok && deny_all(filter, denied, LEN(denied));
    ok = ok && (!is_keeper ||
                (deny_all(filter, denied_keeper, LEN(denied_keeper)) && deny_writing(filter)));
    /* Its flags lie in memory, out of a filter's sight; libraries then use clone, whose flags do
     * not. */
    ok = ok && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
    static const unsigned spaces[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,
                                      CLONE_NEWPID,  CLONE_NEWIPC, CLONE_NEWUTS};
    for (size_t i = 0; ok && i < LEN(spaces); i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i])) == 0;
    }
    ok = ok && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}

/* ---- Landlock: the kernel's interface by numbers, since headers know less than kernels ---- */

enum {
    LANDLOCK_NET_BIND_TCP = 1,
    LANDLOCK_NET_PORT = 2,
    FS_RIGHTS_1 = 13,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3
};

struct ruleset {
    uint64_t fs;
    uint64_t net;
};
struct port_rule {
    uint64_t rights;
    uint64_t port;
};

/* The file rights a kernel of that ABI knows: REFER came with 2, TRUNCATE with 3. */
static uint64_t fs_rights(int abi)
{
    int bits = FS_RIGHTS_1 + (abi >= 2) + (abi >= 3);
    return ((uint64_t)1 << bits) - 1;
}

static bool allow_path(int rules, struct ctx *ctx, struct str path, uint64_t rights)
{
    enum { OF_A_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 }; /* execute, write, read, truncate */
    struct stat st;
    int fd = open(str_z(ctx->arena, path), O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    struct landlock_path_beneath_attr rule = {
        .allowed_access = is_dir ? rights : rights & OF_A_FILE, .parent_fd = fd};
    bool ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return ok;
}

static bool fill_rules(struct ctx *ctx, int rules, const struct confine *c, const struct ruleset *r)
{
    uint64_t all = r->fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
    bool ok = allow_path(rules, ctx, c->data_dir, all);
    for (size_t i = 0; i < c->read_path_count; i++) {
        allow_path(rules, ctx, c->read_paths[i], FS_READ_FILE | FS_READ_DIR);
    }
    for (size_t i = 0; r->net != 0 && ok && i < c->bind_port_count; i++) {
        struct port_rule rule = {LANDLOCK_NET_BIND_TCP, c->bind_ports[i]};
        ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_NET_PORT, &rule, 0) == 0;
    }
    return ok;
}

static enum err confine_paths(struct ctx *ctx, const struct confine *c, struct confined *ret)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        return ERR_OK;
    }
    struct ruleset r = {.fs = fs_rights((int)abi), .net = abi >= 4 ? LANDLOCK_NET_BIND_TCP : 0};
    int rules =
        (int)syscall(SYS_landlock_create_ruleset, &r, abi >= 4 ? sizeof(r) : sizeof(r.fs), 0);
    bool ok = rules >= 0 && fill_rules(ctx, rules, c, &r) &&
              syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    int because = errno;
    if (rules >= 0) {
        close(rules);
    }
    if (!ok) {
        return fault(ctx, ERR_NOT_SUPPORTED, "cannot confine the process to %.*s: %s",
                     FMT(c->data_dir), strerror(because));
    }
    ret->landlock_abi = (int)abi;
    ret->paths = true;
    ret->ports = r.net != 0;
    return ERR_OK;
}

enum err confine_server(struct ctx *ctx, const struct confine *rules, struct confined *ret)
{
    struct confined done = {0};
    if (!leave_no_core()) {
        return fault(ctx, ERR_NOT_SUPPORTED, "cannot give up new privileges: %s", strerror(errno));
    }
    TRY(confine_paths(ctx, rules, &done));
    if (!deny_calls(false)) {
        return fault(ctx, ERR_NOT_SUPPORTED,
                     "cannot install the system call filter; is seccomp off in this kernel?");
    }
    *ret = done;
    return ERR_OK;
}

bool confine_keeper(void)
{
    return leave_no_core() && deny_calls(true);
}
