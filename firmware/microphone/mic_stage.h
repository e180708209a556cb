/*
 * One step of what happens to sound between the microphones and Opus. A chain begins with all of
 * the microphone's channels and ends with one.
 */
#ifndef BALAI_MICROPHONE_MIC_STAGE_H
#define BALAI_MICROPHONE_MIC_STAGE_H

#include "base/sound.h"

struct mic_stage;

/* All members are required. */
struct mic_stage_ops {
	/*
	 * Works in place on `channel_count` channels of SOUND_PERIOD_FRAMES samples each and
	 * returns how many of them, the first ones, carry the result: 1..channel_count.
	 * speaker_reference is what the loudspeaker played while they were captured, at the
	 * microphone's pace. Real-time thread: no heap, lock, log or file.
	 */
	unsigned int (*process)(struct mic_stage *stage, float *const *channels,
				unsigned int channel_count, const float *speaker_reference);

	/* Forgets the past, as when another microphone takes over. Real-time thread. */
	void (*reset)(struct mic_stage *stage);

	void (*destroy)(struct mic_stage *stage);
};

/* The base of every stage, its first member. */
struct mic_stage {
	const struct mic_stage_ops *ops;
};

/*
 * The stage that takes one channel (counted from 0) and removes what lies below 20 Hz from it,
 * with a gain of 1. A channel that the microphone does not have: the last one it has. Returns 0 and
 * hands over *ret_stage, or -ENOMEM.
 */
int mic_pick_create(unsigned int channel, struct mic_stage **ret_stage)
	__attribute__((warn_unused_result));

#endif
