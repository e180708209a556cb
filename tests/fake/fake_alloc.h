/*
 * Makes the Nth allocation fail, to walk every out-of-memory path:
 *
 *     for (unsigned int n = 1;; n++) {
 *             fake_alloc_arm(n);
 *             r = operation();
 *             if (!fake_alloc_disarm())
 *                     break;
 *             assert_int_equal(r, -ENOMEM);
 *     }
 *     assert_int_equal(r, 0);
 *
 * The test programs are linked with -Wl,--wrap for malloc, calloc, realloc, strdup and strndup, which
 * reaches the project's own code and static libraries; jansson is told to allocate through here.
 * Other shared libraries are not reached. Each thread arms and counts for itself.
 */
#ifndef BALAI_TESTS_FAKE_ALLOC_H
#define BALAI_TESTS_FAKE_ALLOC_H

#include <stdbool.h>

/* The nth allocation of this thread from now on (1 is the next) returns NULL, once. */
void fake_alloc_arm(unsigned int nth);

/* Disarms. Returns whether the failure was reached since fake_alloc_arm(). */
bool fake_alloc_disarm(void);

#endif
