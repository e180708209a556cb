#include "e2ee/mls_treekem.h"

#include <errno.h>
#include <string.h>

#include "e2ee/mls_signed.h"

static const char secret_label[] = "UpdatePathNode";

void mls_path_keys_sweep(struct mls_path_keys *keys, const struct mls_tree *tree, uint32_t leaf)
{
	uint32_t node = mls_node_of_leaf(leaf);

	for (size_t level = 0; level <= MLS_DEPTH_MAX; level++) {
		struct mls_key_pair *pair = &keys->pairs[level];
		const uint8_t *key = node == MLS_NODE_NONE ? NULL : mls_tree_public_key(tree, node);

		if (!key || memcmp(key, pair->public_key, sizeof(pair->public_key)) != 0)
			mls_wipe(pair, sizeof(*pair));
		if (node != MLS_NODE_NONE)
			node = mls_node_parent(node, mls_tree_n_leaves(tree));
	}
}

/* node_priv, node_pub of a path secret (section 7.4). */
static int pair_of(const uint8_t path_secret[MLS_HASH_BYTES], struct mls_key_pair *ret_pair)
{
	uint8_t node_secret[MLS_HASH_BYTES];
	int r = mls_derive_secret(path_secret, "node", node_secret);

	if (r == 0)
		r = mls_derive_key_pair(node_secret, sizeof(node_secret), ret_pair);
	mls_wipe(node_secret, sizeof(node_secret));
	return r;
}

/*
 * Tells each node on the path, from above, the parent hash of the next one; returns what the leaf
 * has to tell, empty for a path without nodes.
 */
static int link_path(struct mls_tree *tree, const struct mls_tree_step *steps, size_t n,
		     uint8_t ret_hash[MLS_HASH_BYTES], size_t *ret_length)
{
	int r;

	*ret_length = 0;
	while (n-- > 0) {
		mls_tree_set_parent_hash(tree, steps[n].node, ret_hash, *ret_length);
		r = mls_tree_parent_hash(tree, steps[n].node, steps[n].copath, ret_hash);
		if (r < 0)
			return r;
		*ret_length = MLS_HASH_BYTES;
	}
	return 0;
}

/* New secrets and keys for the nodes of the path; the last secret is the commit's. */
static int renew_nodes(struct mls_tree *tree, struct mls_path_keys *keys,
		       struct mls_path_secrets *path)
{
	uint8_t secret[MLS_HASH_BYTES];
	int r = mls_random(secret, sizeof(secret));

	for (size_t i = 0; r == 0 && i < path->n; i++) {
		uint32_t node = path->steps[i].node;
		struct mls_key_pair *pair = &keys->pairs[mls_node_level(node)];

		memcpy(path->secrets[i], secret, sizeof(secret));
		r = pair_of(secret, pair);
		if (r == 0)
			mls_tree_set_parent(tree, node, pair->public_key);
		if (r == 0)
			r = mls_derive_secret(path->secrets[i], "path", secret);
	}
	memcpy(path->commit_secret, secret, sizeof(secret));
	mls_wipe(secret, sizeof(secret));
	return r;
}

static int renew_leaf(struct mls_tree *tree, uint32_t leaf, const struct mls_leaf_node *node,
		      struct mls_bytes group_id, const struct mls_signer *signer,
		      struct mls_key_pair *pair, struct mls_bytes parent_hash)
{
	struct mls_leaf_node renewed = *node;
	struct mls_writer writer;
	int r = mls_key_pair_generate(pair);

	if (r < 0)
		return r;
	renewed.encryption_key = (struct mls_bytes){pair->public_key, sizeof(pair->public_key)};
	renewed.source = MLS_LEAF_COMMIT;
	renewed.parent_hash = parent_hash;
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	r = mls_leaf_node_sign(&writer, &renewed, group_id, leaf, signer);
	if (r == 0)
		r = mls_tree_set_leaf(tree, leaf, mls_writer_bytes(&writer));
	mls_writer_finish(&writer);
	return r;
}

int mls_path_renew(struct mls_tree *tree, uint32_t leaf, const struct mls_leaf_node *node,
		   struct mls_bytes group_id, const struct mls_signer *signer,
		   struct mls_path_keys *keys, struct mls_path_secrets *ret_secrets)
{
	uint8_t hash[MLS_HASH_BYTES];
	size_t length;
	int r;

	mls_tree_blank_path(tree, leaf);
	ret_secrets->n = mls_tree_filtered_path(tree, leaf, ret_secrets->steps);
	r = renew_nodes(tree, keys, ret_secrets);
	if (r == 0)
		r = link_path(tree, ret_secrets->steps, ret_secrets->n, hash, &length);
	if (r == 0)
		r = renew_leaf(tree, leaf, node, group_id, signer, &keys->pairs[0],
			       (struct mls_bytes){hash, length});
	if (r == 0)
		mls_path_keys_sweep(keys, tree, leaf);
	return r;
}

