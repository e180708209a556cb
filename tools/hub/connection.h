/*
 * One connection of a room, from accept to close: its handshake, its deadlines, its messages in
 * and out.
 *
 *     lws ── pieces ──► packet ──► session ──► meeting, relay
 *     lws ◄─ frames ─── sender ◄── outbox ◄──────────┘
 *
 * Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_CONNECTION_H
#define BALAI_HUB_CONNECTION_H

#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "tools/hub/admission.h"
#include "tools/hub/meeting.h"
#include "tools/hub/shared.h"

/* PROTOCOL.md, section 1. */
#define CONNECTION_HANDSHAKE_US (5 * CLOCK_US_PER_S)
#define CONNECTION_PING_US (5 * CLOCK_US_PER_S)
#define CONNECTION_SILENCE_US (15 * CLOCK_US_PER_S)
/* How long a close code may take on its way before the connection is cut. */
#define CONNECTION_CLOSING_US (2 * CLOCK_US_PER_S)

struct connection;

/* What connections have in common; must outlive them. */
struct connection_owner {
	struct shared *shared;
	struct meetings *meetings;
	struct admission admission;
	struct connection *list; /* all there are */
	size_t cut_count;        /* of them, those that are cut and about to go */
};

/* Accepted from `address`. Returns 0 and hands over *ret_connection, or -ENOMEM. */
int connection_create(struct connection_owner *owner, const struct in6_addr *address,
		      struct connection **ret_connection) __attribute__((warn_unused_result));

/* Its wsi is gone. NULL is allowed. */
void connection_destroy(struct connection *connection);

/* It has this wsi from now on. */
void connection_bind(struct connection *connection, struct lws *wsi);

/*
 * From the callbacks of its wsi: the websocket stands; a piece of a message came in; something may
 * be written. Negative: the wsi is to be closed.
 */
int connection_open(struct connection *connection) __attribute__((warn_unused_result));
void connection_receive(struct connection *connection, const void *data, size_t length);
int connection_write(struct connection *connection) __attribute__((warn_unused_result));

/* The peer sent a close: lws answers it, nothing else goes out any more. */
void connection_closed_by_peer(struct connection *connection);

/* Looks at the deadlines: to be called about every 100 ms. */
void connection_check(struct connection *connection);

/* Closes with 1001, or at once before the websocket stands. */
void connection_stop(struct connection *connection);

/* Cuts it off without a word. */
void connection_cut(struct connection *connection);

struct connection *connection_of_entry(struct admission_entry *entry);
struct connection *connection_next(const struct connection *connection);
bool connection_is_silent(const struct admission_entry *entry);

#endif
