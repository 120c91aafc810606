// The kernel's arithmetic on little-endian bytes, for comparison with arithmetic of another origin.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Field operations modulo 2^255 - 19; bit 255 of an input is ignored, outputs are canonical.
void haca_ed25519_field_sum(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]);
void haca_ed25519_field_difference(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]);
void haca_ed25519_field_product(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]);
void haca_ed25519_field_square(const uint8_t a[32], uint8_t out[32]);
void haca_ed25519_field_inverse(const uint8_t a[32], uint8_t out[32]);

// A 512-bit number modulo the group order.
void haca_ed25519_scalar_reduce(const uint8_t wide[64], uint8_t out[32]);
// (a·b + c) modulo the group order.
void haca_ed25519_scalar_product(const uint8_t a[32], const uint8_t b[32], const uint8_t c[32], uint8_t out[32]);

// The canonical encoding of the point that `bytes` name under ZIP-215, or false.
bool haca_ed25519_point_normalise(const uint8_t bytes[32], uint8_t out[32]);
// The encoding of scalar · point, for any 256-bit scalar; false when `bytes` name no point.
bool haca_ed25519_point_multiply(const uint8_t bytes[32], const uint8_t scalar[32], uint8_t out[32]);
// The encoding of the sum of two points; false when one of them is none.
bool haca_ed25519_point_sum(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]);
