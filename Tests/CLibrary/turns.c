/* Turns of a conversation: what a chat's turn puts first follows from the tokens that the session has consumed. */
#include "tests.h"

#define USER "<start_of_turn>user\n"
#define MODEL "<end_of_turn>\n<start_of_turn>model\n"

/* Generates six tokens and appends the answer to `text`. */
static void generate(rg_session *session, const char *prompt, bool as_chat_turn, char *text) {
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 6;
    options.as_chat_turn = as_chat_turn;
    REQUIRE(rg_session_generate(session, prompt, strlen(prompt), &options, collect, &collected, NULL));
    strncat(text, collected.text, collected.length);
}

static void feed(rg_model *model, rg_session *session, const char *text, bool add_bos) {
    uint32_t tokens[256];
    size_t count = 0;
    REQUIRE(rg_tokenize(model, text, strlen(text), add_bos, true, tokens, 256, &count));
    REQUIRE(rg_session_feed(session, tokens, count));
}

/* Checks that a session has consumed the tokens of a conversation, marks and all, and nothing else. */
static void check(int line, rg_model *model, const rg_session *session, const char *conversation) {
    rg_session *expected = new_session(model);
    feed(model, expected, conversation, true);
    if (rg_session_position(session) != rg_session_position(expected)) {
        fail(__FILE__, line, "%llu tokens, and %llu in: %s", (unsigned long long)rg_session_position(session),
             (unsigned long long)rg_session_position(expected), conversation);
    }
    if (!same_logits(session, expected)) fail(__FILE__, line, "other tokens than those of: %s", conversation);
    rg_session_destroy(expected);
}

void test_turns(void) {
    rg_model *model = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &model));
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));

    /* After an answer: nothing; its end, by hand; that and the line break; more of it, without the template. */
    for (int way = 0; way < 4; way++) {
        char text[4096] = USER "Who was Moses?" MODEL;
        rg_session *session = new_session(model);
        generate(session, "Who was Moses?", true, text);
        if (way == 1) REQUIRE(rg_session_feed(session, &info.end_of_turn, 1));
        if (way == 2) feed(model, session, "<end_of_turn>\n", false);
        if (way == 3) generate(session, "", false, text);
        strcat(text, "<end_of_turn>\n" USER "And Aaron?" MODEL);
        generate(session, " And Aaron?\n", true, text);
        check(__LINE__, model, session, text);
        rg_session_destroy(session);
    }

    /* A turn of each side, by hand. */
    char text[4096] = USER "Who was Moses?" MODEL;
    rg_session *session = new_session(model);
    feed(model, session, text, true);
    generate(session, "", false, text);
    strcat(text, "<end_of_turn>\n" USER "And Aaron?" MODEL);
    generate(session, "And Aaron?", true, text);
    check(__LINE__, model, session, text);

    /* Kept and brought back: open, and ended. */
    for (int is_ended = 0; is_ended < 2; is_ended++) {
        rg_session *restored = NULL;
        if (is_ended) REQUIRE(rg_session_feed(session, &info.end_of_turn, 1));
        REQUIRE(rg_session_save(session, in_folder("turns.rgs")));
        REQUIRE(rg_session_load(model, in_folder("turns.rgs"), &restored));
        char more[4096];
        strcpy(more, text);
        strcat(more, "<end_of_turn>\n" USER "And Miriam?" MODEL);
        generate(restored, "And Miriam?", true, more);
        check(__LINE__, model, restored, more);
        rg_session_destroy(restored);
    }

    /* White space goes at the ends, with Python's idea of it, and what combines with it stays. */
    REQUIRE(rg_session_reset(session));
    char spaces[4096] = USER "\xCC\x81 Who \xCC\x81" MODEL;
    generate(session, "\x1C\xC2\x85\xE2\x80\xA8 \xCC\x81 Who \xCC\x81\x1F", true, spaces);
    check(__LINE__, model, session, spaces);

    rg_session_destroy(session);
    rg_model_close(model);
}
