/* tree-math, tree-validation, treekem: RFC 9420, sections 4 and 7, and appendix C. */
#include <inttypes.h>
#include <stdlib.h>

#include "e2ee/mls_signed.h"
#include "e2ee/mls_tree.h"
#include "e2ee/mls_treekem.h"
#include "tests/vectors/vectors.h"

/* Element `node` of a list of nodes, null standing for none. */
static void check_neighbour(struct vector_case *test, const json_t *list, const char *what,
			    uint32_t node, uint32_t is)
{
	const json_t *should = json_array_get(list, node);

	if (!should || (json_is_null(should) ? is != MLS_NODE_NONE
					     : json_integer_value(should) != (json_int_t)is))
		vector_fail(test, "another %s of %" PRIu32, what, node);
}

static void check_tree_math(struct vector_case *test, const json_t *json)
{
	uint32_t n_leaves = (uint32_t)vector_number(test, json, "n_leaves");
	const json_t *left = vector_array(test, json, "left");
	const json_t *right = vector_array(test, json, "right");
	const json_t *parent = vector_array(test, json, "parent");
	const json_t *sibling = vector_array(test, json, "sibling");

	if (n_leaves == 0 || mls_node_count(n_leaves) != vector_number(test, json, "n_nodes"))
		vector_fail(test, "another number of nodes");
	if (mls_node_root(n_leaves) != vector_number(test, json, "root"))
		vector_fail(test, "another root");
	for (uint32_t node = 0; !vector_failed(test) && node < mls_node_count(n_leaves); node++) {
		check_neighbour(test, left, "left", node, mls_node_left(node));
		check_neighbour(test, right, "right", node, mls_node_right(node));
		check_neighbour(test, parent, "parent", node, mls_node_parent(node, n_leaves));
		check_neighbour(test, sibling, "sibling", node, mls_node_sibling(node, n_leaves));
	}
}

static void check_resolution(struct vector_case *test, const struct mls_tree *tree, uint32_t node,
			     const json_t *should)
{
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, node, nodes);
	bool is_same = n == json_array_size(should);

	for (size_t i = 0; is_same && i < n; i++)
		is_same = json_integer_value(json_array_get(should, i)) == (json_int_t)nodes[i];
	if (!is_same)
		vector_fail(test, "another resolution of %" PRIu32, node);
}

static void check_nodes(struct vector_case *test, const json_t *json, struct mls_tree *tree)
{
	const json_t *hashes = vector_array(test, json, "tree_hashes");
	const json_t *resolutions = vector_array(test, json, "resolutions");
	uint8_t hash[MLS_HASH_BYTES];

	for (uint32_t node = 0; node < mls_node_count(mls_tree_n_leaves(tree)); node++) {
		if (!vector_done(test, "tree hash", mls_tree_hash(tree, node, hash)))
			return;
		vector_same(test, "tree hash", hash, sizeof(hash),
			    vector_hex(test, json_array_get(hashes, node)));
		check_resolution(test, tree, node, json_array_get(resolutions, node));
	}
}

static void check_leaves(struct vector_case *test, const struct mls_tree *tree,
			 struct mls_bytes group_id)
{
	for (uint32_t leaf = 0; leaf < mls_tree_n_leaves(tree); leaf++) {
		const struct mls_leaf_node *node = mls_tree_leaf(tree, leaf);

		if (node)
			vector_done(test, "leaf", mls_leaf_node_verify(node, group_id, leaf));
	}
}

static void check_encoding(struct vector_case *test, const struct mls_tree *tree,
			   struct mls_bytes encoded)
{
	struct mls_writer writer;

	mls_writer_init(&writer, MLS_TREE_BYTES_MAX);
	mls_tree_write(&writer, tree);
	vector_done(test, "writing the tree", writer.fault);
	vector_same(test, "tree", writer.data, writer.length, encoded);
	mls_writer_finish(&writer);
}

static void check_tree_validation(struct vector_case *test, const json_t *json)
{
	struct mls_bytes encoded = vector_bytes(test, json, "tree");
	struct mls_tree *tree;

	if (!vector_done(test, "reading the tree", mls_tree_read(encoded, &tree)))
		return;
	vector_done(test, "tree", mls_tree_check(tree));
	check_leaves(test, tree, vector_bytes(test, json, "group_id"));
	check_encoding(test, tree, encoded);
	check_nodes(test, json, tree);
	mls_tree_destroy(tree);
}

