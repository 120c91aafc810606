/* One connection: frames in and out, settings, windows, and the calls that share it. */
#ifndef HACA_CONNECTION_H
#define HACA_CONNECTION_H

#include "transport.h"
#include "wire.h"

enum {
    MAXIMUM_OPEN_CALLS = 1024,
    /* A call's frames are queued while less than this waits for the socket. */
    OUTPUT_TARGET = 256 * 1024,
    /* Answers to PING and WINDOW included: a peer that makes us queue more than this without reading is dropped. */
    OUTPUT_LIMIT = 4 * 1024 * 1024,
    READ_TURN = 256 * 1024,
    DEFAULT_FRAME_PAYLOAD = 64 * 1024,
    DEFAULT_HEAD_SIZE = 64 * 1024,
    DEFAULT_MESSAGE_SIZE = 4 * 1024 * 1024,
    DEFAULT_STREAM_WINDOW = 256 * 1024,
    DEFAULT_CONNECTION_WINDOW = 1024 * 1024,
    DEFAULT_TIMEOUT_MILLISECONDS = 10000
};

/* A whole message that the caller has not taken yet. */
struct received_message {
    struct received_message *next;
    struct byte_buffer bytes;
    uint64_t owed; /* stream credit that goes back to the peer when it is taken */
};

struct haca_rpc_call {
    struct haca_rpc_call *next;
    haca_rpc_connection *connection;
    uint64_t stream;
    uint64_t deadline; /* monotonic nanoseconds; 0: none */

    uint64_t send_credit;
    bool requests_ended;

    uint64_t receive_credit; /* what the peer may still send */
    uint64_t owed;           /* credit to give back, not yet announced */
    struct byte_buffer partial; /* message whose frames are still arriving */
    bool partial_open; /* a frame with MORE was the last */
    uint64_t partial_owed;
    struct received_message *first, *last;

    bool ended; /* TRAILER or RESET seen, or given up here */
    haca_rpc_status status;
};

struct haca_rpc_connection {
    struct transport transport;
    struct byte_buffer input;
    struct byte_buffer output;
    haca_rpc_call *calls;
    size_t call_count;

    bool failed;
    haca_rpc_status failure; /* why, when failed */
    bool preface_seen, settings_seen;
    bool draining; /* GOAWAY seen */
    uint64_t next_stream;

    /* The peer's limits. */
    uint32_t frame_payload;
    uint32_t head_size;
    uint64_t message_size;
    uint64_t initial_stream_window;
    uint64_t send_credit;
    uint64_t stream_credit;

    /* Ours. */
    char *network;
    size_t maximum_message_size;
    uint64_t stream_window;
    uint64_t connection_window;
    uint64_t receive_credit;
    uint64_t owed;
};

/* What a message frame costs of a window: the header counts, so that empty messages are not free. */
static inline uint64_t frame_cost(uint64_t payload_length)
{
    return payload_length + FRAME_HEADER_LENGTH;
}

/* Monotonic nanoseconds `milliseconds` from now; 0, which means never, when that is beyond the clock. */
uint64_t deadline_after(uint64_t milliseconds);

/* Marks the connection as broken and ends every call on it. Always false. */
bool connection_fail(haca_rpc_connection *connection, uint32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes what is queued, and waits until something arrives, the socket takes more, or the deadline passes; then handles
 * every whole frame. False: the connection is broken, or the deadline has passed (`*late`). */
bool connection_turn(haca_rpc_connection *connection, uint64_t deadline, bool *late);

/* Hands queued bytes to the socket without waiting. */
bool connection_flush(haca_rpc_connection *connection);

bool connection_queue(haca_rpc_connection *connection, uint8_t type, uint8_t flags, uint64_t stream,
                      const void *payload, size_t length);
bool connection_queue_message(haca_rpc_connection *connection, uint8_t type, uint8_t flags, uint64_t stream,
                              const ProtobufCMessage *message);
bool connection_queue_window(haca_rpc_connection *connection, uint64_t stream, uint64_t bytes);
bool connection_queue_reset(haca_rpc_connection *connection, uint64_t stream, int reason);

/* One whole frame, in dispatch.c. */
bool connection_dispatch(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload);

/* In receive.c. */
bool call_receive(haca_rpc_call *call, const struct frame_header *header, const uint8_t *payload);
ProtobufCMessage *call_take(haca_rpc_call *call, const ProtobufCMessageDescriptor *type);
void call_drop_messages(haca_rpc_call *call);
void call_end(haca_rpc_call *call, uint32_t code, bool refused, const char *message);

#endif
