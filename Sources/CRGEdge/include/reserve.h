// Memory for Swift's runtime where the system has none left: it ends the process when malloc(3) refuses, and no call of ours may.
//
// tools/c/library gives the runtime inside the library the functions `crg_malloc` and so on in the place of malloc(3) and so on.
// They ask the system, and only where it refuses take from here: from the rooms that are open, which calls open for what they are
// about to allocate, or else from a reserve of fixed size, of which a call uses little (an error and its sentence). What our own
// code allocates for itself doesn't come from here: it looks at what malloc(3) returns.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Address space for what a call is about to allocate. The system gives pages only for what is taken from it.
typedef struct crg_room crg_room;

/// Opens a room of `size` bytes; NULL if the system refuses.
crg_room *crg_open_room(size_t size);

/// Gives a room back, at once or with the last thing that was taken from it. NULL is allowed.
void crg_close_room(crg_room *room);

/// Notes that a call begins. It gets a room of its own if the reserve might not suffice for it and all others under way, or else
/// none. False if the system refuses a room: then the call must not begin.
bool crg_begin_call(crg_room **room);

/// Notes the end of a call that began with this room or none.
void crg_end_call(crg_room *room);

/// Takes `size` bytes at a multiple of `alignment`, a power of two, from the rooms that are open, or else from the reserve; NULL if
/// they have no place for it.
void *crg_take(size_t size, size_t alignment);

/// Gives back what was taken. False, and nothing happens, for memory that is not from here.
bool crg_give_back(void *memory);

/// True, with the number of usable bytes in `size`, for memory that is from here.
bool crg_size(const void *memory, size_t *size);

#ifdef __cplusplus
}
#endif
