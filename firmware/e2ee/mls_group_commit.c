#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_group_private.h"

/* A commit as it is made; secret. */
struct committing {
	struct mls_proposal made[MLS_PROPOSALS_MAX]; /* by value */
	uint8_t nonces[MLS_PROPOSALS_MAX][MLS_HASH_BYTES];
	struct mls_proposal_list list;
	struct mls_applied applied;
	struct mls_psks psks;
	struct mls_epoch *next;
	struct mls_path_secrets path;
	struct mls_writer path_encoded;
	struct mls_authenticated message;
	uint8_t signature[MLS_SIGNATURE_BYTES];
	uint8_t joiner_secret[MLS_HASH_BYTES];
};

/* Takes a proposal into the list if that stays a valid one. */
static int list_one(const struct mls_group *group, const struct mls_proposal *proposal,
		    uint32_t sender, struct committing *committing)
{
	const struct mls_epoch *now = group->now;
	struct mls_proposal_list *list = &committing->list;
	int r;

	if (list->n == MLS_PROPOSALS_MAX)
		return -MLS_ERROR_LIMIT;
	list->items[list->n].proposal = proposal;
	list->items[list->n++].sender = sender;
	r = mls_proposals_check(list, now->tree, now->leaf, mls_group_id(group),
				&group->member.owner);
	if (r < 0)
		list->n--;
	return r;
}

static int list_made(const struct mls_group *group, const struct mls_proposal *proposals, size_t n,
		     struct committing *committing)
{
	struct mls_commit *commit = &committing->message.content.commit;
	int r = 0;

	if (n > MLS_PROPOSALS_MAX)
		return -MLS_ERROR_LIMIT;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct mls_proposal *made = &committing->made[i];

		*made = proposals[i];
		if (made->type == MLS_PROPOSAL_PSK) {
			made->psk.nonce = (struct mls_bytes){committing->nonces[i], MLS_HASH_BYTES};
			r = mls_random(committing->nonces[i], MLS_HASH_BYTES);
		}
		if (r == 0)
			r = list_one(group, made, group->now->leaf, committing);
		if (r == 0)
			commit->proposals[commit->n_proposals++].proposal = *made;
	}
	return r;
}

static int list_one_kept(const struct mls_group *group, const struct mls_kept_proposal *kept,
			 struct committing *committing)
{
	struct mls_commit *commit = &committing->message.content.commit;
	struct mls_proposal_or_ref *item = &commit->proposals[commit->n_proposals];
	int r = list_one(group, &kept->proposal, kept->sender, committing);

	if (r < 0)
		return r;
	item->is_ref = true;
	item->ref = (struct mls_bytes){kept->ref, sizeof(kept->ref)};
	commit->n_proposals++;
	return 0;
}

/*
 * What came from others is taken up as far as it fits, so that nobody can stop a commit by it: who
 * is to be removed first (section 12.2), then the newest.
 */
static int list_kept(const struct mls_group *group, struct committing *committing)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = group->n_kept; i-- > 0;) {
			const struct mls_kept_proposal *kept = &group->kept[i];
			bool is_removal = kept->proposal.type == MLS_PROPOSAL_REMOVE;
			int r = is_removal == (pass == 0) ? list_one_kept(group, kept, committing)
							  : 0;

			if (r == -ENOMEM || r == -EIO)
				return r;
		}
	}
	return 0;
}

