/*
 * The part of the self-test (microphone/self_test.h) that compares when a sound is at each microphone
 * with where the board says that they are. No state.
 */
#ifndef BALAI_MICROPHONE_SELF_TEST_PLACES_H
#define BALAI_MICROPHONE_SELF_TEST_PLACES_H

#include "microphone/self_test.h"

/* Of one loudspeaker. */
struct self_test_arrivals {
	uint32_t known;                /* mask of microphones that hear it */
	double mm[SOUND_CHANNELS_MAX]; /* way of the sound, from any origin */
};

struct self_test_places {
	unsigned int count;
	struct self_test_arrivals loudspeakers[SELF_TEST_LOUDSPEAKERS_MAX];
};

/* The largest distance between two microphones. */
double self_test_places_span_mm(const struct geometry *geometry);

/* Fills in swapped, misplaced and misfit_mm. */
void self_test_places_judge(const struct geometry *geometry, const struct self_test_places *places,
			    struct self_test_result *result);

#endif
