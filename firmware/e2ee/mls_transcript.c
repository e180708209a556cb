#include "e2ee/mls_key_schedule.h"

int mls_confirmed_transcript_hash(const uint8_t *interim, uint16_t wire_format,
				  const struct mls_content *commit, struct mls_bytes signature,
				  uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_WELCOME_BYTES_MAX);
	if (interim)
		mls_write(&input, interim, MLS_HASH_BYTES);
	mls_write_u16(&input, wire_format);
	mls_content_write(&input, commit);
	mls_write_bytes(&input, signature);
	r = input.fault;
	if (r == 0)
		r = mls_hash(input.data, input.length, ret_hash);
	mls_writer_finish(&input);
	return r;
}

int mls_interim_transcript_hash(const uint8_t confirmed[MLS_HASH_BYTES],
				struct mls_bytes confirmation_tag, uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_MESSAGE_BYTES_MAX);
	mls_write(&input, confirmed, MLS_HASH_BYTES);
	mls_write_bytes(&input, confirmation_tag);
	r = input.fault;
	if (r == 0)
		r = mls_hash(input.data, input.length, ret_hash);
	mls_writer_finish(&input);
	return r;
}

int mls_confirmation_tag(const struct mls_epoch_secrets *secrets,
			 const uint8_t confirmed[MLS_HASH_BYTES], uint8_t ret_tag[MLS_HASH_BYTES])
{
	return mls_mac(secrets->confirmation_key, MLS_HASH_BYTES, confirmed, MLS_HASH_BYTES,
		       ret_tag);
}
