// One of two vectors, lane by lane, for every instruction set: Swift's `replacing(with:where:)` is a loop with branches, and its
// bit operations are loops over lanes. The compiler turns selections by a comparison into minima and maxima.
#pragma once
#include "CSIMDTypes.h"

/// `a` where the mask's lane has all bits set, `b` where it has none.
CSIMD csimd_u32x8 csimd_select_u32_x8(csimd_i32x8 mask, csimd_u32x8 a, csimd_u32x8 b) {
    return ((csimd_u32x8)mask & a) | (~(csimd_u32x8)mask & b);
}

/// The same for numbers.
CSIMD csimd_f32x8 csimd_select_f32_x8(csimd_i32x8 mask, csimd_f32x8 a, csimd_f32x8 b) {
    return (csimd_f32x8)((mask & (csimd_i32x8)a) | (~mask & (csimd_i32x8)b));
}

CSIMD csimd_u32x16 csimd_select_u32_x16(csimd_i32x16 mask, csimd_u32x16 a, csimd_u32x16 b) {
    return ((csimd_u32x16)mask & a) | (~(csimd_u32x16)mask & b);
}
CSIMD csimd_f32x16 csimd_select_f32_x16(csimd_i32x16 mask, csimd_f32x16 a, csimd_f32x16 b) {
    return (csimd_f32x16)((mask & (csimd_i32x16)a) | (~mask & (csimd_i32x16)b));
}

/// `then` where a < b, `otherwise` elsewhere, also where one of them is NaN.
CSIMD csimd_f32x16 csimd_where_less_f32_x16(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 then, csimd_f32x16 otherwise) {
    return a < b ? then : otherwise;
}
CSIMD csimd_f32x16 csimd_where_less_i32_x16(csimd_i32x16 a, csimd_i32x16 b, csimd_f32x16 then, csimd_f32x16 otherwise) {
    return a < b ? then : otherwise;
}

CSIMD csimd_u32x4 csimd_where_less_f32_x4(csimd_f32x4 a, csimd_f32x4 b, csimd_u32x4 then, csimd_u32x4 otherwise) {
    return a < b ? then : otherwise;
}

/// Lane by lane the larger magnitude: as whole numbers, which puts infinity above finite numbers, and NaN above infinity.
CSIMD csimd_f32x16 csimd_larger_magnitude_x16(csimd_f32x16 a, csimd_f32x16 b) {
    const csimd_i32x16 left = (csimd_i32x16)a & 0x7FFFFFFF, right = (csimd_i32x16)b & 0x7FFFFFFF;
    return (csimd_f32x16)(left < right ? right : left);
}

/// 0 in the place of NaN.
CSIMD csimd_f32x16 csimd_nan_to_zero_x16(csimd_f32x16 a) { return a == a ? a : 0; }
