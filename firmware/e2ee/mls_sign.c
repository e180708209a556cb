#include <errno.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>
#include <string.h>

#include "e2ee/mls_crypto.h"
#include "e2ee/mls_label.h"
#include "e2ee/mls_psa.h"

#define KEY_BITS 256

static const psa_algorithm_t ecdsa = PSA_ALG_ECDSA(PSA_ALG_SHA_256);

static int digest_of(const char *label, const void *content, size_t length,
		     uint8_t ret_digest[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, MLS_LABELLED_BYTES_MAX);
	mls_label_write(&input, "MLS 1.0 ", label, content, length);
	r = input.fault;
	if (r == 0)
		r = mls_hash(input.data, input.length, ret_digest);
	mls_writer_finish(&input);
	return r;
}

int mls_sign_with_label(const struct mls_signer *signer, const char *label, const void *content,
			size_t content_length, uint8_t ret_signature[MLS_SIGNATURE_BYTES],
			size_t *ret_length)
{
	uint8_t digest[MLS_HASH_BYTES];
	uint8_t raw[MLS_RAW_SIGNATURE_BYTES];
	int r = digest_of(label, content, content_length, digest);

	if (r < 0)
		return r;
	r = signer->sign(signer->context, digest, raw);
	if (r < 0)
		return r;
	r = mbedtls_ecdsa_raw_to_der(KEY_BITS, raw, sizeof(raw), ret_signature, MLS_SIGNATURE_BYTES,
				     ret_length);
	return r == 0 ? 0 : -EIO;
}

int mls_verify_with_label(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES], const char *label,
			  const void *content, size_t content_length, const uint8_t *signature,
			  size_t signature_length)
{
	uint8_t digest[MLS_HASH_BYTES];
	uint8_t raw[MLS_RAW_SIGNATURE_BYTES];
	size_t raw_length;
	psa_key_id_t id;
	int r;

	if (mbedtls_ecdsa_der_to_raw(KEY_BITS, signature, signature_length, raw, sizeof(raw),
				     &raw_length) != 0)
		return -EBADMSG;
	r = digest_of(label, content, content_length, digest);
	if (r < 0)
		return r;
	r = mls_psa_import(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), ecdsa,
			   PSA_KEY_USAGE_VERIFY_HASH, public_key, MLS_PUBLIC_KEY_BYTES, &id);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	r = mls_psa_errno(psa_verify_hash(id, ecdsa, digest, sizeof(digest), raw, raw_length));
	psa_destroy_key(id);
	return r;
}

static int sign_in_memory(void *context, const uint8_t digest[MLS_HASH_BYTES],
			  uint8_t ret_signature[MLS_RAW_SIGNATURE_BYTES])
{
	const struct mls_key_pair *pair = context;
	size_t length;
	psa_key_id_t id;
	int r;

	r = mls_psa_import(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), ecdsa,
			   PSA_KEY_USAGE_SIGN_HASH, pair->private_key, MLS_PRIVATE_KEY_BYTES, &id);
	if (r < 0)
		return r;
	r = mls_psa_errno(psa_sign_hash(id, ecdsa, digest, MLS_HASH_BYTES, ret_signature,
					MLS_RAW_SIGNATURE_BYTES, &length));
	psa_destroy_key(id);
	return r;
}

void mls_signer_init(struct mls_signer *signer, const struct mls_key_pair *pair)
{
	memcpy(signer->public_key, pair->public_key, sizeof(signer->public_key));
	signer->sign = sign_in_memory;
	signer->context = (void *)pair;
}
