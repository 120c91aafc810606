/* A non-blocking socket, TCP or Unix, with or without TLS. TLS runs over memory, so that both kinds share one path to
 * the socket, and a write to a closed socket is an error and never a signal. */
#ifndef HACA_TRANSPORT_H
#define HACA_TRANSPORT_H

#include "buffer.h"
#include "haca_rpc.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct transport {
    int descriptor; /* -1: none */
    SSL_CTX *context;
    SSL *session;
    BIO *incoming; /* owned by session */
    BIO *outgoing; /* owned by session */
    struct byte_buffer encrypted; /* on its way to the socket */
    bool peer_closed;
    const char *failure; /* what TLS said last, a constant text; NULL: nothing */
};

enum transport_result { TRANSPORT_OK, TRANSPORT_CLOSED, TRANSPORT_FAILED };

/* Nanoseconds of the monotonic clock. */
uint64_t monotonic_nanoseconds(void);

/* Milliseconds to hand to poll() until `deadline`, monotonic nanoseconds; 0 means none and gives -1. */
int poll_timeout(uint64_t deadline);

void set_status(haca_rpc_status *status, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool transport_open(struct transport *transport, const haca_rpc_options *options, uint64_t deadline,
                    haca_rpc_status *status);

/* Takes bytes from `plain` as far as the socket accepts them. */
enum transport_result transport_push(struct transport *transport, struct byte_buffer *plain);

/* True while encrypted bytes wait for the socket. */
bool transport_has_pending(const struct transport *transport);

/* Adds what has arrived to `plain`, at most about `limit` bytes. */
enum transport_result transport_pull(struct transport *transport, struct byte_buffer *plain, size_t limit);

/* What the socket holds, as it is on the wire: the count, 0 when nothing has arrived, -1 when the peer has closed. */
ssize_t transport_receive(struct transport *transport, uint8_t *bytes, size_t count);

void transport_close(struct transport *transport);

/* TLS, in tls.c. */
bool tls_prepare(struct transport *transport, const haca_rpc_options *options, haca_rpc_status *status);
bool tls_handshake(struct transport *transport, uint64_t deadline, haca_rpc_status *status);
enum transport_result tls_encrypt(struct transport *transport, struct byte_buffer *plain);
enum transport_result tls_decrypt(struct transport *transport, struct byte_buffer *plain);

#endif
