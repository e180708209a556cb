#include "e2ee/mls_label.h"

#include <errno.h>
#include <string.h>

#include "e2ee/mls_crypto.h"

static int put_length(struct buffer *buffer, size_t length)
{
	uint8_t bytes[4];

	if (length < 1U << 6) {
		bytes[0] = (uint8_t)length;
		return buffer_append(buffer, bytes, 1);
	}
	if (length < 1U << 14) {
		buffer_put_u16(bytes, (uint16_t)(length | 1U << 14));
		return buffer_append(buffer, bytes, 2);
	}
	if (length >= 1U << 30)
		return -EMSGSIZE;
	buffer_put_u32(bytes, (uint32_t)(length | 1U << 31));
	return buffer_append(buffer, bytes, 4);
}

int mls_labelled(struct buffer *buffer, const char *prefix, const char *label, const void *content,
		 size_t length)
{
	int r = put_length(buffer, strlen(prefix) + strlen(label));

	if (r == 0)
		r = buffer_append(buffer, prefix, strlen(prefix));
	if (r == 0)
		r = buffer_append(buffer, label, strlen(label));
	if (r == 0)
		r = put_length(buffer, length);
	if (r == 0)
		r = buffer_append(buffer, content, length);
	return r;
}

int mls_expand_with_label(const uint8_t secret[MLS_HASH_BYTES], const char *label,
			  const void *context, size_t context_length, void *ret_bytes,
			  size_t length)
{
	struct buffer info;
	uint8_t bytes[2];
	int r;

	if (length > UINT16_MAX)
		return -EMSGSIZE;
	buffer_init(&info, MLS_LABELLED_BYTES_MAX);
	buffer_put_u16(bytes, (uint16_t)length);
	r = buffer_append(&info, bytes, sizeof(bytes));
	if (r == 0)
		r = mls_labelled(&info, "MLS 1.0 ", label, context, context_length);
	if (r == 0)
		r = mls_expand(secret, info.data, info.length, ret_bytes, length);
	buffer_finish(&info);
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
	struct buffer input;
	int r;

	buffer_init(&input, MLS_LABELLED_BYTES_MAX);
	r = mls_labelled(&input, "", label, value, length);
	if (r == 0)
		r = mls_hash(input.data, input.length, ret_hash);
	buffer_finish(&input);
	return r;
}
