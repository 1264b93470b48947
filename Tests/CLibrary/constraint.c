/* Constraints: what answers look like, what is refused, and that memory which isn't there is an error. */
#include "tests.h"

#include <ctype.h>

static const char schema[] =
    "{\"type\": \"object\", \"required\": [\"name\", \"age\"], \"additionalProperties\": false, \"properties\": {"
    "\"name\": {\"type\": \"string\", \"maxLength\": 12}, \"age\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 99}}}";

static char answer[4096];
static size_t answer_length;

static bool keep(void *user, const char *text, size_t length) {
    (void)user;
    if (answer_length + length >= sizeof answer) return false;
    memcpy(answer + answer_length, text, length);
    answer_length += length;
    answer[answer_length] = 0;
    return true;
}

static rg_constraint *constraint(rg_model *model, rg_constraint_form form, const char *text) {
    rg_constraint *made = NULL;
    REQUIRE(rg_constraint_create(model, form, text, strlen(text), &made));
    return made;
}

/* An answer to "Once", of a new session if none is given. */
static rg_generate_result generate(rg_session *session, const char *prompt, const rg_constraint *constraint, uint32_t max_tokens) {
    rg_sampling sampling = RG_SAMPLING_INIT;
    sampling.temperature = 1.2f;
    sampling.seed = 5;
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.sampling_at = &sampling;
    options.max_tokens = max_tokens;
    options.constraint = constraint;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    answer_length = 0;
    answer[0] = 0;
    EXPECT(RG_OK, rg_session_generate(session, prompt, strlen(prompt), &options, keep, NULL, &result));
    return result;
}

static void test_forms(rg_model *model) {
    rg_constraint *object = constraint(model, RG_CONSTRAINT_JSON_SCHEMA, schema);
    rg_session *session = new_session(model);
    rg_generate_result result = generate(session, "Once", object, 300);
    CHECK(result.finish == RG_FINISH_END && result.forced_tokens > 0);
    CHECK(strncmp(answer, "{\"name\": \"", 10) == 0 && answer[answer_length - 1] == '}');
    rg_constraint_destroy(object);

    rg_constraint *number = constraint(model, RG_CONSTRAINT_REGEX, "[0-9]{3}");
    result = generate(session, " is", number, 0);
    CHECK(result.finish == RG_FINISH_END && answer_length == 3 && isdigit(answer[0]) && isdigit(answer[2]));
    rg_constraint_destroy(number);

    rg_constraint *grammar = constraint(model, RG_CONSTRAINT_GBNF, "root ::= \"a\" | \"bc\"");
    generate(session, " is", grammar, 0);
    CHECK(strcmp(answer, "a") == 0 || strcmp(answer, "bc") == 0);
    rg_constraint_destroy(grammar);

    const char *const texts[] = {"yes", "no"};
    rg_constraint *choices = NULL;
    REQUIRE(rg_constraint_create_choices(model, texts, 2, &choices));
    generate(session, " is", choices, 0);
    CHECK(strcmp(answer, "yes") == 0 || strcmp(answer, "no") == 0);
    rg_constraint_destroy(choices);

    rg_constraint *json = NULL;
    REQUIRE(rg_constraint_create(model, RG_CONSTRAINT_JSON, NULL, 0, &json));
    CHECK(generate(session, " is", json, 40).finish != RG_FINISH_CANCELLED);
    rg_constraint_destroy(json);
    rg_session_destroy(session);
}

