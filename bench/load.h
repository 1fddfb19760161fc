/* load.h - a load generator: N keep-alive connections, each sending its next request when the last
 * is answered.
 *
 * One thread, epoll, plain HTTP/1.1 to one address. The caller makes each request and judges each
 * answer, so the same generator drives a constant page and acts through the gate. Not for hostile
 * servers.
 */
#pragma once

#include "base/base.h"

struct load {
    const char *host; /* "127.0.0.1" */
    int port;
    int connections;
    int64_t warm_ms; /* not counted */
    int64_t run_ms;
    void *arg;
    /* Write request `number` (0, 1, ...) of a connection into out; its bytes, at most max. */
    size_t (*build)(void *arg, int connection, uint64_t number, char *out, size_t max);
    /* Whether an answer is as it should be. head is the status line and headers. NULL: a status of
     * 2xx. */
    bool (*check)(void *arg, int connection, int status, struct str head, struct str body);
};

struct load_result {
    uint64_t answered; /* and right, in the counted time */
    uint64_t wrong;
    uint64_t broken; /* connections lost */
    double per_s;
    double p50_ms;
    double p99_ms;
    double max_ms;
};

/* Run it. 0, or -errno when no connection could be made. */
int load_run(const struct load *l, struct load_result *ret) MUST_USE;
