#include "e2ee/sframe.h"

#include <errno.h>
#include <psa/crypto.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "e2ee/mls_crypto.h"
#include "e2ee/mls_psa.h"

#define AAD_BYTES_MAX (SFRAME_HEADER_BYTES_MAX + SFRAME_METADATA_BYTES_MAX)

/* A number below this stands in the first byte of the header, with the flag unset. */
enum { SHORT_LIMIT = 8 };

size_t sframe_key_bytes(enum sframe_suite suite)
{
	return suite == SFRAME_AES_128_GCM_SHA256_128 ? 16 : 32;
}

static size_t bytes_of(uint64_t number)
{
	size_t n = 1;

	while (n < 8 && number >> (8 * n) != 0)
		n++;
	return n;
}

/* Four bits of the first byte, and the bytes of the number behind; returns their count. */
static size_t put_number(uint64_t number, uint8_t *bits, uint8_t *bytes)
{
	size_t n = bytes_of(number);

	if (number < SHORT_LIMIT) {
		*bits = (uint8_t)number;
		return 0;
	}
	*bits = (uint8_t)(0x8 | (n - 1));
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(number >> (8 * (n - 1 - i)));
	return n;
}

size_t sframe_header_write(uint64_t kid, uint64_t counter,
			   uint8_t ret_header[SFRAME_HEADER_BYTES_MAX])
{
	size_t length = 1;
	uint8_t kid_bits;
	uint8_t counter_bits;

	length += put_number(kid, &kid_bits, ret_header + length);
	length += put_number(counter, &counter_bits, ret_header + length);
	ret_header[0] = (uint8_t)(kid_bits << 4 | counter_bits);
	return length;
}

static int get_number(uint8_t bits, const uint8_t *message, size_t length, size_t *at,
		      uint64_t *ret_number)
{
	size_t n = (bits & 0x7) + 1U;
	uint64_t number = 0;

	if ((bits & 0x8) == 0) {
		*ret_number = bits;
		return 0;
	}
	if (n > length - *at)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		number = number << 8 | message[*at + i];
	if (number < SHORT_LIMIT || bytes_of(number) != n)
		return -EBADMSG;
	*at += n;
	*ret_number = number;
	return 0;
}

int sframe_header_read(const uint8_t *message, size_t length, struct sframe_header *ret_header)
{
	struct sframe_header header;
	size_t at = 1;
	int r;

	if (length == 0)
		return -EBADMSG;
	r = get_number(message[0] >> 4, message, length, &at, &header.kid);
	if (r == 0)
		r = get_number(message[0] & 0xf, message, length, &at, &header.counter);
	if (r < 0)
		return r;
	header.length = at;
	*ret_header = header;
	return 0;
}

static int derive(psa_algorithm_t hash, const uint8_t *base_key, size_t base_key_length,
		  const uint8_t *label, size_t label_length, uint8_t *ret_bytes, size_t length)
{
	psa_key_derivation_operation_t kdf = PSA_KEY_DERIVATION_OPERATION_INIT;
	psa_status_t status = psa_key_derivation_setup(&kdf, PSA_ALG_HKDF(hash));

	if (status == PSA_SUCCESS)
		status = psa_key_derivation_input_bytes(&kdf, PSA_KEY_DERIVATION_INPUT_SECRET,
							base_key, base_key_length);
	if (status == PSA_SUCCESS)
		status = psa_key_derivation_input_bytes(&kdf, PSA_KEY_DERIVATION_INPUT_INFO, label,
							label_length);
	if (status == PSA_SUCCESS)
		status = psa_key_derivation_output_bytes(&kdf, ret_bytes, length);
	psa_key_derivation_abort(&kdf);
	return mls_psa_errno(status);
}

int sframe_key_derive(enum sframe_suite suite, const uint8_t *base_key, size_t base_key_length,
		      uint64_t kid, struct sframe_key *ret_key)
{
	static const char key_text[] = "SFrame 1.0 Secret key ";
	static const char salt_text[] = "SFrame 1.0 Secret salt ";
	psa_algorithm_t hash =
		suite == SFRAME_AES_128_GCM_SHA256_128 ? PSA_ALG_SHA_256 : PSA_ALG_SHA_512;
	struct sframe_key key = {.suite = suite, .kid = kid};
	uint8_t label[sizeof(salt_text) - 1 + 8 + 2];
	uint8_t *end = label + sizeof(key_text) - 1;
	int r;

	memcpy(label, key_text, sizeof(key_text) - 1);
	buffer_put_u64(end, kid);
	buffer_put_u16(end + 8, (uint16_t)suite);
	r = derive(hash, base_key, base_key_length, label, (size_t)(end + 10 - label), key.key,
		   sframe_key_bytes(suite));
	end = label + sizeof(salt_text) - 1;
	memcpy(label, salt_text, sizeof(salt_text) - 1);
	buffer_put_u64(end, kid);
	buffer_put_u16(end + 8, (uint16_t)suite);
	if (r == 0)
		r = derive(hash, base_key, base_key_length, label, sizeof(label), key.salt,
			   sizeof(key.salt));
	if (r == 0)
		*ret_key = key;
	sframe_key_wipe(&key);
	return r;
}

