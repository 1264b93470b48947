/* rg_session_cancel: from another thread, from a signal handler, with nothing under way, and just when a call begins or ends. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "tests.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

enum { many_count = 20000 };
static uint32_t many[many_count];

/* Tokens; few under tools, which take long for each. */
static size_t more_than_a_pass(void) { return is_bare ? 300 : 8; }

/* Stops whatever goes on with a session until it is told to end. */
typedef struct Stopper {
    rg_session *session;
    volatile int is_done;
    int pause;
} Stopper;

static void *stop(void *argument) {
    Stopper *stopper = (Stopper *)argument;
    while (!__atomic_load_n(&stopper->is_done, __ATOMIC_RELAXED)) {
        rg_session_cancel(stopper->session);
        for (int index = 0; index <= stopper->pause; index++) sched_yield();
    }
    return NULL;
}

static void test_nothing_under_way(rg_model *model) {
    Twins twins = make_twins(model, true);
    rg_session_cancel(NULL);
    rg_session_cancel(twins.subject);
    CHECK_ALIKE(twins);
    /* It is for no later call. */
    EXPECT(RG_OK, rg_session_feed(twins.subject, many, more_than_a_pass()));
    EXPECT(RG_OK, rg_session_feed(twins.twin, many, more_than_a_pass()));
    CHECK_ALIKE(twins);
    Collected collected;
    collected.stop_after = 0;
    collected.pieces = 0;
    collected.length = 0;
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 4;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    rg_session_cancel(twins.subject);
    EXPECT(RG_OK, rg_session_generate(twins.subject, "And", 3, &options, collect, &collected, &result));
    CHECK(result.finish == RG_FINISH_LENGTH && result.generated_tokens == 4);
    destroy_twins(twins);
}

/* A long feed that another thread stops: the session is as it was. */
static void test_feed(rg_model *model, bool are_fed) {
    Twins twins = make_twins(model, are_fed);
    Stopper stopper = {twins.subject, 0, 1};
    pthread_t thread;
    pthread_create(&thread, NULL, stop, &stopper);
    EXPECT_ERROR(RG_ERROR_CANCELLED, "none of the 20000 tokens were fed", rg_session_feed(twins.subject, many, many_count));
    __atomic_store_n(&stopper.is_done, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    CHECK_ALIKE(twins);
    destroy_twins(twins);
}

static rg_session *volatile interrupted;

static void interrupt(int number) {
    (void)number;
    rg_session_cancel(interrupted);
}

static bool count_text(void *user, const char *text, size_t length) {
    (void)text;
    (void)length;
    ++*(int *)user;
    return true;
}

/* An answer without an end that a signal ends. */
static void test_signal(rg_model *model) {
    rg_session *session = fed_session(model);
    interrupted = session;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    sigaction(SIGALRM, &action, NULL);
    /* Again and again, as the first may come before the call. */
    const struct itimerval time = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &time, NULL);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 0;
    rg_generate_result result = RG_GENERATE_RESULT_INIT;
    /* A model that ends its text by itself is asked once more. */
    for (int index = 0; index < 100 && result.finish != RG_FINISH_CANCELLED; index++) {
        int parts = 0;
        EXPECT(RG_OK, rg_session_generate(session, "And", 3, &options, count_text, &parts, &result));
    }
    setitimer(ITIMER_REAL, &none, NULL);
    /* One that is on its way must not end the program. */
    signal(SIGALRM, SIG_IGN);
    CHECK(result.finish == RG_FINISH_CANCELLED);
    rg_session_destroy(session);
}

/* Calls and stops in any order: each call is whole or leaves the session as it was. */
static void test_races(rg_model *model) {
    const int rounds = is_bare ? 400 : 10;
    Twins twins = make_twins(model, false);
    for (int pause = 0; pause < 3; pause++) {
        Stopper stopper = {twins.subject, 0, pause * pause};
        pthread_t thread;
        pthread_create(&thread, NULL, stop, &stopper);
        for (int round = 0; round < rounds; round++) {
            const size_t count = round % 7 == 6 ? more_than_a_pass() : (size_t)(1 + round % 5);
            const rg_status status = rg_session_feed(twins.subject, many + round, count);
            if (status == RG_OK) {
                REQUIRE(rg_session_feed(twins.twin, many + round, count));
            } else {
                CHECK(status == RG_ERROR_CANCELLED);
            }
            CHECK(rg_session_position(twins.subject) == rg_session_position(twins.twin));
        }
        __atomic_store_n(&stopper.is_done, 1, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        CHECK_ALIKE(twins);
    }
    destroy_twins(twins);
}

void test_stopping(void) {
    for (uint32_t index = 0; index < many_count; index++) many[index] = 10 + index * 37 % 300;
    rg_model *model = open_model();
    test_nothing_under_way(model);
    if (is_bare) test_feed(model, false);
    test_feed(model, true);
    /* Tools are late with signals. */
    if (is_bare) test_signal(model);
    test_races(model);
    rg_model_close(model);
}
