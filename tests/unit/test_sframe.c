/* SFrame beyond the published vectors: headers that are refused, replays, and a meeting's keys. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/mls_crypto.h"
#include "e2ee/sframe_session.h"
#include "e2ee/sframe_window.h"
#include "tests/fake/fake_alloc.h"

#define SECOND_US INT64_C(1000000)
#define LEAVES 4
#define MESSAGE_BYTES 256

static const char metadata[] = "header of the object";
static const char plaintext[] = "a frame";

static void test_headers_refused(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t length;
	} rows[] = {
		{{0}, 0},
		{{0x80, 7}, 2},       /* a KID that fits into the first byte */
		{{0x90, 0, 9}, 3},    /* a leading zero */
		{{0x08, 7}, 2},       /* a counter that fits into the first byte */
		{{0x09, 0, 255}, 3},  /* a leading zero */
		{{0x80}, 1},          /* cut short */
		{{0x90, 9}, 2},       /* likewise */
		{{0x88, 9}, 2},       /* KID whole, counter cut short */
		{{0xf0, 1, 2, 3}, 4}, /* eight bytes told, three there */
	};
	struct sframe_header header = {.kid = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (sframe_header_read(rows[i].bytes, rows[i].length, &header) != -EBADMSG)
			fail_msg("header %zu", i);
	assert_int_equal(header.kid, 7);
}

static void test_window(void **state)
{
	static const struct {
		uint64_t counter;
		bool is_new;
	} rows[] = {
		{5, true},           {5, false},    {4, true},    {4, false},         {0, true},
		{6, true},           {1028, true},  {5, false},   {7, true},          {7, false},
		{6, false},          {1027, true},  {5000, true}, {3976, false},      {3977, true},
		{3977, false},       {1028, false}, {4999, true}, {UINT64_MAX, true}, {5000, false},
		{UINT64_MAX, false},
	};
	struct sframe_window window = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (sframe_window_is_new(&window, rows[i].counter) != rows[i].is_new)
			fail_msg("row %zu", i);
		if (rows[i].is_new)
			sframe_window_take(&window, rows[i].counter);
	}
}

static struct sframe_epoch epoch_of(uint64_t number, uint32_t own_leaf)
{
	struct sframe_epoch epoch = {.number = number, .n_leaves = LEAVES, .own_leaf = own_leaf};

	memset(epoch.base_key, (int)number, sizeof(epoch.base_key));
	return epoch;
}

static void begin(struct sframe_session *session, uint64_t number, uint32_t own_leaf,
		  int64_t now_us)
{
	struct sframe_epoch epoch = epoch_of(number, own_leaf);

	assert_int_equal(sframe_session_begin(session, &epoch, now_us), 0);
}

static struct sframe_session *session_at(uint64_t number, uint32_t own_leaf)
{
	struct sframe_session *session;

	assert_int_equal(sframe_session_create(SFRAME_AES_128_GCM_SHA256_128, &session), 0);
	begin(session, number, own_leaf, 0);
	return session;
}

static size_t seal(struct sframe_session *session, enum sframe_context context, uint8_t *message)
{
	size_t length;

	assert_int_equal(sframe_session_seal(session, context, metadata, sizeof(metadata),
					     plaintext, sizeof(plaintext), message, &length),
			 0);
	return length;
}

static int open_at(struct sframe_session *session, int64_t now_us, const uint8_t *message,
		   size_t length, struct sframe_source *ret_source)
{
	uint8_t opened[MESSAGE_BYTES];
	size_t opened_length;
	int r = sframe_session_open(session, now_us, metadata, sizeof(metadata), message, length,
				    opened, &opened_length, ret_source);

	if (r == 0) {
		assert_int_equal(opened_length, sizeof(plaintext));
		assert_memory_equal(opened, plaintext, sizeof(plaintext));
	}
	return r;
}

static void test_each_context_and_leaf(void **state)
{
	struct sframe_session *receiver = session_at(3, 0);
	uint8_t message[MESSAGE_BYTES];
	struct sframe_source source;

	(void)state;
	for (uint32_t leaf = 1; leaf < LEAVES; leaf++) {
		struct sframe_session *sender = session_at(3, leaf);

		for (int i = 0; i < 2 * SFRAME_CONTEXTS; i++) {
			enum sframe_context context = (enum sframe_context)(i % SFRAME_CONTEXTS);
			size_t length = seal(sender, context, message);

			assert_int_equal(open_at(receiver, 0, message, length, &source), 0);
			assert_int_equal(source.leaf, leaf);
			assert_int_equal(source.context, context);
			assert_int_equal(source.epoch, 3);
			assert_int_equal(open_at(receiver, 0, message, length, &source), -EALREADY);
		}
		sframe_session_destroy(sender);
	}
	sframe_session_destroy(receiver);
}

