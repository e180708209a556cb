/*
 * What waits to be sent: pictures, of which none may wait long, and sound, of which the newest
 * counts.
 *
 *     encoder ──► [ pictures: 200 ms, else all up to the next IDR are dropped ] ──► net
 *     voice ────► [ sound: the oldest are dropped ] ──────────────────────────────► net
 *
 * Any thread puts in, the net thread takes out. Nothing goes in while it is shut or held.
 */
#ifndef BALAI_MEETING_OUTGOING_H
#define BALAI_MEETING_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTGOING_PICTURES_MAX 64
#define OUTGOING_WAIT_US INT64_C(200000)
#define OUTGOING_SOUNDS_MAX 10

struct outgoing;

/* Not sealed yet: that is done under the key of the moment in which it goes out. */
struct outgoing_item {
	uint8_t *payload; /* owned, by malloc() */
	size_t length;
	int64_t capture_us; /* CLOCK_MONOTONIC, as queued_us */
	int64_t queued_us;
	bool is_key;       /* pictures: begins a group */
	uint32_t sequence; /* sound */
};

struct outgoing_stats {
	uint64_t pictures_dropped;
	uint64_t sounds_dropped;
	size_t pictures; /* waiting */
	size_t sounds;
	bool wants_key; /* outgoing_wants_key() is going to be true */
	bool is_held;
};

/* Wipes and frees the payload. */
void outgoing_item_finish(struct outgoing_item *item);

/* Shut. Returns 0 and hands over *ret_outgoing, or -ENOMEM. */
int outgoing_create(struct outgoing **ret_outgoing) __attribute__((warn_unused_result));

/* Finishes what waits. NULL is allowed. */
void outgoing_destroy(struct outgoing *outgoing);

/* Opens it, with the next picture to be an IDR; or shuts it and forgets what waits. */
void outgoing_open(struct outgoing *outgoing);
void outgoing_shut(struct outgoing *outgoing);

/* While held it is as if it were shut, whether it is open or not. Any thread. */
void outgoing_hold(struct outgoing *outgoing, bool is_held);

/*
 * Take over `item` in every case; false when it was dropped, or passed over because it is shut or held. A picture
 * that follows a dropped one is dropped until an IDR comes.
 */
bool outgoing_put_picture(struct outgoing *outgoing, struct outgoing_item *item);
bool outgoing_put_sound(struct outgoing *outgoing, struct outgoing_item *item);

/* A picture got lost on the way here: as if it had been dropped. */
void outgoing_miss_picture(struct outgoing *outgoing);

/* The oldest that is still worth sending at now_us: handed over. False when there is none. */
bool outgoing_take_picture(struct outgoing *outgoing, int64_t now_us,
			   struct outgoing_item *ret_item);
bool outgoing_take_sound(struct outgoing *outgoing, struct outgoing_item *ret_item);

/* True once after pictures were dropped or it was opened: the encoder has to make an IDR. */
bool outgoing_wants_key(struct outgoing *outgoing);

/* When the oldest picture that waits was put in; 0: none waits. */
int64_t outgoing_oldest_us(struct outgoing *outgoing);

struct outgoing_stats outgoing_get_stats(struct outgoing *outgoing);

#endif