/* The next epoch's tree with new keys of ours, and the path that tells them. */
static int renew(const struct mls_group *group, struct committing *committing)
{
	struct mls_commit *commit = &committing->message.content.commit;
	const struct mls_epoch *now = group->now;
	struct mls_writer context;
	struct mls_reader reader;
	int r = mls_epoch_follow(group, &committing->list, &committing->next, &committing->applied);

	if (r == 0)
		r = mls_path_renew(committing->next->tree, now->leaf,
				   mls_tree_leaf(now->tree, now->leaf), mls_group_id(group),
				   group->member.signer, &committing->next->keys,
				   &committing->path);
	if (r == 0)
		r = group->member.owner.ops->check_tree(group->member.owner.context, now->tree,
							committing->next->tree);
	if (r == 0)
		r = mls_epoch_hash_tree(committing->next);
	if (r < 0)
		return r;
	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_epoch_write_context(&context, group, committing->next);
	r = context.fault;
	if (r == 0)
		r = mls_path_seal(&committing->path_encoded, committing->next->tree, now->leaf,
				  &committing->path, mls_writer_bytes(&context),
				  &committing->applied.joiners);
	mls_writer_finish(&context);
	if (r < 0)
		return r;
	mls_reader_init(&reader, mls_writer_bytes(&committing->path_encoded));
	mls_update_path_read(&reader, &commit->path);
	commit->has_path = true;
	return mls_reader_close(&reader);
}

/* Signs the commit, and works the next epoch's secrets out of it. */
static int conclude(const struct mls_group *group, const struct mls_protection *protection,
		    struct committing *committing)
{
	struct mls_authenticated *message = &committing->message;
	struct mls_epoch *next = committing->next;
	size_t length;
	int r = mls_content_sign(protection, message->wire_format, &message->content,
				 group->member.signer, committing->signature, &length);

	if (r < 0)
		return r;
	message->auth.signature = (struct mls_bytes){committing->signature, length};
	r = mls_psks_collect(group, &committing->list, &committing->psks);
	if (r == 0)
		r = mls_epoch_conclude(group, next, &message->content, message->wire_format,
				       message->auth.signature, committing->path.commit_secret,
				       committing->psks.secret, committing->joiner_secret);
	message->auth.confirmation_tag = (struct mls_bytes){next->tag, sizeof(next->tag)};
	return r;
}

static int invite(const struct mls_group *group, const struct committing *committing,
		  struct mls_writer *welcome)
{
	const struct mls_invitation invitation = {
		.epoch = committing->next,
		.list = &committing->list,
		.applied = &committing->applied,
		.path = &committing->path,
		.psks = &committing->psks,
		.joiner_secret = committing->joiner_secret,
	};

	return committing->applied.n_joiners > 0 ? mls_welcome_seal(welcome, group, &invitation)
						 : 0;
}

static int make_commit(struct mls_group *group, const struct mls_proposal *proposals, size_t n,
		       struct committing *committing, struct mls_writer *commit,
		       struct mls_writer *welcome)
{
	struct mls_protection protection;
	struct mls_writer context;
	int r = mls_epoch_protection(group, group->now, &context, &protection);

	if (r == 0)
		r = list_made(group, proposals, n, committing);
	if (r == 0)
		r = list_kept(group, committing);
	if (r == 0)
		r = renew(group, committing);
	if (r == 0)
		r = conclude(group, &protection, committing);
	if (r == 0)
		r = invite(group, committing, welcome);
	if (r == 0)
		r = mls_private_seal(&protection, &committing->message, commit);
	mls_writer_finish(&context);
	return r;
}

int mls_group_commit(struct mls_group *group, const struct mls_proposal *proposals, size_t n,
		     struct mls_writer *commit, struct mls_writer *welcome)
{
	struct committing *committing;
	int r;

	if (group->pending)
		return -EBUSY;
	committing = calloc(1, sizeof(*committing));
	if (!committing)
		return -ENOMEM;
	mls_writer_init(&committing->path_encoded, MLS_MESSAGE_BYTES_MAX);
	mls_group_address(group, MLS_CONTENT_COMMIT, &committing->message);
	r = make_commit(group, proposals, n, committing, commit, welcome);
	if (r == 0)
		group->pending = committing->next;
	else
		mls_epoch_destroy(committing->next);
	mls_writer_finish(&committing->path_encoded);
	mls_wipe(committing, sizeof(*committing));
	free(committing);
	return r;
}
