#define _GNU_SOURCE
#include "MappingGuard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

// One mapping. The handler reads these without a lock, so `start` is written last and cleared first: where it isn't 0, and is the
// same before and after, `end` belongs to it.
typedef struct Guard {
    atomic_bool is_taken;
    atomic_bool is_lost;
    _Atomic uintptr_t start;
    _Atomic uintptr_t end;
} Guard;

enum { guard_count = 1024 };
static Guard guards[guard_count];
// What was done about the signal before.
static struct sigaction former;

// Puts zeros in the place of the mapping that holds an address; false if none is guarded. mmap(2) is a system call and nothing
// more: other threads see all of it or nothing; it does no harm if another thread does the same.
static bool replace(uintptr_t address) {
    for (int index = 0; index < guard_count; index++) {
        Guard *guard = &guards[index];
        uintptr_t start, end;
        do {
            start = guard->start;
            end = guard->end;
        } while (guard->start != start);
        if (start == 0 || address < start || address >= end) continue;
        guard->is_lost = true;
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        return mmap((void *)start, end - start, PROT_READ, flags, -1, 0) != MAP_FAILED;
    }
    return false;
}

// Does what would have been done without us.
static void pass_on(int number, siginfo_t *info, void *context) {
    const bool is_sent = info->si_code <= 0;
    if (former.sa_flags & SA_SIGINFO) {
        former.sa_sigaction(number, info, context);
    } else if (former.sa_handler == SIG_DFL || (former.sa_handler == SIG_IGN && !is_sent)) {
        // The access that failed is tried again, and ends the process; so does a signal that comes when this one has returned.
        signal(number, SIG_DFL);
        if (is_sent) raise(number);
    } else if (former.sa_handler != SIG_IGN) {
        former.sa_handler(number);
    }
}

static void handle(int number, siginfo_t *info, void *context) {
    const int errno_before = errno;
    // A signal that was sent has no address.
    if (info->si_code <= 0 || !replace((uintptr_t)info->si_addr)) pass_on(number, info, context);
    errno = errno_before;
}

static void install(void) {
    sigaction(SIGBUS, NULL, &former);
    struct sigaction action = {.sa_sigaction = handle, .sa_mask = former.sa_mask};
    // On the stack that a thread has for its handlers, if it has one.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (former.sa_flags & (SA_NODEFER | SA_RESTART));
    sigaction(SIGBUS, &action, NULL);
}

int clinux_guard_mapping(void *start, size_t size) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    for (int index = 0; index < guard_count; index++) {
        Guard *guard = &guards[index];
        bool is_taken = false;
        if (!atomic_compare_exchange_strong(&guard->is_taken, &is_taken, true)) continue;
        guard->is_lost = false;
        guard->end = (uintptr_t)start + size;
        guard->start = (uintptr_t)start;
        return index;
    }
    return -1;
}

void clinux_unguard_mapping(int number) {
    guards[number].start = 0;
    guards[number].is_taken = false;
}

bool clinux_is_mapping_lost(int number) { return guards[number].is_lost; }
