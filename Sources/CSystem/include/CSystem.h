/// Calls of Linux that Swift's Glibc module doesn't show: glibc declares them for _GNU_SOURCE alone.
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include "MappingGuard.h"

#include <stdint.h>

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: has the disk begin with the pages of a part of a file that are not written yet.
/// Returns 0 or an errno.
int csystem_start_writing(int descriptor, int64_t offset, int64_t count);

/// sync_file_range(2) with SYNC_FILE_RANGE_WAIT_BEFORE: waits for what was begun in a part of a file. Returns 0 or an errno: one
/// with which writing has failed is not reported again.
int csystem_wait_for_writing(int descriptor, int64_t offset, int64_t count);

#endif
