#include "e2ee/mls_frame.h"

void mls_content_read_body(struct mls_reader *reader, struct mls_content *content)
{
	switch (content->type) {
	case MLS_CONTENT_APPLICATION:
		content->application = mls_read_vector(reader);
		break;
	case MLS_CONTENT_PROPOSAL:
		mls_proposal_read(reader, &content->proposal);
		break;
	case MLS_CONTENT_COMMIT:
		mls_commit_read(reader, &content->commit);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	}
}

void mls_content_write_body(struct mls_writer *writer, const struct mls_content *content)
{
	switch (content->type) {
	case MLS_CONTENT_APPLICATION:
		mls_write_bytes(writer, content->application);
		break;
	case MLS_CONTENT_PROPOSAL:
		mls_proposal_write(writer, &content->proposal);
		break;
	case MLS_CONTENT_COMMIT:
		mls_commit_write(writer, &content->commit);
		break;
	default:
		break;
	}
}

static bool has_index(uint8_t sender_type)
{
	return sender_type == MLS_SENDER_MEMBER || sender_type == MLS_SENDER_EXTERNAL;
}

void mls_content_read(struct mls_reader *reader, struct mls_content *ret_content)
{
	ret_content->group_id = mls_read_vector(reader);
	ret_content->epoch = mls_read_u64(reader);
	ret_content->sender_type = mls_read_u8(reader);
	if (ret_content->sender_type < MLS_SENDER_MEMBER ||
	    ret_content->sender_type > MLS_SENDER_NEW_MEMBER_COMMIT)
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	ret_content->sender_index = has_index(ret_content->sender_type) ? mls_read_u32(reader) : 0;
	ret_content->authenticated_data = mls_read_vector(reader);
	ret_content->type = mls_read_u8(reader);
	mls_content_read_body(reader, ret_content);
}

void mls_content_write(struct mls_writer *writer, const struct mls_content *content)
{
	mls_write_bytes(writer, content->group_id);
	mls_write_u64(writer, content->epoch);
	mls_write_u8(writer, content->sender_type);
	if (has_index(content->sender_type))
		mls_write_u32(writer, content->sender_index);
	mls_write_bytes(writer, content->authenticated_data);
	mls_write_u8(writer, content->type);
	mls_content_write_body(writer, content);
}

void mls_auth_read(struct mls_reader *reader, uint8_t content_type, struct mls_auth *ret_auth)
{
	*ret_auth = (struct mls_auth){.signature = mls_read_vector(reader)};
	if (content_type == MLS_CONTENT_COMMIT)
		ret_auth->confirmation_tag = mls_read_vector(reader);
}

void mls_auth_write(struct mls_writer *writer, uint8_t content_type, const struct mls_auth *auth)
{
	mls_write_bytes(writer, auth->signature);
	if (content_type == MLS_CONTENT_COMMIT)
		mls_write_bytes(writer, auth->confirmation_tag);
}

void mls_authenticated_read(struct mls_reader *reader, struct mls_authenticated *ret_authenticated)
{
	ret_authenticated->wire_format = mls_read_u16(reader);
	mls_content_read(reader, &ret_authenticated->content);
	mls_auth_read(reader, ret_authenticated->content.type, &ret_authenticated->auth);
}

void mls_authenticated_write(struct mls_writer *writer,
			     const struct mls_authenticated *authenticated)
{
	mls_write_u16(writer, authenticated->wire_format);
	mls_content_write(writer, &authenticated->content);
	mls_auth_write(writer, authenticated->content.type, &authenticated->auth);
}

void mls_public_message_read(struct mls_reader *reader, struct mls_public_message *ret_message)
{
	mls_content_read(reader, &ret_message->content);
	mls_auth_read(reader, ret_message->content.type, &ret_message->auth);
	ret_message->membership_tag = (struct mls_bytes){0};
	if (ret_message->content.sender_type == MLS_SENDER_MEMBER)
		ret_message->membership_tag = mls_read_vector(reader);
}

void mls_public_message_write(struct mls_writer *writer, const struct mls_public_message *message)
{
	mls_content_write(writer, &message->content);
	mls_auth_write(writer, message->content.type, &message->auth);
	if (message->content.sender_type == MLS_SENDER_MEMBER)
		mls_write_bytes(writer, message->membership_tag);
}

void mls_private_message_read(struct mls_reader *reader, struct mls_private_message *ret_message)
{
	ret_message->group_id = mls_read_vector(reader);
	ret_message->epoch = mls_read_u64(reader);
	ret_message->content_type = mls_read_u8(reader);
	if (ret_message->content_type < MLS_CONTENT_APPLICATION ||
	    ret_message->content_type > MLS_CONTENT_COMMIT)
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	ret_message->authenticated_data = mls_read_vector(reader);
	ret_message->encrypted_sender_data = mls_read_vector(reader);
	ret_message->ciphertext = mls_read_vector(reader);
}

void mls_private_message_write(struct mls_writer *writer, const struct mls_private_message *message)
{
	mls_write_bytes(writer, message->group_id);
	mls_write_u64(writer, message->epoch);
	mls_write_u8(writer, message->content_type);
	mls_write_bytes(writer, message->authenticated_data);
	mls_write_bytes(writer, message->encrypted_sender_data);
	mls_write_bytes(writer, message->ciphertext);
}

void mls_message_read(struct mls_reader *reader, struct mls_message *ret_message)
{
	if (mls_read_u16(reader) != MLS_VERSION)
		mls_reader_fail(reader, MLS_ERROR_VERSION);
	ret_message->wire_format = mls_read_u16(reader);
	switch (ret_message->wire_format) {
	case MLS_PUBLIC_MESSAGE:
		mls_public_message_read(reader, &ret_message->public_message);
		break;
	case MLS_PRIVATE_MESSAGE:
		mls_private_message_read(reader, &ret_message->private_message);
		break;
	case MLS_WELCOME:
		mls_welcome_read(reader, &ret_message->welcome);
		break;
	case MLS_GROUP_INFO:
		mls_group_info_read(reader, &ret_message->group_info);
		break;
	case MLS_KEY_PACKAGE:
		mls_key_package_read(reader, &ret_message->key_package);
		break;
	default:
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	}
}

void mls_message_write_head(struct mls_writer *writer, uint16_t wire_format)
{
	mls_write_u16(writer, MLS_VERSION);
	mls_write_u16(writer, wire_format);
}

void mls_message_write(struct mls_writer *writer, const struct mls_message *message)
{
	mls_message_write_head(writer, message->wire_format);
	switch (message->wire_format) {
	case MLS_PUBLIC_MESSAGE:
		mls_public_message_write(writer, &message->public_message);
		break;
	case MLS_PRIVATE_MESSAGE:
		mls_private_message_write(writer, &message->private_message);
		break;
	case MLS_WELCOME:
		mls_welcome_write(writer, &message->welcome);
		break;
	case MLS_GROUP_INFO:
		mls_group_info_write(writer, &message->group_info);
		break;
	case MLS_KEY_PACKAGE:
		mls_key_package_write(writer, &message->key_package);
		break;
	default:
		break;
	}
}
