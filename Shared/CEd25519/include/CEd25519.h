// Ed25519 verification under the rules of ZIP-215: [8][s]B = [8]R + [8][k]A, non-canonical encodings of R and A accepted,
// s below the group order. Nothing here is constant time: it never sees a secret.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CEd25519Arithmetic.h"

// An element of the field of 2^255 - 19: five limbs of 51 bits, least significant first.
typedef struct {
    uint64_t limb[5];
} haca_ed25519_field;

// An affine point (x, y) as additions want it: y + x, y - x, 2dxy.
typedef struct {
    haca_ed25519_field yPlusX, yMinusX, xy2d;
} haca_ed25519_niels;

#define HACA_ED25519_STRIDES 4
#define HACA_ED25519_KEY_MULTIPLES 8

// A public key A made ready for many verifications: the odd multiples 1, 3, … 15 of A, 2^64 A, 2^128 A and 2^192 A.
typedef struct {
    haca_ed25519_niels odd[HACA_ED25519_STRIDES * HACA_ED25519_KEY_MULTIPLES];
} haca_ed25519_key;

// False when the 32 bytes name no point of the curve.
bool haca_ed25519_is_point(const uint8_t bytes[32]);
// False when the 32 bytes name no point of the curve; `key` is then undefined.
bool haca_ed25519_prepare(const uint8_t publicKey[32], haca_ed25519_key *key);

// `hash` is SHA-512(R ‖ A ‖ message) over the bytes as they were given.
bool haca_ed25519_verify(const haca_ed25519_key *key, const uint8_t signature[64], const uint8_t hash[64]);
// The same for a key that is seen once: cheaper than preparing it first.
bool haca_ed25519_verify_once(const uint8_t publicKey[32], const uint8_t signature[64], const uint8_t hash[64]);

// Many signatures in one equation, each weighted by a random coefficient.
typedef struct {
    size_t count;
    const uint8_t *signatures;    // 64 bytes each
    const uint8_t *hashes;        // 64 bytes each
    const uint8_t *coefficients;  // 16 random bytes each
    const uint32_t *keyIndices;   // which key each signature belongs to
    size_t keyCount;
    const uint8_t *publicKeys;                   // 32 bytes each
    const haca_ed25519_key *const *preparedKeys; // null for a key that is not prepared
} haca_ed25519_batch;

// Bytes of scratch memory, aligned for uint64_t, that a batch of this size needs.
size_t haca_ed25519_batch_scratch(size_t count, size_t keyCount);
// True when all signatures are valid. False when at least one is not; it does not say which. Wrong with a probability below
// 2^-120 over the choice of coefficients.
bool haca_ed25519_verify_batch(const haca_ed25519_batch *batch, void *scratch);
