#include "e2ee/mls_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_tree_private.h"

int mls_tree_leaf_create(struct mls_bytes encoded, struct mls_tree_leaf **ret_leaf)
{
	struct mls_tree_leaf *leaf = malloc(sizeof(*leaf) + encoded.length);
	struct mls_reader reader;
	int r;

	if (!leaf)
		return -ENOMEM;
	leaf->references = 1;
	if (encoded.length > 0)
		memcpy(leaf->encoded, encoded.data, encoded.length);
	mls_reader_init(&reader, (struct mls_bytes){leaf->encoded, encoded.length});
	mls_leaf_node_read(&reader, &leaf->node);
	r = mls_reader_close(&reader);
	if (r < 0) {
		free(leaf);
		return r;
	}
	*ret_leaf = leaf;
	return 0;
}

static void leaf_unref(struct mls_tree_leaf *leaf)
{
	if (leaf && --leaf->references == 0)
		free(leaf);
}

struct mls_tree *mls_tree_create(void)
{
	struct mls_tree *tree = calloc(1, sizeof(*tree));

	if (tree)
		tree->n_leaves = 1;
	return tree;
}

void mls_tree_destroy(struct mls_tree *tree)
{
	if (!tree)
		return;
	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++)
		leaf_unref(tree->nodes[mls_node_of_leaf(leaf)].leaf);
	free(tree);
}

struct mls_tree *mls_tree_clone(const struct mls_tree *tree)
{
	struct mls_tree *clone = malloc(sizeof(*clone));

	if (!clone)
		return NULL;
	*clone = *tree;
	for (uint32_t leaf = 0; leaf < clone->n_leaves; leaf++) {
		if (clone->nodes[mls_node_of_leaf(leaf)].leaf)
			clone->nodes[mls_node_of_leaf(leaf)].leaf->references++;
	}
	return clone;
}

uint32_t mls_tree_n_leaves(const struct mls_tree *tree)
{
	return tree->n_leaves;
}

uint32_t mls_tree_n_members(const struct mls_tree *tree)
{
	uint32_t n = 0;

	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++)
		n += tree->nodes[mls_node_of_leaf(leaf)].leaf != NULL;
	return n;
}

const struct mls_leaf_node *mls_tree_leaf(const struct mls_tree *tree, uint32_t leaf)
{
	const struct mls_tree_node *node;

	if (leaf >= tree->n_leaves)
		return NULL;
	node = &tree->nodes[mls_node_of_leaf(leaf)];
	return node->leaf ? &node->leaf->node : NULL;
}

const uint8_t *mls_tree_public_key(const struct mls_tree *tree, uint32_t node)
{
	const struct mls_tree_node *at = &tree->nodes[node];

	if (at->leaf && at->leaf->node.encryption_key.length == MLS_PUBLIC_KEY_BYTES)
		return at->leaf->node.encryption_key.data;
	return at->has_key ? at->public_key : NULL;
}

bool mls_tree_is_unmerged(const struct mls_tree *tree, uint32_t node, uint32_t leaf)
{
	return tree->nodes[node].has_key && mls_leaf_set_has(&tree->nodes[node].unmerged, leaf);
}

struct mls_bytes mls_tree_parent_hash_of(const struct mls_tree *tree, uint32_t node)
{
	const struct mls_tree_node *at = &tree->nodes[node];

	if (at->leaf)
		return at->leaf->node.parent_hash;
	return (struct mls_bytes){at->parent_hash, at->has_key ? at->parent_hash_length : 0};
}

/* Hashes of a node and of all above it are to be worked out again. */
static void touch(struct mls_tree *tree, uint32_t node)
{
	while (node != MLS_NODE_NONE) {
		tree->nodes[node].has_hash = false;
		node = mls_node_parent(node, tree->n_leaves);
	}
}

static void blank(struct mls_tree *tree, uint32_t node)
{
	leaf_unref(tree->nodes[node].leaf);
	tree->nodes[node] = (struct mls_tree_node){0};
}

void mls_tree_blank_path(struct mls_tree *tree, uint32_t leaf)
{
	uint32_t node = mls_node_of_leaf(leaf);

	while ((node = mls_node_parent(node, tree->n_leaves)) != MLS_NODE_NONE)
		blank(tree, node);
}

int mls_tree_set_leaf(struct mls_tree *tree, uint32_t leaf, struct mls_bytes leaf_node)
{
	uint32_t node = mls_node_of_leaf(leaf);
	struct mls_tree_leaf *made;
	int r = mls_tree_leaf_create(leaf_node, &made);

	if (r < 0)
		return r;
	leaf_unref(tree->nodes[node].leaf);
	tree->nodes[node].leaf = made;
	touch(tree, node);
	return 0;
}

