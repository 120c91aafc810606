/* The wire: preface, frame header, types and flags. Proto/rpc.proto defines what the frames carry. */
#ifndef HACA_WIRE_H
#define HACA_WIRE_H

#include <stdbool.h>
#include <stdint.h>

enum { PREFACE_LENGTH = 16, FRAME_HEADER_LENGTH = 16, PROTOCOL_VERSION = 1 };

enum frame_type {
    FRAME_SETTINGS = 1,
    FRAME_REQUEST = 2,
    FRAME_MESSAGE = 3,
    FRAME_TRAILER = 4,
    FRAME_RESET = 5,
    FRAME_WINDOW = 6,
    FRAME_PING = 7,
    FRAME_GOAWAY = 8,
    FRAME_FIRST_IGNORABLE = 0x80
};

enum frame_flag { FLAG_END_STREAM = 1, FLAG_COMPRESSED = 2, FLAG_MORE = 4, FLAG_ACK = 8, KNOWN_FLAGS = 15 };

struct frame_header {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint16_t reserved;
    uint64_t stream;
};

void preface_encode(uint8_t bytes[PREFACE_LENGTH]);

/* What is wrong with a peer's preface; NULL: nothing. */
const char *preface_check(const uint8_t bytes[PREFACE_LENGTH]);

void frame_header_encode(const struct frame_header *header, uint8_t bytes[FRAME_HEADER_LENGTH]);
struct frame_header frame_header_decode(const uint8_t bytes[FRAME_HEADER_LENGTH]);

#endif
