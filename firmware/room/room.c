#include "room/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "panel/live.h"
#include "room/command.h"
#include "room/pipeline.h"

struct room {
	struct settings_room settings;
	struct settings_board board;
	struct pipeline *pipeline;
	struct live *live;
	int64_t started_us;
};

int room_create(const struct settings_room *room_settings, const struct settings_board *board,
		const struct room_drivers *drivers, struct room **ret_room)
{
	struct room *room = calloc(1, sizeof(*room));
	int r;

	if (!room)
		return -ENOMEM;
	room->settings = *room_settings;
	room->board = *board;
	r = pipeline_create(&room->settings, &room->board, drivers, &room->pipeline);
	if (r < 0) {
		free(room);
		return r;
	}
	*ret_room = room;
	return 0;
}

static int copy_screen(void *context, uint64_t *serial, int64_t deadline_us, AVFrame **ret_picture)
{
	struct room *room = context;

	return pipeline_copy_screen(room->pipeline, serial, deadline_us, ret_picture);
}

static int start_live(struct room *room)
{
	const struct settings_address *address = &room->settings.live;
	const struct live_settings settings = {
		.address = address->host,
		.port = address->port,
		.room = room->settings.name[0] ? room->settings.name : room->settings.meeting,
		.copy = copy_screen,
		.context = room,
	};
	int r;

	if (address->host[0] == '\0')
		return 0;
	r = live_create(&settings, &room->live);
	if (r < 0)
		log_error("panel", "no live view at %s port %u: %s", address->host, address->port,
			  strerror(-r));
	return r;
}

int room_start(struct room *room)
{
	int r;

	room->started_us = clock_now_us();
	r = pipeline_start(room->pipeline);
	return r < 0 ? r : start_live(room);
}

void room_destroy(struct room *room)
{
	if (!room)
		return;
	live_destroy(room->live);
	pipeline_destroy(room->pipeline);
	free(room);
}

json_t *room_status(struct room *room)
{
	json_t *status = pipeline_status(room->pipeline);
	json_t *own;

	if (!status)
		return NULL;
	own = json_pack("{s:s, s:s, s:s, s:I}", "name", room->settings.name, "board",
			room->board.name, "meeting", room->settings.meeting, "uptime_s",
			(json_int_t)((clock_now_us() - room->started_us) / CLOCK_US_PER_S));
	if (json_object_set_new(status, "room", own) == 0)
		return status;
	json_decref(status);
	return NULL;
}

int room_command(struct room *room, const char *name, const json_t *params, json_t **ret_result)
{
	return command_run(room->pipeline, name, params, ret_result);
}

bool room_healthy(struct room *room)
{
	return pipeline_healthy(room->pipeline);
}
