// SPDX-License-Identifier: GPL-2.0
#include "cavlc.h"
#include "cavlc_tables.h"

static int magnitude(int level)
{
	return level < 0 ? -level : level;
}

static int table_of(int nc)
{
	if (nc < 2)
		return 0;
	return nc < 4 ? 1 : 2;
}

static void put_code(struct vh264_writer *w, const struct code *code)
{
	vh264_put_bits(w, code->bits, code->length);
}

static void put_token(struct vh264_writer *w, int total, int ones, int nc)
{
	if (nc == VH264_CHROMA_DC)
		put_code(w, &coeff_token_chroma_dc[total][ones]);
	else if (nc < 8)
		put_code(w, &coeff_token[table_of(nc)][total][ones]);
	else
		vh264_put_bits(w, total ? (total - 1) << 2 | ones : 3, 6);
}

static int next_suffix_length(int suffix_length, int level)
{
	if (suffix_length == 0)
		suffix_length = 1;
	if (magnitude(level) > 3 << (suffix_length - 1) && suffix_length < 6)
		suffix_length++;
	return suffix_length;
}

static void put_level(struct vh264_writer *w, int code, int suffix_length)
{
	int prefix = code >> suffix_length;
	int escape = 15 << suffix_length;

	if (suffix_length == 0 && code >= 14) {
		prefix = code < 30 ? 14 : 15;
		suffix_length = code < 30 ? 4 : 12;
		code -= code < 30 ? 14 : 30;
	} else if (code >= escape) {
		prefix = 15;
		suffix_length = 12;
		code -= escape;
	}
	vh264_put_bits(w, 1, prefix + 1);
	vh264_put_bits(w, code, suffix_length);
}

/* The levels from the highest frequency down, the trailing ones of which only have a sign. */
static void put_levels(struct vh264_writer *w, const s16 *nonzero, int total, int ones)
{
	int suffix_length = total > 10 && ones < 3;

	for (int i = 0; i < ones; i++)
		vh264_put_bits(w, nonzero[i] < 0, 1);
	for (int i = ones; i < total; i++) {
		int level = nonzero[i];
		int code = level > 0 ? 2 * level - 2 : -2 * level - 1;

		if (i == ones && ones < 3)
			code -= 2;
		put_level(w, code, suffix_length);
		suffix_length = next_suffix_length(suffix_length, level);
	}
}

static const struct code *zeros_table(int total, int nc)
{
	return nc == VH264_CHROMA_DC ? total_zeros_chroma_dc[total - 1] : total_zeros[total - 1];
}

static const struct code *run_table(int zeros_left)
{
	return run_before[zeros_left < 7 ? zeros_left - 1 : 6];
}

int vh264_put_block(struct vh264_writer *w, const s16 *levels, int max, int nc)
{
	s16 nonzero[16];
	int runs[16];
	int total = 0, ones = 0, zeros = 0, run = 0;

	for (int i = max - 1; i >= 0; i--) {
		if (!levels[i]) {
			run += total > 0;
			continue;
		}
		if (total)
			runs[total - 1] = run;
		zeros += run;
		run = 0;
		nonzero[total++] = levels[i];
	}
	zeros += run;
	while (ones < 3 && ones < total && magnitude(nonzero[ones]) == 1)
		ones++;
	put_token(w, total, ones, nc);
	if (!total)
		return 0;
	put_levels(w, nonzero, total, ones);
	if (total < max)
		put_code(w, &zeros_table(total, nc)[zeros]);
	for (int i = 0; i < total - 1 && zeros > 0; i++) {
		put_code(w, &run_table(zeros)[runs[i]]);
		zeros -= runs[i];
	}
	return total;
}

/* The index of the code that comes next in a table, or -EBADMSG. */
static int get_code(struct vh264_reader *r, const struct code *codes, int count)
{
	u32 next = vh264_peek16(r);

	for (int i = 0; i < count; i++) {
		if (codes[i].length && next >> (16 - codes[i].length) == codes[i].bits) {
			vh264_skip_bits(r, codes[i].length);
			return i;
		}
	}
	return -EBADMSG;
}

/* TotalCoeff * 4 + TrailingOnes, or -EBADMSG. */
static int get_token(struct vh264_reader *r, int max, int nc)
{
	int token;

	if (nc == VH264_CHROMA_DC) {
		token = get_code(r, coeff_token_chroma_dc[0], 5 * 4);
	} else if (nc < 8) {
		token = get_code(r, coeff_token[table_of(nc)][0], 17 * 4);
	} else {
		token = vh264_get_bits(r, 6);
		token = token == 3 ? 0 : token + 4;
	}
	if (token > max * 4 + 3 || (token >= 4 && (token & 3) > token / 4))
		return -EBADMSG;
	return token;
}

static int get_level(struct vh264_reader *r, int suffix_length)
{
	int prefix = 0, size = suffix_length, code;

	while (prefix < 16 && !vh264_get_bits(r, 1))
		prefix++;
	if (prefix > 15)
		return -EBADMSG;
	if (prefix == 14 && suffix_length == 0)
		size = 4;
	else if (prefix == 15)
		size = 12;
	code = (prefix << suffix_length) + vh264_get_bits(r, size);
	return prefix == 15 && suffix_length == 0 ? code + 15 : code;
}

static int get_levels(struct vh264_reader *r, s16 *nonzero, int total, int ones)
{
	int suffix_length = total > 10 && ones < 3;

	for (int i = 0; i < ones; i++)
		nonzero[i] = vh264_get_bits(r, 1) ? -1 : 1;
	for (int i = ones; i < total; i++) {
		int code = get_level(r, suffix_length);

		if (code < 0)
			return code;
		if (i == ones && ones < 3)
			code += 2;
		nonzero[i] = code & 1 ? -(code + 1) / 2 : code / 2 + 1;
		suffix_length = next_suffix_length(suffix_length, nonzero[i]);
	}
	return 0;
}

/* Puts the nonzero levels at their places, the last one first. */
static int place(struct vh264_reader *r, s16 *levels, const s16 *nonzero, int total, int zeros)
{
	int at = total + zeros - 1;

	for (int i = 0; i < total; i++) {
		int run = 0;

		levels[at] = nonzero[i];
		if (i < total - 1 && zeros > 0)
			run = get_code(r, run_table(zeros), zeros < 7 ? zeros + 1 : 15);
		if (run < 0 || run > zeros)
			return -EBADMSG;
		zeros -= run;
		at -= run + 1;
	}
	return 0;
}

int vh264_get_block(struct vh264_reader *r, s16 *levels, int max, int nc)
{
	s16 nonzero[16];
	int token = get_token(r, max, nc);
	int total = token / 4, zeros = 0, error;

	memset(levels, 0, max * sizeof(*levels));
	if (token < 4)
		return token < 0 ? token : 0;
	error = get_levels(r, nonzero, total, token & 3);
	if (error)
		return error;
	if (total < max)
		zeros = get_code(r, zeros_table(total, nc),
				 (nc == VH264_CHROMA_DC ? 5 : 17) - total);
	if (zeros < 0 || total + zeros > max)
		return -EBADMSG;
	error = place(r, levels, nonzero, total, zeros);
	return error || r->overrun ? -EBADMSG : total;
}
