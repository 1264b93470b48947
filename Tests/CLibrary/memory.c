/* Too little memory: a status, never the end of the process. Each try is in a process of its own, with a limit on its address
 * space. */
#include "attempts.h"
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

/* Leaves malloc(3) nothing that it could give without asking the system. What it gives is never freed. */
static void drain(void) {
    for (size_t size = 1 << 20; size >= 16; size -= size > 1024 ? size / 2 : 16) {
        void *volatile taken;
        do taken = malloc(size);
        while (taken);
    }
}

/* With 0 to 256 MB of address space to spare, and nothing that malloc(3) has left, the call is refused or succeeds; if it allocates
 * much, it does both at some size. */
static void test_attempt(const Attempt *attempt, rg_model *model, Twins twins) {
    bool was_refused = false, has_succeeded = false;
    for (size_t spare = 0; spare < (size_t)256 << 20; spare = spare * 5 / 4 + 4096) {
        fflush(NULL);
        const pid_t process = fork();
        if (process == 0) {
            alarm(60);
            struct rlimit limit;
            getrlimit(RLIMIT_AS, &limit);
            const size_t used = address_space();
            limit.rlim_cur = used;
            setrlimit(RLIMIT_AS, &limit);
            drain();
            limit.rlim_cur = used + spare;
            setrlimit(RLIMIT_AS, &limit);
            const rg_status status = attempt->run(model, twins.subject);
            if (status == RG_ERROR_MEMORY) {
                failures = 0;
                CHECK(strstr(rg_last_error(), "memory") != NULL);
                CHECK_ALIKE(twins);
                if (failures > 0) _exit(99);
            }
            _exit((int)status);
        }
        int status = -1;
        waitpid(process, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == RG_OK) {
            has_succeeded = true;
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == RG_ERROR_MEMORY) {
            was_refused = true;
        } else {
            fail(__FILE__, __LINE__, "%s with %zu bytes to spare: wait status %d", attempt->name, spare, status);
        }
    }
    if (was_refused != attempt->may_be_refused || !has_succeeded) {
        fail(__FILE__, __LINE__, "%s: refused %d, succeeded %d", attempt->name, was_refused, has_succeeded);
    }
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
    const Twins twins = make_twins(model, true);
    for (size_t index = 0; index < attempt_count; index++) test_attempt(&attempts[index], model, twins);
    test_locking();
    destroy_twins(twins);
    rg_model_close(model);
}
