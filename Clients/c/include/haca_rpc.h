/* Blocking client for Haca's framed RPC, over TCP, TLS 1.3 or a Unix socket.
 *
 * A connection and its calls belong to one thread at a time; different connections are independent. Several calls
 * may be open on one connection: while one call waits, frames of the others are kept, bounded by their windows.
 * Messages are libprotobuf-c's; protoc-c makes their types from Proto/ at build time. */
#ifndef HACA_RPC_H
#define HACA_RPC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* gRPC's status codes. */
enum haca_rpc_code {
    HACA_RPC_OK = 0,
    HACA_RPC_CANCELLED = 1,
    HACA_RPC_UNKNOWN = 2,
    HACA_RPC_INVALID_ARGUMENT = 3,
    HACA_RPC_DEADLINE_EXCEEDED = 4,
    HACA_RPC_NOT_FOUND = 5,
    HACA_RPC_ALREADY_EXISTS = 6,
    HACA_RPC_PERMISSION_DENIED = 7,
    HACA_RPC_RESOURCE_EXHAUSTED = 8,
    HACA_RPC_FAILED_PRECONDITION = 9,
    HACA_RPC_ABORTED = 10,
    HACA_RPC_OUT_OF_RANGE = 11,
    HACA_RPC_UNIMPLEMENTED = 12,
    HACA_RPC_INTERNAL = 13,
    HACA_RPC_UNAVAILABLE = 14,
    HACA_RPC_DATA_LOSS = 15,
    HACA_RPC_UNAUTHENTICATED = 16
};

/* How a call, or an attempt to connect, ended. */
typedef struct haca_rpc_status {
    uint32_t code;    /* enum haca_rpc_code, or a code of the peer's */
    bool refused;     /* no handler saw the call: safe to repeat on another connection */
    char message[256]; /* always terminated; longer messages are cut */
} haca_rpc_status;

typedef struct haca_rpc_connection haca_rpc_connection;
typedef struct haca_rpc_call haca_rpc_call;

/* Where and how to connect. Zero every field that is not set. */
typedef struct haca_rpc_options {
    const char *network; /* both sides must name the same one */

    const char *host; /* TCP: name or address */
    const char *port; /* TCP: decimal */
    const char *unix_path; /* Unix socket, instead of host and port */

    /* Mutual TLS 1.3 between holders of certificates of one authority, PEM files; all NULL: plaintext. */
    const char *authority_file;
    const char *certificate_file; /* leaf first, then intermediates */
    const char *key_file;
    const char *server_name; /* the name the peer's certificate must carry; NULL: any the authority signed */

    uint64_t timeout_milliseconds; /* for connecting, handshakes included; 0: 10 s */
    size_t maximum_message_size;   /* largest message this side accepts, bytes; 0: 4 MiB */
    uint64_t stream_window;        /* bytes a peer may send ahead on one call; 0: 256 KiB */
    uint64_t connection_window;    /* bytes a peer may send ahead on the connection; 0: 1 MiB */
} haca_rpc_options;

typedef struct haca_rpc_metadata {
    const char *key; /* lower case ASCII */
    const void *value;
    size_t value_length;
} haca_rpc_metadata;

/* How one call is made; NULL in its place means: no deadline, no metadata, normal priority. */
typedef struct haca_rpc_call_options {
    uint64_t timeout_milliseconds; /* from opening to the end; sent to the server as the deadline; 0: none */
    const haca_rpc_metadata *metadata;
    size_t metadata_count;
    int priority; /* 0 normal, 1 critical, 2 high, 3 bulk */
} haca_rpc_call_options;

/* Connects, and exchanges prefaces and settings. NULL on failure, with the reason in *status. */
haca_rpc_connection *haca_rpc_connect(const haca_rpc_options *options, haca_rpc_status *status);

/* Sends what is queued, closes the socket and frees the connection and every call still open on it. */
void haca_rpc_close(haca_rpc_connection *connection);

/* One request, one response. *response is set only when the status is OK; free it with
 * protobuf_c_message_free_unpacked(). */
haca_rpc_status haca_rpc_unary(haca_rpc_connection *connection, const char *method, const ProtobufCMessage *request,
                               const ProtobufCMessageDescriptor *response_type, const haca_rpc_call_options *options,
                               ProtobufCMessage **response);

/* Called with each message of a server stream, which stays the client's; returning false cancels the call. */
typedef bool haca_rpc_receiver(const ProtobufCMessage *message, void *context);

/* One request, a stream of responses. */
haca_rpc_status haca_rpc_server_stream(haca_rpc_connection *connection, const char *method,
                                       const ProtobufCMessage *request,
                                       const ProtobufCMessageDescriptor *response_type,
                                       const haca_rpc_call_options *options, haca_rpc_receiver *receiver,
                                       void *context);

/* Opens a call of any shape. NULL on failure, with the reason in *status. */
haca_rpc_call *haca_rpc_open(haca_rpc_connection *connection, const char *method,
                             const haca_rpc_call_options *options, haca_rpc_status *status);

/* Sends one message; waits while the windows are full. With `last`, ends the request stream with it. False when the
 * call has ended: haca_rpc_finish() tells why. */
bool haca_rpc_send(haca_rpc_call *call, const ProtobufCMessage *message, bool last);

/* Ends the request stream without another message. */
bool haca_rpc_end_requests(haca_rpc_call *call);

/* The next response, to be freed with protobuf_c_message_free_unpacked(); NULL when the call has ended. */
ProtobufCMessage *haca_rpc_next(haca_rpc_call *call, const ProtobufCMessageDescriptor *type);

/* Waits for nothing: cancels the call unless it has ended, frees it, and returns how it ended. */
haca_rpc_status haca_rpc_finish(haca_rpc_call *call);

#ifdef __cplusplus
}
#endif

#endif
