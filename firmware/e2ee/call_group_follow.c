#include <errno.h>
#include <string.h>

#include "e2ee/call_group_private.h"
#include "e2ee/call_tell.h"
#include "e2ee/mls_frame.h"

#define RECHECK_US (CALL_PEOPLE_RECHECK_S * CALL_SECOND_US)

/* Members are asked about when they came in, so that only their end can make this fail. */
static int name_member(struct call_group *group, uint32_t leaf, struct call_member *ret_member,
		       enum call_reason *ret_unwanted)
{
	const struct mls_leaf_node *node = mls_tree_leaf(mls_group_tree(group->group), leaf);
	struct call_member member = {.leaf = leaf};
	int r = call_people_check(group->people, node, call_now_s(group), &member.identity);

	if (r == -ENOMEM || r == -EIO)
		return r;
	if (!mls_leaf_node_number(node, &member.number))
		return -MLS_ERROR_LEAF;
	*ret_unwanted = r == 0 ? CALL_REASON_NONE : call_reason_of_other(r);
	if (r < 0)
		member.identity = (struct mls_identity){.is_verified = false};
	*ret_member = member;
	return 0;
}

static int list_members(struct call_group *group, bool *ret_changed)
{
	const struct mls_tree *tree = mls_group_tree(group->group);
	bool have_changed = false;
	size_t n = 0;

	for (uint32_t leaf = 0; leaf < mls_tree_n_leaves(tree); leaf++) {
		struct call_member *place = &group->members[n];
		struct call_member member;
		int r;

		if (!mls_tree_leaf(tree, leaf))
			continue;
		r = name_member(group, leaf, &member, &group->unwanted[n]);
		if (r < 0)
			return r;
		have_changed |= n >= group->n_members || place->number != member.number ||
				strcmp(place->identity.name, member.identity.name) != 0;
		*place = member;
		n++;
	}
	*ret_changed = have_changed || n != group->n_members;
	group->n_members = n;
	return 0;
}

static bool is_other_group(const struct call_group *group)
{
	struct mls_bytes id = mls_group_id(group->group);

	return !group->has_last || memcmp(group->last_id, id.data, sizeof(group->last_id)) != 0 ||
	       mls_group_epoch(group->group) <= group->last_epoch;
}

static int describe_epoch(struct call_group *group, struct call_epoch *epoch)
{
	const struct mls_group *mls = group->group;
	int r = list_members(group, &epoch->have_members_changed);

	if (r < 0)
		return r;
	epoch->is_other_group = is_other_group(group);
	epoch->members = group->members;
	epoch->n_members = group->n_members;
	epoch->keys.number = mls_group_epoch(mls);
	epoch->keys.n_leaves = mls_tree_n_leaves(mls_group_tree(mls));
	epoch->keys.own_leaf = mls_group_own_leaf(mls);
	meeting_code(mls_group_authenticator(mls), epoch->code);
	return mls_group_export(mls, SFRAME_EXPORTER_LABEL, (struct mls_bytes){0},
				epoch->keys.base_key, sframe_key_bytes(group->config.suite));
}

void call_begin_epoch(struct call_group *group, struct mls_group *mls)
{
	int64_t now_us = call_now_us(group);
	struct call_epoch epoch = {0};
	int r;

	group->group = mls;
	mls_own_package_destroy(group->entry.package);
	group->entry.package = NULL;
	group->entry.retry_us = CALL_NEVER;
	group->entry.why = CALL_REASON_NONE;
	group->keeping.behind_us = CALL_NEVER;
	r = describe_epoch(group, &epoch);
	if (r == 0) {
		memcpy(group->last_id, mls_group_id(mls).data, sizeof(group->last_id));
		group->last_epoch = epoch.keys.number;
		group->has_last = true;
		group->forget_us = now_us + SFRAME_OVERLAP_US;
		if (group->recheck_us == CALL_NEVER)
			group->recheck_us = now_us + RECHECK_US;
		group->counters.epochs++;
		group->config.ops->epoch(group->config.context, &epoch);
	}
	mls_wipe(&epoch, sizeof(epoch));
	if (r < 0) {
		call_leave(group, call_reason_of_own(r));
		return;
	}
	call_say(group, CALL_ENCRYPTED, CALL_REASON_NONE);
	call_keep(group);
}

