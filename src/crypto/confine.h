/* confine.h - give up what a process will not need, for good: no new privileges, seccomp, Landlock,
 * no core.
 *
 * Stands in crypto because the key holder is shut in by it and base may call no library. Nothing
 * here can be undone: call it when all is open, before other threads start (Landlock holds for the
 * calling thread and those it makes later).
 */
#pragma once

#include "base/base.h"

struct confine {
    struct str data_dir; /* may be read and written, with all below it */
    const struct str
        *read_paths; /* files or folders that may be read; those that are not there are skipped */
    size_t read_path_count;
    const uint16_t *bind_ports; /* TCP ports that may be bound from now on */
    size_t bind_port_count;
};
/* What this kernel put in force: it may know less than we ask. */
struct confined {
    int landlock_abi; /* 0: the kernel has none, or it is off */
    bool paths;       /* only the paths given can be opened */
    bool ports;       /* only the ports given can be bound */
};
/* For a process that serves: it can run no program, trace nobody, mount, load or reboot nothing,
 * change no identity. ERR_NOT_SUPPORTED when even that cannot be had; a kernel without Landlock is
 * no fault. */
enum err confine_server(struct ctx *ctx, const struct confine *rules,
                        struct confined *ret) MUST_USE;

/* For the keeper, which forks key holders that read the keys before they are shut in further: what
 * a server may not, no socket of its own, no file opened to be written. */
bool confine_keeper(void);

/* For the key holder: read and write what is open, have memory, end; every other call answers
 * EPERM. */
bool confine_to_signing(void);
