#include "last_error.h"
#include "rg_edge.h"

#include <string.h>

// Room for a path of the longest kind (4,096 bytes) and what is wrong with it.
static _Thread_local char last_error[4608] = "no call has failed on this thread";

const char *rg_last_error(void) { return last_error; }

void crg_note_error(const char *text, size_t length) {
    if (length >= sizeof last_error) {
        length = sizeof last_error - 1;
        // Bytes 10xxxxxx go on with a character.
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    }
    memcpy(last_error, text, length);
    last_error[length] = 0;
}
