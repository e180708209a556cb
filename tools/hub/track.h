/*
 * The insides of the relay: the tracks of one meeting by their numbers, with their layers and the
 * feeds of each layer. track.c keeps them, publish.c changes them, relay.c routes by them.
 */
#ifndef BALAI_HUB_TRACK_H
#define BALAI_HUB_TRACK_H

#include "tools/hub/group.h"
#include "tools/hub/outbox.h"
#include "tools/hub/relay.h"

/* A power of two with room for the tracks of all members. */
#define TRACK_SLOTS 512
_Static_assert(TRACK_SLOTS >= MESSAGE_MEMBERS_MAX * MESSAGE_TRACKS_MAX, "a slot for every track");

#define TRACK_ASK_EVERY_US CLOCK_US_PER_S
#define TRACK_REPORT_EVERY_US CLOCK_US_PER_S

enum feed_state {
	FEED_WAITING, /* for the next group */
	FEED_FLOWING,
	FEED_STALLED, /* dropped by its outbox; waits until that is free again */
};

/* One layer on its way to one receiver. */
struct feed {
	struct outbox_flow flow; /* first: an outbox_flow of the relay is a feed */
	struct relay_peer *receiver;
	struct track *track;
	uint8_t layer;
	enum feed_state state;
	size_t index; /* its place in the layer's feeds */
};

struct layer {
	struct group group;
	struct feed **feeds;
	size_t feed_count;
	size_t feed_size;
	bool ask;             /* somebody needs a new group, the publisher is yet to be told */
	int64_t ask_again_us; /* not before */
};

struct track {
	struct message_track description; /* with the number */
	struct relay_peer *owner;
	struct layer layers[OBJECT_LAYERS_MAX];
	int64_t worst_us[2]; /* delay reported in this second and in the one before; -1: none */
	int64_t report_again_us;
	bool kept; /* scratch of relay_publish() */
};

struct tracks {
	struct track *slots[TRACK_SLOTS]; /* by number modulo TRACK_SLOTS */
	uint16_t newest;                  /* number given last */
};

struct relay {
	struct shared *shared;
	struct tracks tracks;
	struct relay_peer *peers;
};

struct relay_peer {
	struct relay *relay;
	struct relay_peer *next;
	struct outbox *outboxes[RELAY_SOCKETS]; /* borrowed; NULL: not connected */
	struct track *tracks[MESSAGE_TRACKS_MAX];
	size_t track_count;
	struct feed *feeds[TRACK_SLOTS]; /* to this peer, by the track's slot */
};

/* NULL: no such track. */
struct track *tracks_find(const struct tracks *tracks, uint16_t number);

/* A new track with a number that was not in use lately. 0 or -ENOMEM; -ENOSPC when all are. */
int tracks_add(struct tracks *tracks, struct relay_peer *owner,
	       const struct message_track *description, struct track **ret_track)
	__attribute__((warn_unused_result));

/* No feed may be on it any more. */
void tracks_remove(struct tracks *tracks, struct track *track);

/* Sound has one layer, too. */
size_t track_layer_count(const struct track *track);

/* A feed of `layer` to `receiver`. 0 and *ret_feed, or -ENOMEM. */
int track_add_feed(struct track *track, uint8_t layer, struct relay_peer *receiver,
		   struct feed **ret_feed) __attribute__((warn_unused_result));

void track_remove_feed(struct feed *feed);

/* All feeds of a layer end; the receivers' outboxes forget them. */
void relay_remove_feeds(struct layer *layer);

/* With its feeds. */
void relay_remove_track(struct relay *relay, struct track *track);

#endif
