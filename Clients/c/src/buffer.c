#include "buffer.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAPACITY = 64 };

uint8_t *buffer_reserve(struct byte_buffer *buffer, size_t count)
{
    if (count > SIZE_MAX / 4 || buffer->length > SIZE_MAX / 4)
        return NULL;
    if (buffer->start > 0 && buffer->start + buffer->length + count > buffer->capacity) {
        memmove(buffer->storage, buffer->storage + buffer->start, buffer->length);
        buffer->start = 0;
    }
    size_t needed = buffer->length + count;
    if (needed > buffer->capacity || buffer->storage == NULL) {
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : SMALLEST_CAPACITY;
        while (capacity < needed)
            capacity *= 2;
        uint8_t *storage = realloc(buffer->storage, capacity);
        if (storage == NULL)
            return NULL;
        buffer->storage = storage;
        buffer->capacity = capacity;
    }
    return buffer->storage + buffer->start + buffer->length;
}

void buffer_commit(struct byte_buffer *buffer, size_t count)
{
    buffer->length += count;
}

bool buffer_append(struct byte_buffer *buffer, const void *bytes, size_t count)
{
    if (count == 0)
        return true;
    uint8_t *end = buffer_reserve(buffer, count);
    if (end == NULL)
        return false;
    memcpy(end, bytes, count);
    buffer_commit(buffer, count);
    return true;
}

const uint8_t *buffer_bytes(const struct byte_buffer *buffer)
{
    return buffer->storage == NULL ? (const uint8_t *)"" : buffer->storage + buffer->start;
}

void buffer_consume(struct byte_buffer *buffer, size_t count)
{
    buffer->start += count;
    buffer->length -= count;
    if (buffer->length == 0)
        buffer->start = 0;
}

void buffer_free(struct byte_buffer *buffer)
{
    free(buffer->storage);
    *buffer = (struct byte_buffer){0};
}
