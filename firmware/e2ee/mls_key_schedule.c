#include "e2ee/mls_key_schedule.h"

#include <string.h>

void mls_epoch_secrets_wipe(struct mls_epoch_secrets *secrets)
{
	mls_wipe(secrets, sizeof(*secrets));
}

int mls_joiner_secret(const uint8_t init_secret[MLS_HASH_BYTES],
		      const uint8_t commit_secret[MLS_HASH_BYTES], struct mls_bytes context,
		      uint8_t ret_secret[MLS_HASH_BYTES])
{
	uint8_t secret[MLS_HASH_BYTES];
	int r = mls_extract(init_secret, MLS_HASH_BYTES, commit_secret, MLS_HASH_BYTES, secret);

	if (r == 0)
		r = mls_expand_with_label(secret, "joiner", context.data, context.length,
					  ret_secret, MLS_HASH_BYTES);
	mls_wipe(secret, sizeof(secret));
	return r;
}

/* Section 8, table 4 */
static int derive_all(const uint8_t epoch_secret[MLS_HASH_BYTES], struct mls_epoch_secrets *secrets)
{
	const struct {
		const char *label;
		uint8_t *secret;
	} rows[] = {
		{"sender data", secrets->sender_data},
		{"encryption", secrets->encryption},
		{"exporter", secrets->exporter},
		{"external", secrets->external},
		{"confirm", secrets->confirmation_key},
		{"membership", secrets->membership_key},
		{"resumption", secrets->resumption_psk},
		{"authentication", secrets->epoch_authenticator},
		{"init", secrets->init},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
		r = mls_derive_secret(epoch_secret, rows[i].label, rows[i].secret);
	return r;
}

int mls_epoch_secrets_derive(const uint8_t joiner_secret[MLS_HASH_BYTES],
			     const uint8_t psk_secret[MLS_HASH_BYTES], struct mls_bytes context,
			     struct mls_epoch_secrets *ret_secrets)
{
	struct mls_epoch_secrets secrets;
	uint8_t member[MLS_HASH_BYTES];
	uint8_t epoch[MLS_HASH_BYTES];
	int r = mls_extract(joiner_secret, MLS_HASH_BYTES, psk_secret, MLS_HASH_BYTES, member);

	if (r == 0)
		r = mls_expand_with_label(member, "epoch", context.data, context.length, epoch,
					  sizeof(epoch));
	if (r == 0)
		r = derive_all(epoch, &secrets);
	if (r == 0)
		*ret_secrets = secrets;
	mls_wipe(member, sizeof(member));
	mls_wipe(epoch, sizeof(epoch));
	mls_epoch_secrets_wipe(&secrets);
	return r;
}

int mls_welcome_key(const uint8_t joiner_secret[MLS_HASH_BYTES],
		    const uint8_t psk_secret[MLS_HASH_BYTES], uint8_t ret_key[MLS_KEY_BYTES],
		    uint8_t ret_nonce[MLS_NONCE_BYTES])
{
	uint8_t secret[MLS_HASH_BYTES];
	int r = mls_extract(joiner_secret, MLS_HASH_BYTES, psk_secret, MLS_HASH_BYTES, secret);

	if (r == 0)
		r = mls_derive_secret(secret, "welcome", secret);
	if (r == 0)
		r = mls_expand_with_label(secret, "key", NULL, 0, ret_key, MLS_KEY_BYTES);
	if (r == 0)
		r = mls_expand_with_label(secret, "nonce", NULL, 0, ret_nonce, MLS_NONCE_BYTES);
	mls_wipe(secret, sizeof(secret));
	return r;
}

int mls_export(const struct mls_epoch_secrets *secrets, const char *label, struct mls_bytes context,
	       void *ret_bytes, size_t length)
{
	uint8_t secret[MLS_HASH_BYTES];
	uint8_t hash[MLS_HASH_BYTES];
	int r = mls_derive_secret(secrets->exporter, label, secret);

	if (r == 0)
		r = mls_hash(context.data, context.length, hash);
	if (r == 0)
		r = mls_expand_with_label(secret, "exported", hash, sizeof(hash), ret_bytes,
					  length);
	mls_wipe(secret, sizeof(secret));
	return r;
}

/* psk_input[i], taken into psk_secret[i], which becomes psk_secret[i + 1]. */
static int take_psk(const struct mls_psk *psk, uint16_t index, uint16_t count,
		    uint8_t secret[MLS_HASH_BYTES])
{
	static const uint8_t zero[MLS_HASH_BYTES];
	struct mls_writer label;
	uint8_t input[MLS_HASH_BYTES];
	int r;

	mls_writer_init(&label, MLS_MESSAGE_BYTES_MAX);
	mls_psk_id_write(&label, &psk->id);
	mls_write_u16(&label, index);
	mls_write_u16(&label, count);
	r = label.fault;
	if (r == 0)
		r = mls_extract(zero, sizeof(zero), psk->secret.data, psk->secret.length, input);
	if (r == 0)
		r = mls_expand_with_label(input, "derived psk", label.data, label.length, input,
					  sizeof(input));
	if (r == 0)
		r = mls_extract(input, sizeof(input), secret, MLS_HASH_BYTES, secret);
	mls_wipe(input, sizeof(input));
	mls_writer_finish(&label);
	return r;
}

int mls_psk_secret(const struct mls_psk *psks, size_t n_psks, uint8_t ret_secret[MLS_HASH_BYTES])
{
	uint8_t secret[MLS_HASH_BYTES] = {0};
	int r = n_psks <= UINT16_MAX ? 0 : -MLS_ERROR_LIMIT;

	for (size_t i = 0; i < n_psks && r == 0; i++)
		r = take_psk(&psks[i], (uint16_t)i, (uint16_t)n_psks, secret);
	if (r == 0)
		memcpy(ret_secret, secret, sizeof(secret));
	mls_wipe(secret, sizeof(secret));
	return r;
}
