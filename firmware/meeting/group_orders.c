#include "meeting/group_orders.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"

struct group_orders {
	pthread_mutex_t lock;
	struct group_order *first;
	struct group_order **end; /* where the next is put */
	size_t count;
	size_t bytes;
};

int group_orders_create(struct group_orders **ret_orders)
{
	struct group_orders *orders = calloc(1, sizeof(*orders));

	if (orders == NULL)
		return -ENOMEM;
	pthread_mutex_init(&orders->lock, NULL);
	orders->end = &orders->first;
	*ret_orders = orders;
	return 0;
}

void group_orders_destroy(struct group_orders *orders)
{
	if (orders == NULL)
		return;
	group_orders_clear(orders);
	pthread_mutex_destroy(&orders->lock);
	free(orders);
}

static bool is_within(size_t length, size_t minimum, size_t maximum)
{
	return length >= minimum && length <= maximum;
}

/* As PROTOCOL.md has it: the hub would refuse anything else. */
static bool is_valid(const struct meeting_group_order *order)
{
	size_t length = order->bytes.length;

	switch (order->kind) {
	case MEETING_ORDER_OPEN:
	case MEETING_ORDER_DOOR:
		return length == MESSAGE_KEY_BYTES;
	case MEETING_ORDER_KNOCK:
		return is_within(length, 1, MESSAGE_PACKAGE_BYTES_MAX);
	case MEETING_ORDER_COMMIT:
		return order->epoch <= INT64_MAX &&
		       is_within(length, 1, MESSAGE_COMMIT_BYTES_MAX) &&
		       order->welcome.length <= MESSAGE_WELCOME_BYTES_MAX &&
		       order->member_count <= MESSAGE_WELCOMED_MAX &&
		       (order->welcome.length > 0) == (order->member_count > 0);
	case MEETING_ORDER_TELL:
		return is_within(length, 1, MESSAGE_TELL_BYTES_MAX);
	case MEETING_ORDER_REFUSE:
		return order->member != 0;
	case MEETING_ORDER_OPEN_CLEAR:
		return true;
	}
	return false;
}

/* Writes the text and a NUL to `to`, behind which it returns. */
static char *put_text(const struct meeting_bytes *bytes, char *to, struct message_text *ret_text)
{
	base64url_encode(bytes->data, bytes->length, to);
	*ret_text =
		(struct message_text){.text = to, .length = BASE64URL_TEXT_LENGTH(bytes->length)};
	return to + ret_text->length + 1;
}

static size_t text_bytes(const struct group_order *order)
{
	return order->bytes.length + order->welcome.length;
}

static struct group_order *make(const struct meeting_group_order *from)
{
	size_t size = BASE64URL_TEXT_LENGTH(from->bytes.length) +
		      BASE64URL_TEXT_LENGTH(from->welcome.length) + 2;
	struct group_order *order = malloc(sizeof(*order) + size);

	if (order == NULL)
		return NULL;
	*order = (struct group_order){.kind = from->kind,
				      .epoch = from->epoch,
				      .member_count = from->member_count,
				      .member = from->member,
				      .reason = from->reason};
	memcpy(order->members, from->members, sizeof(order->members));
	put_text(&from->welcome, put_text(&from->bytes, order->texts, &order->bytes),
		 &order->welcome);
	return order;
}

int group_orders_put(struct group_orders *orders, const struct meeting_group_order *order)
{
	struct group_order *made;
	int r = 0;

	if (!is_valid(order))
		return -EINVAL;
	made = make(order);
	if (made == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&orders->lock);
	if (orders->count == GROUP_ORDERS_MAX ||
	    orders->bytes + text_bytes(made) > GROUP_ORDERS_BYTES_MAX) {
		free(made);
		r = -ENOBUFS;
	} else {
		*orders->end = made;
		orders->end = &made->next;
		orders->count++;
		orders->bytes += text_bytes(made);
	}
	pthread_mutex_unlock(&orders->lock);
	return r;
}

struct group_order *group_orders_take(struct group_orders *orders)
{
	struct group_order *order;

	pthread_mutex_lock(&orders->lock);
	order = orders->first;
	if (order != NULL) {
		orders->first = order->next;
		if (orders->first == NULL)
			orders->end = &orders->first;
		orders->count--;
		orders->bytes -= text_bytes(order);
	}
	pthread_mutex_unlock(&orders->lock);
	return order;
}

void group_orders_clear(struct group_orders *orders)
{
	struct group_order *order;

	while ((order = group_orders_take(orders)) != NULL)
		free(order);
}
