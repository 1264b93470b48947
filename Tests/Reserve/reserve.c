/* Tests the memory that the C library gives Swift's runtime where the system has none left (Sources/CRGEdge), built into this
 * program by tools/test-c. */
#include <allocation.h>
#include <reserve.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static void fail(int line, const char *condition) {
    fprintf(stderr, "reserve.c:%d: not true: %s\n", line, condition);
    exit(1);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

typedef struct Piece {
    unsigned char *start;
    size_t size;
    unsigned char pattern;
} Piece;

static Piece taken(size_t size, size_t alignment, unsigned char pattern) {
    const Piece piece = {(unsigned char *)crg_take(size, alignment), size, pattern};
    if (piece.start) {
        CHECK((uintptr_t)piece.start % (alignment < 16 ? 16 : alignment) == 0);
        memset(piece.start, pattern, size);
    }
    return piece;
}

/* What others took, or gave back, has left it alone. */
static void give_back(Piece piece) {
    for (size_t index = 0; index < piece.size; index++) CHECK(piece.start[index] == piece.pattern);
    CHECK(crg_give_back(piece.start));
}

/* Takes and gives back at random, in one room, until it is full many times over. */
static void churn(uint64_t seed) {
    enum { count = 200, steps = 40000 };
    Piece pieces[count];
    memset(pieces, 0, sizeof pieces);
    for (int step = 0; step < steps; step++) {
        Piece *piece = &pieces[next_random(&seed) % count];
        if (piece->start) {
            give_back(*piece);
            piece->start = NULL;
        } else {
            const size_t size = next_random(&seed) % (next_random(&seed) % 16 == 0 ? 40000 : 200);
            *piece = taken(size, (size_t)1 << next_random(&seed) % 9, (unsigned char)step);
        }
    }
    for (int index = 0; index < count; index++) {
        if (pieces[index].start) give_back(pieces[index]);
    }
}

static void *churn_in_thread(void *seed) {
    churn((uintptr_t)seed);
    return NULL;
}

/* Bytes that can be taken in pieces of 1,000, all of which are given back. */
static size_t capacity(void) {
    static void *pieces[20000];
    size_t count = 0;
    while (count < 20000 && (pieces[count] = crg_take(1000, 1)) != NULL) count++;
    for (size_t index = 0; index < count; index++) CHECK(crg_give_back(pieces[index]));
    return count * 1000;
}

static void test_room(void) {
    const size_t reserve = capacity();
    CHECK(reserve > 7000000 && reserve < 8 << 20);
    crg_room *room = crg_open_room(3000000);
    CHECK(room != NULL);
    const size_t both = capacity();
    /* A header of 16 bytes a piece. */
    CHECK(both >= reserve + 2900000 && both <= reserve + 3100000);
    /* One piece may have it all, and an alignment. */
    Piece whole = taken(3000000, 16, 1);
    CHECK(whole.start != NULL);
    give_back(whole);
    Piece aligned = taken(2900000, 65536, 2);
    CHECK(aligned.start != NULL);
    give_back(aligned);
    crg_close_room(room);
    CHECK(capacity() == reserve);
    CHECK(crg_open_room(SIZE_MAX) == NULL && crg_take(SIZE_MAX, 1) == NULL && crg_take(SIZE_MAX - 8, 16) == NULL);
    CHECK(!crg_give_back(&room));
    crg_close_room(NULL);
}

/* What was taken outlives the room; nothing new comes from there. */
static void test_closed_room(void) {
    const size_t reserve = capacity();
    crg_room *room = crg_open_room(1 << 20);
    CHECK(room != NULL);
    Piece first = taken(1000, 1, 3), second = taken(300000, 1, 4);
    crg_close_room(room);
    CHECK(capacity() == reserve);
    give_back(second);
    CHECK(capacity() == reserve);
    for (size_t index = 0; index < first.size; index++) CHECK(first.start[index] == 3);
    give_back(first);
    CHECK(capacity() == reserve);
}

static void test_allocation(void) {
    /* The system has enough: nothing comes from here. */
    void *memory = crg_malloc(100);
    CHECK(memory != NULL && !crg_give_back(memory));
    crg_free(memory);
    crg_free(NULL);
    char *copy = crg_strdup("text");
    CHECK(copy != NULL && strcmp(copy, "text") == 0);
    crg_free(copy);
    /* It has not: no room is as large. */
    CHECK(crg_malloc(SIZE_MAX / 4) == NULL);
}

static atomic_bool is_enough;

static void *take_until_enough(void *user) {
    (void)user;
    while (!is_enough) give_back(taken(200, 1, 7));
    return NULL;
}

/* A child may take while a thread of the parent's held the lock. */
static void test_fork(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, take_until_enough, NULL) == 0);
    for (int index = 0; index < 50; index++) {
        const pid_t process = fork();
        if (process == 0) {
            alarm(10);
            _exit(crg_take(100, 1) ? 0 : 1);
        }
        int status = -1;
        CHECK(waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    is_enough = true;
    pthread_join(thread, NULL);
}

static void test_calls(void) {
    /* With nothing taken, any number of calls may begin, and need no room. */
    enum { count = 1000 };
    static crg_room *rooms[count];
    for (int index = 0; index < count; index++) CHECK(crg_begin_call(&rooms[index]) && !rooms[index]);
    for (int index = 0; index < count; index++) crg_end_call(rooms[index]);
    /* With a quarter taken, the rest suffices for some; the others get one each. */
    const Piece piece = taken(2 << 20, 1, 6);
    CHECK(piece.start != NULL);
    int without = 0;
    for (int index = 0; index < count; index++) {
        CHECK(crg_begin_call(&rooms[index]));
        if (!rooms[index]) without = index + 1;
    }
    CHECK(without > 16 && without < 32);
    for (int index = 0; index < count; index++) crg_end_call(rooms[index]);
    give_back(piece);
    CHECK(crg_begin_call(&rooms[0]) && !rooms[0]);
    crg_end_call(NULL);
}

int main(void) {
    test_room();
    test_closed_room();
    test_allocation();
    test_calls();
    const size_t reserve = capacity();
    churn(1);
    CHECK(capacity() == reserve);
    crg_room *room = crg_open_room(100000);
    pthread_t threads[4];
    for (uintptr_t index = 0; index < 4; index++) {
        CHECK(pthread_create(&threads[index], NULL, churn_in_thread, (void *)(index + 10)) == 0);
    }
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    crg_close_room(room);
    CHECK(capacity() == reserve);
    test_fork();
    puts("passed reserve");
    return 0;
}
