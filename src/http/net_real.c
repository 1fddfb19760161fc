/* net_real.c - the network as Linux gives it: the only file of the room that asks the system. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/net.h"

enum { BACKLOG = 1024, EVENTS_MAX = 256 };

static int or_errno(int result)
{
    return result < 0 ? -errno : result;
}

/* The call itself and not the library's bind(): its name is a common word, which a room of this
 * program has taken for a function of its own, and the linker would choose that one. */
static int name_socket(int s, const struct sockaddr *address, socklen_t bytes)
{
    return (int)syscall(SYS_bind, s, address, bytes);
}

static int real_listen(const struct http_net *n, const struct sockaddr *address, socklen_t bytes,
                       bool shared)
{
    (void)n;
    int s = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0) {
        return -errno;
    }
    int on = 1;
    bool ok = setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
              (!shared || setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
              (address->sa_family != AF_INET6 ||
               setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
              name_socket(s, address, bytes) == 0 && listen(s, BACKLOG) == 0;
    if (!ok) {
        int why = errno;
        close(s);
        return -why;
    }
    return s;
}

static int real_local_address(const struct http_net *n, int socket, struct sockaddr_storage *ret)
{
    (void)n;
    socklen_t bytes = sizeof(*ret);
    return or_errno(getsockname(socket, (struct sockaddr *)ret, &bytes));
}

static int real_accept(const struct http_net *n, int listener, struct sockaddr_storage *ret_peer)
{
    (void)n;
    socklen_t bytes = sizeof(*ret_peer);
    int s = accept4(listener, (struct sockaddr *)ret_peer, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s < 0) {
        return -errno;
    }
    int on = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return s;
}

static int64_t real_recv(const struct http_net *n, int socket, void *bytes, size_t max)
{
    (void)n;
    ssize_t got = recv(socket, bytes, max, 0);
    return got < 0 ? -errno : got;
}

static int64_t real_send(const struct http_net *n, int socket, const struct iovec *parts, int count)
{
    (void)n;
    struct iovec copy[4];
    must(count >= 0 && (size_t)count <= LEN(copy));
    memcpy(copy, parts, (size_t)count * sizeof(copy[0]));
    struct msghdr m = {.msg_iov = copy, .msg_iovlen = (size_t)count};
    ssize_t put = sendmsg(socket, &m, MSG_NOSIGNAL);
    return put < 0 ? -errno : put;
}

static int real_end_sending(const struct http_net *n, int socket)
{
    (void)n;
    return or_errno(shutdown(socket, SHUT_WR));
}

static int real_close(const struct http_net *n, int handle)
{
    (void)n;
    return or_errno(close(handle));
}

static int real_reserve(const struct http_net *n)
{
    (void)n;
    return or_errno(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static int real_poll_new(const struct http_net *n)
{
    (void)n;
    return or_errno(epoll_create1(EPOLL_CLOEXEC));
}

static int real_poll_set(const struct http_net *n, int poll, int handle, unsigned want, void *data,
                         bool was_added)
{
    (void)n;
    struct epoll_event e = {.data.ptr = data};
    e.events = ((want & HTTP_READABLE) != 0 ? EPOLLIN : 0u) |
               ((want & HTTP_WRITABLE) != 0 ? EPOLLOUT : 0u);
    return or_errno(epoll_ctl(poll, was_added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, handle, &e));
}

static int real_poll_wait(const struct http_net *n, int poll, struct http_ready_event *events,
                          int max, int timeout_ms)
{
    (void)n;
    struct epoll_event got[EVENTS_MAX];
    int count = epoll_wait(poll, got, max < EVENTS_MAX ? max : EVENTS_MAX, timeout_ms);
    if (count < 0) {
        return -errno;
    }
    for (int i = 0; i < count; i++) {
        uint32_t e = got[i].events;
        events[i].data = got[i].data.ptr;
        events[i].ready = ((e & EPOLLIN) != 0 ? HTTP_READABLE : 0u) |
                          ((e & EPOLLOUT) != 0 ? HTTP_WRITABLE : 0u) |
                          ((e & (EPOLLERR | EPOLLHUP)) != 0 ? HTTP_BROKEN : 0u);
    }
    return count;
}

static int real_wake_new(const struct http_net *n)
{
    (void)n;
    return or_errno(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

static int real_wake(const struct http_net *n, int handle)
{
    (void)n;
    uint64_t one = 1;
    return write(handle, &one, sizeof(one)) < 0 && errno != EAGAIN ? -errno : 0;
}

static int real_wake_clear(const struct http_net *n, int handle)
{
    (void)n;
    uint64_t count = 0;
    return read(handle, &count, sizeof(count)) < 0 && errno != EAGAIN ? -errno : 0;
}

static const struct http_net real = {
    .listen = real_listen,
    .local_address = real_local_address,
    .accept = real_accept,
    .recv = real_recv,
    .send = real_send,
    .end_sending = real_end_sending,
    .close = real_close,
    .reserve = real_reserve,
    .poll_new = real_poll_new,
    .poll_set = real_poll_set,
    .poll_wait = real_poll_wait,
    .wake_new = real_wake_new,
    .wake = real_wake,
    .wake_clear = real_wake_clear,
};

const struct http_net *http_net_real(void)
{
    return &real;
}
