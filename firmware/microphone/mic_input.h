/*
 * The first thing that happens to a channel: what is no number becomes silence, what is beyond full
 * scale is brought to it, and what lies below 20 Hz is removed, with a gain of 1. One thread.
 */
#ifndef BALAI_MICROPHONE_MIC_INPUT_H
#define BALAI_MICROPHONE_MIC_INPUT_H

#include <stdbool.h>

/* {0} is ready for use. */
struct mic_input {
	float last_in;
	float last_out;
	unsigned int spoiled_periods; /* left to tell of it */
	unsigned int clipped_periods;
};

/* One period in place; samples are finite afterwards. Real-time. */
void mic_input_run(struct mic_input *input, float *samples);

/* Whether there was a NaN or an infinity, or full scale, in the last second. */
bool mic_input_was_spoiled(const struct mic_input *input);
bool mic_input_was_clipped(const struct mic_input *input);

#endif
