/* net.h - what the network can do: the only way the server reaches sockets, polling and wake-ups.
 *
 * The real one is net_real.c; tests put one in between that fails, shortens and delays; a simulator
 * may stand in whole. Handles are small numbers of the table's own. Results are 0 or more on
 * success and -errno on failure; every call may answer -EINTR, -EAGAIN where it would block, and
 * fewer bytes than asked for.
 */
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/base.h"

enum http_ready { HTTP_READABLE = 1, HTTP_WRITABLE = 2, HTTP_BROKEN = 4 };

struct http_ready_event {
    void *data;
    unsigned ready; /* enum http_ready */
};

struct http_net {
    void *self;
    /* A listening socket; shared = other sockets of this process may listen there too. */
    int (*listen)(const struct http_net *n, const struct sockaddr *address, socklen_t bytes,
                  bool shared);
    int (*local_address)(const struct http_net *n, int socket, struct sockaddr_storage *ret);
    int (*accept)(const struct http_net *n, int listener, struct sockaddr_storage *ret_peer);
    int64_t (*recv)(const struct http_net *n, int socket, void *bytes, size_t max);
    int64_t (*send)(const struct http_net *n, int socket, const struct iovec *parts, int count);
    int (*end_sending)(const struct http_net *n, int socket);
    int (*close)(const struct http_net *n, int handle);
    /* A handle held only to be given up when handles run out. */
    int (*reserve)(const struct http_net *n);
    /* Level-triggered readiness. want: enum http_ready; was_added: change instead of add. */
    int (*poll_new)(const struct http_net *n);
    int (*poll_set)(const struct http_net *n, int poll, int handle, unsigned want, void *data,
                    bool was_added);
    int (*poll_wait)(const struct http_net *n, int poll, struct http_ready_event *events, int max,
                     int timeout_ms);
    /* A handle that becomes readable when another thread calls wake; cleared by wake_clear. */
    int (*wake_new)(const struct http_net *n);
    int (*wake)(const struct http_net *n, int handle);
    int (*wake_clear)(const struct http_net *n, int handle);
};

const struct http_net *http_net_real(void);
