/*
 * The devices that the board file names, made through the room's drivers, and what is done to the
 * sound of its microphones. The thread that creates them destroys them.
 */
#ifndef BALAI_ROOM_DEVICES_H
#define BALAI_ROOM_DEVICES_H

#include "microphone/front_end.h"
#include "room/drivers.h"
#include "room/settings.h"
#include "sound/sound_loop.h"

struct devices {
	struct cam *cams[SETTINGS_CAMERAS_MAX];
	struct mic *mic;
	struct speaker *speaker;
	struct screen *screen;

	struct mic_stage *stage;     /* of the microphone */
	struct front_end *front_end; /* that stage, where it is one; else NULL */

	/* The further microphones, with their stages; and these, where they are front ends. */
	struct sound_loop_source sources[SETTINGS_SOURCES_MAX];
	struct front_end *source_front_ends[SETTINGS_SOURCES_MAX];
};

/*
 * Fill `devices`, which is zero before the first. Return 0, or -errno after a line in the log; what
 * was made until then is destroyed by devices_destroy() as ever.
 */
int devices_create(struct devices *devices, const struct settings_board *board,
		   const struct room_drivers *drivers) __attribute__((warn_unused_result));
int devices_create_stages(struct devices *devices, const struct settings_board *board)
	__attribute__((warn_unused_result));

void devices_destroy(struct devices *devices);

#endif
