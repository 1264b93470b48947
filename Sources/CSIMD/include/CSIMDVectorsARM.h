// NEON, and its dot product where the module has it.
#pragma once
#if defined(__aarch64__)
#include "CSIMDTypes.h"
#include <arm_neon.h>

/// f32 of f16.
CSIMD csimd_f32x4 csimd_widen_f16_x4(csimd_u16x4 a) { return (csimd_f32x4)vcvt_f32_f16((float16x4_t)a); }
/// f16 nearest to f32, ties to even.
CSIMD csimd_u16x4 csimd_narrow_f32_x4(csimd_f32x4 a) { return (csimd_u16x4)vcvt_f16_f32((float32x4_t)a); }

/// The high nibble of each byte.
CSIMD csimd_u32x4 csimd_high_nibbles_x4(csimd_u32x4 a) { return (csimd_u32x4)vshrq_n_u8((uint8x16_t)a, 4); }

/// 8 subtracted from each byte.
CSIMD csimd_u32x4 csimd_subtract_8_x4(csimd_u32x4 a) { return (csimd_u32x4)vsubq_s8((int8x16_t)a, vdupq_n_s8(8)); }

/// A number in all lanes, from a general register, which takes no vector unit of a Cortex-A76; the compiler would copy a vector.
CSIMD csimd_i32x4 csimd_repeated_x4(int32_t number) {
    csimd_i32x4 result;
    __asm__ volatile("dup %0.4s, %w1" : "=w"(result) : "r"(number));
    return result;
}

// 16 bytes are four rows of four. Products of rows 0 and 1 ("low") and of rows 2 and 3 ("high") are 8 numbers of 16 bits each.
CSIMD csimd_i32x4 csimd_multiply_low_i8_x4(csimd_i32x4 a, csimd_i32x4 b) {
    return (csimd_i32x4)vmull_s8(vget_low_s8((int8x16_t)a), vget_low_s8((int8x16_t)b));
}
CSIMD csimd_i32x4 csimd_multiply_high_i8_x4(csimd_i32x4 a, csimd_i32x4 b) {
    return (csimd_i32x4)vmull_high_s8((int8x16_t)a, (int8x16_t)b);
}
/// The same, added to 16-bit sums.
CSIMD csimd_i32x4 csimd_add_products_low_i8_x4(csimd_i32x4 sum, csimd_i32x4 a, csimd_i32x4 b) {
    return (csimd_i32x4)vmlal_s8((int16x8_t)sum, vget_low_s8((int8x16_t)a), vget_low_s8((int8x16_t)b));
}
CSIMD csimd_i32x4 csimd_add_products_high_i8_x4(csimd_i32x4 sum, csimd_i32x4 a, csimd_i32x4 b) {
    return (csimd_i32x4)vmlal_high_s8((int16x8_t)sum, (int8x16_t)a, (int8x16_t)b);
}
/// Two neighbouring 16-bit numbers added, in 32 bits.
CSIMD csimd_i32x4 csimd_pairs_i16_x4(csimd_i32x4 a) { return (csimd_i32x4)vpaddlq_s16((int16x8_t)a); }
/// The same, added to a 32-bit sum.
CSIMD csimd_i32x4 csimd_add_pairs_i16_x4(csimd_i32x4 sum, csimd_i32x4 a) {
    return (csimd_i32x4)vpadalq_s16((int32x4_t)sum, (int16x8_t)a);
}
/// Two neighbouring 16-bit numbers added, in 16 bits: those of `low`, then those of `high`.
CSIMD csimd_i32x4 csimd_pair_i16_x4(csimd_i32x4 low, csimd_i32x4 high) {
    return (csimd_i32x4)vpaddq_s16((int16x8_t)low, (int16x8_t)high);
}
/// Two neighbouring 32-bit numbers added: those of `low`, then those of `high`.
CSIMD csimd_i32x4 csimd_pair_i32_x4(csimd_i32x4 low, csimd_i32x4 high) {
    return (csimd_i32x4)vpaddq_s32((int32x4_t)low, (int32x4_t)high);
}

