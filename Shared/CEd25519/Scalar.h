// Integers modulo the group order L = 2^252 + 27742317777372353535851937790883648493.
#pragma once
#include "CEd25519.h"

// Four words, least significant first; below L unless said otherwise.
typedef struct {
    uint64_t word[4];
} Scalar;

// Any 256-bit number, not reduced.
void scalarDecode(Scalar *out, const uint8_t bytes[32]);
void scalarEncode(uint8_t bytes[32], const Scalar *a);
// Whether a 256-bit number is below L.
bool scalarIsCanonical(const Scalar *a);
void scalarReduceWide(Scalar *out, const uint8_t bytes[64]);
// (a·b + c) mod L for any 256-bit a, b with a·b + c below 2^512.
void scalarMultiplyAdd(Scalar *out, const Scalar *a, const Scalar *b, const Scalar *c);

// Positions of a scalar's signed digits; scalars are below 2^253.
#define SCALAR_DIGITS 256
// Signed digits, zero or odd and below 2^(width-1) in size, at most one in `width` successive positions: the sum of
// digits[i·stride]·2^i is the scalar.
void scalarSignedDigits(int8_t *digits, size_t stride, size_t count, const Scalar *a, unsigned width);
