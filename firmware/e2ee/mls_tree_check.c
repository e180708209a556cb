#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_tree_private.h"

/* Unmerged leaves are members, and every node between them and `node` tells them too. */
static bool has_good_unmerged(const struct mls_tree *tree, uint32_t node)
{
	for (uint32_t leaf = 0; leaf < MLS_LEAVES_MAX; leaf++) {
		uint32_t at = mls_node_of_leaf(leaf);

		if (!mls_leaf_set_has(&tree->nodes[node].unmerged, leaf))
			continue;
		if (!tree->nodes[at].leaf)
			return false;
		while ((at = mls_node_above(at)) != node) {
			if (tree->nodes[at].has_key &&
			    !mls_leaf_set_has(&tree->nodes[at].unmerged, leaf))
				return false;
		}
	}
	return true;
}

/* The resolution of `child` is the unmerged leaves of `parent` that are under it, and `linked`. */
static bool is_covered(const struct mls_tree *tree, uint32_t parent, uint32_t child,
		       uint32_t linked)
{
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, child, nodes);
	size_t n_unmerged = 0;

	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++)
		n_unmerged += mls_leaf_set_has(&tree->nodes[parent].unmerged, leaf) &&
			      mls_node_is_under(mls_node_of_leaf(leaf), child);
	for (size_t i = 0; i < n; i++) {
		if (nodes[i] != linked &&
		    (!mls_node_is_leaf(nodes[i]) ||
		     !mls_leaf_set_has(&tree->nodes[parent].unmerged, nodes[i] / 2)))
			return false;
	}
	return n == n_unmerged + 1;
}

/* Sets *is_linked if a node under `child` tells the parent hash of `parent` (section 7.9.2). */
static int find_link(struct mls_tree *tree, uint32_t parent, uint32_t child, bool *is_linked)
{
	uint32_t nodes[MLS_NODES_MAX];
	size_t n = mls_tree_resolution(tree, child, nodes);
	uint8_t hash[MLS_HASH_BYTES];
	int r = mls_tree_parent_hash(tree, parent, mls_node_other_child(parent, child), hash);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && !*is_linked; i++) {
		struct mls_bytes told = mls_tree_parent_hash_of(tree, nodes[i]);

		*is_linked = mls_bytes_equal(told, (struct mls_bytes){hash, sizeof(hash)}) &&
			     is_covered(tree, parent, child, nodes[i]);
	}
	return 0;
}

static int check_parent(struct mls_tree *tree, uint32_t node)
{
	bool left = false;
	bool right = false;
	int r;

	if (!has_good_unmerged(tree, node))
		return -MLS_ERROR_TREE;
	r = find_link(tree, node, mls_node_left(node), &left);
	if (r == 0)
		r = find_link(tree, node, mls_node_right(node), &right);
	if (r < 0)
		return r;
	return left || right ? 0 : -MLS_ERROR_TREE;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, MLS_PUBLIC_KEY_BYTES);
}

static bool has_twice(const uint8_t **keys, size_t n)
{
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (compare_keys(&keys[i - 1], &keys[i]) == 0)
			return true;
	}
	return false;
}

int mls_tree_check_keys(const struct mls_tree *tree)
{
	const uint8_t *keys[MLS_NODES_MAX] = {0};
	uint32_t count = mls_node_count(tree->n_leaves);
	size_t n = 0;

	for (uint32_t node = 0; node < count; node++) {
		keys[n] = mls_tree_public_key(tree, node);
		if (keys[n])
			n++;
		else if (tree->nodes[node].leaf)
			return -MLS_ERROR_LEAF;
	}
	if (has_twice(keys, n))
		return -MLS_ERROR_TREE;
	n = 0;
	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++) {
		const struct mls_leaf_node *node = mls_tree_leaf(tree, leaf);

		if (node && node->signature_key.length != MLS_PUBLIC_KEY_BYTES)
			return -MLS_ERROR_LEAF;
		if (node)
			keys[n++] = node->signature_key.data;
	}
	return has_twice(keys, n) ? -MLS_ERROR_TREE : 0;
}

int mls_tree_check(struct mls_tree *tree)
{
	uint32_t count = mls_node_count(tree->n_leaves);
	int r = mls_tree_check_keys(tree);

	for (uint32_t node = 1; r == 0 && node < count; node += 2) {
		if (tree->nodes[node].has_key)
			r = check_parent(tree, node);
	}
	return r;
}
