// SPDX-License-Identifier: GPL-2.0
#include "bits.h"

void vh264_writer_init(struct vh264_writer *w, u8 *data, size_t size)
{
	memset(w, 0, sizeof(*w));
	w->data = data;
	w->size = size;
}

static void put_raw(struct vh264_writer *w, u8 byte)
{
	if (w->length < w->size)
		w->data[w->length++] = byte;
	else
		w->overflow = true;
}

static void put_byte(struct vh264_writer *w, u8 byte)
{
	if (w->zeros >= 2 && byte <= 3) {
		put_raw(w, 3);
		w->zeros = 0;
	}
	put_raw(w, byte);
	w->zeros = byte ? 0 : w->zeros + 1;
}

void vh264_begin_nal(struct vh264_writer *w, unsigned int ref_idc, unsigned int type)
{
	put_raw(w, 0);
	put_raw(w, 0);
	put_raw(w, 0);
	put_raw(w, 1);
	put_raw(w, ref_idc << 5 | type);
	w->zeros = 0;
}

void vh264_put_bits(struct vh264_writer *w, u32 value, unsigned int count)
{
	w->cache = w->cache << count | (value & ((1U << count) - 1));
	w->cached += count;
	while (w->cached >= 8) {
		w->cached -= 8;
		put_byte(w, w->cache >> w->cached);
	}
}

void vh264_put_ue(struct vh264_writer *w, u32 value)
{
	unsigned int length = 0;

	while ((value + 1) >> (length + 1))
		length++;
	vh264_put_bits(w, 0, length);
	vh264_put_bits(w, 1, 1);
	vh264_put_bits(w, value + 1, length);
}

void vh264_put_se(struct vh264_writer *w, int value)
{
	vh264_put_ue(w, value > 0 ? 2 * value - 1 : -2 * value);
}

void vh264_put_align(struct vh264_writer *w)
{
	vh264_put_bits(w, 0, (8 - w->cached) % 8);
}

void vh264_put_bytes(struct vh264_writer *w, const u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_byte(w, bytes[i]);
}

void vh264_end_nal(struct vh264_writer *w)
{
	vh264_put_bits(w, 1, 1);
	vh264_put_align(w);
}

/* The position of the next start code, or @size. */
static size_t find_start_code(const u8 *data, size_t size, size_t pos)
{
	for (; pos + 3 <= size; pos++) {
		if (data[pos] == 0 && data[pos + 1] == 0 && data[pos + 2] == 1)
			return pos;
	}
	return size;
}

bool vh264_next_nal(const u8 *data, size_t size, size_t *pos, struct vh264_reader *r,
		    u8 *ret_header)
{
	size_t start = find_start_code(data, size, *pos);
	size_t end;

	if (size - start < 4)
		return false;
	start += 3;
	end = find_start_code(data, size, start);
	*pos = end;
	while (end > start && data[end - 1] == 0)
		end--;
	memset(r, 0, sizeof(*r));
	r->data = data + start;
	r->size = end - start;
	r->pos = 1;
	*ret_header = data[start];
	return true;
}

/* Zeros stand behind the end, so that looking ahead there is no fault; taking them is. */
static void fill(struct vh264_reader *r, unsigned int count)
{
	while (r->cached < count) {
		u8 byte = 0;

		if (r->pos < r->size && r->zeros >= 2 && r->data[r->pos] == 3) {
			r->pos++;
			r->zeros = 0;
		}
		if (r->pos < r->size)
			byte = r->data[r->pos];
		r->pos++;
		r->zeros = byte ? 0 : r->zeros + 1;
		r->cache = r->cache << 8 | byte;
		r->cached += 8;
	}
}

void vh264_skip_bits(struct vh264_reader *r, unsigned int count)
{
	fill(r, count);
	r->cached -= count;
	if (r->pos > r->size && (r->pos - r->size) * 8 > r->cached) {
		r->overrun = true;
		r->pos = r->size;
		r->cached = 0;
	}
}

u32 vh264_get_bits(struct vh264_reader *r, unsigned int count)
{
	u32 value;

	fill(r, count);
	value = (r->cache >> (r->cached - count)) & ((1U << count) - 1);
	vh264_skip_bits(r, count);
	return r->overrun ? 0 : value;
}

u32 vh264_peek16(struct vh264_reader *r)
{
	fill(r, 16);
	return (r->cache >> (r->cached - 16)) & 0xffff;
}

u32 vh264_get_ue(struct vh264_reader *r)
{
	unsigned int length = 0;

	while (!vh264_get_bits(r, 1)) {
		if (r->overrun || ++length > 23) {
			r->overrun = true;
			return 0;
		}
	}
	return (1U << length) - 1 + vh264_get_bits(r, length);
}

int vh264_get_se(struct vh264_reader *r)
{
	u32 value = vh264_get_ue(r);

	return value & 1 ? (int)(value / 2) + 1 : -(int)(value / 2);
}

void vh264_get_align(struct vh264_reader *r)
{
	vh264_skip_bits(r, r->cached % 8);
}

void vh264_get_bytes(struct vh264_reader *r, u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = vh264_get_bits(r, 8);
}

bool vh264_more_data(struct vh264_reader *r)
{
	unsigned int trailing = 1;
	u8 last = r->size ? r->data[r->size - 1] : 0;

	if (r->overrun || !last)
		return false;
	while (!(last >> (trailing - 1) & 1))
		trailing++;
	if (r->pos < r->size && r->zeros >= 2 && r->data[r->pos] == 3) {
		r->pos++;
		r->zeros = 0;
	}
	return (s64)r->cached + 8 * ((s64)r->size - (s64)r->pos) > trailing;
}
