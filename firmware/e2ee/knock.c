#include "e2ee/knock.h"

#include <errno.h>
#include <string.h>

#include "e2ee/hpke.h"

#define INFO "balai.1 knock"
#define INFO_BYTES_MAX 256

static int write_info(struct mls_writer *info, struct mls_bytes meeting)
{
	mls_writer_init(info, INFO_BYTES_MAX);
	mls_write(info, INFO, sizeof(INFO) - 1);
	mls_write(info, meeting.data, meeting.length);
	return info->fault;
}

static int setup_sender(const uint8_t door_key[MLS_PUBLIC_KEY_BYTES], struct mls_bytes meeting,
			struct mls_key_pair *ret_ephemeral, struct hpke_context *ret_context)
{
	struct mls_writer info;
	int r = write_info(&info, meeting);

	if (r == 0)
		r = mls_key_pair_generate(ret_ephemeral);
	if (r == 0)
		r = hpke_setup_sender(door_key, ret_ephemeral, info.data, info.length, ret_context);
	mls_writer_finish(&info);
	return r;
}

/* Zeros up to a whole number of steps. */
static int pad(struct mls_writer *plaintext)
{
	size_t rest = plaintext->length % KNOCK_STEP_BYTES;
	uint8_t *room;

	if (rest == 0)
		return plaintext->fault;
	room = mls_write_room(plaintext, KNOCK_STEP_BYTES - rest);
	if (!room)
		return plaintext->fault;
	memset(room, 0, KNOCK_STEP_BYTES - rest);
	return 0;
}

static int seal(const struct hpke_context *context, const struct mls_key_pair *ephemeral,
		const struct mls_writer *plaintext, struct mls_writer *writer)
{
	uint8_t *room;

	mls_write(writer, ephemeral->public_key, MLS_PUBLIC_KEY_BYTES);
	room = mls_write_room(writer, plaintext->length + MLS_TAG_BYTES);
	if (!room)
		return writer->fault;
	return mls_aead_seal(context->key, context->base_nonce, NULL, 0, plaintext->data,
			     plaintext->length, room);
}

int knock_seal(const uint8_t door_key[MLS_PUBLIC_KEY_BYTES], struct mls_bytes meeting,
	       struct mls_bytes key_package, struct mls_writer *writer)
{
	struct mls_key_pair ephemeral;
	struct hpke_context context;
	struct mls_writer plaintext;
	int r = setup_sender(door_key, meeting, &ephemeral, &context);

	if (r < 0)
		return r;
	mls_writer_init(&plaintext, KNOCK_BYTES_MAX - KNOCK_ADDED_BYTES);
	mls_write_bytes(&plaintext, key_package);
	r = pad(&plaintext);
	if (r == 0)
		r = seal(&context, &ephemeral, &plaintext, writer);
	mls_writer_finish(&plaintext);
	mls_wipe(&ephemeral, sizeof(ephemeral));
	hpke_wipe(&context);
	return r;
}

static int open_sealed(const struct mls_key_pair *door, struct mls_bytes meeting,
		       struct mls_bytes sealed, struct mls_writer *plaintext)
{
	size_t length = sealed.length - KNOCK_ADDED_BYTES;
	uint8_t *room = mls_write_room(plaintext, length);
	struct hpke_context context;
	struct mls_writer info;
	int r = write_info(&info, meeting);

	if (!room)
		r = plaintext->fault;
	if (r == 0)
		r = hpke_setup_receiver(sealed.data, door, info.data, info.length, &context);
	mls_writer_finish(&info);
	if (r == 0) {
		r = mls_aead_open(context.key, context.base_nonce, NULL, 0,
				  sealed.data + MLS_PUBLIC_KEY_BYTES, length + MLS_TAG_BYTES, room);
		hpke_wipe(&context);
	}
	return r == -EBADMSG ? -MLS_ERROR_DECRYPT : r;
}

static int read_package(struct mls_bytes plaintext, struct mls_writer *writer)
{
	struct mls_bytes package;
	struct mls_reader reader;

	mls_reader_init(&reader, plaintext);
	package = mls_read_vector(&reader);
	while (mls_reader_more(&reader)) {
		if (mls_read_u8(&reader) != 0)
			mls_reader_fail(&reader, MLS_ERROR_TRAILING);
	}
	if (reader.fault != 0)
		return reader.fault;
	mls_write(writer, package.data, package.length);
	return writer->fault;
}

int knock_open(const struct mls_key_pair *door, struct mls_bytes meeting, struct mls_bytes sealed,
	       struct mls_writer *writer)
{
	struct mls_writer plaintext;
	int r;

	if (sealed.length <= KNOCK_ADDED_BYTES || sealed.length > KNOCK_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	if ((sealed.length - KNOCK_ADDED_BYTES) % KNOCK_STEP_BYTES != 0)
		return -MLS_ERROR_LENGTH;
	mls_writer_init(&plaintext, KNOCK_BYTES_MAX);
	r = open_sealed(door, meeting, sealed, &plaintext);
	if (r == 0)
		r = read_package(mls_writer_bytes(&plaintext), writer);
	mls_writer_finish(&plaintext);
	return r;
}
