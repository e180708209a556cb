/*
 * The insides of the delivery service: delivery.c keeps the door and tells of it,
 * delivery_request.c does what members ask for.
 */
#ifndef BALAI_HUB_DELIVERY_PRIVATE_H
#define BALAI_HUB_DELIVERY_PRIVATE_H

#include "base/base64url.h"
#include "tools/hub/commits.h"
#include "tools/hub/delivery.h"

struct delivery_peer {
	struct delivery *delivery;
	struct delivery_peer *next;
	uint16_t number;
	struct outbox *outbox; /* NULL: lost */
	bool in_group;
	bool has_passed; /* was asked to admit, and did not */
	bool is_waiting; /* for the keeper's answer to its knock */
	int64_t knock_us;
	int64_t requests_since_us; /* start of the second in which they are counted */
	unsigned int requests;
};

struct delivery {
	struct shared *shared;
	struct delivery_owner owner;
	struct delivery_peer *peers;
	enum message_door_state state;
	bool has_changed; /* the door, and all are yet to be told */
	/* While it is open. */
	uint64_t epoch;
	struct delivery_peer *keeper; /* NULL: nobody for now */
	char key[BASE64URL_TEXT_LENGTH(MESSAGE_KEY_BYTES)];
	struct commits commits;
};

/* All are told of what these change by delivery_tell(). */

/* Nobody admits for now. */
void delivery_vacate(struct delivery *delivery);

/* `peer` admits from now on. */
void delivery_take_door(struct delivery_peer *peer, const struct message_text *key);

bool delivery_is_anybody_in(const struct delivery *delivery);
void delivery_forget_group(struct delivery *delivery);

/* The notification in shared->out as a packet. 0, or -ENOMEM. */
int delivery_write(const struct delivery *delivery, struct packet **ret_packet)
	__attribute__((warn_unused_result));

/* To all who are here but `except`; or to those of them who are in the group. */
void delivery_send_to_all(const struct delivery *delivery, struct packet *packet,
			  const struct delivery_peer *except, bool is_for_group);

#endif
