#include <errno.h>

#include "base/log.h"
#include "tools/hub/delivery_private.h"

static int open_group(struct delivery_peer *peer, const struct message_open *open)
{
	struct delivery *delivery = peer->delivery;

	if (delivery->state != MESSAGE_DOOR_NONE)
		return -EEXIST;
	peer->in_group = true;
	delivery->epoch = 0;
	if (open->clear) {
		delivery->state = MESSAGE_DOOR_CLEAR;
		delivery->has_changed = true;
		log_warning("hub", "%s is in clear, says member %u", delivery->owner.meeting,
			    peer->number);
		return 0;
	}
	delivery->state = MESSAGE_DOOR_OPEN;
	delivery->shared->metrics.groups++;
	delivery_take_door(peer, &open->key);
	return 0;
}

static bool is_in_group(const struct delivery_peer *peer)
{
	return peer->delivery->state == MESSAGE_DOOR_OPEN && peer->in_group;
}

static int keep_door(struct delivery_peer *peer, const struct message_key *key)
{
	if (!is_in_group(peer))
		return -ENOENT;
	delivery_take_door(peer, &key->key);
	return 0;
}

/* Whoever knocks is not in the group any more, and is no keeper then. */
static void put_out(struct delivery_peer *peer)
{
	struct delivery *delivery = peer->delivery;

	peer->in_group = false;
	if (delivery->keeper == peer) {
		peer->has_passed = true;
		delivery_vacate(delivery);
	}
	if (!delivery_is_anybody_in(delivery))
		delivery_forget_group(delivery);
}

static int pass_knock_on(struct delivery_peer *peer, const struct message_knock *knock)
{
	struct delivery *delivery = peer->delivery;
	struct message *message = &delivery->shared->out;
	struct packet *packet;
	int r;

	message->method = MESSAGE_KNOCK;
	message->knock = (struct message_knock){.member = peer->number, .package = knock->package};
	r = delivery_write(delivery, &packet);
	if (r < 0)
		return r;
	delivery->owner.introduce(delivery->owner.context, delivery->keeper->outbox);
	outbox_text(delivery->keeper->outbox, packet);
	packet_unref(packet);
	/* A knock anew gives the keeper no more time. */
	if (!peer->is_waiting)
		peer->knock_us = shared_now_us(delivery->shared);
	peer->is_waiting = true;
	return 0;
}

static int knock_at_door(struct delivery_peer *peer, const struct message_knock *knock)
{
	struct delivery *delivery = peer->delivery;

	if (delivery->state != MESSAGE_DOOR_OPEN)
		return -ENOENT;
	delivery->shared->metrics.knocks++;
	put_out(peer);
	if (delivery->state != MESSAGE_DOOR_OPEN)
		return -ENOENT;
	/* Without a keeper it was sealed for one that is gone. */
	return delivery->keeper ? pass_knock_on(peer, knock) : 0;
}

static struct delivery_peer *find(const struct delivery *delivery, uint16_t number)
{
	struct delivery_peer *peer = delivery->peers;

	while (peer && peer->number != number)
		peer = peer->next;
	return peer;
}

static int write_commit(const struct delivery *delivery, const struct message_commit *commit,
			struct packet **ret_packet)
{
	struct message *message = &delivery->shared->out;

	message->method = MESSAGE_COMMIT;
	message->commit = (struct message_commit){.epoch = commit->epoch, .commit = commit->commit};
	return delivery_write(delivery, ret_packet);
}

static int write_welcome(const struct delivery *delivery, const struct message_commit *commit,
			 struct packet **ret_packet)
{
	struct message *message = &delivery->shared->out;

	message->method = MESSAGE_WELCOME;
	message->welcome =
		(struct message_welcome){.epoch = commit->epoch + 1, .welcome = commit->welcome};
	return delivery_write(delivery, ret_packet);
}

/* Those who are gone meanwhile, or are in, are passed over. */
static void let_in(struct delivery *delivery, const struct message_commit *commit,
		   struct packet *welcome)
{
	struct delivery_peer *peer;
	size_t i;

