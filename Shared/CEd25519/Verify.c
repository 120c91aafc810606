#include <pthread.h>
#include <string.h>

#include "CEd25519.h"
#include "Point.h"
#include "Scalar.h"

// Signed digits of this width use odd multiples up to 2^(width-1) - 1: 8 of them for keys and R, 32 for the base point.
#define POINT_WIDTH 5
#define POINT_MULTIPLES HACA_ED25519_KEY_MULTIPLES
#define BASE_WIDTH 7
#define BASE_MULTIPLES 32
// Positions of one stride: a scalar's digit 64s + i belongs to the multiples of 2^(64s) at doubling i.
#define STRIDE 64
// A coefficient of 128 bits can carry into one more position.
#define COEFFICIENT_DIGITS 129

static NielsPoint baseMultiples[HACA_ED25519_STRIDES * BASE_MULTIPLES];
static pthread_once_t baseOnce = PTHREAD_ONCE_INIT;

static void makeBaseMultiples(void) {
    Point base;
    pointBase(&base);
    pointStridedMultiples(baseMultiples, BASE_MULTIPLES, &base);
}

static void addDigit(PointFactors *sum, const NielsPoint *multiples, int digit, bool subtract) {
    if (digit == 0) return;
    Point point;
    pointFromFactors(&point, sum);
    const bool negative = digit < 0;
    pointAddNiels(sum, &point, &multiples[(negative ? -digit : digit) >> 1], negative != subtract);
}

static void addCachedDigit(PointFactors *sum, const CachedPoint *multiples, int digit, bool subtract) {
    if (digit == 0) return;
    Point point;
    pointFromFactors(&point, sum);
    const bool negative = digit < 0;
    pointAddCached(sum, &point, &multiples[(negative ? -digit : digit) >> 1], negative != subtract);
}

static void doubleFactors(PointFactors *sum) {
    Point point;
    pointFromFactorsForDoubling(&point, sum);
    pointDouble(sum, &point);
}

// The digits of a scalar at doubling `position`, one in each stride.
static void addStrides(
    PointFactors *sum, const NielsPoint *multiples, size_t count, const int8_t *digits, size_t position,
    bool subtract) {
    for (size_t stride = 0; stride < HACA_ED25519_STRIDES; stride++)
        addDigit(sum, multiples + stride * count, digits[STRIDE * stride + position], subtract);
}

bool haca_ed25519_is_point(const uint8_t bytes[32]) {
    Point point;
    return pointDecode(&point, bytes);
}

bool haca_ed25519_prepare(const uint8_t publicKey[32], haca_ed25519_key *key) {
    Point point;
    if (!pointDecode(&point, publicKey)) return false;
    pointStridedMultiples(key->odd, HACA_ED25519_KEY_MULTIPLES, &point);
    return true;
}

// Decodes a signature; false when R is no point or s is not below the group order.
static bool decodeSignature(Point *commitment, Scalar *response, const uint8_t signature[64]) {
    scalarDecode(response, signature + 32);
    return scalarIsCanonical(response) && pointDecode(commitment, signature);
}

// Whether [8](sum - R) is the identity.
static bool matchesCommitment(PointFactors *sum, const Point *commitment) {
    CachedPoint cached;
    Point point;
    pointCache(&cached, commitment);
    pointFromFactors(&point, sum);
    pointAddCached(sum, &point, &cached, true);
    return pointIsSmallOrder(sum);
}

bool haca_ed25519_verify(const haca_ed25519_key *key, const uint8_t signature[64], const uint8_t hash[64]) {
    Point commitment;
    Scalar response, challenge;
    if (!decodeSignature(&commitment, &response, signature)) return false;
    pthread_once(&baseOnce, makeBaseMultiples);
    scalarReduceWide(&challenge, hash);
    int8_t responseDigits[SCALAR_DIGITS], challengeDigits[SCALAR_DIGITS];
    scalarSignedDigits(responseDigits, 1, SCALAR_DIGITS, &response, BASE_WIDTH);
    scalarSignedDigits(challengeDigits, 1, SCALAR_DIGITS, &challenge, POINT_WIDTH);
    PointFactors sum = pointFactorsOfIdentity;
    for (size_t position = STRIDE; position-- > 0;) {
        doubleFactors(&sum);
        addStrides(&sum, baseMultiples, BASE_MULTIPLES, responseDigits, position, false);
        addStrides(&sum, key->odd, HACA_ED25519_KEY_MULTIPLES, challengeDigits, position, true);
    }
    return matchesCommitment(&sum, &commitment);
}

bool haca_ed25519_verify_once(const uint8_t publicKey[32], const uint8_t signature[64], const uint8_t hash[64]) {
    Point key, commitment;
    Scalar response, challenge;
    if (!pointDecode(&key, publicKey) || !decodeSignature(&commitment, &response, signature)) return false;
    pthread_once(&baseOnce, makeBaseMultiples);
    scalarReduceWide(&challenge, hash);
    int8_t responseDigits[SCALAR_DIGITS], challengeDigits[SCALAR_DIGITS];
    scalarSignedDigits(responseDigits, 1, SCALAR_DIGITS, &response, BASE_WIDTH);
    scalarSignedDigits(challengeDigits, 1, SCALAR_DIGITS, &challenge, POINT_WIDTH);
    CachedPoint multiples[POINT_MULTIPLES];
    pointOddMultiples(multiples, POINT_MULTIPLES, &key);
    PointFactors sum = pointFactorsOfIdentity;
    for (size_t position = SCALAR_DIGITS; position-- > 0;) {
        doubleFactors(&sum);
        addCachedDigit(&sum, multiples, challengeDigits[position], true);
        if (position < STRIDE) addStrides(&sum, baseMultiples, BASE_MULTIPLES, responseDigits, position, false);
    }
    return matchesCommitment(&sum, &commitment);
}

