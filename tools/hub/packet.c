#include "tools/hub/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t footprint(size_t size)
{
	return sizeof(struct packet) + PACKET_HEADROOM + size;
}

int packet_create(struct packet_pool *pool, bool is_text, size_t size, struct packet **ret_packet)
{
	struct packet *packet;

	if (footprint(size) > pool->maximum - pool->bytes)
		return -ENOBUFS;
	packet = malloc(footprint(size));
	if (!packet)
		return -ENOMEM;
	*packet = (struct packet){
		.pool = pool,
		.references = 1,
		.is_text = is_text,
		.size = size,
	};
	pool->bytes += footprint(size);
	*ret_packet = packet;
	return 0;
}

int packet_reserve(struct packet **packet, size_t size)
{
	struct packet_pool *pool = (*packet)->pool;
	struct packet *moved;
	size_t more;

	if (size <= (*packet)->size)
		return 0;
	more = size - (*packet)->size;
	if (more > pool->maximum - pool->bytes)
		return -ENOBUFS;
	moved = realloc(*packet, footprint(size));
	if (!moved)
		return -ENOMEM;
	moved->size = size;
	pool->bytes += more;
	*packet = moved;
	return 0;
}

int packet_append(struct packet **packet, const void *data, size_t length)
{
	size_t needed = (*packet)->length + length;
	int r;

	r = packet_reserve(packet, needed);
	if (r < 0)
		return r;
	memcpy(packet_message(*packet) + (*packet)->length, data, length);
	(*packet)->length = needed;
	return 0;
}

struct packet *packet_ref(struct packet *packet)
{
	packet->references++;
	return packet;
}

void packet_unref(struct packet *packet)
{
	if (!packet || --packet->references > 0)
		return;
	packet->pool->bytes -= footprint(packet->size);
	free(packet);
}
