/*
 * The call as one member sees it: joins, keeps its seat over losses, publishes a camera and a
 * voice, tells what it wants, and hands over what comes (PROTOCOL.md).
 *
 *     send_picture ─► [200 ms at most] ─► seal ─► pictures socket ─┐
 *     send_sound ───► [drop oldest] ────► seal ─► control socket ──┼──► hub
 *     want, request_keyframe, send_group ───────► control socket ──┘
 *     hub ──► open ──► object()
 *      │        └─► [held until its key is there]
 *      └────► roster(), keyframe_wanted(), bitrate(), state(), group()
 *
 * What it seals and opens with is the caller's (PROTOCOL.md, "Secrecy"); so is what the messages of
 * the group mean, which it carries as bytes.
 *
 * Events come in the net thread and must not block. The functions may be called by any thread but
 * a real-time one, from events too; none waits for the network.
 */
#ifndef BALAI_MEETING_MEETING_H
#define BALAI_MEETING_MEETING_H

#include <jansson.h>
#include <libavcodec/packet.h>
#include <stdbool.h>
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

/* Who sealed an object, as far as its key tells. */
struct meeting_sealer {
	uint16_t member; /* 0: nobody did, the meeting is in clear */
	enum message_kind kind;
};

/*
 * Seals and opens media, in the net thread. `metadata` is authenticated with it: the object's header
 * and the meeting's name. In a meeting that is in clear both copy. Both return 0 or -errno.
 */
struct meeting_cipher_ops {
	size_t added_max; /* a sealed payload is longer by so many bytes at most */

	/* Writes at most length + added_max bytes. On any error the object does not go out. */
	int (*seal)(void *context, enum message_kind kind, const void *metadata,
		    size_t metadata_length, const uint8_t *plain, size_t length,
		    uint8_t *ret_sealed, size_t *ret_length);

	/*
	 * Writes at most length bytes. -ENOKEY: its key may come, the object is held for a while
	 * (meeting/held.h); -EALREADY: it came before; -EBADMSG: it is not what was sealed. It is
	 * dropped after any other error, too.
	 */
	int (*open)(void *context, const void *metadata, size_t metadata_length,
		    const uint8_t *sealed, size_t length, uint8_t *ret_plain, size_t *ret_length,
		    struct meeting_sealer *ret_sealer);
};

/* What was wrong with an object that could not be opened. */
enum meeting_misdeed {
	MEETING_FORGED,        /* it is not what was sealed */
	MEETING_REPLAYED,      /* it came before */
	MEETING_MISATTRIBUTED, /* another member sealed it, or as another kind */
	MEETING_KEYLESS,       /* its key did not come while it was held; of member 0 */
};

/* What the hub tells of the group, and of this member's place in it (PROTOCOL.md, "Secrecy"). */
enum meeting_group_kind {
	MEETING_GROUP_JOINED, /* the hub: you are `member`; `is_resumed`: still, or again */
	MEETING_GROUP_LOST,   /* no more: what was not answered is not going to be */
	MEETING_GROUP_DOOR,  /* `door`; if OPEN `epoch`, `passed`, and `member` and `key` or none */
	MEETING_GROUP_KNOCK, /* `bytes` of `member` */
	MEETING_GROUP_COMMIT,  /* `bytes`, of `epoch` */
	MEETING_GROUP_WELCOME, /* `bytes`, into `epoch` */
	MEETING_GROUP_TELL,    /* `bytes` of `member` */
	MEETING_GROUP_REFUSED, /* this member, for `reason` */
	MEETING_GROUP_ANSWER,  /* to the oldest `order` of its kind not answered yet: `code` */
};

enum meeting_order_kind {
	MEETING_ORDER_OPEN,       /* `bytes`: the door's key */
	MEETING_ORDER_OPEN_CLEAR, /* nothing more */
	MEETING_ORDER_DOOR,       /* `bytes`: its key */
	MEETING_ORDER_KNOCK,      /* `bytes`: the key package, sealed */
	MEETING_ORDER_COMMIT,     /* `bytes`, of `epoch`; `welcome` for `members` or none */
	MEETING_ORDER_TELL,       /* `bytes` */
	MEETING_ORDER_REFUSE,     /* `member`, for `reason` */
};

struct meeting_bytes {
	const uint8_t *data; /* lent */
	size_t length;
};

