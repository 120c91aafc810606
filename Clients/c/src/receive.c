#include "connection.h"

#include "rpc.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

void call_end(haca_rpc_call *call, uint32_t code, bool refused, const char *message)
{
    if (call->ended)
        return;
    call->ended = true;
    call->status.code = code;
    call->status.refused = refused;
    snprintf(call->status.message, sizeof call->status.message, "%s", message);
    buffer_free(&call->partial);
    call->partial_open = false;
}

/* Ends the call for what the peer sent on it; other calls go on. */
static bool refuse(haca_rpc_call *call, int reason, uint32_t code, const char *message)
{
    call_end(call, code, false, message);
    call_drop_messages(call);
    return connection_queue_reset(call->connection, call->stream, reason);
}

/* Announces credit in lots of half a window. While no message waits, what has arrived of the next one is given back
 * at once, so that a message larger than the window completes; behind a waiting message it is held. So a call keeps
 * at most one whole message and one window. */
static bool return_credit(haca_rpc_call *call)
{
    haca_rpc_connection *connection = call->connection;
    if (call->first == NULL) {
        call->owed += call->partial_owed;
        call->partial_owed = 0;
    }
    if (call->ended || call->owed < (connection->stream_window + 1) / 2)
        return true;
    uint64_t bytes = call->owed;
    call->owed = 0;
    call->receive_credit += bytes;
    return connection_queue_window(connection, call->stream, bytes);
}

bool call_receive(haca_rpc_call *call, const struct frame_header *header, const uint8_t *payload)
{
    if (call->ended)
        return true;
    uint64_t cost = frame_cost(header->length);
    if (cost > call->receive_credit)
        return refuse(call, HACA__RPC__V1__RESET__REASON__FLOW_CONTROL, HACA_RPC_INTERNAL,
                      "the peer sent more than the call's window allows");
    if (header->length > call->connection->maximum_message_size - call->partial.length)
        return refuse(call, HACA__RPC__V1__RESET__REASON__TOO_LARGE, HACA_RPC_RESOURCE_EXHAUSTED,
                      "the response is larger than this side accepts");
    bool more = (header->flags & FLAG_MORE) != 0;
    if (more && header->length == 0)
        return refuse(call, HACA__RPC__V1__RESET__REASON__INTERNAL, HACA_RPC_INTERNAL,
                      "the peer sent an empty part of a message");
    call->receive_credit -= cost;
    call->partial_owed += cost;
    if (!buffer_append(&call->partial, payload, header->length))
        return refuse(call, HACA__RPC__V1__RESET__REASON__INTERNAL, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
    call->partial_open = more;
    if (!more) {
        struct received_message *message = malloc(sizeof *message);
        if (message == NULL)
            return refuse(call, HACA__RPC__V1__RESET__REASON__INTERNAL, HACA_RPC_RESOURCE_EXHAUSTED, "out of memory");
        *message = (struct received_message){.bytes = call->partial, .owed = call->partial_owed};
        call->partial = (struct byte_buffer){0};
        call->partial_owed = 0;
        if (call->last == NULL)
            call->first = message;
        else
            call->last->next = message;
        call->last = message;
    }
    return return_credit(call);
}

ProtobufCMessage *call_take(haca_rpc_call *call, const ProtobufCMessageDescriptor *type)
{
    struct received_message *message = call->first;
    call->first = message->next;
    if (call->first == NULL)
        call->last = NULL;
    call->owed += message->owed;
    ProtobufCMessage *decoded =
        protobuf_c_message_unpack(type, NULL, message->bytes.length, buffer_bytes(&message->bytes));
    buffer_free(&message->bytes);
    free(message);
    if (decoded == NULL) {
        call_drop_messages(call);
        if (call->ended)
            set_status(&call->status, HACA_RPC_INTERNAL, "a response cannot be read as %s", type->name);
        else
            refuse(call, HACA__RPC__V1__RESET__REASON__INTERNAL, HACA_RPC_INTERNAL, "a response cannot be read");
        return NULL;
    }
    return_credit(call);
    return decoded;
}

void call_drop_messages(haca_rpc_call *call)
{
    while (call->first != NULL) {
        struct received_message *message = call->first;
        call->first = message->next;
        buffer_free(&message->bytes);
        free(message);
    }
    call->last = NULL;
    buffer_free(&call->partial);
    call->partial_open = false;
}
