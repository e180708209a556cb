#include "tests/rogue/rogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The one hub of this program. */
static struct {
	bool is_open;
	int orders;
	FILE *capture;
	enum rogue_deed deed;
} rogue;

static const char *const names[ROGUE_DEEDS] = {
	[ROGUE_NONE] = "none",
	[ROGUE_ALTER] = "alter",
	[ROGUE_TRUNCATE] = "truncate",
	[ROGUE_STRIP] = "strip",
	[ROGUE_REPLAY] = "replay",
	[ROGUE_REORDER] = "reorder",
	[ROGUE_DROP] = "drop",
	[ROGUE_SWAP_TRACKS] = "swap-tracks",
	[ROGUE_SWAP_MEMBERS] = "swap-members",
	[ROGUE_SAY_LEFT] = "say-left",
	[ROGUE_RENAME] = "rename",
	[ROGUE_DROP_COMMITS] = "drop-commits",
	[ROGUE_REPLAY_COMMITS] = "replay-commits",
	[ROGUE_FOREIGN_PACKAGES] = "foreign-packages",
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void open_folder(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *folder = getenv("BALAI_ROGUE");
	char path[256];

	if (!folder)
		die("BALAI_ROGUE");
	snprintf(path, sizeof(path), "%s/capture", folder);
	rogue.capture = fopen(path, "we");
	if (!rogue.capture)
		die(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/orders", folder);
	rogue.orders = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (rogue.orders < 0 ||
	    bind(rogue.orders, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(address.sun_path);
	rogue.is_open = true;
}

enum rogue_deed rogue_order(void)
{
	char name[32];
	ssize_t length;

	if (!rogue.is_open)
		open_folder();
	while ((length = recv(rogue.orders, name, sizeof(name) - 1, 0)) > 0) {
		name[length] = '\0';
		for (enum rogue_deed deed = ROGUE_NONE; deed < ROGUE_DEEDS; deed++) {
			if (strcmp(name, names[deed]) == 0)
				rogue.deed = deed;
		}
	}
	return rogue.deed;
}

void rogue_record(const void *bytes, size_t length)
{
	if (!rogue.is_open)
		open_folder();
	if (fwrite(&length, sizeof(length), 1, rogue.capture) != 1 ||
	    fwrite(bytes, 1, length, rogue.capture) != length || fflush(rogue.capture) != 0)
		die("capture");
}

static struct packet *make(struct packet_pool *pool, bool is_text, const void *bytes, size_t length)
{
	struct packet *packet;

	if (packet_create(pool, is_text, length, &packet) < 0)
		return NULL;
	memcpy(packet_message(packet), bytes, length);
	packet->length = length;
	return packet;
}

struct packet *rogue_copy(struct packet *packet)
{
	struct packet *copy =
		make(packet->pool, packet->is_text, packet_message(packet), packet->length);

	if (copy) {
		copy->header = packet->header;
		copy->arrived_us = packet->arrived_us;
	}
	return copy;
}

struct packet *rogue_text(struct packet_pool *pool, const char *text)
{
	return make(pool, true, text, strlen(text));
}
