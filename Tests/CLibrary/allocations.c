/* Refuses memory, allocation by allocation, and counts copies of a session: the C library's functions for memory are replaced here
 * for the whole program.
 *
 * Not under valgrind or a sanitizer, which replace them too: compiled with -DNO_REPLACED_MALLOC, this has no test. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "attempts.h"
#include "tests.h"

#if defined(NO_REPLACED_MALLOC)

void test_allocations(void) {}
void test_room(void) {}

#else

#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__cplusplus)
#define NO_THROW noexcept
extern "C" {
#else
#define NO_THROW
#endif

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* What is refused. */
typedef enum Refusal {
    NOTHING,
    /* All allocations from one on but those of SentencePiece and the C++ library: these break where they get no memory, so they are
     * only called when there is some. */
    ALL_FROM_ONE_ON,
    /* That one alone. */
    ONE,
    /* Every malloc(3) of the library's, which is what Swift's runtime calls; the library has to have room for all of them. */
    RUNTIME
} Refusal;

static Refusal refusal;
/* Allocations to be granted before one is refused. */
static long granted;
static bool was_refused;

/* Where libraries lie: first those that must not be refused anything, then others that allocate for themselves. */
typedef struct Place {
    const char *name;
    uintptr_t start, end;
} Place;

static Place places[] = {
    {"libstdc++", 0, 0}, {"libsentencepiece", 0, 0}, {"liblz4", 0, 0}, {"libxxhash", 0, 0}, {"libc.so", 0, 0},
};
enum { exempt_count = 2, place_count = sizeof places / sizeof *places };

static int note_place(struct dl_phdr_info *info, size_t size, void *user) {
    (void)size;
    (void)user;
    for (size_t index = 0; index < place_count; index++) {
        if (!info->dlpi_name || !strstr(info->dlpi_name, places[index].name)) continue;
        places[index].start = info->dlpi_addr;
        for (size_t part = 0; part < info->dlpi_phnum; part++) {
            const uintptr_t end = info->dlpi_addr + info->dlpi_phdr[part].p_vaddr + info->dlpi_phdr[part].p_memsz;
            if (info->dlpi_phdr[part].p_type == PT_LOAD && end > places[index].end) places[index].end = end;
        }
    }
    return 0;
}

static bool is_in(size_t count, const void *address) {
    for (size_t index = 0; index < count; index++) {
        if ((uintptr_t)address >= places[index].start && (uintptr_t)address < places[index].end) return true;
    }
    return false;
}

static bool refuses(const void *caller, bool is_malloc) {
    bool is_refused = false;
    if (refusal == RUNTIME) {
        is_refused = is_malloc && !is_in(place_count, caller);
    } else if (refusal != NOTHING && !is_in(exempt_count, caller)) {
        is_refused = granted == 0 && !(refusal == ONE && was_refused);
        if (granted > 0) granted--;
    }
    if (is_refused) {
        was_refused = true;
        errno = ENOMEM;
    }
    return is_refused;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) NO_THROW { return refuses(CALLER, true) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) NO_THROW { return refuses(CALLER, false) ? NULL : __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) NO_THROW { return refuses(CALLER, false) ? NULL : __libc_realloc(memory, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) NO_THROW {
    void *taken = refuses(CALLER, true) ? NULL : __libc_memalign(alignment, size);
    if (taken) *memory = taken;
    return taken ? 0 : ENOMEM;
}

/* What is mapped now, and the most that was, among mappings of one size; or of all sizes while that is 0, whose last one is
   kept. */
static struct {
    bool is_on;
    size_t size, last_size;
    int live, most;
} mapped;

static bool counts(size_t size) { return mapped.is_on && (mapped.size == 0 || size == mapped.size); }

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) NO_THROW {
    if (refuses(CALLER, false)) return MAP_FAILED;
    if (counts(size)) {
        mapped.last_size = size;
        if (++mapped.live > mapped.most) mapped.most = mapped.live;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

int munmap(void *address, size_t size) NO_THROW {
    if (counts(size)) mapped.live--;
    return (int)syscall(SYS_munmap, address, size);
}

#if defined(__cplusplus)
}
#endif

/* Runs an attempt in a process of its own and says how it ended: with its status, or 100 if nothing was left to refuse. Fails if it
 * ended otherwise, or has changed the session of a call that was refused. */
static int try_in_process(const Attempt *attempt, rg_model *model, Twins twins, Refusal kind, long number) {
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0) {
        alarm(60);
        failures = 0;
        was_refused = false;
        granted = number;
        refusal = kind;
        const rg_status status = attempt->run(model, twins.subject);
        refusal = NOTHING;
        if (status == RG_ERROR_MEMORY) CHECK(strstr(rg_last_error(), "memory") != NULL);
        if (status == RG_ERROR_MEMORY || !attempt->feeds) CHECK_ALIKE(twins);
        _exit(failures > 0 ? 101 : status == RG_OK && !was_refused ? 100 : (int)status);
    }
    int status = -1;
    waitpid(process, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code != RG_OK && code != RG_ERROR_MEMORY && code != 100) {
        fail(__FILE__, __LINE__, "%s, refusal %d of allocation %ld: wait status %d", attempt->name, (int)kind, number, status);
    }
    return code;
}

