/*
 * A ratchet tree: whatever is read is written back as the same bytes, can be checked and hashed, and
 * stands adding, removing and new keys.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_back(const struct mls_tree *tree, const uint8_t *data, size_t size)
{
	struct mls_writer writer;

	mls_writer_init(&writer, MLS_TREE_BYTES_MAX);
	mls_tree_write(&writer, tree);
	assert(writer.fault != 0 ||
	       (writer.length == size && memcmp(writer.data, data, size) == 0));
	mls_writer_finish(&writer);
}

static void change(struct mls_tree *tree)
{
	uint32_t nodes[MLS_NODES_MAX];
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	uint8_t hash[MLS_HASH_BYTES];
	uint32_t first = 0;
	uint32_t added;

	while (!mls_tree_leaf(tree, first))
		if (++first == mls_tree_n_leaves(tree))
			return;
	assert(mls_tree_resolution(tree, mls_node_root(mls_tree_n_leaves(tree)), nodes) <=
	       MLS_NODES_MAX);
	if (mls_tree_add(tree, mls_tree_leaf(tree, first)->encoded, &added) == 0)
		assert(mls_tree_leaf(tree, added));
	mls_tree_filtered_path(tree, first, steps);
	mls_tree_remove(tree, first);
	assert(!mls_tree_leaf(tree, first));
	if (mls_tree_hash(tree, mls_node_root(mls_tree_n_leaves(tree)), hash) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t hash[MLS_HASH_BYTES];
	struct mls_tree *tree;

	if (mls_crypto_init() < 0)
		abort();
	if (mls_tree_read((struct mls_bytes){data, size}, &tree) < 0)
		return 0;
	write_back(tree, data, size);
	if (mls_tree_check(tree) == 0)
		assert(mls_tree_n_members(tree) > 0);
	if (mls_tree_hash(tree, mls_node_root(mls_tree_n_leaves(tree)), hash) < 0)
		abort();
	change(tree);
	mls_tree_destroy(tree);
	return 0;
}