	for (i = 0; i < commit->member_count; i++) {
		peer = find(delivery, commit->members[i]);
		if (!peer || !peer->outbox || peer->in_group)
			continue;
		outbox_text(peer->outbox, welcome);
		peer->in_group = true;
		peer->is_waiting = false;
		delivery->shared->metrics.welcomes++;
	}
}

static int take_commit(struct delivery_peer *peer, const struct message_commit *commit)
{
	struct delivery *delivery = peer->delivery;
	struct packet *packet, *welcome = NULL;
	int r;

	if (!is_in_group(peer))
		return -ENOENT;
	if (commit->epoch != delivery->epoch) {
		delivery->shared->metrics.commits_late++;
		return -ESTALE;
	}
	r = write_commit(delivery, commit, &packet);
	if (r < 0)
		return r;
	if (commit->member_count > 0)
		r = write_welcome(delivery, commit, &welcome);
	if (r == 0) {
		delivery->epoch++;
		delivery->shared->metrics.commits++;
		delivery_send_to_all(delivery, packet, peer, true);
		commits_add(&delivery->commits, packet);
		let_in(delivery, commit, welcome);
	}
	packet_unref(welcome);
	packet_unref(packet);
	return r;
}

static int tell_group(struct delivery_peer *peer, const struct message_tell *tell)
{
	struct delivery *delivery = peer->delivery;
	struct message *message = &delivery->shared->out;
	struct packet *packet;
	int r;

	if (!is_in_group(peer))
		return -ENOENT;
	message->method = MESSAGE_TELL;
	message->tell = (struct message_tell){.member = peer->number, .message = tell->message};
	r = delivery_write(delivery, &packet);
	if (r < 0)
		return r;
	delivery_send_to_all(delivery, packet, peer, true);
	packet_unref(packet);
	return 0;
}

static int refuse_knock(struct delivery_peer *peer, const struct message_refuse *refuse)
{
	struct delivery *delivery = peer->delivery;
	struct message *message = &delivery->shared->out;
	struct delivery_peer *other = find(delivery, refuse->member);

	if (delivery->keeper != peer)
		return -ENOENT;
	/* It is gone meanwhile, or has its answer. */
	if (!other || !other->is_waiting)
		return 0;
	other->is_waiting = false;
	delivery->shared->metrics.knocks_refused++;
	log_info("hub", "%s: member %u is not let in: %s", delivery->owner.meeting, other->number,
		 message_reason_text(refuse->reason));
	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_REFUSED;
	message->refuse = (struct message_refuse){.reason = refuse->reason};
	shared_send(delivery->shared, other->outbox, message);
	return 0;
}

static bool is_flood(struct delivery_peer *peer)
{
	int64_t now_us = shared_now_us(peer->delivery->shared);

	if (now_us - peer->requests_since_us >= CLOCK_US_PER_S) {
		peer->requests_since_us = now_us;
		peer->requests = 0;
	}
	return ++peer->requests > DELIVERY_REQUESTS_PER_S;
}

/* A commit waits for the answer to the one before, a refusal for a knock: others bound them. */
static bool is_bounded(enum message_method method)
{
	return method == MESSAGE_COMMIT || method == MESSAGE_REFUSE;
}

int delivery_request(struct delivery_peer *peer, const struct message *request)
{
	if (!is_bounded(request->method) && is_flood(peer))
		return -EDQUOT;
	switch (request->method) {
	case MESSAGE_OPEN:
		return open_group(peer, &request->open);
	case MESSAGE_DOOR:
		return keep_door(peer, &request->key);
	case MESSAGE_KNOCK:
		return knock_at_door(peer, &request->knock);
	case MESSAGE_COMMIT:
		return take_commit(peer, &request->commit);
	case MESSAGE_REFUSE:
		return refuse_knock(peer, &request->refuse);
	default:
		return tell_group(peer, &request->tell);
	}
}
