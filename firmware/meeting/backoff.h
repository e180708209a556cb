/*
 * How long to wait before the next try to connect (PROTOCOL.md, "Closing"): 0.25 s, doubling to 8 s,
 * each less a random part of up to half, so that rooms that lost a hub together do not come back
 * together.
 */
#ifndef BALAI_MEETING_BACKOFF_H
#define BALAI_MEETING_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_US INT64_C(250000)
#define BACKOFF_MAX_US INT64_C(8000000)

/* {0} is one that has not waited yet. */
struct backoff {
	unsigned int tries; /* private */
};

/* The next wait in µs; `random` is any 32 random bits. */
int64_t backoff_next(struct backoff *backoff, uint32_t random);

/* The connection was good: the next wait is the first again. */
void backoff_reset(struct backoff *backoff);

#endif
