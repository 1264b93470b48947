/* A library for LD_PRELOAD that makes one call of the system's functions fail; `tools/faults` uses it.
 *
 *   FAULT_CALL    the kind of call, such as pread, which stands for pread64 as well
 *   FAULT_NUMBER  which one, from 1 on
 *   FAULT_ERRNO   what it fails with; 0: it reads or writes half of what it is asked to; -1: it reads or writes nothing
 *   FAULT_COUNTS  a file for the number of calls of each kind, a line each, written when the process ends
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KINDS(each) \
    each(open) each(openat) each(read) each(pread) each(write) each(pwrite) each(fsync) each(fdatasync) each(rename) each(link) \
    each(linkat) each(unlink) each(unlinkat) each(mkdir) each(rmdir) each(fstat) each(stat) each(lstat) each(fstatat) \
    each(statvfs) each(fstatvfs) each(ftruncate) each(fallocate) each(sync_file_range) each(mmap) each(munmap) each(madvise) \
    each(mlock) each(posix_fadvise) each(opendir) each(readdir) each(fchmod) each(fchown) each(flock) each(fcntl) each(close) \
    each(readlink) each(getcwd) each(access) each(utimensat) each(sched_getaffinity) each(pthread_create) each(calloc)

enum {
#define KIND(name) kind_##name,
    KINDS(KIND)
#undef KIND
    kind_count
};

static const char *const kind_names[] = {
#define KIND(name) #name,
    KINDS(KIND)
#undef KIND
};

enum { half = 0, nothing = -1 };

/* Where the program's own code lies: memory that Swift's runtime asks for ends the process where there is none. */
static uintptr_t program_start, program_end;

static atomic_long counts[kind_count];
static int fault_kind = -1;
static long fault_number;
static int fault_errno;

/* Called for the program first. */
static int find_program(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        program_start = object->dlpi_addr + part->p_vaddr;
        program_end = program_start + part->p_memsz;
    }
    return 1;
}

__attribute__((constructor)) static void prepare(void) {
    dl_iterate_phdr(find_program, NULL);
    const char *kind = getenv("FAULT_CALL"), *number = getenv("FAULT_NUMBER"), *code = getenv("FAULT_ERRNO");
    for (int index = 0; kind && index < kind_count; index++) {
        if (strcmp(kind, kind_names[index]) == 0) fault_kind = index;
    }
    fault_number = number ? atol(number) : 0;
    fault_errno = code ? atoi(code) : EIO;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNTS");
    if (!path) return;
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (int index = 0; index < kind_count; index++) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s %ld\n", kind_names[index], atomic_load(&counts[index]));
        syscall(SYS_write, descriptor, line, length);
    }
    syscall(SYS_close, descriptor);
}

/* Counts a call; true if it is the one that fails. */
static bool fails(int kind) {
    long number = atomic_fetch_add(&counts[kind], 1) + 1;
    if (kind != fault_kind || number != fault_number) return false;
    errno = fault_errno;
    return true;
}

