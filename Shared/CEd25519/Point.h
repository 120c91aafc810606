// The curve -x² + y² = 1 + dx²y² in extended coordinates (Hisil, Wong, Carter, Dawson 2008): x = X/Z, y = Y/Z, xy = T/Z. The
// addition is complete, so small-order points need no special case.
#pragma once
#include "Field.h"

typedef haca_ed25519_niels NielsPoint;

typedef struct {
    Field x, y, z, t;
} Point;

// What an addition or doubling ends in: X = E·F, Y = G·H, Z = F·G, T = E·H.
typedef struct {
    Field e, f, g, h;
} PointFactors;

// A point as additions want it: Y + X, Y - X, 2Z, 2dT.
typedef struct {
    Field yPlusX, yMinusX, z2, t2d;
} CachedPoint;

static const PointFactors pointFactorsOfIdentity = {
    {{0, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}}};

// 2d
static const Field fieldD2 = {
    {0x69b9426b2f159ULL, 0x35050762add7aULL, 0x3cf44c0038052ULL, 0x6738cc7407977ULL, 0x2406d9dc56dffULL}};

static inline void pointFromFactors(Point *out, const PointFactors *a) {
    fieldMultiply(&out->x, &a->e, &a->f);
    fieldMultiply(&out->y, &a->g, &a->h);
    fieldMultiply(&out->z, &a->f, &a->g);
    fieldMultiply(&out->t, &a->e, &a->h);
}

// Without T, which a doubling does not read.
static inline void pointFromFactorsForDoubling(Point *out, const PointFactors *a) {
    fieldMultiply(&out->x, &a->e, &a->f);
    fieldMultiply(&out->y, &a->g, &a->h);
    fieldMultiply(&out->z, &a->f, &a->g);
}

static inline void pointDouble(PointFactors *out, const Point *a) {
    Field xx, yy, zz, sum;
    fieldSquare(&xx, &a->x);
    fieldSquare(&yy, &a->y);
    fieldSquare(&zz, &a->z);
    fieldAdd(&sum, &a->x, &a->y);
    fieldSquare(&sum, &sum);
    fieldAdd(&out->h, &xx, &yy);
    fieldSubtract(&out->e, &out->h, &sum);
    fieldSubtract(&out->g, &xx, &yy);
    fieldAdd(&zz, &zz, &zz);
    fieldAdd(&out->f, &zz, &out->g);
}

// a + b, or a - b: -b swaps y + x with y - x and changes the sign of xy.
static inline void pointAddNiels(PointFactors *out, const Point *a, const NielsPoint *b, bool subtract) {
    Field left, right, product, z2;
    fieldSubtract(&left, &a->y, &a->x);
    fieldMultiply(&left, &left, subtract ? &b->yPlusX : &b->yMinusX);
    fieldAdd(&right, &a->y, &a->x);
    fieldMultiply(&right, &right, subtract ? &b->yMinusX : &b->yPlusX);
    fieldMultiply(&product, &a->t, &b->xy2d);
    fieldAdd(&z2, &a->z, &a->z);
    fieldSubtract(&out->e, &right, &left);
    fieldAdd(&out->h, &right, &left);
    fieldSubtract(subtract ? &out->g : &out->f, &z2, &product);
    fieldAdd(subtract ? &out->f : &out->g, &z2, &product);
}

static inline void pointAddCached(PointFactors *out, const Point *a, const CachedPoint *b, bool subtract) {
    Field left, right, product, z2;
    fieldSubtract(&left, &a->y, &a->x);
    fieldMultiply(&left, &left, subtract ? &b->yPlusX : &b->yMinusX);
    fieldAdd(&right, &a->y, &a->x);
    fieldMultiply(&right, &right, subtract ? &b->yMinusX : &b->yPlusX);
    fieldMultiply(&product, &a->t, &b->t2d);
    fieldMultiply(&z2, &a->z, &b->z2);
    fieldSubtract(&out->e, &right, &left);
    fieldAdd(&out->h, &right, &left);
    fieldSubtract(subtract ? &out->g : &out->f, &z2, &product);
    fieldAdd(subtract ? &out->f : &out->g, &z2, &product);
}

// Under ZIP-215: y is taken modulo p, and the sign bit of x = 0 is ignored. False when there is no such point.
bool pointDecode(Point *out, const uint8_t bytes[32]);
void pointEncode(uint8_t bytes[32], const Point *a);
// The point RFC 8032 calls B.
void pointBase(Point *out);
void pointCache(CachedPoint *out, const Point *a);
// The odd multiples a, 3a, 5a, …
void pointOddMultiples(CachedPoint *out, size_t count, const Point *a);
// The odd multiples of a, 2^64 a, 2^128 a and 2^192 a, `count` of each, in affine form. `count` is at most POINT_STRIDE_LIMIT.
void pointStridedMultiples(NielsPoint *out, size_t count, const Point *a);
#define POINT_STRIDE_LIMIT 32
// Whether [8]a is the identity, which forgives a's component of small order.
bool pointIsSmallOrder(const PointFactors *a);
