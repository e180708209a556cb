/*
 * Where talkers are: steered response power with phase transform (DiBiase, Silverman and Brandstein,
 * "Robust localization in reverberant rooms", in Brandstein and Ward, "Microphone Arrays", 2001,
 * chapter 8) over a grid of directions, from the bins that stand out of the noise, and two talkers
 * that are followed from peak to peak.
 *
 * One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_DOA_H
#define BALAI_MICROPHONE_DOA_H

#include <stdbool.h>
#include <stdint.h>

#include "microphone/beam_design.h"

#define DOA_TALKERS_MAX 2

struct doa;

struct doa_talker {
	struct beam_look look;
	unsigned int silent_periods; /* since it was last heard */
};

/* Returns 0 and hands over *ret_doa, or -ENOMEM. */
int doa_create(const struct geometry *geometry, struct doa **ret_doa)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void doa_destroy(struct doa *doa);

/* Forgets the talkers and the noise. Real-time. */
void doa_reset(struct doa *doa);

/*
 * One period: the spectra of all microphones, of which those of the mask are looked at. Real-time.
 */
void doa_process(struct doa *doa, AVComplexFloat (*const spectra)[SPECTRUM_BINS],
		 uint32_t microphones);

/*
 * The talkers, the one heard last first; returns how many: 0..DOA_TALKERS_MAX. One that was not
 * heard for long gives its place to another but is not forgotten before.
 */
unsigned int doa_talkers(const struct doa *doa, struct doa_talker talkers[DOA_TALKERS_MAX]);

#endif
