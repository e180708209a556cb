/* What sound_loop_to_json() tells, put together from the loop's parts. */
#ifndef BALAI_SOUND_SOUND_STATUS_H
#define BALAI_SOUND_SOUND_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sound/duplex.h"
#include "sound/keeper.h"

/* In place of a device's number with the keeper: the board names none. */
#define SOUND_STATUS_NONE SIZE_MAX

struct sound_status_parts {
	bool realtime;
	const struct duplex_status *duplex;
	double drift_ppm;
	struct keeper *keeper;
	const struct mic *mic;
	const struct speaker *speaker;
	size_t mic_at; /* its number with the keeper */
	size_t speaker_at;
	size_t sources_at; /* of the first; the others follow */
	size_t source_count;
	const struct mic *source_mics[SOUND_LOOP_SOURCES_MAX];
	const struct source *sources[SOUND_LOOP_SOURCES_MAX];
	json_t *faults; /* of the self-test; NULL: there was none. Its reference is taken */
};

/* As sound_loop_to_json(). */
json_t *sound_status_to_json(const struct sound_status_parts *parts);

#endif
