#include <errno.h>
#include <string.h>

#include "e2ee/mls_group_private.h"
#include "e2ee/mls_signed.h"

/* What a Welcome says, on its way to a group; secret. */
struct joining {
	struct mls_welcome welcome;
	struct mls_writer secrets_plaintext;
	struct mls_group_secrets secrets; /* lies in secrets_plaintext */
	struct mls_psks psks;
	struct mls_writer info_plaintext;
	struct mls_group_info info; /* lies in info_plaintext */
};

static int read_welcome(struct mls_bytes bytes, struct mls_welcome *ret_welcome)
{
	struct mls_message message;
	struct mls_reader reader;
	int r;

	if (bytes.length > MLS_WELCOME_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	mls_reader_init(&reader, bytes);
	mls_message_read(&reader, &message);
	r = mls_reader_close(&reader);
	if (r < 0)
		return r;
	if (message.wire_format != MLS_WELCOME)
		return -MLS_ERROR_VALUE;
	if (message.welcome.cipher_suite != MLS_CIPHER_SUITE)
		return -MLS_ERROR_SUITE;
	*ret_welcome = message.welcome;
	return 0;
}

/* The part of a Welcome that is for our key package. */
static int find_part(const struct mls_welcome *welcome, const struct mls_own_package *package,
		     struct mls_ciphertext *ret_secrets)
{
	struct mls_encrypted_secrets part;
	uint8_t ref[MLS_HASH_BYTES];
	struct mls_reader reader;
	int r = mls_own_package_ref(package, ref);

	if (r < 0)
		return r;
	mls_reader_init(&reader, welcome->secrets);
	while (mls_reader_more(&reader)) {
		mls_encrypted_secrets_read(&reader, &part);
		if (mls_bytes_equal(part.new_member, (struct mls_bytes){ref, sizeof(ref)})) {
			*ret_secrets = part.secrets;
			return 0;
		}
	}
	return -MLS_ERROR_NOT_FOR_US;
}

static int open_secrets(struct joining *joining, const struct mls_own_package *package)
{
	struct mls_bytes context = joining->welcome.encrypted_group_info;
	struct mls_ciphertext sealed;
	struct mls_reader reader;
	uint8_t *room;
	int r = find_part(&joining->welcome, package, &sealed);

	if (r < 0)
		return r;
	if (sealed.kem_output.length != MLS_PUBLIC_KEY_BYTES ||
	    sealed.ciphertext.length < MLS_TAG_BYTES)
		return -MLS_ERROR_DECRYPT;
	room = mls_write_room(&joining->secrets_plaintext,
			      sealed.ciphertext.length - MLS_TAG_BYTES);
	if (!room)
		return joining->secrets_plaintext.fault;
	r = mls_decrypt_with_label(mls_own_package_init_pair(package), "Welcome", context.data,
				   context.length, sealed.kem_output.data, sealed.ciphertext.data,
				   sealed.ciphertext.length, room);
	if (r < 0)
		return r == -EBADMSG ? -MLS_ERROR_DECRYPT : r;
	mls_reader_init(&reader, mls_writer_bytes(&joining->secrets_plaintext));
	mls_group_secrets_read(&reader, &joining->secrets);
	r = mls_reader_close(&reader);
	if (r < 0)
		return r;
	if (joining->secrets.joiner_secret.length != MLS_HASH_BYTES ||
	    (joining->secrets.has_path_secret &&
	     joining->secrets.path_secret.length != MLS_HASH_BYTES))
		return -MLS_ERROR_LENGTH;
	memcpy(joining->psks.ids, joining->secrets.psks, sizeof(joining->psks.ids));
	joining->psks.n = joining->secrets.n_psks;
	return 0;
}

static int open_info(struct joining *joining)
{
	struct mls_bytes sealed = joining->welcome.encrypted_group_info;
	uint8_t key[MLS_KEY_BYTES], nonce[MLS_NONCE_BYTES];
	struct mls_reader reader;
	uint8_t *room;
	int r;

	if (sealed.length < MLS_TAG_BYTES)
		return -MLS_ERROR_DECRYPT;
	room = mls_write_room(&joining->info_plaintext, sealed.length - MLS_TAG_BYTES);
	if (!room)
		return joining->info_plaintext.fault;
	r = mls_welcome_key(joining->secrets.joiner_secret.data, joining->psks.secret, key, nonce);
	if (r == 0)
		r = mls_aead_open(key, nonce, NULL, 0, sealed.data, sealed.length, room);
	mls_wipe(key, sizeof(key));
	mls_wipe(nonce, sizeof(nonce));
	if (r < 0)
		return r == -EBADMSG ? -MLS_ERROR_DECRYPT : r;
	mls_reader_init(&reader, mls_writer_bytes(&joining->info_plaintext));
	mls_group_info_read(&reader, &joining->info);
	r = mls_reader_close(&reader);
	if (r < 0)
		return r;
	if (joining->info.context.version != MLS_VERSION)
		return -MLS_ERROR_VERSION;
	return joining->info.context.cipher_suite == MLS_CIPHER_SUITE ? 0 : -MLS_ERROR_SUITE;
}

/* All members are who they say (section 12.4.3.1), whatever their leaf came in by. */
static int check_leaves(const struct mls_tree *tree, struct mls_bytes group_id,
			const struct mls_owner *owner)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < mls_tree_n_leaves(tree); i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(tree, i);

		if (leaf)
			r = mls_leaf_check(leaf, leaf->source, group_id, i, owner);
	}
	return r;
}

