#pragma once
#include <stdint.h>

/// Blocks of memory that the calling thread has asked the C library for so far, in a program that links this.
/// Swift's runtime takes all its memory there.
uint64_t allocation_count(void);
