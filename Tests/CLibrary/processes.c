/* fork(2): a child uses what its parent has opened. */
#include "tests.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's part: what is open works, and so does opening and closing. */
static int child(rg_model *model, rg_session *session, const Collected *expected) {
    alarm(60);
    failures = 0;
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 40;
    EXPECT(RG_OK, rg_session_generate(session, "And", 3, &options, collect, &collected, NULL));
    CHECK(collected.length == expected->length && memcmp(collected.text, expected->text, collected.length) == 0);
    rg_session *another = fed_session(model);
    rg_session_destroy(another);
    rg_model *opened = open_model();
    rg_session_destroy(fed_session(opened));
    rg_model_close(opened);
    rg_session_destroy(session);
    rg_model_close(model);
    return failures > 0;
}

void test_processes(void) {
    rg_model *model = open_model();
    rg_session *reference = fed_session(model);
    Collected expected;
    memset(&expected, 0, sizeof expected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 40;
    REQUIRE(rg_session_generate(reference, "And", 3, &options, collect, &expected, NULL));
    rg_session_destroy(reference);

    rg_session *session = fed_session(model);
    for (int index = 0; index < 20; index++) {
        /* At once after a call, when the library's threads have not yet fallen asleep, and later. */
        uint32_t token = 5;
        rg_session *busy = fed_session(model);
        REQUIRE(rg_session_feed(busy, &token, 1));
        if (index % 2) poll(NULL, 0, 3);
        fflush(NULL);
        const pid_t process = fork();
        if (process == 0) _exit(child(model, session, &expected));
        int status = -1;
        CHECK(waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        rg_session_destroy(busy);
    }
    /* And the parent as before. */
    Collected collected;
    memset(&collected, 0, sizeof collected);
    EXPECT(RG_OK, rg_session_generate(session, "And", 3, &options, collect, &collected, NULL));
    CHECK(collected.length == expected.length && memcmp(collected.text, expected.text, collected.length) == 0);
    rg_session_destroy(session);
    rg_model_close(model);
}