/* One bit of anything changed: nothing opens, and the true frame still does. */
static void test_forgeries(void **state)
{
	struct sframe_session *sender = session_at(3, 1);
	struct sframe_session *receiver = session_at(3, 0);
	uint8_t message[MESSAGE_BYTES];
	uint8_t opened[MESSAGE_BYTES];
	size_t length = seal(sender, SFRAME_CAMERA, message);
	struct sframe_source source;
	size_t n;

	(void)state;
	for (size_t bit = 0; bit < 8 * length; bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(open_at(receiver, 0, message, length, &source) < 0);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t shorter = 0; shorter < length; shorter++)
		assert_true(open_at(receiver, 0, message, shorter, &source) < 0);
	assert_int_equal(sframe_session_open(receiver, 0, "other", 5, message, length, opened, &n,
					     &source),
			 -EBADMSG);
	assert_int_equal(open_at(receiver, 0, message, length, &source), 0);
	sframe_session_destroy(sender);
	sframe_session_destroy(receiver);
}

static void test_own_frames_are_refused(void **state)
{
	struct sframe_session *session = session_at(3, 2);
	uint8_t message[MESSAGE_BYTES];
	size_t length = seal(session, SFRAME_SOUND, message);
	struct sframe_source source;

	(void)state;
	assert_int_equal(open_at(session, 0, message, length, &source), -EALREADY);
	sframe_session_destroy(session);
}

static void test_epoch_before_lives_ten_seconds(void **state)
{
	struct sframe_session *sender = session_at(3, 1);
	struct sframe_session *receiver = session_at(3, 0);
	uint8_t message[3][MESSAGE_BYTES];
	size_t length[3];
	struct sframe_source source;

	(void)state;
	for (int i = 0; i < 3; i++)
		length[i] = seal(sender, SFRAME_SOUND, message[i]);
	begin(receiver, 4, 0, 100 * SECOND_US);
	assert_int_equal(open_at(receiver, 100 * SECOND_US, message[0], length[0], &source), 0);
	assert_int_equal(source.epoch, 3);
	assert_int_equal(open_at(receiver, 110 * SECOND_US - 1, message[1], length[1], &source), 0);
	assert_int_equal(open_at(receiver, 110 * SECOND_US, message[2], length[2], &source),
			 -ESTALE);
	sframe_session_destroy(sender);
	sframe_session_destroy(receiver);
}

static void test_newer_epoch_has_no_key_yet(void **state)
{
	struct sframe_session *receiver = session_at(3, 0);

	(void)state;
	for (uint64_t number = 4; number < 11; number++) {
		struct sframe_session *sender = session_at(number, 1);
		uint8_t message[MESSAGE_BYTES];
		size_t length = seal(sender, SFRAME_SOUND, message);
		struct sframe_source source;

		assert_int_equal(open_at(receiver, 3, message, length, &source), -ENOKEY);
		sframe_session_destroy(sender);
	}
	sframe_session_destroy(receiver);
}

/* Never more than two epochs, and none under the low bits of another. */
static void test_third_epoch_ends_the_first(void **state)
{
	static const uint64_t numbers[] = {4, 5, 19};
	struct sframe_session *sender = session_at(3, 1);
	struct sframe_session *receiver = session_at(3, 0);
	uint8_t message[MESSAGE_BYTES];
	size_t length = seal(sender, SFRAME_SOUND, message);
	struct sframe_source source;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		begin(receiver, numbers[i], 0, (int64_t)i);
	assert_int_equal(open_at(receiver, 3, message, length, &source), -EBADMSG);
	sframe_session_destroy(sender);
	sframe_session_destroy(receiver);
}

