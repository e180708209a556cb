/*
 * A room: everything between the camera, the microphone, the meeting, the screen and the speaker.
 *
 * The main thread creates, starts, stops and destroys it and may call the rest at any time; all
 * other threads belong to the room. The room needs no one to be there: a missing camera, card,
 * screen or hub is a state that it shows and leaves by itself.
 */
#ifndef BALAI_ROOM_ROOM_H
#define BALAI_ROOM_ROOM_H

#include <jansson.h>
#include <stdbool.h>

#include "room/drivers.h"
#include "room/settings.h"

struct room;

/*
 * The settings are copied, the driver table must outlive the room. Returns 0 and hands over
 * *ret_room; -ENOMEM; -EINVAL with a log line where the settings name what the drivers lack.
 */
int room_create(const struct settings_room *room_settings, const struct settings_board *board,
		const struct room_drivers *drivers, struct room **ret_room)
	__attribute__((warn_unused_result));

/* Starts all threads. Returns 0 or -errno; after a failure the room can only be destroyed. */
int room_start(struct room *room) __attribute__((warn_unused_result));

/* Leaves the meeting and ends all threads; NULL is allowed. */
void room_destroy(struct room *room);

/* The Status tree; the caller owns it. NULL without memory. */
json_t *room_status(struct room *room);

/*
 * Carries out one Command of the control API:
 *   screenshot     {}                            → {"png": base64}
 *   camera.list    {}                            → {"controls": [{name, minimum, maximum, …}]}
 *   camera.get     {"name": …}                   → {"value": …}
 *   camera.set     {"name": …, "value": …}       → {}
 *   camera.select  {"camera": name}              → {}
 *   sound.echo     {"cancel": true or false}     → {}
 *   sound.mute     {"muted": true or false}      → {}
 * Returns 0 and hands over *ret_result; on failure *ret_result is a string that tells people why,
 * owned by the caller: -ENOENT no such command or name, -EINVAL bad parameters, -ERANGE, -EIO.
 */
int room_command(struct room *room, const char *name, const json_t *params, json_t **ret_result)
	__attribute__((warn_unused_result));

/* False when a thread that must always move has stood still for 5 s: let the watchdog bite. */
bool room_healthy(struct room *room);

#endif
