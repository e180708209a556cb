/*
 * Finds the marks of drivers/mic_test.h in sound that came through the whole chain: which room is
 * heard, and how late.
 */
#ifndef BALAI_TESTS_FAKE_SOUND_MARKS_H
#define BALAI_TESTS_FAKE_SOUND_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sound_mark {
	int64_t time_us; /* when the chirp's beginning was heard */
	double strength; /* of what a clean chirp as loud as what is heard there gives: 0..1 */
};

/*
 * Looks for chirps of `room` in 48 kHz mono samples, of which the first is heard at start_us. Fills
 * at most `max` marks, in order of time, and returns how many.
 */
size_t sound_marks_find(const float *samples, size_t count, int64_t start_us, unsigned int room,
			struct sound_mark *marks, size_t max);

/*
 * Mouth to ear: the median, over all marks, of how long after the second it was heard (0..1 s),
 * when start_us is by the same CLOCK_MONOTONIC as the speaking room's. False without a mark.
 */
bool sound_marks_delay(const float *samples, size_t count, int64_t start_us, unsigned int room,
		       int64_t *ret_delay_us);

/* The level of the room's steady tone in dBFS (a full-scale sine is 0); -120 for none. */
double sound_marks_tone_dbfs(const float *samples, size_t count, unsigned int room);

#endif
