#include "connection.h"

#include "rpc.pb-c.h"

#include <stdlib.h>
#include <string.h>

uint64_t deadline_after(uint64_t milliseconds)
{
    uint64_t now = monotonic_nanoseconds();
    if (milliseconds > (UINT64_MAX - now) / 1000000)
        return 0;
    return now + milliseconds * 1000000;
}

/* One turn of the connection on behalf of a call; gives the call up when its deadline passes. */
static bool wait_turn(haca_rpc_call *call)
{
    bool late = false;
    if (connection_turn(call->connection, call->deadline, &late))
        return true;
    if (late) {
        call_end(call, HACA_RPC_DEADLINE_EXCEEDED, false, "the deadline passed");
        connection_queue_reset(call->connection, call->stream, HACA__RPC__V1__RESET__REASON__DEADLINE);
        connection_flush(call->connection);
    }
    return false;
}

static bool queue_request(haca_rpc_call *call, const char *method, const haca_rpc_call_options *options,
                          haca_rpc_status *status)
{
    haca_rpc_connection *connection = call->connection;
    size_t count = options == NULL ? 0 : options->metadata_count;
    Haca__Rpc__V1__RequestHead head = HACA__RPC__V1__REQUEST_HEAD__INIT;
    Haca__Rpc__V1__Metadata *values = calloc(count + 1, sizeof *values);
    Haca__Rpc__V1__Metadata **pointers = calloc(count + 1, sizeof *pointers);
    bool queued = false;
    if (values == NULL || pointers == NULL) {
        set_status(status, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
    } else {
        for (size_t index = 0; index < count; index++) {
            const haca_rpc_metadata *each = &options->metadata[index];
            haca__rpc__v1__metadata__init(&values[index]);
            values[index].key = (char *)(uintptr_t)each->key;
            values[index].value.data = (uint8_t *)(uintptr_t)each->value;
            values[index].value.len = each->value_length;
            pointers[index] = &values[index];
        }
        head.method = (char *)(uintptr_t)method;
        head.n_metadata = count;
        head.metadata = pointers;
        head.priority = options == NULL ? HACA__RPC__V1__PRIORITY__NORMAL : (Haca__Rpc__V1__Priority)options->priority;
        if (call->deadline != 0) {
            uint64_t now = monotonic_nanoseconds();
            head._remaining_nanoseconds_case = HACA__RPC__V1__REQUEST_HEAD___REMAINING_NANOSECONDS_REMAINING_NANOSECONDS;
            head.remaining_nanoseconds = now < call->deadline ? call->deadline - now : 0;
        }
        if (protobuf_c_message_get_packed_size(&head.base) > connection->head_size)
            set_status(status, HACA_RPC_RESOURCE_EXHAUSTED, "the call's head is larger than the peer accepts");
        else
            queued = connection_queue_message(connection, FRAME_REQUEST, 0, call->stream, &head.base);
        if (!queued && connection->failed && status != NULL)
            *status = connection->failure;
    }
    free(values);
    free(pointers);
    return queued;
}

/* Waits until the peer lets this side open one more stream. */
static bool wait_for_stream_credit(haca_rpc_connection *connection, uint64_t deadline, haca_rpc_status *status)
{
    while (!connection->failed && !connection->draining && connection->stream_credit == 0) {
        bool late = false;
        if (!connection_turn(connection, deadline, &late) && late) {
            set_status(status, HACA_RPC_DEADLINE_EXCEEDED, "the deadline passed while no stream was free");
            return false;
        }
    }
    if (connection->failed) {
        if (status != NULL)
            *status = connection->failure;
        return false;
    }
    if (connection->draining || connection->next_stream > INT64_MAX) {
        set_status(status, HACA_RPC_UNAVAILABLE, "the peer is going away");
        if (status != NULL)
            status->refused = true;
        return false;
    }
    return true;
}

haca_rpc_call *haca_rpc_open(haca_rpc_connection *connection, const char *method,
                             const haca_rpc_call_options *options, haca_rpc_status *status)
{
    set_status(status, HACA_RPC_OK, "%s", "");
    uint64_t deadline =
        options == NULL || options->timeout_milliseconds == 0 ? 0 : deadline_after(options->timeout_milliseconds);
    if (connection->call_count >= MAXIMUM_OPEN_CALLS) {
        set_status(status, HACA_RPC_RESOURCE_EXHAUSTED, "%d calls are open already", MAXIMUM_OPEN_CALLS);
        return NULL;
    }
    if (!wait_for_stream_credit(connection, deadline, status))
        return NULL;
    haca_rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        set_status(status, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    call->connection = connection;
    call->deadline = deadline;
    call->stream = connection->next_stream;
    call->send_credit = connection->initial_stream_window;
    call->receive_credit = connection->stream_window;
    if (!queue_request(call, method, options, status)) {
        free(call);
        return NULL;
    }
    connection->next_stream += 2;
    connection->stream_credit -= 1;
    connection->call_count += 1;
    call->next = connection->calls;
    connection->calls = call;
    return call;
}

/* Payload bytes that one more frame may carry now; -1: not even an empty frame. */
static int64_t allowed_payload(const haca_rpc_call *call)
{
    const haca_rpc_connection *connection = call->connection;
    uint64_t credit = call->send_credit < connection->send_credit ? call->send_credit : connection->send_credit;
    if (connection->output.length >= OUTPUT_TARGET || credit < FRAME_HEADER_LENGTH)
        return -1;
    credit -= FRAME_HEADER_LENGTH;
    return credit < connection->frame_payload ? (int64_t)credit : (int64_t)connection->frame_payload;
}

/* Queues `length` bytes as frames, as windows and the socket allow. */
static bool send_bytes(haca_rpc_call *call, const uint8_t *bytes, size_t length, bool last)
{
    haca_rpc_connection *connection = call->connection;
    size_t sent = 0;
    for (;;) {
        int64_t allowed = allowed_payload(call);
        size_t part = length - sent;
        /* Only a whole message may be an empty frame. */
        if (allowed < 0 || (allowed == 0 && part > 0)) {
            if (!wait_turn(call) || call->ended)
                return false;
            continue;
        }
        if (part > (size_t)allowed)
            part = (size_t)allowed;
        bool more = sent + part < length;
        uint8_t flags = more ? FLAG_MORE : last ? FLAG_END_STREAM : 0;
        if (!connection_queue(connection, FRAME_MESSAGE, flags, call->stream, bytes + sent, part))
            return false;
        call->send_credit -= frame_cost(part);
        connection->send_credit -= frame_cost(part);
        sent += part;
        if (!more)
            return connection_flush(connection);
    }
}

bool haca_rpc_end_requests(haca_rpc_call *call)
{
    if (call->ended || call->requests_ended)
        return false;
    call->requests_ended = true;
    return connection_queue(call->connection, FRAME_TRAILER, FLAG_END_STREAM, call->stream, NULL, 0) &&
           connection_flush(call->connection);
}

bool haca_rpc_send(haca_rpc_call *call, const ProtobufCMessage *message, bool last)
{
    if (call->ended || call->requests_ended)
        return false;
    size_t length = protobuf_c_message_get_packed_size(message);
    if (length > call->connection->message_size) {
        call_end(call, HACA_RPC_RESOURCE_EXHAUSTED, false, "the request is larger than the peer accepts");
        connection_queue_reset(call->connection, call->stream, HACA__RPC__V1__RESET__REASON__CANCELLED);
        return false;
    }
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL) {
        call_end(call, HACA_RPC_RESOURCE_EXHAUSTED, false, "out of memory");
        connection_queue_reset(call->connection, call->stream, HACA__RPC__V1__RESET__REASON__CANCELLED);
        return false;
    }
    protobuf_c_message_pack(message, bytes);
    call->requests_ended = last;
    bool sent = send_bytes(call, bytes, length, last);
    free(bytes);
    return sent && !call->ended;
}

ProtobufCMessage *haca_rpc_next(haca_rpc_call *call, const ProtobufCMessageDescriptor *type)
{
    while (call->first == NULL) {
        if (call->ended || !wait_turn(call))
            if (call->first == NULL)
                return NULL;
    }
    ProtobufCMessage *message = call_take(call, type);
    connection_flush(call->connection);
    return message;
}

haca_rpc_status haca_rpc_finish(haca_rpc_call *call)
{
    haca_rpc_connection *connection = call->connection;
    if (!call->ended) {
        call_end(call, HACA_RPC_CANCELLED, false, "the call was cancelled here");
        connection_queue_reset(connection, call->stream, HACA__RPC__V1__RESET__REASON__CANCELLED);
        connection_flush(connection);
    }
    haca_rpc_status status = call->status;
    for (haca_rpc_call **link = &connection->calls; *link != NULL; link = &(*link)->next) {
        if (*link == call) {
            *link = call->next;
            break;
        }
    }
    connection->call_count -= 1;
    call_drop_messages(call);
    free(call);
    return status;
}

haca_rpc_status haca_rpc_unary(haca_rpc_connection *connection, const char *method, const ProtobufCMessage *request,
                               const ProtobufCMessageDescriptor *response_type, const haca_rpc_call_options *options,
                               ProtobufCMessage **response)
{
    *response = NULL;
    haca_rpc_status status;
    haca_rpc_call *call = haca_rpc_open(connection, method, options, &status);
    if (call == NULL)
        return status;
    haca_rpc_send(call, request, true);
    ProtobufCMessage *message = haca_rpc_next(call, response_type);
    ProtobufCMessage *second = message == NULL ? NULL : haca_rpc_next(call, response_type);
    status = haca_rpc_finish(call);
    if (status.code == HACA_RPC_OK && (message == NULL || second != NULL))
        set_status(&status, HACA_RPC_INTERNAL, "a unary call was answered with %s",
                   second != NULL ? "several messages" : "no message");
    if (status.code == HACA_RPC_OK)
        *response = message;
    else if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
    if (second != NULL)
        protobuf_c_message_free_unpacked(second, NULL);
    return status;
}

haca_rpc_status haca_rpc_server_stream(haca_rpc_connection *connection, const char *method,
                                       const ProtobufCMessage *request,
                                       const ProtobufCMessageDescriptor *response_type,
                                       const haca_rpc_call_options *options, haca_rpc_receiver *receiver,
                                       void *context)
{
    haca_rpc_status status;
    haca_rpc_call *call = haca_rpc_open(connection, method, options, &status);
    if (call == NULL)
        return status;
    haca_rpc_send(call, request, true);
    bool wanted = true;
    while (wanted) {
        ProtobufCMessage *message = haca_rpc_next(call, response_type);
        if (message == NULL)
            break;
        wanted = receiver(message, context);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    return haca_rpc_finish(call);
}
