#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "e2ee/mls_protect.h"

#define REUSE_GUARD_BYTES 4
#define SENDER_DATA_BYTES (4 + 4 + REUSE_GUARD_BYTES)
#define PADDED_BYTES_MIN 256U
#define PADDED_STEP 4096U

/* The context of the AEADs: with authenticated_data that of the content, without that of the sender. */
static void write_aad(struct mls_writer *writer, const struct mls_private_message *message,
		      bool of_content)
{
	mls_write_bytes(writer, message->group_id);
	mls_write_u64(writer, message->epoch);
	mls_write_u8(writer, message->content_type);
	if (of_content)
		mls_write_bytes(writer, message->authenticated_data);
}

static enum mls_ratchet ratchet_of(uint8_t content_type)
{
	return content_type == MLS_CONTENT_APPLICATION ? MLS_RATCHET_APPLICATION
						       : MLS_RATCHET_HANDSHAKE;
}

int mls_sender_data_key(const uint8_t secret[MLS_HASH_BYTES], struct mls_bytes ciphertext,
			uint8_t ret_key[MLS_KEY_BYTES], uint8_t ret_nonce[MLS_NONCE_BYTES])
{
	size_t sample = ciphertext.length < MLS_HASH_BYTES ? ciphertext.length : MLS_HASH_BYTES;
	int r = mls_expand_with_label(secret, "key", ciphertext.data, sample, ret_key,
				      MLS_KEY_BYTES);

	if (r == 0)
		r = mls_expand_with_label(secret, "nonce", ciphertext.data, sample, ret_nonce,
					  MLS_NONCE_BYTES);
	return r;
}

typedef int aead_fn(const uint8_t key[MLS_KEY_BYTES], const uint8_t nonce[MLS_NONCE_BYTES],
		    const void *aad, size_t aad_length, const void *input, size_t length,
		    uint8_t *output);

static int crypt_sender_data(const struct mls_protection *protection,
			     const struct mls_private_message *message, aead_fn *aead,
			     struct mls_bytes input, uint8_t *output)
{
	struct mls_message_key key;
	struct mls_writer aad;
	int r = mls_sender_data_key(protection->secrets->sender_data, message->ciphertext, key.key,
				    key.nonce);

	mls_writer_init(&aad, MLS_MESSAGE_BYTES_MAX);
	write_aad(&aad, message, false);
	if (r == 0)
		r = aad.fault;
	if (r == 0)
		r = aead(key.key, key.nonce, aad.data, aad.length, input.data, input.length,
			 output);
	mls_writer_finish(&aad);
	mls_wipe(&key, sizeof(key));
	return r;
}

/* In place; the reuse guard goes into the nonce (section 6.3.1). */
static int crypt_content(const struct mls_private_message *message, aead_fn *aead,
			 struct mls_message_key *key, const uint8_t *guard, uint8_t *bytes,
			 size_t length)
{
	struct mls_writer aad;
	int r;

	for (size_t i = 0; i < REUSE_GUARD_BYTES; i++)
		key->nonce[i] ^= guard[i];
	mls_writer_init(&aad, MLS_MESSAGE_BYTES_MAX);
	write_aad(&aad, message, true);
	r = aad.fault;
	if (r == 0)
		r = aead(key->key, key->nonce, aad.data, aad.length, bytes, length, bytes);
	mls_writer_finish(&aad);
	return r;
}

static size_t padded(size_t length)
{
	size_t size = PADDED_BYTES_MIN;

	while (size < length && size < PADDED_STEP)
		size *= 2;
	return size >= length ? size : (length + PADDED_STEP - 1) / PADDED_STEP * PADDED_STEP;
}

static void write_zeros(struct mls_writer *writer, size_t length)
{
	static const uint8_t zeros[256];

	for (size_t n; length > 0; length -= n) {
		n = length < sizeof(zeros) ? length : sizeof(zeros);
		mls_write(writer, zeros, n);
	}
}

/* PrivateMessageContent, and room for the tag */
static void write_content(struct mls_writer *writer, const struct mls_authenticated *message)
{
	mls_content_write_body(writer, &message->content);
	mls_auth_write(writer, message->content.type, &message->auth);
	write_zeros(writer, padded(writer->length) - writer->length);
	write_zeros(writer, MLS_TAG_BYTES);
}

/* Seals `content` in place and the sender data beside it. */
static int seal(const struct mls_protection *protection, struct mls_private_message *message,
		struct mls_writer *content, uint8_t sender_data[SENDER_DATA_BYTES + MLS_TAG_BYTES])
{
	uint8_t *guard = sender_data + 8;
	struct mls_message_key key;
	int r = mls_random(guard, REUSE_GUARD_BYTES);

