#include "allocation.h"

#include "reserve.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// What malloc(3) aligns to.
enum { alignment_of_any = 16 };

// Takes what the system has refused. If that succeeds, nothing has failed, and errno is what it was before.
static void *take(size_t size, size_t alignment, int errno_before) {
    void *memory = crg_take(size, alignment);
    if (memory) errno = errno_before;
    return memory;
}

void *crg_malloc(size_t size) {
    const int errno_before = errno;
    void *memory = malloc(size);
    return memory ? memory : take(size, alignment_of_any, errno_before);
}

void *crg_calloc(size_t count, size_t size) {
    const int errno_before = errno;
    void *memory = calloc(count, size);
    if (memory || (size > 0 && count > SIZE_MAX / size)) return memory;
    memory = take(count * size, alignment_of_any, errno_before);
    return memory ? memset(memory, 0, count * size) : NULL;
}

int crg_posix_memalign(void **memory, size_t alignment, size_t size) {
    const int errno_before = errno;
    const int code = posix_memalign(memory, alignment, size);
    if (code != ENOMEM) return code;
    void *taken = take(size, alignment, errno_before);
    if (taken) *memory = taken;
    return taken ? 0 : code;
}

char *crg_strdup(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = (char *)crg_malloc(size);
    return copy ? (char *)memcpy(copy, text, size) : NULL;
}

void crg_free(void *memory) {
    if (memory && !crg_give_back(memory)) free(memory);
}

// The linker makes two of this one (--wrap), since arrays call it in our code as well. Weak, for programs that are linked without
// --wrap: they don't call what follows.
__attribute__((weak)) size_t __real_malloc_usable_size(void *memory);
size_t __wrap_malloc_usable_size(void *memory);

size_t __wrap_malloc_usable_size(void *memory) {
    size_t size = 0;
    return crg_size(memory, &size) ? size : __real_malloc_usable_size(memory);
}

void *crg_realloc(void *memory, size_t size) {
    const int errno_before = errno;
    size_t held = 0;
    if (!crg_size(memory, &held)) {
        void *grown = realloc(memory, size);
        if (grown || size == 0) return grown;
        held = memory ? __real_malloc_usable_size(memory) : 0;
    }
    void *copy = crg_malloc(size);
    if (!copy) return NULL;
    errno = errno_before;
    if (memory) memcpy(copy, memory, held < size ? held : size);
    crg_free(memory);
    return copy;
}
