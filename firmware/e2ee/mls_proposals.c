#include "e2ee/mls_validate.h"

static int check_update(const struct mls_leaf_node *update, const struct mls_tree *tree,
			uint32_t sender, struct mls_bytes group_id, const struct mls_owner *owner)
{
	const struct mls_leaf_node *old = mls_tree_leaf(tree, sender);

	if (!old || mls_bytes_equal(old->encryption_key, update->encryption_key))
		return -MLS_ERROR_PROPOSALS;
	return mls_leaf_check(update, MLS_LEAF_UPDATE, group_id, sender, owner);
}

static int check_psk(const struct mls_psk_id *psk)
{
	bool is_ours = psk->type == MLS_PSK_EXTERNAL || psk->usage == MLS_PSK_FOR_APPLICATION;

	return is_ours && psk->nonce.length == MLS_HASH_BYTES ? 0 : -MLS_ERROR_PROPOSALS;
}

static int check_one(const struct mls_proposal *proposal, const struct mls_tree *tree,
		     uint32_t sender, uint32_t committer, struct mls_bytes group_id,
		     const struct mls_owner *owner)
{
	switch (proposal->type) {
	case MLS_PROPOSAL_ADD:
		return mls_key_package_check(&proposal->add, owner);
	case MLS_PROPOSAL_UPDATE:
		if (sender == committer)
			return -MLS_ERROR_PROPOSALS;
		return check_update(&proposal->update, tree, sender, group_id, owner);
	case MLS_PROPOSAL_REMOVE:
		if (proposal->removed == committer || !mls_tree_leaf(tree, proposal->removed))
			return -MLS_ERROR_PROPOSALS;
		return 0;
	case MLS_PROPOSAL_PSK:
		return check_psk(&proposal->psk);
	case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
		return 0;
	default:
		return -MLS_ERROR_UNSUPPORTED;
	}
}

/* The leaf that an Update or Remove is about, or MLS_NODE_NONE. */
static uint32_t leaf_of(const struct mls_proposal *proposal, uint32_t sender)
{
	if (proposal->type == MLS_PROPOSAL_UPDATE)
		return sender;
	return proposal->type == MLS_PROPOSAL_REMOVE ? proposal->removed : MLS_NODE_NONE;
}

static bool is_same_psk(const struct mls_psk_id *a, const struct mls_psk_id *b)
{
	return a->type == b->type && mls_bytes_equal(a->id, b->id) &&
	       mls_bytes_equal(a->group_id, b->group_id) && a->epoch == b->epoch &&
	       mls_bytes_equal(a->nonce, b->nonce);
}

/* Not both of them may be in a list (section 12.2). */
static bool do_clash(const struct mls_proposal_list *list, size_t a, size_t b)
{
	const struct mls_proposal *one = list->items[a].proposal;
	const struct mls_proposal *other = list->items[b].proposal;
	uint32_t leaf = leaf_of(one, list->items[a].sender);

	if (leaf != MLS_NODE_NONE && leaf == leaf_of(other, list->items[b].sender))
		return true;
	if (one->type != other->type)
		return false;
	if (one->type == MLS_PROPOSAL_ADD)
		return mls_bytes_equal(one->add.leaf.signature_key, other->add.leaf.signature_key);
	if (one->type == MLS_PROPOSAL_PSK)
		return is_same_psk(&one->psk, &other->psk);
	return one->type == MLS_PROPOSAL_CONTEXT_EXTENSIONS;
}

/* Nobody is added who is a member, unless the member is removed (section 12.2). */
static int check_adds(const struct mls_proposal_list *list, const struct mls_tree *tree)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mls_proposal *proposal = list->items[i].proposal;

		for (uint32_t leaf = 0; leaf < mls_tree_n_leaves(tree); leaf++) {
			const struct mls_leaf_node *member = mls_tree_leaf(tree, leaf);

			if (proposal->type == MLS_PROPOSAL_ADD && member &&
			    mls_bytes_equal(member->signature_key,
					    proposal->add.leaf.signature_key) &&
			    !mls_proposals_remove(list, leaf))
				return -MLS_ERROR_PROPOSALS;
		}
	}
	return 0;
}

int mls_proposals_check(const struct mls_proposal_list *list, const struct mls_tree *tree,
			uint32_t committer, struct mls_bytes group_id,
			const struct mls_owner *owner)
{
	for (size_t i = 0; i < list->n; i++) {
		int r = check_one(list->items[i].proposal, tree, list->items[i].sender, committer,
				  group_id, owner);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++) {
			if (do_clash(list, i, j))
				return -MLS_ERROR_PROPOSALS;
		}
	}
	return check_adds(list, tree);
}

bool mls_proposals_remove(const struct mls_proposal_list *list, uint32_t leaf)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].proposal->type == MLS_PROPOSAL_REMOVE &&
		    list->items[i].proposal->removed == leaf)
			return true;
	}
	return false;
}

bool mls_proposals_need_path(const struct mls_proposal_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		uint16_t type = list->items[i].proposal->type;

		if (type != MLS_PROPOSAL_ADD && type != MLS_PROPOSAL_PSK)
			return true;
	}
	return list->n == 0;
}

static int apply_one(const struct mls_proposal *proposal, uint32_t sender, struct mls_tree *tree,
		     struct mls_applied *applied)
{
	uint32_t leaf;
	int r;

	switch (proposal->type) {
	case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
		applied->extensions = proposal->extensions;
		return 0;
	case MLS_PROPOSAL_UPDATE:
		return mls_tree_update(tree, sender, proposal->update.encoded);
	case MLS_PROPOSAL_REMOVE:
		mls_tree_remove(tree, proposal->removed);
		return 0;
	case MLS_PROPOSAL_ADD:
		r = mls_tree_add(tree, proposal->add.leaf.encoded, &leaf);
		if (r < 0)
			return r;
		mls_leaf_set_add(&applied->joiners, leaf);
		applied->joiner_leaves[applied->n_joiners++] = leaf;
		return 0;
	default:
		return 0;
	}
}

int mls_proposals_apply(const struct mls_proposal_list *list, struct mls_tree *tree,
			struct mls_bytes extensions, struct mls_applied *ret_applied)
{
	static const enum mls_proposal_type order[] = {
		MLS_PROPOSAL_CONTEXT_EXTENSIONS,
		MLS_PROPOSAL_UPDATE,
		MLS_PROPOSAL_REMOVE,
		MLS_PROPOSAL_ADD,
	};
	int r = 0;

	*ret_applied = (struct mls_applied){.extensions = extensions};
	for (size_t step = 0; step < sizeof(order) / sizeof(order[0]); step++) {
		for (size_t i = 0; r == 0 && i < list->n; i++) {
			if (list->items[i].proposal->type == order[step])
				r = apply_one(list->items[i].proposal, list->items[i].sender, tree,
					      ret_applied);
		}
	}
	return r < 0 ? r : mls_members_check(tree, ret_applied->extensions);
}
