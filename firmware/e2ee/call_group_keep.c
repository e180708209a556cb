#include <string.h>

#include "e2ee/call_group_private.h"

void call_keeping_init(struct call_keeping *keeping)
{
	mls_writer_init(&keeping->commit, MLS_MESSAGE_BYTES_MAX);
	keeping->behind_us = CALL_NEVER;
	keeping->since_us = CALL_NEVER;
	keeping->batch = CALL_JOINERS_MAX;
}

void call_keeping_finish(struct call_keeping *keeping)
{
	call_drop_knockers(keeping);
	mls_writer_finish(&keeping->commit);
	mls_wipe(keeping, sizeof(*keeping));
	call_keeping_init(keeping);
}

bool call_has_door(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;

	return door->state == CALL_DOOR_OPEN && door->member == group->hub.number &&
	       group->keeping.has_pair &&
	       memcmp(door->key, group->keeping.pair.public_key, sizeof(door->key)) == 0;
}

void call_keep_door(struct call_group *group)
{
	call_drop_knockers(&group->keeping);
	if (!group->keeping.is_door_asked) {
		mls_wipe(&group->keeping.pair, sizeof(group->keeping.pair));
		group->keeping.has_pair = false;
	}
}

static bool has_passed(const struct call_door *door, uint16_t number)
{
	for (size_t i = 0; i < door->n_passed; i++) {
		if (door->passed[i] == number)
			return true;
	}
	return false;
}

/* How many come before this member where something is to be done. */
static int64_t rank(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;
	bool is_last = door->state == CALL_DOOR_VACANT && has_passed(door, group->hub.number);
	uint32_t own_leaf = mls_group_own_leaf(group->group);
	int64_t n = 0;

	if (call_has_door(group))
		return 0;
	for (size_t i = 0; i < group->n_members; i++) {
		const struct call_member *member = &group->members[i];
		const struct call_seat *seat = call_seat_of(group, member->number);
		bool is_before = member->leaf < own_leaf || (is_last && member->leaf != own_leaf);

		if (seat && seat->is_here && is_before && !has_passed(door, member->number))
			n++;
	}
	/* The door's member has time to do it itself. */
	return door->state == CALL_DOOR_OPEN && door->member != group->hub.number ? n + 2 : n;
}

bool call_is_unwanted(const struct call_group *group, size_t i)
{
	const struct call_member *member = &group->members[i];

	if (member->leaf == mls_group_own_leaf(group->group))
		return false;
	return group->unwanted[i] != CALL_REASON_NONE || !call_seat_of(group, member->number);
}

static bool is_door_to_take(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;

	return door->state == CALL_DOOR_VACANT ||
	       (door->member == group->hub.number && !group->keeping.has_pair);
}

static bool has_work(const struct call_group *group)
{
	if (group->keeping.n_knockers > 0 || is_door_to_take(group))
		return true;
	for (size_t i = 0; i < group->n_members; i++) {
		if (call_is_unwanted(group, i))
			return true;
	}
	return false;
}

static void take_door(struct call_group *group)
{
	struct call_order order = {.kind = CALL_ORDER_DOOR};
	struct call_keeping *keeping = &group->keeping;

	if (mls_key_pair_generate(&keeping->pair) == 0) {
		order.bytes = (struct mls_bytes){keeping->pair.public_key, MLS_PUBLIC_KEY_BYTES};
		keeping->has_pair = call_send(group, &order) == 0;
		keeping->is_door_asked = keeping->has_pair;
	}
	if (!keeping->has_pair)
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
}

void call_door_answered(struct call_group *group, int code)
{
	struct call_keeping *keeping = &group->keeping;

	if (!group->group || !keeping->is_door_asked)
		return;
	keeping->is_door_asked = false;
	if (code != CALL_ANSWER_OK) {
		keeping->has_pair = false;
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
	}
	if (code == CALL_ANSWER_NO_GROUP)
		call_leave(group, CALL_REASON_MISSED);
}

/* May do something now. */
static bool is_free(const struct call_group *group)
{
	const struct call_hub *hub = &group->hub;

	return group->group && hub->is_joined && hub->has_roster && hub->has_door &&
	       !hub->is_resuming && call_now_us(group) >= group->keeping.pause_us;
}

static int64_t turn_us(const struct call_group *group)
{
	return group->keeping.since_us + rank(group) * CALL_STEP_US;
}

void call_keep(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	if (group->group && call_now_us(group) >= keeping->behind_us) {
		call_leave(group, CALL_REASON_MISSED);
		return;
	}
	if (!is_free(group))
		return;
	if (!has_work(group)) {
		keeping->since_us = CALL_NEVER;
		return;
	}
	if (keeping->since_us == CALL_NEVER)
		keeping->since_us = call_now_us(group);
	if (call_now_us(group) < turn_us(group))
		return;
	if (is_door_to_take(group) && !keeping->is_door_asked)
		take_door(group);
	if (keeping->behind_us == CALL_NEVER)
		call_admit(group);
}

int64_t call_keep_due(const struct call_group *group)
{
	const struct call_keeping *keeping = &group->keeping;
	int64_t now_us = call_now_us(group);
	int64_t due_us = CALL_NEVER;

	if (!group->group || !group->hub.is_joined)
		return CALL_NEVER;
	if (keeping->pause_us > now_us)
		due_us = keeping->pause_us;
	else if (keeping->since_us != CALL_NEVER && turn_us(group) > now_us)
		due_us = turn_us(group);
	return keeping->behind_us < due_us ? keeping->behind_us : due_us;
}
