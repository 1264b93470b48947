/* Sessions: feeding, logits, copies, choosing a token. */
#include "tests.h"

#include <math.h>
#include <time.h>

static rg_session *const untouched = (rg_session *)&failures;

static void test_create(void) {
    rg_model *model = open_model();
    rg_session *session = untouched;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_session_create(NULL, &session));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_create(model, NULL));
    CHECK(session == untouched);
    /* A session keeps its model. */
    session = fed_session(model);
    rg_session *reference = fed_session(model);
    rg_model_close(model);
    CHECK(same_logits(session, reference));
    rg_session_destroy(reference);
    rg_session_destroy(session);
}

static void test_feed(rg_model *model) {
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    Twins twins = make_twins(model, true);
    uint32_t tokens[3] = {5, info.vocabulary_size, 6};
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_feed(NULL, tokens, 1));
    REFUSES(twins, RG_ERROR_ARGUMENT, "(number 2) is outside", rg_session_feed(twins.subject, tokens, 3));
    tokens[1] = UINT32_MAX;
    REFUSES(twins, RG_ERROR_ARGUMENT, "outside the vocabulary", rg_session_feed(twins.subject, tokens, 3));
    REFUSES(twins, RG_ERROR_ARGUMENT, "tokens is NULL", rg_session_feed(twins.subject, NULL, 1));
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit", rg_session_feed(twins.subject, tokens, SIZE_MAX));
    REFUSES(twins, RG_ERROR_ARGUMENT, "fit", rg_session_feed(twins.subject, tokens, SIZE_MAX / 2));
    EXPECT(RG_OK, rg_session_feed(twins.subject, NULL, 0));
    CHECK_ALIKE(twins);

    /* In one go or one by one: the same. More than a window, and than a chunk. */
    uint32_t many[600];
    for (uint32_t index = 0; index < 600; index++) many[index] = 10 + index * 37 % 300;
    const size_t count = is_bare ? 600 : 300;
    EXPECT(RG_OK, rg_session_feed(twins.subject, many, count));
    for (size_t index = 0; index < count; index++) REQUIRE(rg_session_feed(twins.twin, &many[index], 1));
    CHECK_ALIKE(twins);
    destroy_twins(twins);

    CHECK(rg_session_position(NULL) == 0);
}

static void test_logits(rg_model *model) {
    rg_session *session = new_session(model);
    const float *logits = (const float *)&failures;
    size_t count = 99;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "before the first token", rg_session_logits(session, &logits, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_logits(NULL, &logits, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "logits is NULL", rg_session_logits(session, NULL, &count));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "count is NULL", rg_session_logits(session, &logits, NULL));
    CHECK(logits == (const float *)&failures && count == 99);
    rg_session_destroy(session);

    session = fed_session(model);
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(model, &info));
    EXPECT(RG_OK, rg_session_logits(session, &logits, &count));
    CHECK(count == info.vocabulary_size);
    /* Soft-capped at 30. */
    for (size_t index = 0; index < count; index++) CHECK(fabsf(logits[index]) <= 30);
    rg_session_destroy(session);
}

static void test_copies(rg_model *model) {
    Twins twins = make_twins(model, true);
    rg_session *copy = untouched;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_fork(NULL, &copy));
    REFUSES(twins, RG_ERROR_ARGUMENT, "copy is NULL", rg_session_fork(twins.subject, NULL));
    CHECK(copy == untouched);

    EXPECT(RG_OK, rg_session_fork(twins.subject, &copy));
    CHECK(same_logits(copy, twins.subject));
    /* Each goes its own way. */
    uint32_t token = 20;
    REQUIRE(rg_session_feed(copy, &token, 1));
    CHECK(rg_session_position(copy) == rg_session_position(twins.subject) + 1 && !same_logits(copy, twins.subject));
    CHECK_ALIKE(twins);

    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_reset(NULL));
    EXPECT(RG_OK, rg_session_reset(copy));
    CHECK(rg_session_position(copy) == 0);
    const float *logits = NULL;
    size_t count = 0;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "first token", rg_session_logits(copy, &logits, &count));
    rg_session *fresh = new_session(model);
    REQUIRE(rg_session_feed(copy, &token, 1));
    REQUIRE(rg_session_feed(fresh, &token, 1));
    CHECK(same_logits(copy, fresh));
    rg_session_destroy(fresh);
    rg_session_destroy(copy);
    destroy_twins(twins);
}

