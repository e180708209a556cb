#include <errno.h>
#include <stdlib.h>

#include "e2ee/mls_group_private.h"

/* A message as it is taken; secret. */
struct processing {
	struct mls_message message;
	const struct mls_epoch *epoch; /* that it is of */
	struct mls_writer context;
	struct mls_protection protection;
	struct mls_writer plaintext;
	struct mls_authenticated opened; /* lies in the message and in plaintext */
	struct mls_proposal_list list;
	struct mls_applied applied;
	struct mls_psks psks;
	struct mls_epoch *next;
};

/* The epoch that a message is of: this one, or for application messages the one before. */
static int find_epoch(const struct mls_group *group, const struct mls_message *message,
		      const struct mls_epoch **ret_epoch)
{
	uint64_t number;
	bool may_be_late = false;

	if (message->wire_format == MLS_PRIVATE_MESSAGE) {
		number = message->private_message.epoch;
		may_be_late = message->private_message.content_type == MLS_CONTENT_APPLICATION;
	} else if (message->wire_format == MLS_PUBLIC_MESSAGE) {
		number = message->public_message.content.epoch;
	} else {
		return -MLS_ERROR_VALUE;
	}
	if (number == group->now->number)
		*ret_epoch = group->now;
	else if (may_be_late && group->past && number == group->past->number)
		*ret_epoch = group->past;
	else
		return -MLS_ERROR_EPOCH;
	return 0;
}

/* Opens a message and checks that it is signed by the member that it says. */
static int open_message(const struct mls_group *group, struct processing *processing)
{
	const struct mls_content *content = &processing->opened.content;
	const struct mls_leaf_node *sender;
	int r = mls_epoch_protection(group, processing->epoch, &processing->context,
				     &processing->protection);

	if (r == 0 && processing->message.wire_format == MLS_PRIVATE_MESSAGE)
		r = mls_private_open(&processing->protection, &processing->message.private_message,
				     &processing->plaintext, &processing->opened);
	else if (r == 0)
		r = mls_public_open(&processing->protection, &processing->message.public_message,
				    &processing->opened);
	if (r < 0)
		return r;
	sender = mls_tree_leaf(processing->epoch->tree, content->sender_index);
	if (content->sender_type != MLS_SENDER_MEMBER || !sender ||
	    content->sender_index == processing->epoch->leaf)
		return -MLS_ERROR_SENDER;
	return mls_content_verify(&processing->protection, &processing->opened,
				  sender->signature_key);
}

/* A proposal that cannot be committed is not kept. */
static int take_proposal(struct mls_group *group, const struct processing *processing)
{
	const struct mls_content *content = &processing->opened.content;
	struct mls_proposal_list list = {
		.items = {{&content->proposal, content->sender_index}},
		.n = 1,
	};
	int r = mls_proposals_check(&list, group->now->tree, MLS_NODE_NONE, mls_group_id(group),
				    &group->member.owner);

	return r < 0 ? r : mls_group_keep(group, &processing->opened);
}

static const struct mls_kept_proposal *find_kept(const struct mls_group *group,
						 struct mls_bytes ref)
{
	for (size_t i = 0; i < group->n_kept; i++) {
		const struct mls_kept_proposal *kept = &group->kept[i];

		if (mls_bytes_equal((struct mls_bytes){kept->ref, sizeof(kept->ref)}, ref))
			return kept;
	}
	return NULL;
}

static int resolve(const struct mls_group *group, const struct mls_content *content,
		   struct mls_proposal_list *list)
{
	for (size_t i = 0; i < content->commit.n_proposals; i++) {
		const struct mls_proposal_or_ref *item = &content->commit.proposals[i];
		const struct mls_kept_proposal *kept;

		list->items[i].proposal = &item->proposal;
		list->items[i].sender = content->sender_index;
		if (!item->is_ref)
			continue;
		kept = find_kept(group, item->ref);
		if (!kept)
			return -MLS_ERROR_PROPOSAL_UNKNOWN;
		list->items[i].proposal = &kept->proposal;
		list->items[i].sender = kept->sender;
	}
	list->n = content->commit.n_proposals;
	return mls_proposals_check(list, group->now->tree, content->sender_index,
				   mls_group_id(group), &group->member.owner);
}

