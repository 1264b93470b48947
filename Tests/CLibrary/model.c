/* Opening models, and what they tell of themselves. */
#include "tests.h"

#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static rg_model *const untouched = (rg_model *)&failures;

/* Opening fails, and the output stays. */
static void refuses(const char *path, const rg_model_options *options, rg_status status, const char *words) {
    rg_model *model = untouched;
    EXPECT_ERROR(status, words, rg_model_open(path, options, &model));
    CHECK(model == untouched);
    if (model && model != untouched) rg_model_close(model);
}

static void test_files(void) {
    refuses(NULL, NULL, RG_ERROR_ARGUMENT, "path is NULL");
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_model_open(model_path, NULL, NULL));
    refuses("\xFF.rgq", NULL, RG_ERROR_ARGUMENT, "not UTF-8");
    refuses(in_folder("none.rgq"), NULL, RG_ERROR_IO, "(errno 2)");
    refuses("", NULL, RG_ERROR_IO, "(errno 2)");
    refuses(folder, NULL, RG_ERROR_IO, "(errno 21)");

    size_t size = 0;
    unsigned char *bytes = read_file(model_path, &size);
    const char *path = in_folder("damaged.rgq");
    write_file(path, bytes, 0);
    refuses(path, NULL, RG_ERROR_IO, "is empty");
    write_file(path, "something else altogether", 25);
    refuses(path, NULL, RG_ERROR_FORMAT, path);
    /* Cut anywhere. */
    for (size_t cut = 1; cut < size; cut = cut * 3 + 1) {
        write_file(path, bytes, cut);
        refuses(path, NULL, RG_ERROR_FORMAT, path);
    }
    bytes[4] = 9;
    write_file(path, bytes, size);
    refuses(path, NULL, RG_ERROR_VERSION, "version 9");
    bytes[4] = 1;
    bytes[200] ^= 1;
    write_file(path, bytes, size);
    refuses(path, NULL, RG_ERROR_CHECKSUM, path);
    bytes[200] ^= 1;

    /* A weight is checked if that is asked for. */
    bytes[size - 100] ^= 1;
    write_file(path, bytes, size);
    rg_model *model = NULL;
    EXPECT(RG_OK, rg_model_open(path, NULL, &model));
    rg_model_close(model);
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.verify = true;
    refuses(path, &options, RG_ERROR_CHECKSUM, path);
    free(bytes);
}

/* What a later version's struct may look like. */
typedef struct LaterOptions {
    rg_model_options known;
    uint64_t unknown[2];
} LaterOptions;

static void test_options(void) {
    rg_model *model = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.verify = options.preload = true;
    options.threads = 1;
    EXPECT(RG_OK, rg_model_open(model_path, &options, &model));
    rg_model_close(model);

    rg_model_options many = RG_MODEL_OPTIONS_INIT;
    many.threads = UINT32_MAX;
    refuses(model_path, &many, RG_ERROR_ARGUMENT, "4294967295 threads");

    size_t sizes[] = {0, 1, sizeof(size_t), offsetof(rg_model_options, verify), 100000, SIZE_MAX};
    for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        rg_model_options sized = RG_MODEL_OPTIONS_INIT;
        sized.struct_size = sizes[index];
        refuses(model_path, &sized, RG_ERROR_VERSION, "struct_size of options");
    }
    /* One of version 1, which ended in padding: its last byte may be anything, and what follows is somebody else's. */
    rg_model_options first = RG_MODEL_OPTIONS_INIT;
    first.struct_size = offsetof(rg_model_options, catch_sigbus);
    memset((char *)&first + offsetof(rg_model_options, verify) + 1, 0xFF,
        sizeof first - offsetof(rg_model_options, verify) - 1);
    EXPECT(RG_OK, rg_model_open(model_path, &first, &model));
    rg_model_close(model);
    first.struct_size--;
    refuses(model_path, &first, RG_ERROR_VERSION, "struct_size of options");

    LaterOptions later = {RG_MODEL_OPTIONS_INIT, {0, 0}};
    later.known.struct_size = sizeof later;
    EXPECT(RG_OK, rg_model_open(model_path, &later.known, &model));
    rg_model_close(model);
    later.unknown[1] = 1;
    refuses(model_path, &later.known, RG_ERROR_VERSION, "newer");
}