/* Refuses one allocation after the other, first all that follow as well, then that one alone. */
static void refuse_in_turn(const Attempt *attempt, rg_model *model, Twins twins) {
    const Refusal kinds[] = {ALL_FROM_ONE_ON, ONE};
    for (int index = 0; index < 2; index++) {
        bool was_memory = false;
        long number = 0;
        /* Opening a model takes over a thousand, most of them alike. */
        for (int code = 0; code != 100; number += 1 + number / 40) {
            const int failures_before = failures;
            code = try_in_process(attempt, model, twins, kinds[index], number);
            if (failures > failures_before) break;
            was_memory = was_memory || code == RG_ERROR_MEMORY;
        }
        if (attempt->may_be_refused && !was_memory) {
            fail(__FILE__, __LINE__, "%s: never refused in %ld allocations", attempt->name, number);
        }
    }
}

/* The library has room for all that its runtime allocates in a call; and gets it back, or it would not do for many. */
static void refuse_the_runtime(const Attempt *attempt, rg_model *model, Twins twins) {
    const int code = try_in_process(attempt, model, twins, RUNTIME, 0);
    if (code == RG_ERROR_MEMORY) fail(__FILE__, __LINE__, "%s has too little room", attempt->name);
    const int count = strstr(attempt->name, "of a") || strstr(attempt->name, "of many") ? 4 : 200;
    rg_session *session = fed_session(model);
    for (int index = 0; index < count; index++) {
        refusal = RUNTIME;
        const rg_status status = attempt->run(model, session);
        refusal = NOTHING;
        if (status == RG_OK) continue;
        fail(__FILE__, __LINE__, "%s, time %d without memory for the runtime: %s", attempt->name, index, rg_last_error());
        break;
    }
    rg_session_destroy(session);
}

void test_allocations(void) {
    dl_iterate_phdr(note_place, NULL);
    for (size_t index = 0; index < exempt_count; index++) CHECK(places[index].end > 0);
    rg_model *model = open_model();
    const Twins twins = make_twins(model, true);
    for (size_t index = 0; index < attempt_count; index++) {
        refuse_in_turn(&attempts[index], model, twins);
        refuse_the_runtime(&attempts[index], model, twins);
    }
    destroy_twins(twins);
    rg_model_close(model);
}

/* How many copies of a session there are at once, besides itself, while it generates after a prompt. */
static int copies_while_generating(rg_session *session, const char *prompt) {
    Collected collected;
    memset(&collected, 0, sizeof collected);
    rg_generate_options options = RG_GENERATE_OPTIONS_INIT;
    options.max_tokens = 2;
    const int before = mapped.most = mapped.live;
    REQUIRE(rg_session_generate(session, prompt, strlen(prompt), &options, collect, &collected, NULL));
    CHECK(mapped.live == before);
    return mapped.most - before;
}

/* As many as the header promises: one at position 0, two later, however long the prompt. */
void test_room(void) {
    rg_model *model = open_model();
    memset(&mapped, 0, sizeof mapped);
    mapped.is_on = true;
    rg_session *session = new_session(model);
    /* Of what the call maps, only what the session remembers stays. */
    CHECK(mapped.live == 1);
    rg_session *another = new_session(model);
    CHECK(mapped.live == 2);
    rg_session_destroy(another);
    CHECK(mapped.live == 1);
    /* A copy is smaller than a session: it can't be fed. The way back from many tokens is one. */
    uint32_t many[40];
    for (uint32_t index = 0; index < 40; index++) many[index] = 300 + index;
    REQUIRE(rg_session_feed(session, many, 1));
    REQUIRE(rg_session_feed(session, many, 40));
    mapped.size = mapped.last_size;
    REQUIRE(rg_session_reset(session));

    char prompt[8192] = "";
    while (strlen(prompt) < sizeof prompt - 32) strcat(prompt, " and God said");
    CHECK(copies_while_generating(session, prompt) == 1);
    CHECK(copies_while_generating(session, " God") == 2);
    CHECK(copies_while_generating(session, prompt) == 2);
    mapped.is_on = false;
    rg_session_destroy(session);
    rg_model_close(model);
}

#endif
