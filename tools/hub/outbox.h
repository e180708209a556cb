/*
 * All that waits to go out of one websocket, and the rules of PROTOCOL.md, section 3, for a
 * receiver that reads too slowly.
 *
 *     text    ──► [ 256, 4 MiB ] ── full: the connection ends
 *     roster  ──► [ 1 ] ─────────── a newer one takes its place     ──► outbox_take()
 *     sound   ──► [ 50 ] ────────── full: the oldest is dropped
 *     picture ──► [ 4 MiB, 200 ms ] beyond: all of one flow is dropped
 *
 * taken in this order, but the roster before the texts that came after it. A flow is one layer of one track on its way to this receiver. All functions
 * belong to the hub's one thread.
 */
#ifndef BALAI_HUB_OUTBOX_H
#define BALAI_HUB_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "tools/hub/metrics.h"
#include "tools/hub/packet.h"

#define OUTBOX_TEXTS_MAX 256
#define OUTBOX_TEXT_BYTES_MAX (4U << 20)
#define OUTBOX_SOUNDS_MAX 50
#define OUTBOX_PICTURES_MAX 2048
#define OUTBOX_PICTURE_BYTES_MAX (4U << 20)
#define OUTBOX_PICTURE_WAIT_US (200 * CLOCK_US_PER_MS)

struct outbox;

/* Embedded in what the sender of the flow keeps about it; {0} at first. */
struct outbox_flow {
	size_t bytes; /* of it that wait */
};

/* Who fills the outbox with pictures. Called from outbox_make_room() and outbox_take(). */
struct outbox_source {
	/* Required: what waited of `flow` was dropped. */
	void (*dropped)(void *context, struct outbox_flow *flow);
	/* Required: after a drop, all else has gone out: the path is free again. */
	void (*freed)(void *context);
};

/*
 * wake(context) is called when something is there to take, or the end. The clock and the metrics
 * must outlive it. Returns 0 and hands over *ret_outbox, or -ENOMEM.
 */
int outbox_create(const struct clock *clock, struct metrics *metrics, void (*wake)(void *context),
		  void *context, struct outbox **ret_outbox) __attribute__((warn_unused_result));

/* NULL is allowed. */
void outbox_destroy(struct outbox *outbox);

/* source NULL: none any more; what waits of its flows is forgotten. */
void outbox_set_source(struct outbox *outbox, const struct outbox_source *source, void *context);

/* Each takes a reference of its own. After outbox_end() nothing more is let in. */
void outbox_text(struct outbox *outbox, struct packet *packet);
void outbox_roster(struct outbox *outbox, struct packet *packet);
void outbox_sound(struct outbox *outbox, struct packet *packet);

/*
 * Before a picture of `length` bytes is put in: drops flows until it fits, of those with a picture
 * that waits too long (or, beyond the bytes, of all) the one with the most bytes first.
 */
void outbox_make_room(struct outbox *outbox, size_t length, int64_t now_us);
void outbox_picture(struct outbox *outbox, struct packet *packet, struct outbox_flow *flow,
		    int64_t now_us);

/* What waits of `flow` is forgotten: the flow is about to go away. */
void outbox_forget(struct outbox *outbox, struct outbox_flow *flow);

/*
 * The connection is to be closed with `code` and `reason` (a string that lives on) after the texts
 * that wait; all else is dropped. The first call counts.
 */
void outbox_end(struct outbox *outbox, int code, const char *reason);

/* 0, or the code given to outbox_end(). */
int outbox_ending(const struct outbox *outbox, const char **ret_reason);

/*
 * For the writer, when its socket takes data: hands over the next packet, or returns NULL when
 * nothing waits.
 */
struct packet *outbox_take(struct outbox *outbox);

bool outbox_is_empty(const struct outbox *outbox);

#endif
