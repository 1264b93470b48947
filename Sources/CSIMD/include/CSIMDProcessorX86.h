// Which of the package's instruction sets this processor and its kernel support (registers saved included).
#pragma once
#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

static inline bool csimd_has_x86_64_v2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v2");
}

static inline bool csimd_has_x86_64_v3(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3");
}

static inline bool csimd_has_avxvnni(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3") && __builtin_cpu_supports("avxvnni");
}

static inline bool csimd_has_avx512vnni(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni");
}

// Whether AMD designed it: Hygon's are Zen too.
static inline bool csimd_is_amd(void) {
    unsigned leaf, vendor[3];
    if (!__get_cpuid(0, &leaf, &vendor[0], &vendor[2], &vendor[1])) return false;
    return memcmp(vendor, "AuthenticAMD", 12) == 0 || memcmp(vendor, "HygonGenuine", 12) == 0;
}
#endif
