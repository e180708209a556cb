/*
 * The first thing that happens to a channel: what is no number becomes silence, what is beyond full
 * scale is brought to it, and what lies below 20 Hz is removed, with a gain of 1. One thread.
 */
#ifndef BALAI_MICROPHONE_INTAKE_H
#define BALAI_MICROPHONE_INTAKE_H

#include <stdbool.h>

/* {0} is ready for use. */
struct intake {
	float last_in;
	float last_out;
	unsigned int spoiled_periods; /* left to tell of it */
	unsigned int clipped_periods;
};

/* One period in place; samples are finite afterwards. Real-time. */
void intake_run(struct intake *intake, float *samples);

/* Whether there was a NaN or an infinity, or full scale, in the last second. */
bool intake_was_spoiled(const struct intake *intake);
bool intake_was_clipped(const struct intake *intake);

#endif
