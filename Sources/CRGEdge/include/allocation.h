// What the copies of Swift's runtime and of jansson inside the library call in the place of malloc(3) and its like: the renaming is
// in tools/c/copied.symbols.
//
// Each asks the system first and falls back on the reserve (reserve.h). They return what their namesakes do.
#pragma once

#include <stddef.h>

void *crg_malloc(size_t size);
void *crg_calloc(size_t count, size_t size);
void *crg_realloc(void *memory, size_t size);
int crg_posix_memalign(void **memory, size_t alignment, size_t size);
char *crg_strdup(const char *text);

/// Gives back what the functions above, or the system's, gave. NULL is allowed.
void crg_free(void *memory);
