/* The tests, which tests.c runs in turn. */
#ifndef TESTS_H
#define TESTS_H

#include "check.h"

#if defined(__cplusplus)
extern "C" {
#endif

void test_library(void);
void test_model(void);
void test_embedding(void);
void test_text(void);
void test_session(void);
void test_generation(void);
void test_logprobs(void);
void test_turns(void);
void test_messages(void);
void test_constraint(void);
void test_stopping(void);
void test_together(void);
void test_keeping(void);
void test_threads(void);
void test_processes(void);
void test_lost_file(void);
void test_memory(void);
void test_allocations(void);
void test_room(void);

#if defined(__cplusplus)
}
#endif
#endif
