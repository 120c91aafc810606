// Keccak-256 as Ethereum uses it: rate 136 bytes, capacity 512 bits, padding byte 0x01 (not FIPS 202's 0x06).
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HACA_KECCAK256_RATE 136

typedef struct {
    uint64_t state[25];
    uint8_t pending[HACA_KECCAK256_RATE];
    size_t pendingCount;
} haca_keccak256;

// The permutation over 25 lanes, lane (x, y) at index x + 5y.
void haca_keccak_f1600(uint64_t state[25]);

void haca_keccak256_start(haca_keccak256 *hasher);
void haca_keccak256_update(haca_keccak256 *hasher, const uint8_t *bytes, size_t count);
// Pads and writes the digest. The hasher must be started again before further use.
void haca_keccak256_finish(haca_keccak256 *hasher, uint8_t digest[32]);

void haca_keccak256_digest(const uint8_t *bytes, size_t count, uint8_t digest[32]);
