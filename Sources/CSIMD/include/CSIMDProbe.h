// Instructions of which it is known how long they take, to tell whether a core has another thread to serve.
#pragma once
#include "CSIMDTypes.h"

/// Executes 256 × `rounds` instructions that do nothing: as many in a cycle as the core takes in, which two threads share.
CSIMD void csimd_do_nothing(long rounds) {
    for (long round = 0; round < rounds; round++) __asm__ volatile(".rept 256\n\tnop\n\t.endr");
}

/// Adds 256 × `rounds` times, each time what came out before: one addition a cycle, on every processor and whoever else is there.
CSIMD unsigned long csimd_add_in_turn(long rounds) {
    unsigned long number = 1;
    for (long round = 0; round < rounds; round++) {
#if defined(__x86_64__)
        __asm__ volatile(".rept 256\n\tadd %0, %0\n\t.endr" : "+r"(number) : : "cc");
#elif defined(__aarch64__)
        __asm__ volatile(".rept 256\n\tadd %0, %0, %0\n\t.endr" : "+r"(number));
#endif
    }
    return number;
}
