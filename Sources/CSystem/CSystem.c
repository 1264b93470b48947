#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>

int csystem_start_writing(int descriptor, int64_t offset, int64_t count) {
    return sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE) ? errno : 0;
}

int csystem_wait_for_writing(int descriptor, int64_t offset, int64_t count) {
    while (sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WAIT_BEFORE)) {
        if (errno != EINTR) return errno;
    }
    return 0;
}
