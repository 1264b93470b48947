#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

// What the copies of Swift's runtime and of jansson inside the library see of the process around them: nothing. The runtime's own
// variables would make it print.

char *crg_getenv(const char *name);
char *crg_getenv(const char *name) {
    (void)name;
    return NULL;
}

static char *nothing[] = {NULL};
extern char **crg_environ;
char **crg_environ = nothing;
// The C library has two names for it.
extern char **crg_own_environ;
char **crg_own_environ = nothing;

// They are never asked to read or write a file: the code that would is linked because it stands beside code that is called.
// fopen(3) and getline(3) also allocate by malloc(3). (Debian's jansson, whose archive is not made for shared libraries, refers to
// standard input in a way that only works for a variable inside the library.)
FILE *crg_fopen(const char *path, const char *mode);
FILE *crg_fopen(const char *path, const char *mode) {
    (void)path, (void)mode;
    errno = ENOENT;
    return NULL;
}

ssize_t crg_getdelim(char **line, size_t *capacity, int delimiter, FILE *file);
ssize_t crg_getdelim(char **line, size_t *capacity, int delimiter, FILE *file) {
    (void)line, (void)capacity, (void)delimiter, (void)file;
    return -1;
}

extern void *crg_stdin;
void *crg_stdin;
