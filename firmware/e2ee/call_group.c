#include "e2ee/call_group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/call_group_private.h"

int64_t call_now_us(const struct call_group *group)
{
	return group->config.ops->now_us(group->config.context);
}

uint64_t call_now_s(const struct call_group *group)
{
	return group->config.ops->now_s(group->config.context);
}

void call_say(struct call_group *group, enum call_state state, enum call_reason reason)
{
	if (group->state == state && group->reason == reason)
		return;
	group->state = state;
	group->reason = reason;
	group->config.ops->state(group->config.context, state, reason);
}

int call_send(const struct call_group *group, const struct call_order *order)
{
	return group->config.ops->send(group->config.context, order);
}

struct mls_bytes call_meeting(const struct call_group *group)
{
	return (struct mls_bytes){(const uint8_t *)group->meeting, strlen(group->meeting)};
}

const struct call_member *call_find(const struct call_group *group, uint16_t number)
{
	for (size_t i = 0; i < group->n_members; i++) {
		if (group->members[i].number == number)
			return &group->members[i];
	}
	return NULL;
}

const struct call_seat *call_seat_of(const struct call_group *group, uint16_t number)
{
	for (size_t i = 0; i < group->hub.n_seats; i++) {
		if (group->hub.seats[i].number == number)
			return &group->hub.seats[i];
	}
	return NULL;
}

static int check_member(void *context, const struct mls_leaf_node *leaf)
{
	struct call_group *group = context;
	struct mls_identity identity;

	return call_people_check(group->people, leaf, call_now_s(group), &identity);
}

static int check_tree(void *context, const struct mls_tree *now, const struct mls_tree *next)
{
	(void)context;
	return call_people_check_tree(now, next);
}

static bool find_psk(void *context, struct mls_bytes id, struct mls_bytes *ret_psk)
{
	struct call_group *group = context;
	const struct call_psk *psk = group->config.psk;

	if (!psk || !mls_bytes_equal(psk->id, id))
		return false;
	group->psk_was_used = true;
	*ret_psk = psk->secret;
	return true;
}

static uint64_t now_s(void *context)
{
	return call_now_s(context);
}

int call_group_create(const struct call_group_config *config, struct call_group **ret_group)
{
	static const struct mls_owner_ops owner_ops = {check_member, check_tree, find_psk, now_s};
	size_t length = strlen(config->meeting);
	struct call_group *group;

	if (length == 0 || length > CALL_MEETING_BYTES_MAX)
		return -EINVAL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->config = *config;
	memcpy(group->meeting, config->meeting, length);
	group->config.meeting = group->meeting;
	group->member = (struct mls_member){config->signer, {&owner_ops, group}};
	group->forget_us = CALL_NEVER;
	group->recheck_us = CALL_NEVER;
	group->entry.retry_us = CALL_NEVER;
	call_keeping_init(&group->keeping);
	group->people = call_people_create(config->trust);
	if (!group->people) {
		call_group_destroy(group);
		return -ENOMEM;
	}
	*ret_group = group;
	return 0;
}

void call_group_destroy(struct call_group *group)
{
	if (!group)
		return;
	call_drop(group);
	call_people_destroy(group->people);
	mls_wipe(group, sizeof(*group));
	free(group);
}

void call_group_joined(struct call_group *group, uint16_t number, bool resumed)
{
	struct call_hub *hub = &group->hub;
	bool is_same = resumed && number == hub->number;

	if (!is_same) {
		call_drop(group);
		group->entry.has_asked = false;
		group->entry.is_to_tell = false;
		group->entry.why = CALL_REASON_NONE;
		call_say(group, CALL_WAITING, CALL_REASON_NONE);
	}
	hub->is_joined = true;
	hub->is_resuming = is_same;
	hub->has_roster = false;
	hub->has_door = false;
	hub->number = number;
	group->entry.retry_us = CALL_NEVER;
}

