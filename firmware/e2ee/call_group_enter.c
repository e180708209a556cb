#include <errno.h>
#include <string.h>

#include "e2ee/call_group_private.h"
#include "e2ee/knock.h"

/* A key package is used within seconds; what clocks are apart has to fit, too. */
#define PACKAGE_BEFORE_S 3600
#define PACKAGE_AFTER_S 86400

#define GROUP_ID_LABEL "balai.1 group"

int call_group_id_begin(const struct call_group *group,
			uint8_t ret_begin[CALL_GROUP_ID_MEETING_BYTES])
{
	uint8_t text[sizeof(GROUP_ID_LABEL) - 1 + CALL_MEETING_BYTES_MAX];
	struct mls_bytes meeting = call_meeting(group);
	uint8_t hash[MLS_HASH_BYTES];
	int r;

	memcpy(text, GROUP_ID_LABEL, sizeof(GROUP_ID_LABEL) - 1);
	memcpy(text + sizeof(GROUP_ID_LABEL) - 1, meeting.data, meeting.length);
	r = mls_hash(text, sizeof(GROUP_ID_LABEL) - 1 + meeting.length, hash);
	if (r == 0)
		memcpy(ret_begin, hash, CALL_GROUP_ID_MEETING_BYTES);
	return r;
}

void call_drop(struct call_group *group)
{
	mls_group_destroy(group->group);
	mls_group_destroy(group->entry.opening);
	mls_own_package_destroy(group->entry.package);
	group->group = NULL;
	group->entry.opening = NULL;
	group->entry.package = NULL;
	group->n_members = 0;
	group->forget_us = CALL_NEVER;
	group->recheck_us = CALL_NEVER;
	call_keeping_finish(&group->keeping);
}

/* Each time that the way in fails soon after the last one, it is longer until the next. */
static int64_t next_try_us(struct call_group *group)
{
	struct call_entry *entry = &group->entry;
	int64_t now_us = call_now_us(group);

	if (entry->left_us == 0 || now_us - entry->left_us > 2 * CALL_BACKOFF_US_MAX)
		entry->backoff_us = 0;
	else if (entry->backoff_us == 0)
		entry->backoff_us = CALL_SECOND_US;
	else if (entry->backoff_us < CALL_BACKOFF_US_MAX)
		entry->backoff_us *= 2;
	entry->left_us = now_us;
	return now_us + entry->backoff_us;
}

void call_leave(struct call_group *group, enum call_reason reason)
{
	struct call_entry *entry = &group->entry;

	call_drop(group);
	group->counters.rejoins++;
	entry->is_to_tell = true;
	entry->why = reason;
	call_say(group, CALL_WAITING, reason);
	entry->retry_us = next_try_us(group);
	if (entry->retry_us <= call_now_us(group))
		call_enter(group);
}

/* Not in, and said so; another try follows. */
static void refuse_self(struct call_group *group, enum call_reason reason, int64_t wait_us)
{
	mls_own_package_destroy(group->entry.package);
	group->entry.package = NULL;
	group->entry.retry_us = call_now_us(group) + wait_us;
	call_say(group, CALL_REFUSED, reason);
}

static int check_self(const struct call_group *group, enum call_reason *ret_reason)
{
	if (!group->config.credential || !group->config.signer)
		*ret_reason = CALL_REASON_NO_CERTIFICATE;
	else if (call_now_s(group) < group->config.built_s)
		*ret_reason = CALL_REASON_CLOCK;
	else
		return 0;
	return -EPERM;
}

/* A key package of this member, as good as others' have to be. */
static int prepare(struct call_group *group, enum call_reason *ret_reason)
{
	uint64_t now_s = call_now_s(group);
	struct mls_own_package *package;
	int r = check_self(group, ret_reason);

	if (r < 0)
		return r;
	r = mls_own_package_create(group->config.credential, group->hub.number,
				   now_s - PACKAGE_BEFORE_S, now_s + PACKAGE_AFTER_S,
				   group->config.signer, &package);
	if (r == 0) {
		r = mls_key_package_check(mls_own_package_public(package), &group->member.owner);
		if (r < 0)
			mls_own_package_destroy(package);
	}
	if (r < 0) {
		*ret_reason = call_reason_of_own(r);
		return r;
	}
	mls_own_package_destroy(group->entry.package);
	group->entry.package = package;
	return 0;
}