int mls_tree_update(struct mls_tree *tree, uint32_t leaf, struct mls_bytes leaf_node)
{
	int r = mls_tree_set_leaf(tree, leaf, leaf_node);

	if (r == 0)
		mls_tree_blank_path(tree, leaf);
	return r;
}

int mls_tree_add(struct mls_tree *tree, struct mls_bytes leaf_node, uint32_t *ret_leaf)
{
	uint32_t n_leaves = tree->n_leaves;
	uint32_t leaf = 0;
	uint32_t node;
	int r;

	while (leaf < n_leaves && tree->nodes[mls_node_of_leaf(leaf)].leaf)
		leaf++;
	if (leaf == MLS_LEAVES_MAX)
		return -MLS_ERROR_LIMIT;
	if (leaf == n_leaves)
		tree->n_leaves *= 2;
	r = mls_tree_set_leaf(tree, leaf, leaf_node);
	if (r < 0) {
		tree->n_leaves = n_leaves;
		return r;
	}
	node = mls_node_of_leaf(leaf);
	while ((node = mls_node_parent(node, tree->n_leaves)) != MLS_NODE_NONE) {
		if (tree->nodes[node].has_key)
			mls_leaf_set_add(&tree->nodes[node].unmerged, leaf);
	}
	*ret_leaf = leaf;
	return 0;
}

/* The right half has no leaf. */
static bool is_half_empty(const struct mls_tree *tree)
{
	for (uint32_t leaf = tree->n_leaves / 2; leaf < tree->n_leaves; leaf++) {
		if (tree->nodes[mls_node_of_leaf(leaf)].leaf)
			return false;
	}
	return true;
}

void mls_tree_remove(struct mls_tree *tree, uint32_t leaf)
{
	blank(tree, mls_node_of_leaf(leaf));
	mls_tree_blank_path(tree, leaf);
	while (tree->n_leaves > 1 && is_half_empty(tree)) {
		uint32_t count = mls_node_count(tree->n_leaves);

		tree->n_leaves /= 2;
		for (uint32_t node = mls_node_count(tree->n_leaves); node < count; node++)
			blank(tree, node);
	}
}

void mls_tree_set_parent(struct mls_tree *tree, uint32_t node,
			 const uint8_t public_key[MLS_PUBLIC_KEY_BYTES])
{
	tree->nodes[node] = (struct mls_tree_node){.has_key = true};
	memcpy(tree->nodes[node].public_key, public_key, MLS_PUBLIC_KEY_BYTES);
	touch(tree, node);
}

void mls_tree_set_parent_hash(struct mls_tree *tree, uint32_t node, const uint8_t *hash,
			      size_t length)
{
	if (length > 0)
		memcpy(tree->nodes[node].parent_hash, hash, length);
	tree->nodes[node].parent_hash_length = (uint8_t)length;
	touch(tree, node);
}

/* Adds the resolution of `node` to the list and returns its length; no node is in it twice. */
static size_t resolve(const struct mls_tree *tree, uint32_t node, uint32_t *nodes, size_t n)
{
	if (mls_node_is_leaf(node)) {
		if (tree->nodes[node].leaf)
			nodes[n++] = node;
		return n;
	}
	if (!tree->nodes[node].has_key) {
		n = resolve(tree, mls_node_left(node), nodes, n);
		return resolve(tree, mls_node_right(node), nodes, n);
	}
	nodes[n++] = node;
	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++) {
		if (mls_leaf_set_has(&tree->nodes[node].unmerged, leaf))
			nodes[n++] = mls_node_of_leaf(leaf);
	}
	return n;
}

size_t mls_tree_resolution(const struct mls_tree *tree, uint32_t node,
			   uint32_t ret_nodes[MLS_NODES_MAX])
{
	return resolve(tree, node, ret_nodes, 0);
}

size_t mls_tree_filtered_path(const struct mls_tree *tree, uint32_t leaf,
			      struct mls_tree_step ret_steps[MLS_DEPTH_MAX])
{
	uint32_t nodes[MLS_NODES_MAX];
	uint32_t below = mls_node_of_leaf(leaf);
	uint32_t node;
	size_t n = 0;

	while ((node = mls_node_parent(below, tree->n_leaves)) != MLS_NODE_NONE) {
		uint32_t copath = mls_node_other_child(node, below);

		if (mls_tree_resolution(tree, copath, nodes) > 0)
			ret_steps[n++] = (struct mls_tree_step){node, copath};
		below = node;
	}
	return n;
}
