/*
 * Time. Every duration and instant inside Balai is int64_t microseconds; instants are
 * CLOCK_MONOTONIC. What needs the time takes a `struct clock`, so that tests can move it.
 */
#ifndef BALAI_BASE_CLOCK_H
#define BALAI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_US_PER_S INT64_C(1000000)
#define CLOCK_US_PER_MS INT64_C(1000)

struct clock {
	int64_t (*now_us)(void *context);
	void *context;
};

/* The machine's own CLOCK_MONOTONIC; lives as long as the program. */
const struct clock *clock_monotonic(void);

/* Now by the machine's own clock. Any thread, real-time included. */
int64_t clock_now_us(void);

/* For pthread_cond_clockwait() and its like; an instant before 0 becomes 0. */
struct timespec clock_timespec(int64_t us);

#endif
