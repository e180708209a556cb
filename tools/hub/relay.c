#include "tools/hub/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hub/track.h"

enum { LAYER_NONE = 0xff };

int relay_create(struct shared *shared, struct relay **ret_relay)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return -ENOMEM;
	relay->shared = shared;
	*ret_relay = relay;
	return 0;
}

void relay_destroy(struct relay *relay)
{
	free(relay);
}

int relay_add(struct relay *relay, struct relay_peer **ret_peer)
{
	struct relay_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	peer->relay = relay;
	peer->next = relay->peers;
	relay->peers = peer;
	*ret_peer = peer;
	return 0;
}

static void remove_feed(struct feed *feed)
{
	struct relay_peer *receiver = feed->receiver;

	if (receiver->outboxes[RELAY_PICTURES])
		outbox_forget(receiver->outboxes[RELAY_PICTURES], &feed->flow);
	receiver->feeds[feed->track->description.track % TRACK_SLOTS] = NULL;
	track_remove_feed(feed);
}

void relay_remove_feeds(struct layer *layer)
{
	while (layer->feed_count > 0)
		remove_feed(layer->feeds[layer->feed_count - 1]);
}

void relay_remove_track(struct relay *relay, struct track *track)
{
	size_t i;

	for (i = 0; i < OBJECT_LAYERS_MAX; i++)
		relay_remove_feeds(&track->layers[i]);
	tracks_remove(&relay->tracks, track);
}

void relay_remove(struct relay_peer *peer)
{
	struct relay_peer **place;
	size_t i;

	if (!peer)
		return;
	for (i = 0; i < TRACK_SLOTS; i++)
		if (peer->feeds[i])
			remove_feed(peer->feeds[i]);
	for (i = 0; i < peer->track_count; i++)
		relay_remove_track(peer->relay, peer->tracks[i]);
	for (place = &peer->relay->peers; *place != peer; place = &(*place)->next)
		;
	*place = peer->next;
	free(peer);
}

/* At most once a second a layer, so it may be left to relay_run(). */
static void tell_publisher(struct relay *relay, struct track *track, uint8_t i)
{
	struct outbox *outbox = track->owner->outboxes[RELAY_CONTROL];
	struct layer *layer = &track->layers[i];
	int64_t now_us = shared_now_us(relay->shared);
	struct message *message = &relay->shared->out;

	if (!layer->ask || !outbox || now_us < layer->ask_again_us)
		return;
	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_KEYFRAME;
	message->layer = (struct message_track_layer){track->description.track, i};
	shared_send(relay->shared, outbox, message);
	relay->shared->metrics.keyframes_asked++;
	layer->ask = false;
	layer->ask_again_us = now_us + TRACK_ASK_EVERY_US;
}

static void ask(struct relay *relay, struct track *track, uint8_t layer)
{
	track->layers[layer].ask = true;
	tell_publisher(relay, track, layer);
}

static void put_picture(struct feed *feed, struct packet *packet, int64_t now_us)
{
	struct outbox *outbox = feed->receiver->outboxes[RELAY_PICTURES];

	outbox_make_room(outbox, packet->length, now_us);
	if (feed->state == FEED_FLOWING)
		outbox_picture(outbox, packet, &feed->flow, now_us);
}

/* Sends what is kept of the layer, so that the receiver sees a picture at once. */
static void start_feed(struct feed *feed)
{
	struct relay *relay = feed->receiver->relay;
	struct group *group = &feed->track->layers[feed->layer].group;
	int64_t now_us = shared_now_us(relay->shared);
	size_t i;

	if (feed->track->description.kind == MESSAGE_SOUND) {
		feed->state = FEED_FLOWING;
		return;
	}
	feed->state = FEED_WAITING;
	if (!feed->receiver->outboxes[RELAY_PICTURES])
		return;
	group_expire(group, now_us);
	if (group->key) {
		feed->state = FEED_FLOWING;
		put_picture(feed, group->key, now_us);
	}
	for (i = 0; i < group->count && feed->state == FEED_FLOWING; i++)
		put_picture(feed, group->objects[i], now_us);
	if (!group->whole && feed->state != FEED_STALLED) {
		feed->state = FEED_WAITING;
		ask(relay, feed->track, feed->layer);
	}
}

