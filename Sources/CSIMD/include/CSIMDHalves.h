// f16 and bf16 to f32 and back by integer arithmetic, for one number and for 4, 8 or 16 at once: the one place where that is
// written. Where the processor has instructions for f16 (AVX2's level, AArch64), kernels use those; elsewhere `Float16` is a
// library call per number.
//
// Halves are in the low parts of 32-bit lanes, where masks of comparisons fit.
//
// csimd_f16_to_f32_finite: exact; infinity and NaN come out as numbers from 65,536 on. Exponent and fraction moved to those of an
// f32 are the magnitude divided by 2^112, the difference of the exponents' biases; the product is exact for subnormal numbers too.
// csimd_f16_to_f32: the same, but what comes out above the largest f16 was infinity or NaN and gets their exponent.
// csimd_f32_to_f16: to nearest, ties to even; infinity from 65,520 on. Normal numbers: adds half of the last place kept, less one
// if the last bit kept is even; then 13 bits go. Below 2^-14 an f16 is a multiple of 2^-24, the last place of numbers from 0.5 on,
// so a sum with 0.5 rounds to it.
// csimd_bf16_to_f32, csimd_f32_to_bf16: a bf16 is the upper half of its f32; to nearest, ties to even. Not for NaN.
#pragma once
#include "CSIMDTypes.h"

typedef float csimd_f32x1 __attribute__((ext_vector_type(1)));
typedef int32_t csimd_i32x1 __attribute__((ext_vector_type(1)));
typedef uint32_t csimd_u32x1 __attribute__((ext_vector_type(1)));

#define CSIMD_HALVES(n)                                                                                                          \
    CSIMD csimd_f32x##n csimd_f16_to_f32_finite_x##n(csimd_u32x##n half) {                                                       \
        const csimd_f32x##n magnitude = (csimd_f32x##n)((half & 0x7FFFu) << 13) * 0x1p112f;                                      \
        return (csimd_f32x##n)((csimd_u32x##n)magnitude | (half & 0x8000u) << 16);                                               \
    }                                                                                                                            \
    CSIMD csimd_f32x##n csimd_f16_to_f32_x##n(csimd_u32x##n half) {                                                              \
        const csimd_f32x##n magnitude = (csimd_f32x##n)((half & 0x7FFFu) << 13) * 0x1p112f;                                      \
        const csimd_u32x##n exponent =                                                                                           \
            (csimd_f32x##n)65504.0f < magnitude ? (csimd_u32x##n)0x7F800000u : (csimd_u32x##n)0u;                                \
        return (csimd_f32x##n)((csimd_u32x##n)magnitude | exponent | (half & 0x8000u) << 16);                                    \
    }                                                                                                                            \
    CSIMD csimd_u32x##n csimd_f32_to_f16_x##n(csimd_f32x##n a) {                                                                 \
        const csimd_u32x##n bits = (csimd_u32x##n)a, magnitude = bits & 0x7FFFFFFFu, odd = magnitude >> 13 & 1u;                 \
        const csimd_i32x##n ordered = (csimd_i32x##n)magnitude;                                                                  \
        const csimd_u32x##n normal = (magnitude - (112u << 23) + 0xFFFu + odd) >> 13;                                            \
        const csimd_u32x##n subnormal = (csimd_u32x##n)((csimd_f32x##n)magnitude + 0.5f) - 0x3F000000u;                          \
        const csimd_u32x##n finite = ordered < (csimd_i32x##n)0x38800000 ? subnormal : normal;                                   \
        const csimd_u32x##n special =                                                                                            \
            (csimd_i32x##n)0x7F800000 < ordered ? (csimd_u32x##n)0x7E00u : (csimd_u32x##n)0x7C00u;                               \
        return (ordered < (csimd_i32x##n)0x477FF000 ? finite : special) | (bits >> 16 & 0x8000u);                                \
    }                                                                                                                            \
    CSIMD csimd_f32x##n csimd_bf16_to_f32_x##n(csimd_u32x##n half) { return (csimd_f32x##n)(half << 16); }                       \
    CSIMD csimd_u32x##n csimd_f32_to_bf16_x##n(csimd_f32x##n a) {                                                                \
        const csimd_u32x##n bits = (csimd_u32x##n)a;                                                                             \
        return (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;                                                                       \
    }

CSIMD_HALVES(1)
CSIMD_HALVES(4)
CSIMD_HALVES(8)
CSIMD_HALVES(16)

CSIMD float csimd_f16_to_f32_finite(uint16_t half) { return csimd_f16_to_f32_finite_x1((csimd_u32x1)(uint32_t)half)[0]; }
CSIMD float csimd_f16_to_f32(uint16_t half) { return csimd_f16_to_f32_x1((csimd_u32x1)(uint32_t)half)[0]; }
CSIMD uint16_t csimd_f32_to_f16(float a) { return (uint16_t)csimd_f32_to_f16_x1((csimd_f32x1)a)[0]; }
CSIMD float csimd_bf16_to_f32(uint16_t half) { return csimd_bf16_to_f32_x1((csimd_u32x1)(uint32_t)half)[0]; }
CSIMD uint16_t csimd_f32_to_bf16(float a) { return (uint16_t)csimd_f32_to_bf16_x1((csimd_f32x1)a)[0]; }
