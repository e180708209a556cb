/*
 * HPKE (RFC 9180) in base mode, single-shot, of one suite: DHKEM(P-256, HKDF-SHA256) 0x0010,
 * HKDF-SHA256 0x0001, AES-128-GCM 0x0001. mls_crypto.h has its key pairs, and says what holds for
 * lengths and errors.
 */
#ifndef BALAI_E2EE_HPKE_H
#define BALAI_E2EE_HPKE_H

#include "e2ee/mls_crypto.h"

/* What both ends know after SetupBaseS or SetupBaseR (section 5.1.1). */
struct hpke_context {
	uint8_t key[MLS_KEY_BYTES];
	uint8_t base_nonce[MLS_NONCE_BYTES];
	uint8_t exporter_secret[MLS_HASH_BYTES];
};

/*
 * SetupBaseS with the given ephemeral key pair, which is of this one call only; its public key is
 * the encapsulated key. -EINVAL: the receiver's key is no point of P-256.
 */
int hpke_setup_sender(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES],
		      const struct mls_key_pair *ephemeral, const void *info, size_t info_length,
		      struct hpke_context *ret_context) __attribute__((warn_unused_result));

/* SetupBaseR. -EBADMSG: the encapsulated key is no point of P-256. */
int hpke_setup_receiver(const uint8_t encapsulated[MLS_PUBLIC_KEY_BYTES],
			const struct mls_key_pair *pair, const void *info, size_t info_length,
			struct hpke_context *ret_context) __attribute__((warn_unused_result));

/* Export (section 5.3). */
int hpke_export(const struct hpke_context *context, const void *info, size_t info_length,
		void *ret_bytes, size_t length) __attribute__((warn_unused_result));

void hpke_wipe(struct hpke_context *context);

#endif
