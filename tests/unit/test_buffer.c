/* base/buffer: growth up to the maximum and not beyond, big-endian numbers, lack of memory. */
#include "base/buffer.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void grows_to_the_maximum_exactly(void **state)
{
	static const size_t maxima[] = {1, 255, 256, 257, 1000, 65536, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		struct buffer buffer;

		buffer_init(&buffer, maxima[i]);
		for (size_t j = 0; j < maxima[i]; j++) {
			uint8_t byte = (uint8_t)(j * 7);

			assert_int_equal(buffer_append(&buffer, &byte, 1), 0);
			assert_in_range(buffer.size, buffer.length, maxima[i]);
		}
		assert_int_equal(buffer_append(&buffer, "x", 1), -EMSGSIZE);
		assert_int_equal(buffer.length, maxima[i]);
		for (size_t j = 0; j < maxima[i]; j++)
			assert_int_equal(buffer.data[j], (uint8_t)(j * 7));
		buffer_finish(&buffer);
		assert_null(buffer.data);
		assert_int_equal(buffer.length, 0);
	}
}

static void refuses_what_is_too_long_at_once(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 10);
	assert_int_equal(buffer_append(&buffer, "12345678901", 11), -EMSGSIZE);
	assert_int_equal(buffer_append(&buffer, "", SIZE_MAX), -EMSGSIZE);
	assert_int_equal(buffer.length, 0);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_null(buffer.data);

	buffer_init(&buffer, 0);
	assert_int_equal(buffer_append(&buffer, "x", 1), -EMSGSIZE);
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	buffer_finish(&buffer);
}

static void clear_keeps_the_allocation(void **state)
{
	struct buffer buffer;
	const uint8_t *data;

	(void)state;
	buffer_init(&buffer, 1000);
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	data = buffer.data;
	buffer_clear(&buffer);
	assert_int_equal(buffer.length, 0);
	assert_int_equal(buffer_append(&buffer, "de", 2), 0);
	assert_ptr_equal(buffer.data, data);
	assert_memory_equal(buffer.data, "de", 2);
	buffer_finish(&buffer);
}

static void numbers_are_big_endian(void **state)
{
	static const uint8_t bytes[] = {0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};
	uint8_t written[8];

	(void)state;
	assert_int_equal(buffer_get_u16(bytes), 0x8192);
	assert_int_equal(buffer_get_u32(bytes), 0x8192a3b4);
	assert_true(buffer_get_u64(bytes) == UINT64_C(0x8192a3b4c5d6e7f8));
	buffer_put_u64(written, UINT64_C(0x8192a3b4c5d6e7f8));
	assert_memory_equal(written, bytes, 8);
	memset(written, 0, sizeof(written));
	buffer_put_u32(written, 0x8192a3b4);
	assert_memory_equal(written, bytes, 4);
	assert_int_equal(written[4], 0);
	memset(written, 0, sizeof(written));
	buffer_put_u16(written, 0x8192);
	assert_memory_equal(written, bytes, 2);
	assert_int_equal(written[2], 0);
}

static void out_of_memory_adds_nothing(void **state)
{
	struct buffer buffer;
	uint8_t bytes[300] = {0};

	(void)state;
	buffer_init(&buffer, 1000);
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	fake_alloc_arm(1);
	assert_int_equal(buffer_append(&buffer, bytes, sizeof(bytes)), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	assert_int_equal(buffer_append(&buffer, bytes, sizeof(bytes)), 0);
	assert_int_equal(buffer.length, 303);
	buffer_finish(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_the_maximum_exactly),
		cmocka_unit_test(refuses_what_is_too_long_at_once),
		cmocka_unit_test(clear_keeps_the_allocation),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(out_of_memory_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