/* Puts the path into the next epoch's tree and opens our part of it. */
static int take_path(const struct mls_group *group, struct processing *processing,
		     uint8_t ret_commit_secret[MLS_HASH_BYTES])
{
	const struct mls_content *content = &processing->opened.content;
	const struct mls_update_path *path = &content->commit.path;
	struct mls_epoch *next = processing->next;
	uint8_t path_secret[MLS_HASH_BYTES];
	struct mls_writer context;
	int r = mls_leaf_check(&path->leaf, MLS_LEAF_COMMIT, mls_group_id(group),
			       content->sender_index, &group->member.owner);

	if (r == 0)
		r = mls_path_merge(next->tree, content->sender_index, path);
	if (r == 0)
		r = mls_members_check(next->tree, processing->applied.extensions);
	if (r == 0)
		r = mls_epoch_hash_tree(next);
	if (r < 0)
		return r;
	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_epoch_write_context(&context, group, next);
	r = context.fault;
	if (r == 0)
		r = mls_path_open(next->tree, content->sender_index, path,
				  mls_writer_bytes(&context), &processing->applied.joiners,
				  next->leaf, &next->keys, path_secret);
	if (r == 0)
		r = mls_path_derive(next->tree, content->sender_index, next->leaf, path_secret,
				    &next->keys, ret_commit_secret);
	mls_writer_finish(&context);
	mls_wipe(path_secret, sizeof(path_secret));
	return r;
}

static int follow(const struct mls_group *group, struct processing *processing)
{
	const struct mls_authenticated *opened = &processing->opened;
	uint8_t commit_secret[MLS_HASH_BYTES] = {0};
	uint8_t joiner_secret[MLS_HASH_BYTES];
	int r = mls_epoch_follow(group, &processing->list, &processing->next, &processing->applied);

	if (r < 0)
		return r;
	if (opened->content.commit.has_path)
		r = take_path(group, processing, commit_secret);
	else
		r = mls_epoch_hash_tree(processing->next);
	if (r == 0)
		r = group->member.owner.ops->check_tree(group->member.owner.context,
							group->now->tree, processing->next->tree);
	if (r == 0)
		r = mls_psks_collect(group, &processing->list, &processing->psks);
	if (r == 0)
		r = mls_epoch_conclude(group, processing->next, &opened->content,
				       opened->wire_format, opened->auth.signature, commit_secret,
				       processing->psks.secret, joiner_secret);
	mls_wipe(commit_secret, sizeof(commit_secret));
	mls_wipe(joiner_secret, sizeof(joiner_secret));
	if (r < 0)
		return r;
	return mls_bytes_equal((struct mls_bytes){processing->next->tag, MLS_HASH_BYTES},
			       opened->auth.confirmation_tag)
		       ? 0
		       : -MLS_ERROR_TAG;
}

static int take_commit(struct mls_group *group, struct processing *processing,
		       enum mls_received_kind *ret_kind)
{
	const struct mls_content *content = &processing->opened.content;
	int r = resolve(group, content, &processing->list);

	if (r < 0)
		return r;
	if (mls_proposals_need_path(&processing->list) && !content->commit.has_path)
		return -MLS_ERROR_PATH;
	if (mls_proposals_remove(&processing->list, group->now->leaf)) {
		*ret_kind = MLS_RECEIVED_REMOVED;
		return 0;
	}
	r = follow(group, processing);
	if (r < 0)
		return r;
	mls_group_enter(group, processing->next);
	processing->next = NULL;
	*ret_kind = MLS_RECEIVED_COMMIT;
	return 0;
}

static int take(struct mls_group *group, struct processing *processing,
		struct mls_received *received)
{
	const struct mls_content *content = &processing->opened.content;

	received->epoch = content->epoch;
	received->sender = content->sender_index;
	switch (content->type) {
	case MLS_CONTENT_APPLICATION:
		received->kind = MLS_RECEIVED_APPLICATION;
		mls_write(&received->plaintext, content->application.data,
			  content->application.length);
		return received->plaintext.fault;
	case MLS_CONTENT_PROPOSAL:
		received->kind = MLS_RECEIVED_PROPOSAL;
		return take_proposal(group, processing);
	default:
		return take_commit(group, processing, &received->kind);
	}
}

static int process(struct mls_group *group, struct mls_bytes message, struct processing *processing,
		   struct mls_received *received)
{
	struct mls_reader reader;
	int r;

	mls_reader_init(&reader, message);
	mls_message_read(&reader, &processing->message);
	r = mls_reader_close(&reader);
	if (r == 0)
		r = find_epoch(group, &processing->message, &processing->epoch);
	if (r == 0)
		r = open_message(group, processing);
	return r < 0 ? r : take(group, processing, received);
}

int mls_group_process(struct mls_group *group, struct mls_bytes message,
		      struct mls_received *ret_received)
{
	struct mls_received received = {0};
	struct processing *processing;
	int r;

	if (message.length > MLS_MESSAGE_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	processing = calloc(1, sizeof(*processing));
	if (!processing)
		return -ENOMEM;
	mls_writer_init(&received.plaintext, MLS_MESSAGE_BYTES_MAX);
	r = process(group, message, processing, &received);
	mls_epoch_destroy(processing->next);
	mls_writer_finish(&processing->context);
	mls_writer_finish(&processing->plaintext);
	mls_wipe(processing, sizeof(*processing));
	free(processing);
	if (r == 0)
		*ret_received = received;
	else
		mls_writer_finish(&received.plaintext);
	return r;
}

void mls_received_finish(struct mls_received *received)
{
	mls_writer_finish(&received->plaintext);
}
