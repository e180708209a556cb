/*
 * The secret tree of an epoch (RFC 9420, section 9): a key and a nonce for each message of each
 * member, each derived when it is asked for and erased when it was used, so that a member that is
 * broken into cannot read what it has read before.
 *
 * One thread at a time. Functions return 0, -ENOMEM, -EIO, or what they say.
 */
#ifndef BALAI_E2EE_MLS_SECRET_TREE_H
#define BALAI_E2EE_MLS_SECRET_TREE_H

#include "e2ee/mls_types.h"

/* Generations that a message may be ahead of the newest of its sender that came. */
#define MLS_AHEAD_MAX 1024
/* Keys of messages that did not come which are kept, a ratchet; the oldest is given up. */
#define MLS_SKIPPED_MAX 64

enum mls_ratchet {
	MLS_RATCHET_HANDSHAKE,
	MLS_RATCHET_APPLICATION,
};

struct mls_message_key {
	uint32_t generation;
	uint8_t key[MLS_KEY_BYTES];
	uint8_t nonce[MLS_NONCE_BYTES]; /* before the reuse guard */
};

struct mls_secret_tree;

/* n_leaves: of the ratchet tree, a power of two. -MLS_ERROR_LIMIT: more than MLS_LEAVES_MAX. */
int mls_secret_tree_create(const uint8_t encryption_secret[MLS_HASH_BYTES], uint32_t n_leaves,
			   struct mls_secret_tree **ret_tree) __attribute__((warn_unused_result));

/* Wipes all that is left. NULL is taken. */
void mls_secret_tree_destroy(struct mls_secret_tree *tree);

/* The key of one's own next message, which is erased in the tree. -MLS_ERROR_GENERATION: no more. */
int mls_secret_tree_next(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			 struct mls_message_key *ret_key) __attribute__((warn_unused_result));

/*
 * The key of a message that came; it stays until mls_secret_tree_erase(), so that a forged message
 * does not spoil it. -MLS_ERROR_GENERATION: it was used, given up, or is too far ahead;
 * -MLS_ERROR_SENDER: no such leaf.
 */
int mls_secret_tree_find(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			 uint32_t generation, struct mls_message_key *ret_key)
	__attribute__((warn_unused_result));

/* Once the message was opened. */
void mls_secret_tree_erase(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			   uint32_t generation);

#endif
