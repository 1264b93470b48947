#include "CLinux.h"

#include <sys/prctl.h>

// In a file of its own, which the C library leaves out: it is not a library's to say that of the process.
void clinux_keep_memory_private(void) { (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