/* An answer that is cut short goes on, in the session and in one that was saved, after its constraint was destroyed. */
static void test_going_on(rg_model *model) {
    rg_constraint *object = constraint(model, RG_CONSTRAINT_JSON_SCHEMA, schema);
    rg_session *session = new_session(model);
    char whole[sizeof answer], start[sizeof answer];
    generate(session, "Once", object, 300);
    strcpy(whole, answer);
    EXPECT(RG_OK, rg_session_reset(session));
    CHECK(generate(session, "Once", object, 9).finish == RG_FINISH_LENGTH);
    strcpy(start, answer);
    size_t size = 0;
    EXPECT_ERROR(RG_ERROR_BUFFER, "room for 0", rg_session_serialize(session, NULL, 0, &size));
    void *bytes = malloc(size);
    REQUIRE(rg_session_serialize(session, bytes, size, &size));
    rg_constraint_destroy(object);

    object = constraint(model, RG_CONSTRAINT_JSON_SCHEMA, schema);
    rg_session *saved = NULL;
    REQUIRE(rg_session_deserialize(model, bytes, size, &saved));
    free(bytes);
    rg_session *both[2] = {session, saved};
    for (int index = 0; index < 2; index++) {
        CHECK(generate(both[index], "", object, 300).finish == RG_FINISH_END);
        CHECK(strncmp(whole, start, strlen(start)) == 0 && strcmp(whole + strlen(start), answer) == 0);
        rg_session_destroy(both[index]);
    }
    rg_constraint_destroy(object);
}

static void test_by_hand(rg_model *model) {
    rg_session *session = fed_session(model);
    rg_constraint *digits = constraint(model, RG_CONSTRAINT_REGEX, "[0-9]{2,4}");
    EXPECT(RG_OK, rg_session_constrain(session, digits));
    rg_constraint_destroy(digits);
    uint32_t word[8], token = 0;
    size_t count = 0, length = 0;
    REQUIRE(rg_tokenize(model, "word", 4, false, false, word, 8, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "may not come", rg_session_feed(session, word, count));
    rg_sampling sampling = RG_SAMPLING_INIT;
    char text[64];
    for (int index = 0; index < 2; index++) {
        REQUIRE(rg_session_sample(session, &sampling, &token));
        REQUIRE(rg_detokenize(model, &token, 1, text, sizeof text, &length));
        CHECK(length > 0 && isdigit(text[0]));
        REQUIRE(rg_session_feed(session, &token, 1));
    }
    EXPECT(RG_OK, rg_session_constrain(session, NULL));
    EXPECT(RG_OK, rg_session_feed(session, word, count));
    rg_session_destroy(session);
}

static void test_refusals(rg_model *model) {
    rg_constraint *made = NULL;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "#/type", rg_constraint_create(model, RG_CONSTRAINT_JSON_SCHEMA, "{\"type\": 3}", 11, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "grammar", rg_constraint_create(model, RG_CONSTRAINT_GBNF, "", 0, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "expression", rg_constraint_create(model, RG_CONSTRAINT_REGEX, "(", 1, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "RG_CONSTRAINT", rg_constraint_create(model, (rg_constraint_form)4, "", 0, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_constraint_create(NULL, RG_CONSTRAINT_JSON, "", 0, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "text is NULL", rg_constraint_create(model, RG_CONSTRAINT_GBNF, NULL, 1, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "constraint is NULL", rg_constraint_create(model, RG_CONSTRAINT_JSON, "", 0, NULL));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "choices", rg_constraint_create_choices(model, NULL, 0, &made));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "choices is NULL", rg_constraint_create_choices(model, NULL, 1, &made));
    const char *const none[] = {NULL};
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "a choice is NULL", rg_constraint_create_choices(model, none, 1, &made));
    EXPECT_ERROR(RG_ERROR_MEMORY, "constraint", rg_constraint_create(model, RG_CONSTRAINT_GBNF, "x", SIZE_MAX / 2, &made));
    CHECK(made == NULL);
    rg_constraint_destroy(NULL);

    rg_model *other = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &other));
    rg_constraint *foreign = constraint(other, RG_CONSTRAINT_JSON, "");
    rg_model_close(other);
    Twins twins = make_twins(model, true);
    EXPECT_ERROR(RG_ERROR_MISMATCH, "another model", rg_session_constrain(twins.subject, foreign));
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.constraint = foreign;
    EXPECT_ERROR(RG_ERROR_MISMATCH, "another model", rg_session_generate(twins.subject, "x", 1, &options, keep, NULL, NULL));
    CHECK_ALIKE(twins);
    destroy_twins(twins);
    rg_constraint_destroy(foreign);
}

void test_constraint(void) {
    rg_model *model = open_model();
    test_forms(model);
    test_going_on(model);
    test_by_hand(model);
    test_refusals(model);
    rg_model_close(model);
}