static void test_sample(rg_model *model) {
    rg_sampling greedy = RG_SAMPLING_INIT;
    uint32_t token = 99;
    rg_session *empty = new_session(model);
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "before the first token", rg_session_sample(empty, &greedy, &token));
    rg_session_destroy(empty);

    Twins twins = make_twins(model, true);
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_sample(NULL, &greedy, &token));
    REFUSES(twins, RG_ERROR_ARGUMENT, "sampling is NULL", rg_session_sample(twins.subject, NULL, &token));
    REFUSES(twins, RG_ERROR_ARGUMENT, "token is NULL", rg_session_sample(twins.subject, &greedy, NULL));
    rg_sampling bad[8];
    for (size_t index = 0; index < 8; index++) bad[index] = greedy;
    bad[0].temperature = -1;
    bad[1].temperature = NAN;
    bad[2].top_p = 0;
    bad[3].top_p = 1.5f;
    bad[4].min_p = -0.1f;
    bad[5].repetition_penalty = 0;
    bad[6].repetition_window = UINT32_MAX;
    bad[7].repetition_penalty = INFINITY;
    for (size_t index = 0; index < 8; index++) {
        REFUSES(twins, RG_ERROR_ARGUMENT, " is ", rg_session_sample(twins.subject, &bad[index], &token));
    }
    bad[0] = greedy;
    bad[0].struct_size = 4;
    REFUSES(twins, RG_ERROR_VERSION, "struct_size of sampling", rg_session_sample(twins.subject, &bad[0], &token));
    CHECK(token == 99);

    const float *logits = NULL;
    size_t count = 0;
    REQUIRE(rg_session_logits(twins.subject, &logits, &count));
    size_t best = 0;
    for (size_t index = 1; index < count; index++) best = logits[index] > logits[best] ? index : best;
    EXPECT(RG_OK, rg_session_sample(twins.subject, &greedy, &token));
    CHECK(token == best);
    CHECK_ALIKE(twins);

    rg_sampling hot = RG_SAMPLING_INIT;
    hot.temperature = 1.5f;
    hot.top_k = UINT32_MAX;
    hot.top_p = 0.99f;
    hot.min_p = 0.001f;
    hot.repetition_penalty = 1.1f;
    bool differs = false;
    for (hot.seed = 0; hot.seed < 8; hot.seed++) {
        uint32_t first = 0, second = 1;
        EXPECT(RG_OK, rg_session_sample(twins.subject, &hot, &first));
        EXPECT(RG_OK, rg_session_sample(twins.twin, &hot, &second));
        CHECK(first == second && first < count);
        differs = differs || first != token;
    }
    CHECK(differs);
    destroy_twins(twins);
}

static double seconds(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double shorter(double left, double right) { return left < right ? left : right; }

/* What a call costs besides what it does: less than a hundredth of a token, even of this small model. */
static void test_overhead(rg_model *model) {
    rg_session *session = fed_session(model);
    double call = 1, token = 1;
    for (int try_number = 0; try_number < 50; try_number++) {
        const uint32_t fed = 5;
        double start = seconds();
        for (int index = 0; index < 1000; index++) rg_session_feed(session, NULL, 0);
        call = shorter(call, (seconds() - start) / 1000);
        start = seconds();
        REQUIRE(rg_session_feed(session, &fed, 1));
        token = shorter(token, seconds() - start);
    }
    printf("A call takes %.0f ns, a token %.1f us\n", call * 1e9, token * 1e6);
    CHECK(call < token / 100);
    rg_session_destroy(session);
}

void test_session(void) {
    test_create();
    rg_model *model = open_model();
    test_feed(model);
    test_logits(model);
    test_copies(model);
    test_sample(model);
    if (is_bare) test_overhead(model);
    rg_model_close(model);
}
