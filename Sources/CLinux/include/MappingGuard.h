/// Mapped files whose pages may become unreadable: the file was cut short, or its disk fails. The system answers an access to such
/// a page with SIGBUS, which ends the process.
///
/// A handler of that signal puts zeros in the place of the whole mapping, and the access goes on. Whoever used the mapping asks
/// afterwards whether it was lost; what was computed meanwhile is worthless.
#ifndef MAPPING_GUARD_H
#define MAPPING_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/// Guards `size` bytes at `start`, a read-only mapping. The first call installs the handler, for good; a handler that was there
/// before is called for all other addresses, and for signals that somebody sends. Returns a number for the calls below, or -1 if
/// too many mappings are guarded. Allocates nothing.
int clinux_guard_mapping(void *start, size_t size);

/// Ends the guard; called before the mapping is removed.
void clinux_unguard_mapping(int number);

/// True once zeros have taken the place of the mapping.
bool clinux_is_mapping_lost(int number);

#endif
