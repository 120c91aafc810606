/* A queue of bytes: appended at the end, consumed at the front. */
#ifndef HACA_BUFFER_H
#define HACA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_buffer {
    uint8_t *storage;
    size_t start;
    size_t length; /* readable bytes, from start */
    size_t capacity;
};

/* Room for `count` more bytes at the end, or NULL when memory is out; follow with buffer_commit(). */
uint8_t *buffer_reserve(struct byte_buffer *buffer, size_t count);
void buffer_commit(struct byte_buffer *buffer, size_t count);
bool buffer_append(struct byte_buffer *buffer, const void *bytes, size_t count);
const uint8_t *buffer_bytes(const struct byte_buffer *buffer);
void buffer_consume(struct byte_buffer *buffer, size_t count);
void buffer_free(struct byte_buffer *buffer);

#endif
