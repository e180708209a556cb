/*
 * The newest commits of one group, as they were told, for members who come back (PROTOCOL.md,
 * section 6, "What the hub keeps"). Each ends one epoch; the newest ends the epoch before the
 * group's. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_COMMITS_H
#define BALAI_HUB_COMMITS_H

#include <stddef.h>

#include "tools/hub/outbox.h"
#include "tools/hub/packet.h"

#define COMMITS_MAX 64
#define COMMITS_BYTES_MAX ((size_t)1 << 20)

/* A ring; all zero: empty. */
struct commits {
	struct packet *packets[COMMITS_MAX];
	size_t head;
	size_t count;
	size_t bytes;
};

/* Takes a reference of its own; the oldest give way. */
void commits_add(struct commits *commits, struct packet *packet);

/* The newest `count` of them, in their order; nothing where fewer are kept. */
void commits_send(const struct commits *commits, size_t count, struct outbox *outbox);

void commits_clear(struct commits *commits);

#endif