static void test_info(void) {
    rg_model *model = open_model();
    rg_model_info info = RG_MODEL_INFO_INIT;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_model_get_info(NULL, &info));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "info is NULL", rg_model_get_info(model, NULL));
    CHECK(info.vocabulary_size == 0);
    info.struct_size = 8;
    EXPECT_ERROR(RG_ERROR_VERSION, "struct_size of info", rg_model_get_info(model, &info));
    CHECK(info.vocabulary_size == 0 && info.struct_size == 8);

    info.struct_size = sizeof info;
    EXPECT(RG_OK, rg_model_get_info(model, &info));
    CHECK(info.struct_size == sizeof info);
    size_t size = 0;
    free(read_file(model_path, &size));
    CHECK(info.file_bytes == size);
    CHECK(info.vocabulary_size > 256 && info.layer_count > 0 && info.width > 0 && info.window > 0);
    CHECK(info.parameter_count > info.vocabulary_size && info.session_bytes > 12u * info.vocabulary_size);
    CHECK(info.bos < info.vocabulary_size && info.eos < info.vocabulary_size);
    CHECK(info.end_of_turn < info.vocabulary_size || info.end_of_turn == UINT32_MAX);

    /* A later version's struct: what isn't known here stays. */
    struct {
        rg_model_info known;
        uint64_t unknown;
    } later = {RG_MODEL_INFO_INIT, 77};
    later.known.struct_size = sizeof later;
    EXPECT(RG_OK, rg_model_get_info(model, &later.known));
    CHECK(later.known.struct_size == sizeof later && later.known.width == info.width && later.unknown == 77);
    rg_model_close(model);
}

static rg_model *open_resident(uint64_t bytes) {
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 2;
    options.resident_bytes = bytes;
    rg_model *model = NULL;
    REQUIRE(rg_model_open(model_path, &options, &model));
    return model;
}

/* What stays in memory changes no logit, also in a child process, whose threads read for themselves. */
static void test_resident(void) {
    rg_model *usual = open_model();
    rg_session *expected = fed_session(usual);
    const uint64_t choices[] = {RG_RESIDENT_ALL, RG_RESIDENT_MAPPED, 1, 2000000, UINT64_MAX / 4};
    for (size_t index = 0; index < sizeof choices / sizeof *choices; index++) {
        rg_model *model = open_resident(choices[index]);
        rg_model_info info = RG_MODEL_INFO_INIT;
        EXPECT(RG_OK, rg_model_get_info(model, &info));
        CHECK(info.resident_bytes + info.streamed_bytes < info.file_bytes);
        CHECK((info.streamed_bytes > 0) == (choices[index] == 1 || choices[index] == 2000000));
        CHECK(choices[index] != 2000000 || info.resident_bytes <= 2000000);
        rg_session *session = fed_session(model);
        CHECK(same_logits(session, expected));
        if (is_bare) {
            fflush(NULL);
            const pid_t process = fork();
            if (process == 0) {
                alarm(60);
                const uint32_t token = 300;
                const bool is_fed = !rg_session_feed(session, &token, 1) && !rg_session_feed(expected, &token, 1);
                const bool is_same = is_fed && same_logits(session, expected);
                rg_session_destroy(session);
                rg_model_close(model);
                _exit(is_same ? 0 : 1);
            }
            int status = -1;
            CHECK(waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        /* The parent's goes on. */
        const uint32_t token = 7;
        EXPECT(RG_OK, rg_session_feed(session, &token, 1));
        rg_session_destroy(session);
        rg_model_close(model);
    }
    rg_session_destroy(expected);
    rg_model_close(usual);
}

void test_model(void) {
    test_files();
    test_options();
    test_info();
    test_resident();
}
