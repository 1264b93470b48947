/* Text to tokens and back. */
#include "tests.h"

static void test_tokenize(rg_model *model) {
    const char text[] = "In the beginning\nGod \xE2\x82\xAC\0created";
    const size_t length = sizeof text - 1;
    uint32_t tokens[64] = {7};
    size_t count = 99;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_tokenize(NULL, text, length, false, false, tokens, 64, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "text is NULL", rg_tokenize(model, NULL, length, false, false, tokens, 64, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "count is NULL", rg_tokenize(model, text, length, false, false, tokens, 64, NULL));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "tokens is NULL", rg_tokenize(model, text, length, false, false, NULL, 64, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "fit", rg_tokenize(model, text, SIZE_MAX, false, false, tokens, 64, &count));
    /* No array of tokens for a text of this size fits any memory: nothing of it is read. */
    EXPECT_ERROR(RG_ERROR_MEMORY, "no memory", rg_tokenize(model, text, SIZE_MAX / 2, false, false, tokens, 64, &count));
    CHECK(count == 99 && tokens[0] == 7);

    EXPECT_ERROR(RG_ERROR_BUFFER, "room for 0", rg_tokenize(model, text, length, true, false, NULL, 0, &count));
    CHECK(count > 3 && count < 64);
    const size_t needed = count;
    count = 0;
    EXPECT_ERROR(RG_ERROR_BUFFER, "larger buffer", rg_tokenize(model, text, length, true, false, tokens, needed - 1, &count));
    CHECK(count == needed && tokens[0] == 7);
    EXPECT(RG_OK, rg_tokenize(model, text, length, true, false, tokens, needed, &count));
    CHECK(count == needed);

    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    CHECK(tokens[0] == info.bos);

    char back[64];
    size_t back_length = 0;
    EXPECT(RG_OK, rg_detokenize(model, tokens, count, back, sizeof back, &back_length));
    CHECK(back_length == length && memcmp(back, text, length) == 0);

    /* Nothing is a text. */
    EXPECT(RG_OK, rg_tokenize(model, NULL, 0, false, false, NULL, 0, &count));
    CHECK(count == 0);
    EXPECT(RG_OK, rg_tokenize(model, "", 0, true, false, tokens, 1, &count));
    CHECK(count == 1);

    /* Marks are text unless the caller says otherwise. */
    EXPECT(RG_OK, rg_tokenize(model, "<bos>", 5, false, true, tokens, 64, &count));
    CHECK(count == 1 && tokens[0] == info.bos);
    EXPECT(RG_OK, rg_tokenize(model, "<bos>", 5, false, false, tokens, 64, &count));
    CHECK(count > 1 && tokens[0] != info.bos);

    /* What is no UTF-8 becomes U+FFFD. */
    EXPECT(RG_OK, rg_tokenize(model, "a\xFF", 2, false, false, tokens, 64, &count));
    EXPECT(RG_OK, rg_detokenize(model, tokens, count, back, sizeof back, &back_length));
    CHECK(back_length == 4 && memcmp(back, "a\xEF\xBF\xBD", 4) == 0);
}

static void test_detokenize(rg_model *model) {
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    uint32_t tokens[8];
    size_t count = 0, length = 99;
    /* The euro sign in single bytes: the small vocabulary has no piece for it. */
    REQUIRE(rg_tokenize(model, "\xE2\x82\xAC", 3, false, false, tokens, 8, &count));
    char text[16] = "untouched";
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_detokenize(NULL, tokens, count, text, sizeof text, &length));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "tokens is NULL", rg_detokenize(model, NULL, count, text, sizeof text, &length));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "text is NULL", rg_detokenize(model, tokens, count, NULL, sizeof text, &length));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "length is NULL", rg_detokenize(model, tokens, count, text, sizeof text, NULL));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "fit", rg_detokenize(model, tokens, SIZE_MAX, text, sizeof text, &length));
    uint32_t outside[2] = {0, info.vocabulary_size};
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "outside the vocabulary", rg_detokenize(model, outside, 2, text, sizeof text, &length));
    CHECK(length == 99 && strcmp(text, "untouched") == 0);

    EXPECT_ERROR(RG_ERROR_BUFFER, "larger", rg_detokenize(model, tokens, count, text, 2, &length));
    CHECK(length == 3 && strcmp(text, "untouched") == 0);
    EXPECT(RG_OK, rg_detokenize(model, tokens, count, text, 3, &length));
    CHECK(length == 3 && memcmp(text, "\xE2\x82\xAC" "ouched", 9) == 0);
    if (count > 1) {
        /* Half a character is no UTF-8. */
        EXPECT(RG_OK, rg_detokenize(model, tokens, 1, text, sizeof text, &length));
        CHECK(length == 3 && memcmp(text, "\xEF\xBF\xBD", 3) == 0);
    }
    EXPECT(RG_OK, rg_detokenize(model, NULL, 0, NULL, 0, &length));
    CHECK(length == 0);
}

void test_text(void) {
    rg_model *model = open_model();
    test_tokenize(model);
    test_detokenize(model);
    rg_model_close(model);
}