/// Lanes of `a` and `b` by turns: a0, b0, a1, b1.
CSIMD csimd_u32x4 csimd_zip_low_x4(csimd_u32x4 a, csimd_u32x4 b) { return (csimd_u32x4)vzip1q_u32((uint32x4_t)a, (uint32x4_t)b); }
/// a2, b2, a3, b3.
CSIMD csimd_u32x4 csimd_zip_high_x4(csimd_u32x4 a, csimd_u32x4 b) { return (csimd_u32x4)vzip2q_u32((uint32x4_t)a, (uint32x4_t)b); }
/// a0, a1, b0, b1.
CSIMD csimd_u32x4 csimd_low_halves_x4(csimd_u32x4 a, csimd_u32x4 b) {
    return (csimd_u32x4)vzip1q_u64((uint64x2_t)a, (uint64x2_t)b);
}
/// a2, a3, b2, b3.
CSIMD csimd_u32x4 csimd_high_halves_x4(csimd_u32x4 a, csimd_u32x4 b) {
    return (csimd_u32x4)vzip2q_u64((uint64x2_t)a, (uint64x2_t)b);
}
/// a0, a2, b0, b2.
CSIMD csimd_f32x4 csimd_even_x4(csimd_f32x4 a, csimd_f32x4 b) { return (csimd_f32x4)vuzp1q_f32((float32x4_t)a, (float32x4_t)b); }
/// a1, a3, b1, b3.
CSIMD csimd_f32x4 csimd_odd_x4(csimd_f32x4 a, csimd_f32x4 b) { return (csimd_f32x4)vuzp2q_f32((float32x4_t)a, (float32x4_t)b); }

/// Two numbers by turns: a, b, a, b. Through general registers, as ``csimd_repeated_x4``.
CSIMD csimd_u32x4 csimd_repeated_pair_x4(uint32_t a, uint32_t b) {
    csimd_u32x4 result;
    const uint64_t both = a | (uint64_t)b << 32;
    __asm__ volatile("dup %0.2d, %x1" : "=w"(result) : "r"(both));
    return result;
}

#if defined(__ARM_FEATURE_DOTPROD)
/// Dot products of four signed bytes with four signed bytes, added to a 32-bit sum.
CSIMD csimd_i32x4 csimd_dot_i8_i8_x4(csimd_i32x4 sum, csimd_u32x4 a, csimd_i32x4 b) {
    return (csimd_i32x4)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)b);
}

// The same with one lane of `b` for all of `a`'s, executed in the order in which it is written: left to itself, the compiler brings
// instructions together that wait for each other, and needs more registers than there are.
#define CSIMD_DOT_LANE(LANE) \
    CSIMD csimd_i32x4 csimd_dot_lane##LANE##_x4(csimd_i32x4 sum, csimd_u32x4 a, csimd_i32x4 b) { \
        __asm__ volatile("sdot %0.4s, %1.16b, %2.4b[" #LANE "]" : "+w"(sum) : "w"(a), "w"(b)); \
        return sum; \
    }
CSIMD_DOT_LANE(0)
CSIMD_DOT_LANE(1)
CSIMD_DOT_LANE(2)
CSIMD_DOT_LANE(3)
#endif

#if defined(__ARM_FEATURE_MATMUL_INT8)
/// Dot products of eight signed bytes, the halves of `a` with those of `b`, added to 32-bit sums: a0·b0, a0·b1, a1·b0, a1·b1.
/// Executed in the order in which it is written, as those above.
CSIMD csimd_i32x4 csimd_multiply_pairs_x4(csimd_i32x4 sum, csimd_u32x4 a, csimd_u32x4 b) {
    __asm__ volatile("smmla %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
    return sum;
}
#endif
#endif
