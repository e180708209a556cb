#include "e2ee/mls_types.h"

void mls_group_context_read(struct mls_reader *reader, struct mls_group_context *ret_context)
{
	ret_context->version = mls_read_u16(reader);
	ret_context->cipher_suite = mls_read_u16(reader);
	ret_context->group_id = mls_read_vector(reader);
	ret_context->epoch = mls_read_u64(reader);
	ret_context->tree_hash = mls_read_vector(reader);
	ret_context->confirmed_transcript_hash = mls_read_vector(reader);
	ret_context->extensions = mls_extensions_read(reader);
}

void mls_group_context_write(struct mls_writer *writer, const struct mls_group_context *context)
{
	mls_write_u16(writer, context->version);
	mls_write_u16(writer, context->cipher_suite);
	mls_write_bytes(writer, context->group_id);
	mls_write_u64(writer, context->epoch);
	mls_write_bytes(writer, context->tree_hash);
	mls_write_bytes(writer, context->confirmed_transcript_hash);
	mls_write_bytes(writer, context->extensions);
}

void mls_group_info_read(struct mls_reader *reader, struct mls_group_info *ret_info)
{
	size_t from = reader->at;

	mls_group_context_read(reader, &ret_info->context);
	ret_info->extensions = mls_extensions_read(reader);
	ret_info->confirmation_tag = mls_read_vector(reader);
	ret_info->signer = mls_read_u32(reader);
	ret_info->content = mls_reader_since(reader, from);
	ret_info->signature = mls_read_vector(reader);
}

void mls_group_info_write_content(struct mls_writer *writer, const struct mls_group_info *info)
{
	mls_group_context_write(writer, &info->context);
	mls_write_bytes(writer, info->extensions);
	mls_write_bytes(writer, info->confirmation_tag);
	mls_write_u32(writer, info->signer);
}

void mls_group_info_write(struct mls_writer *writer, const struct mls_group_info *info)
{
	mls_group_info_write_content(writer, info);
	mls_write_bytes(writer, info->signature);
}

void mls_group_secrets_read(struct mls_reader *reader, struct mls_group_secrets *ret_secrets)
{
	size_t end;

	*ret_secrets = (struct mls_group_secrets){.joiner_secret = mls_read_vector(reader)};
	ret_secrets->has_path_secret = mls_read_optional(reader);
	if (ret_secrets->has_path_secret)
		ret_secrets->path_secret = mls_read_vector(reader);
	end = mls_reader_enter(reader);
	while (mls_reader_more(reader)) {
		if (ret_secrets->n_psks == MLS_PSKS_MAX) {
			mls_reader_fail(reader, MLS_ERROR_LIMIT);
			break;
		}
		mls_psk_id_read(reader, &ret_secrets->psks[ret_secrets->n_psks++]);
	}
	mls_reader_leave(reader, end);
}

void mls_group_secrets_write(struct mls_writer *writer, const struct mls_group_secrets *secrets)
{
	size_t begin;

	mls_write_bytes(writer, secrets->joiner_secret);
	mls_write_u8(writer, secrets->has_path_secret);
	if (secrets->has_path_secret)
		mls_write_bytes(writer, secrets->path_secret);
	begin = mls_writer_begin(writer);
	for (size_t i = 0; i < secrets->n_psks; i++)
		mls_psk_id_write(writer, &secrets->psks[i]);
	mls_writer_end(writer, begin);
}

void mls_encrypted_secrets_read(struct mls_reader *reader,
				struct mls_encrypted_secrets *ret_secrets)
{
	ret_secrets->new_member = mls_read_vector(reader);
	mls_ciphertext_read(reader, &ret_secrets->secrets);
}

void mls_encrypted_secrets_write(struct mls_writer *writer,
				 const struct mls_encrypted_secrets *secrets)
{
	mls_write_bytes(writer, secrets->new_member);
	mls_ciphertext_write(writer, &secrets->secrets);
}

void mls_welcome_read(struct mls_reader *reader, struct mls_welcome *ret_welcome)
{
	struct mls_encrypted_secrets secrets;
	size_t from, end;

	ret_welcome->cipher_suite = mls_read_u16(reader);
	end = mls_reader_enter(reader);
	from = reader->at;
	while (mls_reader_more(reader))
		mls_encrypted_secrets_read(reader, &secrets);
	ret_welcome->secrets = mls_reader_since(reader, from);
	mls_reader_leave(reader, end);
	ret_welcome->encrypted_group_info = mls_read_vector(reader);
}

void mls_welcome_write(struct mls_writer *writer, const struct mls_welcome *welcome)
{
	mls_write_u16(writer, welcome->cipher_suite);
	mls_write_bytes(writer, welcome->secrets);
	mls_write_bytes(writer, welcome->encrypted_group_info);
}
