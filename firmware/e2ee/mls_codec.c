#include "e2ee/mls_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define LENGTH_MAX ((1U << 30) - 1)

bool mls_bytes_equal(struct mls_bytes a, struct mls_bytes b)
{
	return a.length == b.length && (a.length == 0 || mls_equal(a.data, b.data, a.length));
}

void mls_reader_init(struct mls_reader *reader, struct mls_bytes bytes)
{
	static const uint8_t nothing[1];

	/* Nothing may be added to a null pointer, not even 0. */
	*reader = (struct mls_reader){
		.data = bytes.length > 0 ? bytes.data : nothing,
		.end = bytes.length,
	};
}

void mls_reader_fail(struct mls_reader *reader, enum mls_error error)
{
	if (reader->fault != 0)
		return;
	reader->fault = -(int)error;
	reader->fault_at = reader->at;
}

bool mls_reader_more(const struct mls_reader *reader)
{
	return reader->fault == 0 && reader->at < reader->end;
}

int mls_reader_close(struct mls_reader *reader)
{
	if (reader->at < reader->end)
		mls_reader_fail(reader, MLS_ERROR_TRAILING);
	return reader->fault;
}

/* The next bytes, or NULL after a fault. */
static const uint8_t *take(struct mls_reader *reader, size_t length)
{
	const uint8_t *p = reader->data + reader->at;

	if (length > reader->end - reader->at)
		mls_reader_fail(reader, MLS_ERROR_TRUNCATED);
	if (reader->fault != 0)
		return NULL;
	reader->at += length;
	return p;
}

uint8_t mls_read_u8(struct mls_reader *reader)
{
	const uint8_t *p = take(reader, 1);

	return p ? *p : 0;
}

uint16_t mls_read_u16(struct mls_reader *reader)
{
	const uint8_t *p = take(reader, 2);

	return p ? buffer_get_u16(p) : 0;
}

uint32_t mls_read_u32(struct mls_reader *reader)
{
	const uint8_t *p = take(reader, 4);

	return p ? buffer_get_u32(p) : 0;
}

uint64_t mls_read_u64(struct mls_reader *reader)
{
	const uint8_t *p = take(reader, 8);

	return p ? buffer_get_u64(p) : 0;
}

uint32_t mls_read_length(struct mls_reader *reader)
{
	size_t from = reader->at;
	uint8_t first = mls_read_u8(reader);
	uint32_t length = first & 0x3f;
	int more = (1 << (first >> 6)) - 1;

	for (int i = 0; i < more && first < 0xc0; i++)
		length = length << 8 | mls_read_u8(reader);
	if (reader->fault != 0)
		return 0;
	if (first >= 0xc0 || (more == 1 && length < 1U << 6) || (more == 3 && length < 1U << 14)) {
		reader->at = from;
		mls_reader_fail(reader, MLS_ERROR_LENGTH);
		return 0;
	}
	return length;
}

struct mls_bytes mls_read_vector(struct mls_reader *reader)
{
	size_t length = mls_read_length(reader);
	const uint8_t *p = take(reader, length);

	return (struct mls_bytes){p, p ? length : 0};
}

bool mls_read_optional(struct mls_reader *reader)
{
	uint8_t present = mls_read_u8(reader);

	if (present > 1)
		mls_reader_fail(reader, MLS_ERROR_VALUE);
	return present == 1;
}

struct mls_bytes mls_reader_since(const struct mls_reader *reader, size_t from)
{
	return (struct mls_bytes){reader->data + from, reader->at - from};
}

size_t mls_reader_enter(struct mls_reader *reader)
{
	size_t end = reader->end;
	size_t length = mls_read_length(reader);

	if (length > reader->end - reader->at)
		mls_reader_fail(reader, MLS_ERROR_TRUNCATED);
	else if (reader->fault == 0)
		reader->end = reader->at + length;
	return end;
}

void mls_reader_leave(struct mls_reader *reader, size_t end)
{
	if (reader->at < reader->end)
		mls_reader_fail(reader, MLS_ERROR_TRAILING);
	reader->end = end;
}

void mls_writer_init(struct mls_writer *writer, size_t maximum)
{
	*writer = (struct mls_writer){.maximum = maximum};
}

