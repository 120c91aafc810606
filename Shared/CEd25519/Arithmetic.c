#include "CEd25519Arithmetic.h"

#include "Point.h"
#include "Scalar.h"

void haca_ed25519_field_sum(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]) {
    Field left, right;
    fieldDecode(&left, a);
    fieldDecode(&right, b);
    fieldAdd(&left, &left, &right);
    fieldEncode(out, &left);
}

void haca_ed25519_field_difference(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]) {
    Field left, right;
    fieldDecode(&left, a);
    fieldDecode(&right, b);
    fieldSubtract(&left, &left, &right);
    fieldEncode(out, &left);
}

void haca_ed25519_field_product(const uint8_t a[32], const uint8_t b[32], uint8_t out[32]) {
    Field left, right;
    fieldDecode(&left, a);
    fieldDecode(&right, b);
    fieldMultiply(&left, &left, &right);
    fieldEncode(out, &left);
}

void haca_ed25519_field_square(const uint8_t a[32], uint8_t out[32]) {
    Field value;
    fieldDecode(&value, a);
    fieldSquare(&value, &value);
    fieldEncode(out, &value);
}

void haca_ed25519_field_inverse(const uint8_t a[32], uint8_t out[32]) {
    Field value;
    fieldDecode(&value, a);
    fieldInvert(&value, &value);
    fieldEncode(out, &value);
}

void haca_ed25519_scalar_reduce(const uint8_t wide[64], uint8_t out[32]) {
    Scalar scalar;
    scalarReduceWide(&scalar, wide);
    scalarEncode(out, &scalar);
}

void haca_ed25519_scalar_product(const uint8_t a[32], const uint8_t b[32], const uint8_t c[32], uint8_t out[32]) {
    Scalar left, right, addend, product;
    scalarDecode(&left, a);
    scalarDecode(&right, b);
    scalarDecode(&addend, c);
    scalarMultiplyAdd(&product, &left, &right, &addend);
    scalarEncode(out, &product);
}

bool haca_ed25519_point_normalise(const uint8_t bytes[32], uint8_t out[32]) {
    Point point;
    if (!pointDecode(&point, bytes)) return false;
    pointEncode(out, &point);
    return true;
}

bool haca_ed25519_point_multiply(const uint8_t bytes[32], const uint8_t scalar[32], uint8_t out[32]) {
    // Bit by bit, so that it shares no recoding and no table with the verifier.
    Point point, sum;
    if (!pointDecode(&point, bytes)) return false;
    CachedPoint cached;
    pointCache(&cached, &point);
    PointFactors factors = pointFactorsOfIdentity;
    for (int bit = 255; bit >= 0; bit--) {
        pointFromFactors(&sum, &factors);
        pointDouble(&factors, &sum);
        if ((scalar[bit / 8] >> (bit % 8) & 1) == 0) continue;
        pointFromFactors(&sum, &factors);
        pointAddCached(&factors, &sum, &cached, false);
    }
    pointFromFactors(&sum, &factors);
    pointEncode(out, &sum);
    return true;
}

bool haca_ed25519_point_sum(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]) {
    Point first, second;
    if (!pointDecode(&first, left) || !pointDecode(&second, right)) return false;
    CachedPoint cached;
    PointFactors factors;
    pointCache(&cached, &second);
    pointAddCached(&factors, &first, &cached, false);
    pointFromFactors(&first, &factors);
    pointEncode(out, &first);
    return true;
}
