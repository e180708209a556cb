/* The life of a case, for main.c. */
#ifndef BALAI_TESTS_VECTORS_CASE_H
#define BALAI_TESTS_VECTORS_CASE_H

#include "tests/vectors/vectors.h"

struct vector_case *vector_case_create(void);
/* Frees all bytes that were given out. */
void vector_case_destroy(struct vector_case *test);

/* NULL where there is none. */
const char *vector_fault(const struct vector_case *test);

#endif
