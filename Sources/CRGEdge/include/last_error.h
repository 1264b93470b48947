// The sentence about a thread's last failure: what Swift has no thread-local storage for.
#pragma once

#include <stddef.h>

/// Keeps `length` bytes of UTF-8 as the calling thread's last error; a sentence that says so if there is no memory for them.
void crg_note_error(const char *text, size_t length);
