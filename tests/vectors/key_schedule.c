/* key-schedule, psk_secret and transcript-hashes: RFC 9420, section 8. */
#include "e2ee/mls_key_schedule.h"

#include <string.h>

#include "e2ee/hpke.h"
#include "tests/vectors/vectors.h"

/* The GroupContext of an epoch, whose transcript hash and tree hash are published. */
static void check_context(struct vector_case *test, const json_t *epoch, struct mls_bytes group_id,
			  uint64_t number, struct mls_bytes published)
{
	struct mls_group_context context = {
		.version = MLS_VERSION,
		.cipher_suite = MLS_CIPHER_SUITE,
		.group_id = group_id,
		.epoch = number,
		.tree_hash = vector_bytes(test, epoch, "tree_hash"),
		.confirmed_transcript_hash = vector_bytes(test, epoch, "confirmed_transcript_hash"),
	};
	struct mls_writer writer;

	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_group_context_write(&writer, &context);
	vector_same(test, "GroupContext", writer.data, writer.length, published);
	mls_writer_finish(&writer);
}

static void check_exporter(struct vector_case *test, const json_t *json,
			   const struct mls_epoch_secrets *secrets)
{
	size_t length = vector_number(test, json, "length");
	uint8_t *bytes = vector_block(test, length);

	if (vector_done(test, "MLS-Exporter",
			mls_export(secrets, vector_text(test, json, "label"),
				   vector_bytes(test, json, "context"), bytes, length)))
		vector_same(test, "exported secret", bytes, length,
			    vector_bytes(test, json, "secret"));
}

static void check_secrets(struct vector_case *test, const json_t *epoch,
			  const struct mls_epoch_secrets *secrets)
{
	const struct {
		const char *key;
		const uint8_t *secret;
	} rows[] = {
		{"sender_data_secret", secrets->sender_data},
		{"encryption_secret", secrets->encryption},
		{"exporter_secret", secrets->exporter},
		{"external_secret", secrets->external},
		{"confirmation_key", secrets->confirmation_key},
		{"membership_key", secrets->membership_key},
		{"resumption_psk", secrets->resumption_psk},
		{"epoch_authenticator", secrets->epoch_authenticator},
		{"init_secret", secrets->init},
	};
	struct mls_key_pair external;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		vector_same(test, rows[i].key, rows[i].secret, MLS_HASH_BYTES,
			    vector_bytes(test, epoch, rows[i].key));
	if (vector_done(test, "the external key pair",
			mls_derive_key_pair(secrets->external, MLS_HASH_BYTES, &external)))
		vector_same(test, "external_pub", external.public_key, sizeof(external.public_key),
			    vector_bytes(test, epoch, "external_pub"));
	check_exporter(test, vector_object(test, epoch, "exporter"), secrets);
}

/* welcome_secret is told by what it seals with. */
static void check_welcome(struct vector_case *test, const json_t *epoch, const uint8_t *joiner,
			  const uint8_t *psk)
{
	const uint8_t *secret = vector_fixed(test, epoch, "welcome_secret", MLS_HASH_BYTES);
	uint8_t expected[MLS_KEY_BYTES + MLS_NONCE_BYTES];
	uint8_t got[MLS_KEY_BYTES + MLS_NONCE_BYTES];

	if (vector_done(test, "the welcome key",
			mls_welcome_key(joiner, psk, got, got + MLS_KEY_BYTES)) &&
	    vector_done(test, "key",
			mls_expand_with_label(secret, "key", NULL, 0, expected, MLS_KEY_BYTES)) &&
	    vector_done(test, "nonce",
			mls_expand_with_label(secret, "nonce", NULL, 0, expected + MLS_KEY_BYTES,
					      MLS_NONCE_BYTES)))
		vector_same(test, "welcome key", got, sizeof(got),
			    (struct mls_bytes){expected, sizeof(expected)});
}

