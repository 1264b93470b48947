#pragma once
#include <stddef.h>
#include <stdint.h>

/// Blocks of memory that the calling thread has asked the C library for so far, in a program that links this.
/// Swift's runtime takes all its memory there.
uint64_t allocation_count(void);

/// From now on the calling thread gets no blocks of `least` to `most` bytes; with 0 for both it gets all again.
void allocation_refuse(size_t least, size_t most);