/* A treekem case; secret, but published. */
struct treekem {
	struct vector_case *test;
	struct mls_tree *tree;
	struct mls_group_context context;
	struct mls_path_keys keys[MLS_LEAVES_MAX];
	struct mls_key_pair signers[MLS_LEAVES_MAX];
	bool is_member[MLS_LEAVES_MAX];
};

static void take_path_secret(struct treekem *kem, uint32_t leaf, const json_t *json)
{
	uint32_t node = (uint32_t)vector_number(kem->test, json, "node");
	uint8_t secret[MLS_HASH_BYTES];
	struct mls_key_pair pair;

	if (node >= mls_node_count(mls_tree_n_leaves(kem->tree)) ||
	    !mls_tree_public_key(kem->tree, node)) {
		vector_fail(kem->test, "a secret of no node");
		return;
	}
	vector_done(kem->test, "node secret",
		    mls_derive_secret(vector_fixed(kem->test, json, "path_secret", MLS_HASH_BYTES),
				      "node", secret));
	if (!vector_done(kem->test, "node key", mls_derive_key_pair(secret, sizeof(secret), &pair)))
		return;
	vector_same(kem->test, "node key", pair.public_key, sizeof(pair.public_key),
		    (struct mls_bytes){mls_tree_public_key(kem->tree, node), MLS_PUBLIC_KEY_BYTES});
	kem->keys[leaf].pairs[mls_node_level(node)] = pair;
}

static void take_leaf(struct treekem *kem, const json_t *json)
{
	uint32_t leaf = (uint32_t)vector_number(kem->test, json, "index");
	const json_t *secret;
	size_t i;

	if (!mls_tree_leaf(kem->tree, leaf)) {
		vector_fail(kem->test, "keys of no member");
		return;
	}
	kem->is_member[leaf] = true;
	vector_done(kem->test, "encryption key",
		    mls_key_pair_from_private(vector_fixed(kem->test, json, "encryption_priv",
							   MLS_PRIVATE_KEY_BYTES),
					      &kem->keys[leaf].pairs[0]));
	vector_done(kem->test, "signature key",
		    mls_key_pair_from_private(vector_fixed(kem->test, json, "signature_priv",
							   MLS_PRIVATE_KEY_BYTES),
					      &kem->signers[leaf]));
	json_array_foreach (vector_array(kem->test, json, "path_secrets"), i, secret) {
		take_path_secret(kem, leaf, secret);
	}
}

/* The new tree's hash into the context, which is written. */
static void write_context(struct treekem *kem, struct mls_tree *tree, struct mls_writer *writer,
			  uint8_t hash[MLS_HASH_BYTES])
{
	vector_done(kem->test, "tree hash",
		    mls_tree_hash(tree, mls_node_root(mls_tree_n_leaves(tree)), hash));
	kem->context.tree_hash = (struct mls_bytes){hash, MLS_HASH_BYTES};
	mls_group_context_write(writer, &kem->context);
	vector_done(kem->test, "context", writer->fault);
}

/* One member takes a path that is in the tree; NULL for a path secret that is not published. */
static void open_path(struct treekem *kem, struct mls_tree *tree, uint32_t sender,
		      const struct mls_update_path *path, struct mls_bytes context, uint32_t leaf,
		      const json_t *path_secret, struct mls_bytes commit_secret)
{
	struct mls_path_keys keys = kem->keys[leaf];
	uint8_t secret[MLS_HASH_BYTES];

	if (!vector_done(kem->test, "path secret",
			 mls_path_open(tree, sender, path, context, &(const struct mls_leaf_set){0},
				       leaf, &keys, secret)))
		return;
	if (path_secret)
		vector_same(kem->test, "path secret", secret, sizeof(secret),
			    vector_hex(kem->test, path_secret));
	if (vector_done(kem->test, "path keys",
			mls_path_derive(tree, sender, leaf, secret, &keys, secret)))
		vector_same(kem->test, "commit secret", secret, sizeof(secret), commit_secret);
}

