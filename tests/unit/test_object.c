#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "meeting/object.h"

#define LENGTH (OBJECT_HEADER_BYTES + 1)

static const uint8_t wire[LENGTH] = {
	1, 1, 0x12, 0x34, 2,    3,    0,    0,    0x01, 0x02, 0x03, 0x04, 0,
	0, 0, 0,    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xaa,
};

static const struct object_header header = {
	.flags = OBJECT_KEY,
	.track = 0x1234,
	.layer = 2,
	.priority = 3,
	.group = 0x01020304,
	.object = 0,
	.capture_us = 0x0001020304050607,
};

static void assert_same(const struct object_header *a, const struct object_header *b)
{
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->track, b->track);
	assert_int_equal(a->layer, b->layer);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->group, b->group);
	assert_int_equal(a->object, b->object);
	assert_true(a->capture_us == b->capture_us);
}

static void test_parse(void **state)
{
	struct object_header parsed;

	(void)state;
	assert_int_equal(object_parse(wire, sizeof(wire), &parsed), OBJECT_OK);
	assert_same(&parsed, &header);
}

static void test_write(void **state)
{
	uint8_t written[OBJECT_HEADER_BYTES];

	(void)state;
	memset(written, 0xff, sizeof(written));
	object_write(&header, written);
	assert_memory_equal(written, wire, OBJECT_HEADER_BYTES);
}

static void test_truncated(void **state)
{
	struct object_header parsed = {.track = 7};
	size_t length;

	(void)state;
	for (length = 0; length <= OBJECT_HEADER_BYTES; length++) {
		assert_int_equal(object_parse(wire, length, &parsed), OBJECT_TRUNCATED);
		assert_int_equal(parsed.track, 7);
	}
}

/* One byte of the good header changed. */
static void test_fields(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum object_error error;
	} rows[] = {
		{0, 0, OBJECT_BAD_VERSION},
		{0, 2, OBJECT_BAD_VERSION},
		{1, 3, OBJECT_BAD_FIELD},
		{1, 0x81, OBJECT_BAD_FIELD},
		{1, 0, OBJECT_BAD_FIELD},
		{15, 1, OBJECT_BAD_FIELD},
		{2, 0, OBJECT_OK},
		{3, 0, OBJECT_OK},
		{4, 3, OBJECT_BAD_FIELD},
		{4, 4, OBJECT_BAD_FIELD},
		{4, 255, OBJECT_BAD_FIELD},
		{5, 0, OBJECT_OK},
		{5, 1, OBJECT_BAD_FIELD},
		{5, 255, OBJECT_BAD_FIELD},
		{6, 1, OBJECT_BAD_FIELD},
		{7, 1, OBJECT_BAD_FIELD},
		{8, 255, OBJECT_OK},
		{16, 0x7f, OBJECT_OK},
		{16, 0x80, OBJECT_BAD_FIELD},
	};
	struct object_header parsed;
	uint8_t message[LENGTH];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(message, wire, sizeof(message));
		message[rows[i].at] = rows[i].value;
		if (object_parse(message, sizeof(message), &parsed) != rows[i].error)
			fail_msg("byte %zu = %u", rows[i].at, rows[i].value);
	}
}

static void test_track_zero(void **state)
{
	struct object_header parsed;
	uint8_t message[LENGTH];

	(void)state;
	memcpy(message, wire, sizeof(message));
	message[2] = message[3] = 0;
	assert_int_equal(object_parse(message, sizeof(message), &parsed), OBJECT_BAD_FIELD);
}

static void test_round_trip_of_later_object(void **state)
{
	struct object_header later = header;
	struct object_header parsed;
	uint8_t message[LENGTH] = {0};

	(void)state;
	later.flags = 0;
	later.object = UINT32_MAX;
	later.group = UINT32_MAX;
	later.capture_us = INT64_MAX;
	object_write(&later, message);
	assert_int_equal(object_parse(message, sizeof(message), &parsed), OBJECT_OK);
	assert_same(&parsed, &later);
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(object_error_text(OBJECT_TRUNCATED), "truncated header");
	assert_string_equal(object_error_text(OBJECT_BAD_VERSION), "unknown version");
	assert_string_equal(object_error_text(OBJECT_BAD_FIELD), "header field out of range");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_track_zero),
		cmocka_unit_test(test_round_trip_of_later_object),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
