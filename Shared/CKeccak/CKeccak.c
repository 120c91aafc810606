#include "CKeccak.h"

#include <string.h>

static const uint64_t roundConstants[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u, 0x000000000000808bu,
    0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u, 0x000000000000008au, 0x0000000000000088u,
    0x0000000080008009u, 0x000000008000000au, 0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u,
    0x8000000000008003u, 0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u,
};

static inline uint64_t rotate(uint64_t value, unsigned count) {
    return (value << count) | (value >> (64 - count));
}

// One row of chi; the lanes were moved and rotated by the caller.
#define CHI(y, b0, b1, b2, b3, b4)         \
    do {                                   \
        out[5 * (y) + 0] = b0 ^ (~b1 & b2); \
        out[5 * (y) + 1] = b1 ^ (~b2 & b3); \
        out[5 * (y) + 2] = b2 ^ (~b3 & b4); \
        out[5 * (y) + 3] = b3 ^ (~b4 & b0); \
        out[5 * (y) + 4] = b4 ^ (~b0 & b1); \
    } while (0)

// Theta, rho, pi, chi and iota in one pass from `in` to `out`: two buffers keep every index a constant.
static inline __attribute__((always_inline)) void keccakRound(const uint64_t in[25], uint64_t out[25], uint64_t constant) {
    const uint64_t c0 = in[0] ^ in[5] ^ in[10] ^ in[15] ^ in[20];
    const uint64_t c1 = in[1] ^ in[6] ^ in[11] ^ in[16] ^ in[21];
    const uint64_t c2 = in[2] ^ in[7] ^ in[12] ^ in[17] ^ in[22];
    const uint64_t c3 = in[3] ^ in[8] ^ in[13] ^ in[18] ^ in[23];
    const uint64_t c4 = in[4] ^ in[9] ^ in[14] ^ in[19] ^ in[24];
    const uint64_t d0 = c4 ^ rotate(c1, 1);
    const uint64_t d1 = c0 ^ rotate(c2, 1);
    const uint64_t d2 = c1 ^ rotate(c3, 1);
    const uint64_t d3 = c2 ^ rotate(c4, 1);
    const uint64_t d4 = c3 ^ rotate(c0, 1);
    uint64_t b0, b1, b2, b3, b4;

    b0 = in[0] ^ d0;
    b1 = rotate(in[6] ^ d1, 44);
    b2 = rotate(in[12] ^ d2, 43);
    b3 = rotate(in[18] ^ d3, 21);
    b4 = rotate(in[24] ^ d4, 14);
    CHI(0, b0, b1, b2, b3, b4);
    out[0] ^= constant;

    b0 = rotate(in[3] ^ d3, 28);
    b1 = rotate(in[9] ^ d4, 20);
    b2 = rotate(in[10] ^ d0, 3);
    b3 = rotate(in[16] ^ d1, 45);
    b4 = rotate(in[22] ^ d2, 61);
    CHI(1, b0, b1, b2, b3, b4);

    b0 = rotate(in[1] ^ d1, 1);
    b1 = rotate(in[7] ^ d2, 6);
    b2 = rotate(in[13] ^ d3, 25);
    b3 = rotate(in[19] ^ d4, 8);
    b4 = rotate(in[20] ^ d0, 18);
    CHI(2, b0, b1, b2, b3, b4);

    b0 = rotate(in[4] ^ d4, 27);
    b1 = rotate(in[5] ^ d0, 36);
    b2 = rotate(in[11] ^ d1, 10);
    b3 = rotate(in[17] ^ d2, 15);
    b4 = rotate(in[23] ^ d3, 56);
    CHI(3, b0, b1, b2, b3, b4);

    b0 = rotate(in[2] ^ d2, 62);
    b1 = rotate(in[8] ^ d3, 55);
    b2 = rotate(in[14] ^ d4, 39);
    b3 = rotate(in[15] ^ d0, 41);
    b4 = rotate(in[21] ^ d1, 2);
    CHI(4, b0, b1, b2, b3, b4);
}

void haca_keccak_f1600(uint64_t state[25]) {
    uint64_t other[25];
    for (int round = 0; round < 24; round += 2) {
        keccakRound(state, other, roundConstants[round]);
        keccakRound(other, state, roundConstants[round + 1]);
    }
}

// Lanes are little-endian; the shifts compile to one load on little-endian machines and stay right on others.
static inline uint64_t loadLane(const uint8_t *bytes) {
    uint64_t lane = 0;
    for (int i = 0; i < 8; i++) lane |= (uint64_t)bytes[i] << (8 * i);
    return lane;
}

static void absorbBlock(uint64_t state[25], const uint8_t *block) {
    for (int lane = 0; lane < HACA_KECCAK256_RATE / 8; lane++) state[lane] ^= loadLane(block + 8 * lane);
    haca_keccak_f1600(state);
}

void haca_keccak256_start(haca_keccak256 *hasher) {
    memset(hasher, 0, sizeof *hasher);
}

void haca_keccak256_update(haca_keccak256 *hasher, const uint8_t *bytes, size_t count) {
    if (count == 0) return;
    if (hasher->pendingCount > 0) {
        size_t taken = HACA_KECCAK256_RATE - hasher->pendingCount;
        if (taken > count) taken = count;
        memcpy(hasher->pending + hasher->pendingCount, bytes, taken);
        hasher->pendingCount += taken;
        bytes += taken;
        count -= taken;
        if (hasher->pendingCount < HACA_KECCAK256_RATE) return;
        absorbBlock(hasher->state, hasher->pending);
        hasher->pendingCount = 0;
    }
    while (count >= HACA_KECCAK256_RATE) {
        absorbBlock(hasher->state, bytes);
        bytes += HACA_KECCAK256_RATE;
        count -= HACA_KECCAK256_RATE;
    }
    if (count > 0) memcpy(hasher->pending, bytes, count);
    hasher->pendingCount = count;
}

void haca_keccak256_finish(haca_keccak256 *hasher, uint8_t digest[32]) {
    memset(hasher->pending + hasher->pendingCount, 0, HACA_KECCAK256_RATE - hasher->pendingCount);
    hasher->pending[hasher->pendingCount] ^= 0x01;
    hasher->pending[HACA_KECCAK256_RATE - 1] ^= 0x80;
    absorbBlock(hasher->state, hasher->pending);
    for (int lane = 0; lane < 4; lane++) {
        for (int i = 0; i < 8; i++) digest[8 * lane + i] = (uint8_t)(hasher->state[lane] >> (8 * i));
    }
}

void haca_keccak256_digest(const uint8_t *bytes, size_t count, uint8_t digest[32]) {
    haca_keccak256 hasher;
    haca_keccak256_start(&hasher);
    haca_keccak256_update(&hasher, bytes, count);
    haca_keccak256_finish(&hasher, digest);
}
