/*
 * Which counters of a key came already (RFC 9605, section 9.3): the newest and the SFRAME_WINDOW - 1
 * below it are known one by one, and what is older counts as having come. In place, all zeros is an
 * empty window. One thread at a time.
 */
#ifndef BALAI_E2EE_SFRAME_WINDOW_H
#define BALAI_E2EE_SFRAME_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define SFRAME_WINDOW 1024

struct sframe_window {
	bool begun;
	uint64_t newest;
	uint64_t came[SFRAME_WINDOW / 64]; /* a bit a counter, modulo SFRAME_WINDOW */
};

bool sframe_window_is_new(const struct sframe_window *window, uint64_t counter);

/* Once the message was opened: what is forged does not move the window. */
void sframe_window_take(struct sframe_window *window, uint64_t counter);

#endif