static void test_epochs_refused(void **state)
{
	struct sframe_session *session = session_at(3, 1);
	struct sframe_epoch epoch = epoch_of(3, 1);

	(void)state;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EALREADY);
	epoch.number = 2;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EALREADY);
	epoch = epoch_of(4, LEAVES);
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EINVAL);
	epoch = epoch_of(4, 0);
	epoch.n_leaves = 3;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EINVAL);
	epoch.n_leaves = 512;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EINVAL);
	epoch.n_leaves = 0;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), -EINVAL);
	sframe_session_destroy(session);
}

static void test_no_epoch(void **state)
{
	static const uint8_t frame[64] = {0x30};
	struct sframe_session *session;
	struct sframe_source source;
	uint8_t message[MESSAGE_BYTES];
	size_t length;

	(void)state;
	assert_int_equal(sframe_session_create(SFRAME_AES_256_GCM_SHA512_128, &session), 0);
	assert_int_equal(sframe_session_seal(session, SFRAME_SOUND, NULL, 0, plaintext, 7, message,
					     &length),
			 -ENOKEY);
	assert_int_equal(open_at(session, 0, frame, sizeof(frame), &source), -ENOKEY);
	sframe_session_destroy(session);
}

static void test_alone_and_full(void **state)
{
	struct sframe_epoch epoch = {.number = UINT64_MAX, .n_leaves = 1};
	struct sframe_session *session;
	struct sframe_source source;
	uint8_t message[MESSAGE_BYTES] = {0};
	struct sframe_session *sender;
	size_t length;

	(void)state;
	assert_int_equal(sframe_session_create(SFRAME_AES_128_GCM_SHA256_128, &session), 0);
	epoch.number = 1;
	assert_int_equal(sframe_session_begin(session, &epoch, 0), 0);
	epoch = (struct sframe_epoch){.number = UINT64_MAX, .n_leaves = 256, .own_leaf = 0};
	assert_int_equal(sframe_session_begin(session, &epoch, 0), 0);
	assert_int_equal(sframe_session_create(SFRAME_AES_128_GCM_SHA256_128, &sender), 0);
	epoch.own_leaf = 255;
	assert_int_equal(sframe_session_begin(sender, &epoch, 0), 0);
	length = seal(sender, SFRAME_CONTROL, message);
	assert_int_equal(open_at(session, 0, message, length, &source), 0);
	assert_int_equal(source.leaf, 255);
	sframe_session_destroy(sender);
	sframe_session_destroy(session);
}

static void test_too_much_metadata(void **state)
{
	static const uint8_t much[SFRAME_METADATA_BYTES_MAX + 1];
	struct sframe_session *session = session_at(3, 1);
	uint8_t message[MESSAGE_BYTES];
	size_t length;

	(void)state;
	assert_int_equal(sframe_session_seal(session, SFRAME_SOUND, much, sizeof(much), "", 0,
					     message, &length),
			 -EMSGSIZE);
	assert_int_equal(sframe_session_seal(session, SFRAME_SOUND, much, sizeof(much) - 1, "", 0,
					     message, &length),
			 0);
	sframe_session_destroy(session);
}

static void test_without_memory(void **state)
{
	struct sframe_session *sender = session_at(3, 1);
	struct sframe_session *receiver = NULL;
	struct sframe_epoch epoch = epoch_of(3, 0);
	uint8_t message[MESSAGE_BYTES];
	size_t length = seal(sender, SFRAME_SOUND, message);
	struct sframe_source source;
	int r;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = sframe_session_create(SFRAME_AES_128_GCM_SHA256_128, &receiver);
		if (r == 0)
			r = sframe_session_begin(receiver, &epoch, 0);
		if (r == 0)
			r = open_at(receiver, 0, message, length, &source);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		sframe_session_destroy(receiver);
		receiver = NULL;
	}
	assert_int_equal(r, 0);
	sframe_session_destroy(receiver);
	sframe_session_destroy(sender);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_refused),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_each_context_and_leaf),
		cmocka_unit_test(test_forgeries),
		cmocka_unit_test(test_own_frames_are_refused),
		cmocka_unit_test(test_epoch_before_lives_ten_seconds),
		cmocka_unit_test(test_newer_epoch_has_no_key_yet),
		cmocka_unit_test(test_third_epoch_ends_the_first),
		cmocka_unit_test(test_epochs_refused),
		cmocka_unit_test(test_no_epoch),
		cmocka_unit_test(test_alone_and_full),
		cmocka_unit_test(test_too_much_metadata),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests_name("sframe", tests, set_up, NULL);
}
