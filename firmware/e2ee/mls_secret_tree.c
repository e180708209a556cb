#include "e2ee/mls_secret_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_tree_math.h"

enum { RATCHETS = 2 };

static const char *const ratchet_labels[RATCHETS] = {
	[MLS_RATCHET_HANDSHAKE] = "handshake",
	[MLS_RATCHET_APPLICATION] = "application",
};

struct ratchet {
	uint8_t secret[MLS_HASH_BYTES]; /* of generation `next` */
	uint32_t next;
	struct mls_message_key skipped[MLS_SKIPPED_MAX]; /* by generation */
	size_t n_skipped;
};

struct node {
	bool known;
	uint8_t secret[MLS_HASH_BYTES];
};

/*
 *                    nodes[root]
 *                   /           \          a node's secret is erased when its children's
 *            nodes[…]            nodes[…]  are derived, a leaf's when its ratchets are
 *            /      \
 *     ratchets[0]  ratchets[1] …
 */
struct mls_secret_tree {
	uint32_t n_leaves;
	struct ratchet *ratchets[MLS_LEAVES_MAX]; /* owned; two a leaf that was asked for */
	struct node nodes[2 * MLS_LEAVES_MAX - 1];
};

int mls_secret_tree_create(const uint8_t encryption_secret[MLS_HASH_BYTES], uint32_t n_leaves,
			   struct mls_secret_tree **ret_tree)
{
	struct mls_secret_tree *tree;
	struct node *root;

	if (n_leaves == 0 || n_leaves > MLS_LEAVES_MAX)
		return -MLS_ERROR_LIMIT;
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->n_leaves = n_leaves;
	root = &tree->nodes[mls_node_root(n_leaves)];
	root->known = true;
	memcpy(root->secret, encryption_secret, MLS_HASH_BYTES);
	*ret_tree = tree;
	return 0;
}

static void free_ratchets(struct ratchet *ratchets)
{
	if (ratchets)
		mls_wipe(ratchets, RATCHETS * sizeof(*ratchets));
	free(ratchets);
}

void mls_secret_tree_destroy(struct mls_secret_tree *tree)
{
	if (!tree)
		return;
	for (uint32_t leaf = 0; leaf < tree->n_leaves; leaf++)
		free_ratchets(tree->ratchets[leaf]);
	mls_wipe(tree, sizeof(*tree));
	free(tree);
}

/* Gives the children their secrets and erases the parent's. */
static int split(struct mls_secret_tree *tree, uint32_t parent)
{
	struct node *node = &tree->nodes[parent];
	struct node *left = &tree->nodes[mls_node_left(parent)];
	struct node *right = &tree->nodes[mls_node_right(parent)];
	int r = mls_expand_with_label(node->secret, "tree", "left", 4, left->secret,
				      MLS_HASH_BYTES);

	if (r == 0)
		r = mls_expand_with_label(node->secret, "tree", "right", 5, right->secret,
					  MLS_HASH_BYTES);
	if (r < 0)
		return r;
	left->known = right->known = true;
	mls_wipe(node, sizeof(*node));
	return 0;
}

static int start_ratchets(struct mls_secret_tree *tree, uint32_t leaf)
{
	struct node *node = &tree->nodes[mls_node_of_leaf(leaf)];
	struct ratchet *ratchets = calloc(RATCHETS, sizeof(*ratchets));
	int r = 0;

	if (!ratchets)
		return -ENOMEM;
	for (int i = 0; i < RATCHETS && r == 0; i++)
		r = mls_expand_with_label(node->secret, ratchet_labels[i], NULL, 0,
					  ratchets[i].secret, MLS_HASH_BYTES);
	if (r < 0) {
		free_ratchets(ratchets);
		return r;
	}
	tree->ratchets[leaf] = ratchets;
	mls_wipe(node, sizeof(*node));
	return 0;
}

static int ensure(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
		  struct ratchet **ret_ratchet)
{
	uint32_t target = mls_node_of_leaf(leaf);
	uint32_t node = mls_node_root(tree->n_leaves);
	int r = 0;

