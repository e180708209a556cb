/*
 * Somebody who looks at a room's fake screen: finds the far pictures (tests/fake/faulty_camera.h) in
 * their tiles, when they were drawn, how long one stood still, and whether one was damaged.
 */
#ifndef BALAI_TESTS_FAKE_VIEWER_H
#define BALAI_TESTS_FAKE_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "screen/screen.h"

struct viewer;

/* What was seen of the camera with one tag. Times are CLOCK_MONOTONIC in µs. */
struct viewer_sight {
	int64_t pictures; /* that were not there before */
	int64_t damaged;  /* with a time strip, but in part of another time or colour */
	int64_t newest_us;
	int64_t seen_us;   /* when the newest was presented */
	int64_t freeze_us; /* the longest time between two since viewer_forget_freezes() */
};

/* Looks at `screen`, a fake one, until that is destroyed. NULL without memory. */
struct viewer *viewer_create(struct screen *screen);

/* After the screen. NULL is allowed. */
void viewer_destroy(struct viewer *viewer);

/* All of these: any thread. */
struct viewer_sight viewer_get(struct viewer *viewer, uint8_t tag);
void viewer_forget_freezes(struct viewer *viewer);

/* Whether the newest screen has a line that calls for somebody to mend something. */
bool viewer_is_alerted(struct viewer *viewer);

#endif
