#include "allocation.h"
#include "last_error.h"
#include "rg_edge.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

// Only a pointer, at a place that every thread has from its start. Other thread-local memory of a library that a running program
// loads (dlopen) is allocated when a thread first uses it, and the program ends if that fails. One such variable puts all of the
// library's there, the runtime's few bytes as well.
static _Thread_local __attribute__((tls_model("initial-exec"))) char *sentence;

static const char nothing_failed[] = "no call has failed on this thread";
static char no_memory[] = "no memory, not even to say for what; close other programs";

// Frees a thread's sentence at its end.
static pthread_key_t owner;
static bool has_owner;

static void forget(void *text) {
    crg_free(text);
    sentence = NULL;
}

__attribute__((constructor)) static void make_owner(void) { has_owner = pthread_key_create(&owner, forget) == 0; }

const char *rg_last_error(void) { return sentence ? sentence : nothing_failed; }

void crg_note_error(const char *text, size_t length) {
    char *kept = has_owner ? (char *)crg_malloc(length + 1) : NULL;
    if (sentence != no_memory) crg_free(sentence);
    sentence = no_memory;
    if (!kept) {
        if (has_owner) pthread_setspecific(owner, NULL);
        return;
    }
    if (pthread_setspecific(owner, kept) != 0) {
        crg_free(kept);
        return;
    }
    memcpy(kept, text, length);
    kept[length] = 0;
    sentence = kept;
}
