/* Keys of messages and what opens: order, loss, replays, forgeries, and the lengths that are seen. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/mls_protect.h"

#define SENDER 2
#define RECEIVER 0

/* The same epoch at two members. */
struct pair {
	struct mls_epoch_secrets secrets;
	struct mls_key_pair signature;
	struct mls_signer signer;
	struct mls_protection sender;
	struct mls_protection receiver;
};

static int set_up(void **state)
{
	static struct pair pair;

	memset(&pair.secrets, 7, sizeof(pair.secrets));
	if (mls_crypto_init() < 0 || mls_key_pair_generate(&pair.signature) < 0)
		return -1;
	mls_signer_init(&pair.signer, &pair.signature);
	pair.sender = (struct mls_protection){
		.group_id = {(const uint8_t *)"meeting", 7},
		.epoch = 5,
		.context = {(const uint8_t *)"context", 7},
		.secrets = &pair.secrets,
		.own_leaf = SENDER,
	};
	pair.receiver = pair.sender;
	pair.receiver.own_leaf = RECEIVER;
	*state = &pair;
	return mls_secret_tree_create(pair.secrets.encryption, 4, &pair.sender.secret_tree) < 0 ||
	       mls_secret_tree_create(pair.secrets.encryption, 4, &pair.receiver.secret_tree) < 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	mls_secret_tree_destroy(pair->sender.secret_tree);
	mls_secret_tree_destroy(pair->receiver.secret_tree);
	return 0;
}

/* An application message of that many bytes. */
static void seal(const struct pair *pair, size_t length, struct mls_writer *sealed)
{
	static const uint8_t data[10000];
	uint8_t signature[MLS_SIGNATURE_BYTES];
	struct mls_authenticated message = {
		.wire_format = MLS_PRIVATE_MESSAGE,
		.content = {.group_id = pair->sender.group_id,
			    .epoch = 5,
			    .sender_type = MLS_SENDER_MEMBER,
			    .sender_index = SENDER,
			    .type = MLS_CONTENT_APPLICATION,
			    .application = {data, length}},
		.auth = {.signature = {signature, 0}},
	};

	assert_int_equal(mls_content_sign(&pair->sender, MLS_PRIVATE_MESSAGE, &message.content,
					  &pair->signer, signature, &message.auth.signature.length),
			 0);
	mls_writer_init(sealed, MLS_MESSAGE_BYTES_MAX);
	assert_int_equal(mls_private_seal(&pair->sender, &message, sealed), 0);
}

static int open_at(const struct mls_protection *protection, const struct mls_writer *sealed)
{
	struct mls_message message;
	struct mls_authenticated opened;
	struct mls_writer plaintext;
	struct mls_reader reader;
	int r;

	mls_reader_init(&reader, mls_writer_bytes(sealed));
	mls_message_read(&reader, &message);
	r = mls_reader_close(&reader);
	if (r < 0)
		return r;
	r = mls_private_open(protection, &message.private_message, &plaintext, &opened);
	if (r == 0) {
		assert_int_equal(opened.content.sender_index, SENDER);
		mls_writer_finish(&plaintext);
	}
	return r;
}