/* All others take the path that is in `encoded`. */
static void take_path(struct treekem *kem, uint32_t sender, struct mls_bytes encoded,
		      const json_t *secrets, struct mls_bytes commit_secret,
		      const struct mls_bytes *tree_hash)
{
	struct mls_tree *tree = mls_tree_clone(kem->tree);
	struct mls_update_path path;
	struct mls_reader reader;
	struct mls_writer context;
	uint8_t hash[MLS_HASH_BYTES];

	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_reader_init(&reader, encoded);
	mls_update_path_read(&reader, &path);
	if (!vector_done(kem->test, "reading the path", mls_reader_close(&reader)) ||
	    !vector_done(kem->test, "path", mls_path_merge(tree, sender, &path)) ||
	    !vector_done(kem->test, "leaf",
			 mls_leaf_node_verify(&path.leaf, kem->context.group_id, sender)))
		goto out;
	write_context(kem, tree, &context, hash);
	if (tree_hash)
		vector_same(kem->test, "tree hash", hash, sizeof(hash), *tree_hash);
	for (uint32_t leaf = 0; leaf < mls_tree_n_leaves(tree); leaf++) {
		if (kem->is_member[leaf] && leaf != sender)
			open_path(kem, tree, sender, &path, mls_writer_bytes(&context), leaf,
				  json_array_get(secrets, leaf), commit_secret);
	}
out:
	mls_writer_finish(&context);
	mls_tree_destroy(tree);
}

/* The sender makes a path of its own, which all others take. */
static void make_path(struct treekem *kem, uint32_t sender)
{
	struct mls_path_keys keys = kem->keys[sender];
	struct mls_tree *tree = mls_tree_clone(kem->tree);
	struct mls_path_secrets secrets;
	struct mls_writer context, path;
	struct mls_signer signer;
	uint8_t hash[MLS_HASH_BYTES];

	mls_signer_init(&signer, &kem->signers[sender]);
	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&path, MLS_MESSAGE_BYTES_MAX);
	if (vector_done(kem->test, "new path",
			mls_path_renew(tree, sender, mls_tree_leaf(kem->tree, sender),
				       kem->context.group_id, &signer, &keys, &secrets))) {
		write_context(kem, tree, &context, hash);
		vector_done(kem->test, "sealing the path",
			    mls_path_seal(&path, tree, sender, &secrets, mls_writer_bytes(&context),
					  &(const struct mls_leaf_set){0}));
		take_path(kem, sender, mls_writer_bytes(&path), NULL,
			  (struct mls_bytes){secrets.commit_secret, MLS_HASH_BYTES}, NULL);
	}
	mls_writer_finish(&path);
	mls_writer_finish(&context);
	mls_tree_destroy(tree);
}

static void check_treekem(struct vector_case *test, const json_t *json)
{
	struct treekem *kem = calloc(1, sizeof(*kem));
	const json_t *element;
	size_t i;

	if (!kem)
		abort();
	kem->test = test;
	kem->context = (struct mls_group_context){
		.version = MLS_VERSION,
		.cipher_suite = MLS_CIPHER_SUITE,
		.group_id = vector_bytes(test, json, "group_id"),
		.epoch = vector_number(test, json, "epoch"),
		.confirmed_transcript_hash = vector_bytes(test, json, "confirmed_transcript_hash"),
	};
	if (!vector_done(test, "reading the tree",
			 mls_tree_read(vector_bytes(test, json, "ratchet_tree"), &kem->tree))) {
		free(kem);
		return;
	}
	json_array_foreach (vector_array(test, json, "leaves_private"), i, element) {
		take_leaf(kem, element);
	}
	json_array_foreach (vector_array(test, json, "update_paths"), i, element) {
		uint32_t sender = (uint32_t)vector_number(test, element, "sender");
		struct mls_bytes tree_hash = vector_bytes(test, element, "tree_hash_after");

		if (vector_failed(test) || !mls_tree_leaf(kem->tree, sender))
			break;
		take_path(kem, sender, vector_bytes(test, element, "update_path"),
			  vector_array(test, element, "path_secrets"),
			  vector_bytes(test, element, "commit_secret"), &tree_hash);
		make_path(kem, sender);
	}
	mls_tree_destroy(kem->tree);
	free(kem);
}

const struct vector_format vector_formats_tree[] = {
	{"tree-math", "n_nodes", check_tree_math},
	{"tree-validation", "resolutions", check_tree_validation},
	{"treekem", "update_paths", check_treekem},
	{0},
};
