#include <string.h>

#include "e2ee/mls_tree_private.h"

/* LeafNodeHashInput */
static void write_leaf_input(struct mls_writer *writer, const struct mls_tree *tree, uint32_t node,
			     const struct mls_leaf_set *without)
{
	const struct mls_tree_leaf *leaf = tree->nodes[node].leaf;
	bool is_there = leaf && !mls_leaf_set_has(without, node / 2);

	mls_write_u8(writer, 1);
	mls_write_u32(writer, node / 2);
	mls_write_u8(writer, is_there);
	if (is_there)
		mls_write(writer, leaf->node.encoded.data, leaf->node.encoded.length);
}

/* ParentNodeHashInput */
static int write_parent_input(struct mls_writer *writer, struct mls_tree *tree, uint32_t node,
			      const struct mls_leaf_set *without)
{
	uint8_t left[MLS_HASH_BYTES], right[MLS_HASH_BYTES];
	int r = mls_tree_hash_without(tree, mls_node_left(node), without, left);

	if (r == 0)
		r = mls_tree_hash_without(tree, mls_node_right(node), without, right);
	if (r < 0)
		return r;
	mls_write_u8(writer, 2);
	mls_write_u8(writer, tree->nodes[node].has_key);
	if (tree->nodes[node].has_key)
		mls_tree_write_parent(writer, &tree->nodes[node], without);
	mls_write_vector(writer, left, sizeof(left));
	mls_write_vector(writer, right, sizeof(right));
	return 0;
}

static int work_out(struct mls_tree *tree, uint32_t node, const struct mls_leaf_set *without,
		    uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_writer writer;
	int r = 0;

	mls_writer_init(&writer, MLS_TREE_BYTES_MAX);
	if (mls_node_is_leaf(node))
		write_leaf_input(&writer, tree, node, without);
	else
		r = write_parent_input(&writer, tree, node, without);
	if (r == 0)
		r = mls_writer_hash(&writer, ret_hash);
	mls_writer_finish(&writer);
	return r;
}

static bool has_any_under(const struct mls_leaf_set *set, uint32_t node)
{
	uint32_t leaves = 1U << mls_node_level(node);
	uint32_t first = (node - (leaves - 1)) / 2;

	for (uint32_t leaf = first; leaf < first + leaves; leaf++) {
		if (mls_leaf_set_has(set, leaf))
			return true;
	}
	return false;
}

int mls_tree_hash_without(struct mls_tree *tree, uint32_t node, const struct mls_leaf_set *without,
			  uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_tree_node *at = &tree->nodes[node];
	int r;

	if (has_any_under(without, node))
		return work_out(tree, node, without, ret_hash);
	if (!at->has_hash) {
		r = work_out(tree, node, without, at->hash);
		if (r < 0)
			return r;
		at->has_hash = true;
	}
	memcpy(ret_hash, at->hash, MLS_HASH_BYTES);
	return 0;
}

int mls_tree_hash(struct mls_tree *tree, uint32_t node, uint8_t ret_hash[MLS_HASH_BYTES])
{
	return mls_tree_hash_without(tree, node, &(const struct mls_leaf_set){0}, ret_hash);
}

int mls_tree_parent_hash(struct mls_tree *tree, uint32_t parent, uint32_t copath,
			 uint8_t ret_hash[MLS_HASH_BYTES])
{
	const struct mls_tree_node *at = &tree->nodes[parent];
	uint8_t sibling[MLS_HASH_BYTES];
	struct mls_writer writer;
	int r = mls_tree_hash_without(tree, copath, &at->unmerged, sibling);

	if (r < 0)
		return r;
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_write_vector(&writer, at->public_key, MLS_PUBLIC_KEY_BYTES);
	mls_write_vector(&writer, at->parent_hash, at->parent_hash_length);
	mls_write_vector(&writer, sibling, sizeof(sibling));
	r = mls_writer_hash(&writer, ret_hash);
	mls_writer_finish(&writer);
	return r;
}
