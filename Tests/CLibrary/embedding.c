/* Models that are a part of another file, or in memory; what a program is told of them; and the names of threads. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "tests.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static rg_model *const untouched = (rg_model *)&failures;

/* Computes as the model does that is opened by its path. */
static void check_computes(rg_model *model) {
    rg_model *plain = open_model();
    rg_session *session = fed_session(model), *expected = fed_session(plain);
    CHECK(same_logits(session, expected));
    rg_session_destroy(session);
    rg_session_destroy(expected);
    rg_model_close(plain);
}

static void refuses_fd(int descriptor, uint64_t offset, uint64_t size, rg_status status, const char *words) {
    rg_model *model = untouched;
    EXPECT_ERROR(status, words, rg_model_open_fd(descriptor, offset, size, NULL, &model));
    CHECK(model == untouched);
}

/* A file with the model somewhere in it, open for reading. */
static int open_appended(const unsigned char *bytes, size_t size, size_t before, size_t after) {
    const char *path = in_folder("program");
    unsigned char *all = (unsigned char *)malloc(before + size + after);
    memset(all, 'p', before);
    memcpy(all + before, bytes, size);
    memset(all + before + size, 'q', after);
    write_file(path, all, before + size + after);
    free(all);
    return open(path, O_RDONLY);
}

static void test_descriptors(const unsigned char *bytes, size_t size) {
    /* At a page and in the middle of one, with something behind it and without. */
    static const size_t places[][2] = {{0, 0}, {4096, 100}, {16384, 0}, {192, 1}, {70016, 4096}};
    /* Weights in memory, and read from the disk for each token. */
    static const uint64_t residencies[] = {RG_RESIDENT_AUTO, RG_RESIDENT_ALL, 1};
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        for (size_t index = 0; index < sizeof residencies / sizeof *residencies; index++) {
            const int descriptor = open_appended(bytes, size, places[place][0], places[place][1]);
            rg_model_options options = RG_MODEL_OPTIONS_INIT;
            options.resident_bytes = residencies[index];
            options.verify = true;
            rg_model *model = NULL;
            const uint64_t count = places[place][1] == 0 ? 0 : size;
            REQUIRE(rg_model_open_fd(descriptor, places[place][0], count, &options, &model));
            CHECK(close(descriptor) == 0);
            check_computes(model);
            rg_model_info info = RG_MODEL_INFO_INIT;
            EXPECT(RG_OK, rg_model_get_info(model, &info));
            CHECK(info.file_bytes == size && (info.streamed_bytes > 0) == (residencies[index] == 1));
            rg_model_close(model);
        }
    }

    refuses_fd(-1, 0, 0, RG_ERROR_ARGUMENT, "descriptor -1: is not open for reading");
    const int descriptor = open_appended(bytes, size, 4096, 64);
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_model_open_fd(descriptor, 0, 0, NULL, NULL));
    refuses_fd(descriptor, 4097, 0, RG_ERROR_ARGUMENT, "no multiple of 64");
    refuses_fd(descriptor, 1 << 30, 0, RG_ERROR_ARGUMENT, "from 1073741824 on");
    refuses_fd(descriptor, UINT64_MAX - 63, 0, RG_ERROR_ARGUMENT, "no file has");
    refuses_fd(descriptor, UINT64_C(1) << 62, 0, RG_ERROR_ARGUMENT, "from 4611686018427387904 on");
    refuses_fd(descriptor, 4096, size + 65, RG_ERROR_ARGUMENT, "check where the part begins");
    refuses_fd(descriptor, 4096, UINT64_MAX, RG_ERROR_ARGUMENT, "no file has");
    refuses_fd(descriptor, 0, 0, RG_ERROR_FORMAT, "is not an RGQ file");
    refuses_fd(descriptor, 4096, 0, RG_ERROR_FORMAT, "has grown");
    refuses_fd(descriptor, 4096, size - 1, RG_ERROR_FORMAT, "is cut");
    close(descriptor);
    static const int unfit[] = {O_WRONLY, O_PATH, O_RDONLY | O_DIRECT};
    for (size_t index = 0; index < sizeof unfit / sizeof *unfit; index++) {
        const int other = open(in_folder("program"), unfit[index]);
        if (other < 0) continue; /* a file system without O_DIRECT */
        refuses_fd(other, 4096, 0, RG_ERROR_ARGUMENT, "is not open for reading");
        close(other);
    }
    int ends[2];
    CHECK(pipe(ends) == 0);
    refuses_fd(ends[0], 0, 0, RG_ERROR_IO, "is not a regular file");
    close(ends[0]);
    close(ends[1]);
}

static int releases;

static void count_release(void *user) {
    CHECK(user == &releases);
    releases++;
}

static void refuses_memory(
    const void *bytes, size_t size, const rg_model_options *options, rg_status status, const char *words) {
    rg_model *model = untouched;
    EXPECT_ERROR(status, words, rg_model_open_memory(bytes, size, options, count_release, &releases, &model));
    CHECK(model == untouched && releases == 0);
}

