/* A model file that is cut while it is mapped: an error, if rg_model_options asks for that, and otherwise nobody's handler is
 * touched. Each try is in a process of its own. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "tests.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A copy of the model, to be cut. */
static char copy_path[4096];

static rg_model *open_copy(bool catch_sigbus) {
    size_t size = 0;
    unsigned char *bytes = read_file(model_path, &size);
    write_file(copy_path, bytes, size);
    free(bytes);
    rg_model *model = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 2;
    options.catch_sigbus = catch_sigbus;
    REQUIRE(rg_model_open(copy_path, &options, &model));
    return model;
}

/* The host's own handler. */
static void host_handler(int number) {
    (void)number;
    _exit(42);
}

static void install_host_handler(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = host_handler;
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
}

/* Reads a mapping of the host's that has no file behind it. */
static void read_foreign_mapping(void) {
    const char *path = in_folder("foreign");
    write_file(path, "foreign", 8);
    const int descriptor = open(path, O_RDWR);
    volatile char *bytes = (volatile char *)mmap(NULL, 4096, PROT_READ, MAP_SHARED, descriptor, 0);
    CHECK(bytes != (volatile char *)MAP_FAILED && ftruncate(descriptor, 0) == 0);
    (void)bytes[0];
}

/* Runs a test in a child; returns its status as waitpid(2) does. */
static int status_of(void (*run)(void)) {
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0) {
        alarm(60);
        failures = 0;
        run();
        _exit(failures > 0);
    }
    int status = -1;
    CHECK(waitpid(process, &status, 0) == process);
    return status;
}