static bool is_joiner(const struct mls_leaf_set *joiners, uint32_t node)
{
	return mls_node_is_leaf(node) && mls_leaf_set_has(joiners, node / 2);
}

static int seal_secret(struct mls_writer *writer, const uint8_t *public_key,
		       struct mls_bytes context, const uint8_t path_secret[MLS_HASH_BYTES])
{
	uint8_t kem_output[MLS_PUBLIC_KEY_BYTES];
	uint8_t ciphertext[MLS_HASH_BYTES + MLS_TAG_BYTES];
	int r;

	if (!public_key)
		return -MLS_ERROR_TREE;
	r = mls_encrypt_with_label(public_key, secret_label, context.data, context.length,
				   path_secret, MLS_HASH_BYTES, kem_output, ciphertext);
	if (r < 0)
		return r == -EINVAL ? -MLS_ERROR_TREE : r;
	mls_write_vector(writer, kem_output, sizeof(kem_output));
	mls_write_vector(writer, ciphertext, sizeof(ciphertext));
	return 0;
}

/* UpdatePathNode */
static int seal_node(struct mls_writer *writer, const struct mls_tree *tree,
		     const struct mls_tree_step *step, const uint8_t path_secret[MLS_HASH_BYTES],
		     struct mls_bytes context, const struct mls_leaf_set *joiners)
{
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, step->copath, nodes);
	size_t begin;

	mls_write_vector(writer, mls_tree_public_key(tree, step->node), MLS_PUBLIC_KEY_BYTES);
	begin = mls_writer_begin(writer);
	for (size_t i = 0; i < n; i++) {
		int r = is_joiner(joiners, nodes[i])
				? 0
				: seal_secret(writer, mls_tree_public_key(tree, nodes[i]), context,
					      path_secret);

		if (r < 0)
			return r;
	}
	mls_writer_end(writer, begin);
	return 0;
}

int mls_path_seal(struct mls_writer *writer, const struct mls_tree *tree, uint32_t leaf,
		  const struct mls_path_secrets *secrets, struct mls_bytes context,
		  const struct mls_leaf_set *joiners)
{
	size_t begin;

	mls_leaf_node_write(writer, mls_tree_leaf(tree, leaf));
	begin = mls_writer_begin(writer);
	for (size_t i = 0; i < secrets->n; i++) {
		int r = seal_node(writer, tree, &secrets->steps[i], secrets->secrets[i], context,
				  joiners);

		if (r < 0)
			return r;
	}
	mls_writer_end(writer, begin);
	return writer->fault;
}

static bool is_new_key(const struct mls_tree *tree, struct mls_bytes key)
{
	uint32_t count = mls_node_count(mls_tree_n_leaves(tree));

	for (uint32_t node = 0; node < count; node++) {
		const uint8_t *old = mls_tree_public_key(tree, node);

		if (old && memcmp(old, key.data, MLS_PUBLIC_KEY_BYTES) == 0)
			return false;
	}
	return true;
}

