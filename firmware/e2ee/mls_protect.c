#include "e2ee/mls_protect.h"

#include <errno.h>

/* FramedContentTBS */
static void write_signed(struct mls_writer *writer, const struct mls_protection *protection,
			 uint16_t wire_format, const struct mls_content *content)
{
	mls_write_u16(writer, MLS_VERSION);
	mls_write_u16(writer, wire_format);
	mls_content_write(writer, content);
	if (content->sender_type == MLS_SENDER_MEMBER ||
	    content->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT)
		mls_write(writer, protection->context.data, protection->context.length);
}

int mls_content_sign(const struct mls_protection *protection, uint16_t wire_format,
		     const struct mls_content *content, const struct mls_signer *signer,
		     uint8_t ret_signature[MLS_SIGNATURE_BYTES], size_t *ret_length)
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_WELCOME_BYTES_MAX);
	write_signed(&input, protection, wire_format, content);
	r = input.fault;
	if (r == 0)
		r = mls_sign_with_label(signer, "FramedContentTBS", input.data, input.length,
					ret_signature, ret_length);
	mls_writer_finish(&input);
	return r;
}

int mls_content_verify(const struct mls_protection *protection,
		       const struct mls_authenticated *message, struct mls_bytes signature_key)
{
	struct mls_bytes signature = message->auth.signature;
	struct mls_writer input;
	int r;

	if (signature_key.length != MLS_PUBLIC_KEY_BYTES)
		return -MLS_ERROR_SIGNATURE;
	mls_writer_init(&input, MLS_WELCOME_BYTES_MAX);
	write_signed(&input, protection, message->wire_format, &message->content);
	r = input.fault;
	if (r == 0)
		r = mls_verify_with_label(signature_key.data, "FramedContentTBS", input.data,
					  input.length, signature.data, signature.length);
	mls_writer_finish(&input);
	return r == -EBADMSG ? -MLS_ERROR_SIGNATURE : r;
}

/* MAC of AuthenticatedContentTBM (section 6.2) */
static int membership_tag(const struct mls_protection *protection,
			  const struct mls_authenticated *message, uint8_t ret_tag[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_WELCOME_BYTES_MAX);
	write_signed(&input, protection, message->wire_format, &message->content);
	mls_auth_write(&input, message->content.type, &message->auth);
	r = input.fault;
	if (r == 0)
		r = mls_mac(protection->secrets->membership_key, MLS_HASH_BYTES, input.data,
			    input.length, ret_tag);
	mls_writer_finish(&input);
	return r;
}

int mls_public_seal(const struct mls_protection *protection,
		    const struct mls_authenticated *message, struct mls_writer *writer)
{
	struct mls_public_message public_message = {message->content, message->auth, {0}};
	uint8_t tag[MLS_HASH_BYTES];
	int r;

	if (message->content.sender_type == MLS_SENDER_MEMBER) {
		r = membership_tag(protection, message, tag);
		if (r < 0)
			return r;
		public_message.membership_tag = (struct mls_bytes){tag, sizeof(tag)};
	}
	mls_message_write_head(writer, MLS_PUBLIC_MESSAGE);
	mls_public_message_write(writer, &public_message);
	return writer->fault;
}

int mls_public_open(const struct mls_protection *protection,
		    const struct mls_public_message *message, struct mls_authenticated *ret_message)
{
	struct mls_authenticated opened = {MLS_PUBLIC_MESSAGE, message->content, message->auth};
	uint8_t tag[MLS_HASH_BYTES];
	int r;

	if (!mls_bytes_equal(message->content.group_id, protection->group_id))
		return -MLS_ERROR_GROUP;
	if (message->content.epoch != protection->epoch)
		return -MLS_ERROR_EPOCH;
	/* An application message is never sent in the clear (section 6.2). */
	if (message->content.type == MLS_CONTENT_APPLICATION)
		return -MLS_ERROR_UNSUPPORTED;
	if (message->content.sender_type == MLS_SENDER_MEMBER) {
		r = membership_tag(protection, &opened, tag);
		if (r < 0)
			return r;
		if (!mls_bytes_equal(message->membership_tag, (struct mls_bytes){tag, sizeof(tag)}))
			return -MLS_ERROR_TAG;
	}
	*ret_message = opened;
	return 0;
}
