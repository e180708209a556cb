/*
 * What waits to be said to the group: orders (meeting.h) as the text that they become, in the order
 * in which they were given. Bounded; what does not fit is refused, and nothing is dropped.
 *
 * Any thread puts in, the net thread takes out.
 */
#ifndef BALAI_MEETING_GROUP_ORDERS_H
#define BALAI_MEETING_GROUP_ORDERS_H

#include "meeting/meeting.h"

#define GROUP_ORDERS_MAX 128
/* Of their bytes as text. */
#define GROUP_ORDERS_BYTES_MAX (4U << 20)

struct group_orders;

struct group_order {
	struct group_order *next; /* private */
	enum meeting_order_kind kind;
	uint64_t epoch;
	struct message_text bytes;
	struct message_text welcome;
	uint16_t members[MESSAGE_WELCOMED_MAX];
	size_t member_count;
	uint16_t member;
	enum message_reason reason;
	char texts[]; /* of both */
};

/* Empty. Returns 0 and hands over *ret_orders, or -ENOMEM. */
int group_orders_create(struct group_orders **ret_orders) __attribute__((warn_unused_result));

/* NULL is allowed. */
void group_orders_destroy(struct group_orders *orders);

/* Copies it. Returns as meeting_send_group(). */
int group_orders_put(struct group_orders *orders, const struct meeting_group_order *order)
	__attribute__((warn_unused_result));

/* The oldest, to be freed with free(); NULL: there is none. */
struct group_order *group_orders_take(struct group_orders *orders);

/* Forgets all. */
void group_orders_clear(struct group_orders *orders);

#endif
