#include "connection.h"

#include "rpc.pb-c.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool connection_fail(haca_rpc_connection *connection, uint32_t code, const char *format, ...)
{
    if (connection->failed)
        return false;
    connection->failed = true;
    connection->failure.code = code;
    connection->failure.refused = false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(connection->failure.message, sizeof connection->failure.message, format, arguments);
    va_end(arguments);
    for (haca_rpc_call *call = connection->calls; call != NULL; call = call->next)
        call_end(call, code, false, connection->failure.message);
    return false;
}

bool connection_queue(haca_rpc_connection *connection, uint8_t type, uint8_t flags, uint64_t stream,
                      const void *payload, size_t length)
{
    if (connection->failed)
        return false;
    if (connection->output.length + length > OUTPUT_LIMIT)
        return connection_fail(connection, HACA_RPC_UNAVAILABLE, "the peer does not read what it asks for");
    uint8_t header[FRAME_HEADER_LENGTH];
    frame_header_encode(
        &(struct frame_header){.length = (uint32_t)length, .type = type, .flags = flags, .stream = stream}, header);
    if (!buffer_append(&connection->output, header, sizeof header) ||
        !buffer_append(&connection->output, payload, length))
        return connection_fail(connection, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
    return true;
}

bool connection_queue_message(haca_rpc_connection *connection, uint8_t type, uint8_t flags, uint64_t stream,
                              const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL)
        return connection_fail(connection, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
    protobuf_c_message_pack(message, bytes);
    bool queued = connection_queue(connection, type, flags, stream, bytes, length);
    free(bytes);
    return queued;
}

bool connection_queue_window(haca_rpc_connection *connection, uint64_t stream, uint64_t bytes)
{
    Haca__Rpc__V1__Window window = HACA__RPC__V1__WINDOW__INIT;
    window.bytes = bytes;
    return connection_queue_message(connection, FRAME_WINDOW, 0, stream, &window.base);
}

bool connection_queue_reset(haca_rpc_connection *connection, uint64_t stream, int reason)
{
    Haca__Rpc__V1__Reset reset = HACA__RPC__V1__RESET__INIT;
    reset.reason = (Haca__Rpc__V1__Reset__Reason)reason;
    return connection_queue_message(connection, FRAME_RESET, 0, stream, &reset.base);
}

static bool lost(haca_rpc_connection *connection)
{
    const char *reason = connection->transport.failure;
    return connection_fail(connection, HACA_RPC_UNAVAILABLE, "the connection is lost%s%s", reason == NULL ? "" : ": ",
                           reason == NULL ? "" : reason);
}

bool connection_flush(haca_rpc_connection *connection)
{
    if (connection->failed)
        return false;
    return transport_push(&connection->transport, &connection->output) == TRANSPORT_OK || lost(connection);
}

static bool take_preface(haca_rpc_connection *connection)
{
    const char *wrong = preface_check(buffer_bytes(&connection->input));
    if (wrong != NULL)
        return connection_fail(connection, HACA_RPC_FAILED_PRECONDITION, "%s", wrong);
    buffer_consume(&connection->input, PREFACE_LENGTH);
    connection->preface_seen = true;
    return true;
}

/* Handles every whole frame that has arrived. What stays is at most one frame, so the input is bounded. */
static bool take_frames(haca_rpc_connection *connection)
{
    struct byte_buffer *input = &connection->input;
    if (!connection->preface_seen) {
        if (input->length < PREFACE_LENGTH)
            return true;
        if (!take_preface(connection))
            return false;
    }
    while (input->length >= FRAME_HEADER_LENGTH) {
        struct frame_header header = frame_header_decode(buffer_bytes(input));
        /* What this side announced: it accepts DEFAULT_FRAME_PAYLOAD, and heads no larger. */
        if (header.length > DEFAULT_FRAME_PAYLOAD)
            return connection_fail(connection, HACA_RPC_INTERNAL, "the peer sent a frame of %u bytes", header.length);
        if (input->length - FRAME_HEADER_LENGTH < header.length)
            return true;
        if (!connection_dispatch(connection, &header, buffer_bytes(input) + FRAME_HEADER_LENGTH))
            return false;
        buffer_consume(input, FRAME_HEADER_LENGTH + header.length);
    }
    return true;
}

bool connection_turn(haca_rpc_connection *connection, uint64_t deadline, bool *late)
{
    *late = false;
    if (!connection_flush(connection))
        return false;
    struct transport *transport = &connection->transport;
    struct pollfd ready = {.fd = transport->descriptor, .events = POLLIN};
    if (connection->output.length > 0 || transport_has_pending(transport))
        ready.events |= POLLOUT;
    int count = poll(&ready, 1, poll_timeout(deadline));
    if (count < 0 && errno != EINTR)
        return lost(connection);
    if (count <= 0) {
        *late = deadline != 0 && monotonic_nanoseconds() >= deadline;
        return !*late;
    }
    if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        enum transport_result result = transport_pull(transport, &connection->input, READ_TURN);
        /* Frames that came before the end still count. */
        if (!take_frames(connection))
            return false;
        if (result != TRANSPORT_OK)
            return lost(connection);
    }
    return connection_flush(connection);
}

