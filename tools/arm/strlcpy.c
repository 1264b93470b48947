// strlcpy(3), which glibc has only since 2.38: for Swift's runtime on older systems (tools/arm/toolchain).
#include <stddef.h>
#include <string.h>

__attribute__((visibility("hidden"))) size_t strlcpy(char *target, const char *source, size_t size) {
    const size_t length = strlen(source);
    if (size > 0) {
        const size_t copied = length < size ? length : size - 1;
        memcpy(target, source, copied);
        target[copied] = 0;
    }
    return length;
}
