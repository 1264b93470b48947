// Counts and refuses allocations by standing in for the C library's functions, which glibc allows a program to do
// (glibc manual, "Replacing malloc"); its own ones remain under these names.
#include "AllocationCounter.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static _Thread_local uint64_t count;
static _Thread_local size_t least_refused, most_refused;

uint64_t allocation_count(void) { return count; }

void allocation_refuse(size_t least, size_t most) {
  least_refused = least;
  most_refused = most;
}

// Counts an allocation; true if it is to be refused.
static int is_refused(size_t size) {
  count++;
  if (most_refused == 0 || size < least_refused || size > most_refused) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) { return is_refused(size) ? NULL : __libc_malloc(size); }

void *calloc(size_t items, size_t size) { return is_refused(items * size) ? NULL : __libc_calloc(items, size); }

void *realloc(void *block, size_t size) { return is_refused(size) ? NULL : __libc_realloc(block, size); }

void *memalign(size_t alignment, size_t size) { return is_refused(size) ? NULL : __libc_memalign(alignment, size); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *result = memalign(alignment, size);
  if (result == NULL) return ENOMEM;
  *block = result;
  return 0;
}

void free(void *block) { __libc_free(block); }
