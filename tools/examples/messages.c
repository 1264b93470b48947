/* A conversation in roles, which the program keeps. Ctrl-C stops the prompt or the answer that is under way.
 *
 *   cc messages.c $(pkg-config --cflags --libs rg-edge) -o messages
 *   ./messages MODEL.rgq "Answer briefly." "Who was Moses?" "And Aaron?"
 */
#include <rg_edge.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_tokens = 64, most_bytes = 8192 };

static rg_session *volatile talking;

static void stop(int number) {
    (void)number;
    rg_session_cancel(talking);
}

/* An answer as far as it has come. */
typedef struct Answer {
    char text[most_bytes];
    size_t length;
} Answer;

static bool show(void *user, const char *text, size_t length) {
    Answer *answer = (Answer *)user;
    if (length > sizeof answer->text - answer->length) return false;
    memcpy(answer->text + answer->length, text, length);
    answer->length += length;
    return fwrite(text, 1, length, stdout) == length && fflush(stdout) == 0;
}

static bool tell(void *user, size_t done, size_t total) {
    (void)user;
    if (done < total) fprintf(stderr, "%zu of %zu tokens read\n", done, total);
    return true;
}

static rg_message message(rg_role role, const char *text, size_t length) {
    rg_message message = {role, text, length};
    return message;
}

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, rg_last_error());
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s MODEL INSTRUCTIONS QUESTION...\n", argv[0]);
        return 64;
    }
    const int questions = argc - 3;
    rg_message *messages = (rg_message *)calloc((size_t)questions * 2 + 1, sizeof *messages);
    Answer *answers = (Answer *)calloc((size_t)questions, sizeof *answers);
    rg_model *model = NULL;
    rg_session *session = NULL;
    rg_status status = RG_ERROR_MEMORY;
    if (messages && answers) status = rg_model_open(argv[1], NULL, &model);
    if (status == RG_OK) status = rg_session_create(model, &session);
    talking = session;
    signal(SIGINT, stop);

    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = most_tokens;
    options.on_progress = tell;
    size_t count = 0;
    if (status == RG_OK) messages[count++] = message(RG_ROLE_SYSTEM, argv[2], strlen(argv[2]));
    for (int index = 0; index < questions && status == RG_OK; index++) {
        rg_generate_result result = RG_GENERATE_RESULT_INIT;
        messages[count++] = message(RG_ROLE_USER, argv[3 + index], strlen(argv[3 + index]));
        /* All of it each time: what the session has consumed is not fed again. */
        status = rg_session_generate_messages(session, messages, count, &options, show, &answers[index], &result);
        if (status != RG_OK) break;
        printf("\n");
        fprintf(stderr, "%u tokens, %llu of them had been read before\n", result.prompt_tokens,
                (unsigned long long)result.reused_tokens);
        messages[count++] = message(RG_ROLE_MODEL, answers[index].text, answers[index].length);
    }
    if (status != RG_OK) failed("talking");
    signal(SIGINT, SIG_DFL);
    rg_session_destroy(session);
    rg_model_close(model);
    free(messages);
    free(answers);
    return status != RG_OK;
}
