#include "e2ee/mls_types.h"

void mls_psk_id_read(struct mls_reader *reader, struct mls_psk_id *ret_id)
{
	*ret_id = (struct mls_psk_id){.type = mls_read_u8(reader)};
	switch (ret_id->type) {
	case MLS_PSK_EXTERNAL:
		ret_id->id = mls_read_vector(reader);
		break;
	case MLS_PSK_RESUMPTION:
		ret_id->usage = mls_read_u8(reader);
		if (ret_id->usage < MLS_PSK_FOR_APPLICATION || ret_id->usage > MLS_PSK_FOR_BRANCH)
			mls_reader_fail(reader, MLS_ERROR_VALUE);
		ret_id->group_id = mls_read_vector(reader);
		ret_id->epoch = mls_read_u64(reader);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	}
	ret_id->nonce = mls_read_vector(reader);
}

void mls_psk_id_write(struct mls_writer *writer, const struct mls_psk_id *id)
{
	mls_write_u8(writer, id->type);
	if (id->type == MLS_PSK_EXTERNAL) {
		mls_write_bytes(writer, id->id);
	} else {
		mls_write_u8(writer, id->usage);
		mls_write_bytes(writer, id->group_id);
		mls_write_u64(writer, id->epoch);
	}
	mls_write_bytes(writer, id->nonce);
}

static void read_reinit(struct mls_reader *reader, struct mls_proposal *proposal)
{
	proposal->reinit.group_id = mls_read_vector(reader);
	proposal->reinit.version = mls_read_u16(reader);
	proposal->reinit.cipher_suite = mls_read_u16(reader);
	proposal->reinit.extensions = mls_extensions_read(reader);
}

void mls_proposal_read_content(struct mls_reader *reader, struct mls_proposal *proposal)
{
	switch (proposal->type) {
	case MLS_PROPOSAL_ADD:
		mls_key_package_read(reader, &proposal->add);
		break;
	case MLS_PROPOSAL_UPDATE:
		mls_leaf_node_read(reader, &proposal->update);
		break;
	case MLS_PROPOSAL_REMOVE:
		proposal->removed = mls_read_u32(reader);
		break;
	case MLS_PROPOSAL_PSK:
		mls_psk_id_read(reader, &proposal->psk);
		break;
	case MLS_PROPOSAL_REINIT:
		read_reinit(reader, proposal);
		break;
	case MLS_PROPOSAL_EXTERNAL_INIT:
		proposal->kem_output = mls_read_vector(reader);
		break;
	case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
		proposal->extensions = mls_extensions_read(reader);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_UNSUPPORTED);
	}
}

static void write_reinit(struct mls_writer *writer, const struct mls_proposal *proposal)
{
	mls_write_bytes(writer, proposal->reinit.group_id);
	mls_write_u16(writer, proposal->reinit.version);
	mls_write_u16(writer, proposal->reinit.cipher_suite);
	mls_write_bytes(writer, proposal->reinit.extensions);
}

void mls_proposal_write_content(struct mls_writer *writer, const struct mls_proposal *proposal)
{
	switch (proposal->type) {
	case MLS_PROPOSAL_ADD:
		mls_key_package_write(writer, &proposal->add);
		break;
	case MLS_PROPOSAL_UPDATE:
		mls_leaf_node_write(writer, &proposal->update);
		break;
	case MLS_PROPOSAL_REMOVE:
		mls_write_u32(writer, proposal->removed);
		break;
	case MLS_PROPOSAL_PSK:
		mls_psk_id_write(writer, &proposal->psk);
		break;
	case MLS_PROPOSAL_REINIT:
		write_reinit(writer, proposal);
		break;
	case MLS_PROPOSAL_EXTERNAL_INIT:
		mls_write_bytes(writer, proposal->kem_output);
		break;
	case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
		mls_write_bytes(writer, proposal->extensions);
		break;
	default:
		break;
	}
}

void mls_proposal_read(struct mls_reader *reader, struct mls_proposal *ret_proposal)
{
	*ret_proposal = (struct mls_proposal){.type = mls_read_u16(reader)};
	mls_proposal_read_content(reader, ret_proposal);
}

