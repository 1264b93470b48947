/* What the tests of the C library are made of: C11 that is C++17 as well. */
#ifndef CHECK_H
#define CHECK_H

#include <rg_edge.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* Model files, made by tools/c/test-models: of the small English model as q4; as q8, with a chat template; as q4, with weights that
 * are no numbers. */
extern const char *model_path, *other_path, *broken_path;
/* A folder for files. */
extern const char *folder;
/* False under tools that have their own idea of memory and processes. */
extern bool is_bare;

/* Counts a failure and says where. */
void fail(const char *file, int line, const char *format, ...);
extern int failures;

#define CHECK(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, "not true: %s", #condition))
/* A call with a status, and whether rg_last_error says something with these words where it fails. */
#define EXPECT(status, call) expect_status(__FILE__, __LINE__, #call, status, call, NULL)
#define EXPECT_ERROR(status, words, call) expect_status(__FILE__, __LINE__, #call, status, call, words)
/* What everything after depends on. */
#define REQUIRE(call) require_status(__FILE__, __LINE__, #call, call)

void expect_status(const char *file, int line, const char *call, rg_status expected, rg_status status, const char *words);
void require_status(const char *file, int line, const char *call, rg_status status);

/* The path of a file in the folder; of the next call but seven it is another's. */
const char *in_folder(const char *name);
/* The bytes of a file, to be freed. */
unsigned char *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *bytes, size_t size);

/* An open model, the first; closed by the caller. */
rg_model *open_model(void);
/* A session that has been fed "In the beginning God", or nothing. */
rg_session *fed_session(rg_model *model);
rg_session *new_session(rg_model *model);

/* Sessions that must stay alike: the second is fed what the first is, but has no failures. */
typedef struct Twins {
    rg_session *subject, *twin;
} Twins;
Twins make_twins(rg_model *model, bool are_fed);
void destroy_twins(Twins twins);
/* Feeds a token to both and compares positions and logits to the bit. */
void check_alike(const char *file, int line, Twins twins);
#define CHECK_ALIKE(twins) check_alike(__FILE__, __LINE__, twins)
/* Fails, as EXPECT_ERROR, and leaves the session as it was. */
#define REFUSES(twins, status, words, call) (EXPECT_ERROR(status, words, call), CHECK_ALIKE(twins))

/* True if both have the same logits. */
bool same_logits(const rg_session *left, const rg_session *right);

/* Text that on_text has collected; it stops after `stop_after` pieces, if that isn't 0. */
typedef struct Collected {
    char text[4096];
    size_t length;
    int pieces, stop_after;
} Collected;
bool collect(void *user, const char *text, size_t length);

#if defined(__cplusplus)
}
#endif
#endif
