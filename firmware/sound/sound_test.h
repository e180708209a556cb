/*
 * The self-test of a room's microphones and loudspeakers (microphone/self_test.h) while the sound
 * runs: the real-time thread plays the sweep on one loudspeaker after the other and keeps what the
 * microphones hear; who asks for it waits and judges.
 *
 *   sound_test_run() ──handover──► sound_test_play(), sound_test_hear() ──back──► judged
 */
#ifndef BALAI_SOUND_SOUND_TEST_H
#define BALAI_SOUND_SOUND_TEST_H

#include "microphone/self_test.h"

struct sound_test;

/* Returns 0 and hands over *ret_test, or -ENOMEM. */
int sound_test_create(struct sound_test **ret_test) __attribute__((warn_unused_result));

/* The real-time thread must have ended. NULL is allowed. */
void sound_test_destroy(struct sound_test *test);

struct sound_test_config {
	struct geometry geometry; /* see struct self_test_heard */
	unsigned int microphones;
	unsigned int loudspeakers; /* more than SELF_TEST_LOUDSPEAKERS_MAX: the first of them */
};

/*
 * Begins one, if none is under way, and waits for its end until deadline_us (CLOCK_MONOTONIC). Returns 0
 * and hands over *ret_faults, as self_test_to_json(); -ETIMEDOUT: it is under way, ask again; or -ENOMEM.
 * One thread at a time.
 */
int sound_test_run(struct sound_test *test, const struct sound_test_config *config,
		   int64_t deadline_us, json_t **ret_faults) __attribute__((warn_unused_result));

/*
 * Once for each period that is played: adds the sweep to it while a test is under way. Returns the mask
 * of the speaker's channels that it is for; 0: no test. Real-time.
 */
uint32_t sound_test_play(struct sound_test *test, float *samples);

/* Each period of the microphones as it comes. Real-time. */
void sound_test_hear(struct sound_test *test, float *const *channels, unsigned int count);

#endif
