/*
 * The weights of a superdirective beamformer: the ones with the least of a diffuse noise field that
 * let the look direction pass unchanged, w = G⁻¹d / (dᴴG⁻¹d), G the coherence of the diffuse field
 * plus a loading that bounds the loss in white-noise gain (Cox, Zeskind and Owen, "Robust adaptive
 * beamforming", IEEE Trans. ASSP 35 (1987); Bitzer and Simmer, "Superdirective microphone arrays",
 * in Brandstein and Ward, "Microphone Arrays", 2001, chapter 2).
 *
 * The inverses are worked out a few bins at a time, so that a real-time thread can take a dead
 * microphone out. One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_BEAM_DESIGN_H
#define BALAI_MICROPHONE_BEAM_DESIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "microphone/geometry.h"
#include "microphone/spectrum.h"

/* A single look direction's white-noise gain is at least that of delay-and-sum less this, in dB. */
#define BEAM_DESIGN_WHITE_LOSS_DB 2.0f

/* Delay of the filters, so that what is ahead of the array's origin is causal, in frames. */
#define BEAM_DESIGN_DELAY_FRAMES 96

enum beam_kind {
	BEAM_SUPERDIRECTIVE,
	BEAM_DELAY_AND_SUM,
};

struct beam_design;

struct beam_look {
	float azimuth_deg;
	float elevation_deg;
};

/* Complete for all microphones. Returns 0 and hands over *ret_design, or -ENOMEM. */
int beam_design_create(const struct geometry *geometry, enum beam_kind kind,
		       struct beam_design **ret_design) __attribute__((warn_unused_result));

/* NULL is allowed. */
void beam_design_destroy(struct beam_design *design);

/* Begins anew for the microphones of a mask (bit m: microphone m), one at least. Real-time. */
void beam_design_begin(struct beam_design *design, uint32_t microphones);

/* Works out the next bins, real-time. True when all are done: at once when nothing was begun. */
bool beam_design_step(struct beam_design *design);

/*
 * The filters of one look direction, or of two that both pass unchanged: filters[m][k] is what bin k
 * of microphone m is multiplied by. At most SOUND_PERIOD_FRAMES long each, for overlap-save.
 * Real-time.
 */
void beam_design_filters(struct beam_design *design, const struct beam_look *looks,
			 unsigned int look_count, AVComplexFloat (*filters)[SPECTRUM_BINS]);

#endif
