/* Three continuations of one beginning, which is computed once: the session is forked. The first is then kept in memory, and
 * goes on from there with the same words.
 *
 *   cc sessions.c $(pkg-config --cflags --libs rg-edge) -o sessions
 *   ./sessions MODEL.rgq "In the beginning"
 */
#include <rg_edge.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool show(void *user, const char *text, size_t length) {
    return fwrite(text, 1, length, (FILE *)user) == length;
}

/* Ends the program where a call fails. */
static void check(rg_status status) {
    if (status == RG_OK) return;
    fprintf(stderr, "sessions: %s\n", rg_last_error());
    exit(1);
}

/* Feeds a text, and BOS at the beginning. */
static void feed(const rg_model *model, rg_session *session, const char *text) {
    const bool is_start = rg_session_position(session) == 0;
    size_t count = 0;
    /* Without room the call tells how much is needed. */
    const rg_status status = rg_tokenize(model, text, strlen(text), is_start, false, NULL, 0, &count);
    if (status != RG_ERROR_BUFFER) check(status);
    uint32_t *tokens = (uint32_t *)malloc((count + 1) * sizeof *tokens);
    if (!tokens) exit(1);
    check(rg_tokenize(model, text, strlen(text), is_start, false, tokens, count, &count));
    check(rg_session_feed(session, tokens, count));
    free(tokens);
}

/* Chooses and feeds tokens one by one: what rg_session_generate does, by hand. */
static void go_on(const rg_model *model, rg_session *session, uint64_t seed, int count) {
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.temperature = 0.8f;
    sampling.top_p = 0.9f;
    sampling.seed = seed;
    for (int index = 0; index < count; index++) {
        uint32_t token = 0;
        char text[256];
        size_t length = 0;
        check(rg_session_sample(session, &sampling, &token));
        check(rg_detokenize(model, &token, 1, text, sizeof text, &length));
        show(stdout, text, length);
        check(rg_session_feed(session, &token, 1));
    }
    printf("\n");
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL BEGINNING\n", argv[0]);
        return 64;
    }
    rg_model *model = NULL;
    rg_session *beginning = NULL;
    check(rg_model_open(argv[1], NULL, &model));
    check(rg_session_create(model, &beginning));
    feed(model, beginning, argv[2]);

    for (uint64_t seed = 1; seed <= 3; seed++) {
        rg_session *branch = NULL;
        check(rg_session_fork(beginning, &branch));
        printf("%u: %s", (unsigned)seed, argv[2]);
        go_on(model, branch, seed, 24);
        rg_session_destroy(branch);
    }

    size_t size = 0;
    if (rg_session_serialize(beginning, NULL, 0, &size) != RG_ERROR_BUFFER) check(RG_ERROR_BUFFER);
    void *kept = malloc(size);
    if (!kept) return 1;
    check(rg_session_serialize(beginning, kept, size, &size));
    rg_session_destroy(beginning);
    rg_session *restored = NULL;
    check(rg_session_deserialize(model, kept, size, &restored));
    printf("1 again, from %u bytes: %s", (unsigned)size, argv[2]);
    go_on(model, restored, 1, 24);
    free(kept);
    rg_session_destroy(restored);
    rg_model_close(model);
    return 0;
}