void mls_writer_finish(struct mls_writer *writer)
{
	if (writer->data)
		mls_wipe(writer->data, writer->size);
	free(writer->data);
	mls_writer_init(writer, writer->maximum);
}

struct mls_bytes mls_writer_bytes(const struct mls_writer *writer)
{
	return (struct mls_bytes){writer->data, writer->fault == 0 ? writer->length : 0};
}

int mls_writer_hash(const struct mls_writer *writer, uint8_t ret_hash[MLS_HASH_BYTES])
{
	return writer->fault != 0 ? writer->fault
				  : mls_hash(writer->data, writer->length, ret_hash);
}

/* realloc() would leave a copy behind. */
static int grow(struct mls_writer *writer, size_t length)
{
	size_t size = writer->size > 0 ? writer->size : 256;
	uint8_t *data;

	while (size < length)
		size *= 2;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	if (writer->data) {
		memcpy(data, writer->data, writer->length);
		mls_wipe(writer->data, writer->size);
		free(writer->data);
	}
	writer->data = data;
	writer->size = size;
	return 0;
}

uint8_t *mls_write_room(struct mls_writer *writer, size_t length)
{
	if (writer->fault == 0 && length > writer->maximum - writer->length)
		writer->fault = -MLS_ERROR_LIMIT;
	if (writer->fault == 0 && (!writer->data || writer->length + length > writer->size))
		writer->fault = grow(writer, writer->length + length);
	if (writer->fault != 0)
		return NULL;
	writer->length += length;
	return writer->data + writer->length - length;
}

void mls_write(struct mls_writer *writer, const void *data, size_t length)
{
	uint8_t *p = length > 0 ? mls_write_room(writer, length) : NULL;

	if (p)
		memcpy(p, data, length);
}

void mls_write_u8(struct mls_writer *writer, uint8_t value)
{
	mls_write(writer, &value, 1);
}

void mls_write_u16(struct mls_writer *writer, uint16_t value)
{
	uint8_t *p = mls_write_room(writer, 2);

	if (p)
		buffer_put_u16(p, value);
}

void mls_write_u32(struct mls_writer *writer, uint32_t value)
{
	uint8_t *p = mls_write_room(writer, 4);

	if (p)
		buffer_put_u32(p, value);
}

void mls_write_u64(struct mls_writer *writer, uint64_t value)
{
	uint8_t *p = mls_write_room(writer, 8);

	if (p)
		buffer_put_u64(p, value);
}

/* How many bytes a length takes. */
static size_t length_bytes(size_t length)
{
	return length < 1U << 6 ? 1 : length < 1U << 14 ? 2 : 4;
}

static void put_length(uint8_t *p, size_t length)
{
	if (length < 1U << 6)
		*p = (uint8_t)length;
	else if (length < 1U << 14)
		buffer_put_u16(p, (uint16_t)(length | 1U << 14));
	else
		buffer_put_u32(p, (uint32_t)(length | 1U << 31));
}

void mls_write_length(struct mls_writer *writer, size_t length)
{
	uint8_t *p;

	if (length > LENGTH_MAX && writer->fault == 0)
		writer->fault = -MLS_ERROR_LIMIT;
	p = mls_write_room(writer, length_bytes(length));
	if (p)
		put_length(p, length);
}

void mls_write_vector(struct mls_writer *writer, const void *data, size_t length)
{
	mls_write_length(writer, length);
	mls_write(writer, data, length);
}

void mls_write_bytes(struct mls_writer *writer, struct mls_bytes bytes)
{
	mls_write_vector(writer, bytes.data, bytes.length);
}

size_t mls_writer_begin(struct mls_writer *writer)
{
	return writer->length;
}

void mls_writer_end(struct mls_writer *writer, size_t begin)
{
	size_t length = writer->length - begin;
	size_t prefix = length_bytes(length);

	if (length > LENGTH_MAX && writer->fault == 0)
		writer->fault = -MLS_ERROR_LIMIT;
	if (!mls_write_room(writer, prefix))
		return;
	memmove(writer->data + begin + prefix, writer->data + begin, length);
	put_length(writer->data + begin, length);
}
