/*
 * The far members of the meeting: for each a decoder for its camera and a source in the mixer for
 * its voice, made and given back as the roster says.
 *
 *     roster ──► far_members_update() ──► wants, tiles on the screen
 *     people ──► far_members_set_people() ──► names on them
 *                                  ┌────► decode thread ──► compositor
 *     object ──► far_members_object() ──► mixer source
 *
 * A member is called what the meeting's group vouches for. The hub's word for it, the id of its box,
 * is for logs, and for a meeting in clear.
 *
 * update and object come from one thread, the meeting's; the rest from any.
 */
#ifndef BALAI_ROOM_FAR_MEMBERS_H
#define BALAI_ROOM_FAR_MEMBERS_H

#include <jansson.h>

#include "e2ee/call_group.h"
#include "meeting/message.h"
#include "screen/compose.h"
#include "screen/decode.h"
#include "speaker/mixer.h"

/* More are on the roster but are not decoded: as many as the layout has tiles for. */
#define FAR_MEMBERS_PICTURES_MAX 25

struct far_members;

struct far_members_config {
	struct compose *compose; /* these two outlive it */
	struct mixer *mixer;
	enum words_language language;
	struct vdec_settings decoder; /* its ops and names outlive it */

	/* A track's layer cannot be decoded until its next key frame. In a decoding thread. */
	void (*need_keyframe)(void *context, struct message_track_layer layer);
	void *context;
};

/* Returns 0 and hands over *ret_far, or -ENOMEM. */
int far_members_create(const struct far_members_config *config, struct far_members **ret_far)
	__attribute__((warn_unused_result));

/* Ends all decoding threads; NULL is allowed. */
void far_members_destroy(struct far_members *far);

/*
 * Takes over a new roster, `you` being this room's own number in it, and fills *ret_want with what
 * the room can show and play. A member whose decoder or source cannot be had is left without, with
 * a log line.
 */
void far_members_update(struct far_members *far, const struct message_roster *roster, uint16_t you,
			struct message_want *ret_want);

/* Who is in the group, by the hub's numbers; others wait for keys. Copied. */
void far_members_set_people(struct far_members *far, const struct call_member *people, size_t n);

/* Whether the meeting is in clear, so that there is but the hub's word for names. */
void far_members_set_clear(struct far_members *far, bool is_clear);

/*
 * One object: the header, its payload (copied), when it arrived and when it was captured, both on
 * this machine's CLOCK_MONOTONIC. `damaged`: something of its track before it is missing.
 */
void far_members_object(struct far_members *far, const struct object_header *header,
			const uint8_t *payload, size_t length, int64_t arrival_us,
			int64_t capture_us);

/*
 * [{"member", "name" (empty: not known yet), "issuer", "verified", "box", "here", "muted", "speaking",
 *   "level_dbov" (of its newest sound), "picture": decode_thread_status() or null, "sound":
 *   mixer_source_to_json() or null, "network": {stats of capture to arrival}}]
 */
json_t *far_members_status(struct far_members *far);

#endif
