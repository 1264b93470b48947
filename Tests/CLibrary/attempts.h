/* Calls that allocate. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include "check.h"

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct Attempt {
    const char *name;
    rg_status (*run)(rg_model *model, rg_session *session);
    /* False if it allocates so little that it always succeeds. */
    bool may_be_refused;
    /* True if it moves the session on where it succeeds. */
    bool feeds;
} Attempt;

extern const Attempt attempts[];
extern const size_t attempt_count;

#if defined(__cplusplus)
}
#endif
#endif