static void feed_dropped(void *context, struct outbox_flow *flow)
{
	struct feed *feed = (struct feed *)flow;

	(void)context;
	feed->state = FEED_STALLED;
}

/* Only now a new group is asked for: one that stands still would cost all others key frames. */
static void feeds_freed(void *context)
{
	struct relay_peer *peer = context;
	struct feed *feed;
	size_t i;

	for (i = 0; i < TRACK_SLOTS; i++) {
		feed = peer->feeds[i];
		if (feed && feed->state == FEED_STALLED) {
			feed->state = FEED_WAITING;
			ask(peer->relay, feed->track, feed->layer);
		}
	}
}

static const struct outbox_source pictures_source = {
	.dropped = feed_dropped,
	.freed = feeds_freed,
};

/* What is kept of a publisher that is away is no picture of now. */
static void forget_groups(struct relay_peer *peer)
{
	size_t i, j;

	for (i = 0; i < peer->track_count; i++)
		for (j = 0; j < OBJECT_LAYERS_MAX; j++)
			group_clear(&peer->tracks[i]->layers[j].group);
}

void relay_connect(struct relay_peer *peer, enum relay_socket socket, struct outbox *outbox)
{
	struct outbox *before = peer->outboxes[socket];
	size_t i;

	peer->outboxes[socket] = outbox;
	if (socket == RELAY_CONTROL)
		return;
	if (before) {
		outbox_set_source(before, NULL, NULL);
		forget_groups(peer);
	}
	if (outbox)
		outbox_set_source(outbox, &pictures_source, peer);
	for (i = 0; i < TRACK_SLOTS; i++)
		if (peer->feeds[i])
			start_feed(peer->feeds[i]);
}

/* For each slot the layer wanted: of two wants for a track the last counts. */
static void read_wants(const struct relay *relay, const struct message_want *want,
		       uint8_t layers[static TRACK_SLOTS])
{
	const struct track *track;
	size_t i;

	memset(layers, LAYER_NONE, TRACK_SLOTS);
	for (i = 0; i < want->count; i++) {
		track = tracks_find(&relay->tracks, want->wants[i].track);
		if (track && want->wants[i].layer < track_layer_count(track))
			layers[want->wants[i].track % TRACK_SLOTS] = want->wants[i].layer;
	}
}

int relay_want(struct relay_peer *peer, const struct message_want *want)
{
	uint8_t layers[TRACK_SLOTS];
	size_t i;

	read_wants(peer->relay, want, layers);
	for (i = 0; i < TRACK_SLOTS; i++)
		if (peer->feeds[i] && peer->feeds[i]->layer != layers[i])
			remove_feed(peer->feeds[i]);
	for (i = 0; i < TRACK_SLOTS; i++) {
		if (layers[i] == LAYER_NONE || peer->feeds[i])
			continue;
		if (track_add_feed(peer->relay->tracks.slots[i], layers[i], peer, &peer->feeds[i]) <
		    0)
			return -ENOMEM;
		start_feed(peer->feeds[i]);
	}
	return 0;
}

int relay_keyframe(struct relay *relay, const struct message_track_layer *layer)
{
	struct track *track = tracks_find(&relay->tracks, layer->track);

	if (!track || track->description.kind == MESSAGE_SOUND ||
	    layer->layer >= track_layer_count(track))
		return -ENOENT;
	ask(relay, track, layer->layer);
	return 0;
}

void relay_report(struct relay *relay, const struct message_report *report)
{
	struct track *track;
	size_t i;

	for (i = 0; i < report->count; i++) {
		track = tracks_find(&relay->tracks, report->tracks[i].track);
		if (track && report->tracks[i].delay_us > track->worst_us[0])
			track->worst_us[0] = report->tracks[i].delay_us;
	}
}

