/* What a knock, the meeting code and what members tell one another look like. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/call_tell.h"
#include "e2ee/knock.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/hex.h"

static const struct mls_bytes meeting = {(const uint8_t *)"meeting", 7};

struct knock {
	struct mls_key_pair door;
	struct mls_writer sealed;
	struct mls_writer opened;
};

static void knock_init(struct knock *knock)
{
	assert_int_equal(mls_key_pair_generate(&knock->door), 0);
	mls_writer_init(&knock->sealed, KNOCK_BYTES_MAX);
	mls_writer_init(&knock->opened, KNOCK_BYTES_MAX);
}

static void knock_finish(struct knock *knock)
{
	mls_writer_finish(&knock->sealed);
	mls_writer_finish(&knock->opened);
}

static int seal(struct knock *knock, const void *package, size_t length)
{
	mls_writer_finish(&knock->sealed);
	return knock_seal(knock->door.public_key, meeting, (struct mls_bytes){package, length},
			  &knock->sealed);
}

static int open_with(struct knock *knock, const struct mls_key_pair *pair, struct mls_bytes name)
{
	mls_writer_finish(&knock->opened);
	return knock_open(pair, name, mls_writer_bytes(&knock->sealed), &knock->opened);
}

/* Its length tells the key package's to a KiB, and no more. */
static void test_lengths(void **state)
{
	static const struct {
		size_t package;
		size_t steps; /* 0: it is too long */
	} rows[] = {
		{0, 1},    {1, 1},    {1022, 1},   {1023, 2},  {2046, 2},
		{2047, 3}, {4096, 5}, {15358, 15}, {15359, 0}, {20000, 0},
	};
	static uint8_t package[20000];
	struct knock knock;

	(void)state;
	memset(package, 0x5a, sizeof(package));
	knock_init(&knock);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = seal(&knock, package, rows[i].package);

		if (rows[i].steps == 0) {
			assert_int_equal(r, -MLS_ERROR_LIMIT);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(knock.sealed.length, 65 + rows[i].steps * 1024 + 16);
		assert_int_equal(open_with(&knock, &knock.door, meeting), 0);
		assert_int_equal(knock.opened.length, rows[i].package);
		if (rows[i].package > 0)
			assert_memory_equal(knock.opened.data, package, rows[i].package);
	}
	knock_finish(&knock);
}

static void test_refused(void **state)
{
	struct mls_bytes other = {(const uint8_t *)"another", 7};
	struct mls_key_pair pair;
	struct knock knock;

	(void)state;
	knock_init(&knock);
	assert_int_equal(mls_key_pair_generate(&pair), 0);
	assert_int_equal(seal(&knock, "package", 7), 0);
	assert_int_equal(open_with(&knock, &pair, meeting), -MLS_ERROR_DECRYPT);
	assert_int_equal(open_with(&knock, &knock.door, other), -MLS_ERROR_DECRYPT);
	for (size_t at = 0; at < knock.sealed.length; at += 31) {
		knock.sealed.data[at] ^= 0x80;
		assert_int_equal(open_with(&knock, &knock.door, meeting), -MLS_ERROR_DECRYPT);
		knock.sealed.data[at] ^= 0x80;
	}
	knock.sealed.length--;
	assert_int_equal(open_with(&knock, &knock.door, meeting), -MLS_ERROR_LENGTH);
	knock.sealed.length = KNOCK_ADDED_BYTES;
	assert_int_equal(open_with(&knock, &knock.door, meeting), -MLS_ERROR_LIMIT);
	knock.door.public_key[64] ^= 1;
	assert_int_equal(seal(&knock, "package", 7), -EINVAL);
	knock_finish(&knock);
}

static void test_memory(void **state)
{
	struct knock knock;
	int r;

	(void)state;
	knock_init(&knock);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = seal(&knock, "package", 7);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = open_with(&knock, &knock.door, meeting);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	knock_finish(&knock);
}

static void test_code(void **state)
{
	static const struct {
		const char *authenticator;
		const char *code;
	} rows[] = {
		{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		 "09060 60585 12110 63635 15160 66685"},
		{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		 "27775 27775 27775 27775 27775 27775"},
		{"2738c67e80b0c362446ce5737ccc6115bd9af66b92545f9174bdc12a36a643fd",
		 "57152 41260 69409 62667 74516 88134"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t authenticator[MLS_HASH_BYTES];
		char code[MEETING_CODE_BYTES];

		assert_int_equal(hex_read(rows[i].authenticator, authenticator,
					  sizeof(authenticator)),
				 sizeof(authenticator));
		meeting_code(authenticator, code);
		assert_string_equal(code, rows[i].code);
	}
}

static void test_tell(void **state)
{
	static const struct {
		const char *told;
		size_t length;
		int error;
	} rows[] = {
		{"\1\0\7\3\4Tamu", 9, 0},
		{"\1\0\7\3\0", 5, 0},
		{"", 0, MLS_ERROR_TRUNCATED},
		{"\1\0\7\3\4Tam", 8, MLS_ERROR_TRUNCATED},
		{"\1\0\7\3\4Tamu!", 10, MLS_ERROR_TRAILING},
		{"\2\0\7\3\4Tamu", 9, MLS_ERROR_VALUE},
		{"\1\0\7\0\4Tamu", 9, MLS_ERROR_VALUE},
		{"\1\0\7\7\4Tamu", 9, MLS_ERROR_VALUE},
		{"\1\0\7\3\4T\nmu", 9, MLS_ERROR_VALUE},
		{"\1\0\7\3\2\xc3\x28", 7, MLS_ERROR_VALUE},
	};
	struct call_refusal refusal = {.number = 9};
	struct mls_writer writer;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mls_bytes told = {(const uint8_t *)rows[i].told, rows[i].length};

		assert_int_equal(call_tell_read(told, &refusal), -rows[i].error);
	}
	refusal = (struct call_refusal){.number = 7, .reason = CALL_REASON_REVOKED, .name = "Tamu"};
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	call_tell_write(&writer, &refusal);
	assert_int_equal(writer.length, rows[0].length);
	assert_memory_equal(writer.data, rows[0].told, rows[0].length);
	mls_writer_finish(&writer);
}

/* Each reason has a text, and those of a refusal a word that leads back to them. */
static void test_reasons(void **state)
{
	enum call_reason found;

	(void)state;
	for (int i = CALL_REASON_NONE; i <= CALL_REASON_MISSED; i++) {
		const char *word = call_reason_word((enum call_reason)i);

		assert_true(strlen(call_reason_text((enum call_reason)i)) > 10);
		if (i < CALL_REASON_CERTIFICATE || i > CALL_REASON_FULL) {
			assert_null(word);
			continue;
		}
		assert_true(call_reason_from_word(word, &found));
		assert_int_equal(found, i);
	}
	assert_false(call_reason_from_word("", &found));
	assert_false(call_reason_from_word("nothing", &found));
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_memory),  cmocka_unit_test(test_code),
		cmocka_unit_test(test_tell),    cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
