/*
 * TreeKEM (RFC 9420, sections 7.4 to 7.6): a member gives new keys to its leaf and to the nodes above
 * it, and tells their secrets to all others through their common nodes.
 *
 *     committer:  mls_path_renew ─► tree hash, group context ─► mls_path_seal
 *     others:     mls_path_merge ─► tree hash, group context ─► mls_path_open ─► mls_path_derive
 *     joiner:                                                                    mls_path_derive
 *
 * One thread at a time. Functions return 0, -ENOMEM, -EIO or a negative enum mls_error.
 */
#ifndef BALAI_E2EE_MLS_TREEKEM_H
#define BALAI_E2EE_MLS_TREEKEM_H

#include "e2ee/mls_tree.h"

/*
 * What a member knows of private keys: its leaf's and those of nodes above, by their level. All
 * zero: none. A key counts only while the tree has its public one.
 */
struct mls_path_keys {
	struct mls_key_pair pairs[MLS_DEPTH_MAX + 1];
};

/* Wipes the keys that the tree no longer has. */
void mls_path_keys_sweep(struct mls_path_keys *keys, const struct mls_tree *tree, uint32_t leaf);

/* The secrets of a new path; wiped by its owner. */
struct mls_path_secrets {
	struct mls_tree_step steps[MLS_DEPTH_MAX];
	uint8_t secrets[MLS_DEPTH_MAX][MLS_HASH_BYTES];
	size_t n;
	uint8_t commit_secret[MLS_HASH_BYTES];
};

/*
 * Gives `leaf` and the nodes above it new keys: changes the tree and `keys`. The leaf node is as
 * `node` says but for its key, source, parent hash and signature. After a failure the tree is of no
 * use. Also what the signer's callback returned.
 */
int mls_path_renew(struct mls_tree *tree, uint32_t leaf, const struct mls_leaf_node *node,
		   struct mls_bytes group_id, const struct mls_signer *signer,
		   struct mls_path_keys *keys, struct mls_path_secrets *ret_secrets)
	__attribute__((warn_unused_result));

/* Writes the UpdatePath. `context` is the new GroupContext; `joiners` get nothing. */
int mls_path_seal(struct mls_writer *writer, const struct mls_tree *tree, uint32_t leaf,
		  const struct mls_path_secrets *secrets, struct mls_bytes context,
		  const struct mls_leaf_set *joiners) __attribute__((warn_unused_result));

/*
 * Puts what another sent into the tree. -MLS_ERROR_PATH: it does not fit, its keys are not new, or
 * its parent hash is wrong; then the tree is of no use.
 */
int mls_path_merge(struct mls_tree *tree, uint32_t sender, const struct mls_update_path *path)
	__attribute__((warn_unused_result));

/* Decrypts the secret of the lowest node above both `sender` and `leaf`, of a path merged before. */
int mls_path_open(const struct mls_tree *tree, uint32_t sender, const struct mls_update_path *path,
		  struct mls_bytes context, const struct mls_leaf_set *joiners, uint32_t leaf,
		  const struct mls_path_keys *keys, uint8_t ret_path_secret[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/*
 * From that secret the keys of that node and of those above it, which must be the tree's, and the
 * commit secret.
 */
int mls_path_derive(const struct mls_tree *tree, uint32_t sender, uint32_t leaf,
		    const uint8_t path_secret[MLS_HASH_BYTES], struct mls_path_keys *keys,
		    uint8_t ret_commit_secret[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

#endif
