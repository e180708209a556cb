/*
 * The member's side of PROTOCOL.md, in the net thread: both sockets, joining and resuming, what is
 * published and wanted, objects in and out. meeting.c stands between it and other threads.
 *
 *                  ┌──────────────────── after a back-off ─────────────────────┐
 *     CONNECTING ──┴► JOINING ──► IN ──► LOST (the way there or the hub failed) │
 *        control open   joined,          REFUSED (the hub or our set-up says no)┘
 *                       published,
 *                       attached
 */
#ifndef BALAI_MEETING_CALL_H
#define BALAI_MEETING_CALL_H

#include "meeting/group_orders.h"
#include "meeting/incoming.h"
#include "meeting/meeting.h"
#include "meeting/outgoing.h"
#include "net/loop.h"

#define CALL_TICK_US INT64_C(100000)

struct call;

struct call_config {
	struct net_loop *loop;     /* these outlive it */
	struct outgoing *outgoing; /* opened and shut by it */
	struct group_orders *orders;
	const struct meeting_config *meeting;
	void (*changed)(void *context); /* in the net thread, before each state() */
	void *context;
};

/* Objects. */
struct call_cipher_figures {
	uint64_t sealed;
	uint64_t unsealed; /* could not be, and did not go out */
	uint64_t opened;
	uint64_t forged;
	uint64_t replayed;
	uint64_t misattributed;
	uint64_t waiting;  /* now */
	uint64_t unopened; /* their key did not come in time, or there was no memory */
};

/* What Status tells, copied. */
struct call_figures {
	enum meeting_phase phase;
	struct net_fault fault;
	int code;
	uint16_t you; /* 0: no member */
	uint64_t resumes;
	bool is_clock_known;
	int64_t rtt_us;
	int64_t offset_us;
	int64_t bitrate_bps;
	int64_t queue_us;
	uint64_t pictures_sent;
	uint64_t sounds_sent;
	uint64_t bytes_sent; /* of pictures, with headers */
	struct incoming_stats incoming;
	struct call_cipher_figures cipher;
};

/* Any thread. Returns 0 and hands over *ret_call, or -ENOMEM. */
int call_create(const struct call_config *config, struct call **ret_call)
	__attribute__((warn_unused_result));

/* The rest: the net thread. */

/* Closes what is open. NULL is allowed. */
void call_destroy(struct call *call);

void call_start(struct call *call);

/* Says good-bye; done(context) once the hub has heard it, or at once where there is none. */
void call_hang_up(struct call *call, void (*done)(void *context), void *context);

void call_want(struct call *call, const struct message_want *want);

void call_request_keyframe(struct call *call, struct message_track_layer layer);

/* A new epoch began. */
void call_keys_changed(struct call *call);

/* The epoch that it tells as it comes back. */
void call_set_epoch(struct call *call, uint64_t epoch, bool has_epoch);

/* Something was put into `outgoing` or `orders`. */
void call_flush(struct call *call);

/* To be called every CALL_TICK_US. */
void call_tick(struct call *call);

void call_get_figures(struct call *call, struct call_figures *ret_figures);

#endif