static void test_each_opens_once(void **state)
{
	const struct pair *pair = *state;
	static const int order[] = {2, 0, 3, 1};
	struct mls_writer sealed[4];

	for (int i = 0; i < 4; i++)
		seal(pair, 10, &sealed[i]);
	for (int i = 0; i < 4; i++)
		assert_int_equal(open_at(&pair->receiver, &sealed[order[i]]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(open_at(&pair->receiver, &sealed[i]), -MLS_ERROR_GENERATION);
		mls_writer_finish(&sealed[i]);
	}
}

/* Whatever bit is changed, it does not open; the true message still does. */
static void test_forgery_spoils_nothing(void **state)
{
	const struct pair *pair = *state;
	struct mls_writer sealed;

	seal(pair, 10, &sealed);
	for (size_t i = 4; i < sealed.length; i++) {
		sealed.data[i] ^= 1;
		assert_true(open_at(&pair->receiver, &sealed) < 0);
		sealed.data[i] ^= 1;
	}
	assert_int_equal(open_at(&pair->receiver, &sealed), 0);
	mls_writer_finish(&sealed);
}

static void test_own_message_is_refused(void **state)
{
	const struct pair *pair = *state;
	struct mls_writer sealed;

	seal(pair, 10, &sealed);
	assert_int_equal(open_at(&pair->sender, &sealed), -MLS_ERROR_SENDER);
	mls_writer_finish(&sealed);
}

static void test_another_epoch_or_group(void **state)
{
	const struct pair *pair = *state;
	struct mls_protection other = pair->receiver;
	struct mls_writer sealed;

	seal(pair, 10, &sealed);
	other.epoch++;
	assert_int_equal(open_at(&other, &sealed), -MLS_ERROR_EPOCH);
	other = pair->receiver;
	other.group_id.length--;
	assert_int_equal(open_at(&other, &sealed), -MLS_ERROR_GROUP);
	mls_writer_finish(&sealed);
}

static void test_signature(void **state)
{
	const struct pair *pair = *state;
	struct mls_content content = {
		.group_id = pair->sender.group_id,
		.epoch = 5,
		.sender_type = MLS_SENDER_MEMBER,
		.type = MLS_CONTENT_APPLICATION,
	};
	uint8_t signature[MLS_SIGNATURE_BYTES];
	struct mls_authenticated message = {.wire_format = MLS_PRIVATE_MESSAGE, .content = content};
	struct mls_bytes key = {pair->signature.public_key, MLS_PUBLIC_KEY_BYTES};
	struct mls_protection other = pair->receiver;
	size_t length;

	assert_int_equal(mls_content_sign(&pair->sender, MLS_PRIVATE_MESSAGE, &content,
					  &pair->signer, signature, &length),
			 0);
	message.auth.signature = (struct mls_bytes){signature, length};
	assert_int_equal(mls_content_verify(&pair->receiver, &message, key), 0);
	other.context.length--;
	assert_int_equal(mls_content_verify(&other, &message, key), -MLS_ERROR_SIGNATURE);
	message.wire_format = MLS_PUBLIC_MESSAGE;
	assert_int_equal(mls_content_verify(&pair->receiver, &message, key), -MLS_ERROR_SIGNATURE);
	message.wire_format = MLS_PRIVATE_MESSAGE;
	key.length--;
	assert_int_equal(mls_content_verify(&pair->receiver, &message, key), -MLS_ERROR_SIGNATURE);
}

static void test_lengths_are_classes(void **state)
{
	static const struct {
		size_t length;
		size_t as; /* another length that looks the same */
	} rows[] = {{0, 100}, {300, 200}, {600, 800}, {3000, 3900}, {4200, 8000}};
	const struct pair *pair = *state;
	struct mls_writer a;
	struct mls_writer b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		seal(pair, rows[i].length, &a);
		seal(pair, rows[i].as, &b);
		assert_int_equal(a.length, b.length);
		mls_writer_finish(&a);
		mls_writer_finish(&b);
	}
}

static int take(const struct pair *pair, uint32_t generation)
{
	struct mls_message_key key;
	int r = mls_secret_tree_find(pair->receiver.secret_tree, 1, MLS_RATCHET_HANDSHAKE,
				     generation, &key);

	if (r == 0)
		mls_secret_tree_erase(pair->receiver.secret_tree, 1, MLS_RATCHET_HANDSHAKE,
				      generation);
	return r;
}

static void test_skipping_is_bounded(void **state)
{
	const struct pair *pair = *state;

	assert_int_equal(take(pair, MLS_AHEAD_MAX + 1), -MLS_ERROR_GENERATION);
	assert_int_equal(take(pair, UINT32_MAX), -MLS_ERROR_GENERATION);
	assert_int_equal(take(pair, MLS_AHEAD_MAX), 0);
	assert_int_equal(take(pair, MLS_AHEAD_MAX), -MLS_ERROR_GENERATION);
	/* The one that was taken stood among them. */
	assert_int_equal(take(pair, MLS_AHEAD_MAX - MLS_SKIPPED_MAX), -MLS_ERROR_GENERATION);
	assert_int_equal(take(pair, MLS_AHEAD_MAX - MLS_SKIPPED_MAX + 1), 0);
	assert_int_equal(take(pair, 0), -MLS_ERROR_GENERATION);
	assert_int_equal(take(pair, MLS_AHEAD_MAX + 1), 0);
}

static void test_leaves(void **state)
{
	const struct pair *pair = *state;
	struct mls_secret_tree *tree;
	struct mls_message_key key;

	assert_int_equal(mls_secret_tree_find(pair->receiver.secret_tree, 4, MLS_RATCHET_HANDSHAKE,
					      0, &key),
			 -MLS_ERROR_SENDER);
	assert_int_equal(mls_secret_tree_create(pair->secrets.encryption, 0, &tree),
			 -MLS_ERROR_LIMIT);
	assert_int_equal(mls_secret_tree_create(pair->secrets.encryption, 512, &tree),
			 -MLS_ERROR_LIMIT);
	assert_int_equal(mls_secret_tree_create(pair->secrets.encryption, 256, &tree), 0);
	assert_int_equal(mls_secret_tree_next(tree, 255, MLS_RATCHET_APPLICATION, &key), 0);
	assert_int_equal(key.generation, 0);
	assert_int_equal(mls_secret_tree_next(tree, 255, MLS_RATCHET_APPLICATION, &key), 0);
	assert_int_equal(key.generation, 1);
	mls_secret_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_opens_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forgery_spoils_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own_message_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_epoch_or_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signature, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lengths_are_classes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_skipping_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaves, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("mls_protect", tests, NULL, NULL);
}
