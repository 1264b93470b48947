#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int clinux_start_writing(int descriptor, int64_t offset, int64_t count) {
    return sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE) ? errno : 0;
}

int clinux_wait_for_writing(int descriptor, int64_t offset, int64_t count) {
    while (sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WAIT_BEFORE)) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int clinux_open_unnamed(const char *folder, unsigned mode) {
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int clinux_open_direct(int descriptor) {
    char place[32];
    snprintf(place, sizeof place, "/proc/self/fd/%d", descriptor);
    return open(place, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

bool clinux_is_readable(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && !(flags & (O_PATH | O_DIRECT)) && (flags & O_ACCMODE) != O_WRONLY;
}

int clinux_direct_alignment(int descriptor) {
#ifdef STATX_DIOALIGN
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) || !(status.stx_mask & STATX_DIOALIGN)) return 0;
    if (status.stx_dio_offset_align == 0 || status.stx_dio_offset_align > 1 << 20) return -1;
    return (int)status.stx_dio_offset_align > (int)status.stx_dio_mem_align ? (int)status.stx_dio_offset_align : (int)status.stx_dio_mem_align;
#else
    (void)descriptor;
    return 0;
#endif
}

int clinux_link(int descriptor, const char *place, const char *path) {
    if (linkat(descriptor, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0) return 0;
    if (errno == EEXIST) return EEXIST;
    return linkat(AT_FDCWD, place, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? errno : 0;
}

bool clinux_is_on_local_disk(int descriptor) {
    struct statfs system;
    if (fstatfs(descriptor, &system)) return false;
    switch ((uint32_t)system.f_type) {
    case 0xEF53:     /* ext2, ext3, ext4 */
    case 0x58465342: /* XFS */
    case 0x9123683E: /* Btrfs */
    case 0xF2F52010: /* F2FS */
    case 0x2FC12FC1: /* ZFS */
    case 0xCA451A4E: /* bcachefs */
    case 0x01021994: /* tmpfs */
    case 0x858458F6: /* ramfs */
    case 0x794C7630: /* overlayfs */
    case 0x4D44:     /* FAT */
    case 0x2011BAB0: /* exFAT */
    case 0x7366746E: /* NTFS */
        return true;
    default: return false;
    }
}

bool clinux_is_in_memory(int descriptor) {
    struct statfs system;
    if (fstatfs(descriptor, &system)) return false;
    const uint32_t type = (uint32_t)system.f_type;
    return type == 0x01021994 /* tmpfs */ || type == 0x858458F6 /* ramfs */;
}

void clinux_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
