#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/mls_frame.h"
#include "tests/fake/fake_alloc.h"

#define BYTES(...) {(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})}

static void test_lengths(void **state)
{
	const struct {
		struct mls_bytes bytes;
		uint32_t length;
		int fault;
		size_t at;
	} rows[] = {
		{BYTES(0x00), 0, 0, 0},
		{BYTES(0x3f), 63, 0, 0},
		{BYTES(0x40, 0x40), 64, 0, 0},
		{BYTES(0x7f, 0xff), 16383, 0, 0},
		{BYTES(0x80, 0, 0x40, 0), 16384, 0, 0},
		{BYTES(0xbf, 0xff, 0xff, 0xff), (1U << 30) - 1, 0, 0},
		{BYTES(0x40, 0x3f), 0, MLS_ERROR_LENGTH, 0},
		{BYTES(0x80, 0, 0x3f, 0xff), 0, MLS_ERROR_LENGTH, 0},
		{BYTES(0xc0, 0, 0, 0, 0, 0, 0, 0), 0, MLS_ERROR_LENGTH, 0},
		{BYTES(0x40), 0, MLS_ERROR_TRUNCATED, 1},
		{BYTES(0x80, 0, 0x40), 0, MLS_ERROR_TRUNCATED, 3},
		{BYTES(0x00, 0x00), 0, MLS_ERROR_TRAILING, 1},
	};
	struct mls_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mls_reader_init(&reader, rows[i].bytes);
		assert_int_equal(mls_read_length(&reader), rows[i].length);
		assert_int_equal(mls_reader_close(&reader), -rows[i].fault);
		assert_int_equal(reader.fault_at, rows[i].at);
	}
}

/* The first fault stays, and nothing is read after it. */
static void test_sticky(void **state)
{
	struct mls_bytes bytes = BYTES(3, 1, 2, 5, 9);
	struct mls_reader reader;
	size_t end;

	(void)state;
	mls_reader_init(&reader, bytes);
	end = mls_reader_enter(&reader);
	assert_int_equal(mls_read_u8(&reader), 1);
	assert_int_equal(mls_read_u16(&reader), 0x0205);
	assert_false(mls_reader_more(&reader));
	assert_int_equal(mls_read_u32(&reader), 0);
	assert_int_equal(reader.fault_at, 4);
	mls_reader_leave(&reader, end);
	assert_int_equal(mls_read_u8(&reader), 0);
	assert_int_equal(mls_reader_close(&reader), -MLS_ERROR_TRUNCATED);

	mls_reader_init(&reader, bytes);
	end = mls_reader_enter(&reader);
	mls_reader_leave(&reader, end);
	assert_int_equal(reader.fault, -MLS_ERROR_TRAILING);
	assert_int_equal(reader.fault_at, 1);
}

/* A vector is as long as it says, however long that is. */
static void test_nested(void **state)
{
	static const size_t lengths[] = {0, 1, 63, 64, 300, 16383, 16384, 40000};
	uint8_t content[40000];
	struct mls_reader reader;
	struct mls_writer writer;

	(void)state;
	memset(content, 0x5a, sizeof(content));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct mls_bytes read;
		size_t begin, end;

		mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
		begin = mls_writer_begin(&writer);
		mls_write_vector(&writer, content, lengths[i]);
		mls_write_u64(&writer, UINT64_MAX - i);
		mls_writer_end(&writer, begin);
		mls_reader_init(&reader, mls_writer_bytes(&writer));
		end = mls_reader_enter(&reader);
		read = mls_read_vector(&reader);
		assert_true(mls_bytes_equal(read, (struct mls_bytes){content, lengths[i]}));
		assert_true(mls_read_u64(&reader) == UINT64_MAX - i);
		mls_reader_leave(&reader, end);
		assert_int_equal(mls_reader_close(&reader), 0);
		mls_writer_finish(&writer);
	}
}

static void test_writer_limits(void **state)
{
	struct mls_writer writer;

	(void)state;
	mls_writer_init(&writer, 8);
	mls_write_u64(&writer, 1);
	assert_int_equal(writer.fault, 0);
	mls_write_u8(&writer, 1);
	assert_int_equal(writer.fault, -MLS_ERROR_LIMIT);
	assert_int_equal(mls_writer_bytes(&writer).length, 0);
	mls_writer_finish(&writer);
	assert_int_equal(writer.fault, 0);

	fake_alloc_arm(1);
	mls_write_u8(&writer, 1);
	assert_true(fake_alloc_disarm());
	assert_int_equal(writer.fault, -ENOMEM);
	mls_writer_finish(&writer);
}