/* Only the members that the kind names mean something. */
struct meeting_group_event {
	enum meeting_group_kind kind;
	uint16_t member; /* DOOR: who keeps it; 0: nobody, and there is no key */
	bool is_resumed;
	uint64_t epoch;
	struct meeting_bytes bytes;
	enum message_door_state door;
	uint8_t key[MESSAGE_KEY_BYTES];
	const uint16_t *passed; /* members that shall not keep the door; lent */
	size_t passed_count;
	enum message_reason reason;
	enum meeting_order_kind order;
	int code; /* 0, or the error of the hub: enum message_code */
};

/* Something for the group, or for who wants to get into it. */
struct meeting_group_order {
	enum meeting_order_kind kind;
	uint64_t epoch;
	struct meeting_bytes bytes;
	struct meeting_bytes welcome;
	uint16_t members[MESSAGE_WELCOMED_MAX];
	size_t member_count;
	uint16_t member;
	enum message_reason reason;
};

struct meeting_events {
	void (*state)(void *context, const struct meeting_state *state);

	/* After joining and at each change; `you` is this member's number. Lent for the call. */
	void (*roster)(void *context, const struct message_roster *roster, uint16_t you);

	/*
	 * An object that was wanted, was sealed by the member whose track it is, and has no gap
	 * before it in its group: opened, and lent for the call. Both times are CLOCK_MONOTONIC of
	 * this machine; capture_us is 0 before the clock is known.
	 */
	void (*object)(void *context, const struct object_header *header, const uint8_t *payload,
		       size_t length, int64_t arrival_us, int64_t capture_us);

	/* Somebody cannot decode the camera, or this side gave pictures up: an IDR, please. */
	void (*keyframe_wanted)(void *context);

	/* What the path bears: the camera's bit rate from now on. */
	void (*bitrate)(void *context, int64_t bitrate_bps);

	/* An object was dropped, which came as one of `member`. */
	void (*misdeed)(void *context, enum meeting_misdeed misdeed, uint16_t member);

	/* Of the group, in the order of the hub; lent for the call. */
	void (*group)(void *context, const struct meeting_group_event *event);
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

	struct meeting_events events; /* all are required; the last two by a cipher only */
	void *context;

	const struct meeting_cipher_ops *cipher; /* NULL: media is in clear; outlives the meeting */
	void *cipher_context;
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
 * group. Copied, and sealed on its way out. Passed over while not in the meeting, or held back.
 */
void meeting_send_picture(struct meeting *meeting, const AVPacket *packet);

/* 20 ms of sound (base/sound_state.h). `sequence` counts up by one a packet: the object's group. */
void meeting_send_sound(struct meeting *meeting, uint32_t sequence, int64_t capture_us,
			const uint8_t *data, size_t length);

/* Replaces what is wanted; kept over reconnections. */
void meeting_want(struct meeting *meeting, const struct message_want *want);

/* The layer cannot be decoded until its next group. Put together, at most one a second a layer. */
void meeting_request_keyframe(struct meeting *meeting, struct message_track_layer layer);

/*
 * While true no media goes out. So it begins where there is a cipher, and lasts over reconnections.
 */
void meeting_hold_media(struct meeting *meeting, bool is_held);

/* A new epoch began: what is held is opened now if it can be, and an own IDR is asked for. */
void meeting_keys_changed(struct meeting *meeting);

/* The epoch of this member's group, which it tells the hub as it comes back; !has_epoch: none. */
void meeting_set_epoch(struct meeting *meeting, uint64_t epoch, bool has_epoch);

/*
 * Sends an order, which is copied; they keep their order. Passed over while this member has not
 * joined. Returns 0; -EINVAL, it is larger than PROTOCOL.md allows; -ENOBUFS, too many wait; -ENOMEM.
 */
int meeting_send_group(struct meeting *meeting, const struct meeting_group_order *order)
	__attribute__((warn_unused_result));

/*
 * {"phase": "in", "why": fault's text, "hub": "host:port", "meeting", "member", "resumes",
 *  "rtt_us", "clock_offset_us", "bitrate_bps" (allowed), "pictures": {"sent", "dropped",
 *  "queue", "queue_us", "bytes"}, "sound": {"sent", "dropped", "queue"}, "received": {"pictures",
 *  "sound", "bytes", "gaps", "refused"}, "held_back": true while no media goes out, "cipher":
 *  null or {"sealed", "unsealed" (could not be), "opened", "forged", "replayed", "misattributed",
 *  "waiting" (for their key), "unopened" (it did not come)}}. NULL without memory; the caller owns it.
 */
json_t *meeting_status(struct meeting *meeting);

#endif
