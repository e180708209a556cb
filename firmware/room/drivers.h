/*
 * What a room is made of: from a board's words to devices and codecs. The room takes whatever
 * table it is given: that of the real devices (drivers/drivers.h), or a test's fakes.
 *
 * The functions open nothing yet; each returns 0 and hands over, -EINVAL for words that name no
 * device, or -ENOMEM. Called by the thread that creates the room.
 */
#ifndef BALAI_ROOM_DRIVERS_H
#define BALAI_ROOM_DRIVERS_H

#include <stddef.h>

#include "camera/camera.h"
#include "camera/encode.h"
#include "microphone/microphone.h"
#include "screen/decode.h"
#include "screen/screen.h"
#include "speaker/speaker.h"

struct room_drivers {
	int (*camera)(void *context, const char *device, struct cam **ret_cam);

	/* *ret_mic is NULL for a board without one. */
	int (*microphone)(void *context, const char *device, struct mic **ret_mic);

	int (*speaker)(void *context, const char *device, struct speaker **ret_speaker);

	/* memory: the size of a screen that has none of its own. */
	int (*screen)(void *context, const char *device, const struct screen_format *memory,
		      struct screen **ret_screen);

	/* Seconds since 1970, as far as the machine knows. NULL: its own clock. Any thread. */
	uint64_t (*wall_clock)(void *context);

	const struct venc_kind *encoders; /* what a board's order may name */
	size_t n_encoders;
	const struct vdec_kind *decoders;
	size_t n_decoders;
	void *context; /* for the functions above */
};

#endif
