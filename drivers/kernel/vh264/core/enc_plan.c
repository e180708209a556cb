// SPDX-License-Identifier: GPL-2.0
/*
 * Where the bits of a picture go.
 *
 * An I picture sends everything, exactly if that fits and coarsely if not. In a P picture
 * macroblocks that visibly differ come first, the worst ones where there is not enough for all;
 * then as many as fit are sent exactly.
 */
#include "enc_private.h"

/* Sum of differences from which a macroblock is visibly wrong: 3 levels a sample. */
#define VISIBLE (384 * 3)
/* Bits of a coarse macroblock: below the first it is not worth it, at the second it is good. */
#define COARSE_MIN 80
#define COARSE_GOOD 320
/* Errors fall into this many classes of equal width. */
#define CLASSES 64
#define CLASS_OF(error) ((error) >> 11) /* of at most 384 * 255 */
/* An I picture may take that many times the bits of an average picture, which later ones save. */
#define INTRA_SHARE 4

s64 vh264_enc_picture_bits(const struct vh264_enc_params *params)
{
	return (u64)params->bitrate * params->sps.per / params->sps.rate;
}

static u32 difference(const u8 *a, const u8 *b, size_t stride, int size)
{
	u32 total = 0;

	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			int d = a[y * stride + x] - b[y * stride + x];

			total += d < 0 ? -d : d;
		}
	}
	return total;
}

static void measure(struct vh264_enc *enc, const struct vh264_picture *picture)
{
	for (u32 mb = 0; mb < enc->mbs; mb++) {
		enc->errors[mb] = 0;
		for (int plane = 0; plane < 3; plane++)
			enc->errors[mb] += difference(vh264_mb_pixels(&enc->source, plane, mb),
						      vh264_mb_pixels(picture, plane, mb),
						      vh264_stride(picture, plane),
						      plane ? 8 : 16);
	}
}

/* Marks up to @max visibly wrong macroblocks, those of the worst classes first. */
static u32 choose_coarse(struct vh264_enc *enc, s64 max)
{
	u32 in_class[CLASSES] = {0};
	s64 chosen = 0;
	int lowest = CLASSES;

	for (u32 mb = 0; mb < enc->mbs; mb++)
		in_class[CLASS_OF(enc->errors[mb])] += enc->errors[mb] >= VISIBLE;
	while (lowest > 0 && chosen + in_class[lowest - 1] <= max)
		chosen += in_class[--lowest];
	max -= chosen;
	/* Of the class that fits only in part, those behind the cursor. */
	for (u32 i = 0; i < enc->mbs; i++) {
		u32 mb = (enc->cursor + i) % enc->mbs;
		int class = CLASS_OF(enc->errors[mb]);

		if (enc->errors[mb] < VISIBLE || class < lowest - 1)
			continue;
		if (class < lowest && max-- <= 0)
			continue;
		enc->modes[mb] = MB_COARSE;
		chosen += class < lowest;
	}
	return chosen;
}

/* Makes macroblocks exact while there are bits; @unchanged also those that are right already. */
static s64 choose_exact(struct vh264_enc *enc, s64 bits, bool unchanged, struct enc_plan *plan)
{
	u32 start = enc->cursor;

	for (u32 i = 0; i < enc->mbs; i++) {
		u32 mb = (start + i) % enc->mbs;
		s64 cost = enc->exact_bits;

		if (enc->modes[mb] == MB_EXACT || (!unchanged && !enc->errors[mb]))
			continue;
		if (enc->modes[mb] == MB_COARSE)
			cost -= COARSE_GOOD;
		if (cost > bits)
			break;
		bits -= cost;
		plan->coarse -= enc->modes[mb] == MB_COARSE;
		enc->modes[mb] = MB_EXACT;
		enc->cursor = (mb + 1) % enc->mbs;
	}
	return bits;
}

static void plan_intra(struct vh264_enc *enc, s64 bits, struct enc_plan *plan)
{
	bool exact = bits >= (s64)enc->mbs * enc->exact_bits;

	memset(enc->modes, exact ? MB_EXACT : MB_COARSE, enc->mbs);
	plan->coarse = exact ? 0 : enc->mbs;
	plan->coarse_bits = bits;
}

static void plan_inter(struct vh264_enc *enc, bool constant, s64 bits, struct enc_plan *plan)
{
	s64 left;

	memset(enc->modes, MB_SKIP, enc->mbs);
	plan->coarse = choose_coarse(enc, bits / COARSE_MIN);
	left = bits - (s64)plan->coarse * COARSE_GOOD;
	left = choose_exact(enc, left, false, plan);
	if (constant && plan->coarse == 0)
		left = choose_exact(enc, left, true, plan);
	plan->coarse_bits = left + (s64)plan->coarse * COARSE_GOOD;
	plan->coarse_debt_max = plan->coarse_bits;
}

static u32 shorter_period(const struct vh264_enc_params *params)
{
	if (!params->gop || (params->i_period && params->i_period < params->gop))
		return params->i_period;
	return params->gop;
}

static s64 intra_bits(const struct vh264_enc *enc, const struct vh264_enc_params *params)
{
	s64 average = vh264_enc_picture_bits(params);
	u32 period = shorter_period(params);
	s64 share = period ? vh264_clip(period / INTRA_SHARE, 1, INTRA_SHARE) : INTRA_SHARE;

	return vh264_clip(average * share + enc->credit, average, average * INTRA_SHARE);
}

void vh264_enc_plan(struct vh264_enc *enc, const struct vh264_enc_params *params,
		    const struct vh264_picture *picture, s64 limit, struct enc_plan *plan)
{
	s64 average = vh264_enc_picture_bits(params);
	s64 bits;

	if (plan->intra) {
		bits = intra_bits(enc, params);
		plan_intra(enc, vh264_clip(bits, 0, limit), plan);
		return;
	}
	/* Half of the average even where bits are owed: a picture must go on moving. */
	bits = vh264_clip(average + enc->credit, average / 2, 3 * average);
	measure(enc, picture);
	plan_inter(enc, params->constant, vh264_clip(bits, 0, limit), plan);
}

void vh264_enc_settle(struct vh264_enc *enc, const struct vh264_enc_params *params, u64 bits)
{
	s64 average = vh264_enc_picture_bits(params);

	enc->credit = vh264_clip(enc->credit + average - (s64)bits, -4 * (s64)params->bitrate,
				 2 * average);
}
