/*
 * The room's part in the end-to-end encryption of its meeting: a thread of its own around the MLS
 * group (e2ee/call_group.h), which takes milliseconds that the net thread does not have.
 *
 *     credentials ─► ┌─────────┐ ─► orders ─► meeting
 *     net thread ──► │ secrecy │ ─► keys ───► net thread seals and opens media (room/media_keys.h)
 *     roster, group  └─────────┘ ─► events ─► screen, names
 *
 * Until the credentials can be read the meeting is not entered. They are tried again every few
 * seconds, and why is said.
 */
#ifndef BALAI_ROOM_SECRECY_H
#define BALAI_ROOM_SECRECY_H

#include <jansson.h>

#include "meeting/meeting.h"
#include "room/media_keys.h"
#include "room/settings.h"

struct secrecy;

enum secrecy_phase {
	SECRECY_UNREADY, /* credentials cannot be used: `why` */
	SECRECY_WAITING, /* for keys; `reason` may say why they are late */
	SECRECY_ENCRYPTED,
	SECRECY_CLEAR,
	SECRECY_REFUSED, /* `reason` */
};

struct secrecy_state {
	enum secrecy_phase phase;
	enum call_reason reason;
	const char *why;  /* UNREADY: a line for people; else "" */
	const char *code; /* ENCRYPTED: that of the meeting; else "" */
};

/* All are required. In the thread of secrecy; what is pointed to is lent for the call. */
struct secrecy_events {
	void (*state)(void *context, const struct secrecy_state *state);

	/* Who is in the group, this room too; n is 0 while it is in none. */
	void (*people)(void *context, const struct call_member *people, size_t n);

	/* Others have come to or left the group that this room is in. */
	void (*changed)(void *context);

	void (*refused)(void *context, const struct call_refusal *refusal);

	/* The hub handed on what no member made, or handed it on twice. */
	void (*deceived)(void *context);

	/* Once a second, and whenever something happened. */
	void (*tick)(void *context);
};

struct secrecy_config {
	const struct settings_secrecy *settings; /* copied, as the names */
	const char *name;                        /* of the room */
	const char *meeting;
	uint64_t (*now_s)(void *context); /* since 1970, as far as the machine knows; any thread */
	void *clock;                      /* its context */
	struct secrecy_events events;
	void *context;
};

/* Returns 0 and hands over *ret_secrecy, or -ENOMEM. */
int secrecy_create(const struct secrecy_config *config, struct secrecy **ret_secrecy)
	__attribute__((warn_unused_result));

/* The context of media_keys_cipher() for the meeting; lives as long as the secrecy. */
struct media_keys *secrecy_keys(struct secrecy *secrecy);

/*
 * Starts the thread, and through it the meeting, which has to outlive it. Returns 0 or -errno of
 * starting the thread.
 */
int secrecy_start(struct secrecy *secrecy, struct meeting *meeting)
	__attribute__((warn_unused_result));

/* What the meeting's events of these names say; copied. In the net thread. */
void secrecy_roster(struct secrecy *secrecy, const struct message_roster *roster);
void secrecy_group(struct secrecy *secrecy, const struct meeting_group_event *event);
void secrecy_misdeed(struct secrecy *secrecy, enum meeting_misdeed misdeed);

/* Ends the thread: no event comes after it. The keys stay. */
void secrecy_stop(struct secrecy *secrecy);

/* After the meeting that seals and opens with its keys. Stops it if need be; NULL is allowed. */
void secrecy_destroy(struct secrecy *secrecy);

/*
 * {"state": "encrypted", "why", "code", "epoch", "members": [{"member", "name", "issuer",
 *  "verified", "leaf"}], "refused": [{"member", "name", "reason", "by"}] (the last of them),
 *  "counters": {"epochs", "rejoins", "lost_commits", "forged", "replayed", "refused", "missed"}}.
 * Any thread. NULL without memory; the caller owns it.
 */
json_t *secrecy_status(struct secrecy *secrecy);

#endif
