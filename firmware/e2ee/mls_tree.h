/*
 * The ratchet tree (RFC 9420, sections 4 and 7): the public state of a group, a leaf node a member
 * and a public key an inner node.
 *
 * One thread at a time. A leaf's struct and what it lends live until the leaf changes. Functions
 * return 0, -ENOMEM, -EIO or a negative enum mls_error. `leaf` is an index of leaves, `node` one
 * of nodes (mls_tree_math.h); both have to be inside the tree.
 */
#ifndef BALAI_E2EE_MLS_TREE_H
#define BALAI_E2EE_MLS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e2ee/mls_tree_math.h"
#include "e2ee/mls_types.h"

#define MLS_NODES_MAX (2 * MLS_LEAVES_MAX - 1)

struct mls_tree;

struct mls_leaf_set {
	uint8_t bits[MLS_LEAVES_MAX / 8];
};

static inline bool mls_leaf_set_has(const struct mls_leaf_set *set, uint32_t leaf)
{
	return (set->bits[leaf / 8] >> leaf % 8 & 1) != 0;
}

static inline void mls_leaf_set_add(struct mls_leaf_set *set, uint32_t leaf)
{
	set->bits[leaf / 8] |= (uint8_t)(1U << leaf % 8);
}

/* An empty tree of one blank leaf, or NULL without memory. */
struct mls_tree *mls_tree_create(void) __attribute__((warn_unused_result));

/* NULL is allowed. */
void mls_tree_destroy(struct mls_tree *tree);

/* A copy, or NULL without memory. */
struct mls_tree *mls_tree_clone(const struct mls_tree *tree) __attribute__((warn_unused_result));

/*
 * The content of the extension ratchet_tree (section 12.4.3.3). What is read has the form of a tree;
 * mls_tree_check() looks whether it is a good one.
 */
int mls_tree_read(struct mls_bytes encoded, struct mls_tree **ret_tree)
	__attribute__((warn_unused_result));
void mls_tree_write(struct mls_writer *writer, const struct mls_tree *tree);

/* A power of two. */
uint32_t mls_tree_n_leaves(const struct mls_tree *tree);

/* Leaves that are not blank. */
uint32_t mls_tree_n_members(const struct mls_tree *tree);

/* NULL: blank, or outside the tree. */
const struct mls_leaf_node *mls_tree_leaf(const struct mls_tree *tree, uint32_t leaf);

/* The HPKE key of a leaf or parent; NULL: blank. */
const uint8_t *mls_tree_public_key(const struct mls_tree *tree, uint32_t node);

/* Whether a leaf is among the unmerged ones of a parent; false where that is blank. */
bool mls_tree_is_unmerged(const struct mls_tree *tree, uint32_t node, uint32_t leaf);

/* The parent hash that a node tells; empty where it tells none. */
struct mls_bytes mls_tree_parent_hash_of(const struct mls_tree *tree, uint32_t node);

/*
 * Puts a new member into the leftmost blank leaf (section 7.7); the leaf node is copied.
 * -MLS_ERROR_LIMIT: there are MLS_LEAVES_MAX.
 */
int mls_tree_add(struct mls_tree *tree, struct mls_bytes leaf_node, uint32_t *ret_leaf)
	__attribute__((warn_unused_result));

/* Replaces a leaf and blanks the nodes above it. */
int mls_tree_update(struct mls_tree *tree, uint32_t leaf, struct mls_bytes leaf_node)
	__attribute__((warn_unused_result));

/* Replaces a leaf and nothing else, as an update path does. */
int mls_tree_set_leaf(struct mls_tree *tree, uint32_t leaf, struct mls_bytes leaf_node)
	__attribute__((warn_unused_result));

/* Blanks a leaf and the nodes above it, and makes the tree as small as it can be. */
void mls_tree_remove(struct mls_tree *tree, uint32_t leaf);

void mls_tree_blank_path(struct mls_tree *tree, uint32_t leaf);

/* Gives a node a key and no unmerged leaves. */
void mls_tree_set_parent(struct mls_tree *tree, uint32_t node,
			 const uint8_t public_key[MLS_PUBLIC_KEY_BYTES]);

/* length: 0 or MLS_HASH_BYTES */
void mls_tree_set_parent_hash(struct mls_tree *tree, uint32_t node, const uint8_t *hash,
			      size_t length);

/* Nodes whose keys cover what is under `node` (section 4.1.1), in order; returns how many. */
size_t mls_tree_resolution(const struct mls_tree *tree, uint32_t node,
			   uint32_t ret_nodes[MLS_NODES_MAX]);

struct mls_tree_step {
	uint32_t node;   /* on the filtered direct path, from below */
	uint32_t copath; /* its child that is not on the path */
};

/* The filtered direct path of a leaf (section 4.1.2); returns how many. */
size_t mls_tree_filtered_path(const struct mls_tree *tree, uint32_t leaf,
			      struct mls_tree_step ret_steps[MLS_DEPTH_MAX]);

/* The tree hash of the part under `node` (section 7.8). */
int mls_tree_hash(struct mls_tree *tree, uint32_t node, uint8_t ret_hash[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* The hash that what is under the other child of `parent` tells (section 7.9). */
int mls_tree_parent_hash(struct mls_tree *tree, uint32_t parent, uint32_t copath,
			 uint8_t ret_hash[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

/* No encryption key and no signature key is there twice (sections 7.3 and 12.4.3.1). */
int mls_tree_check_keys(const struct mls_tree *tree) __attribute__((warn_unused_result));

/* Checks all parent hashes (section 7.9.2), unmerged leaves and keys. */
int mls_tree_check(struct mls_tree *tree) __attribute__((warn_unused_result));

#endif
