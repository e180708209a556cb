#include "e2ee/mls_label.h"

#include <string.h>

#include "base/buffer.h"

void mls_label_write(struct mls_writer *writer, const char *prefix, const char *label,
		     const void *content, size_t length)
{
	mls_write_length(writer, strlen(prefix) + strlen(label));
	mls_write(writer, prefix, strlen(prefix));
	mls_write(writer, label, strlen(label));
	mls_write_vector(writer, content, length);
}

int mls_expand_with_label(const uint8_t secret[MLS_HASH_BYTES], const char *label,
			  const void *context, size_t context_length, void *ret_bytes,
			  size_t length)
{
	struct mls_writer info;
	int r;

	if (length > UINT16_MAX)
		return -MLS_ERROR_LIMIT;
	mls_writer_init(&info, MLS_LABELLED_BYTES_MAX);
	mls_write_u16(&info, (uint16_t)length);
	mls_label_write(&info, "MLS 1.0 ", label, context, context_length);
	r = info.fault;
	if (r == 0)
		r = mls_expand(secret, info.data, info.length, ret_bytes, length);
	mls_writer_finish(&info);
	return r;
}

int mls_derive_secret(const uint8_t secret[MLS_HASH_BYTES], const char *label,
		      uint8_t ret_secret[MLS_HASH_BYTES])
{
	return mls_expand_with_label(secret, label, NULL, 0, ret_secret, MLS_HASH_BYTES);
}

int mls_derive_tree_secret(const uint8_t secret[MLS_HASH_BYTES], const char *label,
			   uint32_t generation, void *ret_bytes, size_t length)
{
	uint8_t context[4];

	buffer_put_u32(context, generation);
	return mls_expand_with_label(secret, label, context, sizeof(context), ret_bytes, length);
}

int mls_ref_hash(const char *label, const void *value, size_t length,
		 uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_LABELLED_BYTES_MAX);
	mls_label_write(&input, "", label, value, length);
	r = input.fault;
	if (r == 0)
		r = mls_hash(input.data, input.length, ret_hash);
	mls_writer_finish(&input);
	return r;
}
