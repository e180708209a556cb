/*
 * A source of sound beside the microphone that sets the pace: a wireless microphone, a line. Its own
 * crystal and the time of its card are taken out, it has its stage, and is added to the room's voice.
 *
 *   read ─► picked channel ─► resampled to the pace (sound/reference.h) ─► stage ─► + voice
 *
 * SOURCE_LATE_US later than the microphone. One thread, the real-time one, but for creation and status.
 */
#ifndef BALAI_SOUND_SOURCE_H
#define BALAI_SOUND_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sound_level.h"
#include "microphone/mic_stage.h"
#include "sound/handover.h"

/* What it waits for a period that its card has not given yet. */
#define SOURCE_LATE_US 30000

struct source;

struct source_config {
	struct handover *mic;    /* of a struct mic */
	unsigned int channel;    /* that is taken, from 0; one that it does not have: its last */
	struct mic_stage *stage; /* leaves one channel; lent */
};

/* Returns 0 and hands over *ret_source, or -ENOMEM. */
int source_create(const struct source_config *config, struct source **ret_source)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void source_destroy(struct source *source);

/*
 * Takes what its device has and adds one period, of capture_us, to `samples`; `reference`: of the
 * loudspeaker meanwhile. Returns false when the device was given back. Real-time.
 */
bool source_add(struct source *source, int64_t now_us, int64_t capture_us, const float *reference,
		float *samples);

/* What it adds. Any thread. */
const struct sound_level *source_level(const struct source *source);

#endif
