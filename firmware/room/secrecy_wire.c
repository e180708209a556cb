#include "room/secrecy_wire.h"

#include <stdlib.h>
#include <string.h>

struct incident {
	bool is_roster;
	struct call_seat seats[MESSAGE_MEMBERS_MAX];
	size_t n_seats;
	struct meeting_group_event event; /* without what it lends */
	uint16_t passed[CALL_JOINERS_MAX];
	size_t n_passed;
	size_t n_bytes;
	uint8_t bytes[];
};

static const enum call_reason reasons[] = {
	[MESSAGE_REASON_CERTIFICATE] = CALL_REASON_CERTIFICATE,
	[MESSAGE_REASON_EXPIRED] = CALL_REASON_EXPIRED,
	[MESSAGE_REASON_REVOKED] = CALL_REASON_REVOKED,
	[MESSAGE_REASON_GUESTS] = CALL_REASON_GUESTS,
	[MESSAGE_REASON_BROKEN] = CALL_REASON_BROKEN,
	[MESSAGE_REASON_FULL] = CALL_REASON_FULL,
};

static const enum call_order_kind orders[] = {
	[MEETING_ORDER_OPEN] = CALL_ORDER_OPEN,
	[MEETING_ORDER_OPEN_CLEAR] = CALL_ORDER_OPEN_CLEAR,
	[MEETING_ORDER_DOOR] = CALL_ORDER_DOOR,
	[MEETING_ORDER_KNOCK] = CALL_ORDER_KNOCK,
	[MEETING_ORDER_COMMIT] = CALL_ORDER_COMMIT,
	[MEETING_ORDER_TELL] = CALL_ORDER_TELL,
	[MEETING_ORDER_REFUSE] = CALL_ORDER_REFUSE,
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))
#define ORDERS (sizeof(orders) / sizeof(orders[0]))

struct incident *incident_of_group(const struct meeting_group_event *event)
{
	size_t length = event->bytes.length;
	struct incident *incident = calloc(1, sizeof(*incident) + length);

	if (!incident)
		return NULL;
	incident->event = *event;
	for (size_t i = 0; i < event->passed_count && i < CALL_JOINERS_MAX; i++)
		incident->passed[incident->n_passed++] = event->passed[i];
	incident->n_bytes = length;
	if (length > 0)
		memcpy(incident->bytes, event->bytes.data, length);
	return incident;
}

struct incident *incident_of_roster(const struct message_roster *roster)
{
	struct incident *incident = calloc(1, sizeof(*incident));

	if (!incident)
		return NULL;
	incident->is_roster = true;
	incident->n_seats = roster->count;
	for (size_t i = 0; i < roster->count; i++)
		incident->seats[i] =
			(struct call_seat){roster->members[i].member, roster->members[i].here};
	return incident;
}

bool incident_is_join(const struct incident *incident)
{
	return !incident->is_roster && incident->event.kind == MEETING_GROUP_JOINED;
}

static void tell_door(const struct incident *incident, struct call_group *group)
{
	const struct meeting_group_event *event = &incident->event;
	struct call_door door = {
		.epoch = event->epoch,
		.member = event->member,
		.n_passed = incident->n_passed,
	};

	if (event->door == MESSAGE_DOOR_CLEAR)
		door.state = CALL_DOOR_CLEAR;
	else if (event->door == MESSAGE_DOOR_OPEN)
		door.state = event->member != 0 ? CALL_DOOR_OPEN : CALL_DOOR_VACANT;
	else
		door.state = CALL_DOOR_NONE;
	memcpy(door.key, event->key, sizeof(door.key));
	memcpy(door.passed, incident->passed, sizeof(door.passed));
	call_group_door(group, &door);
}

static void tell_event(const struct incident *incident, struct call_group *group)
{
	const struct meeting_group_event *event = &incident->event;
	const struct mls_bytes bytes = {incident->bytes, incident->n_bytes};

	switch (event->kind) {
	case MEETING_GROUP_JOINED:
		call_group_joined(group, event->member, event->is_resumed);
		break;
	case MEETING_GROUP_LOST:
		call_group_lost(group);
		break;
	case MEETING_GROUP_DOOR:
		tell_door(incident, group);
		break;
	case MEETING_GROUP_KNOCK:
		call_group_knock(group, event->member, bytes);
		break;
	case MEETING_GROUP_COMMIT:
		call_group_commit(group, event->epoch, bytes);
		break;
	case MEETING_GROUP_WELCOME:
		call_group_welcome(group, event->epoch, bytes);
		break;
	case MEETING_GROUP_TELL:
		call_group_tell(group, event->member, bytes);
		break;
	case MEETING_GROUP_REFUSED:
		call_group_refused(group, reasons[event->reason]);
		break;
	case MEETING_GROUP_ANSWER:
		call_group_answer(group, orders[event->order], event->code);
		break;
	}
}

void incident_tell(const struct incident *incident, struct call_group *group)
{
	if (incident->is_roster)
		call_group_roster(group, incident->seats, incident->n_seats);
	else
		tell_event(incident, group);
}

struct meeting_group_order wire_order(const struct call_order *order)
{
	struct meeting_group_order wire = {
		.epoch = order->epoch,
		.bytes = {order->bytes.data, order->bytes.length},
		.welcome = {order->welcome.data, order->welcome.length},
		.member_count = order->n_members,
		.member = order->members[0],
		.reason = MESSAGE_REASON_BROKEN,
	};

	for (size_t i = 0; i < ORDERS; i++) {
		if (orders[i] == order->kind)
			wire.kind = (enum meeting_order_kind)i;
	}
	for (size_t i = 0; i < REASONS; i++) {
		if (reasons[i] == order->reason)
			wire.reason = (enum message_reason)i;
	}
	_Static_assert(sizeof(wire.members) == sizeof(order->members), "as many in one commit");
	memcpy(wire.members, order->members, sizeof(wire.members));
	return wire;
}