static int create_group(struct call_group *group)
{
	uint8_t id[CALL_GROUP_ID_BYTES];
	int r = call_group_id_begin(group, id);

	if (r == 0)
		r = mls_random(id + CALL_GROUP_ID_MEETING_BYTES,
			       sizeof(id) - CALL_GROUP_ID_MEETING_BYTES);
	if (r == 0)
		r = mls_group_create(&group->member, (struct mls_bytes){id, sizeof(id)},
				     group->entry.package, &group->entry.opening);
	if (r == 0)
		r = mls_key_pair_generate(&group->keeping.pair);
	return r;
}

static void open_group(struct call_group *group)
{
	struct call_order order = {.kind = CALL_ORDER_OPEN};
	enum call_reason reason;
	int r = prepare(group, &reason);

	if (r == 0) {
		r = create_group(group);
		reason = call_reason_of_own(r);
	}
	if (r < 0) {
		call_drop(group);
		refuse_self(group, reason, CALL_PATIENCE_US);
		return;
	}
	group->keeping.has_pair = true;
	order.bytes = (struct mls_bytes){group->keeping.pair.public_key, MLS_PUBLIC_KEY_BYTES};
	group->entry.retry_us = call_now_us(group) + CALL_PATIENCE_US;
	group->entry.has_asked = true;
	if (call_send(group, &order) < 0)
		call_open_failed(group, -1);
}

void call_opened(struct call_group *group)
{
	struct mls_group *mls = group->entry.opening;
	struct call_door *door = &group->hub.door;

	group->entry.opening = NULL;
	door->state = CALL_DOOR_OPEN;
	door->member = group->hub.number;
	memcpy(door->key, group->keeping.pair.public_key, sizeof(door->key));
	call_begin_epoch(group, mls);
}

void call_open_failed(struct call_group *group, int code)
{
	call_drop(group);
	group->entry.retry_us = call_now_us(group) + CALL_SECOND_US;
	if (code == CALL_ANSWER_EXISTS && group->hub.door.state != CALL_DOOR_NONE)
		call_enter(group);
}

/* At a door without a key the knock only says that this member is outside: nobody is to open it. */
static int seal_knock(struct call_group *group, struct mls_writer *sealed)
{
	const struct mls_key_package *package = mls_own_package_public(group->entry.package);
	const struct call_door *door = &group->hub.door;
	struct mls_key_pair nobody = {0};
	const uint8_t *key = door->key;
	int r = 0;

	if (door->state != CALL_DOOR_OPEN) {
		r = mls_key_pair_generate(&nobody);
		key = nobody.public_key;
	}
	if (r == 0)
		r = knock_seal(key, call_meeting(group), package->encoded, sealed);
	mls_wipe(&nobody, sizeof(nobody));
	return r;
}

static void knock(struct call_group *group)
{
	struct call_order order = {.kind = CALL_ORDER_KNOCK};
	enum call_reason reason;
	struct mls_writer sealed;
	int r = prepare(group, &reason);

	if (r < 0) {
		refuse_self(group, reason, CALL_PATIENCE_US);
		return;
	}
	mls_writer_init(&sealed, KNOCK_BYTES_MAX);
	r = seal_knock(group, &sealed);
	order.bytes = mls_writer_bytes(&sealed);
	if (r == 0)
		r = call_send(group, &order);
	else if (r == -EINVAL)
		group->counters.forged++;
	mls_writer_finish(&sealed);
	if (r == 0)
		group->entry.is_to_tell = false;
	group->entry.is_at_new_door =
		group->entry.has_asked &&
		memcmp(group->entry.key, group->hub.door.key, sizeof(group->entry.key)) != 0;
	memcpy(group->entry.key, group->hub.door.key, sizeof(group->entry.key));
	group->entry.has_asked = true;
	group->entry.retry_us = call_now_us(group) + (r == 0 ? CALL_PATIENCE_US : CALL_SECOND_US);
	/* Who was refused stays so until it is let in. */
	if (group->state != CALL_REFUSED)
		call_say(group, CALL_WAITING, group->entry.why);
}

static void enter_none(struct call_group *group)
{
	struct call_order order = {.kind = CALL_ORDER_OPEN_CLEAR};

	group->entry.is_to_tell = false;
	if (group->config.policy != CALL_OFF) {
		open_group(group);
		return;
	}
	group->entry.retry_us = call_now_us(group) + CALL_PATIENCE_US;
	if (call_send(group, &order) < 0)
		group->entry.retry_us = call_now_us(group) + CALL_SECOND_US;
}

