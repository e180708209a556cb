/*
 * What the hub keeps of one picture layer for those who start to want it: the newest group
 * (PROTOCOL.md, section 3, "Newest group").
 *
 * All of the group while it is younger than 1 s and under 4 MiB, then its KEY object alone. All
 * functions belong to the hub's one thread.
 */
#ifndef BALAI_HUB_GROUP_H
#define BALAI_HUB_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "tools/hub/packet.h"

#define GROUP_AGE_US CLOCK_US_PER_S
#define GROUP_BYTES_MAX (4U << 20)
#define GROUP_OBJECTS_MAX 1024

/* Embedded in its layer; {0} is an empty one. */
struct group {
	struct packet *key;      /* NULL: nothing is kept */
	struct packet **objects; /* the others, in their order without a gap */
	size_t count;
	size_t size;
	size_t bytes; /* with the key */
	int64_t began_us;
	bool whole; /* key and objects are all there is of the group so far */
};

/* Lets everything go. */
void group_clear(struct group *group);

/* The publisher sent `packet`, an object of this layer. */
void group_add(struct group *group, struct packet *packet, int64_t now_us);

/* Lets go what is too old to keep. */
void group_expire(struct group *group, int64_t now_us);

#endif
