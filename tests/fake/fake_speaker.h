/*
 * A speaker that remembers what it played and does what a test says. Its results may be set from
 * any thread while it is used.
 */
#ifndef BALAI_TESTS_FAKE_FAKE_SPEAKER_H
#define BALAI_TESTS_FAKE_FAKE_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "speaker/speaker.h"

struct fake_speaker_config {
	/* NULL: it plays by CLOCK_MONOTONIC. Else the test's time in µs. */
	_Atomic int64_t *time_us;
	/* Its crystal against that time in parts per million: 100 plays 0.01 % faster. */
	double drift_ppm;
	size_t frames_max; /* remembers the first ones; what comes later is only counted */
};

/* Returns 0 and hands over *ret_speaker, or -ENOMEM. */
int fake_speaker_create(const struct fake_speaker_config *config, struct speaker **ret_speaker)
	__attribute__((warn_unused_result));

/* What open() gives from now on; SOUND_OK at first. */
void fake_speaker_set_open(struct speaker *speaker, enum sound_result result);

/* What write() gives from now on; SOUND_OK at first and after each open(). */
void fake_speaker_set_write(struct speaker *speaker, enum sound_result result);

/*
 * The remembered frames and when the first was heard; where it ran dry there is silence of that
 * length, as a microphone in front of it would hear. The frames returned do not change any more.
 */
size_t fake_speaker_played(struct speaker *speaker, const float **ret_samples,
			   int64_t *ret_start_us);

/* Periods taken by write() since creation. */
uint64_t fake_speaker_periods(struct speaker *speaker);

bool fake_speaker_is_open(struct speaker *speaker);

/* Waits until so many periods were written. False when deadline_us passed before. */
bool fake_speaker_wait_periods(struct speaker *speaker, uint64_t periods, int64_t deadline_us);

#endif
