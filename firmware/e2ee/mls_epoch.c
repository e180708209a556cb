#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_group_private.h"

struct mls_epoch *mls_epoch_create(uint64_t number)
{
	struct mls_epoch *epoch = calloc(1, sizeof(*epoch));

	if (!epoch)
		return NULL;
	epoch->number = number;
	mls_writer_init(&epoch->extensions, MLS_MESSAGE_BYTES_MAX);
	return epoch;
}

void mls_epoch_destroy(struct mls_epoch *epoch)
{
	if (!epoch)
		return;
	mls_tree_destroy(epoch->tree);
	mls_writer_finish(&epoch->extensions);
	mls_secret_tree_destroy(epoch->secret_tree);
	mls_wipe(epoch, sizeof(*epoch));
	free(epoch);
}

void mls_epoch_write_context(struct mls_writer *writer, const struct mls_group *group,
			     const struct mls_epoch *epoch)
{
	const struct mls_group_context context = {
		.version = MLS_VERSION,
		.cipher_suite = MLS_CIPHER_SUITE,
		.group_id = {group->id, group->id_length},
		.epoch = epoch->number,
		.tree_hash = {epoch->tree_hash, MLS_HASH_BYTES},
		.confirmed_transcript_hash = {epoch->confirmed, epoch->confirmed_length},
		.extensions = mls_writer_bytes(&epoch->extensions),
	};

	mls_group_context_write(writer, &context);
}

static int fill_following(const struct mls_group *group, const struct mls_proposal_list *list,
			  struct mls_epoch *next, struct mls_applied *ret_applied)
{
	const struct mls_epoch *now = group->now;
	int r;

	next->tree = mls_tree_clone(now->tree);
	if (!next->tree)
		return -ENOMEM;
	r = mls_proposals_apply(list, next->tree, mls_writer_bytes(&now->extensions), ret_applied);
	if (r < 0)
		return r;
	mls_write(&next->extensions, ret_applied->extensions.data, ret_applied->extensions.length);
	next->leaf = now->leaf;
	next->keys = now->keys;
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].proposal->type == MLS_PROPOSAL_UPDATE &&
		    list->items[i].sender == now->leaf)
			next->keys.pairs[0] = group->update;
	}
	memcpy(next->confirmed, now->confirmed, sizeof(next->confirmed));
	next->confirmed_length = now->confirmed_length;
	return next->extensions.fault;
}

int mls_epoch_follow(const struct mls_group *group, const struct mls_proposal_list *list,
		     struct mls_epoch **ret_epoch, struct mls_applied *ret_applied)
{
	struct mls_epoch *next = mls_epoch_create(group->now->number + 1);
	int r;

	if (!next)
		return -ENOMEM;
	r = fill_following(group, list, next, ret_applied);
	if (r < 0) {
		mls_epoch_destroy(next);
		return r;
	}
	*ret_epoch = next;
	return 0;
}

int mls_epoch_hash_tree(struct mls_epoch *epoch)
{
	return mls_tree_hash(epoch->tree, mls_node_root(mls_tree_n_leaves(epoch->tree)),
			     epoch->tree_hash);
}

/* The tag and the transcript hash that goes into the next commit's. */
static int confirm(struct mls_epoch *epoch)
{
	struct mls_writer input;
	int r = mls_mac(epoch->secrets.confirmation_key, MLS_HASH_BYTES, epoch->confirmed,
			epoch->confirmed_length, epoch->tag);

	if (r < 0)
		return r;
	mls_writer_init(&input, MLS_MESSAGE_BYTES_MAX);
	mls_write(&input, epoch->confirmed, epoch->confirmed_length);
	mls_write_vector(&input, epoch->tag, sizeof(epoch->tag));
	r = mls_writer_hash(&input, epoch->interim);
	mls_writer_finish(&input);
	return r;
}

int mls_epoch_derive(const struct mls_group *group, struct mls_epoch *epoch,
		     const uint8_t joiner_secret[MLS_HASH_BYTES],
		     const uint8_t psk_secret[MLS_HASH_BYTES])
{
	struct mls_writer context;
	int r;

	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_epoch_write_context(&context, group, epoch);
	r = context.fault;
	if (r == 0)
		r = mls_epoch_secrets_derive(joiner_secret, psk_secret, mls_writer_bytes(&context),
					     &epoch->secrets);
	mls_writer_finish(&context);
	if (r == 0)
		r = confirm(epoch);
	if (r == 0)
		r = mls_secret_tree_create(epoch->secrets.encryption,
					   mls_tree_n_leaves(epoch->tree), &epoch->secret_tree);
	mls_wipe(epoch->secrets.encryption, MLS_HASH_BYTES);
	mls_path_keys_sweep(&epoch->keys, epoch->tree, epoch->leaf);
	return r;
}

int mls_epoch_conclude(const struct mls_group *group, struct mls_epoch *epoch,
		       const struct mls_content *commit, uint16_t wire_format,
		       struct mls_bytes signature, const uint8_t commit_secret[MLS_HASH_BYTES],
		       const uint8_t psk_secret[MLS_HASH_BYTES],
		       uint8_t ret_joiner_secret[MLS_HASH_BYTES])
{
	struct mls_writer context;
	int r = mls_confirmed_transcript_hash(group->now->interim, wire_format, commit, signature,
					      epoch->confirmed);

	if (r < 0)
		return r;
	epoch->confirmed_length = MLS_HASH_BYTES;
	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_epoch_write_context(&context, group, epoch);
	r = context.fault;
	if (r == 0)
		r = mls_joiner_secret(group->now->secrets.init, commit_secret,
				      mls_writer_bytes(&context), ret_joiner_secret);
	mls_writer_finish(&context);
	return r < 0 ? r : mls_epoch_derive(group, epoch, ret_joiner_secret, psk_secret);
}
