#include "transport.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

/* The length-prefixed list that TLS wants. */
static const uint8_t protocols[] = "\x0ahaca-rpc/1";
enum { PROTOCOLS_LENGTH = sizeof protocols - 1, DECRYPT_CHUNK = 16 * 1024 };

static void explain(haca_rpc_status *status, uint32_t code, const char *what, const char *subject)
{
    unsigned long error = ERR_get_error();
    const char *reason = error == 0 ? NULL : ERR_reason_error_string(error);
    set_status(status, code, "%s%s: %s", what, subject, reason == NULL ? "unknown reason" : reason);
    ERR_clear_error();
}

bool tls_prepare(struct transport *transport, const haca_rpc_options *options, haca_rpc_status *status)
{
    if (options->authority_file == NULL || options->certificate_file == NULL || options->key_file == NULL) {
        set_status(status, HACA_RPC_INVALID_ARGUMENT, "TLS needs the authority, a certificate and its key");
        return false;
    }
    ERR_clear_error();
    transport->context = SSL_CTX_new(TLS_client_method());
    if (transport->context == NULL) {
        explain(status, HACA_RPC_INTERNAL, "no TLS context", "");
        return false;
    }
    SSL_CTX *context = transport->context;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, protocols, PROTOCOLS_LENGTH) != 0) {
        explain(status, HACA_RPC_INTERNAL, "TLS 1.3 is not available", "");
        return false;
    }
    if (SSL_CTX_load_verify_file(context, options->authority_file) != 1) {
        explain(status, HACA_RPC_INVALID_ARGUMENT, "cannot use the authority ", options->authority_file);
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1) {
        explain(status, HACA_RPC_INVALID_ARGUMENT, "cannot use the certificate ", options->certificate_file);
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        explain(status, HACA_RPC_INVALID_ARGUMENT, "cannot use the key ", options->key_file);
        return false;
    }
    transport->session = SSL_new(context);
    transport->incoming = BIO_new(BIO_s_mem());
    transport->outgoing = BIO_new(BIO_s_mem());
    if (transport->session == NULL || transport->incoming == NULL || transport->outgoing == NULL) {
        BIO_free(transport->incoming);
        BIO_free(transport->outgoing);
        set_status(status, HACA_RPC_INTERNAL, "out of memory");
        return false;
    }
    SSL_set_bio(transport->session, transport->incoming, transport->outgoing);
    SSL_set_connect_state(transport->session);
    if (options->server_name == NULL)
        return true;
    X509_VERIFY_PARAM *rules = SSL_get0_param(transport->session);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, options->server_name) == 1)
        return true;
    if (SSL_set1_host(transport->session, options->server_name) == 1 &&
        SSL_set_tlsext_host_name(transport->session, options->server_name) == 1)
        return true;
    set_status(status, HACA_RPC_INVALID_ARGUMENT, "%s is no name of a server", options->server_name);
    return false;
}

/* Moves what the session wrote towards the socket. */
static bool collect(struct transport *transport)
{
    size_t pending = BIO_ctrl_pending(transport->outgoing);
    if (pending == 0)
        return true;
    if (pending > INT_MAX)
        return false;
    uint8_t *end = buffer_reserve(&transport->encrypted, pending);
    if (end == NULL || BIO_read(transport->outgoing, end, (int)pending) != (int)pending)
        return false;
    buffer_commit(&transport->encrypted, pending);
    return true;
}

enum transport_result tls_encrypt(struct transport *transport, struct byte_buffer *plain)
{
    while (plain->length > 0) {
        size_t written = 0;
        if (SSL_write_ex(transport->session, buffer_bytes(plain), plain->length, &written) != 1) {
            ERR_clear_error();
            return TRANSPORT_FAILED;
        }
        buffer_consume(plain, written);
    }
    return collect(transport) ? TRANSPORT_OK : TRANSPORT_FAILED;
}

enum transport_result tls_decrypt(struct transport *transport, struct byte_buffer *plain)
{
    for (;;) {
        uint8_t *end = buffer_reserve(plain, DECRYPT_CHUNK);
        if (end == NULL)
            return TRANSPORT_FAILED;
        size_t count = 0;
        if (SSL_read_ex(transport->session, end, DECRYPT_CHUNK, &count) == 1) {
            buffer_commit(plain, count);
            continue;
        }
        int reason = SSL_get_error(transport->session, 0);
        if (reason == SSL_ERROR_ZERO_RETURN) {
            transport->peer_closed = true;
        } else if (reason != SSL_ERROR_WANT_READ) {
            transport->failure = ERR_reason_error_string(ERR_peek_error());
            ERR_clear_error();
            return TRANSPORT_FAILED;
        }
        ERR_clear_error();
        /* Reading may have answered a key update. */
        return collect(transport) ? TRANSPORT_OK : TRANSPORT_FAILED;
    }
}

static bool wait_for_socket(struct transport *transport, uint64_t deadline, haca_rpc_status *status)
{
    struct pollfd ready = {.fd = transport->descriptor, .events = POLLIN};
    if (transport->encrypted.length > 0)
        ready.events |= POLLOUT;
    int count = poll(&ready, 1, poll_timeout(deadline));
    if (count > 0 || (count < 0 && errno == EINTR))
        return true;
    set_status(status, HACA_RPC_UNAVAILABLE, "the TLS handshake took too long");
    return false;
}

static bool read_records(struct transport *transport)
{
    uint8_t chunk[DECRYPT_CHUNK];
    ssize_t count = transport_receive(transport, chunk, sizeof chunk);
    return count == 0 || (count > 0 && BIO_write(transport->incoming, chunk, (int)count) == (int)count);
}

bool tls_handshake(struct transport *transport, uint64_t deadline, haca_rpc_status *status)
{
    struct byte_buffer nothing = {0};
    for (;;) {
        ERR_clear_error();
        int result = SSL_do_handshake(transport->session);
        int reason = SSL_get_error(transport->session, result);
        if (!collect(transport)) {
            set_status(status, HACA_RPC_INTERNAL, "out of memory");
            return false;
        }
        long verdict = SSL_get_verify_result(transport->session);
        if (result != 1 && reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
            transport_push(transport, &nothing); /* the alert, so that the peer can say why too */
            if (verdict != X509_V_OK)
                set_status(status, HACA_RPC_UNAUTHENTICATED, "the peer's certificate is refused: %s",
                           X509_verify_cert_error_string(verdict));
            else
                explain(status, HACA_RPC_UNAVAILABLE, "the TLS handshake failed", "");
            return false;
        }
        if (transport_push(transport, &nothing) != TRANSPORT_OK) {
            set_status(status, HACA_RPC_UNAVAILABLE, "the peer closed the connection during the TLS handshake");
            return false;
        }
        if (result == 1)
            break;
        if (!wait_for_socket(transport, deadline, status))
            return false;
        if (!read_records(transport)) {
            set_status(status, HACA_RPC_UNAVAILABLE, "the peer closed the connection during the TLS handshake");
            return false;
        }
    }
    const unsigned char *chosen = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(transport->session, &chosen, &length);
    if (length != PROTOCOLS_LENGTH - 1 || memcmp(chosen, protocols + 1, length) != 0) {
        set_status(status, HACA_RPC_FAILED_PRECONDITION, "the peer does not speak haca-rpc/1");
        return false;
    }
    return true;
}