/* What one byte more or another value makes of a struct. */
static void test_structs(void **state)
{
	const struct {
		struct mls_bytes message;
		int fault;
	} rows[] = {
		{BYTES(0, 2, 0, 5), MLS_ERROR_VERSION},
		{BYTES(0, 1, 0, 6), MLS_ERROR_VALUE},
		{BYTES(0, 1, 0, 3, 0, 2, 0, 0), 0},
		{BYTES(0, 1, 0, 3, 0, 2, 0, 0, 0), MLS_ERROR_TRAILING},
		{BYTES(0, 1, 0, 3, 0, 2, 2, 0, 0, 0), MLS_ERROR_TRUNCATED},
		{BYTES(0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), 0},
		{BYTES(0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0), MLS_ERROR_VALUE},
		/* a leaf's credential of an unknown type */
		{BYTES(0, 1, 0, 5, 0, 1, 0, 2, 0, 0, 0, 0, 3), MLS_ERROR_UNSUPPORTED},
		/* half a uint16 in its capabilities */
		{BYTES(0, 1, 0, 5, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 1, 1), MLS_ERROR_LENGTH},
	};
	struct mls_message message;
	struct mls_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mls_reader_init(&reader, rows[i].message);
		mls_message_read(&reader, &message);
		assert_int_equal(mls_reader_close(&reader), -rows[i].fault);
	}
}

static void test_extensions(void **state)
{
	const struct {
		struct mls_bytes bytes;
		int fault;
	} rows[] = {
		{BYTES(0), 0},
		{BYTES(7, 0, 1, 0, 0, 2, 1, 9), 0},
		{BYTES(6, 0, 1, 0, 0, 1, 0), MLS_ERROR_VALUE},
		{BYTES(3, 0, 1, 1), MLS_ERROR_TRUNCATED},
	};
	struct mls_bytes extensions, data;
	struct mls_reader reader;
	struct mls_writer writer;
	size_t begin;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mls_reader_init(&reader, rows[i].bytes);
		extensions = mls_extensions_read(&reader);
		assert_int_equal(mls_reader_close(&reader), -rows[i].fault);
		if (i == 1) {
			assert_true(mls_extension_find(extensions, 2, &data));
			assert_int_equal(data.length, 1);
			assert_int_equal(data.data[0], 9);
			assert_false(mls_extension_find(extensions, 3, &data));
		}
	}
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	begin = mls_writer_begin(&writer);
	for (uint16_t type = 0; type <= MLS_EXTENSIONS_MAX; type++)
		mls_extension_write(&writer, type, (struct mls_bytes){0});
	mls_writer_end(&writer, begin);
	mls_reader_init(&reader, mls_writer_bytes(&writer));
	mls_extensions_read(&reader);
	assert_int_equal(reader.fault, -MLS_ERROR_LIMIT);
	mls_writer_finish(&writer);
}

/* One over a limit of a commit. */
static void test_commit_limits(void **state)
{
	struct mls_commit commit;
	struct mls_reader reader;
	struct mls_writer writer;
	size_t begin;

	(void)state;
	for (size_t n = MLS_PROPOSALS_MAX; n <= MLS_PROPOSALS_MAX + 1; n++) {
		mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
		begin = mls_writer_begin(&writer);
		for (size_t i = 0; i < n; i++) {
			mls_write_u8(&writer, 2);
			mls_write_u8(&writer, 0);
		}
		mls_writer_end(&writer, begin);
		mls_write_u8(&writer, 0);
		mls_reader_init(&reader, mls_writer_bytes(&writer));
		mls_commit_read(&reader, &commit);
		assert_int_equal(mls_reader_close(&reader),
				 n > MLS_PROPOSALS_MAX ? -MLS_ERROR_LIMIT : 0);
		mls_writer_finish(&writer);
	}
}

static void test_error_texts(void **state)
{
	(void)state;
	for (int error = MLS_ERROR_TRUNCATED; error <= MLS_ERROR_UNSUPPORTED; error++)
		assert_null(strstr(mls_error_text(-error), "Unknown error"));
	assert_string_equal(mls_error_text(-MLS_ERROR_SIGNATURE), "wrong signature");
	assert_string_equal(mls_error_text(-ENOMEM), strerror(ENOMEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),       cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_nested),        cmocka_unit_test(test_writer_limits),
		cmocka_unit_test(test_structs),       cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_commit_limits), cmocka_unit_test(test_error_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
