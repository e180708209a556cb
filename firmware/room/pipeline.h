/*
 * The one place that joins the ends: camera, encoder, meeting, decoders, screen, microphone, mixer
 * and speaker. Each end is a part of its own that knows nothing of the others.
 *
 * The thread that creates it starts, stops and destroys it; status, copies and camera controls may
 * be asked for by any thread while it lives.
 */
#ifndef BALAI_ROOM_PIPELINE_H
#define BALAI_ROOM_PIPELINE_H

#include <jansson.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "room/drivers.h"
#include "room/settings.h"

struct pipeline;

/* See room_create() in room/room.h. */
int pipeline_create(const struct settings_room *room, const struct settings_board *board,
		    const struct room_drivers *drivers, struct pipeline **ret_pipeline)
	__attribute__((warn_unused_result));

/* Starts every part, the meeting last. Returns 0 or -errno; then it can only be destroyed. */
int pipeline_start(struct pipeline *pipeline) __attribute__((warn_unused_result));

/* Leaves the meeting and ends every part's threads. NULL is allowed. */
void pipeline_destroy(struct pipeline *pipeline);

/*
 * {"camera", "encoder", "sound", "front_end", "voice", "meeting", "secrecy", "members", "screen", "notice"}:
 * each what the part of that name says. NULL without memory; the caller owns it.
 */
json_t *pipeline_status(struct pipeline *pipeline);

/* compose_copy() of the room's screen. */
int pipeline_copy_screen(struct pipeline *pipeline, uint64_t *serial, int64_t deadline_us,
			 AVFrame **ret_picture) __attribute__((warn_unused_result));

/* The camera in use, lent for its controls; NULL on a board without one. */
struct cam *pipeline_camera(struct pipeline *pipeline);

/* Goes over to the camera of that name. Returns 0 or -ENOENT. */
int pipeline_select_camera(struct pipeline *pipeline, const char *name)
	__attribute__((warn_unused_result));

/*
 * Whether echo is cancelled here, or done by the room's own DSP. Returns 0, or -ENODEV where the
 * microphone's sound is sent as it is.
 */
int pipeline_set_echo(struct pipeline *pipeline, bool cancels_echo)
	__attribute__((warn_unused_result));

/* The others hear nothing of this room, and are told so. */
void pipeline_set_muted(struct pipeline *pipeline, bool is_muted);

/* sound_loop_test() of the room's microphones. */
int pipeline_test_sound(struct pipeline *pipeline, int64_t deadline_us, json_t **ret_faults)
	__attribute__((warn_unused_result));

/* False when a thread that must always move has stood still. */
bool pipeline_healthy(struct pipeline *pipeline);

#endif