static bool exchange_settings(haca_rpc_connection *connection, uint64_t deadline)
{
    uint8_t preface[PREFACE_LENGTH];
    preface_encode(preface);
    Haca__Rpc__V1__Settings settings = HACA__RPC__V1__SETTINGS__INIT;
    settings.network = connection->network;
    settings.maximum_frame_payload = DEFAULT_FRAME_PAYLOAD;
    settings.maximum_message_size = connection->maximum_message_size;
    settings.maximum_head_size = DEFAULT_HEAD_SIZE;
    settings.stream_window = connection->stream_window;
    settings.connection_window = connection->connection_window;
    settings.streams = 0; /* this side serves nothing */
    if (!buffer_append(&connection->output, preface, sizeof preface) ||
        !connection_queue_message(connection, FRAME_SETTINGS, 0, 0, &settings.base))
        return connection_fail(connection, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
    /* What the TLS handshake read too far is not seen by poll(). */
    if (transport_pull(&connection->transport, &connection->input, READ_TURN) == TRANSPORT_FAILED)
        return lost(connection);
    if (!take_frames(connection))
        return false;
    while (!connection->settings_seen) {
        bool late;
        if (connection_turn(connection, deadline, &late))
            continue;
        if (late)
            connection_fail(connection, HACA_RPC_UNAVAILABLE, "the peer sent no settings in time");
        return false;
    }
    return true;
}

haca_rpc_connection *haca_rpc_connect(const haca_rpc_options *options, haca_rpc_status *status)
{
    set_status(status, HACA_RPC_OK, "%s", "");
    if (options == NULL || options->network == NULL) {
        set_status(status, HACA_RPC_INVALID_ARGUMENT, "no network is named");
        return NULL;
    }
    haca_rpc_connection *connection = calloc(1, sizeof *connection);
    char *network = strdup(options->network);
    if (connection == NULL || network == NULL) {
        free(network);
        free(connection);
        set_status(status, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    connection->network = network;
    connection->next_stream = 1;
    connection->maximum_message_size =
        options->maximum_message_size != 0 ? options->maximum_message_size : DEFAULT_MESSAGE_SIZE;
    connection->stream_window = options->stream_window != 0 ? options->stream_window : DEFAULT_STREAM_WINDOW;
    connection->connection_window =
        options->connection_window != 0 ? options->connection_window : DEFAULT_CONNECTION_WINDOW;
    connection->receive_credit = connection->connection_window;
    uint64_t milliseconds =
        options->timeout_milliseconds != 0 ? options->timeout_milliseconds : DEFAULT_TIMEOUT_MILLISECONDS;
    uint64_t deadline = deadline_after(milliseconds);
    if (!transport_open(&connection->transport, options, deadline, status)) {
        haca_rpc_close(connection);
        return NULL;
    }
    if (!exchange_settings(connection, deadline)) {
        if (status != NULL)
            *status = connection->failure;
        haca_rpc_close(connection);
        return NULL;
    }
    return connection;
}

void haca_rpc_close(haca_rpc_connection *connection)
{
    if (connection == NULL)
        return;
    if (connection->transport.descriptor >= 0)
        connection_flush(connection);
    while (connection->calls != NULL)
        haca_rpc_finish(connection->calls);
    if (connection->transport.descriptor >= 0)
        connection_flush(connection);
    transport_close(&connection->transport);
    buffer_free(&connection->input);
    buffer_free(&connection->output);
    free(connection->network);
    free(connection);
}