/* Nobody has the path's keys yet, and none is in it twice (section 12.4.2). */
static bool has_new_keys(const struct mls_tree *tree, const struct mls_update_path *path)
{
	struct mls_bytes keys[MLS_DEPTH_MAX + 1] = {path->leaf.encryption_key};

	for (size_t i = 0; i < path->n_nodes; i++)
		keys[i + 1] = path->nodes[i].public_key;
	for (size_t i = 0; i <= path->n_nodes; i++) {
		if (keys[i].length != MLS_PUBLIC_KEY_BYTES || !is_new_key(tree, keys[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (mls_bytes_equal(keys[i], keys[j]))
				return false;
		}
	}
	return true;
}

int mls_path_merge(struct mls_tree *tree, uint32_t sender, const struct mls_update_path *path)
{
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	size_t n = mls_tree_filtered_path(tree, sender, steps);
	uint8_t hash[MLS_HASH_BYTES];
	size_t length;
	int r;

	if (path->n_nodes != n || !has_new_keys(tree, path))
		return -MLS_ERROR_PATH;
	mls_tree_blank_path(tree, sender);
	for (size_t i = 0; i < n; i++)
		mls_tree_set_parent(tree, steps[i].node, path->nodes[i].public_key.data);
	r = link_path(tree, steps, n, hash, &length);
	if (r < 0)
		return r;
	if (path->leaf.source != MLS_LEAF_COMMIT ||
	    !mls_bytes_equal(path->leaf.parent_hash, (struct mls_bytes){hash, length}))
		return -MLS_ERROR_PATH;
	return mls_tree_set_leaf(tree, sender, path->leaf.encoded);
}

/* The key that opens what is sealed to a node, or NULL. */
static const struct mls_key_pair *key_of(const struct mls_tree *tree, uint32_t node, uint32_t leaf,
					 const struct mls_path_keys *keys)
{
	const struct mls_key_pair *pair = &keys->pairs[mls_node_level(node)];
	const uint8_t *key = mls_tree_public_key(tree, node);

	if (!mls_node_is_under(mls_node_of_leaf(leaf), node) || !key ||
	    memcmp(key, pair->public_key, sizeof(pair->public_key)) != 0)
		return NULL;
	return pair;
}

static int open_secret(const struct mls_key_pair *pair, const struct mls_ciphertext *sealed,
		       struct mls_bytes context, uint8_t ret_path_secret[MLS_HASH_BYTES])
{
	int r;

	if (sealed->kem_output.length != MLS_PUBLIC_KEY_BYTES ||
	    sealed->ciphertext.length != MLS_HASH_BYTES + MLS_TAG_BYTES)
		return -MLS_ERROR_PATH;
	r = mls_decrypt_with_label(pair, secret_label, context.data, context.length,
				   sealed->kem_output.data, sealed->ciphertext.data,
				   sealed->ciphertext.length, ret_path_secret);
	return r == -EBADMSG ? -MLS_ERROR_DECRYPT : r;
}

/* The ciphertexts of a path's node stand in the order of the resolution, without joiners. */
static int open_node(const struct mls_tree *tree, const struct mls_path_node *node, uint32_t copath,
		     struct mls_bytes context, const struct mls_leaf_set *joiners, uint32_t leaf,
		     const struct mls_path_keys *keys, uint8_t ret_path_secret[MLS_HASH_BYTES])
{
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, copath, nodes);
	const struct mls_key_pair *pair = NULL;
	struct mls_ciphertext ours = {0};
	struct mls_ciphertext sealed;
	struct mls_reader reader;

	mls_reader_init(&reader, node->secrets);
	for (size_t i = 0; i < n; i++) {
		const struct mls_key_pair *found = key_of(tree, nodes[i], leaf, keys);

		if (is_joiner(joiners, nodes[i]))
			continue;
		mls_ciphertext_read(&reader, &sealed);
		if (found && !pair) {
			pair = found;
			ours = sealed;
		}
	}
	if (mls_reader_close(&reader) < 0 || !pair)
		return -MLS_ERROR_PATH;
	return open_secret(pair, &ours, context, ret_path_secret);
}

int mls_path_open(const struct mls_tree *tree, uint32_t sender, const struct mls_update_path *path,
		  struct mls_bytes context, const struct mls_leaf_set *joiners, uint32_t leaf,
		  const struct mls_path_keys *keys, uint8_t ret_path_secret[MLS_HASH_BYTES])
{
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	size_t n = mls_tree_filtered_path(tree, sender, steps);

	for (size_t i = 0; i < n && i < path->n_nodes; i++) {
		if (mls_node_is_under(mls_node_of_leaf(leaf), steps[i].node))
			return open_node(tree, &path->nodes[i], steps[i].copath, context, joiners,
					 leaf, keys, ret_path_secret);
	}
	return -MLS_ERROR_PATH;
}

static int derive_node(const struct mls_tree *tree, uint32_t node, struct mls_path_keys *keys,
		       uint8_t secret[MLS_HASH_BYTES])
{
	struct mls_key_pair *pair = &keys->pairs[mls_node_level(node)];
	const uint8_t *key = mls_tree_public_key(tree, node);
	uint8_t next[MLS_HASH_BYTES];
	int r = pair_of(secret, pair);

	if (r == 0 && (!key || memcmp(key, pair->public_key, sizeof(pair->public_key)) != 0))
		r = -MLS_ERROR_PATH;
	if (r == 0)
		r = mls_derive_secret(secret, "path", next);
	if (r == 0)
		memcpy(secret, next, sizeof(next));
	mls_wipe(next, sizeof(next));
	return r;
}

int mls_path_derive(const struct mls_tree *tree, uint32_t sender, uint32_t leaf,
		    const uint8_t path_secret[MLS_HASH_BYTES], struct mls_path_keys *keys,
		    uint8_t ret_commit_secret[MLS_HASH_BYTES])
{
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	size_t n = mls_tree_filtered_path(tree, sender, steps);
	uint8_t secret[MLS_HASH_BYTES];
	int r = 0;

	memcpy(secret, path_secret, sizeof(secret));
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (mls_node_is_under(mls_node_of_leaf(leaf), steps[i].node))
			r = derive_node(tree, steps[i].node, keys, secret);
	}
	if (r == 0)
		memcpy(ret_commit_secret, secret, sizeof(secret));
	mls_wipe(secret, sizeof(secret));
	return r;
}
