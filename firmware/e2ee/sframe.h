/*
 * SFrame (RFC 9605): one media frame sealed under a key that its header names, of suites
 * AES_128_GCM_SHA256_128 and AES_256_GCM_SHA512_128. sframe_session.h has the keys of a meeting.
 *
 *      0         1            9            17
 *     ┌─────────┬────────────┬────────────┬──────────────┬─────────┐
 *     │X KKKYCCC│ KID (0…8)  │ CTR (0…8)  │ ciphertext   │ tag 16  │
 *     └─────────┴────────────┴────────────┴──────────────┴─────────┘
 *
 * Any thread, after one mls_crypto_init(). Lengths are bytes. Functions return 0, -ENOMEM, -EIO or
 * what they say.
 */
#ifndef BALAI_E2EE_SFRAME_H
#define BALAI_E2EE_SFRAME_H

#include <stddef.h>
#include <stdint.h>

#define SFRAME_HEADER_BYTES_MAX 17
#define SFRAME_TAG_BYTES 16
/* What a message is longer than its plaintext, at most. */
#define SFRAME_ADDED_BYTES_MAX (SFRAME_HEADER_BYTES_MAX + SFRAME_TAG_BYTES)
#define SFRAME_METADATA_BYTES_MAX 512
#define SFRAME_KEY_BYTES_MAX 32
#define SFRAME_NONCE_BYTES 12

/* Section 8.1 */
enum sframe_suite {
	SFRAME_AES_128_GCM_SHA256_128 = 4,
	SFRAME_AES_256_GCM_SHA512_128 = 5,
};

/* AEAD.Nk, which base keys from MLS have, too. */
size_t sframe_key_bytes(enum sframe_suite suite);

struct sframe_header {
	uint64_t kid;
	uint64_t counter;
	size_t length; /* of the header itself */
};

/* Section 4.3. Returns the length. */
size_t sframe_header_write(uint64_t kid, uint64_t counter,
			   uint8_t ret_header[SFRAME_HEADER_BYTES_MAX]);

/* -EBADMSG: cut short, or a number in more bytes than it needs. */
int sframe_header_read(const uint8_t *message, size_t length, struct sframe_header *ret_header)
	__attribute__((warn_unused_result));

/* Secret. */
struct sframe_key {
	enum sframe_suite suite;
	uint64_t kid;
	uint8_t key[SFRAME_KEY_BYTES_MAX];
	uint8_t salt[SFRAME_NONCE_BYTES];
};

/* Section 4.4.2. */
int sframe_key_derive(enum sframe_suite suite, const uint8_t *base_key, size_t base_key_length,
		      uint64_t kid, struct sframe_key *ret_key) __attribute__((warn_unused_result));

void sframe_key_wipe(struct sframe_key *key);

/*
 * Section 4.4.3: writes at most length + SFRAME_ADDED_BYTES_MAX bytes, not where the plaintext lies.
 * A counter is used once a key, which is the caller's care. -EMSGSIZE: too much metadata.
 */
int sframe_seal(const struct sframe_key *key, uint64_t counter, const void *metadata,
		size_t metadata_length, const void *plaintext, size_t length, uint8_t *ret_message,
		size_t *ret_length) __attribute__((warn_unused_result));

/*
 * Section 4.4.4: `header` was read off the message and the key is of its KID. Writes
 * length - header->length - SFRAME_TAG_BYTES bytes, not where the message lies. -EBADMSG: it is not
 * what was sealed; -EMSGSIZE: too much metadata.
 */
int sframe_open(const struct sframe_key *key, const struct sframe_header *header,
		const void *metadata, size_t metadata_length, const uint8_t *message, size_t length,
		uint8_t *ret_plaintext, size_t *ret_length) __attribute__((warn_unused_result));

#endif
