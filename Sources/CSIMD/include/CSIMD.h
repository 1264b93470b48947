#pragma once

#include "CSIMDSelect.h"

/// Tells the processor that this is a spin loop, so that it saves power and leaves room to the sibling thread.
static inline void csimd_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