	if (leaf >= tree->n_leaves)
		return -MLS_ERROR_SENDER;
	while (!tree->ratchets[leaf] && node != target && r == 0) {
		if (tree->nodes[node].known)
			r = split(tree, node);
		node = target < node ? mls_node_left(node) : mls_node_right(node);
	}
	if (!tree->ratchets[leaf] && r == 0)
		r = start_ratchets(tree, leaf);
	if (r < 0)
		return r;
	*ret_ratchet = &tree->ratchets[leaf][which];
	return 0;
}

/* The key of generation `next`, and the ratchet one step on; nothing of it on failure. */
static int step(struct ratchet *ratchet, struct mls_message_key *ret_key)
{
	struct mls_message_key key = {.generation = ratchet->next};
	uint8_t secret[MLS_HASH_BYTES];
	int r;

	if (ratchet->next == UINT32_MAX)
		return -MLS_ERROR_GENERATION;
	r = mls_derive_tree_secret(ratchet->secret, "key", ratchet->next, key.key, sizeof(key.key));
	if (r == 0)
		r = mls_derive_tree_secret(ratchet->secret, "nonce", ratchet->next, key.nonce,
					   sizeof(key.nonce));
	if (r == 0)
		r = mls_derive_tree_secret(ratchet->secret, "secret", ratchet->next, secret,
					   sizeof(secret));
	if (r == 0) {
		memcpy(ratchet->secret, secret, sizeof(secret));
		ratchet->next++;
		*ret_key = key;
	}
	mls_wipe(secret, sizeof(secret));
	mls_wipe(&key, sizeof(key));
	return r;
}

static void remove_skipped(struct ratchet *ratchet, size_t index)
{
	ratchet->n_skipped--;
	memmove(&ratchet->skipped[index], &ratchet->skipped[index + 1],
		(ratchet->n_skipped - index) * sizeof(ratchet->skipped[0]));
	mls_wipe(&ratchet->skipped[ratchet->n_skipped], sizeof(ratchet->skipped[0]));
}

static int step_and_keep(struct ratchet *ratchet)
{
	int r;

	if (ratchet->n_skipped == MLS_SKIPPED_MAX)
		remove_skipped(ratchet, 0);
	r = step(ratchet, &ratchet->skipped[ratchet->n_skipped]);
	if (r == 0)
		ratchet->n_skipped++;
	return r;
}

static struct mls_message_key *find_skipped(struct ratchet *ratchet, uint32_t generation)
{
	for (size_t i = 0; i < ratchet->n_skipped; i++)
		if (ratchet->skipped[i].generation == generation)
			return &ratchet->skipped[i];
	return NULL;
}

int mls_secret_tree_next(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			 struct mls_message_key *ret_key)
{
	struct ratchet *ratchet;
	int r = ensure(tree, leaf, which, &ratchet);

	return r < 0 ? r : step(ratchet, ret_key);
}

int mls_secret_tree_find(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			 uint32_t generation, struct mls_message_key *ret_key)
{
	const struct mls_message_key *key;
	struct ratchet *ratchet;
	int r = ensure(tree, leaf, which, &ratchet);

	if (r < 0)
		return r;
	if (generation >= ratchet->next && generation - ratchet->next > MLS_AHEAD_MAX)
		return -MLS_ERROR_GENERATION;
	while (ratchet->next <= generation && r == 0)
		r = step_and_keep(ratchet);
	if (r < 0)
		return r;
	key = find_skipped(ratchet, generation);
	if (!key)
		return -MLS_ERROR_GENERATION;
	*ret_key = *key;
	return 0;
}

void mls_secret_tree_erase(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet which,
			   uint32_t generation)
{
	struct ratchet *ratchet = tree->ratchets[leaf] ? &tree->ratchets[leaf][which] : NULL;
	struct mls_message_key *key = ratchet ? find_skipped(ratchet, generation) : NULL;

	if (key)
		remove_skipped(ratchet, (size_t)(key - ratchet->skipped));
}
