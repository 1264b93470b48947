// For every instruction set: conversions, roots and reductions that Swift does lane by lane, and the hint of a spin loop.
#pragma once
#include "CSIMDTypes.h"

CSIMD csimd_f32x16 csimd_sqrt_x16(csimd_f32x16 a) { return __builtin_elementwise_sqrt(a); }

CSIMD csimd_f32x4 csimd_float_x4(csimd_i32x4 a) { return __builtin_convertvector(a, csimd_f32x4); }
CSIMD csimd_f32x8 csimd_float_x8(csimd_i32x8 a) { return __builtin_convertvector(a, csimd_f32x8); }
CSIMD csimd_f32x16 csimd_float_x16(csimd_i32x16 a) { return __builtin_convertvector(a, csimd_f32x16); }

/// a - b, where Swift's operator, which is a loop over lanes, would not become one instruction.
CSIMD csimd_f32x8 csimd_subtract_x8(csimd_f32x8 a, csimd_f32x8 b) { return a - b; }
CSIMD csimd_f32x16 csimd_subtract_x16(csimd_f32x16 a, csimd_f32x16 b) { return a - b; }
CSIMD csimd_f32x8 csimd_square_x8(csimd_f32x8 a) { return a * a; }
CSIMD csimd_f32x16 csimd_square_x16(csimd_f32x16 a) { return a * a; }

CSIMD csimd_u32x4 csimd_u16_to_u32_x4(csimd_u16x4 a) { return __builtin_convertvector(a, csimd_u32x4); }
CSIMD csimd_u16x4 csimd_u32_to_u16_x4(csimd_u32x4 a) { return __builtin_convertvector(a, csimd_u16x4); }
CSIMD csimd_u32x8 csimd_u16_to_u32_x8(csimd_u16x8 a) { return __builtin_convertvector(a, csimd_u32x8); }
CSIMD csimd_u16x8 csimd_u32_to_u16_x8(csimd_u32x8 a) { return __builtin_convertvector(a, csimd_u16x8); }
CSIMD csimd_u32x16 csimd_u16_to_u32_x16(csimd_u16x16 a) { return __builtin_convertvector(a, csimd_u32x16); }
CSIMD csimd_u16x16 csimd_u32_to_u16_x16(csimd_u32x16 a) { return __builtin_convertvector(a, csimd_u16x16); }
CSIMD csimd_i8x16 csimd_i32_to_i8_x16(csimd_i32x16 a) { return __builtin_convertvector(a, csimd_i8x16); }

/// The sum of all lanes, by halves.
CSIMD float csimd_sum_f32_x16(csimd_f32x16 a) {
    csimd_f32x8 eight = a.lo + a.hi;
    csimd_f32x4 four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}
CSIMD int32_t csimd_sum_i32_x16(csimd_i32x16 a) { return __builtin_reduce_add(a); }
/// The largest of numbers without a sign, infinity above finite ones and NaN above infinity.
CSIMD float csimd_largest_x16(csimd_f32x16 a) {
    const int32_t largest = __builtin_reduce_max((csimd_i32x16)a);
    return __builtin_bit_cast(float, largest);
}

/// Waits a moment in a spin loop, which saves power and leaves room to the sibling thread. ARM's hint for it, yield, does nothing on
/// most of its processors; isb waits until the pipeline is empty.
CSIMD void csimd_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/// Asks for the cache line of an address to be brought to the second-level cache. Any address will do.
CSIMD void csimd_prefetch(const void *address) { __builtin_prefetch(address, 0, 2); }

/// The same to the nearest cache, for a line that will be read sooner.
CSIMD void csimd_prefetch_near(const void *address) { __builtin_prefetch(address, 0, 3); }

/// As `csimd_prefetch` for `count` lines, one after the other.
CSIMD void csimd_prefetch_lines(const void *first, long count) {
    for (long line = 0; line < count; line++) csimd_prefetch((const char *)first + 64 * line);
}

/// Keeps the compiler from moving loads across this place.
CSIMD void csimd_order(void) { __asm__ volatile("" ::: "memory"); }

// The same value, but the compiler doesn't know that: it keeps a loop that only measures from being simplified.
#if defined(__aarch64__)
#define CSIMD_VECTOR_REGISTER "w"
#else
#define CSIMD_VECTOR_REGISTER "x"
#endif
CSIMD csimd_u32x4 csimd_opaque_x4(csimd_u32x4 a) { __asm__ volatile("" : "+" CSIMD_VECTOR_REGISTER(a)); return a; }
#if defined(__AVX2__)
CSIMD csimd_u32x8 csimd_opaque_x8(csimd_u32x8 a) { __asm__ volatile("" : "+" CSIMD_VECTOR_REGISTER(a)); return a; }
#endif
#if defined(__AVX512F__)
CSIMD csimd_u32x16 csimd_opaque_x16(csimd_u32x16 a) { __asm__ volatile("" : "+" CSIMD_VECTOR_REGISTER(a)); return a; }
#endif