/* Nobody ever comes to the door if it is this member whom the hub counts on: what let it in was lost. */
static void wait_for_keeper(struct call_group *group)
{
	group->entry.is_to_tell = group->entry.has_asked;
	group->entry.retry_us = call_now_us(group) + CALL_PATIENCE_US;
	if (group->state != CALL_REFUSED)
		call_say(group, CALL_WAITING, group->entry.why);
}

void call_enter(struct call_group *group)
{
	struct call_entry *entry = &group->entry;
	enum call_door_state door = group->hub.door.state;

	if (!group->hub.is_joined || !group->hub.has_door || group->group || entry->opening)
		return;
	entry->retry_us = CALL_NEVER;
	if (door == CALL_DOOR_NONE)
		enter_none(group);
	else if (door == CALL_DOOR_CLEAR && group->config.policy == CALL_REQUIRE)
		call_say(group, CALL_REFUSED, CALL_REASON_CLEAR);
	else if (door == CALL_DOOR_CLEAR)
		call_say(group, CALL_CLEAR, CALL_REASON_NONE);
	else if (group->config.policy == CALL_OFF)
		call_say(group, CALL_REFUSED, CALL_REASON_SEALED);
	else if (door == CALL_DOOR_OPEN || entry->is_to_tell)
		knock(group);
	else
		wait_for_keeper(group);
}

/* The group that a Welcome leads to is this meeting's, and safe by what this member asks of it. */
static int check_joined(const struct call_group *group, const struct mls_group *mls)
{
	struct mls_bytes id = mls_group_id(mls);
	uint8_t begin[CALL_GROUP_ID_MEETING_BYTES];
	int r = call_group_id_begin(group, begin);

	if (r < 0)
		return r;
	if (id.length != CALL_GROUP_ID_BYTES || memcmp(id.data, begin, sizeof(begin)) != 0)
		return -MLS_ERROR_GROUP;
	return group->config.psk && !group->psk_was_used ? -MLS_ERROR_PSK_UNKNOWN : 0;
}

static void welcome_failed(struct call_group *group, int error)
{
	struct call_entry *entry = &group->entry;
	enum call_reason reason = CALL_REASON_BROKEN;

	entry->is_to_tell = true;
	if (error == -ENOMEM || error == -EIO)
		reason = call_reason_of_own(error);
	else if (error == -MLS_ERROR_PSK_UNKNOWN ||
		 (error == -MLS_ERROR_DECRYPT && group->psk_was_used))
		reason = CALL_REASON_PSK;
	else if (error == -MLS_ERROR_CREDENTIAL || error == -MLS_ERROR_EXPIRED ||
		 error == -MLS_ERROR_REVOKED || error == -MLS_ERROR_UNSUPPORTED)
		reason = CALL_REASON_MEMBER;
	else
		group->counters.forged++;
	refuse_self(group, reason, next_try_us(group) - call_now_us(group) + CALL_SECOND_US);
}

void call_group_welcome(struct call_group *group, uint64_t epoch, struct mls_bytes welcome)
{
	struct mls_group *mls = NULL;
	int r;

	if (!group->hub.is_joined || group->group || group->entry.opening || !group->entry.package)
		return;
	group->psk_was_used = false;
	r = mls_group_join(&group->member, group->entry.package, welcome, (struct mls_bytes){0},
			   &mls);
	if (r == -MLS_ERROR_NOT_FOR_US)
		return; /* to an earlier knock; this one is answered yet */
	if (r == 0)
		r = mls_group_epoch(mls) == epoch ? check_joined(group, mls) : -MLS_ERROR_EPOCH;
	if (r < 0) {
		mls_group_destroy(mls);
		welcome_failed(group, r);
		return;
	}
	call_begin_epoch(group, mls);
}

void call_group_refused(struct call_group *group, enum call_reason reason)
{
	bool may_pass = reason == CALL_REASON_FULL || reason == CALL_REASON_BROKEN;

	if (!group->hub.is_joined || group->group || !group->entry.package)
		return;
	/* The knock before it may have come to the new door, where nobody can open it. */
	if (reason == CALL_REASON_BROKEN && group->entry.is_at_new_door) {
		group->entry.is_at_new_door = false;
		return;
	}
	refuse_self(group, reason, may_pass ? CALL_PATIENCE_US : CALL_BACKOFF_US_MAX);
}

void call_enter_tick(struct call_group *group)
{
	if (group->group || call_now_us(group) < group->entry.retry_us)
		return;
	if (group->entry.opening)
		call_drop(group);
	call_enter(group);
}
