/*
 * Which track layers need a new group, put together so that each is asked for at most once a
 * second. Pure: the caller tells the time. One thread.
 */
#ifndef BALAI_MEETING_KEYFRAMES_H
#define BALAI_MEETING_KEYFRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/message.h"

#define KEYFRAMES_EVERY_US INT64_C(1000000)

struct keyframe {
	struct message_track_layer layer;
	bool is_due;
	int64_t asked_us;
};

/* {0} is an empty one. All members are private. */
struct keyframes {
	size_t count;
	struct keyframe layers[MESSAGE_WANTS_MAX];
};

/* The layer needs one. */
void keyframes_add(struct keyframes *keyframes, struct message_track_layer layer);

/* One that is to be asked for now; false when there is none. */
bool keyframes_next(struct keyframes *keyframes, int64_t now_us,
		    struct message_track_layer *ret_layer);

/* Nothing is needed any more. */
void keyframes_clear(struct keyframes *keyframes);

#endif
