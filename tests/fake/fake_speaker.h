/*
 * A speaker that remembers what it played and does what a test says. Its results may be set from
 * any thread while it is used.
 */
#ifndef BALAI_TESTS_FAKE_FAKE_SPEAKER_H
#define BALAI_TESTS_FAKE_FAKE_SPEAKER_H

#include <stddef.h>
#include <stdint.h>

#include "speaker/speaker.h"

struct fake_speaker_config {
	/* NULL: it plays by CLOCK_MONOTONIC. Else the test's time in µs. */
	const _Atomic int64_t *time_us;
	/* Its crystal against that time in parts per million: 100 plays 0.01 % faster. */
	double drift_ppm;
	size_t frames_max; /* remembers the first ones; what is played later is only counted */
};

/* Returns 0 and hands over *ret_speaker, or -ENOMEM. */
int fake_speaker_create(const struct fake_speaker_config *config, struct speaker **ret_speaker)
	__attribute__((warn_unused_result));

/* What open() gives from now on; SOUND_OK at first. */
void fake_speaker_set_open(struct speaker *speaker, enum sound_result result);

/* What write() gives from now on; SOUND_OK at first and after each open(). */
void fake_speaker_set_write(struct speaker *speaker, enum sound_result result);

/*
 * The remembered frames and when the first was heard; a pause (ran dry) is silence of its length,
 * as a microphone in front of it hears. Good while nobody writes, or up to the count returned.
 */
size_t fake_speaker_played(const struct speaker *speaker, const float **ret_samples,
			   int64_t *ret_start_us);

/* Frames taken by write() since creation. */
uint64_t fake_speaker_written(const struct speaker *speaker);

unsigned int fake_speaker_opens(const struct speaker *speaker);

_Bool fake_speaker_is_open(const struct speaker *speaker);

#endif
