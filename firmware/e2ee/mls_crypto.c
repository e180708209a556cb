#include "e2ee/mls_crypto.h"

#include <errno.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <string.h>

#include "e2ee/mls_psa.h"

int mls_psa_errno(psa_status_t status)
{
	switch (status) {
	case PSA_SUCCESS:
		return 0;
	case PSA_ERROR_INSUFFICIENT_MEMORY:
		return -ENOMEM;
	case PSA_ERROR_INVALID_SIGNATURE:
		return -EBADMSG;
	case PSA_ERROR_INVALID_ARGUMENT:
	case PSA_ERROR_NOT_SUPPORTED: /* a compressed point, too */
		return -EINVAL;
	default:
		return -EIO;
	}
}

int mls_crypto_init(void)
{
	return mls_psa_errno(psa_crypto_init());
}

int mls_random(void *ret_bytes, size_t length)
{
	return length == 0 ? 0 : mls_psa_errno(psa_generate_random(ret_bytes, length));
}

bool mls_equal(const void *a, const void *b, size_t length)
{
	return mbedtls_ct_memcmp(a, b, length) == 0;
}

void mls_wipe(void *secret, size_t length)
{
	mbedtls_platform_zeroize(secret, length);
}

int mls_hash(const void *data, size_t length, uint8_t ret_hash[MLS_HASH_BYTES])
{
	size_t hash_length;

	return mls_psa_errno(psa_hash_compute(PSA_ALG_SHA_256, data, length, ret_hash,
					      MLS_HASH_BYTES, &hash_length));
}

int mls_psa_import(psa_key_type_t type, psa_algorithm_t algorithm, psa_key_usage_t usage,
		   const void *bytes, size_t length, psa_key_id_t *ret_key)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	psa_set_key_type(&attributes, type);
	psa_set_key_algorithm(&attributes, algorithm);
	psa_set_key_usage_flags(&attributes, usage);
	return mls_psa_errno(psa_import_key(&attributes, bytes, length, ret_key));
}

int mls_mac(const void *key, size_t key_length, const void *data, size_t length,
	    uint8_t ret_mac[MLS_HASH_BYTES])
{
	static const uint8_t zero[MLS_HASH_BYTES];
	size_t mac_length;
	psa_key_id_t id;
	int r;

	/* HMAC fills a key up with zeros, and PSA knows no empty key. */
	r = mls_psa_import(PSA_KEY_TYPE_HMAC, PSA_ALG_HMAC(PSA_ALG_SHA_256),
			   PSA_KEY_USAGE_SIGN_MESSAGE, key_length > 0 ? key : zero,
			   key_length > 0 ? key_length : sizeof(zero), &id);
	if (r < 0)
		return r;
	r = mls_psa_errno(psa_mac_compute(id, PSA_ALG_HMAC(PSA_ALG_SHA_256), data, length, ret_mac,
					  MLS_HASH_BYTES, &mac_length));
	psa_destroy_key(id);
	return r;
}

int mls_extract(const void *salt, size_t salt_length, const void *ikm, size_t ikm_length,
		uint8_t ret_secret[MLS_HASH_BYTES])
{
	return mls_mac(salt, salt_length, ikm, ikm_length, ret_secret);
}

int mls_expand(const uint8_t secret[MLS_HASH_BYTES], const void *info, size_t info_length,
	       void *ret_bytes, size_t length)
{
	psa_key_derivation_operation_t kdf = PSA_KEY_DERIVATION_OPERATION_INIT;
	psa_status_t status;

	status = psa_key_derivation_setup(&kdf, PSA_ALG_HKDF_EXPAND(PSA_ALG_SHA_256));
	if (status == PSA_SUCCESS)
		status = psa_key_derivation_input_bytes(&kdf, PSA_KEY_DERIVATION_INPUT_SECRET,
							secret, MLS_HASH_BYTES);
	if (status == PSA_SUCCESS)
		status = psa_key_derivation_input_bytes(&kdf, PSA_KEY_DERIVATION_INPUT_INFO, info,
							info_length);
	if (status == PSA_SUCCESS)
		status = psa_key_derivation_output_bytes(&kdf, ret_bytes, length);
	psa_key_derivation_abort(&kdf);
	return mls_psa_errno(status);
}

static int aead_key(const uint8_t key[MLS_KEY_BYTES], psa_key_usage_t usage, psa_key_id_t *ret_key)
{
	return mls_psa_import(PSA_KEY_TYPE_AES, PSA_ALG_GCM, usage, key, MLS_KEY_BYTES, ret_key);
}

int mls_aead_seal(const uint8_t key[MLS_KEY_BYTES], const uint8_t nonce[MLS_NONCE_BYTES],
		  const void *aad, size_t aad_length, const void *plaintext, size_t length,
		  uint8_t *ret_ciphertext)
{
	size_t sealed_length;
	psa_key_id_t id;
	int r = aead_key(key, PSA_KEY_USAGE_ENCRYPT, &id);

	if (r < 0)
		return r;
	r = mls_psa_errno(psa_aead_encrypt(id, PSA_ALG_GCM, nonce, MLS_NONCE_BYTES, aad, aad_length,
					   plaintext, length, ret_ciphertext,
					   length + MLS_TAG_BYTES, &sealed_length));
	psa_destroy_key(id);
	return r;
}

int mls_aead_open(const uint8_t key[MLS_KEY_BYTES], const uint8_t nonce[MLS_NONCE_BYTES],
		  const void *aad, size_t aad_length, const void *ciphertext, size_t length,
		  uint8_t *ret_plaintext)
{
	size_t opened_length;
	psa_key_id_t id;
	int r;

	if (length < MLS_TAG_BYTES)
		return -EBADMSG;
	r = aead_key(key, PSA_KEY_USAGE_DECRYPT, &id);
	if (r < 0)
		return r;
	r = mls_psa_errno(psa_aead_decrypt(id, PSA_ALG_GCM, nonce, MLS_NONCE_BYTES, aad, aad_length,
					   ciphertext, length, ret_plaintext,
					   length - MLS_TAG_BYTES, &opened_length));
	psa_destroy_key(id);
	return r;
}
