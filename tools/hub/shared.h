/*
 * What all parts of one hub share: the clock, the memory of packets, the counters, and how a
 * message becomes a packet. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_SHARED_H
#define BALAI_HUB_SHARED_H

#include "base/buffer.h"
#include "base/clock.h"
#include "meeting/message.h"
#include "tools/hub/metrics.h"
#include "tools/hub/outbox.h"
#include "tools/hub/packet.h"

struct shared {
	const struct clock *clock;
	struct packet_pool pool;
	struct metrics metrics;
	struct buffer text;        /* scratch of shared_text() */
	struct message in;         /* scratch of whoever reads a message, during one call */
	struct message out;        /* scratch of whoever writes one, during one call */
	int64_t refusals_since_us; /* start of the second in which refusals are counted */
	unsigned int refusals;
	char refusal[256]; /* the one that was logged last, and when */
	int64_t refusal_us;
};

/* In place. The clock must outlive it; memory_max in bytes. */
void shared_init(struct shared *shared, const struct clock *clock, size_t memory_max);
void shared_finish(struct shared *shared);

int64_t shared_now_us(const struct shared *shared);

/* `message` as a packet of text. Returns 0 and hands over *ret_packet, or -errno. */
int shared_text(struct shared *shared, const struct message *message, struct packet **ret_packet)
	__attribute__((warn_unused_result));

/* Puts `message` into the outbox; without memory the connection ends. */
void shared_send(struct shared *shared, struct outbox *outbox, const struct message *message);

/*
 * Counts a refusal and logs "refused `peer`: `why`", where `peer` is who or from where; the same
 * once in 2 s, of a flood ten lines a second and how many more there were.
 */
void shared_refuse(struct shared *shared, enum metrics_refusal refusal, const char *peer,
		   const char *why);

#endif
