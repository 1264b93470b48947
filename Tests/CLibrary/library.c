/* The library itself: versions, and the last error. */
#include "tests.h"

#include <pthread.h>

/* A model that is opened by a constructor, as that of a static object in C++ is one: by the first that a program may have. */
static rg_status early_status = RG_ERROR_ARGUMENT;

__attribute__((constructor(101))) static void open_early(int argc, char **argv) {
    if (argc < 2) return;
    rg_model *model = NULL;
    early_status = rg_model_open(argv[1], NULL, &model);
    rg_model_close(model);
}

static void *another_thread(void *said) {
    strcpy((char *)said, rg_last_error());
    return NULL;
}

void test_library(void) {
    CHECK(early_status == RG_OK);
    CHECK(rg_abi_version() == RG_ABI_VERSION);
    CHECK(strlen(rg_version()) > 0 && strlen(rg_cpu_kernels()) > 0);
    CHECK(strlen(rg_last_error()) > 0);

    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_reset(NULL));
    /* A call that succeeds may leave it. Other threads have one of their own. */
    char said[256] = "";
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, another_thread, said) == 0);
    pthread_join(thread, NULL);
    CHECK(strcmp(said, "no call has failed on this thread") == 0);
    CHECK(strstr(rg_last_error(), "session is NULL") != NULL);

    /* A sentence is kept whole. */
    static char path[12000], endless[1 << 20];
    for (size_t index = 0; index + 2 < sizeof path; index += 2) memcpy(path + index, "\xC3\xA4", 2);
    path[sizeof path - 2] = 0;
    rg_model *model = NULL;
    EXPECT_ERROR(RG_ERROR_IO, "\xC3\xA4", rg_model_open(path, NULL, &model));
    CHECK(strstr(rg_last_error(), path) != NULL);
    memset(endless, 'a', sizeof endless - 1);
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "path has over", rg_model_open(endless, NULL, &model));

    /* It is one sentence, whatever a path holds. */
    EXPECT_ERROR(RG_ERROR_IO, "no\\u{1B}[2J\\nsuch\\u{009B}\\u{202E}: no such file",
        rg_model_open("no\x1B[2J\nsuch\xC2\x9B\xE2\x80\xAE", NULL, &model));
    for (const char *sign = rg_last_error(); *sign; sign++) CHECK((unsigned char)*sign >= 0x20);

    /* Destroying nothing does nothing. */
    rg_model_close(NULL);
    rg_session_destroy(NULL);
}
