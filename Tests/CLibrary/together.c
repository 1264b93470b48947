/* rg_sessions_feed: many sessions in common passes, each as if alone. */
#include "tests.h"

#include <pthread.h>

/* More than a pass takes. */
enum { together_count = 40, longest = 70 };

static rg_session *sessions[together_count];
static const uint32_t *starts[together_count];
static size_t counts[together_count];
static rg_status statuses[together_count];
static uint32_t tokens[together_count][longest];

/* Tokens for each session: for some none, for most one, for some a prompt. */
static void choose_tokens(uint32_t step) {
    for (uint32_t index = 0; index < together_count; index++) {
        counts[index] = index % 7 == 6 ? longest - index : index % 5 == 4 ? 0 : 1;
        starts[index] = counts[index] ? tokens[index] : NULL;
        for (uint32_t token = 0; token < longest; token++) tokens[index][token] = 10 + (step * 31 + index * 7 + token * 37) % 300;
    }
}

static void test_alike(rg_model *model) {
    Twins twins[together_count];
    for (uint32_t index = 0; index < together_count; index++) {
        twins[index] = make_twins(model, index % 2 == 0);
        sessions[index] = twins[index].subject;
    }
    /* Tools take a hundred times as long. */
    for (uint32_t step = 0; step < (is_bare ? 3u : 1u); step++) {
        choose_tokens(step);
        memset(statuses, 99, sizeof statuses);
        const bool wants_statuses = step > 0 || !is_bare;
        EXPECT(RG_OK, rg_sessions_feed(sessions, together_count, starts, counts, wants_statuses ? statuses : NULL));
        for (uint32_t index = 0; index < together_count; index++) {
            CHECK(!wants_statuses || statuses[index] == RG_OK);
            REQUIRE(rg_session_feed(twins[index].twin, starts[index], counts[index]));
        }
    }
    for (uint32_t index = 0; index < together_count; index++) {
        CHECK_ALIKE(twins[index]);
        destroy_twins(twins[index]);
    }
    EXPECT(RG_OK, rg_sessions_feed(NULL, 0, NULL, NULL, NULL));
}

static void test_refusals(rg_model *model) {
    Twins first = make_twins(model, true), second = make_twins(model, false);
    rg_model *other = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &other));
    rg_session *stranger = new_session(other);
    choose_tokens(0);
    counts[0] = counts[1] = 2;
    starts[0] = tokens[0];
    starts[1] = tokens[1];
    statuses[0] = statuses[1] = RG_ERROR_BUFFER;

#define REFUSES_BOTH(status, words) \
    (EXPECT_ERROR(status, words, rg_sessions_feed(sessions, 2, starts, counts, statuses)), CHECK_ALIKE(first), CHECK_ALIKE(second), \
     CHECK(statuses[0] == RG_ERROR_BUFFER && statuses[1] == RG_ERROR_BUFFER))
    sessions[0] = first.subject;
    sessions[1] = first.subject;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "there twice");
    sessions[1] = NULL;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "session is NULL");
    sessions[1] = stranger;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "of another model");
    sessions[1] = second.subject;
    starts[1] = NULL;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "tokens of a session is NULL");
    starts[1] = tokens[1];
    counts[1] = SIZE_MAX;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "fit");
    counts[1] = 2;
    tokens[1][1] = UINT32_MAX;
    REFUSES_BOTH(RG_ERROR_ARGUMENT, "(number 2) is outside");
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "sessions is NULL", rg_sessions_feed(NULL, 2, starts, counts, statuses));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "tokens is NULL", rg_sessions_feed(sessions, 2, NULL, counts, statuses));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "counts is NULL", rg_sessions_feed(sessions, 2, starts, NULL, statuses));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "fit", rg_sessions_feed(sessions, SIZE_MAX, starts, counts, statuses));
    CHECK_ALIKE(first);
    CHECK_ALIKE(second);

    rg_session_destroy(stranger);
    rg_model_close(other);
    destroy_twins(first);
    destroy_twins(second);
}

/* A token whose weights are no numbers leaves its session as it was, and the others go on. */
static void test_failures(void) {
    rg_model *broken = NULL;
    REQUIRE(rg_model_open(broken_path, NULL, &broken));
    rg_model_info info = RG_MODEL_INFO_INIT;
    REQUIRE(rg_model_get_info(broken, &info));
    choose_tokens(1);
    tokens[1][39] = info.vocabulary_size - 1;
    Twins first = make_twins(broken, true), second = make_twins(broken, true);
    sessions[0] = first.subject;
    sessions[1] = second.subject;
    starts[0] = tokens[0];
    starts[1] = tokens[1];
    counts[0] = counts[1] = 40;
    EXPECT_ERROR(RG_ERROR_FORMAT, "not finite", rg_sessions_feed(sessions, 2, starts, counts, statuses));
    CHECK(statuses[0] == RG_OK && statuses[1] == RG_ERROR_FORMAT);
    REQUIRE(rg_session_feed(first.twin, tokens[0], 40));
    CHECK_ALIKE(first);
    CHECK_ALIKE(second);
    destroy_twins(first);
    destroy_twins(second);
    rg_model_close(broken);
}

static void *cancel_until_done(void *is_done) {
    while (!__atomic_load_n((int *)is_done, __ATOMIC_RELAXED)) rg_session_cancel(sessions[1]);
    return NULL;
}

/* One of two is stopped by another thread; the other one reads on. */
static void test_stopping_one(rg_model *model) {
    Twins first = make_twins(model, true), second = make_twins(model, true);
    static uint32_t many[20000];
    const size_t lengths[2] = {600, 20000};
    const uint32_t *both[2] = {many, many};
    sessions[0] = first.subject;
    sessions[1] = second.subject;
    int is_done = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_until_done, &is_done);
    EXPECT_ERROR(RG_ERROR_CANCELLED, "none of the 20000", rg_sessions_feed(sessions, 2, both, lengths, statuses));
    __atomic_store_n(&is_done, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    CHECK(statuses[0] == RG_OK && statuses[1] == RG_ERROR_CANCELLED);
    REQUIRE(rg_session_feed(first.twin, many, 600));
    CHECK_ALIKE(first);
    CHECK_ALIKE(second);
    destroy_twins(first);
    destroy_twins(second);
}

void test_together(void) {
    rg_model *model = open_model();
    test_alike(model);
    test_refusals(model);
    test_failures();
    /* Tools let the thread that cancels starve the one that computes. */
    if (is_bare) test_stopping_one(model);
    rg_model_close(model);
}
