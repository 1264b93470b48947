/* Four threads that converse with a model through the C library for a long time (tools/soak).
 *
 *   soak MODEL FOLDER SECONDS
 *
 * Prints a line for each interval and a verdict; exits with 1 if memory has grown, if a session's logits are not, to the bit, those
 * of a new one that is fed the same tokens, or if anything failed. FOLDER is for session files.
 */
#define _GNU_SOURCE
#include <lz4.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rg_edge.h"

enum {
    thread_count = 4,
    /* A session file has the last 4096 tokens: a conversation ends before. The first is of the shortest length, so that all that is
     * ever done is done soon. */
    shortest_conversation = 300,
    longest_conversation = 3500,
    longest_feed = 64,
    longest_answer = 24,
    intervals = 30,
};

/* What resident memory may grow by, in bytes. */
static const long tolerance = 1 << 20;

static rg_model *model;
static rg_model_info info = RG_MODEL_INFO_INIT;
static const char *folder;
static atomic_bool is_over;
static atomic_long operations, conversations, mismatches, failures;

typedef struct {
    rg_session *session;
    /* An earlier moment of the conversation, to go back to; may be NULL. */
    rg_session *moment;
    uint64_t random;
    char path[4096];
    /* Room for a session file. */
    uint8_t *bytes;
    size_t capacity;
    uint32_t tokens[4096];
} talk;

/* ---- Small things ------------------------------------------------------- */

static void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("soak: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    atomic_fetch_add(&failures, 1);
}

static bool succeeds(rg_status status, const char *what) {
    if (status == RG_OK) return true;
    complain("%s: %s", what, rg_last_error());
    return false;
}

/* A number below `limit` (SplitMix64). */
static uint32_t draw(talk *talk, uint32_t limit) {
    uint64_t mixed = talk->random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((mixed ^ (mixed >> 31)) % limit);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Resident memory in bytes. */
static long resident(void) {
    long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &size, &pages) != 2) complain("/proc/self/statm can't be read");
    if (file) fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* ---- What a host does --------------------------------------------------- */

/* Lets text come until `left` pieces have. */
static bool on_text(void *left, const char *text, size_t length) {
    (void)text, (void)length;
    return --*(int *)left > 0;
}

static void chat(talk *talk) {
    static const char *const words[] = {
        "Who was Moses?", "And then", "  tell me of the king \n", "In the beginning God created", "日本",
    };
    const char *prompt = words[draw(talk, sizeof words / sizeof *words)];
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.as_chat_turn = draw(talk, 4) != 0;
    options.max_tokens = 1 + draw(talk, longest_answer);
    options.sampling.temperature = 1;
    options.sampling.seed = talk->random;
    options.sampling.repetition_penalty = 1.1f;
    int pieces = 1 + (int)draw(talk, 2 * longest_answer);
    succeeds(rg_session_generate(talk->session, prompt, strlen(prompt), &options, on_text, &pieces, NULL), "generate");
}

static void feed(talk *talk) {
    uint32_t count = 1 + draw(talk, longest_feed), tokens[longest_feed];
    for (uint32_t index = 0; index < count; index++) tokens[index] = draw(talk, info.vocabulary_size);
    succeeds(rg_session_feed(talk->session, tokens, count), "feed");
    uint32_t none = info.vocabulary_size;
    if (rg_session_feed(talk->session, &none, 1) != RG_ERROR_ARGUMENT) complain("a token outside the vocabulary is fed");
}

/* Goes on with another session of the same conversation. */
static void replace(talk *talk, rg_status status, rg_session *other, const char *what) {
    if (!succeeds(status, what)) return;
    rg_session_destroy(talk->session);
    talk->session = other;
}

static void fork_session(talk *talk) {
    rg_session *copy = NULL;
    rg_status status = rg_session_fork(talk->session, &copy);
    replace(talk, status, copy, "fork");
}

static void mark_moment(talk *talk) {
    rg_session_destroy(talk->moment);
    talk->moment = NULL;
    succeeds(rg_session_fork(talk->session, &talk->moment), "fork");
}

static void rewind_session(talk *talk) {
    if (!talk->moment) return;
    rg_session *copy = NULL;
    rg_status status = rg_session_fork(talk->moment, &copy);
    replace(talk, status, copy, "fork to rewind");
}

static void save_and_load(talk *talk) {
    rg_session *loaded = NULL;
    if (!succeeds(rg_session_save(talk->session, talk->path), "save")) return;
    rg_status status = rg_session_load(model, talk->path, &loaded);
    replace(talk, status, loaded, "load");
}

/* Returns the bytes of the session's file, of which there are some in `talk->bytes`; 0 if that fails. */
static size_t serialize(talk *talk) {
    size_t size = 0;
    if (!succeeds(rg_session_serialize(talk->session, talk->bytes, talk->capacity, &size), "serialize")) return 0;
    return size;
}

static void serialize_and_deserialize(talk *talk) {
    size_t size = serialize(talk);
    if (size == 0) return;
    rg_session *copy = NULL;
    rg_status status = rg_session_deserialize(model, talk->bytes, size, &copy);
    replace(talk, status, copy, "deserialize");
}

static void reset(talk *talk) {
    rg_session_destroy(talk->moment);
    talk->moment = NULL;
    succeeds(rg_session_reset(talk->session), "reset");
}

/* ---- The proof ---------------------------------------------------------- */

