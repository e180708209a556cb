/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NAL units of an Annex B byte stream, bit by bit, with emulation prevention (ITU-T H.264, 7.3,
 * 7.4.1 and 9.1). What does not fit, or is not there, is told once at the end: overflow and
 * overrun stay set, writing is dropped and reading gives zeros.
 */
#ifndef VH264_BITS_H
#define VH264_BITS_H

#include "types.h"

struct vh264_writer {
	u8 *data;
	size_t size;
	size_t length;
	u32 cache;
	unsigned int cached;
	unsigned int zeros;
	bool overflow;
};

struct vh264_reader {
	const u8 *data;
	size_t size;
	size_t pos;
	u32 cache;
	unsigned int cached;
	unsigned int zeros;
	bool overrun;
};

/* The memory stays the caller's and outlives the writer. */
void vh264_writer_init(struct vh264_writer *w, u8 *data, size_t size);

/* Writes the start code and the header of a unit: nal_ref_idc and nal_unit_type. */
void vh264_begin_nal(struct vh264_writer *w, unsigned int ref_idc, unsigned int type);

/* Writes rbsp_trailing_bits(). */
void vh264_end_nal(struct vh264_writer *w);

/* The lowest @count bits of @value, at most 24. */
void vh264_put_bits(struct vh264_writer *w, u32 value, unsigned int count);

/* ue(v), at most 2^24 - 2, and se(v) of up to half of that. */
void vh264_put_ue(struct vh264_writer *w, u32 value);
void vh264_put_se(struct vh264_writer *w, int value);

/* Zeros up to the next byte. */
void vh264_put_align(struct vh264_writer *w);

/* Whole bytes; the writer is at the start of one. */
void vh264_put_bytes(struct vh264_writer *w, const u8 *bytes, size_t count);

/* What was written up to now, with start codes and escapes. */
static inline u64 vh264_bits_written(const struct vh264_writer *w)
{
	return (u64)w->length * 8 + w->cached;
}

/*
 * Finds the next unit of the byte stream from *@pos on and sets up @r behind its first byte, which
 * becomes *@ret_header; *@pos moves behind the unit. False where there is none.
 */
bool vh264_next_nal(const u8 *data, size_t size, size_t *pos, struct vh264_reader *r,
		    u8 *ret_header);

/* At most 24 bits. */
u32 vh264_get_bits(struct vh264_reader *r, unsigned int count);
u32 vh264_get_ue(struct vh264_reader *r);
int vh264_get_se(struct vh264_reader *r);

/* The next 16 bits without taking them, zeros behind the end; and takes @count of them. */
u32 vh264_peek16(struct vh264_reader *r);
void vh264_skip_bits(struct vh264_reader *r, unsigned int count);

void vh264_get_align(struct vh264_reader *r);
void vh264_get_bytes(struct vh264_reader *r, u8 *bytes, size_t count);

/* more_rbsp_data() */
bool vh264_more_data(struct vh264_reader *r);

#endif
