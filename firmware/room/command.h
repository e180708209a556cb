/*
 * The Commands of the control API, carried out on a pipeline.
 */
#ifndef BALAI_ROOM_COMMAND_H
#define BALAI_ROOM_COMMAND_H

#include <jansson.h>

#include "room/pipeline.h"

/* See room_command() in room/room.h. */
int command_run(struct pipeline *pipeline, const char *name, const json_t *params,
		json_t **ret_result) __attribute__((warn_unused_result));

#endif