static bool exits(void (*run)(void), int code) {
    const int status = status_of(run);
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static bool is_killed(void (*run)(void), int number) {
    const int status = status_of(run);
    return WIFSIGNALED(status) && WTERMSIG(status) == number;
}

static void leaves_the_handler_alone(void) {
    install_host_handler();
    rg_model *model = open_copy(false);
    rg_session_destroy(fed_session(model));
    struct sigaction now;
    CHECK(sigaction(SIGBUS, NULL, &now) == 0 && now.sa_handler == host_handler && !(now.sa_flags & SA_SIGINFO));
    CHECK(truncate(copy_path, 0) == 0);
    /* The host's, on whatever thread. */
    fed_session(model);
    fail(__FILE__, __LINE__, "the host's handler was not called");
}

static void dies_without_a_handler(void) {
    signal(SIGBUS, SIG_DFL);
    rg_model *model = open_copy(false);
    CHECK(truncate(copy_path, 0) == 0);
    fed_session(model);
}

static void passes_foreign_addresses_on(void) {
    install_host_handler();
    rg_session_destroy(fed_session(open_copy(true)));
    read_foreign_mapping();
}

static void passes_signals_on(void) {
    install_host_handler();
    open_copy(true);
    raise(SIGBUS);
}

static void dies_of_foreign_addresses(void) {
    signal(SIGBUS, SIG_DFL);
    open_copy(true);
    read_foreign_mapping();
}

static void dies_of_sent_signals(void) {
    signal(SIGBUS, SIG_DFL);
    open_copy(true);
    kill(getpid(), SIGBUS);
}

static void ignores_sent_signals(void) {
    signal(SIGBUS, SIG_IGN);
    open_copy(true);
    raise(SIGBUS);
}

/* Cuts the file at the third piece of text. */
static bool cut(void *user, const char *text, size_t length) {
    Collected *collected = (Collected *)user;
    if (!collect(user, text, length)) return false;
    if (collected->pieces == 3) CHECK(truncate(copy_path, 0) == 0);
    return true;
}

static void refuses_what_needs_weights(rg_model *model, rg_session *session) {
    const uint32_t token = 5;
    const uint64_t position = rg_session_position(session);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    Collected collected;
    memset(&collected, 0, sizeof collected);
    EXPECT_ERROR(RG_ERROR_IO, copy_path, rg_session_feed(session, &token, 1));
    EXPECT_ERROR(RG_ERROR_IO, copy_path, rg_session_generate(session, "a", 1, &options, collect, &collected, NULL));
    CHECK(collected.pieces == 0 && rg_session_position(session) == position);
    rg_session *created = new_session(model);
    EXPECT_ERROR(RG_ERROR_IO, copy_path, rg_session_feed(created, &token, 1));
    CHECK(rg_session_position(created) == 0);
    rg_session_destroy(created);
}

static void ends_generate_with_an_error(void) {
    rg_model *model = open_copy(true), *intact = open_model();
    rg_session *session = fed_session(model), *twin = fed_session(intact), *kept = NULL, *fork = NULL;
    const uint64_t position = rg_session_position(session);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 0;
    Collected collected;
    memset(&collected, 0, sizeof collected);
    EXPECT_ERROR(RG_ERROR_IO, "became shorter", rg_session_generate(session, "And", 3, &options, cut, &collected, NULL));
    CHECK(collected.pieces >= 3 && strstr(rg_last_error(), "(errno 5)") != NULL);
    /* As before the call: it can be saved, and goes on elsewhere. */
    CHECK(rg_session_position(session) == position && same_logits(session, twin));
    refuses_what_needs_weights(model, session);
    CHECK(same_logits(session, twin));
    EXPECT(RG_OK, rg_session_fork(session, &fork));
    EXPECT(RG_OK, rg_session_save(fork, in_folder("kept.rgs")));
    REQUIRE(rg_session_load(intact, in_folder("kept.rgs"), &kept));
    const Twins twins = {kept, twin};
    CHECK_ALIKE(twins);
    rg_session_destroy(fork);
    rg_session_destroy(kept);
    rg_session_destroy(twin);
    rg_session_destroy(session);
    rg_model_close(model);
    rg_model_close(intact);
}

static void keeps_a_session_that_is_fed(void) {
    rg_model *model = open_copy(true);
    rg_session *session = fed_session(model), *other = fed_session(model), *fork = NULL;
    uint32_t tokens[600];
    const float *logits = NULL;
    uint32_t sampled = 0;
    size_t count = 0;
    rg_sampling sampling = RG_SAMPLING_INIT;
    for (size_t index = 0; index < 600; index++) tokens[index] = 5;
    const uint64_t position = rg_session_position(session);
    CHECK(truncate(copy_path, 0) == 0);
    /* One chunk, and several. */
    EXPECT_ERROR(RG_ERROR_IO, copy_path, rg_session_feed(session, tokens, 1));
    EXPECT_ERROR(RG_ERROR_IO, copy_path, rg_session_feed(session, tokens, 600));
    CHECK(rg_session_position(session) == position && same_logits(session, other));
    EXPECT(RG_OK, rg_session_sample(session, &sampling, &sampled));
    EXPECT(RG_OK, rg_session_fork(session, &fork));
    EXPECT(RG_OK, rg_session_save(fork, in_folder("kept.rgs")));
    rg_session_destroy(fork);
    EXPECT(RG_OK, rg_session_reset(session));
    CHECK(rg_session_position(session) == 0);
    refuses_what_needs_weights(model, session);
    refuses_what_needs_weights(model, other);
    EXPECT(RG_OK, rg_session_logits(other, &logits, &count));
    EXPECT(RG_OK, rg_session_sample(other, &sampling, &sampled));
    rg_session_destroy(session);
    rg_session_destroy(other);
    rg_model_close(model);
    /* The next model has a guard of its own. */
    model = open_copy(true);
    rg_session_destroy(fed_session(model));
    rg_model_close(model);
}

void test_lost_file(void) {
    snprintf(copy_path, sizeof copy_path, "%s", in_folder("cut.rgq"));
    CHECK(exits(leaves_the_handler_alone, 42));
    CHECK(is_killed(dies_without_a_handler, SIGBUS));
    CHECK(exits(passes_foreign_addresses_on, 42));
    CHECK(exits(passes_signals_on, 42));
    CHECK(is_killed(dies_of_foreign_addresses, SIGBUS));
    CHECK(is_killed(dies_of_sent_signals, SIGBUS));
    CHECK(exits(ignores_sent_signals, 0));
    CHECK(exits(ends_generate_with_an_error, 0));
    CHECK(exits(keeps_a_session_that_is_fed, 0));
}
