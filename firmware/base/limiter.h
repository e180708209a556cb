/*
 * Keeps sound below clipping: follows peaks at once and lets go over 100 ms, without
 * delay. What stays under the threshold passes unchanged.
 */
#ifndef BALAI_BASE_LIMITER_H
#define BALAI_BASE_LIMITER_H

#include <stddef.h>

/* -1 dBFS */
#define LIMITER_THRESHOLD 0.891251f

/* {0} is ready for use. */
struct limiter {
	float peak;
};

/* In place; no sample is beyond ±LIMITER_THRESHOLD afterwards. Real-time. */
void limiter_run(struct limiter *limiter, float *samples, size_t count);

#endif
