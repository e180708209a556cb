/*
 * What the room says on its screen about the meeting: from the call's state, who is in it and how
 * secret it is to one line for people, the most important one at a time, and to the lock and code
 * beside the meeting's name.
 *
 * Any thread.
 */
#ifndef BALAI_ROOM_NOTICE_H
#define BALAI_ROOM_NOTICE_H

#include <jansson.h>
#include <stddef.h>

#include "meeting/meeting.h"
#include "room/secrecy.h"
#include "screen/compose.h"
#include "screen/words.h"

/* So long a line about something that happened stands. */
#define NOTICE_NEWS_US INT64_C(8000000)

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

void notice_secrecy(struct notice *notice, const struct secrecy_state *state);

/* News, said for NOTICE_NEWS_US: members changed; one was refused; the hub deceives. */
void notice_changed(struct notice *notice);
void notice_refused(struct notice *notice, const struct call_refusal *refusal);
void notice_deceived(struct notice *notice);

/* Takes away what has stood long enough; to be called about once a second. */
void notice_tick(struct notice *notice);

/* {"kind": "none", "info" or "alert", "text"}. NULL without memory; the caller owns it. */
json_t *notice_status(struct notice *notice);

#endif
