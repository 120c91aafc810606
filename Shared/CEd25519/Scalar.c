#include "Scalar.h"

#include <string.h>

typedef unsigned __int128 Wide;

static const uint64_t order[5] = {0x5812631a5cf5d3edULL, 0x14def9dea2f79cd6ULL, 0, 0x1000000000000000ULL, 0};
// floor(2^512 / L), for Barrett's reduction.
static const uint64_t reciprocal[5] = {
    0xed9ce5a30a2c131bULL, 0x2106215d086329a7ULL, 0xffffffffffffffebULL, 0xffffffffffffffffULL, 0xfULL};

void scalarDecode(Scalar *out, const uint8_t bytes[32]) {
    for (int i = 0; i < 4; i++) {
        uint64_t word = 0;
        for (int j = 7; j >= 0; j--) word = word << 8 | bytes[8 * i + j];
        out->word[i] = word;
    }
}

void scalarEncode(uint8_t bytes[32], const Scalar *a) {
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(a->word[i / 8] >> (8 * (i % 8)));
}

// out[0 ..< leftCount + rightCount] = left · right.
static void multiplyWords(
    uint64_t *out, const uint64_t *left, size_t leftCount, const uint64_t *right, size_t rightCount) {
    memset(out, 0, (leftCount + rightCount) * sizeof *out);
    for (size_t i = 0; i < leftCount; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < rightCount; j++) {
            const Wide sum = (Wide)left[i] * right[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        out[i + rightCount] = carry;
    }
}

// out = a - b over five words; the borrow out of the top.
static uint64_t subtractWords(uint64_t out[5], const uint64_t a[5], const uint64_t b[5]) {
    uint64_t borrow = 0;
    for (int i = 0; i < 5; i++) {
        const Wide difference = (Wide)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

// Barrett's reduction of a 512-bit number: the estimated quotient is at most two too small.
static void reduceWords(Scalar *out, const uint64_t wide[8]) {
    uint64_t estimate[10], product[10], remainder[5], smaller[5];
    multiplyWords(estimate, wide + 3, 5, reciprocal, 5);
    multiplyWords(product, estimate + 5, 5, order, 5);
    subtractWords(remainder, wide, product);
    while (subtractWords(smaller, remainder, order) == 0) memcpy(remainder, smaller, sizeof remainder);
    memcpy(out->word, remainder, sizeof out->word);
}

bool scalarIsCanonical(const Scalar *a) {
    uint64_t extended[5] = {a->word[0], a->word[1], a->word[2], a->word[3], 0}, difference[5];
    return subtractWords(difference, extended, order) == 1;
}

void scalarReduceWide(Scalar *out, const uint8_t bytes[64]) {
    Scalar low, high;
    scalarDecode(&low, bytes);
    scalarDecode(&high, bytes + 32);
    uint64_t wide[8];
    memcpy(wide, low.word, sizeof low.word);
    memcpy(wide + 4, high.word, sizeof high.word);
    reduceWords(out, wide);
}

void scalarMultiplyAdd(Scalar *out, const Scalar *a, const Scalar *b, const Scalar *c) {
    uint64_t wide[8], carry = 0;
    multiplyWords(wide, a->word, 4, b->word, 4);
    for (int i = 0; i < 8; i++) {
        const Wide sum = (Wide)wide[i] + (i < 4 ? c->word[i] : 0) + carry;
        wide[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    reduceWords(out, wide);
}

void scalarSignedDigits(int8_t *digits, size_t stride, size_t count, const Scalar *a, unsigned width) {
    const uint64_t words[5] = {a->word[0], a->word[1], a->word[2], a->word[3], 0};
    const uint64_t mask = (1ULL << width) - 1;
    for (size_t position = 0; position < count; position++) digits[position * stride] = 0;
    uint64_t carry = 0;
    for (size_t position = 0; position < count;) {
        const size_t word = position / 64, bit = position % 64;
        uint64_t bits = words[word] >> bit;
        if (bit + width > 64) bits |= words[word + 1] << (64 - bit);
        const uint64_t window = carry + (bits & mask);
        if ((window & 1) == 0) {
            position += 1;
            continue;
        }
        if (window < 1ULL << (width - 1)) {
            carry = 0;
            digits[position * stride] = (int8_t)window;
        } else {
            carry = 1;
            digits[position * stride] = (int8_t)((int64_t)window - (int64_t)(1ULL << width));
        }
        position += width;
    }
}
