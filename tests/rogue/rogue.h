/*
 * balai-hub in the hands of somebody who means ill: the real hub, with what comes in and goes out of
 * it passing through here (the linker's --wrap). It writes down all that it sees and, when it is
 * told to, does what no hub would. A program of its own, for tests on one machine.
 *
 *     session_text, session_object ──► recorded ──► the hub ──► misdeed ──► outbox_*
 *
 * BALAI_ROGUE in its environment names a folder: it takes orders, each one datagram with a name of
 * rogue_deeds, at the socket "orders" there, and writes the file "capture". Belongs to the hub's one
 * thread.
 */
#ifndef BALAI_TESTS_ROGUE_H
#define BALAI_TESTS_ROGUE_H

#include "tools/hub/packet.h"

/* To be told by name, "swap-tracks". */
enum rogue_deed {
	ROGUE_NONE,
	ROGUE_ALTER,            /* a bit of each object */
	ROGUE_TRUNCATE,         /* each object */
	ROGUE_STRIP,            /* the first byte of what is sealed */
	ROGUE_REPLAY,           /* each object comes again later */
	ROGUE_REORDER,          /* sound, by pairs */
	ROGUE_DROP,             /* every third object */
	ROGUE_SWAP_TRACKS,      /* the objects of one go as those of the other of its kind */
	ROGUE_SWAP_MEMBERS,     /* the roster gives the tracks of two to each other */
	ROGUE_SAY_LEFT,         /* the roster lacks the second member */
	ROGUE_RENAME,           /* the roster calls everybody "Ruang Palsu" */
	ROGUE_DROP_COMMITS,     /* nobody hears of new ones */
	ROGUE_REPLAY_COMMITS,   /* each comes twice, and the first one after it once more */
	ROGUE_FOREIGN_PACKAGES, /* knocks carry the package that came first */
	ROGUE_DEEDS,            /* how many there are */
};

/* What is to be done now; asks for new orders. */
enum rogue_deed rogue_order(void);

/* Writes down what came in or went out. */
void rogue_record(const void *bytes, size_t length);

/* A packet of its own with the same bytes; NULL without memory. */
struct packet *rogue_copy(struct packet *packet);

/* A packet with the text, or NULL. */
struct packet *rogue_text(struct packet_pool *pool, const char *text);

#endif