	if (r < 0)
		return r;
	r = mls_secret_tree_next(protection->secret_tree, protection->own_leaf,
				 ratchet_of(message->content_type), &key);
	if (r < 0)
		return r;
	buffer_put_u32(sender_data, protection->own_leaf);
	buffer_put_u32(sender_data + 4, key.generation);
	r = crypt_content(message, mls_aead_seal, &key, guard, content->data,
			  content->length - MLS_TAG_BYTES);
	mls_wipe(&key, sizeof(key));
	if (r < 0)
		return r;
	message->ciphertext = mls_writer_bytes(content);
	return crypt_sender_data(protection, message, mls_aead_seal,
				 (struct mls_bytes){sender_data, SENDER_DATA_BYTES}, sender_data);
}

int mls_private_seal(const struct mls_protection *protection,
		     const struct mls_authenticated *message, struct mls_writer *writer)
{
	uint8_t sender_data[SENDER_DATA_BYTES + MLS_TAG_BYTES];
	struct mls_private_message private_message = {
		.group_id = protection->group_id,
		.epoch = protection->epoch,
		.content_type = message->content.type,
		.authenticated_data = message->content.authenticated_data,
		.encrypted_sender_data = {sender_data, sizeof(sender_data)},
	};
	struct mls_writer content;
	int r;

	mls_writer_init(&content, MLS_MESSAGE_BYTES_MAX);
	write_content(&content, message);
	r = content.fault;
	if (r == 0)
		r = seal(protection, &private_message, &content, sender_data);
	if (r == 0) {
		mls_message_write_head(writer, MLS_PRIVATE_MESSAGE);
		mls_private_message_write(writer, &private_message);
		r = writer->fault;
	}
	mls_writer_finish(&content);
	return r;
}

static int read_content(struct mls_bytes plaintext, const struct mls_private_message *message,
			uint32_t sender, struct mls_authenticated *ret_message)
{
	struct mls_authenticated opened = {
		.wire_format = MLS_PRIVATE_MESSAGE,
		.content =
			{
				.group_id = message->group_id,
				.epoch = message->epoch,
				.sender_type = MLS_SENDER_MEMBER,
				.sender_index = sender,
				.authenticated_data = message->authenticated_data,
				.type = message->content_type,
			},
	};
	struct mls_reader reader;
	int r;

	mls_reader_init(&reader, plaintext);
	mls_content_read_body(&reader, &opened.content);
	mls_auth_read(&reader, opened.content.type, &opened.auth);
	while (mls_reader_more(&reader))
		if (mls_read_u8(&reader) != 0)
			mls_reader_fail(&reader, MLS_ERROR_VALUE);
	r = mls_reader_close(&reader);
	if (r == 0)
		*ret_message = opened;
	return r;
}

/* Opens `content` in place and shortens it by the tag. */
static int open_content(const struct mls_protection *protection,
			const struct mls_private_message *message,
			const uint8_t sender_data[SENDER_DATA_BYTES], struct mls_writer *content)
{
	enum mls_ratchet ratchet = ratchet_of(message->content_type);
	uint32_t sender = buffer_get_u32(sender_data);
	uint32_t generation = buffer_get_u32(sender_data + 4);
	struct mls_message_key key;
	int r;

	if (sender == protection->own_leaf)
		return -MLS_ERROR_SENDER;
	r = mls_secret_tree_find(protection->secret_tree, sender, ratchet, generation, &key);
	if (r < 0)
		return r;
	r = crypt_content(message, mls_aead_open, &key, sender_data + 8, content->data,
			  content->length);
	mls_wipe(&key, sizeof(key));
	if (r < 0)
		return r;
	content->length -= MLS_TAG_BYTES;
	mls_secret_tree_erase(protection->secret_tree, sender, ratchet, generation);
	return 0;
}

static int open_sender_data(const struct mls_protection *protection,
			    const struct mls_private_message *message,
			    uint8_t ret_sender_data[SENDER_DATA_BYTES])
{
	if (!mls_bytes_equal(message->group_id, protection->group_id))
		return -MLS_ERROR_GROUP;
	if (message->epoch != protection->epoch)
		return -MLS_ERROR_EPOCH;
	if (message->encrypted_sender_data.length != SENDER_DATA_BYTES + MLS_TAG_BYTES)
		return -MLS_ERROR_DECRYPT;
	return crypt_sender_data(protection, message, mls_aead_open, message->encrypted_sender_data,
				 ret_sender_data);
}

int mls_private_open(const struct mls_protection *protection,
		     const struct mls_private_message *message, struct mls_writer *ret_plaintext,
		     struct mls_authenticated *ret_message)
{
	uint8_t sender_data[SENDER_DATA_BYTES];
	struct mls_writer content;
	int r = open_sender_data(protection, message, sender_data);

	mls_writer_init(&content, MLS_WELCOME_BYTES_MAX);
	mls_write(&content, message->ciphertext.data, message->ciphertext.length);
	if (r == 0)
		r = content.fault;
	if (r == 0)
		r = open_content(protection, message, sender_data, &content);
	if (r == 0)
		r = read_content(mls_writer_bytes(&content), message, buffer_get_u32(sender_data),
				 ret_message);
	mls_wipe(sender_data, sizeof(sender_data));
	if (r == 0)
		*ret_plaintext = content;
	else
		mls_writer_finish(&content);
	return r == -EBADMSG ? -MLS_ERROR_DECRYPT : r;
}
