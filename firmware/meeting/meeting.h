/*
 * The call as one member sees it: joins, keeps its seat over losses, publishes a camera and a
 * voice, tells what it wants, and hands over what comes (PROTOCOL.md).
 *
 *     send_picture ─► [200 ms at most] ─► pictures socket ─┐
 *     send_sound ───► [drop oldest] ────► control socket ──┼──► hub
 *     want, request_keyframe ───────────► control socket ──┘
 *     hub ──► object(), roster(), keyframe_wanted(), bitrate(), state()
 *
 * Events come in the net thread and must not block. The functions may be called by any thread but
 * a real-time one, from events too; none waits for the network.
 */
#ifndef BALAI_MEETING_MEETING_H
#define BALAI_MEETING_MEETING_H

#include <jansson.h>
#include <libavcodec/packet.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/message.h"
#include "meeting/object.h"
#include "net/fault.h"

struct meeting;

enum meeting_phase {
	MEETING_CONNECTING, /* on the way to the hub */
	MEETING_JOINING,    /* both sockets are open or opening, the hub has not answered yet */
	MEETING_IN,         /* a member: both sockets are attached */
	MEETING_LOST,       /* not connected; tried again by itself after retry_us */
	MEETING_REFUSED,    /* the hub or this side's own set-up says no; tried again as above */
};

struct meeting_state {
	enum meeting_phase phase;
	struct net_fault fault; /* LOST, REFUSED: why; else NET_FAULT_NONE */
	int code;               /* REFUSED by an error of the hub: enum message_code; else 0 */
	int64_t retry_us;       /* LOST, REFUSED: from now until the next try */
};

struct meeting_events {
	void (*state)(void *context, const struct meeting_state *state);

	/* After joining and at each change; `you` is this member's number. Lent for the call. */
	void (*roster)(void *context, const struct message_roster *roster, uint16_t you);

	/*
	 * An object that was wanted and has no gap before it in its group; lent for the call. Both
	 * times are CLOCK_MONOTONIC of this machine; capture_us is 0 before the clock is known.
	 */
	void (*object)(void *context, const struct object_header *header, const uint8_t *payload,
		       size_t length, int64_t arrival_us, int64_t capture_us);

	/* Somebody cannot decode the camera, or this side gave pictures up: an IDR, please. */
	void (*keyframe_wanted)(void *context);

	/* What the path bears: the camera's bit rate from now on. */
	void (*bitrate)(void *context, int64_t bitrate_bps);
};

struct meeting_config {
	const char *host; /* all strings are copied */
	uint16_t port;
	const char *path;
	const char *meeting;
	const char *ca; /* PEM files */
	const char *certificate;
	const char *key;

	/* What is published. */
	struct message_layer camera; /* its bitrate is the most that bitrate() gives */
	int64_t bitrate_min_bps;     /* and the least */

	struct meeting_events events; /* all are required */
	void *context;
};

/*
 * Connects to nothing yet. Returns 0 and hands over *ret_meeting, -EINVAL for an address or a meeting's
 * name that cannot be, or -ENOMEM. Unusable certificate files are a state, not an error here.
 */
int meeting_create(const struct meeting_config *config, struct meeting **ret_meeting)
	__attribute__((warn_unused_result));

/* Starts the net thread and goes on joining for ever. Returns 0 or -errno. */
int meeting_start(struct meeting *meeting) __attribute__((warn_unused_result));

/*
 * Leaves, waiting at most a second for the hub's answer, and ends the net thread: no event comes
 * after it. What is sent later is passed over. Not in an event.
 */
void meeting_stop(struct meeting *meeting);

/* Stops it if need be. NULL is allowed. */
void meeting_destroy(struct meeting *meeting);

/*
 * One access unit of the camera: pts = capture time (CLOCK_MONOTONIC µs), AV_PKT_FLAG_KEY begins a
 * group. Copied once, into the message that goes out. Passed over while not in the meeting.
 */
void meeting_send_picture(struct meeting *meeting, const AVPacket *packet);

/* One Opus packet of 20 ms. `sequence` counts up by one a packet: the object's group. */
void meeting_send_sound(struct meeting *meeting, uint32_t sequence, int64_t capture_us,
			const uint8_t *data, size_t length);

/* Replaces what is wanted; kept over reconnections. */
void meeting_want(struct meeting *meeting, const struct message_want *want);

/* The layer cannot be decoded until its next group. Put together, at most one a second a layer. */
void meeting_request_keyframe(struct meeting *meeting, struct message_track_layer layer);

/*
 * {"phase": "in", "why": fault's text, "hub": "host:port", "meeting", "member", "resumes",
 *  "rtt_us", "clock_offset_us", "bitrate_bps" (allowed), "pictures": {"sent", "dropped",
 *  "queue", "queue_us", "bytes"}, "sound": {"sent", "dropped", "queue"}, "received": {"pictures",
 *  "sound", "bytes", "gaps", "refused"}}. NULL without memory; the caller owns it.
 */
json_t *meeting_status(struct meeting *meeting);

#endif
