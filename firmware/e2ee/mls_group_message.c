#include <errno.h>

#include "e2ee/mls_group_private.h"
#include "e2ee/mls_signed.h"

int mls_epoch_protection(const struct mls_group *group, const struct mls_epoch *epoch,
			 struct mls_writer *context, struct mls_protection *ret_protection)
{
	mls_writer_init(context, MLS_MESSAGE_BYTES_MAX);
	mls_epoch_write_context(context, group, epoch);
	*ret_protection = (struct mls_protection){
		.group_id = mls_group_id(group),
		.epoch = epoch->number,
		.context = mls_writer_bytes(context),
		.secrets = &epoch->secrets,
		.secret_tree = epoch->secret_tree,
		.own_leaf = epoch->leaf,
	};
	return context->fault;
}

void mls_group_address(const struct mls_group *group, uint8_t type,
		       struct mls_authenticated *ret_message)
{
	*ret_message = (struct mls_authenticated){
		.wire_format = MLS_PRIVATE_MESSAGE,
		.content =
			{
				.group_id = mls_group_id(group),
				.epoch = group->now->number,
				.sender_type = MLS_SENDER_MEMBER,
				.sender_index = group->now->leaf,
				.type = type,
			},
	};
}

int mls_group_keep(struct mls_group *group, const struct mls_authenticated *message)
{
	struct mls_kept_proposal *kept = &group->kept[group->n_kept];
	struct mls_authenticated again;
	struct mls_reader reader;
	int r;

	if (group->n_kept == MLS_PROPOSALS_MAX)
		return -MLS_ERROR_LIMIT;
	mls_writer_init(&kept->encoded, MLS_MESSAGE_BYTES_MAX);
	mls_authenticated_write(&kept->encoded, message);
	r = kept->encoded.fault;
	if (r == 0)
		r = mls_ref_hash("MLS 1.0 Proposal Reference", kept->encoded.data,
				 kept->encoded.length, kept->ref);
	if (r < 0) {
		mls_writer_finish(&kept->encoded);
		return r;
	}
	mls_reader_init(&reader, mls_writer_bytes(&kept->encoded));
	mls_authenticated_read(&reader, &again);
	kept->proposal = again.content.proposal;
	kept->sender = again.content.sender_index;
	group->n_kept++;
	return 0;
}

/* Signs and seals a message that is no commit; a proposal is kept as those of others are. */
static int send(struct mls_group *group, struct mls_authenticated *message,
		struct mls_writer *writer)
{
	uint8_t signature[MLS_SIGNATURE_BYTES];
	struct mls_protection protection;
	struct mls_writer context;
	size_t length;
	int r = mls_epoch_protection(group, group->now, &context, &protection);

	if (r == 0)
		r = mls_content_sign(&protection, message->wire_format, &message->content,
				     group->member.signer, signature, &length);
	if (r == 0) {
		message->auth.signature = (struct mls_bytes){signature, length};
		r = mls_private_seal(&protection, message, writer);
	}
	if (r == 0 && message->content.type == MLS_CONTENT_PROPOSAL)
		r = mls_group_keep(group, message);
	message->auth.signature = (struct mls_bytes){0};
	mls_writer_finish(&context);
	return r;
}

int mls_group_seal(struct mls_group *group, struct mls_bytes data, struct mls_writer *writer)
{
	struct mls_authenticated message;

	mls_group_address(group, MLS_CONTENT_APPLICATION, &message);
	message.content.application = data;
	return send(group, &message, writer);
}

int mls_group_propose(struct mls_group *group, const struct mls_proposal *proposal,
		      struct mls_writer *writer)
{
	struct mls_authenticated message;

	mls_group_address(group, MLS_CONTENT_PROPOSAL, &message);
	message.content.proposal = *proposal;
	return send(group, &message, writer);
}

/* The own leaf with another key, signed. */
static int write_update(const struct mls_group *group, const struct mls_key_pair *pair,
			struct mls_writer *writer)
{
	const struct mls_epoch *now = group->now;
	struct mls_leaf_node leaf = *mls_tree_leaf(now->tree, now->leaf);

	leaf.encryption_key = (struct mls_bytes){pair->public_key, MLS_PUBLIC_KEY_BYTES};
	leaf.source = MLS_LEAF_UPDATE;
	return mls_leaf_node_sign(writer, &leaf, mls_group_id(group), now->leaf,
				  group->member.signer);
}

int mls_group_propose_update(struct mls_group *group, struct mls_writer *writer)
{
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_UPDATE};
	struct mls_key_pair pair;
	struct mls_writer leaf;
	struct mls_reader reader;
	int r;

	if (group->has_update)
		return -EBUSY;
	r = mls_key_pair_generate(&pair);
	if (r < 0)
		return r;
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	r = write_update(group, &pair, &leaf);
	if (r == 0) {
		mls_reader_init(&reader, mls_writer_bytes(&leaf));
		mls_leaf_node_read(&reader, &proposal.update);
		r = mls_group_propose(group, &proposal, writer);
	}
	if (r == 0) {
		group->update = pair;
		group->has_update = true;
	}
	mls_wipe(&pair, sizeof(pair));
	mls_writer_finish(&leaf);
	return r;
}
