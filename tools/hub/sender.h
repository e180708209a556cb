/*
 * The sending side of one websocket: takes packets from its outbox and writes them as frames, as
 * much as the socket takes. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_SENDER_H
#define BALAI_HUB_SENDER_H

#include <libwebsockets.h>
#include <stdbool.h>

#include "tools/hub/outbox.h"
#include "tools/hub/shared.h"

/* Embedded in a connection; {0} may be finished. */
struct sender {
	struct shared *shared;
	struct lws *wsi;
	struct outbox *outbox; /* owned */
	struct packet *packet; /* on its way; NULL: none */
	size_t written;        /* of it */
	int64_t sent_us;       /* when something was written last */
	bool ping_due;
	bool awaiting; /* lws is asked to tell when the socket takes data */
	bool writing;
	bool broken; /* the connection is about to be cut */
};

/* For a websocket that stands. Returns 0 or -ENOMEM. */
int sender_init(struct sender *sender, struct shared *shared, struct lws *wsi)
	__attribute__((warn_unused_result));

void sender_finish(struct sender *sender);

/* Sends a ping. */
void sender_ping(struct sender *sender);

/*
 * The wsi is writable. Negative: it is to be closed, because it is broken or because its outbox has
 * come to its end; the close code is set, then.
 */
int sender_write(struct sender *sender) __attribute__((warn_unused_result));

/* The outbox has ended, whether or not all has gone out. */
bool sender_is_ending(const struct sender *sender);

#endif