/* The next function of that name: the system's own. */
#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* A function that fails by returning `failure`. */
#define FAULTY(result, name, kind, parameters, arguments, failure) \
    result name parameters { \
        NEXT(name); \
        return fails(kind_##kind) ? failure : next arguments; \
    }

/* One that moves `size` bytes, which may be fewer. */
#define MOVING(name, kind, parameters, arguments, fewer, size) \
    ssize_t name parameters { \
        NEXT(name); \
        if (!fails(kind_##kind)) return next arguments; \
        if (fault_errno == nothing) return 0; \
        if (fault_errno != half) return -1; \
        return size > 1 ? next fewer : next arguments; \
    }

MOVING(read, read, (int file, void *bytes, size_t size), (file, bytes, size), (file, bytes, size / 2), size)
MOVING(pread, pread, (int file, void *bytes, size_t size, off_t at), (file, bytes, size, at), (file, bytes, size / 2, at), size)
MOVING(pread64, pread, (int file, void *bytes, size_t size, off64_t at), (file, bytes, size, at), (file, bytes, size / 2, at), size)
MOVING(pwrite, pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at),
    (file, bytes, size / 2, at), size)
MOVING(pwrite64, pwrite, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at),
    (file, bytes, size / 2, at), size)

/* Where standard error fails, nothing can be said of it. */
ssize_t write(int file, const void *bytes, size_t size) {
    NEXT(write);
    if (file == STDERR_FILENO || !fails(kind_write)) return next(file, bytes, size);
    if (fault_errno == nothing) return 0;
    if (fault_errno != half) return -1;
    return next(file, bytes, size > 1 ? size / 2 : size);
}

/* The mode that follows the flags of open(2), where there is one. */
#define TAKE_MODE(flags) \
    mode_t mode = 0; \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

#define OPENING(name, kind, parameters, arguments) \
    int name parameters { \
        NEXT(name); \
        TAKE_MODE(flags) \
        return fails(kind_##kind) ? -1 : next arguments; \
    }

OPENING(open, open, (const char *path, int flags, ...), (path, flags, mode))
OPENING(open64, open, (const char *path, int flags, ...), (path, flags, mode))
OPENING(openat, openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENING(openat64, openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

/* A descriptor that close(2) complains of is closed all the same. */
int close(int file) {
    NEXT(close);
    bool failed = fails(kind_close);
    int code = errno, result = next(file);
    if (failed) errno = code;
    return failed ? -1 : result;
}

int fcntl(int file, int command, ...) {
    NEXT(fcntl);
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fails(kind_fcntl) ? -1 : next(file, command, argument);
}

FAULTY(int, fsync, fsync, (int file), (file), -1)
FAULTY(int, fdatasync, fdatasync, (int file), (file), -1)
FAULTY(int, rename, rename, (const char *from, const char *to), (from, to), -1)
FAULTY(int, renameat, rename, (int a, const char *from, int b, const char *to), (a, from, b, to), -1)
FAULTY(int, renameat2, rename, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), -1)
FAULTY(int, link, link, (const char *from, const char *to), (from, to), -1)
FAULTY(int, linkat, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), -1)
FAULTY(int, unlink, unlink, (const char *path), (path), -1)
FAULTY(int, unlinkat, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), -1)
FAULTY(int, mkdir, mkdir, (const char *path, mode_t mode), (path, mode), -1)
FAULTY(int, rmdir, rmdir, (const char *path), (path), -1)
FAULTY(int, fstat, fstat, (int file, struct stat *status), (file, status), -1)
FAULTY(int, stat, stat, (const char *path, struct stat *status), (path, status), -1)
FAULTY(int, lstat, lstat, (const char *path, struct stat *status), (path, status), -1)
FAULTY(int, fstatat, fstatat, (int folder, const char *path, struct stat *status, int flags), (folder, path, status, flags), -1)
FAULTY(int, fstat64, fstat, (int file, struct stat64 *status), (file, status), -1)
FAULTY(int, stat64, stat, (const char *path, struct stat64 *status), (path, status), -1)
FAULTY(int, lstat64, lstat, (const char *path, struct stat64 *status), (path, status), -1)
FAULTY(int, statvfs, statvfs, (const char *path, struct statvfs *status), (path, status), -1)
FAULTY(int, fstatvfs, fstatvfs, (int file, struct statvfs *status), (file, status), -1)
FAULTY(int, ftruncate, ftruncate, (int file, off_t size), (file, size), -1)
FAULTY(int, ftruncate64, ftruncate, (int file, off64_t size), (file, size), -1)
FAULTY(int, fallocate, fallocate, (int file, int mode, off_t at, off_t size), (file, mode, at, size), -1)
FAULTY(int, sync_file_range, sync_file_range, (int file, off64_t at, off64_t size, unsigned flags), (file, at, size, flags), -1)
FAULTY(void *, mmap, mmap, (void *at, size_t size, int protection, int flags, int file, off_t offset),
    (at, size, protection, flags, file, offset), MAP_FAILED)
FAULTY(void *, mmap64, mmap, (void *at, size_t size, int protection, int flags, int file, off64_t offset),
    (at, size, protection, flags, file, offset), MAP_FAILED)
FAULTY(int, munmap, munmap, (void *start, size_t size), (start, size), -1)
FAULTY(int, madvise, madvise, (void *start, size_t size, int advice), (start, size, advice), -1)
FAULTY(int, mlock, mlock, (const void *start, size_t size), (start, size), -1)
FAULTY(int, posix_fadvise, posix_fadvise, (int file, off_t at, off_t size, int advice), (file, at, size, advice), fault_errno)
FAULTY(DIR *, opendir, opendir, (const char *path), (path), NULL)
FAULTY(struct dirent *, readdir, readdir, (DIR *folder), (folder), NULL)
FAULTY(struct dirent64 *, readdir64, readdir, (DIR *folder), (folder), NULL)
FAULTY(int, fchmod, fchmod, (int file, mode_t mode), (file, mode), -1)
FAULTY(int, fchown, fchown, (int file, uid_t user, gid_t group), (file, user, group), -1)
FAULTY(int, flock, flock, (int file, int operation), (file, operation), -1)
FAULTY(ssize_t, readlink, readlink, (const char *path, char *text, size_t size), (path, text, size), -1)
FAULTY(char *, getcwd, getcwd, (char *text, size_t size), (text, size), NULL)
FAULTY(int, access, access, (const char *path, int mode), (path, mode), -1)
FAULTY(int, utimensat, utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
    (folder, path, times, flags), -1)
FAULTY(int, sched_getaffinity, sched_getaffinity, (pid_t process, size_t size, cpu_set_t *set), (process, size, set), -1)
FAULTY(int, pthread_create, pthread_create, (pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *argument),
    (thread, how, body, argument), fault_errno)

/* dlsym(3) itself may want memory, which comes from glibc's own function. */
extern void *__libc_calloc(size_t count, size_t size);
void *calloc(size_t count, size_t size) {
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    bool is_program = caller >= program_start && caller < program_end;
    return is_program && fails(kind_calloc) ? NULL : __libc_calloc(count, size);
}
