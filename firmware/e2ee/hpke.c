#include "e2ee/hpke.h"

#include <errno.h>
#include <psa/crypto.h>
#include <string.h>

#include "e2ee/mls_label.h"
#include "e2ee/mls_psa.h"

#define KEM_SUITE "KEM\x00\x10"
#define HPKE_SUITE "HPKE\x00\x10\x00\x01\x00\x01"

struct suite {
	const char *id;
	size_t length;
};

static const struct suite kem_suite = {KEM_SUITE, sizeof(KEM_SUITE) - 1};
static const struct suite hpke_suite = {HPKE_SUITE, sizeof(HPKE_SUITE) - 1};

/* The longest "info" is labelled by MLS already. */
enum { LABELLED_BYTES_MAX = MLS_LABELLED_BYTES_MAX + 64 };

static void write_labelled(struct mls_writer *writer, const struct suite *suite, const char *label,
			   const void *content, size_t length)
{
	mls_write(writer, "HPKE-v1", 7);
	mls_write(writer, suite->id, suite->length);
	mls_write(writer, label, strlen(label));
	mls_write(writer, content, length);
}

static int labelled_extract(const struct suite *suite, const uint8_t *salt, size_t salt_length,
			    const char *label, const void *ikm, size_t ikm_length,
			    uint8_t ret_secret[MLS_HASH_BYTES])
{
	struct mls_writer input;
	int r;

	mls_writer_init(&input, LABELLED_BYTES_MAX);
	write_labelled(&input, suite, label, ikm, ikm_length);
	r = input.fault;
	if (r == 0)
		r = mls_extract(salt, salt_length, input.data, input.length, ret_secret);
	mls_writer_finish(&input);
	return r;
}

static int labelled_expand(const struct suite *suite, const uint8_t secret[MLS_HASH_BYTES],
			   const char *label, const void *info, size_t info_length, void *ret_bytes,
			   size_t length)
{
	struct mls_writer input;
	int r;

	if (length > UINT16_MAX)
		return -MLS_ERROR_LIMIT;
	mls_writer_init(&input, LABELLED_BYTES_MAX);
	mls_write_u16(&input, (uint16_t)length);
	write_labelled(&input, suite, label, info, info_length);
	r = input.fault;
	if (r == 0)
		r = mls_expand(secret, input.data, input.length, ret_bytes, length);
	mls_writer_finish(&input);
	return r;
}

static int import_private(const uint8_t private_key[MLS_PRIVATE_KEY_BYTES], psa_key_id_t *ret_key)
{
	return mls_psa_import(PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), PSA_ALG_ECDH,
			      PSA_KEY_USAGE_DERIVE, private_key, MLS_PRIVATE_KEY_BYTES, ret_key);
}

int mls_key_pair_from_private(const uint8_t private_key[MLS_PRIVATE_KEY_BYTES],
			      struct mls_key_pair *ret_pair)
{
	struct mls_key_pair pair;
	size_t length;
	psa_key_id_t id;
	int r = import_private(private_key, &id);

	if (r < 0)
		return r;
	r = mls_psa_errno(
		psa_export_public_key(id, pair.public_key, sizeof(pair.public_key), &length));
	psa_destroy_key(id);
	if (r < 0)
		return r;
	memcpy(pair.private_key, private_key, sizeof(pair.private_key));
	*ret_pair = pair;
	mls_wipe(&pair, sizeof(pair));
	return 0;
}

int mls_derive_key_pair(const void *ikm, size_t length, struct mls_key_pair *ret_pair)
{
	uint8_t candidate[MLS_PRIVATE_KEY_BYTES];
	uint8_t secret[MLS_HASH_BYTES];
	int r = labelled_extract(&kem_suite, NULL, 0, "dkp_prk", ikm, length, secret);

	if (r < 0)
		return r;
	/* One candidate in 2^32 is not below the order of the group; the bit mask of P-256 is 0xff. */
	for (unsigned int counter = 0; counter <= UINT8_MAX; counter++) {
		uint8_t info = (uint8_t)counter;

		r = labelled_expand(&kem_suite, secret, "candidate", &info, 1, candidate,
				    sizeof(candidate));
		if (r == 0)
			r = mls_key_pair_from_private(candidate, ret_pair);
		if (r != -EINVAL)
			break;
	}
	mls_wipe(secret, sizeof(secret));
	mls_wipe(candidate, sizeof(candidate));
	return r;
}

int mls_key_pair_generate(struct mls_key_pair *ret_pair)
{
	uint8_t ikm[MLS_PRIVATE_KEY_BYTES];
	int r = mls_random(ikm, sizeof(ikm));

	if (r == 0)
		r = mls_derive_key_pair(ikm, sizeof(ikm), ret_pair);
	mls_wipe(ikm, sizeof(ikm));
	return r;
}

