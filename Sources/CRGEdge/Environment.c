#include <stddef.h>

// What the copies of Swift's runtime and of jansson inside the library see of the process around them: nothing. A variable of its
// own would make the runtime print.

char *crg_getenv(const char *name);
char *crg_getenv(const char *name) {
    (void)name;
    return NULL;
}

static char *nothing[] = {NULL};
extern char **crg_environ;
char **crg_environ = nothing;

// Nobody has jansson read a file; but Debian's archive, which is not made for shared libraries, names standard input in a way that
// only works for what is in the library itself.
extern void *crg_stdin;
void *crg_stdin;
