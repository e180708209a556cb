/*
 * The beamformer of a microphone array: finds talkers (microphone/doa.h), points a superdirective
 * beam at the one who speaks, or two in turn or at once (microphone/beam_design.h), turns smoothly,
 * and leaves out microphones that are dead or broken, which it finds by itself.
 *
 *   microphones ─► spectra ─┬─► doa ─► looks ─► filters
 *                           │                      ▼
 *                           └──────────────► sum of filtered ─► fade when they change ─► one voice
 *
 * Adds BEAM_DESIGN_DELAY_FRAMES. One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_BEAM_H
#define BALAI_MICROPHONE_BEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "microphone/beam_design.h"
#include "microphone/doa.h"

struct beam;

struct beam_status {
	struct doa_talker talkers[DOA_TALKERS_MAX]; /* the one heard last first */
	unsigned int talker_count;
	uint32_t broken; /* mask of microphones that are left out */
};

/* The geometry has 2 microphones or more. Returns 0 and hands over *ret_beam, or -ENOMEM. */
int beam_create(const struct geometry *geometry, enum beam_kind kind, struct beam **ret_beam)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void beam_destroy(struct beam *beam);

/* Forgets talkers and the past; microphones are taken for whole. Real-time. */
void beam_reset(struct beam *beam);

/*
 * One period of the geometry's microphones; samples are finite. `listens`: look for talkers in it
 * (not while a loudspeaker may be taken for one). The voice goes to `out`, which may be one of the
 * microphones. Real-time.
 */
void beam_process(struct beam *beam, float *const *microphones, bool listens, float *out);

/*
 * What other signals of the same microphones are with the same beam, as beam_process() left it: for
 * parts of what they hear. beam_side is the past of these signals, {0} at first.
 */
struct beam_side {
	float past[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES];
};

void beam_process_side(struct beam *beam, struct beam_side *side, float *const *microphones,
		       float *out);

/* Holds the beam there whatever is heard, until reset. Real-time. */
void beam_look_at(struct beam *beam, struct beam_look look);

struct beam_status beam_get_status(const struct beam *beam);

#endif
