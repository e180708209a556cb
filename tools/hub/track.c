#include "tools/hub/track.h"

#include <errno.h>
#include <stdlib.h>

struct track *tracks_find(const struct tracks *tracks, uint16_t number)
{
	struct track *track = tracks->slots[number % TRACK_SLOTS];

	return track && track->description.track == number ? track : NULL;
}

/* The number after the newest whose slot is free; 0 when none is. */
static uint16_t free_number(const struct tracks *tracks)
{
	uint16_t number = tracks->newest;
	size_t i;

	for (i = 0; i <= TRACK_SLOTS; i++)
		if (++number != 0 && !tracks->slots[number % TRACK_SLOTS])
			return number;
	return 0;
}

int tracks_add(struct tracks *tracks, struct relay_peer *owner,
	       const struct message_track *description, struct track **ret_track)
{
	uint16_t number = free_number(tracks);
	struct track *track;

	if (number == 0)
		return -ENOSPC;
	track = calloc(1, sizeof(*track));
	if (!track)
		return -ENOMEM;
	track->description = *description;
	track->description.track = number;
	track->owner = owner;
	track->worst_us[0] = track->worst_us[1] = -1;
	tracks->slots[number % TRACK_SLOTS] = track;
	tracks->newest = number;
	*ret_track = track;
	return 0;
}

void tracks_remove(struct tracks *tracks, struct track *track)
{
	size_t i;

	for (i = 0; i < OBJECT_LAYERS_MAX; i++) {
		group_clear(&track->layers[i].group);
		free(track->layers[i].feeds);
	}
	tracks->slots[track->description.track % TRACK_SLOTS] = NULL;
	free(track);
}

size_t track_layer_count(const struct track *track)
{
	return track->description.kind == MESSAGE_SOUND ? 1 : track->description.layer_count;
}

static int make_place(struct layer *layer)
{
	size_t size = layer->feed_size ? layer->feed_size * 2 : 8;
	struct feed **feeds;

	if (layer->feed_count < layer->feed_size)
		return 0;
	feeds = realloc(layer->feeds, size * sizeof(struct feed *));
	if (!feeds)
		return -ENOMEM;
	layer->feeds = feeds;
	layer->feed_size = size;
	return 0;
}

int track_add_feed(struct track *track, uint8_t layer, struct relay_peer *receiver,
		   struct feed **ret_feed)
{
	struct layer *place = &track->layers[layer];
	struct feed *feed;

	if (make_place(place) < 0)
		return -ENOMEM;
	feed = calloc(1, sizeof(*feed));
	if (!feed)
		return -ENOMEM;
	feed->receiver = receiver;
	feed->track = track;
	feed->layer = layer;
	feed->index = place->feed_count;
	place->feeds[place->feed_count++] = feed;
	*ret_feed = feed;
	return 0;
}

void track_remove_feed(struct feed *feed)
{
	struct layer *layer = &feed->track->layers[feed->layer];
	struct feed *last = layer->feeds[--layer->feed_count];

	last->index = feed->index;
	layer->feeds[feed->index] = last;
	free(feed);
}
