/*
 * mls-secrets: runs what firmware/e2ee does with secrets that valgrind takes for undefined, so that it
 * names each branch and each index that depends on one. What a peer or the hub sees is defined
 * again. test_secrets.sh runs it.
 */
#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "e2ee/knock.h"
#include "e2ee/meeting_code.h"
#include "e2ee/mls_protect.h"
#include "e2ee/sframe.h"

static void must(int r)
{
	if (r < 0)
		abort();
}

static void hide(void *secret, size_t length)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(secret, length);
}

static void show(void *bytes, size_t length)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(bytes, length);
}

static void check_sframe(void)
{
	uint8_t base_key[16] = {1};
	uint8_t plaintext[100] = {2};
	uint8_t message[sizeof(plaintext) + SFRAME_ADDED_BYTES_MAX];
	struct sframe_header header;
	struct sframe_key key;
	size_t length;

	hide(base_key, sizeof(base_key));
	hide(plaintext, sizeof(plaintext));
	must(sframe_key_derive(SFRAME_AES_128_GCM_SHA256_128, base_key, sizeof(base_key), 7, &key));
	must(sframe_seal(&key, 300, "m", 1, plaintext, sizeof(plaintext), message, &length));
	show(message, sizeof(message));
	must(sframe_header_read(message, length, &header));
	must(sframe_open(&key, &header, "m", 1, message, length, plaintext, &length));
	sframe_key_wipe(&key);
}

static void derive_epoch(struct mls_epoch_secrets *secrets)
{
	struct mls_bytes context = {(const uint8_t *)"context", 7};
	uint8_t init[MLS_HASH_BYTES] = {3};
	uint8_t commit[MLS_HASH_BYTES] = {4};
	uint8_t office[16] = {5};
	uint8_t joiner[MLS_HASH_BYTES];
	uint8_t psk_secret[MLS_HASH_BYTES];
	struct mls_psk psk = {
		.id = {.type = MLS_PSK_EXTERNAL, .id = {(const uint8_t *)"office", 6}},
		.secret = {office, sizeof(office)},
	};

	hide(init, sizeof(init));
	hide(commit, sizeof(commit));
	hide(office, sizeof(office));
	must(mls_psk_secret(&psk, 1, psk_secret));
	must(mls_joiner_secret(init, commit, context, joiner));
	must(mls_epoch_secrets_derive(joiner, psk_secret, context, secrets));
}

static void check_messages(void)
{
	struct mls_epoch_secrets secrets;
	struct mls_message_key key;
	struct mls_secret_tree *tree;
	uint8_t ciphertext[20 + MLS_TAG_BYTES] = {6};
	uint8_t tag[MLS_HASH_BYTES];
	bool same;

	derive_epoch(&secrets);
	must(mls_secret_tree_create(secrets.encryption, 8, &tree));
	must(mls_secret_tree_next(tree, 1, MLS_RATCHET_HANDSHAKE, &key));
	must(mls_secret_tree_find(tree, 6, MLS_RATCHET_APPLICATION, 70, &key));
	mls_secret_tree_erase(tree, 6, MLS_RATCHET_APPLICATION, 70);
	must(mls_aead_seal(key.key, key.nonce, NULL, 0, ciphertext, 20, ciphertext));
	show(ciphertext, sizeof(ciphertext));
	must(mls_aead_open(key.key, key.nonce, NULL, 0, ciphertext, sizeof(ciphertext),
			   ciphertext));
	must(mls_sender_data_key(secrets.sender_data, (struct mls_bytes){tag, 0}, key.key,
				 key.nonce));
	must(mls_confirmation_tag(&secrets, secrets.init, tag));
	same = mls_equal(tag, secrets.init, sizeof(tag));
	show(&same, sizeof(same));
	if (same)
		abort();
	mls_secret_tree_destroy(tree);
	mls_epoch_secrets_wipe(&secrets);
}

static void check_hpke(void)
{
	uint8_t ikm[32] = {7};
	uint8_t path_secret[MLS_HASH_BYTES] = {8};
	uint8_t kem_output[MLS_PUBLIC_KEY_BYTES];
	uint8_t ciphertext[sizeof(path_secret) + MLS_TAG_BYTES];
	struct mls_key_pair pair;

	hide(ikm, sizeof(ikm));
	hide(path_secret, sizeof(path_secret));
	must(mls_derive_key_pair(ikm, sizeof(ikm), &pair));
	show(pair.public_key, sizeof(pair.public_key));
	must(mls_encrypt_with_label(pair.public_key, "UpdatePathNode", "c", 1, path_secret,
				    sizeof(path_secret), kem_output, ciphertext));
	show(kem_output, sizeof(kem_output));
	show(ciphertext, sizeof(ciphertext));
	must(mls_decrypt_with_label(&pair, "UpdatePathNode", "c", 1, kem_output, ciphertext,
				    sizeof(ciphertext), path_secret));
	mls_wipe(&pair, sizeof(pair));
}

/* Neither a key package that is sealed nor what the code is made of is looked at. */
static void check_meeting(void)
{
	struct mls_bytes meeting = {(const uint8_t *)"meeting", 7};
	uint8_t authenticator[MLS_HASH_BYTES] = {9};
	uint8_t package[300] = {10};
	char code[MEETING_CODE_BYTES];
	struct mls_writer sealed;
	struct mls_key_pair door;

	hide(package, sizeof(package));
	hide(authenticator, sizeof(authenticator));
	must(mls_key_pair_generate(&door));
	mls_writer_init(&sealed, KNOCK_BYTES_MAX);
	must(knock_seal(door.public_key, meeting, (struct mls_bytes){package, sizeof(package)},
			&sealed));
	mls_writer_finish(&sealed);
	meeting_code(authenticator, code);
	mls_wipe(&door, sizeof(door));
}

/* With an argument it does what is forbidden, so that the test knows that it would be seen. */
int main(int argc, char **argv)
{
	uint8_t secret = 0;

	(void)argv;
	must(mls_crypto_init());
	check_sframe();
	check_messages();
	check_hpke();
	check_meeting();
	hide(&secret, sizeof(secret));
	if (argc > 1 && secret > 0)
		return 2;
	return 0;
}