void sframe_key_wipe(struct sframe_key *key)
{
	mls_wipe(key, sizeof(*key));
}

/* The counter, big-endian and as long as the salt, over the salt. */
static void make_nonce(const struct sframe_key *key, uint64_t counter,
		       uint8_t ret_nonce[SFRAME_NONCE_BYTES])
{
	memcpy(ret_nonce, key->salt, SFRAME_NONCE_BYTES);
	buffer_put_u64(ret_nonce + 4, buffer_get_u64(ret_nonce + 4) ^ counter);
}

/* Header and metadata; returns their length. */
static size_t make_aad(const uint8_t *header, size_t header_length, const void *metadata,
		       size_t metadata_length, uint8_t ret_aad[AAD_BYTES_MAX])
{
	memcpy(ret_aad, header, header_length);
	if (metadata_length > 0)
		memcpy(ret_aad + header_length, metadata, metadata_length);
	return header_length + metadata_length;
}

static int import(const struct sframe_key *key, psa_key_usage_t usage, psa_key_id_t *ret_id)
{
	return mls_psa_import(PSA_KEY_TYPE_AES, PSA_ALG_GCM, usage, key->key,
			      sframe_key_bytes(key->suite), ret_id);
}

int sframe_seal(const struct sframe_key *key, uint64_t counter, const void *metadata,
		size_t metadata_length, const void *plaintext, size_t length, uint8_t *ret_message,
		size_t *ret_length)
{
	size_t header = sframe_header_write(key->kid, counter, ret_message);
	uint8_t nonce[SFRAME_NONCE_BYTES];
	uint8_t aad[AAD_BYTES_MAX];
	size_t aad_length;
	size_t sealed;
	psa_key_id_t id;
	int r;

	if (metadata_length > SFRAME_METADATA_BYTES_MAX)
		return -EMSGSIZE;
	make_nonce(key, counter, nonce);
	aad_length = make_aad(ret_message, header, metadata, metadata_length, aad);
	r = import(key, PSA_KEY_USAGE_ENCRYPT, &id);
	if (r < 0)
		return r;
	r = mls_psa_errno(psa_aead_encrypt(id, PSA_ALG_GCM, nonce, sizeof(nonce), aad, aad_length,
					   plaintext, length, ret_message + header,
					   length + SFRAME_TAG_BYTES, &sealed));
	psa_destroy_key(id);
	if (r == 0)
		*ret_length = header + sealed;
	return r;
}

int sframe_open(const struct sframe_key *key, const struct sframe_header *header,
		const void *metadata, size_t metadata_length, const uint8_t *message, size_t length,
		uint8_t *ret_plaintext, size_t *ret_length)
{
	uint8_t nonce[SFRAME_NONCE_BYTES];
	uint8_t aad[AAD_BYTES_MAX];
	size_t aad_length;
	size_t sealed = length - header->length;
	size_t opened;
	psa_key_id_t id;
	int r;

	if (metadata_length > SFRAME_METADATA_BYTES_MAX)
		return -EMSGSIZE;
	if (sealed < SFRAME_TAG_BYTES)
		return -EBADMSG;
	make_nonce(key, header->counter, nonce);
	aad_length = make_aad(message, header->length, metadata, metadata_length, aad);
	r = import(key, PSA_KEY_USAGE_DECRYPT, &id);
	if (r < 0)
		return r;
	r = mls_psa_errno(psa_aead_decrypt(id, PSA_ALG_GCM, nonce, sizeof(nonce), aad, aad_length,
					   message + header->length, sealed, ret_plaintext,
					   sealed - SFRAME_TAG_BYTES, &opened));
	psa_destroy_key(id);
	if (r == 0)
		*ret_length = opened;
	return r;
}
