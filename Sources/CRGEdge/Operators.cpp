#include "reserve.h"

#include <cstdlib>
#include <new>

// What Swift's runtime, which is C++ in part, calls in the place of `operator new` and `operator delete`. A program may have its
// own operators, so these come first, and what is not from the reserve goes back to them.

extern "C" {
void *crg_new(size_t size);
void *crg_new_aligned(size_t size, std::align_val_t alignment);
void crg_delete(void *memory, size_t size);
void crg_delete_aligned(void *memory, size_t size, std::align_val_t alignment);
}

void *crg_new(size_t size) {
    void *memory = ::operator new(size, std::nothrow);
    if (!memory) memory = crg_take(size, 1);
    // As the runtime does where malloc(3) refuses.
    if (!memory) std::abort();
    return memory;
}

void *crg_new_aligned(size_t size, std::align_val_t alignment) {
    void *memory = ::operator new(size, alignment, std::nothrow);
    if (!memory) memory = crg_take(size, static_cast<size_t>(alignment));
    if (!memory) std::abort();
    return memory;
}

void crg_delete(void *memory, size_t size) {
    if (memory && !crg_give_back(memory)) ::operator delete(memory, size);
}

void crg_delete_aligned(void *memory, size_t size, std::align_val_t alignment) {
    if (memory && !crg_give_back(memory)) ::operator delete(memory, size, alignment);
}
