#include "Point.h"

static const Field fieldD = {
    {0x34dca135978a3ULL, 0x1a8283b156ebdULL, 0x5e7a26001c029ULL, 0x739c663a03cbbULL, 0x52036cee2b6ffULL}};
// A square root of -1.
static const Field fieldI = {
    {0x61b274a0ea0b0ULL, 0x0d5a5fc8f189dULL, 0x7ef5e9cbd0c60ULL, 0x78595a6804c9eULL, 0x2b8324804fc1dULL}};
static const Field baseX = {
    {0x62d608f25d51aULL, 0x412a4b4f6592aULL, 0x75b7171a4b31dULL, 0x1ff60527118feULL, 0x216936d3cd6e5ULL}};
static const Field baseY = {
    {0x6666666666658ULL, 0x4ccccccccccccULL, 0x1999999999999ULL, 0x3333333333333ULL, 0x6666666666666ULL}};

static void setAffine(Point *out, const Field *x, const Field *y) {
    out->x = *x;
    out->y = *y;
    out->z = fieldOne;
    fieldMultiply(&out->t, x, y);
}

void pointBase(Point *out) { setAffine(out, &baseX, &baseY); }

bool pointDecode(Point *out, const uint8_t bytes[32]) {
    Field y, u, v, x, v3, check;
    fieldDecode(&y, bytes);
    fieldSquare(&u, &y);
    fieldMultiply(&v, &u, &fieldD);
    fieldSubtract(&u, &u, &fieldOne);
    fieldReduce(&u);
    fieldAdd(&v, &v, &fieldOne);
    // x² = u/v; the candidate root is uv³(uv⁷)^((p-5)/8) (RFC 8032, 5.1.3).
    fieldSquare(&v3, &v);
    fieldMultiply(&v3, &v3, &v);
    fieldSquare(&x, &v3);
    fieldMultiply(&x, &x, &v);
    fieldMultiply(&x, &x, &u);
    fieldPowerForRoot(&x, &x);
    fieldMultiply(&x, &x, &v3);
    fieldMultiply(&x, &x, &u);
    fieldSquare(&check, &x);
    fieldMultiply(&check, &check, &v);
    Field difference;
    fieldSubtract(&difference, &check, &u);
    if (!fieldIsZero(&difference)) {
        fieldAdd(&difference, &check, &u);
        if (!fieldIsZero(&difference)) return false;
        fieldMultiply(&x, &x, &fieldI);
    }
    if (fieldIsOdd(&x) != (bytes[31] >> 7)) fieldNegate(&x, &x);
    setAffine(out, &x, &y);
    return true;
}

void pointEncode(uint8_t bytes[32], const Point *a) {
    Field inverse, x, y;
    fieldInvert(&inverse, &a->z);
    fieldMultiply(&x, &a->x, &inverse);
    fieldMultiply(&y, &a->y, &inverse);
    fieldEncode(bytes, &y);
    bytes[31] |= (uint8_t)(fieldIsOdd(&x) << 7);
}

void pointCache(CachedPoint *out, const Point *a) {
    fieldAdd(&out->yPlusX, &a->y, &a->x);
    fieldSubtract(&out->yMinusX, &a->y, &a->x);
    fieldAdd(&out->z2, &a->z, &a->z);
    fieldMultiply(&out->t2d, &a->t, &fieldD2);
}

void pointOddMultiples(CachedPoint *out, size_t count, const Point *a) {
    PointFactors factors;
    Point twice, multiple;
    CachedPoint cachedTwice;
    pointDouble(&factors, a);
    pointFromFactors(&twice, &factors);
    pointCache(&cachedTwice, &twice);
    pointCache(&out[0], a);
    multiple = *a;
    for (size_t i = 1; i < count; i++) {
        pointAddCached(&factors, &multiple, &cachedTwice, false);
        pointFromFactors(&multiple, &factors);
        pointCache(&out[i], &multiple);
    }
}

void pointStridedMultiples(NielsPoint *out, size_t count, const Point *a) {
    CachedPoint multiples[HACA_ED25519_STRIDES * POINT_STRIDE_LIMIT];
    Field products[HACA_ED25519_STRIDES * POINT_STRIDE_LIMIT];
    const size_t total = HACA_ED25519_STRIDES * count;
    Point start = *a;
    for (size_t stride = 0; stride < HACA_ED25519_STRIDES; stride++) {
        pointOddMultiples(multiples + stride * count, count, &start);
        if (stride + 1 == HACA_ED25519_STRIDES) break;
        PointFactors factors;
        for (int i = 0; i < 64; i++) {
            pointDouble(&factors, &start);
            pointFromFactorsForDoubling(&start, &factors);
        }
        pointFromFactors(&start, &factors);
    }
    // One inversion for all (Montgomery): products[i] = z0·z1·…·zi, then the inverses from the last to the first.
    products[0] = multiples[0].z2;
    for (size_t i = 1; i < total; i++) fieldMultiply(&products[i], &products[i - 1], &multiples[i].z2);
    Field inverse;
    fieldInvert(&inverse, &products[total - 1]);
    for (size_t i = total; i-- > 0;) {
        Field half;
        if (i == 0) {
            half = inverse;
        } else {
            fieldMultiply(&half, &inverse, &products[i - 1]);
            fieldMultiply(&inverse, &inverse, &multiples[i].z2);
        }
        // `half` is 1/(2Z).
        fieldAdd(&half, &half, &half);
        fieldMultiply(&out[i].yPlusX, &multiples[i].yPlusX, &half);
        fieldMultiply(&out[i].yMinusX, &multiples[i].yMinusX, &half);
        fieldMultiply(&out[i].xy2d, &multiples[i].t2d, &half);
    }
}

bool pointIsSmallOrder(const PointFactors *a) {
    PointFactors factors = *a;
    Point point;
    for (int i = 0; i < 3; i++) {
        pointFromFactorsForDoubling(&point, &factors);
        pointDouble(&factors, &point);
    }
    pointFromFactorsForDoubling(&point, &factors);
    return fieldIsZero(&point.x) && fieldEqual(&point.y, &point.z);
}