/* ExtractAndExpand(DH(own, peer), enc || pkR) of the KEM (section 4.1). */
static int shared_secret(const struct mls_key_pair *own, const uint8_t *peer,
			 const uint8_t *encapsulated, const uint8_t *receiver,
			 uint8_t ret_secret[MLS_HASH_BYTES])
{
	uint8_t context[2 * MLS_PUBLIC_KEY_BYTES];
	uint8_t dh[MLS_PRIVATE_KEY_BYTES];
	uint8_t prk[MLS_HASH_BYTES];
	size_t length;
	psa_key_id_t id;
	psa_status_t status;
	int r = import_private(own->private_key, &id);

	if (r < 0)
		return r;
	status = psa_raw_key_agreement(PSA_ALG_ECDH, id, peer, MLS_PUBLIC_KEY_BYTES, dh, sizeof(dh),
				       &length);
	psa_destroy_key(id);
	r = mls_psa_errno(status);
	if (r == 0)
		r = labelled_extract(&kem_suite, NULL, 0, "eae_prk", dh, sizeof(dh), prk);
	memcpy(context, encapsulated, MLS_PUBLIC_KEY_BYTES);
	memcpy(context + MLS_PUBLIC_KEY_BYTES, receiver, MLS_PUBLIC_KEY_BYTES);
	if (r == 0)
		r = labelled_expand(&kem_suite, prk, "shared_secret", context, sizeof(context),
				    ret_secret, MLS_HASH_BYTES);
	mls_wipe(dh, sizeof(dh));
	mls_wipe(prk, sizeof(prk));
	return r;
}

/* KeySchedule of the base mode, without a pre-shared key (section 5.1). */
static int key_schedule(const uint8_t secret_shared[MLS_HASH_BYTES], const void *info,
			size_t info_length, struct hpke_context *context)
{
	uint8_t schedule[1 + 2 * MLS_HASH_BYTES] = {0};
	uint8_t secret[MLS_HASH_BYTES];
	int r;

	r = labelled_extract(&hpke_suite, NULL, 0, "psk_id_hash", NULL, 0, schedule + 1);
	if (r == 0)
		r = labelled_extract(&hpke_suite, NULL, 0, "info_hash", info, info_length,
				     schedule + 1 + MLS_HASH_BYTES);
	if (r == 0)
		r = labelled_extract(&hpke_suite, secret_shared, MLS_HASH_BYTES, "secret", NULL, 0,
				     secret);
	if (r == 0)
		r = labelled_expand(&hpke_suite, secret, "key", schedule, sizeof(schedule),
				    context->key, sizeof(context->key));
	if (r == 0)
		r = labelled_expand(&hpke_suite, secret, "base_nonce", schedule, sizeof(schedule),
				    context->base_nonce, sizeof(context->base_nonce));
	if (r == 0)
		r = labelled_expand(&hpke_suite, secret, "exp", schedule, sizeof(schedule),
				    context->exporter_secret, sizeof(context->exporter_secret));
	mls_wipe(secret, sizeof(secret));
	return r;
}

static int set_up(const struct mls_key_pair *own, const uint8_t *peer, const uint8_t *encapsulated,
		  const uint8_t *receiver, const void *info, size_t info_length,
		  struct hpke_context *ret_context)
{
	struct hpke_context context;
	uint8_t secret[MLS_HASH_BYTES];
	int r = shared_secret(own, peer, encapsulated, receiver, secret);

	if (r == 0)
		r = key_schedule(secret, info, info_length, &context);
	if (r == 0)
		*ret_context = context;
	mls_wipe(secret, sizeof(secret));
	hpke_wipe(&context);
	return r;
}

int hpke_setup_sender(const uint8_t public_key[MLS_PUBLIC_KEY_BYTES],
		      const struct mls_key_pair *ephemeral, const void *info, size_t info_length,
		      struct hpke_context *ret_context)
{
	return set_up(ephemeral, public_key, ephemeral->public_key, public_key, info, info_length,
		      ret_context);
}

int hpke_setup_receiver(const uint8_t encapsulated[MLS_PUBLIC_KEY_BYTES],
			const struct mls_key_pair *pair, const void *info, size_t info_length,
			struct hpke_context *ret_context)
{
	int r = set_up(pair, encapsulated, encapsulated, pair->public_key, info, info_length,
		       ret_context);

	return r == -EINVAL ? -EBADMSG : r;
}

int hpke_export(const struct hpke_context *context, const void *info, size_t info_length,
		void *ret_bytes, size_t length)
{
	return labelled_expand(&hpke_suite, context->exporter_secret, "sec", info, info_length,
			       ret_bytes, length);
}

void hpke_wipe(struct hpke_context *context)
{
	mls_wipe(context, sizeof(*context));
}