// MARK: Batches

// Scratch memory of a batch, in this order.
typedef struct {
    CachedPoint *commitments;  // POINT_MULTIPLES for each R
    CachedPoint *plainKeys;    // POINT_MULTIPLES for each key, used by those that are not prepared
    Scalar *keyScalars;        // one for each key
    int8_t *keyDigits;         // SCALAR_DIGITS for each key
    int8_t *commitmentDigits;  // [position][signature], so that one doubling reads one run of memory
} BatchScratch;

size_t haca_ed25519_batch_scratch(size_t count, size_t keyCount) {
    return (count + keyCount) * POINT_MULTIPLES * sizeof(CachedPoint) + count * COEFFICIENT_DIGITS +
           keyCount * (sizeof(Scalar) + SCALAR_DIGITS);
}

static BatchScratch layOut(void *scratch, size_t count, size_t keyCount) {
    BatchScratch parts;
    parts.commitments = scratch;
    parts.plainKeys = parts.commitments + count * POINT_MULTIPLES;
    parts.keyScalars = (Scalar *)(parts.plainKeys + keyCount * POINT_MULTIPLES);
    parts.keyDigits = (int8_t *)(parts.keyScalars + keyCount);
    parts.commitmentDigits = parts.keyDigits + keyCount * SCALAR_DIGITS;
    return parts;
}

// Reads all signatures into scratch memory and weighs the scalars; false when one cannot be read.
static bool weighSignatures(const haca_ed25519_batch *batch, BatchScratch *parts, Scalar *baseScalar) {
    const Scalar zero = {{0, 0, 0, 0}};
    *baseScalar = zero;
    for (size_t key = 0; key < batch->keyCount; key++) parts->keyScalars[key] = zero;
    for (size_t i = 0; i < batch->count; i++) {
        Point commitment;
        Scalar response, challenge, coefficient;
        if (!decodeSignature(&commitment, &response, batch->signatures + 64 * i)) return false;
        pointOddMultiples(parts->commitments + POINT_MULTIPLES * i, POINT_MULTIPLES, &commitment);
        uint8_t coefficientBytes[32] = {0};
        memcpy(coefficientBytes, batch->coefficients + 16 * i, 16);
        scalarDecode(&coefficient, coefficientBytes);
        scalarSignedDigits(
            parts->commitmentDigits + i, batch->count, COEFFICIENT_DIGITS, &coefficient, POINT_WIDTH);
        scalarMultiplyAdd(baseScalar, &coefficient, &response, baseScalar);
        scalarReduceWide(&challenge, batch->hashes + 64 * i);
        Scalar *keyScalar = &parts->keyScalars[batch->keyIndices[i]];
        scalarMultiplyAdd(keyScalar, &coefficient, &challenge, keyScalar);
    }
    return true;
}

// Recodes the keys' scalars and reads the keys that are not prepared; false when one is no point. `positions` becomes the
// number of doublings needed: a key without strides needs its scalar's full length.
static bool weighKeys(const haca_ed25519_batch *batch, BatchScratch *parts, size_t *positions) {
    *positions = COEFFICIENT_DIGITS;
    for (size_t key = 0; key < batch->keyCount; key++) {
        scalarSignedDigits(
            parts->keyDigits + SCALAR_DIGITS * key, 1, SCALAR_DIGITS, &parts->keyScalars[key], POINT_WIDTH);
        if (batch->preparedKeys[key] != NULL) continue;
        Point point;
        if (!pointDecode(&point, batch->publicKeys + 32 * key)) return false;
        pointOddMultiples(parts->plainKeys + POINT_MULTIPLES * key, POINT_MULTIPLES, &point);
        *positions = SCALAR_DIGITS;
    }
    return true;
}

static void addKeys(PointFactors *sum, const haca_ed25519_batch *batch, const BatchScratch *parts, size_t position) {
    for (size_t key = 0; key < batch->keyCount; key++) {
        const int8_t *digits = parts->keyDigits + SCALAR_DIGITS * key;
        const haca_ed25519_key *prepared = batch->preparedKeys[key];
        if (prepared == NULL)
            addCachedDigit(sum, parts->plainKeys + POINT_MULTIPLES * key, digits[position], true);
        else if (position < STRIDE)
            addStrides(sum, prepared->odd, HACA_ED25519_KEY_MULTIPLES, digits, position, true);
    }
}

bool haca_ed25519_verify_batch(const haca_ed25519_batch *batch, void *scratch) {
    BatchScratch parts = layOut(scratch, batch->count, batch->keyCount);
    Scalar baseScalar;
    size_t positions;
    if (!weighSignatures(batch, &parts, &baseScalar) || !weighKeys(batch, &parts, &positions)) return false;
    pthread_once(&baseOnce, makeBaseMultiples);
    int8_t baseDigits[SCALAR_DIGITS];
    scalarSignedDigits(baseDigits, 1, SCALAR_DIGITS, &baseScalar, BASE_WIDTH);
    // Σ zs·B - Σ zR - Σ zk·A by Straus's method: all share the doublings.
    PointFactors sum = pointFactorsOfIdentity;
    for (size_t position = positions; position-- > 0;) {
        doubleFactors(&sum);
        if (position < COEFFICIENT_DIGITS) {
            const int8_t *digits = parts.commitmentDigits + batch->count * position;
            for (size_t i = 0; i < batch->count; i++)
                addCachedDigit(&sum, parts.commitments + POINT_MULTIPLES * i, digits[i], true);
        }
        addKeys(&sum, batch, &parts, position);
        if (position < STRIDE) addStrides(&sum, baseMultiples, BASE_MULTIPLES, baseDigits, position, false);
    }
    return pointIsSmallOrder(&sum);
}
