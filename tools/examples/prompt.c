/* Streams a model's answer.
 *
 *   cc prompt.c $(pkg-config --cflags --libs rg-edge) -o prompt
 *   ./prompt MODEL.rgq "Why is the sky blue?" [MAX_TOKENS]
 */
#include <rg_edge.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shows a part of the text as soon as it is there. Ends the answer if nobody reads it any more. */
static bool show(void *user, const char *text, size_t length) {
    (void)user;
    return fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0;
}

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, rg_last_error());
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s MODEL PROMPT [MAX_TOKENS]\n", argv[0]);
        return 64;
    }
    rg_model *model = NULL;
    if (rg_model_open(argv[1], NULL, &model) != RG_OK) return failed("opening the model");
    rg_model_info info = RG_MODEL_INFO_INIT;
    rg_session *session = NULL;
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    rg_status status = rg_model_get_info(model, &info);
    if (status == RG_OK) status = rg_session_create(model, &session);
    if (status == RG_OK) {
        options.as_chat_turn = info.is_instruction_tuned;
        options.max_tokens = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 256;
        status = rg_session_generate(session, argv[2], strlen(argv[2]), &options, show, NULL, &result);
    }
    /* Before the next call, which may fail as well. */
    if (status != RG_OK) failed("generating");
    rg_session_destroy(session);
    rg_model_close(model);
    if (status != RG_OK) return 1;
    printf("\n");
    fprintf(stderr, "%u tokens in %.2f s, after a prompt of %u in %.2f s\n", result.generated_tokens, result.decode_seconds,
            result.prompt_tokens, result.prefill_seconds);
    return 0;
}
