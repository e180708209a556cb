/* What the files of mls_tree.h share. */
#ifndef BALAI_E2EE_MLS_TREE_PRIVATE_H
#define BALAI_E2EE_MLS_TREE_PRIVATE_H

#include "e2ee/mls_tree.h"

/* Shared by the trees of several epochs; never changed. */
struct mls_tree_leaf {
	unsigned int references;
	struct mls_leaf_node node; /* lies in encoded */
	uint8_t encoded[];
};

struct mls_tree_node {
	struct mls_tree_leaf *leaf; /* NULL: blank, or a parent */
	bool has_key;               /* a parent that is not blank */
	bool has_hash;              /* `hash` is the tree hash as things are */
	uint8_t public_key[MLS_PUBLIC_KEY_BYTES];
	uint8_t parent_hash[MLS_HASH_BYTES];
	uint8_t parent_hash_length;
	struct mls_leaf_set unmerged;
	uint8_t hash[MLS_HASH_BYTES];
};

struct mls_tree {
	uint32_t n_leaves;
	struct mls_tree_node nodes[MLS_NODES_MAX];
};

/* A leaf with one reference. */
int mls_tree_leaf_create(struct mls_bytes encoded, struct mls_tree_leaf **ret_leaf)
	__attribute__((warn_unused_result));

/* ParentNode, leaving some unmerged leaves out. */
void mls_tree_write_parent(struct mls_writer *writer, const struct mls_tree_node *node,
			   const struct mls_leaf_set *without);

/* The tree hash of what is under `node` as if some leaves were blank (section 7.9). */
int mls_tree_hash_without(struct mls_tree *tree, uint32_t node, const struct mls_leaf_set *without,
			  uint8_t ret_hash[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

#endif
