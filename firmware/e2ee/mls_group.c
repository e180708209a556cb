#include "e2ee/mls_group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_group_private.h"

int mls_group_allocate(const struct mls_member *member, struct mls_bytes id,
		       struct mls_group **ret_group)
{
	struct mls_group *group;

	if (id.length > MLS_GROUP_ID_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->member = *member;
	group->id_length = id.length;
	if (id.length > 0)
		memcpy(group->id, id.data, id.length);
	*ret_group = group;
	return 0;
}

static void forget_proposals(struct mls_group *group)
{
	for (size_t i = 0; i < group->n_kept; i++)
		mls_writer_finish(&group->kept[i].encoded);
	group->n_kept = 0;
	group->has_update = false;
	mls_wipe(&group->update, sizeof(group->update));
}

void mls_group_destroy(struct mls_group *group)
{
	if (!group)
		return;
	mls_group_forget(group);
	mls_group_withdraw(group);
	forget_proposals(group);
	mls_epoch_destroy(group->now);
	mls_wipe(group, sizeof(*group));
	free(group);
}

static void keep_resumption(struct mls_group *group, const struct mls_epoch *epoch)
{
	struct mls_resumption *kept =
		&group->resumptions[group->n_resumptions++ % MLS_RESUMPTIONS_MAX];

	kept->epoch = epoch->number;
	memcpy(kept->psk, epoch->secrets.resumption_psk, sizeof(kept->psk));
}

/* Of an epoch that is over only what opens late messages is kept. */
static void retire(struct mls_epoch *epoch)
{
	uint8_t sender_data[MLS_HASH_BYTES];

	memcpy(sender_data, epoch->secrets.sender_data, sizeof(sender_data));
	mls_epoch_secrets_wipe(&epoch->secrets);
	memcpy(epoch->secrets.sender_data, sender_data, sizeof(sender_data));
	mls_wipe(sender_data, sizeof(sender_data));
	mls_wipe(&epoch->keys, sizeof(epoch->keys));
}

void mls_group_enter(struct mls_group *group, struct mls_epoch *epoch)
{
	if (group->pending != epoch)
		mls_epoch_destroy(group->pending);
	group->pending = NULL;
	forget_proposals(group);
	mls_group_forget(group);
	if (group->now)
		retire(group->now);
	group->past = group->now;
	group->now = epoch;
	keep_resumption(group, epoch);
}

void mls_group_forget(struct mls_group *group)
{
	mls_epoch_destroy(group->past);
	group->past = NULL;
}

int mls_group_advance(struct mls_group *group)
{
	if (!group->pending)
		return -EINVAL;
	mls_group_enter(group, group->pending);
	return 0;
}

void mls_group_withdraw(struct mls_group *group)
{
	mls_epoch_destroy(group->pending);
	group->pending = NULL;
}

static int fill_first(struct mls_group *group, const struct mls_own_package *package,
		      struct mls_epoch *epoch)
{
	const struct mls_leaf_node *leaf = &mls_own_package_public(package)->leaf;
	uint8_t secret[MLS_HASH_BYTES];
	int r = mls_key_package_check(mls_own_package_public(package), &group->member.owner);

	if (r < 0)
		return r;
	epoch->tree = mls_tree_create();
	if (!epoch->tree)
		return -ENOMEM;
	r = mls_tree_set_leaf(epoch->tree, 0, leaf->encoded);
	if (r == 0)
		r = mls_epoch_hash_tree(epoch);
	if (r == 0)
		r = group->member.owner.ops->check_tree(group->member.owner.context, NULL,
							epoch->tree);
	epoch->keys.pairs[0] = *mls_own_package_leaf_pair(package);
	/* A random joiner secret makes the random epoch_secret that section 11 asks for. */
	if (r == 0)
		r = mls_random(secret, sizeof(secret));
	if (r == 0)
		r = mls_epoch_derive(group, epoch, secret, (const uint8_t[MLS_HASH_BYTES]){0});
	mls_wipe(secret, sizeof(secret));
	return r;
}

int mls_group_create(const struct mls_member *member, struct mls_bytes group_id,
		     const struct mls_own_package *package, struct mls_group **ret_group)
{
	struct mls_epoch *epoch = mls_epoch_create(0);
	struct mls_group *group = NULL;
	int r = epoch ? mls_group_allocate(member, group_id, &group) : -ENOMEM;

	if (r == 0)
		r = fill_first(group, package, epoch);
	if (r < 0) {
		mls_epoch_destroy(epoch);
		mls_group_destroy(group);
		return r;
	}
	mls_group_enter(group, epoch);
	*ret_group = group;
	return 0;
}

uint64_t mls_group_epoch(const struct mls_group *group)
{
	return group->now->number;
}

struct mls_bytes mls_group_id(const struct mls_group *group)
{
	return (struct mls_bytes){group->id, group->id_length};
}

uint32_t mls_group_own_leaf(const struct mls_group *group)
{
	return group->now->leaf;
}

const struct mls_tree *mls_group_tree(const struct mls_group *group)
{
	return group->now->tree;
}

struct mls_bytes mls_group_extensions(const struct mls_group *group)
{
	return mls_writer_bytes(&group->now->extensions);
}

const uint8_t *mls_group_authenticator(const struct mls_group *group)
{
	return group->now->secrets.epoch_authenticator;
}

int mls_group_export(const struct mls_group *group, const char *label, struct mls_bytes context,
		     void *ret_bytes, size_t length)
{
	return mls_export(&group->now->secrets, label, context, ret_bytes, length);
}
