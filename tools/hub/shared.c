#include "tools/hub/shared.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum {
	REFUSAL_LINES_MAX = 10,
	REFUSAL_REPEAT_US = 2000000,
};

void shared_init(struct shared *shared, const struct clock *clock, size_t memory_max)
{
	*shared = (struct shared){
		.clock = clock,
		.pool.maximum = memory_max,
	};
	buffer_init(&shared->text, MESSAGE_HUB_BYTES_MAX);
}

void shared_finish(struct shared *shared)
{
	buffer_finish(&shared->text);
	message_finish(&shared->in);
}

int64_t shared_now_us(const struct shared *shared)
{
	return shared->clock->now_us(shared->clock->context);
}

int shared_text(struct shared *shared, const struct message *message, struct packet **ret_packet)
{
	struct buffer *text = &shared->text;
	struct packet *packet;
	int r;

	buffer_clear(text);
	r = message_write(message, text);
	if (r < 0)
		return r;
	r = packet_create(&shared->pool, true, text->length, &packet);
	if (r < 0)
		return r;
	r = packet_append(&packet, text->data, text->length);
	if (r < 0) {
		packet_unref(packet);
		return r;
	}
	*ret_packet = packet;
	return 0;
}

void shared_send(struct shared *shared, struct outbox *outbox, const struct message *message)
{
	struct packet *packet;

	if (shared_text(shared, message, &packet) < 0) {
		outbox_end(outbox, 1013, "no memory");
		return;
	}
	outbox_text(outbox, packet);
	packet_unref(packet);
}

/* A room that is refused connects once more to find out why: that is no news. */
static bool is_repeated(struct shared *shared, const char *peer, const char *why, int64_t now_us)
{
	char refusal[sizeof(shared->refusal)];

	snprintf(refusal, sizeof(refusal), "%s: %s", peer, why);
	if (strcmp(refusal, shared->refusal) == 0 &&
	    now_us - shared->refusal_us < REFUSAL_REPEAT_US)
		return true;
	snprintf(shared->refusal, sizeof(shared->refusal), "%s", refusal);
	shared->refusal_us = now_us;
	return false;
}

void shared_refuse(struct shared *shared, enum metrics_refusal refusal, const char *peer,
		   const char *why)
{
	int64_t now_us = shared_now_us(shared);

	shared->metrics.refused[refusal]++;
	if (is_repeated(shared, peer, why, now_us))
		return;
	if (now_us - shared->refusals_since_us >= CLOCK_US_PER_S) {
		if (shared->refusals > REFUSAL_LINES_MAX)
			log_warning("hub", "refused %u more", shared->refusals - REFUSAL_LINES_MAX);
		shared->refusals_since_us = now_us;
		shared->refusals = 0;
	}
	if (++shared->refusals <= REFUSAL_LINES_MAX)
		log_warning("hub", "refused %s", shared->refusal);
}