void mls_proposal_write(struct mls_writer *writer, const struct mls_proposal *proposal)
{
	mls_write_u16(writer, proposal->type);
	mls_proposal_write_content(writer, proposal);
}

/* ProposalOrRefType: 1 proposal, 2 reference */
static void read_proposal_or_ref(struct mls_reader *reader, struct mls_proposal_or_ref *item)
{
	switch (mls_read_u8(reader)) {
	case 1:
		item->is_ref = false;
		mls_proposal_read(reader, &item->proposal);
		break;
	case 2:
		item->is_ref = true;
		item->ref = mls_read_vector(reader);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	}
}

void mls_ciphertext_read(struct mls_reader *reader, struct mls_ciphertext *ret_ciphertext)
{
	ret_ciphertext->kem_output = mls_read_vector(reader);
	ret_ciphertext->ciphertext = mls_read_vector(reader);
}

void mls_ciphertext_write(struct mls_writer *writer, const struct mls_ciphertext *ciphertext)
{
	mls_write_bytes(writer, ciphertext->kem_output);
	mls_write_bytes(writer, ciphertext->ciphertext);
}

static void read_path_node(struct mls_reader *reader, struct mls_path_node *node)
{
	struct mls_ciphertext secret;
	size_t from, end;

	node->public_key = mls_read_vector(reader);
	end = mls_reader_enter(reader);
	from = reader->at;
	while (mls_reader_more(reader))
		mls_ciphertext_read(reader, &secret);
	node->secrets = mls_reader_since(reader, from);
	mls_reader_leave(reader, end);
}

void mls_update_path_read(struct mls_reader *reader, struct mls_update_path *ret_path)
{
	size_t end;

	mls_leaf_node_read(reader, &ret_path->leaf);
	ret_path->n_nodes = 0;
	end = mls_reader_enter(reader);
	while (mls_reader_more(reader)) {
		if (ret_path->n_nodes == MLS_DEPTH_MAX) {
			mls_reader_fail(reader, MLS_ERROR_LIMIT);
			break;
		}
		read_path_node(reader, &ret_path->nodes[ret_path->n_nodes++]);
	}
	mls_reader_leave(reader, end);
}

void mls_update_path_write(struct mls_writer *writer, const struct mls_update_path *path)
{
	size_t begin;

	mls_leaf_node_write(writer, &path->leaf);
	begin = mls_writer_begin(writer);
	for (size_t i = 0; i < path->n_nodes; i++) {
		mls_write_bytes(writer, path->nodes[i].public_key);
		mls_write_bytes(writer, path->nodes[i].secrets);
	}
	mls_writer_end(writer, begin);
}

void mls_commit_read(struct mls_reader *reader, struct mls_commit *ret_commit)
{
	size_t end = mls_reader_enter(reader);

	ret_commit->n_proposals = 0;
	while (mls_reader_more(reader)) {
		if (ret_commit->n_proposals == MLS_PROPOSALS_MAX) {
			mls_reader_fail(reader, MLS_ERROR_LIMIT);
			break;
		}
		read_proposal_or_ref(reader, &ret_commit->proposals[ret_commit->n_proposals++]);
	}
	mls_reader_leave(reader, end);
	ret_commit->has_path = mls_read_optional(reader);
	if (ret_commit->has_path)
		mls_update_path_read(reader, &ret_commit->path);
}

void mls_commit_write(struct mls_writer *writer, const struct mls_commit *commit)
{
	size_t begin = mls_writer_begin(writer);

	for (size_t i = 0; i < commit->n_proposals; i++) {
		const struct mls_proposal_or_ref *item = &commit->proposals[i];

		mls_write_u8(writer, item->is_ref ? 2 : 1);
		if (item->is_ref)
			mls_write_bytes(writer, item->ref);
		else
			mls_proposal_write(writer, &item->proposal);
	}
	mls_writer_end(writer, begin);
	mls_write_u8(writer, commit->has_path);
	if (commit->has_path)
		mls_update_path_write(writer, &commit->path);
}
