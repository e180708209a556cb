/*
 * Opening a PrivateMessage: first the input as one, which no key of the epoch has sealed; then the
 * input sealed by a member, as one that lies would: a content type, 12 bytes of sender data, and the
 * plaintext of the content.
 */
#include <assert.h>
#include <string.h>

#include "e2ee/mls_protect.h"

#define SENDER_DATA_BYTES 12
#define SENDER 1

static const struct mls_epoch_secrets secrets = {.sender_data = {1}, .encryption = {2}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mls_protection protection_of(uint32_t own_leaf)
{
	struct mls_protection protection = {
		.group_id = {(const uint8_t *)"meeting", 7},
		.epoch = 5,
		.secrets = &secrets,
		.own_leaf = own_leaf,
	};

	assert(mls_secret_tree_create(secrets.encryption, 4, &protection.secret_tree) == 0);
	return protection;
}

static int open_message(const struct mls_private_message *message)
{
	struct mls_protection receiver = protection_of(0);
	struct mls_writer plaintext;
	struct mls_authenticated opened;
	int r = mls_private_open(&receiver, message, &plaintext, &opened);

	if (r == 0)
		mls_writer_finish(&plaintext);
	mls_secret_tree_destroy(receiver.secret_tree);
	return r;
}

static void open_wire(struct mls_bytes bytes)
{
	struct mls_private_message message;
	struct mls_reader reader;

	mls_reader_init(&reader, bytes);
	mls_private_message_read(&reader, &message);
	if (mls_reader_close(&reader) == 0)
		assert(open_message(&message) < 0);
}

/* PrivateContentAAD and SenderDataAAD (RFC 9420, section 6.3). */
static void write_aad(struct mls_writer *writer, const struct mls_private_message *message,
		      bool of_content)
{
	mls_writer_init(writer, MLS_MESSAGE_BYTES_MAX);
	mls_write_bytes(writer, message->group_id);
	mls_write_u64(writer, message->epoch);
	mls_write_u8(writer, message->content_type);
	if (of_content)
		mls_write_bytes(writer, message->authenticated_data);
}

static void seal(const uint8_t *key, const uint8_t *nonce, struct mls_writer *aad,
		 struct mls_bytes plaintext, struct mls_writer *sealed)
{
	static const uint8_t tag[MLS_TAG_BYTES];

	mls_writer_init(sealed, MLS_MESSAGE_BYTES_MAX);
	mls_write(sealed, plaintext.data, plaintext.length);
	mls_write(sealed, tag, sizeof(tag));
	assert(sealed->fault == 0);
	assert(mls_aead_seal(key, nonce, aad->data, aad->length, sealed->data, plaintext.length,
			     sealed->data) == 0);
	mls_writer_finish(aad);
}

static void open_lie(uint8_t content_type, const uint8_t *sender_data, struct mls_bytes plaintext)
{
	struct mls_protection sender = protection_of(SENDER);
	struct mls_private_message message = {
		.group_id = sender.group_id,
		.epoch = sender.epoch,
		.content_type = content_type,
	};
	enum mls_ratchet ratchet = content_type == MLS_CONTENT_APPLICATION ? MLS_RATCHET_APPLICATION
									   : MLS_RATCHET_HANDSHAKE;
	struct mls_message_key key;
	struct mls_writer aad;
	struct mls_writer content;
	struct mls_writer sealed_sender;

	assert(mls_secret_tree_next(sender.secret_tree, SENDER, ratchet, &key) == 0);
	for (size_t i = 0; i < 4; i++)
		key.nonce[i] ^= sender_data[8 + i];
	write_aad(&aad, &message, true);
	seal(key.key, key.nonce, &aad, plaintext, &content);
	message.ciphertext = mls_writer_bytes(&content);
	assert(mls_sender_data_key(secrets.sender_data, message.ciphertext, key.key, key.nonce) ==
	       0);
	write_aad(&aad, &message, false);
	seal(key.key, key.nonce, &aad, (struct mls_bytes){sender_data, SENDER_DATA_BYTES},
	     &sealed_sender);
	message.encrypted_sender_data = mls_writer_bytes(&sealed_sender);
	(void)open_message(&message);
	mls_writer_finish(&content);
	mls_writer_finish(&sealed_sender);
	mls_secret_tree_destroy(sender.secret_tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = 1 + SENDER_DATA_BYTES;

	assert(mls_crypto_init() == 0);
	open_wire((struct mls_bytes){data, size});
	if (size >= head && size <= MLS_MESSAGE_BYTES_MAX / 2)
		open_lie(data[0], data + 1, (struct mls_bytes){data + head, size - head});
	return 0;
}
