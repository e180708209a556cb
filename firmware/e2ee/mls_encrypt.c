#include <string.h>

#include "e2ee/hpke.h"
#include "e2ee/mls_label.h"

int mls_encrypt_with_label(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES], const char *label,
			   const void *context, size_t context_length, const void *plaintext,
			   size_t length, uint8_t ret_kem_output[MLS_PUBLIC_KEY_BYTES],
			   uint8_t *ret_ciphertext)
{
	struct mls_key_pair ephemeral;
	struct hpke_context hpke;
	struct mls_writer info;
	int r;

	mls_writer_init(&info, MLS_LABELLED_BYTES_MAX);
	mls_label_write(&info, "MLS 1.0 ", label, context, context_length);
	r = info.fault;
	if (r == 0)
		r = mls_key_pair_generate(&ephemeral);
	if (r < 0)
		goto out;
	r = hpke_setup_sender(public_key, &ephemeral, info.data, info.length, &hpke);
	if (r == 0)
		r = mls_aead_seal(hpke.key, hpke.base_nonce, NULL, 0, plaintext, length,
				  ret_ciphertext);
	if (r == 0)
		memcpy(ret_kem_output, ephemeral.public_key, MLS_PUBLIC_KEY_BYTES);
	mls_wipe(&ephemeral, sizeof(ephemeral));
	hpke_wipe(&hpke);
out:
	mls_writer_finish(&info);
	return r;
}

int mls_decrypt_with_label(const struct mls_key_pair *pair, const char *label, const void *context,
			   size_t context_length, const uint8_t kem_output[MLS_PUBLIC_KEY_BYTES],
			   const uint8_t *ciphertext, size_t length, uint8_t *ret_plaintext)
{
	struct hpke_context hpke;
	struct mls_writer info;
	int r;

	mls_writer_init(&info, MLS_LABELLED_BYTES_MAX);
	mls_label_write(&info, "MLS 1.0 ", label, context, context_length);
	r = info.fault;
	if (r == 0)
		r = hpke_setup_receiver(kem_output, pair, info.data, info.length, &hpke);
	if (r == 0)
		r = mls_aead_open(hpke.key, hpke.base_nonce, NULL, 0, ciphertext, length,
				  ret_plaintext);
	hpke_wipe(&hpke);
	mls_writer_finish(&info);
	return r;
}