void call_recheck(struct call_group *group)
{
	const struct mls_tree *tree = mls_group_tree(group->group);
	uint32_t own_leaf = mls_group_own_leaf(group->group);

	group->recheck_us = call_now_us(group) + RECHECK_US;
	for (size_t i = 0; i < group->n_members; i++) {
		const struct call_member *member = &group->members[i];
		struct mls_identity identity;
		int r = call_people_check(group->people, mls_tree_leaf(tree, member->leaf),
					  call_now_s(group), &identity);

		if (r == 0 || r == -ENOMEM || r == -EIO)
			continue;
		if (member->leaf == own_leaf) {
			call_leave(group, call_reason_of_own(r));
			return;
		}
		group->unwanted[i] = call_reason_of_other(r);
	}
}

/* The hub may hand on as what it likes; only what a message says itself counts. */
static bool is_sealed(struct mls_bytes bytes, uint8_t content_type)
{
	struct mls_message message;
	struct mls_reader reader;

	mls_reader_init(&reader, bytes);
	mls_message_read(&reader, &message);
	return mls_reader_close(&reader) == 0 && message.wire_format == MLS_PRIVATE_MESSAGE &&
	       message.private_message.content_type == content_type;
}

static bool is_own_commit(const struct call_group *group, struct mls_bytes commit)
{
	return group->hub.is_resuming && group->keeping.is_commit_asked &&
	       mls_bytes_equal(mls_writer_bytes(&group->keeping.commit), commit);
}

static void take_commit(struct call_group *group, struct mls_bytes commit)
{
	struct mls_received received;
	int r = is_sealed(commit, MLS_CONTENT_COMMIT)
			? mls_group_process(group->group, commit, &received)
			: -MLS_ERROR_VALUE;

	if (r < 0) {
		group->counters.forged++;
		call_leave(group, CALL_REASON_MISSED);
		return;
	}
	mls_received_finish(&received);
	if (received.kind == MLS_RECEIVED_REMOVED)
		call_leave(group, CALL_REASON_MISSED);
	else
		call_begin_epoch(group, group->group);
}

void call_group_commit(struct call_group *group, uint64_t epoch, struct mls_bytes commit)
{
	if (!group->hub.is_joined || !group->group)
		return;
	if (epoch < mls_group_epoch(group->group)) {
		group->counters.replayed++;
	} else if (epoch > mls_group_epoch(group->group)) {
		call_leave(group, CALL_REASON_MISSED);
	} else if (is_own_commit(group, commit)) {
		call_commit_won(group);
	} else {
		take_commit(group, commit);
	}
}

static void take_told(struct call_group *group, uint16_t number,
		      const struct mls_received *received)
{
	const struct call_member *teller = call_find(group, number);
	struct call_refusal refusal;

	if (!teller || teller->leaf != received->sender ||
	    received->epoch != mls_group_epoch(group->group) ||
	    call_tell_read(mls_writer_bytes(&received->plaintext), &refusal) < 0) {
		group->counters.forged++;
		return;
	}
	memcpy(refusal.by, teller->identity.name, sizeof(refusal.by));
	group->config.ops->refused(group->config.context, &refusal);
}

void call_group_tell(struct call_group *group, uint16_t member, struct mls_bytes message)
{
	struct mls_received received;

	if (!group->hub.is_joined || !group->group)
		return;
	if (!is_sealed(message, MLS_CONTENT_APPLICATION) ||
	    mls_group_process(group->group, message, &received) < 0) {
		group->counters.forged++;
		return;
	}
	take_told(group, member, &received);
	mls_received_finish(&received);
}

void call_tell_refusal(struct call_group *group, const struct call_refusal *refusal)
{
	struct call_order order = {.kind = CALL_ORDER_TELL};
	struct mls_writer told, message;

	group->config.ops->refused(group->config.context, refusal);
	mls_writer_init(&told, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	call_tell_write(&told, refusal);
	if (told.fault == 0 &&
	    mls_group_seal(group->group, mls_writer_bytes(&told), &message) == 0) {
		order.bytes = mls_writer_bytes(&message);
		/* Who is not told by this sees that nobody came in. */
		(void)!call_send(group, &order);
	}
	mls_writer_finish(&told);
	mls_writer_finish(&message);
}