/* Reads the tokens that the session has consumed from its file (formats/rgs.md); returns how many there are, or 0. */
static size_t consumed(talk *talk) {
    size_t size = serialize(talk);
    uint64_t position = 0;
    uint32_t stored = 0;
    if (size < 132) return 0;
    memcpy(&position, talk->bytes + 32, sizeof position);
    memcpy(&stored, talk->bytes + 128, sizeof stored);
    size_t count = sizeof(uint32_t) * position;
    if (position == 0 || count > sizeof talk->tokens || stored > size - 132) return 0;
    const char *piece = (const char *)talk->bytes + 132;
    if (stored == count) {
        memcpy(talk->tokens, piece, count);
    } else if (LZ4_decompress_safe(piece, (char *)talk->tokens, (int)stored, (int)count) != (int)count) {
        complain("the tokens of a session file can't be unpacked");
        return 0;
    }
    return position;
}

/* Feeds the same tokens to a new session and compares the logits. */
static void compare(talk *talk) {
    size_t position = rg_session_position(talk->session);
    if (position == 0) return;
    size_t count = consumed(talk), own_count = 0, new_count = 0;
    if (count != position) {
        complain("a session at %zu has %zu tokens", position, count);
        return;
    }
    rg_session *fresh = NULL;
    const float *own = NULL, *new = NULL;
    if (!succeeds(rg_session_create(model, &fresh), "create")) return;
    if (succeeds(rg_session_feed(fresh, talk->tokens, count), "feed anew")
        && succeeds(rg_session_logits(talk->session, &own, &own_count), "logits")
        && succeeds(rg_session_logits(fresh, &new, &new_count), "logits anew")
        && (own_count != new_count || memcmp(own, new, own_count * sizeof *own) != 0)) {
        atomic_fetch_add(&mismatches, 1);
    }
    rg_session_destroy(fresh);
    atomic_fetch_add(&conversations, 1);
}

/* ---- Threads ------------------------------------------------------------ */

static void *converse(void *argument) {
    static void (*const acts[])(talk *) = {
        chat, chat, chat, feed, fork_session, mark_moment, rewind_session, save_and_load, serialize_and_deserialize,
    };
    talk *talk = argument;
    if (!succeeds(rg_session_create(model, &talk->session), "create")) return NULL;
    uint32_t end = shortest_conversation;
    while (!is_over) {
        acts[draw(talk, sizeof acts / sizeof *acts)](talk);
        atomic_fetch_add(&operations, 1);
        if (rg_session_position(talk->session) < end) continue;
        compare(talk);
        reset(talk);
        end = shortest_conversation + draw(talk, longest_conversation - shortest_conversation);
    }
    compare(talk);
    rg_session_destroy(talk->moment);
    rg_session_destroy(talk->session);
    unlink(talk->path);
    return NULL;
}

static talk *make_talk(int number) {
    talk *talk = calloc(1, sizeof *talk);
    if (!talk) return NULL;
    talk->random = (uint64_t)number;
    /* More than any session file of the model: what a session allocates, the tokens, and 4 bytes a piece. */
    talk->capacity = info.session_bytes + sizeof talk->tokens + (1 << 20);
    talk->bytes = malloc(talk->capacity);
    if (!talk->bytes) return NULL;
    memset(talk->bytes, 1, talk->capacity);
    snprintf(talk->path, sizeof talk->path, "%s/soak-%d.rgs", folder, number);
    return talk;
}

/* Watches memory while others work, and prints a line for each interval. Returns what it has grown by at most since the fifth
 * minute, or the sixth part of a shorter time. */
static long watch(double seconds) {
    double start = now(), length = seconds > 60 * intervals ? 60 : seconds / intervals;
    double settled = seconds > 1800 ? 300 : seconds / 6;
    long reference = 0, most = 0;
    for (double end = length; end < seconds + length / 2; end += length) {
        long largest = 0;
        while (now() - start < end) {
            long bytes = resident();
            if (bytes > largest) largest = bytes;
            usleep(20000);
        }
        if (end < settled + length / 2) reference = largest;
        else if (largest > most) most = largest;
        printf("%8.2f min  %10ld operations  %8ld conversations  %8.2f MB resident\n", end / 60, atomic_load(&operations),
            atomic_load(&conversations), (double)largest / 1e6);
        fflush(stdout);
    }
    return most - reference;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fputs("usage: soak MODEL FOLDER SECONDS\n", stderr);
        return 64;
    }
    folder = arguments[2];
    if (!succeeds(rg_model_open(arguments[1], NULL, &model), "opening the model")) return 1;
    if (!succeeds(rg_model_get_info(model, &info), "the model's figures")) return 1;

    pthread_t threads[thread_count];
    talk *talks[thread_count];
    for (int index = 0; index < thread_count; index++) {
        talks[index] = make_talk(index);
        if (!talks[index] || pthread_create(&threads[index], NULL, converse, talks[index]) != 0) {
            complain("no memory for four threads");
            return 1;
        }
    }
    long growth = watch(atof(arguments[3]));
    atomic_store(&is_over, true);
    for (int index = 0; index < thread_count; index++) {
        pthread_join(threads[index], NULL);
        free(talks[index]->bytes);
        free(talks[index]);
    }
    rg_model_close(model);

    bool is_good = growth <= tolerance && mismatches == 0 && failures == 0 && conversations >= thread_count;
    printf("%s: memory has grown by %.2f MB since it settled (1.05 are allowed); of %ld conversations %ld have other logits than a "
           "new session; %ld failures\n", is_good ? "held" : "FAILED", (double)growth / 1e6, atomic_load(&conversations),
        atomic_load(&mismatches), atomic_load(&failures));
    return is_good ? 0 : 1;
}
