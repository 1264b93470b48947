/* Runs the tests of the C library: tests MODEL OTHER BROKEN FOLDER [--tool] [NAME...] */
#include "tests.h"

const char *model_path, *other_path, *broken_path, *folder;
bool is_bare = true;

typedef struct Test {
    const char *name;
    void (*run)(void);
    /* Needs memory limits, or processes, that tools such as valgrind don't have. */
    bool needs_bare;
} Test;

static const Test tests[] = {
    {"library", test_library, false},
    {"model", test_model, false},
    {"embedding", test_embedding, false},
    {"text", test_text, false},
    {"session", test_session, false},
    {"generation", test_generation, false},
    {"logprobs", test_logprobs, false},
    {"turns", test_turns, false},
    {"messages", test_messages, false},
    {"constraint", test_constraint, false},
    {"stopping", test_stopping, false},
    {"together", test_together, false},
    {"keeping", test_keeping, false},
    {"threads", test_threads, false},
    {"processes", test_processes, true},
    {"lost_file", test_lost_file, true},
    {"memory", test_memory, true},
    {"allocations", test_allocations, true},
    {"room", test_room, true},
};

static bool is_wanted(const Test *test, int count, char **names) {
    for (int index = 0; index < count; index++) {
        if (strcmp(names[index], test->name) == 0) return true;
    }
    return count == 0;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: %s MODEL OTHER BROKEN FOLDER [--tool] [NAME...]\n", argv[0]);
        return 64;
    }
    model_path = argv[1];
    other_path = argv[2];
    broken_path = argv[3];
    folder = argv[4];
    is_bare = argc < 6 || strcmp(argv[5], "--tool") != 0;
    const int first_name = is_bare ? 5 : 6;

    int passed = 0, failed = 0, skipped = 0;
    for (size_t index = 0; index < sizeof tests / sizeof *tests; index++) {
        const Test *test = &tests[index];
        if (!is_wanted(test, argc - first_name, argv + first_name) || (test->needs_bare && !is_bare)) {
            skipped++;
            continue;
        }
        const int before = failures;
        test->run();
        printf("%s %s\n", failures == before ? "passed" : "FAILED", test->name);
        fflush(stdout);
        if (failures == before) {
            passed++;
        } else {
            failed++;
        }
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0 || passed == 0;
}