static void check_schedule(struct vector_case *test, const json_t *json)
{
	struct mls_bytes group_id = vector_bytes(test, json, "group_id");
	struct mls_epoch_secrets secrets;
	const json_t *epochs = vector_array(test, json, "epochs");

	memcpy(secrets.init, vector_fixed(test, json, "initial_init_secret", MLS_HASH_BYTES),
	       sizeof(secrets.init));
	for (size_t i = 0; i < json_array_size(epochs); i++) {
		const json_t *epoch = json_array_get(epochs, i);
		const uint8_t *psk = vector_fixed(test, epoch, "psk_secret", MLS_HASH_BYTES);
		struct mls_bytes context = vector_bytes(test, epoch, "group_context");
		uint8_t joiner[MLS_HASH_BYTES];

		check_context(test, epoch, group_id, i, context);
		if (!vector_done(test, "joiner_secret",
				 mls_joiner_secret(secrets.init,
						   vector_fixed(test, epoch, "commit_secret",
								MLS_HASH_BYTES),
						   context, joiner)) ||
		    !vector_done(test, "the epoch's secrets",
				 mls_epoch_secrets_derive(joiner, psk, context, &secrets)))
			return;
		vector_same(test, "joiner_secret", joiner, sizeof(joiner),
			    vector_bytes(test, epoch, "joiner_secret"));
		check_welcome(test, epoch, joiner, psk);
		check_secrets(test, epoch, &secrets);
	}
}

static void check_psk_secret(struct vector_case *test, const json_t *json)
{
	const json_t *list = vector_array(test, json, "psks");
	struct mls_psk psks[16] = {0};
	uint8_t secret[MLS_HASH_BYTES];

	if (json_array_size(list) > sizeof(psks) / sizeof(psks[0])) {
		vector_fail(test, "too many keys");
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *psk = json_array_get(list, i);

		psks[i].id.type = MLS_PSK_EXTERNAL;
		psks[i].id.id = vector_bytes(test, psk, "psk_id");
		psks[i].id.nonce = vector_bytes(test, psk, "psk_nonce");
		psks[i].secret = vector_bytes(test, psk, "psk");
	}
	if (vector_done(test, "psk_secret", mls_psk_secret(psks, json_array_size(list), secret)))
		vector_same(test, "psk_secret", secret, sizeof(secret),
			    vector_bytes(test, json, "psk_secret"));
}

static void check_transcript(struct vector_case *test, const json_t *json)
{
	const uint8_t *before =
		vector_fixed(test, json, "interim_transcript_hash_before", MLS_HASH_BYTES);
	struct mls_epoch_secrets secrets;
	struct mls_authenticated commit;
	struct mls_reader reader;
	uint8_t hash[MLS_HASH_BYTES];
	uint8_t tag[MLS_HASH_BYTES];

	mls_reader_init(&reader, vector_bytes(test, json, "authenticated_content"));
	mls_authenticated_read(&reader, &commit);
	if (!vector_done(test, "AuthenticatedContent", mls_reader_close(&reader)))
		return;
	if (vector_done(test, "the confirmed hash",
			mls_confirmed_transcript_hash(before, commit.wire_format, &commit.content,
						      commit.auth.signature, hash)))
		vector_same(test, "confirmed hash", hash, sizeof(hash),
			    vector_bytes(test, json, "confirmed_transcript_hash_after"));
	memcpy(secrets.confirmation_key,
	       vector_fixed(test, json, "confirmation_key", MLS_HASH_BYTES),
	       sizeof(secrets.confirmation_key));
	if (vector_done(test, "the confirmation tag", mls_confirmation_tag(&secrets, hash, tag)))
		vector_same(test, "confirmation tag", tag, sizeof(tag),
			    commit.auth.confirmation_tag);
	if (vector_done(test, "the interim hash",
			mls_interim_transcript_hash(hash, commit.auth.confirmation_tag, hash)))
		vector_same(test, "interim hash", hash, sizeof(hash),
			    vector_bytes(test, json, "interim_transcript_hash_after"));
}

const struct vector_format vector_formats_key_schedule[] = {
	{"key-schedule", "initial_init_secret", check_schedule},
	{"psk_secret", "psks", check_psk_secret},
	{"transcript-hashes", "authenticated_content", check_transcript},
	{0},
};