/* Takes the tree from the Welcome, or from what came beside it, and checks it. */
static int take_tree(const struct joining *joining, struct mls_bytes encoded,
		     const struct mls_owner *owner, struct mls_epoch *epoch)
{
	const struct mls_group_context *context = &joining->info.context;
	struct mls_bytes hash = {epoch->tree_hash, MLS_HASH_BYTES};
	const struct mls_leaf_node *signer;
	struct mls_bytes found;
	int r;

	if (mls_extension_find(joining->info.extensions, MLS_EXTENSION_RATCHET_TREE, &found))
		encoded = found;
	if (encoded.length > MLS_TREE_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	r = mls_tree_read(encoded, &epoch->tree);
	if (r < 0)
		return r;
	signer = mls_tree_leaf(epoch->tree, joining->info.signer);
	if (!signer)
		return -MLS_ERROR_SENDER;
	r = mls_group_info_verify(&joining->info, signer->signature_key);
	if (r == 0)
		r = mls_epoch_hash_tree(epoch);
	if (r == 0 && !mls_bytes_equal(hash, context->tree_hash))
		r = -MLS_ERROR_TREE;
	if (r == 0)
		r = mls_tree_check(epoch->tree);
	if (r == 0)
		r = mls_members_check(epoch->tree, context->extensions);
	if (r == 0)
		r = check_leaves(epoch->tree, context->group_id, owner);
	return r < 0 ? r : owner->ops->check_tree(owner->context, NULL, epoch->tree);
}

/* Our leaf is the one of the key package. */
static int find_leaf(struct mls_epoch *epoch, const struct mls_own_package *package)
{
	struct mls_bytes wanted = mls_own_package_public(package)->leaf.encoded;

	for (uint32_t i = 0; i < mls_tree_n_leaves(epoch->tree); i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(epoch->tree, i);

		if (leaf && mls_bytes_equal(leaf->encoded, wanted)) {
			epoch->leaf = i;
			epoch->keys.pairs[0] = *mls_own_package_leaf_pair(package);
			return 0;
		}
	}
	return -MLS_ERROR_NOT_FOR_US;
}

static int take_path_secret(const struct joining *joining, struct mls_epoch *epoch)
{
	uint8_t commit_secret[MLS_HASH_BYTES];
	int r;

	if (joining->info.signer == epoch->leaf)
		return -MLS_ERROR_SENDER;
	if (!joining->secrets.has_path_secret)
		return 0;
	r = mls_path_derive(epoch->tree, joining->info.signer, epoch->leaf,
			    joining->secrets.path_secret.data, &epoch->keys, commit_secret);
	mls_wipe(commit_secret, sizeof(commit_secret));
	return r;
}

static int take_epoch(const struct mls_group *group, const struct joining *joining,
		      struct mls_epoch *epoch)
{
	const struct mls_group_context *context = &joining->info.context;
	struct mls_bytes tag = {epoch->tag, sizeof(epoch->tag)};
	int r;

	if (context->confirmed_transcript_hash.length != MLS_HASH_BYTES)
		return -MLS_ERROR_LENGTH;
	memcpy(epoch->confirmed, context->confirmed_transcript_hash.data, MLS_HASH_BYTES);
	epoch->confirmed_length = MLS_HASH_BYTES;
	mls_write(&epoch->extensions, context->extensions.data, context->extensions.length);
	if (epoch->extensions.fault != 0)
		return epoch->extensions.fault;
	r = mls_epoch_derive(group, epoch, joining->secrets.joiner_secret.data,
			     joining->psks.secret);
	if (r < 0)
		return r;
	return mls_bytes_equal(tag, joining->info.confirmation_tag) ? 0 : -MLS_ERROR_TAG;
}

static int enter(const struct mls_member *member, const struct joining *joining,
		 const struct mls_own_package *package, struct mls_bytes tree,
		 struct mls_group **ret_group)
{
	struct mls_epoch *epoch = mls_epoch_create(joining->info.context.epoch);
	struct mls_group *group = NULL;
	int r = epoch ? mls_group_allocate(member, joining->info.context.group_id, &group)
		      : -ENOMEM;

	if (r == 0)
		r = take_tree(joining, tree, &member->owner, epoch);
	if (r == 0)
		r = find_leaf(epoch, package);
	if (r == 0)
		r = take_path_secret(joining, epoch);
	if (r == 0)
		r = take_epoch(group, joining, epoch);
	if (r < 0) {
		mls_epoch_destroy(epoch);
		mls_group_destroy(group);
		return r;
	}
	mls_group_enter(group, epoch);
	*ret_group = group;
	return 0;
}

int mls_group_join(const struct mls_member *member, const struct mls_own_package *package,
		   struct mls_bytes welcome, struct mls_bytes tree, struct mls_group **ret_group)
{
	struct joining joining = {0};
	int r = read_welcome(welcome, &joining.welcome);

	if (r < 0)
		return r;
	mls_writer_init(&joining.secrets_plaintext, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&joining.info_plaintext, MLS_WELCOME_BYTES_MAX);
	r = open_secrets(&joining, package);
	if (r == 0)
		r = mls_psks_find(&member->owner, NULL, &joining.psks);
	if (r == 0)
		r = open_info(&joining);
	if (r == 0)
		r = enter(member, &joining, package, tree, ret_group);
	mls_writer_finish(&joining.secrets_plaintext);
	mls_writer_finish(&joining.info_plaintext);
	mls_wipe(&joining, sizeof(joining));
	return r;
}