static void test_bytes(const unsigned char *bytes, size_t size) {
    void *memory = NULL;
    CHECK(posix_memalign(&memory, 64, size + 64) == 0);
    memcpy(memory, bytes, size);

    rg_model *model = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.verify = options.preload = true;
    releases = 0;
    REQUIRE(rg_model_open_memory(memory, size, &options, count_release, &releases, &model));
    check_computes(model);
    rg_session *session = fed_session(model);
    rg_model_close(model);
    /* A session keeps its model. */
    CHECK(releases == 0);
    EXPECT(RG_OK, rg_session_reset(session));
    rg_session_destroy(session);
    CHECK(releases == 1);
    /* It was only read. */
    CHECK(memcmp(memory, bytes, size) == 0);
    releases = 0;
    EXPECT(RG_OK, rg_model_open_memory(memory, size, NULL, NULL, NULL, &model));
    rg_model_close(model);

    refuses_memory(NULL, size, NULL, RG_ERROR_ARGUMENT, "bytes is NULL");
    refuses_memory(NULL, 0, NULL, RG_ERROR_ARGUMENT, "has no bytes");
    refuses_memory(memory, SIZE_MAX, NULL, RG_ERROR_ARGUMENT, "bytes");
    refuses_memory(memory, size - 1, NULL, RG_ERROR_FORMAT, "model in memory: is cut");
    refuses_memory(memory, 10, NULL, RG_ERROR_FORMAT, "model in memory: is cut");
    memmove((char *)memory + 8, memory, size);
    refuses_memory((char *)memory + 8, size, NULL, RG_ERROR_ARGUMENT, "no multiple of 64");
    memcpy(memory, bytes, size);
    options.resident_bytes = 1000;
    refuses_memory(memory, size, &options, RG_ERROR_ARGUMENT, "weights that are in memory stay there");
    free(memory);
}

typedef struct Lines {
    char text[4096];
    int count;
    rg_log_level lowest;
} Lines;

static void note_line(void *user, rg_log_level level, const char *line) {
    Lines *lines = (Lines *)user;
    lines->count++;
    if (level < lines->lowest) lines->lowest = level;
    CHECK(strchr(line, '\n') == NULL && strlen(lines->text) + strlen(line) + 2 < sizeof lines->text);
    strcat(strcat(lines->text, line), "\n");
}

static void test_log(void) {
    Lines lines = {"", 0, RG_LOG_WARNING};
    EXPECT(RG_OK, rg_set_log(RG_LOG_DEBUG, note_line, &lines));
    rg_model *model = open_model();
    rg_session *session = fed_session(model);
    Collected answer = {"", 0, 0, 0};
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 3;
    EXPECT(RG_OK, rg_session_generate(session, "", 0, &options, collect, &answer, NULL));
    rg_session_destroy(session);
    rg_model_close(model);
    CHECK(strstr(lines.text, model_path) != NULL && strstr(lines.text, ": opened, ") != NULL);
    CHECK(strstr(lines.text, rg_cpu_kernels()) != NULL && strstr(lines.text, ": closed\n") != NULL);
    CHECK(strstr(lines.text, "an answer of 3 tokens (length)") != NULL && lines.lowest == RG_LOG_DEBUG);

    /* Nothing below the level, no failures, and nothing at all without a receiver. */
    EXPECT(RG_OK, rg_set_log(RG_LOG_WARNING, note_line, &lines));
    const int count = lines.count;
    rg_model_close(open_model());
    EXPECT_ERROR(RG_ERROR_IO, "no such file", rg_model_open(in_folder("none.rgq"), NULL, &model));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "the level is 0", rg_set_log((rg_log_level)0, note_line, &lines));
    EXPECT(RG_OK, rg_set_log(RG_LOG_DEBUG, NULL, NULL));
    rg_model_close(open_model());
    CHECK(lines.count == count);
}

static int count_threads(const char *name) {
    DIR *folder = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[512], found[64] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fgets(found, sizeof found, file)) found[strcspn(found, "\n")] = 0;
        fclose(file);
        if (strcmp(found, name) == 0) count++;
    }
    if (folder) closedir(folder);
    return count;
}

/* A thread that has just begun has no name yet, and one that has just ended may still be listed. */
static bool are_threads_named(const char *name, int expected) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        if (count_threads(name) == expected) return true;
        usleep(10000);
    }
    return false;
}

static void test_thread_names(void) {
    rg_model *model = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 3;
    options.resident_bytes = 1;
    REQUIRE(rg_model_open(model_path, &options, &model));
    rg_session *session = fed_session(model);
    CHECK(are_threads_named("rg-compute", 2) && are_threads_named("rg-read", 3));
    rg_session_destroy(session);
    rg_model_close(model);
    CHECK(are_threads_named("rg-compute", 0) && are_threads_named("rg-read", 0));
}

void test_embedding(void) {
    size_t size = 0;
    unsigned char *bytes = read_file(model_path, &size);
    test_descriptors(bytes, size);
    test_bytes(bytes, size);
    free(bytes);
    test_log();
    test_thread_names();
}
