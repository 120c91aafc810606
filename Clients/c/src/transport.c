#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

uint64_t monotonic_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int poll_timeout(uint64_t deadline)
{
    if (deadline == 0)
        return -1;
    uint64_t now = monotonic_nanoseconds();
    if (now >= deadline)
        return 0;
    uint64_t milliseconds = (deadline - now + 999999) / 1000000;
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

void set_status(haca_rpc_status *status, uint32_t code, const char *format, ...)
{
    if (status == NULL)
        return;
    status->code = code;
    status->refused = false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(status->message, sizeof status->message, format, arguments);
    va_end(arguments);
}

static int connect_address(const struct sockaddr *address, socklen_t length, int family, uint64_t deadline)
{
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (connect(descriptor, address, length) == 0)
        return descriptor;
    int failure = errno;
    if (failure == EINPROGRESS || failure == EINTR) {
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        int count;
        do
            count = poll(&ready, 1, poll_timeout(deadline));
        while (count < 0 && errno == EINTR);
        socklen_t size = sizeof failure;
        if (count == 0)
            failure = ETIMEDOUT;
        else if (count < 0 || getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
            failure = errno;
        if (failure == 0)
            return descriptor;
    }
    close(descriptor);
    errno = failure;
    return -1;
}

static int connect_unix(const char *path, uint64_t deadline, haca_rpc_status *status)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        set_status(status, HACA_RPC_INVALID_ARGUMENT, "the socket's path is longer than %zu bytes",
                   sizeof address.sun_path - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int descriptor = connect_address((struct sockaddr *)&address, sizeof address, AF_UNIX, deadline);
    if (descriptor < 0)
        set_status(status, HACA_RPC_UNAVAILABLE, "cannot connect to %s: %s", path, strerror(errno));
    return descriptor;
}

static int connect_tcp(const char *host, const char *port, uint64_t deadline, haca_rpc_status *status)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        set_status(status, HACA_RPC_UNAVAILABLE, "cannot resolve %s port %s: %s", host, port, gai_strerror(failure));
        return -1;
    }
    int descriptor = -1;
    for (struct addrinfo *each = found; each != NULL && descriptor < 0; each = each->ai_next)
        descriptor = connect_address(each->ai_addr, each->ai_addrlen, each->ai_family, deadline);
    if (descriptor < 0) {
        set_status(status, HACA_RPC_UNAVAILABLE, "cannot connect to %s port %s: %s", host, port, strerror(errno));
    } else {
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    freeaddrinfo(found);
    return descriptor;
}

bool transport_open(struct transport *transport, const haca_rpc_options *options, uint64_t deadline,
                    haca_rpc_status *status)
{
    *transport = (struct transport){.descriptor = -1};
    bool secured = options->authority_file != NULL || options->certificate_file != NULL || options->key_file != NULL;
    if (secured && !tls_prepare(transport, options, status))
        return false;
    if (options->unix_path != NULL)
        transport->descriptor = connect_unix(options->unix_path, deadline, status);
    else if (options->host != NULL && options->port != NULL)
        transport->descriptor = connect_tcp(options->host, options->port, deadline, status);
    else
        set_status(status, HACA_RPC_INVALID_ARGUMENT, "neither host and port nor a socket's path is given");
    if (transport->descriptor < 0)
        return false;
    return !secured || tls_handshake(transport, deadline, status);
}

bool transport_has_pending(const struct transport *transport)
{
    return transport->encrypted.length > 0;
}

static enum transport_result send_some(struct transport *transport, struct byte_buffer *bytes)
{
    while (bytes->length > 0) {
        ssize_t count = send(transport->descriptor, buffer_bytes(bytes), bytes->length, MSG_NOSIGNAL);
        if (count >= 0)
            buffer_consume(bytes, (size_t)count);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TRANSPORT_OK;
        else if (errno != EINTR)
            return TRANSPORT_CLOSED;
    }
    return TRANSPORT_OK;
}

enum transport_result transport_push(struct transport *transport, struct byte_buffer *plain)
{
    if (transport->session == NULL)
        return send_some(transport, plain);
    /* Encrypt again only when the last lot has left: what waits stays as small as `plain`. */
    enum transport_result result = send_some(transport, &transport->encrypted);
    if (result != TRANSPORT_OK || transport->encrypted.length > 0)
        return result;
    result = tls_encrypt(transport, plain);
    return result == TRANSPORT_OK ? send_some(transport, &transport->encrypted) : result;
}

ssize_t transport_receive(struct transport *transport, uint8_t *bytes, size_t count)
{
    for (;;) {
        ssize_t received = recv(transport->descriptor, bytes, count, 0);
        if (received > 0)
            return received;
        if (received < 0 && errno == EINTR)
            continue;
        if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        transport->peer_closed = true;
        return -1;
    }
}

enum transport_result transport_pull(struct transport *transport, struct byte_buffer *plain, size_t limit)
{
    size_t before = plain->length;
    /* The handshake may have read further than its own records. */
    if (transport->session != NULL && BIO_ctrl_pending(transport->incoming) > 0 &&
        tls_decrypt(transport, plain) != TRANSPORT_OK)
        return TRANSPORT_FAILED;
    while (plain->length - before < limit && !transport->peer_closed) {
        uint8_t chunk[READ_CHUNK];
        ssize_t count = transport_receive(transport, chunk, sizeof chunk);
        if (count <= 0)
            break;
        if (transport->session == NULL) {
            if (!buffer_append(plain, chunk, (size_t)count))
                return TRANSPORT_FAILED;
        } else if (BIO_write(transport->incoming, chunk, (int)count) != (int)count ||
                   tls_decrypt(transport, plain) != TRANSPORT_OK) {
            return TRANSPORT_FAILED;
        }
        if ((size_t)count < sizeof chunk)
            break;
    }
    return transport->peer_closed && plain->length == before ? TRANSPORT_CLOSED : TRANSPORT_OK;
}

void transport_close(struct transport *transport)
{
    if (transport->session != NULL)
        SSL_free(transport->session);
    if (transport->context != NULL)
        SSL_CTX_free(transport->context);
    if (transport->descriptor >= 0)
        close(transport->descriptor);
    buffer_free(&transport->encrypted);
    *transport = (struct transport){.descriptor = -1};
}
