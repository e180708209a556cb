/*
 * Signing, authenticating and encrypting what members send (RFC 9420, sections 6.1 to 6.3).
 *
 * One thread at a time an epoch. Functions return 0, -ENOMEM, -EIO, a negative enum mls_error, or
 * what the signer's callback returned.
 */
#ifndef BALAI_E2EE_MLS_PROTECT_H
#define BALAI_E2EE_MLS_PROTECT_H

#include "e2ee/mls_frame.h"
#include "e2ee/mls_key_schedule.h"
#include "e2ee/mls_secret_tree.h"

/* What messages of one epoch are protected with; lent. */
struct mls_protection {
	struct mls_bytes group_id;
	uint64_t epoch;
	struct mls_bytes context; /* GroupContext */
	const struct mls_epoch_secrets *secrets;
	struct mls_secret_tree *secret_tree;
	uint32_t own_leaf;
};

/* The signature over a FramedContent that is sent in that format (section 6.1). */
int mls_content_sign(const struct mls_protection *protection, uint16_t wire_format,
		     const struct mls_content *content, const struct mls_signer *signer,
		     uint8_t ret_signature[MLS_SIGNATURE_BYTES], size_t *ret_length)
	__attribute__((warn_unused_result));

/* By the sender's signature key, which the caller finds in the tree. -MLS_ERROR_SIGNATURE */
int mls_content_verify(const struct mls_protection *protection,
		       const struct mls_authenticated *message, struct mls_bytes signature_key)
	__attribute__((warn_unused_result));

/* Writes an MLSMessage with a PublicMessage, and the membership tag where a member sends. */
int mls_public_seal(const struct mls_protection *protection,
		    const struct mls_authenticated *message, struct mls_writer *writer)
	__attribute__((warn_unused_result));

/* Checks group, epoch and membership tag; the signature is the caller's to check. */
int mls_public_open(const struct mls_protection *protection,
		    const struct mls_public_message *message, struct mls_authenticated *ret_message)
	__attribute__((warn_unused_result));

/*
 * Writes an MLSMessage with a PrivateMessage, padded to one of few lengths, so that its length says
 * little. It takes the next key of own_leaf.
 */
int mls_private_seal(const struct mls_protection *protection,
		     const struct mls_authenticated *message, struct mls_writer *writer)
	__attribute__((warn_unused_result));

/*
 * Opens one; its key is erased. *ret_message lies in *ret_plaintext, which is secret and the caller's
 * to finish, and in `message`. The signature is the caller's to check. -MLS_ERROR_SENDER: an own
 * message; -MLS_ERROR_GENERATION: it was opened before, or came too late.
 */
int mls_private_open(const struct mls_protection *protection,
		     const struct mls_private_message *message, struct mls_writer *ret_plaintext,
		     struct mls_authenticated *ret_message) __attribute__((warn_unused_result));

/* What the sender data beside that ciphertext is sealed with (section 6.3.2). */
int mls_sender_data_key(const uint8_t secret[MLS_HASH_BYTES], struct mls_bytes ciphertext,
			uint8_t ret_key[MLS_KEY_BYTES], uint8_t ret_nonce[MLS_NONCE_BYTES])
	__attribute__((warn_unused_result));

#endif
