/// Calls of Linux that Swift's Glibc module doesn't show: glibc declares them only for _GNU_SOURCE.
#ifndef CLINUX_H
#define CLINUX_H

#include "MappingGuard.h"

#include <stdbool.h>
#include <stdint.h>

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: has the disk begin with the pages of a part of a file that are not written yet.
/// Returns 0 or an errno.
int clinux_start_writing(int descriptor, int64_t offset, int64_t count);

/// sync_file_range(2) with SYNC_FILE_RANGE_WAIT_BEFORE: waits for what was begun in a part of a file. Returns 0 or an errno: if
/// writing has failed, that is reported only once.
int clinux_wait_for_writing(int descriptor, int64_t offset, int64_t count);

/// open(2) with O_TMPFILE: a file in a folder, without a name, for reading and writing. Returns its descriptor, or -1 and errno.
int clinux_open_unnamed(const char *folder, unsigned mode);

/// open(2) with O_DIRECT: a second descriptor of an open file, for reading past the system's file cache; by its path in /proc.
/// Returns the descriptor, or -1 and errno: some file systems can't.
int clinux_open_direct(int descriptor);

/// True if a descriptor is open for reading at any offset, by read(2) and mmap(2): neither for writing alone nor with O_PATH or
/// O_DIRECT.
bool clinux_is_readable(int descriptor);

/// What offsets, lengths and addresses of reads with such a descriptor must be multiples of, if Linux says so (statx(2), since
/// 6.1); otherwise 0; -1 if the file system takes such reads, but not past its cache.
int clinux_direct_alignment(int descriptor);

/// linkat(2): gives a file that was opened without a name one that nothing has. By AT_EMPTY_PATH, which older systems permit only
/// root, or by `place`, its path in /proc, which a chroot may not have. Returns 0 or an errno.
int clinux_link(int descriptor, const char *place, const char *path);

/// True if a file is known to lie on a disk of this machine, so that all processes that may have it open see its locks.
bool clinux_is_on_local_disk(int descriptor);

/// True if a file is known to lie in memory, on a tmpfs or ramfs.
bool clinux_is_in_memory(int descriptor);

/// Names the calling thread, for debuggers and top(1): at most 15 bytes.
void clinux_name_thread(const char *name);

/// From here on this process leaves no image of its memory when it crashes, and other programs of its user can't read it.
void clinux_keep_memory_private(void);

#endif
