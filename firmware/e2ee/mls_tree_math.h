/*
 * Where nodes of a ratchet tree stand (RFC 9420, section 4.1 and appendix C): the tree is complete,
 * its nodes are numbered from left to right, leaf i is node 2 i.
 *
 *             3
 *         1       5
 *       0   2   4   6
 */
#ifndef BALAI_E2EE_MLS_TREE_MATH_H
#define BALAI_E2EE_MLS_TREE_MATH_H

#include <stdbool.h>
#include <stdint.h>

#define MLS_NODE_NONE UINT32_MAX

static inline bool mls_node_is_leaf(uint32_t node)
{
	return node % 2 == 0;
}

static inline uint32_t mls_node_of_leaf(uint32_t leaf)
{
	return 2 * leaf;
}

/* How far above the leaves, 0 for a leaf. */
static inline uint32_t mls_node_level(uint32_t node)
{
	return (uint32_t)__builtin_ctz(~node);
}

/* n_leaves: a power of two. */
static inline uint32_t mls_node_count(uint32_t n_leaves)
{
	return 2 * n_leaves - 1;
}

static inline uint32_t mls_node_root(uint32_t n_leaves)
{
	return n_leaves - 1;
}

/* MLS_NODE_NONE for a leaf. */
static inline uint32_t mls_node_left(uint32_t node)
{
	return mls_node_is_leaf(node) ? MLS_NODE_NONE : node - (1U << (mls_node_level(node) - 1));
}

static inline uint32_t mls_node_right(uint32_t node)
{
	return mls_node_is_leaf(node) ? MLS_NODE_NONE : node + (1U << (mls_node_level(node) - 1));
}

/* The node above in a tree of any size. */
static inline uint32_t mls_node_above(uint32_t node)
{
	uint32_t bit = 1U << mls_node_level(node);

	return (node | bit) & ~(bit << 1);
}

/* MLS_NODE_NONE for the root. */
static inline uint32_t mls_node_parent(uint32_t node, uint32_t n_leaves)
{
	return node == mls_node_root(n_leaves) ? MLS_NODE_NONE : mls_node_above(node);
}

/* The other child of a parent of `child`. */
static inline uint32_t mls_node_other_child(uint32_t parent, uint32_t child)
{
	return child < parent ? mls_node_right(parent) : mls_node_left(parent);
}

/* MLS_NODE_NONE for the root. */
static inline uint32_t mls_node_sibling(uint32_t node, uint32_t n_leaves)
{
	uint32_t parent = mls_node_parent(node, n_leaves);

	return parent == MLS_NODE_NONE ? MLS_NODE_NONE : mls_node_other_child(parent, node);
}

/* `node` is `top` or stands below it. */
static inline bool mls_node_is_under(uint32_t node, uint32_t top)
{
	uint32_t reach = (1U << mls_node_level(top)) - 1;

	return node + reach >= top && node <= top + reach;
}

#endif
