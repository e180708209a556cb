/*
 * One websocket message, shared by all whom it goes to: text, or an object with its header read.
 *
 * Bytes are added until it is shared with packet_ref(); from then on nobody changes them. All
 * functions belong to the hub's one thread.
 */
#ifndef BALAI_HUB_PACKET_H
#define BALAI_HUB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/object.h"

/* Free bytes before the message, for the frame header that the sender puts in front of it. */
#define PACKET_HEADROOM 16

/* What all packets of one hub hold together. */
struct packet_pool {
	size_t bytes;
	size_t maximum; /* beyond it no packet can be made */
};

struct packet {
	struct packet_pool *pool;
	unsigned int references;
	bool is_text;
	struct object_header header; /* of an object */
	int64_t arrived_us; /* when the last byte of it came in; 0: made by the hub itself */
	size_t length;
	size_t size;     /* bytes that fit after the headroom */
	uint8_t bytes[]; /* PACKET_HEADROOM, then the message */
};

/*
 * With room for `size` bytes and one reference, the caller's. Returns 0 and hands over
 * *ret_packet; -ENOBUFS when the pool is full, -ENOMEM.
 */
int packet_create(struct packet_pool *pool, bool is_text, size_t size, struct packet **ret_packet)
	__attribute__((warn_unused_result));

/*
 * Makes room for `size` bytes in all in a packet that is not shared yet; it may move. Returns 0, or
 * -ENOBUFS or -ENOMEM and leaves it as it was.
 */
int packet_reserve(struct packet **packet, size_t size) __attribute__((warn_unused_result));

/* Adds bytes, and makes room for them where there is none. Returns as above. */
int packet_append(struct packet **packet, const void *data, size_t length)
	__attribute__((warn_unused_result));

struct packet *packet_ref(struct packet *packet);

/* NULL is allowed. */
void packet_unref(struct packet *packet);

static inline uint8_t *packet_message(struct packet *packet)
{
	return packet->bytes + PACKET_HEADROOM;
}

#endif
