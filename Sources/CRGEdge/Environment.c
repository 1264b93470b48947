#include <stddef.h>

// What Swift's runtime inside the library sees of the environment: nothing. A variable of its own would make it print.

char *crg_getenv(const char *name);
char *crg_getenv(const char *name) {
    (void)name;
    return NULL;
}

static char *nothing[] = {NULL};
extern char **crg_environ;
char **crg_environ = nothing;
