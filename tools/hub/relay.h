/*
 * The relay of one meeting: who publishes which tracks, who wants which layers, and the way of
 * each object from the one to the others (PROTOCOL.md, section 3).
 *
 *     relay_object() ─► track, by number ─► layer ─► each feed ─► outbox of its receiver
 *                                             └────► group, kept for the next who wants it
 *
 * Nothing looks at all members for an object: a number finds its track, a layer knows its feeds.
 * It knows no sockets: what goes out is put in outboxes. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_RELAY_H
#define BALAI_HUB_RELAY_H

#include "tools/hub/shared.h"

struct relay;
struct relay_peer; /* one member, as sender and as receiver */

enum relay_verdict {
	RELAY_OK,
	RELAY_UNWANTED,  /* of a track or layer that is not there (any more); passed over */
	RELAY_FORGED,    /* of another's track */
	RELAY_MISPLACED, /* sound where pictures belong or the reverse, or a header that says so */
};

enum relay_socket {
	RELAY_CONTROL, /* control and sound */
	RELAY_PICTURES,
	RELAY_SOCKETS,
};

/* Returns 0 and hands over *ret_relay, or -ENOMEM. `shared` must outlive it. */
int relay_create(struct shared *shared, struct relay **ret_relay)
	__attribute__((warn_unused_result));

/* All peers must be gone; NULL is allowed. */
void relay_destroy(struct relay *relay);

/* A peer without sockets, tracks and wants; at most MESSAGE_MEMBERS_MAX. 0 or -ENOMEM. */
int relay_add(struct relay *relay, struct relay_peer **ret_peer)
	__attribute__((warn_unused_result));

/* Its tracks and wants go with it; NULL is allowed. */
void relay_remove(struct relay_peer *peer);

/* What goes to the peer from now on; outbox NULL: nowhere. Wants and tracks stay. */
void relay_connect(struct relay_peer *peer, enum relay_socket socket, struct outbox *outbox);

/*
 * Replaces what the peer offers; *ret_published numbers the tracks. The n-th track of a kind keeps
 * the number of the n-th before. 0 or -ENOMEM, and then all is as before.
 */
int relay_publish(struct relay_peer *peer, const struct message_publish *publish,
		  struct message_published *ret_published) __attribute__((warn_unused_result));

/* Replaces what the peer is sent. 0 or -ENOMEM, and then some wants may be missing. */
int relay_want(struct relay_peer *peer, const struct message_want *want)
	__attribute__((warn_unused_result));

/* Somebody needs a new group. 0, or -ENOENT when there is no such track or layer. */
int relay_keyframe(struct relay *relay, const struct message_track_layer *layer)
	__attribute__((warn_unused_result));

/* How late pictures are at a receiver. Tracks that do not exist are passed over. */
void relay_report(struct relay *relay, const struct message_report *report);

/* `packet` came in from `peer` on `socket`; its header is set. */
enum relay_verdict relay_object(struct relay_peer *peer, enum relay_socket socket,
				struct packet *packet);

/* The tracks of the peer, into `member`. */
void relay_describe(const struct relay_peer *peer, struct message_member *member);

/* Does what is due: to be called about every 100 ms. */
void relay_run(struct relay *relay);

/* Lets go all groups that are kept. */
void relay_forget_groups(struct relay *relay);

#endif
