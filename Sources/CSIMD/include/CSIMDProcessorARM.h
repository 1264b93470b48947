// Which of the package's instruction sets this processor supports; AArch64 always has NEON.
#pragma once
#if defined(__aarch64__)
#include <stdbool.h>
#include <sys/auxv.h>

/// SDOT, and arithmetic on f16.
static inline bool csimd_has_dotprod_fp16(void) {
    const unsigned long wanted = HWCAP_ASIMDDP | HWCAP_ASIMDHP | HWCAP_FPHP;
    return (getauxval(AT_HWCAP) & wanted) == wanted;
}

/// The same, and SMMLA.
static inline bool csimd_has_i8mm(void) { return csimd_has_dotprod_fp16() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0; }
#endif
