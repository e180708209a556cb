#include "tools/hub/group.h"

#include <stdlib.h>

enum { SIZE_FIRST = 32 };

static void keep_key_alone(struct group *group)
{
	size_t i;

	for (i = 0; i < group->count; i++)
		packet_unref(group->objects[i]);
	free(group->objects);
	group->objects = NULL;
	group->count = 0;
	group->size = 0;
	group->bytes = group->key ? group->key->length : 0;
	group->whole = false;
}

void group_clear(struct group *group)
{
	packet_unref(group->key);
	group->key = NULL;
	keep_key_alone(group);
}

static void begin(struct group *group, struct packet *key, int64_t now_us)
{
	group_clear(group);
	group->key = packet_ref(key);
	group->bytes = key->length;
	group->began_us = now_us;
	group->whole = true;
}

static bool is_next(const struct group *group, const struct packet *packet)
{
	return packet->header.group == group->key->header.group &&
	       packet->header.object == group->count + 1;
}

static bool grow(struct group *group)
{
	size_t size = group->size ? group->size * 2 : SIZE_FIRST;
	struct packet **objects;

	if (size > GROUP_OBJECTS_MAX)
		return false;
	objects = realloc(group->objects, size * sizeof(struct packet *));
	if (!objects)
		return false;
	group->objects = objects;
	group->size = size;
	return true;
}

void group_add(struct group *group, struct packet *packet, int64_t now_us)
{
	if ((packet->header.flags & OBJECT_KEY) != 0) {
		begin(group, packet, now_us);
		return;
	}
	group_expire(group, now_us);
	if (!group->whole)
		return;
	if (!is_next(group, packet) || group->bytes + packet->length > GROUP_BYTES_MAX ||
	    (group->count == group->size && !grow(group))) {
		keep_key_alone(group);
		return;
	}
	group->objects[group->count++] = packet_ref(packet);
	group->bytes += packet->length;
}

void group_expire(struct group *group, int64_t now_us)
{
	if (group->whole && now_us - group->began_us >= GROUP_AGE_US)
		keep_key_alone(group);
}
