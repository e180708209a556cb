/*
 * The front end's chain with AEC3 of webrtc-audio-processing as its echo canceller, in the places
 * where it can stand. Reference and beam are those of the room; the level is as it comes, since AEC3 does
 * not say when what it lets through is a voice.
 */
#ifndef BALAI_TESTS_BENCH_SOUND_AEC3_CHAIN_H
#define BALAI_TESTS_BENCH_SOUND_AEC3_CHAIN_H

#include "microphone/geometry.h"

enum aec3_place {
	AEC3_FIRST,       /* of all microphones together, before the beam */
	AEC3_BEHIND_BEAM, /* of the beam's voice */
	AEC3_SUPPRESSES,  /* of the beam's voice, with an echo filter before the beam */
};

struct aec3_chain;

/* Returns 0 and hands over *ret_chain, or -EINVAL, -ENOMEM. */
int aec3_chain_create(const struct geometry *geometry, enum aec3_place place,
		      struct aec3_chain **ret_chain) __attribute__((warn_unused_result));

/* NULL is allowed. */
void aec3_chain_destroy(struct aec3_chain *chain);

/* One period of all microphones; the voice is in the first one's afterwards. */
void aec3_chain_process(struct aec3_chain *chain, const float *reference,
			float *const *microphones);

#endif
