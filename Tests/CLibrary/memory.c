/* Too little memory: a status, never the end of the process. Each try is in a process of its own, with a limit on its address space. */
#include "tests.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes of address space that this process has. */
static size_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu", &pages) != 1) exit(1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

typedef rg_status (*Attempt)(rg_model *model, rg_session *session);

static rg_status open_another(rg_model *model, rg_session *session) {
    (void)model;
    (void)session;
    rg_model *opened = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 2;
    const rg_status status = rg_model_open(model_path, &options, &opened);
    rg_model_close(opened);
    return status;
}

static rg_status create(rg_model *model, rg_session *session) {
    (void)session;
    rg_session *created = NULL;
    const rg_status status = rg_session_create(model, &created);
    rg_session_destroy(created);
    return status;
}

static rg_status fork_session(rg_model *model, rg_session *session) {
    (void)model;
    rg_session *copy = NULL;
    const rg_status status = rg_session_fork(session, &copy);
    rg_session_destroy(copy);
    return status;
}

static rg_status save_and_load(rg_model *model, rg_session *session) {
    const char *path = in_folder("tight.rgs");
    rg_status status = rg_session_save(session, path);
    if (status != RG_OK) return status;
    rg_session *loaded = NULL;
    status = rg_session_load(model, path, &loaded);
    rg_session_destroy(loaded);
    return status;
}

static rg_status generate(rg_model *model, rg_session *session) {
    (void)model;
    const char *stop[] = {"zzz"};
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 8;
    options.stop = stop;
    options.stop_count = 1;
    return rg_session_generate(session, "And", 3, &options, collect, &collected, NULL);
}

/* Texts long enough for what they take to matter: a line of half a megabyte, which is encoded at once, and as many tokens. */
enum { long_count = 500000 };

static rg_status tokenize_long(rg_model *model, rg_session *session) {
    (void)session;
    static char text[long_count];
    static uint32_t tokens[long_count];
    memset(text, 'a', sizeof text);
    size_t count = 0;
    return rg_tokenize(model, text, sizeof text, false, false, tokens, long_count, &count);
}

static rg_status detokenize_long(rg_model *model, rg_session *session) {
    (void)session;
    static char text[16 * long_count];
    static uint32_t tokens[long_count];
    for (size_t index = 0; index < long_count; index++) tokens[index] = 1000;
    size_t length = 0;
    return rg_detokenize(model, tokens, long_count, text, sizeof text, &length);
}

/* With 0 to 256 MB to spare the attempt is refused or succeeds, and does both at some size. */
static void test_attempt(const char *name, Attempt attempt, rg_model *model, rg_session *session) {
    bool was_refused = false, has_succeeded = false;
    for (size_t spare = 0; spare < (size_t)256 << 20; spare = spare * 5 / 4 + (16 << 10)) {
        fflush(NULL);
        const pid_t process = fork();
        if (process == 0) {
            alarm(60);
            struct rlimit limit;
            limit.rlim_cur = limit.rlim_max = address_space() + spare;
            setrlimit(RLIMIT_AS, &limit);
            const rg_status status = attempt(model, session);
            if (status == RG_ERROR_MEMORY && !strstr(rg_last_error(), "memory")) _exit(99);
            _exit((int)status);
        }
        int status = -1;
        waitpid(process, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == RG_OK) {
            has_succeeded = true;
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == RG_ERROR_MEMORY) {
            was_refused = true;
        } else {
            fail(__FILE__, __LINE__, "%s with %zu bytes to spare: wait status %d", name, spare, status);
        }
    }
    if (!was_refused || !has_succeeded) fail(__FILE__, __LINE__, "%s: refused %d, succeeded %d", name, was_refused, has_succeeded);
}

/* Locking needs permission, or a limit that is high enough. */
static void test_locking(void) {
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0) {
        failures = 0;
        rg_model_options options = RG_MODEL_OPTIONS_INIT;
        options.lock_memory = true;
        rg_model *model = NULL;
        /* Root may lock whatever the limit. */
        struct rlimit limit = {0, 0};
        const bool may_lock = geteuid() == 0 && rg_model_open(model_path, &options, &model) == RG_OK;
        if (may_lock) rg_model_close(model);
        model = NULL;
        setrlimit(RLIMIT_MEMLOCK, &limit);
        if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
        EXPECT_ERROR(RG_ERROR_MEMORY, "locking its", rg_model_open(model_path, &options, &model));
        CHECK(model == NULL);
        _exit(failures > 0);
    }
    int status = -1;
    waitpid(process, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void test_memory(void) {
    rg_model *model = open_model();
    rg_session *session = fed_session(model);
    test_attempt("rg_model_open", open_another, model, session);
    test_attempt("rg_session_create", create, model, session);
    test_attempt("rg_session_fork", fork_session, model, session);
    test_attempt("rg_session_save, rg_session_load", save_and_load, model, session);
    test_attempt("rg_session_generate", generate, model, session);
    test_attempt("rg_tokenize", tokenize_long, model, session);
    test_attempt("rg_detokenize", detokenize_long, model, session);
    test_locking();
    rg_session_destroy(session);
    rg_model_close(model);
}
