#include "wire.h"

#include <string.h>

static const uint8_t magic[8] = {'H', 'A', 'C', 'A', '/', 'R', 'P', 'C'};

static void encode(uint64_t value, uint8_t *bytes, int count)
{
    for (int index = count - 1; index >= 0; index--) {
        bytes[index] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t decode(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int index = 0; index < count; index++)
        value = value << 8 | bytes[index];
    return value;
}

void preface_encode(uint8_t bytes[PREFACE_LENGTH])
{
    memset(bytes, 0, PREFACE_LENGTH);
    memcpy(bytes, magic, sizeof magic);
    encode(PROTOCOL_VERSION, bytes + sizeof magic, 2);
}

const char *preface_check(const uint8_t bytes[PREFACE_LENGTH])
{
    static const uint8_t zeros[6];
    if (memcmp(bytes, magic, sizeof magic) != 0)
        return "the peer does not speak the framed RPC";
    if (decode(bytes + sizeof magic, 2) != PROTOCOL_VERSION)
        return "the peer speaks another version of the framed RPC";
    if (memcmp(bytes + sizeof magic + 2, zeros, sizeof zeros) != 0)
        return "the peer's preface has reserved bytes set";
    return NULL;
}

void frame_header_encode(const struct frame_header *header, uint8_t bytes[FRAME_HEADER_LENGTH])
{
    encode(header->length, bytes, 4);
    bytes[4] = header->type;
    bytes[5] = header->flags;
    encode(header->reserved, bytes + 6, 2);
    encode(header->stream, bytes + 8, 8);
}

struct frame_header frame_header_decode(const uint8_t bytes[FRAME_HEADER_LENGTH])
{
    return (struct frame_header){
        .length = (uint32_t)decode(bytes, 4),
        .type = bytes[4],
        .flags = bytes[5],
        .reserved = (uint16_t)decode(bytes + 6, 2),
        .stream = decode(bytes + 8, 8),
    };
}
