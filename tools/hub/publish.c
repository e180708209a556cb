#include "tools/hub/relay.h"
#include "tools/hub/track.h"

/* The same kind, not taken yet: the n-th track of a kind stays the n-th. */
static struct track *same_track(const struct relay_peer *peer, enum message_kind kind)
{
	size_t i;

	for (i = 0; i < peer->track_count; i++)
		if (!peer->tracks[i]->kept && peer->tracks[i]->description.kind == kind)
			return peer->tracks[i];
	return NULL;
}

static void undo_publish(struct relay_peer *peer, struct track **tracks, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!tracks[i]->kept)
			tracks_remove(&peer->relay->tracks, tracks[i]);
	for (i = 0; i < peer->track_count; i++)
		peer->tracks[i]->kept = false;
}

static void change_track(struct track *track, const struct message_track *description)
{
	uint16_t number = track->description.track;
	size_t i;

	track->description = *description;
	track->description.track = number;
	for (i = track_layer_count(track); i < OBJECT_LAYERS_MAX; i++) {
		relay_remove_feeds(&track->layers[i]);
		group_clear(&track->layers[i].group);
	}
}

static int find_tracks(struct relay_peer *peer, const struct message_publish *publish,
		       struct track **tracks)
{
	size_t i;
	int r;

	for (i = 0; i < publish->count; i++) {
		tracks[i] = same_track(peer, publish->tracks[i].kind);
		if (tracks[i]) {
			tracks[i]->kept = true;
			continue;
		}
		r = tracks_add(&peer->relay->tracks, peer, &publish->tracks[i], &tracks[i]);
		if (r < 0) {
			undo_publish(peer, tracks, i);
			return r;
		}
	}
	return 0;
}

int relay_publish(struct relay_peer *peer, const struct message_publish *publish,
		  struct message_published *ret_published)
{
	struct track *tracks[MESSAGE_TRACKS_MAX];
	size_t i;
	int r;

	r = find_tracks(peer, publish, tracks);
	if (r < 0)
		return r;
	for (i = 0; i < peer->track_count; i++)
		if (!peer->tracks[i]->kept)
			relay_remove_track(peer->relay, peer->tracks[i]);
	for (i = 0; i < publish->count; i++) {
		if (tracks[i]->kept)
			change_track(tracks[i], &publish->tracks[i]);
		tracks[i]->kept = false;
		peer->tracks[i] = tracks[i];
		ret_published->tracks[i] = tracks[i]->description.track;
	}
	peer->track_count = publish->count;
	ret_published->count = publish->count;
	return 0;
}
