/*
 * Whether a leaf node, a key package and a list of proposals may be taken (RFC 9420, sections 7.3,
 * 10.1 and 12.2). Functions return 0, -ENOMEM, -EIO, what an operation below returned, or a
 * negative enum mls_error. Any thread, if the operations may be called on it.
 *
 * The profile: members propose and commit; ReInit, external proposals and external commits are
 * refused, since nobody but a member admits.
 */
#ifndef BALAI_E2EE_MLS_VALIDATE_H
#define BALAI_E2EE_MLS_VALIDATE_H

#include "e2ee/mls_tree.h"

/* What a group asks of its owner; called on the thread that uses the group. All are required. */
struct mls_owner_ops {
	/*
	 * Whether who a leaf says it is may be a member; what is in the leaf is checked already.
	 * 0, -MLS_ERROR_CREDENTIAL, -MLS_ERROR_EXPIRED, -MLS_ERROR_REVOKED or a negative errno.
	 */
	int (*check_member)(void *context, const struct mls_leaf_node *leaf);
	/*
	 * Whether those in `next`, each checked already, may be an epoch's members together; `now`
	 * is the epoch before, or NULL. 0 or as check_member.
	 */
	int (*check_tree)(void *context, const struct mls_tree *now, const struct mls_tree *next);
	/*
	 * The external pre-shared key of that id, lent until the group's function returns. False:
	 * there is none.
	 */
	bool (*find_psk)(void *context, struct mls_bytes id, struct mls_bytes *ret_psk);
	uint64_t (*now_s)(void *context); /* since 1970 */
};

struct mls_owner {
	const struct mls_owner_ops *ops; /* lent for the life of the group */
	void *context;
};

/* A leaf that came in that way; group_id and leaf count for updates and commits only. */
int mls_leaf_check(const struct mls_leaf_node *node, enum mls_leaf_source source,
		   struct mls_bytes group_id, uint32_t leaf, const struct mls_owner *owner)
	__attribute__((warn_unused_result));

int mls_key_package_check(const struct mls_key_package *package, const struct mls_owner *owner)
	__attribute__((warn_unused_result));

/* All members support the group's extensions and one another's credentials; no key is there twice. */
int mls_members_check(const struct mls_tree *tree, struct mls_bytes group_extensions)
	__attribute__((warn_unused_result));

/* The proposals of a commit, by value or found by their reference. */
struct mls_proposal_list {
	struct {
		const struct mls_proposal *proposal; /* lent */
		uint32_t sender;                     /* leaf */
	} items[MLS_PROPOSALS_MAX];
	size_t n;
};

/* Before they are applied to `tree`. */
int mls_proposals_check(const struct mls_proposal_list *list, const struct mls_tree *tree,
			uint32_t committer, struct mls_bytes group_id,
			const struct mls_owner *owner) __attribute__((warn_unused_result));

/* Whether a leaf is removed by them. */
bool mls_proposals_remove(const struct mls_proposal_list *list, uint32_t leaf);

/* Whether the commit must have a path (section 12.4). */
bool mls_proposals_need_path(const struct mls_proposal_list *list);

/* What applying proposals did, beyond the tree. */
struct mls_applied {
	struct mls_bytes extensions; /* the group's, as before or as proposed */
	struct mls_leaf_set joiners;
	/* The leaf of each Add, in the order of the list. */
	uint32_t joiner_leaves[MLS_PROPOSALS_MAX];
	size_t n_joiners;
};

/* Applies them in the order of section 12.3. After a failure the tree is of no use. */
int mls_proposals_apply(const struct mls_proposal_list *list, struct mls_tree *tree,
			struct mls_bytes extensions, struct mls_applied *ret_applied)
	__attribute__((warn_unused_result));

#endif
