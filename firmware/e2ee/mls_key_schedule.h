/*
 * The key schedule (RFC 9420, section 8): from an epoch's commit to all secrets of the next one, and
 * the transcript hashes (section 8.2) that bind them to all that was said before.
 *
 * Any thread. What is returned is the caller's to wipe. A function returns 0, -ENOMEM, -EIO or what
 * it says.
 */
#ifndef BALAI_E2EE_MLS_KEY_SCHEDULE_H
#define BALAI_E2EE_MLS_KEY_SCHEDULE_H

#include "e2ee/mls_frame.h"

/* Table 4 of section 8. */
struct mls_epoch_secrets {
	uint8_t sender_data[MLS_HASH_BYTES];
	uint8_t encryption[MLS_HASH_BYTES]; /* the secret tree takes it; wiped here then */
	uint8_t exporter[MLS_HASH_BYTES];
	uint8_t external[MLS_HASH_BYTES];
	uint8_t confirmation_key[MLS_HASH_BYTES];
	uint8_t membership_key[MLS_HASH_BYTES];
	uint8_t resumption_psk[MLS_HASH_BYTES];
	uint8_t epoch_authenticator[MLS_HASH_BYTES];
	uint8_t init[MLS_HASH_BYTES]; /* of the next epoch */
};

void mls_epoch_secrets_wipe(struct mls_epoch_secrets *secrets);

/* init_secret of the epoch before and commit_secret; `context` is the new epoch's GroupContext. */
int mls_joiner_secret(const uint8_t init_secret[MLS_HASH_BYTES],
		      const uint8_t commit_secret[MLS_HASH_BYTES], struct mls_bytes context,
		      uint8_t ret_secret[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

int mls_epoch_secrets_derive(const uint8_t joiner_secret[MLS_HASH_BYTES],
			     const uint8_t psk_secret[MLS_HASH_BYTES], struct mls_bytes context,
			     struct mls_epoch_secrets *ret_secrets)
	__attribute__((warn_unused_result));

/* What a Welcome's GroupInfo is sealed with (section 12.4.3.1). */
int mls_welcome_key(const uint8_t joiner_secret[MLS_HASH_BYTES],
		    const uint8_t psk_secret[MLS_HASH_BYTES], uint8_t ret_key[MLS_KEY_BYTES],
		    uint8_t ret_nonce[MLS_NONCE_BYTES]) __attribute__((warn_unused_result));

/* MLS-Exporter (section 8.5). */
int mls_export(const struct mls_epoch_secrets *secrets, const char *label, struct mls_bytes context,
	       void *ret_bytes, size_t length) __attribute__((warn_unused_result));

/* A pre-shared key and what it is called in a PreSharedKey proposal or GroupSecrets. */
struct mls_psk {
	struct mls_psk_id id;
	struct mls_bytes secret;
};

/* psk_secret (section 8.4) of all of them in order; zeros of none. */
int mls_psk_secret(const struct mls_psk *psks, size_t n_psks, uint8_t ret_secret[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* `interim`: of the epoch before; NULL for a new group, where it is empty. */
int mls_confirmed_transcript_hash(const uint8_t *interim, uint16_t wire_format,
				  const struct mls_content *commit, struct mls_bytes signature,
				  uint8_t ret_hash[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

int mls_interim_transcript_hash(const uint8_t confirmed[MLS_HASH_BYTES],
				struct mls_bytes confirmation_tag, uint8_t ret_hash[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* The confirmation tag of an epoch (section 6.1). */
int mls_confirmation_tag(const struct mls_epoch_secrets *secrets,
			 const uint8_t confirmed[MLS_HASH_BYTES], uint8_t ret_tag[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

#endif
