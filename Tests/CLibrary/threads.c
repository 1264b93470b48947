/* Eight sessions on one model in eight threads. */
#include "tests.h"

#include <pthread.h>
#include <sched.h>

enum { thread_count = 8 };

typedef struct Worker {
    rg_model *model;
    pthread_t thread;
    Collected collected;
    uint64_t position;
    uint32_t seed;
} Worker;

/* All that a session can do, which gives the same whatever other threads do. */
static void *work(void *argument) {
    Worker *worker = (Worker *)argument;
    uint32_t tokens[64];
    size_t count = 0;
    char text[32];
    const int length = snprintf(text, sizeof text, "Chapter %u", worker->seed);
    REQUIRE(rg_tokenize(worker->model, text, (size_t)length, false, false, tokens, 64, &count));
    rg_session *session = fed_session(worker->model), *copy = NULL;
    REQUIRE(rg_session_feed(session, tokens, count));
    REQUIRE(rg_session_fork(session, &copy));

    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.sampling.temperature = 1;
    options.sampling.seed = worker->seed;
    options.max_tokens = 24;
    memset(&worker->collected, 0, sizeof worker->collected);
    REQUIRE(rg_session_generate(copy, text, (size_t)length, &options, collect, &worker->collected, NULL));
    worker->position = rg_session_position(copy);

    size_t size = 0;
    EXPECT(RG_ERROR_BUFFER, rg_session_serialize(copy, NULL, 0, &size));
    void *buffer = malloc(size);
    REQUIRE(rg_session_serialize(copy, buffer, size, &size));
    rg_session *restored = NULL;
    REQUIRE(rg_session_deserialize(worker->model, buffer, size, &restored));
    CHECK(same_logits(copy, restored));
    free(buffer);
    rg_session_destroy(session);
    rg_session_destroy(restored);
    rg_session_destroy(copy);
    return NULL;
}

/* Two threads on one session, which is refused, not undefined: each tries until 200 of its tokens are in. */
static void *feed_shared(void *session) {
    uint32_t token = 5;
    for (int fed = 0; fed < 200;) {
        const rg_status status = rg_session_feed((rg_session *)session, &token, 1);
        if (status == RG_OK) {
            fed++;
        } else if (status == RG_ERROR_ARGUMENT) {
            sched_yield();
        } else {
            fail(__FILE__, __LINE__, "%d", (int)status);
            break;
        }
    }
    return NULL;
}

static Worker alone[thread_count], together[thread_count];

/* All workers at once, who get what each got alone. */
static void work_together(rg_model *model) {
    for (uint32_t index = 0; index < thread_count; index++) {
        together[index].model = model;
        together[index].seed = index;
        pthread_create(&together[index].thread, NULL, work, &together[index]);
    }
    for (uint32_t index = 0; index < thread_count; index++) {
        pthread_join(together[index].thread, NULL);
        CHECK(alone[index].position == together[index].position);
        CHECK(alone[index].collected.length == together[index].collected.length);
        CHECK(memcmp(alone[index].collected.text, together[index].collected.text, alone[index].collected.length) == 0);
    }
}

void test_threads(void) {
    rg_model *model = open_model();
    for (uint32_t index = 0; index < thread_count; index++) {
        alone[index].model = model;
        alone[index].seed = index;
        work(&alone[index]);
    }
    work_together(model);

    /* The same with weights that three more threads read from the disk. */
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.resident_bytes = 1;
    rg_model *streamed = NULL;
    REQUIRE(rg_model_open(model_path, &options, &streamed));
    work_together(streamed);
    rg_model_close(streamed);

    rg_session *shared = fed_session(model);
    const uint64_t position = rg_session_position(shared);
    pthread_t threads[2];
    for (int index = 0; index < 2; index++) pthread_create(&threads[index], NULL, feed_shared, shared);
    for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
    CHECK(rg_session_position(shared) == position + 400);
    rg_session_destroy(shared);
    rg_model_close(model);
}
