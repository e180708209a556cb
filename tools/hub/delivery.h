/*
 * The delivery service of one meeting (PROTOCOL.md, section 6): orders the commits of its MLS group
 * by epoch, keeps the newest of them, hands knocks, Welcomes and messages over, and says who admits.
 *
 *     knock   ──► the keeper: who sent `open` or `door` last
 *     commit  ──► first of its epoch? ──► the group, and kept;   its Welcome ──► who is let in
 *     tell    ──► the group
 *
 * What it passes on is sealed: it looks at lengths and epochs alone. It knows no sockets: what goes
 * out is put in outboxes, one packet for all. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_DELIVERY_H
#define BALAI_HUB_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/hub/shared.h"

/* How long a keeper may leave a knock unanswered before others are asked to admit. */
#define DELIVERY_KNOCK_US (5 * CLOCK_US_PER_S)
/* Of `open`, `door`, `knock` and `tell` together, of one member. */
#define DELIVERY_REQUESTS_PER_S 20

struct delivery;
struct delivery_peer; /* one member */

struct delivery_owner {
	/* Required: puts into `keeper` what it has to know before a knock comes: the roster. */
	void (*introduce)(void *context, struct outbox *keeper);
	void *context;
	const char *meeting; /* its name, for the log */
};

/* `shared` and what `owner` points to must outlive it. 0 and *ret_delivery, or -ENOMEM. */
int delivery_create(struct shared *shared, const struct delivery_owner *owner,
		    struct delivery **ret_delivery) __attribute__((warn_unused_result));

/* All peers must be gone; NULL is allowed. */
void delivery_destroy(struct delivery *delivery);

/* A peer outside of the group, without a socket. 0 and *ret_peer, or -ENOMEM. */
int delivery_add(struct delivery *delivery, uint16_t number, struct delivery_peer **ret_peer)
	__attribute__((warn_unused_result));

/* It has left; NULL is allowed. */
void delivery_remove(struct delivery_peer *peer);

/* What goes to the peer from now on; outbox NULL: its control socket is lost. */
void delivery_connect(struct delivery_peer *peer, struct outbox *outbox);

/*
 * After the answer to its `join`, and the roster: the commits since `epoch`, where it has one, is
 * in the group and all of them are kept; then the door.
 */
void delivery_greet(struct delivery_peer *peer, bool has_epoch, uint64_t epoch);

/*
 * A request of section 6. Returns 0; -EEXIST, -ENOENT or -ESTALE, errors 7, 8 and 9; -EDQUOT,
 * error 6: too many in a second; or -ENOMEM: it could not be passed on. The answer is the caller's,
 * and then delivery_tell().
 */
int delivery_request(struct delivery_peer *peer, const struct message *request)
	__attribute__((warn_unused_result));

/* Tells all of the door, where that changed. */
void delivery_tell(struct delivery *delivery);

struct delivery *delivery_of(const struct delivery_peer *peer);

/* Is it in the group, as far as the hub was told? */
bool delivery_has(const struct delivery_peer *peer);

/* Somebody is here and waits, but of the group's members nobody is here to admit. */
bool delivery_is_stuck(const struct delivery *delivery);

/* Does what is due: to be called about every 100 ms. */
void delivery_run(struct delivery *delivery);

/* Lets go the commits that are kept. */
void delivery_forget_commits(struct delivery *delivery);

#endif
