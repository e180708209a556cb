#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/hub/delivery_private.h"

int delivery_create(struct shared *shared, const struct delivery_owner *owner,
		    struct delivery **ret_delivery)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	if (!delivery)
		return -ENOMEM;
	delivery->shared = shared;
	delivery->owner = *owner;
	delivery->state = MESSAGE_DOOR_NONE;
	*ret_delivery = delivery;
	return 0;
}

void delivery_destroy(struct delivery *delivery)
{
	if (!delivery)
		return;
	if (delivery->state == MESSAGE_DOOR_OPEN)
		delivery->shared->metrics.groups--;
	commits_clear(&delivery->commits);
	free(delivery);
}

int delivery_add(struct delivery *delivery, uint16_t number, struct delivery_peer **ret_peer)
{
	struct delivery_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	peer->delivery = delivery;
	peer->number = number;
	peer->next = delivery->peers;
	delivery->peers = peer;
	*ret_peer = peer;
	return 0;
}

struct delivery *delivery_of(const struct delivery_peer *peer)
{
	return peer->delivery;
}

bool delivery_has(const struct delivery_peer *peer)
{
	return peer->in_group;
}

/* The door */

static void fill_door(const struct delivery *delivery, struct message *message)
{
	struct message_door *door = &message->door;
	const struct delivery_peer *peer;

	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_DOOR;
	*door = (struct message_door){.state = delivery->state, .epoch = delivery->epoch};
	for (peer = delivery->peers; peer; peer = peer->next)
		if (peer->has_passed)
			door->passed[door->passed_count++] = peer->number;
	if (!delivery->keeper)
		return;
	door->member = delivery->keeper->number;
	door->key = (struct message_text){delivery->key, sizeof(delivery->key)};
}

/* The keys of earlier knocks are no longer of use: who waits knocks anew at the next door. */
static void forget_knocks(struct delivery *delivery)
{
	struct delivery_peer *peer;

	for (peer = delivery->peers; peer; peer = peer->next)
		peer->is_waiting = false;
	delivery->has_changed = true;
}

void delivery_vacate(struct delivery *delivery)
{
	delivery->keeper = NULL;
	forget_knocks(delivery);
}

void delivery_take_door(struct delivery_peer *peer, const struct message_text *key)
{
	struct delivery *delivery = peer->delivery;

	delivery->keeper = peer;
	memcpy(delivery->key, key->text, sizeof(delivery->key));
	forget_knocks(delivery);
}

void delivery_forget_group(struct delivery *delivery)
{
	struct delivery_peer *peer;

	if (delivery->state == MESSAGE_DOOR_OPEN)
		delivery->shared->metrics.groups--;
	delivery->state = MESSAGE_DOOR_NONE;
	commits_clear(&delivery->commits);
	for (peer = delivery->peers; peer; peer = peer->next)
		peer->has_passed = false;
	delivery_vacate(delivery);
}

bool delivery_is_anybody_in(const struct delivery *delivery)
{
	const struct delivery_peer *peer = delivery->peers;

	while (peer && !peer->in_group)
		peer = peer->next;
	return peer;
}

/* Where all who could admit have passed, they are asked once more. */
static void ask_again(struct delivery *delivery)
{
	struct delivery_peer *peer;
	bool has_passed = false;

	for (peer = delivery->peers; peer; peer = peer->next) {
		if (!peer->in_group || !peer->outbox)
			continue;
		if (!peer->has_passed)
			return;
		has_passed = true;
	}
	if (!has_passed)
		return;
	for (peer = delivery->peers; peer; peer = peer->next)
		peer->has_passed = false;
	delivery->has_changed = true;
}

void delivery_send_to_all(const struct delivery *delivery, struct packet *packet,
			  const struct delivery_peer *except, bool is_for_group)
{
	const struct delivery_peer *peer;

	for (peer = delivery->peers; peer; peer = peer->next)
		if (peer != except && peer->outbox && (peer->in_group || !is_for_group))
			outbox_text(peer->outbox, packet);
}

int delivery_write(const struct delivery *delivery, struct packet **ret_packet)
{
	delivery->shared->out.form = MESSAGE_NOTIFICATION;
	return shared_text(delivery->shared, &delivery->shared->out, ret_packet) < 0 ? -ENOMEM : 0;
}

/* Who cannot be told of the door would wait at one that is gone. */
static void end_all(const struct delivery *delivery)
{
	const struct delivery_peer *peer;

	for (peer = delivery->peers; peer; peer = peer->next)
		if (peer->outbox)
			outbox_end(peer->outbox, 1013, "no memory");
}

void delivery_tell(struct delivery *delivery)
{
	struct packet *packet;

	if (delivery->state != MESSAGE_DOOR_NONE && !delivery_is_anybody_in(delivery))
		delivery_forget_group(delivery);
	if (delivery->state == MESSAGE_DOOR_OPEN && !delivery->keeper)
		ask_again(delivery);
	if (!delivery->has_changed)
		return;
	delivery->has_changed = false;
	fill_door(delivery, &delivery->shared->out);
	if (delivery_write(delivery, &packet) < 0) {
		end_all(delivery);
		return;
	}
	delivery_send_to_all(delivery, packet, NULL, false);
	packet_unref(packet);
}

void delivery_greet(struct delivery_peer *peer, bool has_epoch, uint64_t epoch)
{
	struct delivery *delivery = peer->delivery;

	if (has_epoch && peer->in_group && epoch < delivery->epoch)
		commits_send(&delivery->commits, delivery->epoch - epoch, peer->outbox);
	fill_door(delivery, &delivery->shared->out);
	shared_send(delivery->shared, peer->outbox, &delivery->shared->out);
}

void delivery_connect(struct delivery_peer *peer, struct outbox *outbox)
{
	peer->outbox = outbox;
	if (outbox)
		return;
	peer->is_waiting = false;
	if (peer->delivery->keeper == peer)
		delivery_vacate(peer->delivery);
	delivery_tell(peer->delivery);
}

void delivery_remove(struct delivery_peer *peer)
{
	struct delivery_peer **place;
	struct delivery *delivery;

	if (!peer)
		return;
	delivery = peer->delivery;
	place = &delivery->peers;
	while (*place != peer)
		place = &(*place)->next;
	*place = peer->next;
	if (delivery->keeper == peer)
		delivery_vacate(delivery);
	if (peer->has_passed)
		delivery->has_changed = true;
	free(peer);
	delivery_tell(delivery);
}

/* What is due */

bool delivery_is_stuck(const struct delivery *delivery)
{
	const struct delivery_peer *peer;
	bool is_anybody_here = false;

	if (delivery->state != MESSAGE_DOOR_OPEN)
		return false;
	for (peer = delivery->peers; peer; peer = peer->next) {
		if (peer->outbox && peer->in_group)
			return false;
		is_anybody_here = is_anybody_here || peer->outbox;
	}
	return is_anybody_here;
}

void delivery_run(struct delivery *delivery)
{
	int64_t now_us = shared_now_us(delivery->shared);
	const struct delivery_peer *peer = delivery->peers;

	while (peer && (!peer->is_waiting || now_us - peer->knock_us < DELIVERY_KNOCK_US))
		peer = peer->next;
	if (!peer)
		return;
	log_warning("hub", "%s: member %u left a knock of member %u unanswered",
		    delivery->owner.meeting, delivery->keeper->number, peer->number);
	delivery->shared->metrics.doors_vacated++;
	delivery->keeper->has_passed = true;
	delivery_vacate(delivery);
	delivery_tell(delivery);
}

void delivery_forget_commits(struct delivery *delivery)
{
	commits_clear(&delivery->commits);
}
