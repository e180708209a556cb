#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "meeting/call_state.h"

/* Out: orders */

static void fill_commit(const struct group_order *order, struct message_commit *commit)
{
	*commit = (struct message_commit){.epoch = order->epoch,
					  .commit = order->bytes,
					  .welcome = order->welcome,
					  .member_count = order->member_count};
	memcpy(commit->members, order->members, sizeof(commit->members));
}

/* What the order says, as the params of its method, which it returns. */
static enum message_method fill_request(const struct group_order *order, struct message *message)
{
	switch (order->kind) {
	case MEETING_ORDER_OPEN:
		message->open = (struct message_open){.key = order->bytes};
		return MESSAGE_OPEN;
	case MEETING_ORDER_OPEN_CLEAR:
		message->open = (struct message_open){.clear = true};
		return MESSAGE_OPEN;
	case MEETING_ORDER_DOOR:
		message->key.key = order->bytes;
		return MESSAGE_DOOR;
	case MEETING_ORDER_KNOCK:
		message->knock = (struct message_knock){.package = order->bytes};
		return MESSAGE_KNOCK;
	case MEETING_ORDER_COMMIT:
		fill_commit(order, &message->commit);
		return MESSAGE_COMMIT;
	case MEETING_ORDER_TELL:
		message->tell = (struct message_tell){.message = order->bytes};
		return MESSAGE_TELL;
	case MEETING_ORDER_REFUSE:
		break;
	}
	message->refuse = (struct message_refuse){.member = order->member, .reason = order->reason};
	return MESSAGE_REFUSE;
}

void call_send_orders(struct call *call)
{
	struct call_unanswered *unanswered = &call->unanswered;
	struct group_order *order;
	int64_t id;

	while (call->you != 0 && unanswered->count < CALL_UNANSWERED_MAX) {
		order = group_orders_take(call->orders);
		if (order == NULL)
			return;
		id = call_send_request(call, &call->control, fill_request(order, &call->out));
		if (id > 0) {
			unanswered->ids[unanswered->count] = id;
			unanswered->kinds[unanswered->count++] = order->kind;
		}
		free(order);
	}
}

/* In: events */

static void tell(struct call *call, const struct meeting_group_event *event)
{
	if (call->config->events.group != NULL)
		call->config->events.group(call->config->context, event);
}

void call_tell_joined(struct call *call, bool is_resumed)
{
	/* What was ordered before was for a membership that is over. */
	group_orders_clear(call->orders);
	tell(call, &(struct meeting_group_event){.kind = MEETING_GROUP_JOINED,
						 .member = call->you,
						 .is_resumed = is_resumed});
}

void call_tell_lost(struct call *call)
{
	call->unanswered.count = 0;
	tell(call, &(struct meeting_group_event){.kind = MEETING_GROUP_LOST});
}

void call_tell_answer(struct call *call, int64_t id, int code)
{
	struct call_unanswered *unanswered = &call->unanswered;
	enum meeting_order_kind kind;
	size_t i = 0;

	while (i < unanswered->count && unanswered->ids[i] != id)
		i++;
	if (i == unanswered->count)
		return;
	kind = unanswered->kinds[i];
	unanswered->count--;
	memmove(&unanswered->ids[i], &unanswered->ids[i + 1],
		(unanswered->count - i) * sizeof(unanswered->ids[0]));
	memmove(&unanswered->kinds[i], &unanswered->kinds[i + 1],
		(unanswered->count - i) * sizeof(unanswered->kinds[0]));
	tell(call, &(struct meeting_group_event){.kind = MEETING_GROUP_ANSWER,
						 .order = kind,
						 .code = code});
	call_send_orders(call);
}

/* With the bytes of the text, which were checked when it was read. */
static void tell_bytes(struct call *call, struct meeting_group_event *event,
		       const struct message_text *text)
{
	uint8_t *data = malloc(text->length);
	int r = data != NULL ? base64url_decode(text->text, text->length, data, text->length,
						&event->bytes.length)
			     : -ENOMEM;

	if (r < 0) {
		call_lose(call, net_fault_make(NET_FAULT_MEMORY, "out of memory"), 0);
	} else {
		event->bytes.data = data;
		tell(call, event);
	}
	free(data);
}

static void tell_door(struct call *call)
{
	const struct message_door *door = &call->in.door;
	struct meeting_group_event event = {
		.kind = MEETING_GROUP_DOOR,
		.door = door->state,
		.epoch = door->epoch,
		.member = door->member,
		.passed = door->passed,
		.passed_count = door->passed_count,
	};
	size_t length;

	/* As tell_bytes(): what is read as a key is one. */
	if (door->member != 0 && base64url_decode(door->key.text, door->key.length, event.key,
						  sizeof(event.key), &length) < 0)
		return;
	tell(call, &event);
}

void call_tell_delivery(struct call *call)
{
	const struct message *in = &call->in;
	struct meeting_group_event event = {.member = 0};

	switch (in->method) {
	case MESSAGE_DOOR:
		tell_door(call);
		break;
	case MESSAGE_KNOCK:
		event.kind = MEETING_GROUP_KNOCK;
		event.member = in->knock.member;
		tell_bytes(call, &event, &in->knock.package);
		break;
	case MESSAGE_COMMIT:
		event.kind = MEETING_GROUP_COMMIT;
		event.epoch = in->commit.epoch;
		tell_bytes(call, &event, &in->commit.commit);
		break;
	case MESSAGE_WELCOME:
		event.kind = MEETING_GROUP_WELCOME;
		event.epoch = in->welcome.epoch;
		tell_bytes(call, &event, &in->welcome.welcome);
		break;
	case MESSAGE_TELL:
		event.kind = MEETING_GROUP_TELL;
		event.member = in->tell.member;
		tell_bytes(call, &event, &in->tell.message);
		break;
	case MESSAGE_REFUSED:
		event.kind = MEETING_GROUP_REFUSED;
		event.reason = in->refuse.reason;
		tell(call, &event);
		break;
	default:
		break;
	}
}
