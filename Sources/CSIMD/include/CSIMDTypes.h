// Vectors, which Swift sees as SIMD4, SIMD8 and SIMD16.
#pragma once
#include <stdint.h>

typedef float csimd_f32x4 __attribute__((ext_vector_type(4)));
typedef float csimd_f32x8 __attribute__((ext_vector_type(8)));
typedef float csimd_f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t csimd_i32x4 __attribute__((ext_vector_type(4)));
typedef int32_t csimd_i32x8 __attribute__((ext_vector_type(8)));
typedef int32_t csimd_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t csimd_u32x4 __attribute__((ext_vector_type(4)));
typedef uint32_t csimd_u32x8 __attribute__((ext_vector_type(8)));
typedef uint32_t csimd_u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t csimd_u16x4 __attribute__((ext_vector_type(4)));
typedef uint16_t csimd_u16x8 __attribute__((ext_vector_type(8)));
typedef uint16_t csimd_u16x16 __attribute__((ext_vector_type(16)));
typedef int8_t csimd_i8x16 __attribute__((ext_vector_type(16)));

#define CSIMD static inline __attribute__((always_inline))
