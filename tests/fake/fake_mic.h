/*
 * A microphone that does what a test says. Its results may be set from any thread while it is used.
 */
#ifndef BALAI_TESTS_FAKE_FAKE_MIC_H
#define BALAI_TESTS_FAKE_FAKE_MIC_H

#include <stdbool.h>
#include <stdint.h>

#include "microphone/microphone.h"

struct fake_mic_config {
	unsigned int channels; /* 1..SOUND_CHANNELS_MAX */
	/*
	 * NULL: reads wait in real time by CLOCK_MONOTONIC. Else the test's time in µs: a read
	 * moves it on by one period, one that times out to its deadline, and neither waits.
	 */
	_Atomic int64_t *time_us;
	/* Called before the hear() of each period, with when it began to be captured; or NULL. */
	void (*begin)(void *context, int64_t capture_us);
	/* What channel `channel` hears in frame `frame` since open(); NULL: silence. */
	float (*hear)(void *context, unsigned int channel, int64_t frame);
	void *context;
};

/* Returns 0 and hands over *ret_mic, or -ENOMEM. */
int fake_mic_create(const struct fake_mic_config *config, struct mic **ret_mic)
	__attribute__((warn_unused_result));

/* What open() gives from now on; SOUND_OK at first. */
void fake_mic_set_open(struct mic *mic, enum sound_result result);

/* What read() gives from now on; SOUND_OK at first and after each open(). */
void fake_mic_set_read(struct mic *mic, enum sound_result result);

bool fake_mic_is_open(struct mic *mic);

/* Waits until open() was called so often. False when deadline_us passed before. */
bool fake_mic_wait_opens(struct mic *mic, unsigned int opens, int64_t deadline_us);

/* Waits until so many periods were read since creation. False when deadline_us passed before. */
bool fake_mic_wait_periods(struct mic *mic, uint64_t periods, int64_t deadline_us);

/* Periods read since creation. */
uint64_t fake_mic_periods(struct mic *mic);

#endif
