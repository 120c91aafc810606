// The field of 2^255 - 19 in five limbs of 51 bits.
//
// Bounds: products, squares and decoded elements have limbs below 2^51 + 2^13 ("reduced"). A sum of two reduced elements stays
// below 2^53; a difference adds 4p and stays below 2^54 when both operands are below 2^53. Products take limbs below 2^54.
#pragma once
#include "CEd25519.h"

typedef haca_ed25519_field Field;
typedef unsigned __int128 Wide;

#define FIELD_MASK 0x7ffffffffffffULL

static inline void fieldAdd(Field *out, const Field *a, const Field *b) {
    for (int i = 0; i < 5; i++) out->limb[i] = a->limb[i] + b->limb[i];
}

static inline void fieldSubtract(Field *out, const Field *a, const Field *b) {
    out->limb[0] = a->limb[0] + 0x1fffffffffffb4ULL - b->limb[0];
    for (int i = 1; i < 5; i++) out->limb[i] = a->limb[i] + 0x1ffffffffffffcULL - b->limb[i];
}

// Carries five wide limbs into a reduced element.
static inline void fieldCarry(Field *out, Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
    r1 += (uint64_t)(r0 >> 51);
    r2 += (uint64_t)(r1 >> 51);
    r3 += (uint64_t)(r2 >> 51);
    r4 += (uint64_t)(r3 >> 51);
    const uint64_t low = ((uint64_t)r0 & FIELD_MASK) + 19 * (uint64_t)(r4 >> 51);
    out->limb[0] = low & FIELD_MASK;
    out->limb[1] = ((uint64_t)r1 & FIELD_MASK) + (low >> 51);
    out->limb[2] = (uint64_t)r2 & FIELD_MASK;
    out->limb[3] = (uint64_t)r3 & FIELD_MASK;
    out->limb[4] = (uint64_t)r4 & FIELD_MASK;
}

static inline void fieldMultiply(Field *out, const Field *a, const Field *b) {
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    const uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2], b3 = b->limb[3], b4 = b->limb[4];
    const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    fieldCarry(
        out, (Wide)a0 * b0 + (Wide)a1 * c4 + (Wide)a2 * c3 + (Wide)a3 * c2 + (Wide)a4 * c1,
        (Wide)a0 * b1 + (Wide)a1 * b0 + (Wide)a2 * c4 + (Wide)a3 * c3 + (Wide)a4 * c2,
        (Wide)a0 * b2 + (Wide)a1 * b1 + (Wide)a2 * b0 + (Wide)a3 * c4 + (Wide)a4 * c3,
        (Wide)a0 * b3 + (Wide)a1 * b2 + (Wide)a2 * b1 + (Wide)a3 * b0 + (Wide)a4 * c4,
        (Wide)a0 * b4 + (Wide)a1 * b3 + (Wide)a2 * b2 + (Wide)a3 * b1 + (Wide)a4 * b0);
}

static inline void fieldSquare(Field *out, const Field *a) {
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2;
    const uint64_t c3 = 19 * a3, c4 = 19 * a4;
    fieldCarry(
        out, (Wide)a0 * a0 + (Wide)d1 * c4 + (Wide)d2 * c3, (Wide)d0 * a1 + (Wide)d2 * c4 + (Wide)a3 * c3,
        (Wide)d0 * a2 + (Wide)a1 * a1 + (Wide)(2 * a3) * c4, (Wide)d0 * a3 + (Wide)d1 * a2 + (Wide)a4 * c4,
        (Wide)d0 * a4 + (Wide)d1 * a3 + (Wide)a2 * a2);
}

static const Field fieldZero = {{0, 0, 0, 0, 0}};
static const Field fieldOne = {{1, 0, 0, 0, 0}};

// Bit 255 is ignored; values from p to 2^255 - 1 are taken modulo p.
void fieldDecode(Field *out, const uint8_t bytes[32]);
// Carries an element with limbs below 2^54 into a reduced one.
static inline void fieldReduce(Field *a) { fieldCarry(a, a->limb[0], a->limb[1], a->limb[2], a->limb[3], a->limb[4]); }
// The canonical bytes of an element with limbs below 2^54.
void fieldEncode(uint8_t bytes[32], const Field *a);
bool fieldEqual(const Field *a, const Field *b);
bool fieldIsZero(const Field *a);
// The parity of the canonical value.
bool fieldIsOdd(const Field *a);
void fieldNegate(Field *out, const Field *a);
// a^(p-2): the inverse, and zero for zero.
void fieldInvert(Field *out, const Field *a);
// a^((p-5)/8).
void fieldPowerForRoot(Field *out, const Field *a);
