/* Whole conversations: their tokens, and that what a session has consumed is not fed again. */
#include "tests.h"

/* What the template writes. */
#define USER(text) "<start_of_turn>user\n" text "<end_of_turn>\n<start_of_turn>model\n"

static rg_message message(rg_role role, const char *text) {
    rg_message message = {role, text, strlen(text)};
    return message;
}

static void test_tokens(rg_model *model) {
    rg_message messages[5] = {
        message(RG_ROLE_SYSTEM, " Be brief.\n"),
        message(RG_ROLE_USER, "Who?"),
        message(RG_ROLE_MODEL, "He <end_of_turn>"),
        message(RG_ROLE_USER, "And?"),
        message(RG_ROLE_MODEL, "Go "),
    };
    uint32_t tokens[128] = {7}, expected[128];
    size_t count = 99, expected_count = 0, head_count = 0;
    EXPECT_ERROR(RG_ERROR_BUFFER, "room for 0", rg_tokenize_messages(model, messages, 2, NULL, 0, &count));
    REQUIRE(rg_tokenize(model, USER("Be brief.\n\nWho?"), strlen(USER("Be brief.\n\nWho?")), true, true, expected, 128, &head_count));
    CHECK(count == head_count);
    EXPECT(RG_OK, rg_tokenize_messages(model, messages, 2, tokens, 128, &count));
    CHECK(count == head_count && memcmp(tokens, expected, count * sizeof *tokens) == 0);

    /* Marks in a text are text. */
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    EXPECT(RG_OK, rg_tokenize_messages(model, messages, 5, tokens, 128, &count));
    int ends = 0;
    for (size_t index = 0; index < count; index++) ends += tokens[index] == info.end_of_turn;
    CHECK(ends == 3 && memcmp(tokens, expected, head_count * sizeof *tokens) == 0);
    REQUIRE(rg_tokenize(model, "Go", 2, false, false, expected, 128, &expected_count));
    CHECK(tokens[count - 1] == expected[expected_count - 1]);

    count = 99;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_tokenize_messages(NULL, messages, 2, tokens, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "messages is NULL", rg_tokenize_messages(model, NULL, 2, tokens, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "count is NULL", rg_tokenize_messages(model, messages, 2, tokens, 128, NULL));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "tokens is NULL", rg_tokenize_messages(model, messages, 2, NULL, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "fit", rg_tokenize_messages(model, messages, SIZE_MAX, tokens, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "no messages", rg_tokenize_messages(model, NULL, 0, tokens, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "message 1: the system's", rg_tokenize_messages(model, messages, 1, tokens, 128, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "message 1: the model's", rg_tokenize_messages(model, messages + 2, 2, tokens, 128, &count));
    messages[1].role = (rg_role)3;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "role of message 2 is 3", rg_tokenize_messages(model, messages, 2, tokens, 128, &count));
    messages[1] = message(RG_ROLE_USER, "Who?");
    messages[1].length = SIZE_MAX;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "text of message 2", rg_tokenize_messages(model, messages, 2, tokens, 128, &count));
    messages[1].length = SIZE_MAX / 2;
    EXPECT_ERROR(RG_ERROR_MEMORY, "no memory", rg_tokenize_messages(model, messages, 2, tokens, 128, &count));
    messages[1].length = 1;
    messages[1].text = NULL;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "message 2 is NULL", rg_tokenize_messages(model, messages, 2, tokens, 128, &count));
    CHECK(count == 99);
    /* No text at all, and what is no UTF-8. */
    messages[1].length = 0;
    EXPECT(RG_OK, rg_tokenize_messages(model, messages + 1, 1, tokens, 128, &count));
    messages[1] = message(RG_ROLE_USER, "a\xFF");
    EXPECT(RG_OK, rg_tokenize_messages(model, messages + 1, 1, tokens, 128, &count));
    REQUIRE(rg_tokenize(model, USER("a\xEF\xBF\xBD"), strlen(USER("a\xEF\xBF\xBD")), true, true, expected, 128, &expected_count));
    CHECK(count == expected_count && memcmp(tokens, expected, count * sizeof *tokens) == 0);
}

static void check_fresh(int line, rg_model *model, const rg_session *session, const rg_message *messages, size_t count) {
    uint32_t tokens[1024];
    size_t token_count = 0;
    rg_session *fresh = new_session(model);
    REQUIRE(rg_tokenize_messages(model, messages, count, tokens, 1024, &token_count));
    REQUIRE(rg_session_feed(fresh, tokens, token_count));
    if (!same_logits(session, fresh) || rg_session_position(session) != token_count) fail(__FILE__, line, "other tokens were fed");
    rg_session_destroy(fresh);
}

/* Stops after the prompt, so that there is no answer. */
static bool refuse(void *user, size_t done, size_t total) {
    (void)user;
    return done < total;
}

static void test_conversation(rg_model *model) {
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 12;
    options.sampling.temperature = 2;
    options.sampling.seed = 4;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    rg_session *session = new_session(model);
    REQUIRE(rg_session_keep_turns(session, 1));

    rg_message messages[4] = {message(RG_ROLE_SYSTEM, "Be brief."), message(RG_ROLE_USER, "Who was Moses?")};
    EXPECT(RG_OK, rg_session_generate_messages(session, messages, 2, &options, collect, &collected, &result));
    CHECK(result.reused_tokens == 0 && result.generated_tokens == 12 && collected.length > 0);
    CHECK(rg_session_position(session) == result.prompt_tokens + result.generated_tokens);

    /* With its answer, which is not fed again, whatever its tokens. */
    const uint64_t position = rg_session_position(session);
    messages[2].role = RG_ROLE_MODEL;
    messages[2].text = collected.text;
    messages[2].length = collected.length;
    messages[3] = message(RG_ROLE_USER, "And Aaron?");
    options.on_progress = refuse;
    EXPECT(RG_OK, rg_session_generate_messages(session, messages, 4, &options, collect, &collected, &result));
    CHECK(result.finish == RG_FINISH_CANCELLED && result.reused_tokens == position);
    CHECK(rg_session_position(session) == result.prompt_tokens && result.prompt_tokens > position);

    /* Another question: from the turn that was kept. */
    messages[3] = message(RG_ROLE_USER, "And Miriam?");
    EXPECT(RG_OK, rg_session_generate_messages(session, messages, 4, &options, collect, &collected, &result));
    CHECK(result.reused_tokens == position);

    /* Another answer: from the start. */
    messages[2] = message(RG_ROLE_MODEL, "The son of Amram.");
    EXPECT(RG_OK, rg_session_generate_messages(session, messages, 4, &options, collect, &collected, &result));
    CHECK(result.reused_tokens == 0);
    check_fresh(__LINE__, model, session, messages, 4);

    /* A program for the first version has no reused_tokens. */
    rg_generate_result old = RG_GENERATE_RESULT_INIT;
    old.struct_size = offsetof(rg_generate_result, reused_tokens);
    old.reused_tokens = 77;
    EXPECT(RG_OK, rg_session_generate_messages(session, messages, 4, &options, collect, &collected, &old));
    CHECK(old.reused_tokens == 77 && old.prompt_tokens == result.prompt_tokens);
    rg_session_destroy(session);
}

typedef struct Progress {
    int calls, parts;
    rg_session *session;
} Progress;

static bool cancel_inside(void *user, size_t done, size_t total) {
    Progress *progress = (Progress *)user;
    CHECK(done < total);
    progress->calls++;
    rg_session_cancel(progress->session);
    return true;
}

static bool never(void *user, const char *text, size_t length) {
    (void)user;
    (void)text;
    (void)length;
    CHECK(false);
    return true;
}

static void test_refusals(rg_model *model) {
    Twins twins = make_twins(model, true);
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 2;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    rg_message messages[2] = {message(RG_ROLE_USER, "Who?"), message(RG_ROLE_USER, "What?")};
    rg_session *subject = twins.subject;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL",
                 rg_session_generate_messages(NULL, messages, 1, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "messages is NULL",
            rg_session_generate_messages(subject, NULL, 1, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "no messages",
            rg_session_generate_messages(subject, NULL, 0, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "options is NULL",
            rg_session_generate_messages(subject, messages, 1, NULL, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "on_text is NULL",
            rg_session_generate_messages(subject, messages, 1, &options, NULL, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "turns of user and model alternate",
            rg_session_generate_messages(subject, messages, 2, &options, collect, &collected, &result));
    REFUSES(twins, RG_ERROR_ARGUMENT, "keeping 101 turns", rg_session_keep_turns(subject, 101));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_keep_turns(NULL, 1));
    EXPECT(RG_OK, rg_session_keep_turns(subject, 2));
    EXPECT(RG_OK, rg_session_keep_turns(subject, 0));
    CHECK_ALIKE(twins);

    /* Stopped in a long message: where it was, though it would have begun anew. */
    static char many[1601];
    for (int index = 0; index < 400; index++) memcpy(many + 4 * index, "And ", 4);
    messages[0] = message(RG_ROLE_USER, many);
    Progress progress = {0, 0, subject};
    options.on_progress = cancel_inside;
    EXPECT(RG_OK, rg_session_generate_messages(subject, messages, 1, &options, never, &progress, &result));
    CHECK(result.finish == RG_FINISH_CANCELLED && result.prompt_tokens == 0 && progress.calls == 1);
    CHECK_ALIKE(twins);
    destroy_twins(twins);

    rg_model *base = open_model();
    rg_session *session = new_session(base);
    messages[0] = message(RG_ROLE_USER, "Who?");
    options.on_progress = NULL;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "no chat template",
                 rg_session_generate_messages(session, messages, 1, &options, collect, &collected, &result));
    size_t count = 0;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "no chat template", rg_tokenize_messages(base, messages, 1, NULL, 0, &count));
    rg_session_destroy(session);
    rg_model_close(base);
}

void test_messages(void) {
    rg_model *model = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &model));
    test_tokens(model);
    test_conversation(model);
    test_refusals(model);
    rg_model_close(model);
}
