#include "connection.h"

#include "rpc.pb-c.h"

#include <string.h>

static bool protocol_error(haca_rpc_connection *connection, const char *what)
{
    return connection_fail(connection, HACA_RPC_INTERNAL, "the peer broke the protocol: %s", what);
}

static haca_rpc_call *find_call(haca_rpc_connection *connection, uint64_t stream)
{
    for (haca_rpc_call *call = connection->calls; call != NULL; call = call->next)
        if (call->stream == stream)
            return call;
    return NULL;
}

static uint64_t smaller(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static bool take_settings(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if (header->stream != 0)
        return protocol_error(connection, "settings on a stream");
    if ((header->flags & FLAG_ACK) != 0)
        return header->length == 0 || protocol_error(connection, "an acknowledgement with a payload");
    if (connection->settings_seen)
        return protocol_error(connection, "settings twice");
    Haca__Rpc__V1__Settings *settings = haca__rpc__v1__settings__unpack(NULL, header->length, payload);
    if (settings == NULL)
        return protocol_error(connection, "settings that cannot be read");
    bool same = strcmp(settings->network, connection->network) == 0;
    connection->frame_payload = settings->maximum_frame_payload == 0
                                    ? DEFAULT_FRAME_PAYLOAD
                                    : (uint32_t)smaller(settings->maximum_frame_payload, DEFAULT_FRAME_PAYLOAD);
    connection->head_size = (uint32_t)smaller(
        settings->maximum_head_size == 0 ? DEFAULT_HEAD_SIZE : settings->maximum_head_size, connection->frame_payload);
    connection->message_size =
        settings->maximum_message_size == 0 ? DEFAULT_MESSAGE_SIZE : settings->maximum_message_size;
    connection->initial_stream_window = settings->stream_window;
    connection->send_credit = settings->connection_window;
    connection->stream_credit = settings->streams;
    haca__rpc__v1__settings__free_unpacked(settings, NULL);
    if (!same)
        return connection_fail(connection, HACA_RPC_FAILED_PRECONDITION, "the peer belongs to another network");
    connection->settings_seen = true;
    return connection_queue(connection, FRAME_SETTINGS, FLAG_ACK, 0, NULL, 0);
}

static bool take_window(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    Haca__Rpc__V1__Window *window = haca__rpc__v1__window__unpack(NULL, header->length, payload);
    if (window == NULL)
        return protocol_error(connection, "a window that cannot be read");
    uint64_t bytes = window->bytes, streams = window->streams;
    haca__rpc__v1__window__free_unpacked(window, NULL);
    uint64_t *credit = &connection->send_credit;
    if (header->stream != 0) {
        haca_rpc_call *call = find_call(connection, header->stream);
        if (streams != 0)
            return protocol_error(connection, "a credit of streams on a stream");
        if (call == NULL)
            return true; /* the call ended here while the frame was on its way */
        credit = &call->send_credit;
    }
    if (bytes > INT64_MAX - smaller(*credit, INT64_MAX) ||
        streams > INT64_MAX - smaller(connection->stream_credit, INT64_MAX))
        return protocol_error(connection, "a credit beyond 2^63");
    *credit += bytes;
    connection->stream_credit += streams;
    return true;
}

static bool take_message(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if ((header->flags & FLAG_COMPRESSED) != 0)
        return protocol_error(connection, "a compressed message, which was not agreed on");
    uint64_t cost = frame_cost(header->length);
    if (cost > connection->receive_credit)
        return protocol_error(connection, "more bytes than the connection's window allows");
    connection->receive_credit -= cost;
    connection->owed += cost;
    if (connection->owed >= connection->connection_window / 2) {
        if (!connection_queue_window(connection, 0, connection->owed))
            return false;
        connection->receive_credit += connection->owed;
        connection->owed = 0;
    }
    haca_rpc_call *call = find_call(connection, header->stream);
    if (call == NULL)
        return true;
    return call_receive(call, header, payload);
}

static bool take_trailer(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if ((header->flags & FLAG_END_STREAM) == 0)
        return protocol_error(connection, "a trailer that does not end its stream");
    Haca__Rpc__V1__Trailer *trailer = haca__rpc__v1__trailer__unpack(NULL, header->length, payload);
    if (trailer == NULL)
        return protocol_error(connection, "a trailer that cannot be read");
    haca_rpc_call *call = find_call(connection, header->stream);
    /* The trailer of a failed call may cut a message short. */
    if (call != NULL && call->partial_open && trailer->code == 0)
        call_end(call, HACA_RPC_INTERNAL, false, "the response ended inside a message");
    else if (call != NULL)
        call_end(call, trailer->code, false, trailer->message);
    haca__rpc__v1__trailer__free_unpacked(trailer, NULL);
    return true;
}

static bool take_reset(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    Haca__Rpc__V1__Reset *reset = haca__rpc__v1__reset__unpack(NULL, header->length, payload);
    if (reset == NULL)
        return protocol_error(connection, "a reset that cannot be read");
    int reason = (int)reset->reason;
    haca__rpc__v1__reset__free_unpacked(reset, NULL);
    haca_rpc_call *call = find_call(connection, header->stream);
    if (call == NULL)
        return true;
    switch (reason) {
    case HACA__RPC__V1__RESET__REASON__CANCELLED:
        call_end(call, HACA_RPC_CANCELLED, false, "the peer cancelled the call");
        break;
    case HACA__RPC__V1__RESET__REASON__REFUSED:
        call_end(call, HACA_RPC_UNAVAILABLE, true, "the peer refused the call");
        break;
    case HACA__RPC__V1__RESET__REASON__TOO_LARGE:
        call_end(call, HACA_RPC_RESOURCE_EXHAUSTED, false, "the peer found a message too large");
        break;
    case HACA__RPC__V1__RESET__REASON__DEADLINE:
        call_end(call, HACA_RPC_DEADLINE_EXCEEDED, false, "the deadline passed at the peer");
        break;
    default:
        call_end(call, HACA_RPC_INTERNAL, false, "the peer reset the call");
    }
    return true;
}

static bool take_ping(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if (header->stream != 0)
        return protocol_error(connection, "a ping on a stream");
    if ((header->flags & FLAG_ACK) != 0)
        return true; /* this side sends none */
    Haca__Rpc__V1__Ping *ping = haca__rpc__v1__ping__unpack(NULL, header->length, payload);
    if (ping == NULL)
        return protocol_error(connection, "a ping that cannot be read");
    bool queued = connection_queue_message(connection, FRAME_PING, FLAG_ACK, 0, &ping->base);
    haca__rpc__v1__ping__free_unpacked(ping, NULL);
    return queued;
}

static bool take_goaway(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if (header->stream != 0)
        return protocol_error(connection, "a farewell on a stream");
    Haca__Rpc__V1__GoAway *farewell = haca__rpc__v1__go_away__unpack(NULL, header->length, payload);
    if (farewell == NULL)
        return protocol_error(connection, "a farewell that cannot be read");
    uint64_t last = farewell->last_stream;
    haca__rpc__v1__go_away__free_unpacked(farewell, NULL);
    connection->draining = true;
    for (haca_rpc_call *call = connection->calls; call != NULL; call = call->next)
        if (call->stream > last)
            call_end(call, HACA_RPC_UNAVAILABLE, true, "the peer is going away");
    return true;
}

/* Frames of a call may name only streams that this side has opened. */
static bool is_ours(const haca_rpc_connection *connection, uint64_t stream)
{
    return stream % 2 == 1 && stream < connection->next_stream;
}

bool connection_dispatch(haca_rpc_connection *connection, const struct frame_header *header, const uint8_t *payload)
{
    if (!connection->settings_seen && header->type != FRAME_SETTINGS)
        return protocol_error(connection, "a frame before the settings");
    if (header->type >= FRAME_FIRST_IGNORABLE)
        return true;
    if (header->reserved != 0 || (header->flags & ~KNOWN_FLAGS) != 0)
        return protocol_error(connection, "reserved bits are set");
    switch (header->type) {
    case FRAME_SETTINGS: return take_settings(connection, header, payload);
    case FRAME_PING: return take_ping(connection, header, payload);
    case FRAME_GOAWAY: return take_goaway(connection, header, payload);
    case FRAME_REQUEST: return protocol_error(connection, "a call, for which there was no credit");
    case FRAME_WINDOW:
        if (header->stream == 0)
            return take_window(connection, header, payload);
        break;
    default: break;
    }
    if (header->type > FRAME_GOAWAY || header->type < FRAME_SETTINGS)
        return protocol_error(connection, "a frame of an unknown type");
    if (!is_ours(connection, header->stream))
        return protocol_error(connection, "a frame of a stream that was never opened");
    switch (header->type) {
    case FRAME_WINDOW: return take_window(connection, header, payload);
    case FRAME_MESSAGE: return take_message(connection, header, payload);
    case FRAME_TRAILER: return take_trailer(connection, header, payload);
    default: return take_reset(connection, header, payload);
    }
}
