/*
 * Which microphones and loudspeakers of a room do not work, from what each microphone hears while
 * each loudspeaker in turn plays a sweep: Farina, "Simultaneous measurement of impulse response and
 * distortion with a swept-sine technique", AES convention 108 (2000). From the sweep back to the
 * impulse response; from that who hears whom, and when the sound is at each microphone, which has to
 * fit where the board says that they are.
 *
 * Not for the real-time thread, but self_test_play(). No state.
 */
#ifndef BALAI_MICROPHONE_SELF_TEST_H
#define BALAI_MICROPHONE_SELF_TEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "microphone/geometry.h"

/* Of each loudspeaker: the sweep, and silence for what is late. */
#define SELF_TEST_PERIODS 136
#define SELF_TEST_FRAMES ((size_t)SELF_TEST_PERIODS * SOUND_PERIOD_FRAMES)
#define SELF_TEST_LOUDSPEAKERS_MAX 4

struct self_test_heard {
	struct geometry geometry;  /* count other than `microphones`: they are no array */
	unsigned int microphones;  /* 1..SOUND_CHANNELS_MAX */
	unsigned int loudspeakers; /* 1..SELF_TEST_LOUDSPEAKERS_MAX */
	/* SELF_TEST_FRAMES of each microphone in turn, and so of each loudspeaker. */
	float *recordings;
};

/* Masks: bit n is the microphone or loudspeaker n, counted from 0. */
struct self_test_result {
	uint32_t quiet_loudspeakers; /* no microphone hears them */
	uint32_t silent;             /* microphones that give nothing, not even noise */
	uint32_t deaf;               /* that do not hear what others hear, or 20 dB less */
	uint32_t clipped;
	bool swapped; /* `first` and `second` stand in each other's place */
	unsigned int first, second;
	bool misplaced; /* the microphones do not stand as the board says, whichever are swapped */
	double misfit_mm; /* of the times at the array, as they come; 0: not known */
};

/* Period `period` of what a loudspeaker plays; -20 dBFS at most. Real-time. */
void self_test_play(unsigned int period, float *samples);

/*
 * Returns 0 and fills *ret_result, or -ENOMEM. Two microphones that hear a loudspeaker at the same
 * time cannot be told apart by it, nor an array from its mirror image, and fewer than 4 are not compared
 * with their places.
 */
int self_test_analyse(const struct self_test_heard *heard, struct self_test_result *ret_result)
	__attribute__((warn_unused_result));

/*
 * [{"en":"Microphone 3 gives no sound", "id":"Mikrofon 3 tidak memberi suara"}, …], empty where all is
 * well; counted from 1. NULL without memory; the caller owns it.
 */
json_t *self_test_to_json(const struct self_test_result *result);

#endif
