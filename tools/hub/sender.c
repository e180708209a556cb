#include "tools/hub/sender.h"

#include <errno.h>
#include <string.h>

_Static_assert(PACKET_HEADROOM >= LWS_PRE, "lws writes the frame header before the message");

enum {
	/* With its frame header it fills one TLS record and so goes out by one system call. */
	FRAGMENT_BYTES = 16384 - 4,
	/* Written in one go before others have their turn. */
	FRAGMENTS_MAX = 8,
};

static void await_socket(struct sender *sender)
{
	if (!sender->awaiting)
		lws_callback_on_writable(sender->wsi);
	sender->awaiting = true;
}

bool sender_is_ending(const struct sender *sender)
{
	const char *reason;

	return outbox_ending(sender->outbox, &reason) != 0;
}

static int write_ping(struct sender *sender)
{
	unsigned char bytes[LWS_PRE];

	sender->ping_due = false;
	return lws_write(sender->wsi, bytes + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -EPIPE : 0;
}

static int write_kind(const struct sender *sender, bool is_last)
{
	int kind = LWS_WRITE_CONTINUATION;

	if (sender->written == 0)
		kind = sender->packet->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY;
	return is_last ? kind : kind | LWS_WRITE_NO_FIN;
}

/*
 * The packet is shared and lws puts the frame header into the bytes before the fragment, so these
 * are put back.
 */
static int write_fragment(struct sender *sender)
{
	struct packet *packet = sender->packet;
	uint8_t *start = packet_message(packet) + sender->written, before[PACKET_HEADROOM];
	size_t length = packet->length - sender->written;
	bool is_last = length <= FRAGMENT_BYTES;
	int written;

	if (!is_last)
		length = FRAGMENT_BYTES;
	memcpy(before, start - sizeof(before), sizeof(before));
	written = lws_write(sender->wsi, start, length,
			    (enum lws_write_protocol)write_kind(sender, is_last));
	memcpy(start - sizeof(before), before, sizeof(before));
	if (written < (int)length)
		return -EPIPE;
	sender->written += length;
	return 0;
}

static void finish_packet(struct sender *sender)
{
	struct metrics *metrics = &sender->shared->metrics;
	struct packet *packet = sender->packet;

	if (!packet->is_text) {
		metrics->objects_out++;
		metrics->bytes_out += packet->length;
		metrics_add_delay(metrics, sender->sent_us - packet->arrived_us);
	}
	packet_unref(packet);
	sender->packet = NULL;
}

static int write_next(struct sender *sender)
{
	int r;

	if (!sender->packet) {
		sender->packet = outbox_take(sender->outbox);
		sender->written = 0;
	}
	if (!sender->packet)
		return -ENODATA;
	r = write_fragment(sender);
	if (r < 0)
		return r;
	sender->sent_us = shared_now_us(sender->shared);
	if (sender->written == sender->packet->length)
		finish_packet(sender);
	return 0;
}

/* Stops where the socket takes no more, or others are to have their turn. */
static int write_some(struct sender *sender)
{
	int i, r = 0;

	sender->writing = true;
	if (sender->ping_due)
		r = write_ping(sender);
	for (i = 0; i < FRAGMENTS_MAX && r == 0 && !lws_partial_buffered(sender->wsi); i++)
		r = write_next(sender);
	sender->writing = false;
	if (r == 0)
		await_socket(sender);
	return r == -ENODATA ? 0 : r;
}

/*
 * A socket that took all it was given counts as writable until it takes no more: to ask it first
 * costs each receiver a system call. Within another's callback this one cannot be closed.
 */
static void wake(void *context)
{
	struct sender *sender = context;

	if (sender->writing || sender->awaiting || sender->broken)
		return;
	if (sender_is_ending(sender)) {
		await_socket(sender);
	} else if (write_some(sender) < 0) {
		sender->broken = true;
		lws_set_timeout(sender->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	}
}

int sender_init(struct sender *sender, struct shared *shared, struct lws *wsi)
{
	sender->shared = shared;
	sender->wsi = wsi;
	sender->sent_us = shared_now_us(shared);
	return outbox_create(shared->clock, &shared->metrics, wake, sender, &sender->outbox);
}

void sender_finish(struct sender *sender)
{
	outbox_destroy(sender->outbox);
	packet_unref(sender->packet);
}

void sender_ping(struct sender *sender)
{
	sender->ping_due = true;
	sender->sent_us = shared_now_us(sender->shared);
	await_socket(sender);
}

static int close_if_ending(struct sender *sender)
{
	const char *reason;
	int code = outbox_ending(sender->outbox, &reason);

	if (code == 0)
		return 0;
	lws_close_reason(sender->wsi, (enum lws_close_status)code, (unsigned char *)reason,
			 strlen(reason));
	return -ESHUTDOWN;
}

int sender_write(struct sender *sender)
{
	int r;

	sender->awaiting = false;
	r = write_some(sender);
	/* Where nothing waits any more, that may have been the end. */
	return r < 0 || sender->awaiting ? r : close_if_ending(sender);
}
