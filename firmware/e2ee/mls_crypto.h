/*
 * The cryptography that MLS (RFC 9420, section 5) is made of, for the one suite of this project:
 * suite 2, MLS_128_DHKEMP256_AES128GCM_SHA256_P256. The primitives are mbedTLS's, by the PSA API.
 *
 * Any thread, after one mls_crypto_init(). Lengths are bytes; a pointer of length 0 may be NULL.
 * What is returned in ret_ parameters belongs to the caller, who wipes what is secret.
 * Unless told otherwise a function returns 0, -ENOMEM or -EIO (the library failed).
 */
#ifndef BALAI_E2EE_MLS_CRYPTO_H
#define BALAI_E2EE_MLS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MLS_CIPHER_SUITE 2

#define MLS_HASH_BYTES 32        /* KDF.Nh: hashes, MACs and secrets */
#define MLS_KEY_BYTES 16         /* AEAD.Nk */
#define MLS_NONCE_BYTES 12       /* AEAD.Nn */
#define MLS_TAG_BYTES 16         /* what the AEAD adds to a plaintext */
#define MLS_PUBLIC_KEY_BYTES 65  /* an uncompressed point, of HPKE and of signatures */
#define MLS_PRIVATE_KEY_BYTES 32 /* a scalar, big-endian */
#define MLS_SIGNATURE_BYTES 72   /* the longest ECDSA-Sig-Value in DER */
#define MLS_RAW_SIGNATURE_BYTES 64

struct mls_key_pair {
	uint8_t private_key[MLS_PRIVATE_KEY_BYTES];
	uint8_t public_key[MLS_PUBLIC_KEY_BYTES];
};

/* A member's signature key, wherever it is kept: in memory, in a TPM, in a token. */
struct mls_signer {
	uint8_t public_key[MLS_PUBLIC_KEY_BYTES];
	/*
	 * Signs a SHA-256 digest with ECDSA on P-256: r and s, 32 bytes each. Returns 0 or a
	 * negative errno, which mls_sign_with_label() passes on.
	 */
	int (*sign)(void *context, const uint8_t digest[MLS_HASH_BYTES],
		    uint8_t ret_signature[MLS_RAW_SIGNATURE_BYTES]);
	void *context;
};

/* Once before anything else here; again does no harm. */
int mls_crypto_init(void) __attribute__((warn_unused_result));

int mls_random(void *ret_bytes, size_t length) __attribute__((warn_unused_result));

/* Compares in a time that depends on the length alone. */
bool mls_equal(const void *a, const void *b, size_t length);

void mls_wipe(void *secret, size_t length);

int mls_hash(const void *data, size_t length, uint8_t ret_hash[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* HMAC-SHA-256; the MAC of MLS tags. */
int mls_mac(const void *key, size_t key_length, const void *data, size_t length,
	    uint8_t ret_mac[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

/* KDF.Extract: HKDF-Extract (RFC 5869). */
int mls_extract(const void *salt, size_t salt_length, const void *ikm, size_t ikm_length,
		uint8_t ret_secret[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

/* KDF.Expand: HKDF-Expand; `length` is at most 255 hashes. */
int mls_expand(const uint8_t secret[MLS_HASH_BYTES], const void *info, size_t info_length,
	       void *ret_bytes, size_t length) __attribute__((warn_unused_result));

/*
 * ExpandWithLabel, DeriveSecret (section 8) and DeriveTreeSecret (section 9). The label is given
 * without "MLS 1.0 ". -MLS_ERROR_LIMIT here and below: what is labelled is too long.
 */
int mls_expand_with_label(const uint8_t secret[MLS_HASH_BYTES], const char *label,
			  const void *context, size_t context_length, void *ret_bytes,
			  size_t length) __attribute__((warn_unused_result));
int mls_derive_secret(const uint8_t secret[MLS_HASH_BYTES], const char *label,
		      uint8_t ret_secret[MLS_HASH_BYTES]) __attribute__((warn_unused_result));
int mls_derive_tree_secret(const uint8_t secret[MLS_HASH_BYTES], const char *label,
			   uint32_t generation, void *ret_bytes, size_t length)
	__attribute__((warn_unused_result));

/* RefHash (section 5.2); the label whole, as "MLS 1.0 KeyPackage Reference". */
int mls_ref_hash(const char *label, const void *value, size_t length,
		 uint8_t ret_hash[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

/* SignWithLabel (section 5.1.2): DER; also what the signer's callback returns. */
int mls_sign_with_label(const struct mls_signer *signer, const char *label, const void *content,
			size_t content_length, uint8_t ret_signature[MLS_SIGNATURE_BYTES],
			size_t *ret_length) __attribute__((warn_unused_result));

/* VerifyWithLabel. -EBADMSG: not the signature of this by that key, or no key at all. */
int mls_verify_with_label(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES], const char *label,
			  const void *content, size_t content_length, const uint8_t *signature,
			  size_t signature_length) __attribute__((warn_unused_result));

/* A signer whose key pair lies in memory, which must outlive it. */
void mls_signer_init(struct mls_signer *signer, const struct mls_key_pair *pair);

int mls_key_pair_generate(struct mls_key_pair *ret_pair) __attribute__((warn_unused_result));

/* Works the public key out. -EINVAL: no private key of P-256. */
int mls_key_pair_from_private(const uint8_t private_key[MLS_PRIVATE_KEY_BYTES],
			      struct mls_key_pair *ret_pair) __attribute__((warn_unused_result));

/* KEM.DeriveKeyPair (RFC 9180, section 7.1.3). */
int mls_derive_key_pair(const void *ikm, size_t length, struct mls_key_pair *ret_pair)
	__attribute__((warn_unused_result));

/*
 * EncryptWithLabel (section 5.1.3): writes the KEM output and length + MLS_TAG_BYTES bytes of
 * ciphertext. -EINVAL: no public key of P-256.
 */
int mls_encrypt_with_label(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES], const char *label,
			   const void *context, size_t context_length, const void *plaintext,
			   size_t length, uint8_t ret_kem_output[MLS_PUBLIC_KEY_BYTES],
			   uint8_t *ret_ciphertext) __attribute__((warn_unused_result));

/* DecryptWithLabel: writes length - MLS_TAG_BYTES bytes. -EBADMSG: it cannot be opened. */
int mls_decrypt_with_label(const struct mls_key_pair *pair, const char *label, const void *context,
			   size_t context_length, const uint8_t kem_output[MLS_PUBLIC_KEY_BYTES],
			   const uint8_t *ciphertext, size_t length, uint8_t *ret_plaintext)
	__attribute__((warn_unused_result));

/* Writes length + MLS_TAG_BYTES bytes, where the plaintext lies or elsewhere. */
int mls_aead_seal(const uint8_t key[MLS_KEY_BYTES], const uint8_t nonce[MLS_NONCE_BYTES],
		  const void *aad, size_t aad_length, const void *plaintext, size_t length,
		  uint8_t *ret_ciphertext) __attribute__((warn_unused_result));

/* Writes length - MLS_TAG_BYTES bytes, likewise. -EBADMSG: it is not what was sealed with these. */
int mls_aead_open(const uint8_t key[MLS_KEY_BYTES], const uint8_t nonce[MLS_NONCE_BYTES],
		  const void *aad, size_t aad_length, const void *ciphertext, size_t length,
		  uint8_t *ret_plaintext) __attribute__((warn_unused_result));

#endif