void call_group_lost(struct call_group *group)
{
	group->hub.is_joined = false;
	group->keeping.is_door_asked = false;
	/* An own commit stays: the hub may have taken it, and says so when the seat is resumed. */
	if (group->entry.opening)
		call_drop(group);
}

void call_group_roster(struct call_group *group, const struct call_seat *seats, size_t n)
{
	struct call_hub *hub = &group->hub;

	hub->n_seats = n < CALL_SEATS_MAX ? n : CALL_SEATS_MAX;
	if (n > 0)
		memcpy(hub->seats, seats, hub->n_seats * sizeof(*seats));
	hub->has_roster = true;
	call_keep_roster(group);
	call_keep(group);
}

/* The door is this member's, by the key that it asked with. */
static bool is_own_door(const struct call_group *group, const struct call_door *door)
{
	return door->state == CALL_DOOR_OPEN && door->member == group->hub.number &&
	       group->keeping.has_pair &&
	       memcmp(door->key, group->keeping.pair.public_key, MLS_PUBLIC_KEY_BYTES) == 0;
}

static void take_door_inside(struct call_group *group, const struct call_door *door,
			     bool was_resuming)
{
	if (door->state == CALL_DOOR_NONE || door->state == CALL_DOOR_CLEAR) {
		call_drop(group);
		call_enter(group);
		return;
	}
	if (was_resuming)
		call_commit_lost(group);
	if (door->epoch != mls_group_epoch(group->group)) {
		call_leave(group, CALL_REASON_MISSED);
		return;
	}
	if (!is_own_door(group, door))
		call_keep_door(group);
	call_keep(group);
}

void call_group_door(struct call_group *group, const struct call_door *door)
{
	struct call_hub *hub = &group->hub;
	struct call_door before = hub->door;
	bool was_resuming = hub->is_resuming;
	bool is_news = !hub->has_door || before.state != door->state ||
		       memcmp(before.key, door->key, sizeof(before.key)) != 0;

	hub->door = *door;
	hub->has_door = true;
	hub->is_resuming = false;
	if (group->group)
		take_door_inside(group, door, was_resuming);
	else if (group->entry.opening && is_own_door(group, door))
		call_opened(group);
	else if (group->entry.opening && door->state != CALL_DOOR_NONE)
		call_open_failed(group, CALL_ANSWER_EXISTS);
	else if (!group->entry.opening && is_news)
		call_enter(group);
}

void call_group_answer(struct call_group *group, enum call_order_kind kind, int code)
{
	switch (kind) {
	case CALL_ORDER_OPEN:
		if (group->entry.opening && code == CALL_ANSWER_OK)
			call_opened(group);
		else if (group->entry.opening)
			call_open_failed(group, code);
		break;
	case CALL_ORDER_DOOR:
		call_door_answered(group, code);
		break;
	case CALL_ORDER_COMMIT:
		call_commit_answered(group, code);
		break;
	default:
		/* What else fails is tried again in its time, or not worth it. */
		break;
	}
}

void call_group_rejoin(struct call_group *group)
{
	if (group->group)
		call_leave(group, CALL_REASON_MISSED);
}

int64_t call_group_tick(struct call_group *group)
{
	int64_t now_us = call_now_us(group);
	int64_t due_us;

	if (group->group && now_us >= group->forget_us) {
		mls_group_forget(group->group);
		group->forget_us = CALL_NEVER;
	}
	if (group->group && now_us >= group->recheck_us)
		call_recheck(group);
	call_enter_tick(group);
	call_keep(group);
	due_us = call_keep_due(group);
	if (group->forget_us < due_us)
		due_us = group->forget_us;
	if (group->recheck_us < due_us)
		due_us = group->recheck_us;
	return group->entry.retry_us < due_us ? group->entry.retry_us : due_us;
}

bool call_group_epoch(const struct call_group *group, uint64_t *ret_epoch)
{
	if (!group->group)
		return false;
	*ret_epoch = mls_group_epoch(group->group);
	return true;
}

struct call_counters call_group_counters(const struct call_group *group)
{
	return group->counters;
}
