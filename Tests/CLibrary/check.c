#include "check.h"

#include <stdarg.h>

int failures;

void fail(const char *file, int line, const char *format, ...) {
    const char *name = strrchr(file, '/');
    fprintf(stderr, "%s:%d: ", name ? name + 1 : file, line);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    failures++;
}

void expect_status(const char *file, int line, const char *call, rg_status expected, rg_status status, const char *words) {
    if (status != expected) {
        fail(file, line, "%s is %d, not %d (%s)", call, (int)status, (int)expected, rg_last_error());
    } else if (words && !strstr(rg_last_error(), words)) {
        fail(file, line, "after %s: \"%s\" does not say \"%s\"", call, rg_last_error(), words);
    }
}

void require_status(const char *file, int line, const char *call, rg_status status) {
    if (status == RG_OK) return;
    fail(file, line, "%s is %d (%s), and nothing can go on", call, (int)status, rg_last_error());
    exit(1);
}

const char *in_folder(const char *name) {
    static char paths[8][4096];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = (unsigned char *)malloc(*size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != *size) exit(1);
    fclose(file);
    return bytes;
}

void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

rg_model *open_model(void) {
    rg_model *model = NULL;
    rg_model_options options = RG_MODEL_OPTIONS_INIT;
    options.threads = 2;
    REQUIRE(rg_model_open(model_path, &options, &model));
    return model;
}

rg_session *new_session(rg_model *model) {
    rg_session *session = NULL;
    REQUIRE(rg_session_create(model, &session));
    return session;
}

rg_session *fed_session(rg_model *model) {
    static const char text[] = "In the beginning God";
    uint32_t tokens[32];
    size_t count = 0;
    rg_session *session = new_session(model);
    REQUIRE(rg_tokenize(model, text, sizeof text - 1, true, false, tokens, 32, &count));
    REQUIRE(rg_session_feed(session, tokens, count));
    return session;
}

Twins make_twins(rg_model *model, bool are_fed) {
    Twins twins;
    twins.subject = are_fed ? fed_session(model) : new_session(model);
    twins.twin = are_fed ? fed_session(model) : new_session(model);
    return twins;
}

void destroy_twins(Twins twins) {
    rg_session_destroy(twins.subject);
    rg_session_destroy(twins.twin);
}

bool same_logits(const rg_session *left, const rg_session *right) {
    const float *left_logits = NULL, *right_logits = NULL;
    size_t left_count = 0, right_count = 1;
    REQUIRE(rg_session_logits(left, &left_logits, &left_count));
    REQUIRE(rg_session_logits(right, &right_logits, &right_count));
    return left_count == right_count && memcmp(left_logits, right_logits, left_count * sizeof *left_logits) == 0;
}

void check_alike(const char *file, int line, Twins twins) {
    static uint32_t token;
    token = (token + 7) % 200 + 10;
    if (rg_session_position(twins.subject) != rg_session_position(twins.twin)) fail(file, line, "the position has changed");
    if (rg_session_position(twins.subject) > 0 && !same_logits(twins.subject, twins.twin)) {
        fail(file, line, "the logits have changed");
    }
    require_status(file, line, "feed", rg_session_feed(twins.subject, &token, 1));
    require_status(file, line, "feed", rg_session_feed(twins.twin, &token, 1));
    if (!same_logits(twins.subject, twins.twin)) fail(file, line, "the session has changed: its next logits are others");
}

bool collect(void *user, const char *text, size_t length) {
    Collected *collected = (Collected *)user;
    if (collected->length + length > sizeof collected->text) return false;
    memcpy(collected->text + collected->length, text, length);
    collected->length += length;
    collected->pieces++;
    return collected->pieces != collected->stop_after;
}
