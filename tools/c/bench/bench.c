/* Times tokens and openings through C: bench MODEL THREADS TOKENS OPENINGS, with 0 threads for the default.
 * bench.swift does the same through Swift; tools/bench-c runs both.
 *
 * Prints a line with the nanoseconds of each: "token 31234567", "open 12345678".
 */
#include <rg_edge.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Tokens fed before those that are timed. */
enum { prompt_tokens = 16 };

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void check(rg_status status) {
    if (status == RG_OK) return;
    fprintf(stderr, "bench: %s\n", rg_last_error());
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s MODEL THREADS TOKENS OPENINGS\n", argv[0]);
        return 64;
    }
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = (uint32_t)strtoul(argv[2], NULL, 10);
    const size_t tokens = (size_t)strtoul(argv[3], NULL, 10), openings = (size_t)strtoul(argv[4], NULL, 10);

    uint64_t *times = (uint64_t *)calloc(tokens + openings + 1, sizeof *times);
    if (!times) return 1;
    for (size_t index = 0; index < openings; index++) {
        rg_model *model = NULL;
        const uint64_t start = nanoseconds();
        check(rg_model_open(argv[1], &options, &model));
        rg_model_close(model);
        times[tokens + index] = nanoseconds() - start;
    }

    rg_model *model = NULL;
    rg_session *session = NULL;
    rg_model_info info = RG_MODEL_INFO_INIT;
    check(rg_model_open(argv[1], &options, &model));
    check(rg_model_get_info(model, &info));
    check(rg_session_create(model, &session));
    uint32_t token = 1;
    for (size_t index = 0; index < prompt_tokens + tokens; index++) {
        token = (token * 1103515245 + 12345) % 2147483648u;
        const uint32_t next = token % info.vocabulary_size;
        const uint64_t start = nanoseconds();
        check(rg_session_feed(session, &next, 1));
        if (index >= prompt_tokens) times[index - prompt_tokens] = nanoseconds() - start;
    }
    rg_session_destroy(session);
    rg_model_close(model);

    for (size_t index = 0; index < tokens; index++) printf("token %llu\n", (unsigned long long)times[index]);
    for (size_t index = 0; index < openings; index++) printf("open %llu\n", (unsigned long long)times[tokens + index]);
    free(times);
    return 0;
}
