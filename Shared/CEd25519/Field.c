#include "Field.h"

#include <string.h>

static uint64_t load64(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return word;
}

void fieldDecode(Field *out, const uint8_t bytes[32]) {
    const uint64_t w0 = load64(bytes), w1 = load64(bytes + 8), w2 = load64(bytes + 16), w3 = load64(bytes + 24);
    out->limb[0] = w0 & FIELD_MASK;
    out->limb[1] = (w0 >> 51 | w1 << 13) & FIELD_MASK;
    out->limb[2] = (w1 >> 38 | w2 << 26) & FIELD_MASK;
    out->limb[3] = (w2 >> 25 | w3 << 39) & FIELD_MASK;
    out->limb[4] = (w3 >> 12) & FIELD_MASK;
}

// Carries once around; limbs below 2^54 become limbs below 2^51 + 2^8.
static void carryOnce(uint64_t limb[5]) {
    for (int i = 0; i < 4; i++) {
        limb[i + 1] += limb[i] >> 51;
        limb[i] &= FIELD_MASK;
    }
    limb[0] += 19 * (limb[4] >> 51);
    limb[4] &= FIELD_MASK;
}

void fieldEncode(uint8_t bytes[32], const Field *a) {
    uint64_t limb[5];
    memcpy(limb, a->limb, sizeof limb);
    carryOnce(limb);
    carryOnce(limb);
    // Now below 2p. Adding 19 carries into bit 255 exactly when the value is p or more.
    uint64_t quotient = (limb[0] + 19) >> 51;
    for (int i = 1; i < 5; i++) quotient = (limb[i] + quotient) >> 51;
    limb[0] += 19 * quotient;
    for (int i = 0; i < 4; i++) {
        limb[i + 1] += limb[i] >> 51;
        limb[i] &= FIELD_MASK;
    }
    limb[4] &= FIELD_MASK;
    const uint64_t words[4] = {
        limb[0] | limb[1] << 51, limb[1] >> 13 | limb[2] << 38, limb[2] >> 26 | limb[3] << 25,
        limb[3] >> 39 | limb[4] << 12};
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
}

bool fieldEqual(const Field *a, const Field *b) {
    uint8_t left[32], right[32];
    fieldEncode(left, a);
    fieldEncode(right, b);
    return memcmp(left, right, sizeof left) == 0;
}

bool fieldIsZero(const Field *a) { return fieldEqual(a, &fieldZero); }

bool fieldIsOdd(const Field *a) {
    uint8_t bytes[32];
    fieldEncode(bytes, a);
    return bytes[0] & 1;
}

void fieldNegate(Field *out, const Field *a) { fieldSubtract(out, &fieldZero, a); }

static void squareTimes(Field *out, const Field *a, int times) {
    Field value = *a;
    for (int i = 0; i < times; i++) fieldSquare(&value, &value);
    *out = value;
}

// a^(2^250 - 1), and a^11 on the way: what both exponents below begin with.
static void powerOfOnes(Field *ones250, Field *eleventh, const Field *a) {
    Field a2, a9, ones5, ones10, ones20, ones40, ones50, ones100, ones200, shifted;
    fieldSquare(&a2, a);
    squareTimes(&shifted, &a2, 2);
    fieldMultiply(&a9, &shifted, a);
    fieldMultiply(eleventh, &a9, &a2);
    fieldSquare(&shifted, eleventh);
    fieldMultiply(&ones5, &shifted, &a9);
    squareTimes(&shifted, &ones5, 5);
    fieldMultiply(&ones10, &shifted, &ones5);
    squareTimes(&shifted, &ones10, 10);
    fieldMultiply(&ones20, &shifted, &ones10);
    squareTimes(&shifted, &ones20, 20);
    fieldMultiply(&ones40, &shifted, &ones20);
    squareTimes(&shifted, &ones40, 10);
    fieldMultiply(&ones50, &shifted, &ones10);
    squareTimes(&shifted, &ones50, 50);
    fieldMultiply(&ones100, &shifted, &ones50);
    squareTimes(&shifted, &ones100, 100);
    fieldMultiply(&ones200, &shifted, &ones100);
    squareTimes(&shifted, &ones200, 50);
    fieldMultiply(ones250, &shifted, &ones50);
}

void fieldInvert(Field *out, const Field *a) {
    // p - 2 = 2^255 - 21 = (2^250 - 1)·2^5 + 11.
    Field ones, eleventh;
    powerOfOnes(&ones, &eleventh, a);
    squareTimes(&ones, &ones, 5);
    fieldMultiply(out, &ones, &eleventh);
}

void fieldPowerForRoot(Field *out, const Field *a) {
    // (p - 5)/8 = 2^252 - 3 = (2^250 - 1)·2^2 + 1.
    Field ones, eleventh;
    powerOfOnes(&ones, &eleventh, a);
    squareTimes(&ones, &ones, 2);
    fieldMultiply(out, &ones, a);
}
