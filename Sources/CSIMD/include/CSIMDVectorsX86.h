// SSSE3, AVX2, F16C, AVX-VNNI and AVX-512.
#pragma once
#if defined(__x86_64__)
#include "CSIMDTypes.h"
#include <immintrin.h>

// 16 bytes: SSSE3.
#if defined(__SSSE3__)
/// Absolute values of bytes.
CSIMD csimd_u32x4 csimd_abs_i8_x4(csimd_u32x4 a) { return (csimd_u32x4)_mm_abs_epi8((__m128i)a); }
/// Bytes of `a`, negated where the byte of `sign` is negative, 0 where it is 0.
CSIMD csimd_i32x4 csimd_sign_i8_x4(csimd_i32x4 a, csimd_u32x4 sign) {
    return (csimd_i32x4)_mm_sign_epi8((__m128i)a, (__m128i)sign);
}
/// Products of unsigned and signed bytes, two neighbours added: 16-bit, saturated.
CSIMD csimd_i32x4 csimd_pair_u8_i8_x4(csimd_u32x4 u, csimd_i32x4 s) {
    return (csimd_i32x4)_mm_maddubs_epi16((__m128i)u, (__m128i)s);
}
/// Two neighbouring 16-bit numbers added: 32-bit.
CSIMD csimd_i32x4 csimd_pair_i16_x4(csimd_i32x4 a) { return (csimd_i32x4)_mm_madd_epi16((__m128i)a, _mm_set1_epi16(1)); }
/// Sums of 16-bit numbers.
CSIMD csimd_i32x4 csimd_add_i16_x4(csimd_i32x4 a, csimd_i32x4 b) { return (csimd_i32x4)_mm_add_epi16((__m128i)a, (__m128i)b); }
/// f32 of f16 without F16C, in fewer steps than `csimd_f16_to_f32_x4`: exact for finite numbers; infinity and NaN become infinity.
///
/// With the sign, exponent and fraction moved to those of an f32, what comes out is the number divided by 2^112. Multiplied by that
/// twice, f16's largest is still below 2^128, and only what was infinity or NaN overflows.
CSIMD csimd_f32x4 csimd_widen_f16_x4(csimd_u16x4 a) {
    const csimd_u16x8 high = __builtin_shufflevector((csimd_u16x4)0, a, 0, 4, 1, 5, 2, 6, 3, 7);
    const csimd_u32x4 number = (csimd_u32x4)((csimd_i32x4)high >> 3) & 0x8FFFFFFFu;
    return (csimd_f32x4)number * 0x1p112f * 0x1p112f * 0x1p-112f;
}
#endif

// 32 bytes: AVX2 and F16C. The functions of 16 bytes, twice as wide.
#if defined(__AVX2__) && defined(__F16C__)
CSIMD csimd_u32x8 csimd_abs_i8_x8(csimd_u32x8 a) { return (csimd_u32x8)_mm256_abs_epi8((__m256i)a); }
CSIMD csimd_i32x8 csimd_sign_i8_x8(csimd_i32x8 a, csimd_u32x8 sign) {
    return (csimd_i32x8)_mm256_sign_epi8((__m256i)a, (__m256i)sign);
}
CSIMD csimd_i32x8 csimd_pair_u8_i8_x8(csimd_u32x8 u, csimd_i32x8 s) {
    return (csimd_i32x8)_mm256_maddubs_epi16((__m256i)u, (__m256i)s);
}
CSIMD csimd_i32x8 csimd_pair_i16_x8(csimd_i32x8 a) { return (csimd_i32x8)_mm256_madd_epi16((__m256i)a, _mm256_set1_epi16(1)); }
CSIMD csimd_i32x8 csimd_add_i16_x8(csimd_i32x8 a, csimd_i32x8 b) {
    return (csimd_i32x8)_mm256_add_epi16((__m256i)a, (__m256i)b);
}
/// f32 of f16.
CSIMD csimd_f32x8 csimd_widen_f16_x8(csimd_u16x8 a) { return (csimd_f32x8)_mm256_cvtph_ps((__m128i)a); }
/// f16 nearest to f32, ties to even.
CSIMD csimd_u16x8 csimd_narrow_f32_x8(csimd_f32x8 a) {
    return (csimd_u16x8)_mm256_cvtps_ph((__m256)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#endif

// Dot products of four unsigned with four signed bytes, added to a 32-bit sum.
#if defined(__AVXVNNI__)
CSIMD csimd_i32x8 csimd_dot_u8_i8_x8(csimd_i32x8 sum, csimd_u32x8 u, csimd_i32x8 s) {
    return (csimd_i32x8)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)u, (__m256i)s);
}
#endif

#if defined(__AVX512F__) && defined(__AVX512VNNI__)
CSIMD csimd_i32x16 csimd_dot_u8_i8_x16(csimd_i32x16 sum, csimd_u32x16 u, csimd_i32x16 s) {
    return (csimd_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)u, (__m512i)s);
}
CSIMD csimd_f32x16 csimd_widen_f16_x16(csimd_u16x16 a) { return (csimd_f32x16)_mm512_cvtph_ps((__m256i)a); }
CSIMD csimd_u16x16 csimd_narrow_f32_x16(csimd_f32x16 a) {
    return (csimd_u16x16)_mm512_cvtps_ph((__m512)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#endif
#endif
