/*
 * The microphones' sound on its way to Opus, as one stage: everything that makes one clear voice of
 * an array in a room with a loudspeaker.
 *
 *   channels ─► finite, no offset ─► echo filter each ─► beam ─► echo suppressor ─► noise ─► level
 *                                         ▲                        suppressor (webrtc)
 *                                     reference
 *
 * The order of echo filter and beam is chosen by measurement (README.md). Adds less than 20 ms. A
 * room without an array passes one channel; a room whose own DSP cancels echo leaves that out.
 */
#ifndef BALAI_MICROPHONE_FRONT_END_H
#define BALAI_MICROPHONE_FRONT_END_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "microphone/beam.h"
#include "microphone/mic_stage.h"

enum front_end_order {
	FRONT_END_ECHO_FIRST, /* an echo filter for each microphone */
	FRONT_END_BEAM_FIRST, /* one for the beam */
};

struct front_end_config {
	struct geometry geometry; /* count 0: no array */
	unsigned int pick;        /* the channel of a room without one, counted from 0 */
	enum front_end_order order;
	enum beam_kind beam;
	bool cancels_echo;
	bool suppresses_noise;
};

struct front_end;

/* Returns 0 and hands over *ret_front_end, or -EINVAL, -ENOMEM. */
int front_end_create(const struct front_end_config *config, struct front_end **ret_front_end)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void front_end_destroy(struct front_end *front_end);

/* The stage, lent; destroying it destroys the front end. */
struct mic_stage *front_end_stage(struct front_end *front_end);

/* Any thread: whether echo is cancelled from the next period on. */
void front_end_set_echo(struct front_end *front_end, bool cancels_echo);

/* Any thread may read them; they follow at 10 Hz. */
struct front_end_status {
	_Atomic bool cancels_echo;
	_Atomic bool far_speaks; /* the reference is not silent */
	_Atomic bool has_array;  /* as many channels come as the geometry has */
	/* That come in place of as many as the geometry has; 0: there is no such fault. */
	_Atomic unsigned int other_channels;
	/* Of the AGC. */
	_Atomic float gain_db;
	/* What the echo filter takes away of the far voice, before the suppressor. */
	_Atomic float echo_loss_db;
	_Atomic unsigned int echo_delay_ms; /* that no card told of */
	_Atomic bool echo_is_late;          /* later than can be cancelled */
	/* Masks of channels: left out of the beam; with NaN or infinity, or at full scale, just now. */
	_Atomic uint32_t left_out;
	_Atomic uint32_t spoiled;
	_Atomic uint32_t clipped;
	/* The one heard last first. */
	_Atomic unsigned int talker_count;
	struct {
		_Atomic float azimuth_deg;
		_Atomic float elevation_deg;
		_Atomic unsigned int silent_periods;
	} talkers[DOA_TALKERS_MAX];
};

/* Lives as long as the front end. */
const struct front_end_status *front_end_get_status(const struct front_end *front_end);

/*
 * {"echo":{"on":true, "far_speaks":false, "loss_db":…, "delay_ms":…}, "level":{"gain_db":…},
 *  "array":false, "talkers":[{"azimuth_deg":…, "elevation_deg":…, "silent_ms":…}],
 *  "faults":["channel 3 is left out: …"]}
 * Any thread. NULL without memory; the caller owns it.
 */
json_t *front_end_to_json(const struct front_end *front_end);

#endif
