/* Many sessions of one model, all fed to the same length in common passes: crowd MODEL SESSIONS TOKENS
 *
 * Prints what the model and its sessions are said to take, what the process took, and the seconds. */
#include <rg_edge.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static void check(rg_status status, const char *what) {
    if (status == RG_OK) return;
    fprintf(stderr, "%s: %s\n", what, rg_last_error());
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s MODEL SESSIONS TOKENS\n", argv[0]);
        return 64;
    }
    const size_t count = (size_t)atol(argv[2]);
    const unsigned long length = strtoul(argv[3], NULL, 10);
    rg_model *model = NULL;
    rg_model_info info = RG_MODEL_INFO_INIT;
    /* All weights may be in memory; otherwise the model would keep a margin, and read from the disk what doesn't fit beside it. */
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.resident_bytes = RG_RESIDENT_MAPPED;
    check(rg_model_open(argv[1], &options, &model), "open");
    check(rg_model_get_info(model, &info), "info");
    rg_session **sessions = calloc(count, sizeof *sessions);
    uint32_t *tokens = calloc(count, sizeof *tokens);
    const uint32_t **starts = calloc(count, sizeof *starts);
    size_t *counts = calloc(count, sizeof *counts);
    if (!sessions || !tokens || !starts || !counts) return 1;
    for (size_t index = 0; index < count; index++) {
        check(rg_session_create(model, &sessions[index]), "session");
        starts[index] = &tokens[index];
        counts[index] = 1;
    }

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.temperature = 1;
    for (unsigned long position = 0; position < length; position++) {
        for (size_t index = 0; index < count; index++) {
            sampling.seed = index;
            if (position == 0) {
                tokens[index] = info.bos;
            } else {
                check(rg_session_sample(sessions[index], &sampling, &tokens[index]), "sample");
            }
        }
        check(rg_sessions_feed(sessions, count, starts, counts, NULL), "feed");
    }
    clock_gettime(CLOCK_MONOTONIC, &end);

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "%llu %llu %.3f\n", (unsigned long long)(info.file_bytes + info.shared_bytes + count * info.session_bytes),
        (unsigned long long)usage.ru_maxrss * 1024,
        (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    for (size_t index = 0; index < count; index++) rg_session_destroy(sessions[index]);
    rg_model_close(model);
    free(sessions);
    free(tokens);
    free(starts);
    free(counts);
    return 0;
}
