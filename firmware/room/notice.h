/*
 * What the room says on its screen about the meeting: from the call's state and how many are in it
 * to a line for people.
 *
 * state and members come from the meeting's thread.
 */
#ifndef BALAI_ROOM_NOTICE_H
#define BALAI_ROOM_NOTICE_H

#include <stddef.h>

#include "meeting/meeting.h"
#include "screen/compose.h"
#include "screen/words.h"

struct notice;

struct notice_config {
	struct compose *compose; /* outlives it */
	enum words_language language;
	const char *meeting; /* these two are copied */
	const char *hub;
};

/* Returns 0 and hands over *ret_notice, or -ENOMEM. */
int notice_create(const struct notice_config *config, struct notice **ret_notice)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void notice_destroy(struct notice *notice);

void notice_state(struct notice *notice, const struct meeting_state *state);

/* How many are on the roster, this room included. */
void notice_members(struct notice *notice, size_t count);

#endif
