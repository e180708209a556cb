#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"

/* RFC 4648, section 10, without the padding; then both digits that are base64url's own. */
static const struct {
	const char *bytes;
	const char *text;
} pairs[] = {
	{"", ""},
	{"f", "Zg"},
	{"fo", "Zm8"},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg"},
	{"fooba", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff", "-_8"},
	{"\xff\xff\xff", "____"},
	{"\xfb\xef\xbe", "----"},
};

static void test_pairs(void **state)
{
	uint8_t bytes[8];
	char text[16];
	size_t length, i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		length = strlen(pairs[i].bytes);
		base64url_encode((const uint8_t *)pairs[i].bytes, length, text);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(BASE64URL_TEXT_LENGTH(length), strlen(text));
		assert_int_equal(base64url_decode(text, strlen(text), bytes, sizeof(bytes),
						  &length),
				 0);
		assert_int_equal(length, strlen(pairs[i].bytes));
		assert_memory_equal(bytes, pairs[i].bytes, length);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"Z",             /* no bytes have this length */
		"Zm9vY", "Zg==", /* padding */
		"Zm8=",  "Zh",   /* bits that are not zero: one bit, then the next one up */
		"Zo",    "Zm9",  "Zm-",   "+_8A",               /* base64's own digits */
		"-/8A",  "Zm 9", "Zm\n9", "Zm\xc3\xa4", "@@@@", /* beside each range of digits */
		"[[[[",  "````", "{{{{",  "::::",
	};
	uint8_t bytes[8] = {0};
	size_t length = 77, i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (base64url_decode(texts[i], strlen(texts[i]), bytes, sizeof(bytes), &length) !=
		    -EINVAL)
			fail_msg("%s was taken", texts[i]);
		assert_int_equal(base64url_check(texts[i], strlen(texts[i]), &length), -EINVAL);
	}
	assert_int_equal(base64url_check("Zm9v\0Zm9", 8, &length), -EINVAL);
	assert_int_equal(length, 77);
}

static void test_size(void **state)
{
	uint8_t bytes[4] = {1, 2, 3, 4};
	size_t length = 77;

	(void)state;
	assert_int_equal(base64url_decode("Zm9v", 4, bytes, 2, &length), -EMSGSIZE);
	assert_int_equal(length, 77);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(base64url_decode("Zm9v", 4, bytes, 3, &length), 0);
	assert_int_equal(length, 3);
	assert_int_equal(bytes[3], 4);
}

/* All lengths up to 300, each value of a byte in each place of three. */
static void test_round_trip(void **state)
{
	uint8_t bytes[300], back[300];
	char text[BASE64URL_TEXT_LENGTH(sizeof(bytes)) + 1];
	size_t length, checked, decoded, i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 85);
	for (length = 0; length <= sizeof(bytes); length++) {
		base64url_encode(bytes, length, text);
		assert_int_equal(strlen(text), BASE64URL_TEXT_LENGTH(length));
		assert_int_equal(base64url_check(text, strlen(text), &checked), 0);
		assert_int_equal(base64url_decode(text, strlen(text), back, sizeof(back), &decoded),
				 0);
		assert_int_equal(checked, length);
		assert_int_equal(decoded, length);
		assert_memory_equal(back, bytes, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