static bool fits(const struct track *track, enum relay_socket socket,
		 const struct object_header *header)
{
	if (track->description.kind == MESSAGE_SOUND)
		return socket == RELAY_CONTROL && header->priority == 0 &&
		       (header->flags & OBJECT_KEY) != 0;
	return socket == RELAY_PICTURES && header->priority == 1 + header->layer;
}

static void forward_sound(struct layer *layer, struct packet *packet)
{
	struct outbox *outbox;
	size_t i;

	for (i = 0; i < layer->feed_count; i++) {
		outbox = layer->feeds[i]->receiver->outboxes[RELAY_CONTROL];
		if (outbox)
			outbox_sound(outbox, packet);
	}
}

static void forward_picture(struct layer *layer, struct packet *packet, int64_t now_us)
{
	bool key = (packet->header.flags & OBJECT_KEY) != 0;
	struct feed *feed;
	size_t i;

	for (i = 0; i < layer->feed_count; i++) {
		feed = layer->feeds[i];
		if (!feed->receiver->outboxes[RELAY_PICTURES])
			continue;
		if (key && feed->state == FEED_WAITING)
			feed->state = FEED_FLOWING;
		if (feed->state == FEED_FLOWING)
			put_picture(feed, packet, now_us);
	}
}

enum relay_verdict relay_object(struct relay_peer *peer, enum relay_socket socket,
				struct packet *packet)
{
	struct relay *relay = peer->relay;
	struct track *track = tracks_find(&relay->tracks, packet->header.track);
	struct layer *layer;
	int64_t now_us;

	if (track && track->owner != peer)
		return RELAY_FORGED;
	if (track && !fits(track, socket, &packet->header))
		return RELAY_MISPLACED;
	if (!track || packet->header.layer >= track_layer_count(track)) {
		relay->shared->metrics.objects_unwanted++;
		return RELAY_UNWANTED;
	}
	layer = &track->layers[packet->header.layer];
	if (socket == RELAY_CONTROL) {
		forward_sound(layer, packet);
		return RELAY_OK;
	}
	now_us = shared_now_us(relay->shared);
	group_add(&layer->group, packet, now_us);
	if ((packet->header.flags & OBJECT_KEY) != 0)
		layer->ask = false;
	forward_picture(layer, packet, now_us);
	return RELAY_OK;
}

void relay_describe(const struct relay_peer *peer, struct message_member *member)
{
	size_t i;

	member->track_count = (uint8_t)peer->track_count;
	for (i = 0; i < peer->track_count; i++)
		member->tracks[i] = peer->tracks[i]->description;
}

/* The worst of this second and the one before: receivers report at moments of their own. */
static void pass_report_on(struct relay *relay, struct track *track, int64_t now_us)
{
	struct outbox *outbox = track->owner->outboxes[RELAY_CONTROL];
	struct message *message = &relay->shared->out;
	int64_t worst_us = track->worst_us[0];

	if (worst_us < 0 || now_us < track->report_again_us)
		return;
	if (track->worst_us[1] > worst_us)
		worst_us = track->worst_us[1];
	track->worst_us[1] = track->worst_us[0];
	track->worst_us[0] = -1;
	track->report_again_us = now_us + TRACK_REPORT_EVERY_US;
	if (!outbox)
		return;
	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_REPORT;
	message->delay =
		(struct message_delay){.track = track->description.track, .delay_us = worst_us};
	shared_send(relay->shared, outbox, message);
}

void relay_run(struct relay *relay)
{
	int64_t now_us = shared_now_us(relay->shared);
	const struct relay_peer *peer;
	struct track *track;
	size_t i, j;

	for (peer = relay->peers; peer; peer = peer->next)
		for (i = 0; i < peer->track_count; i++) {
			track = peer->tracks[i];
			pass_report_on(relay, track, now_us);
			for (j = 0; j < track_layer_count(track); j++) {
				group_expire(&track->layers[j].group, now_us);
				tell_publisher(relay, track, (uint8_t)j);
			}
		}
}

void relay_forget_groups(struct relay *relay)
{
	struct relay_peer *peer;

	for (peer = relay->peers; peer; peer = peer->next)
		forget_groups(peer);
}
