#include <errno.h>

#include "e2ee/mls_tree_private.h"

enum node_type { NODE_LEAF = 1, NODE_PARENT = 2 };

/* ParentNode.unmerged_leaves: the numbers rise (section 7.1). */
static void read_unmerged(struct mls_reader *reader, uint32_t node, struct mls_leaf_set *set)
{
	size_t end = mls_reader_enter(reader);
	uint32_t least = 0;

	while (mls_reader_more(reader)) {
		uint32_t leaf = mls_read_u32(reader);

		if (leaf < least || leaf >= MLS_LEAVES_MAX ||
		    !mls_node_is_under(mls_node_of_leaf(leaf), node)) {
			mls_reader_fail(reader, MLS_ERROR_TREE);
			break;
		}
		mls_leaf_set_add(set, leaf);
		least = leaf + 1;
	}
	mls_reader_leave(reader, end);
}

static void read_parent(struct mls_reader *reader, struct mls_tree *tree, uint32_t node)
{
	struct mls_bytes key = mls_read_vector(reader);
	struct mls_bytes hash = mls_read_vector(reader);

	if (key.length != MLS_PUBLIC_KEY_BYTES ||
	    (hash.length != 0 && hash.length != MLS_HASH_BYTES))
		mls_reader_fail(reader, MLS_ERROR_TREE);
	if (reader->fault != 0)
		return;
	mls_tree_set_parent(tree, node, key.data);
	mls_tree_set_parent_hash(tree, node, hash.data, hash.length);
	read_unmerged(reader, node, &tree->nodes[node].unmerged);
}

static int read_leaf(struct mls_reader *reader, struct mls_tree *tree, uint32_t node)
{
	struct mls_leaf_node leaf;

	mls_leaf_node_read(reader, &leaf);
	if (reader->fault != 0)
		return reader->fault;
	return mls_tree_leaf_create(leaf.encoded, &tree->nodes[node].leaf);
}

/* optional<Node>. Returns 0 or -errno from making it; faults are the reader's. */
static int read_node(struct mls_reader *reader, struct mls_tree *tree, uint32_t node)
{
	enum node_type wanted = mls_node_is_leaf(node) ? NODE_LEAF : NODE_PARENT;

	if (!mls_read_optional(reader))
		return 0;
	if (mls_read_u8(reader) != wanted)
		mls_reader_fail(reader, MLS_ERROR_TREE);
	if (wanted == NODE_LEAF)
		return read_leaf(reader, tree, node);
	read_parent(reader, tree, node);
	return 0;
}

/* The last node on the wire is not blank; the tree is as wide as it has to be for that. */
static int read_nodes(struct mls_reader *reader, struct mls_tree *tree)
{
	size_t end = mls_reader_enter(reader);
	uint32_t count = 0;
	int r = 0;

	tree->n_leaves = MLS_LEAVES_MAX;
	while (r == 0 && mls_reader_more(reader)) {
		if (count == MLS_NODES_MAX)
			mls_reader_fail(reader, MLS_ERROR_LIMIT);
		else
			r = read_node(reader, tree, count++);
	}
	mls_reader_leave(reader, end);
	if (r == 0)
		r = mls_reader_close(reader);
	if (r < 0)
		return r;
	if (count == 0 || (!tree->nodes[count - 1].leaf && !tree->nodes[count - 1].has_key))
		return -MLS_ERROR_TREE;
	tree->n_leaves = 1;
	while (mls_node_count(tree->n_leaves) < count)
		tree->n_leaves *= 2;
	return 0;
}

int mls_tree_read(struct mls_bytes encoded, struct mls_tree **ret_tree)
{
	struct mls_tree *tree = mls_tree_create();
	struct mls_reader reader;
	int r;

	if (!tree)
		return -ENOMEM;
	mls_reader_init(&reader, encoded);
	r = read_nodes(&reader, tree);
	if (r < 0) {
		tree->n_leaves = MLS_LEAVES_MAX;
		mls_tree_destroy(tree);
		return r;
	}
	*ret_tree = tree;
	return 0;
}

static void write_leaf(struct mls_writer *writer, const struct mls_tree_leaf *leaf)
{
	mls_write_u8(writer, leaf != NULL);
	if (!leaf)
		return;
	mls_write_u8(writer, NODE_LEAF);
	mls_write(writer, leaf->node.encoded.data, leaf->node.encoded.length);
}

static void write_parent(struct mls_writer *writer, const struct mls_tree_node *node)
{
	mls_write_u8(writer, node->has_key);
	if (!node->has_key)
		return;
	mls_write_u8(writer, NODE_PARENT);
	mls_tree_write_parent(writer, node, &(const struct mls_leaf_set){0});
}

void mls_tree_write_parent(struct mls_writer *writer, const struct mls_tree_node *node,
			   const struct mls_leaf_set *without)
{
	size_t begin;

	mls_write_vector(writer, node->public_key, MLS_PUBLIC_KEY_BYTES);
	mls_write_vector(writer, node->parent_hash, node->parent_hash_length);
	begin = mls_writer_begin(writer);
	for (uint32_t leaf = 0; leaf < MLS_LEAVES_MAX; leaf++) {
		if (mls_leaf_set_has(&node->unmerged, leaf) && !mls_leaf_set_has(without, leaf))
			mls_write_u32(writer, leaf);
	}
	mls_writer_end(writer, begin);
}

void mls_tree_write(struct mls_writer *writer, const struct mls_tree *tree)
{
	uint32_t count = mls_node_count(tree->n_leaves);
	size_t begin = mls_writer_begin(writer);

	while (count > 1 && !tree->nodes[count - 1].leaf && !tree->nodes[count - 1].has_key)
		count--;
	for (uint32_t node = 0; node < count; node++) {
		if (mls_node_is_leaf(node))
			write_leaf(writer, tree->nodes[node].leaf);
		else
			write_parent(writer, &tree->nodes[node]);
	}
	mls_writer_end(writer, begin);
}
