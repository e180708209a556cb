/*
 * Proves that a stretch of code takes nothing from the heap and gives nothing back, in whatever
 * library it happens, by the hooks that the sanitizers' allocators call.
 */
#ifndef BALAI_TESTS_FAKE_NO_HEAP_H
#define BALAI_TESTS_FAKE_NO_HEAP_H

#include <stdbool.h>

/* Once, before the first use. False when built without a sanitizer: then nothing is counted. */
bool no_heap_install(void) __attribute__((warn_unused_result));

/* From here on, calls of malloc() and free() by this thread are counted. */
void no_heap_begin(void);

/* Until here. Returns how many there were. */
unsigned int no_heap_end(void);

#endif
