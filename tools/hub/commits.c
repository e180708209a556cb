#include "tools/hub/commits.h"

static void drop_oldest(struct commits *commits)
{
	struct packet *packet = commits->packets[commits->head];

	commits->head = (commits->head + 1) % COMMITS_MAX;
	commits->count--;
	commits->bytes -= packet->length;
	packet_unref(packet);
}

void commits_add(struct commits *commits, struct packet *packet)
{
	if (commits->count == COMMITS_MAX)
		drop_oldest(commits);
	commits->packets[(commits->head + commits->count++) % COMMITS_MAX] = packet_ref(packet);
	commits->bytes += packet->length;
	while (commits->bytes > COMMITS_BYTES_MAX)
		drop_oldest(commits);
}

void commits_send(const struct commits *commits, size_t count, struct outbox *outbox)
{
	size_t i;

	if (count > commits->count)
		return;
	for (i = commits->count - count; i < commits->count; i++)
		outbox_text(outbox, commits->packets[(commits->head + i) % COMMITS_MAX]);
}

void commits_clear(struct commits *commits)
{
	while (commits->count > 0)
		drop_oldest(commits);
}
