/* Sessions in files and in memory. */
#include "tests.h"

static rg_session *const untouched = (rg_session *)&failures;

static void refuses_bytes(rg_model *model, const void *bytes, size_t size, rg_status status, const char *words) {
    rg_session *session = untouched;
    EXPECT_ERROR(status, words, rg_session_deserialize(model, bytes, size, &session));
    CHECK(session == untouched);
}

static void refuses_file(rg_model *model, const char *path, rg_status status, const char *words) {
    rg_session *session = untouched;
    EXPECT_ERROR(status, words, rg_session_load(model, path, &session));
    CHECK(session == untouched);
}

static void test_files(rg_model *model) {
    Twins twins = make_twins(model, true);
    const char *path = in_folder("talk.rgs");
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_save(NULL, path));
    REFUSES(twins, RG_ERROR_ARGUMENT, "path is NULL", rg_session_save(twins.subject, NULL));
    REFUSES(twins, RG_ERROR_ARGUMENT, "not UTF-8", rg_session_save(twins.subject, "\xFF"));
    REFUSES(twins, RG_ERROR_IO, "(errno 2)", rg_session_save(twins.subject, in_folder("none/talk.rgs")));
    REFUSES(twins, RG_ERROR_IO, "(errno 21)", rg_session_save(twins.subject, folder));
    REFUSES(twins, RG_ERROR_IO, "not a regular file", rg_session_save(twins.subject, "/dev/full"));

    /* The open model, and any other file that is no session, stays. */
    REFUSES(twins, RG_ERROR_IO, "is not a saved session", rg_session_save(twins.subject, model_path));
    refuses_file(model, model_path, RG_ERROR_FORMAT, "not a saved session");
    const char *notes = in_folder("notes.txt");
    write_file(notes, "some notes", 10);
    REFUSES(twins, RG_ERROR_IO, "(errno 17)", rg_session_save(twins.subject, notes));
    write_file(notes, "", 0);
    EXPECT(RG_OK, rg_session_save(twins.subject, notes));
    EXPECT(RG_OK, rg_session_save(twins.subject, notes));

    EXPECT(RG_OK, rg_session_save(twins.subject, path));
    rg_session *loaded = NULL;
    EXPECT(RG_OK, rg_session_load(model, path, &loaded));
    CHECK(rg_session_position(loaded) == rg_session_position(twins.subject) && same_logits(loaded, twins.subject));
    rg_session_destroy(twins.subject);
    twins.subject = loaded;
    CHECK_ALIKE(twins);

    rg_session *session = untouched;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_session_load(NULL, path, &session));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_load(model, path, NULL));
    CHECK(session == untouched);
    refuses_file(model, NULL, RG_ERROR_ARGUMENT, "path is NULL");
    refuses_file(model, in_folder("none.rgs"), RG_ERROR_IO, "(errno 2)");
    refuses_file(model, model_path, RG_ERROR_FORMAT, "not a saved session");

    rg_model *other = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &other));
    refuses_file(other, path, RG_ERROR_MISMATCH, "a different model");
    rg_model_close(other);
    destroy_twins(twins);
}

static void test_memory_buffers(rg_model *model, bool is_fed) {
    Twins twins = make_twins(model, is_fed);
    size_t size = 99;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_serialize(NULL, NULL, 0, &size));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "size is NULL", rg_session_serialize(twins.subject, NULL, 0, NULL));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "buffer is NULL", rg_session_serialize(twins.subject, NULL, 1 << 20, &size));
    CHECK(size == 99);
    EXPECT_ERROR(RG_ERROR_BUFFER, "larger buffer", rg_session_serialize(twins.subject, NULL, 0, &size));
    const size_t enough = size;
    /* At an odd address, since nothing says that it is even. */
    unsigned char *buffer = (unsigned char *)malloc(enough + 1) + 1;
    memset(buffer, 0xAA, enough);
    EXPECT_ERROR(RG_ERROR_BUFFER, "larger buffer", rg_session_serialize(twins.subject, buffer, enough - 1, &size));
    CHECK(size == enough && buffer[0] == 0xAA && buffer[enough - 2] == 0xAA);
    EXPECT(RG_OK, rg_session_serialize(twins.subject, buffer, enough, &size));
    CHECK(size > 0 && size <= enough);

    rg_session *restored = NULL;
    EXPECT(RG_OK, rg_session_deserialize(model, buffer, size, &restored));
    CHECK(rg_session_position(restored) == rg_session_position(twins.subject));
    rg_session_destroy(twins.subject);
    twins.subject = restored;
    CHECK_ALIKE(twins);

    rg_session *session = untouched;
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "model is NULL", rg_session_deserialize(NULL, buffer, size, &session));
    EXPECT_ERROR(RG_ERROR_ARGUMENT, "session is NULL", rg_session_deserialize(model, buffer, size, NULL));
    CHECK(session == untouched);
    refuses_bytes(model, NULL, size, RG_ERROR_ARGUMENT, "buffer is NULL");
    refuses_bytes(model, buffer, SIZE_MAX, RG_ERROR_ARGUMENT, "fit");
    refuses_bytes(model, NULL, 0, RG_ERROR_FORMAT, "not a saved session");
    refuses_bytes(model, "something else", 14, RG_ERROR_FORMAT, "not a saved session");
    for (size_t cut = 4; cut < size; cut = cut * 2 + 1) refuses_bytes(model, buffer, cut, RG_ERROR_FORMAT, "cut");

    buffer[4] = 7;
    refuses_bytes(model, buffer, size, RG_ERROR_VERSION, "version 7");
    buffer[4] = 1;
    /* Any bit. */
    for (size_t index = 8; index < size; index += 1 + index / 3) {
        buffer[index] ^= 0x10;
        refuses_bytes(model, buffer, size, RG_ERROR_CHECKSUM, "damaged");
        buffer[index] ^= 0x10;
    }
    rg_model *other = NULL;
    REQUIRE(rg_model_open(other_path, NULL, &other));
    refuses_bytes(other, buffer, size, RG_ERROR_MISMATCH, "a different model");
    rg_model_close(other);
    free(buffer - 1);
    destroy_twins(twins);
}

void test_keeping(void) {
    rg_model *model = open_model();
    test_files(model);
    test_memory_buffers(model, true);
    test_memory_buffers(model, false);
    rg_model_close(model);
}
