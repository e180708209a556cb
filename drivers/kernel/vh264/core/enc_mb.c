// SPDX-License-Identifier: GPL-2.0
#include "cavlc.h"
#include "enc_private.h"
#include "transform.h"

/* Bits of a coarse macroblock below which an I picture sends it without residual. */
#define BARE_MIN 12

static void put_type(struct enc_coding *coding, u32 type)
{
	if (!coding->plan.intra) {
		vh264_put_ue(&coding->w, coding->skipped);
		coding->skipped = 0;
		type += VH264_MB_P_FIRST_INTRA;
	}
	vh264_put_ue(&coding->w, type);
}

static void copy_pixels(struct enc_coding *coding, int plane, u32 mb)
{
	const u8 *from = vh264_mb_pixels(&coding->enc->source, plane, mb);
	u8 *to = vh264_mb_pixels(coding->area.picture, plane, mb);
	size_t stride = vh264_stride(coding->area.picture, plane);
	int size = plane ? 8 : 16;

	for (int y = 0; y < size; y++) {
		vh264_put_bytes(&coding->w, from + y * stride, size);
		memcpy(to + y * stride, from + y * stride, size);
	}
}

static void put_exact(struct enc_coding *coding, u32 mb)
{
	put_type(coding, VH264_MB_PCM);
	vh264_put_align(&coding->w);
	for (int plane = 0; plane < 3; plane++)
		copy_pixels(coding, plane, mb);
	memset(coding->area.totals[mb], 16, VH264_BLOCKS);
}

/* The transformed residual of a block whose prediction stands in the picture. */
static void transform(const struct enc_coding *coding, int plane, u32 mb, int x, int y, s16 *block)
{
	size_t stride = vh264_stride(coding->area.picture, plane);
	size_t at = 4 * y * stride + 4 * x;
	const u8 *from = vh264_mb_pixels(&coding->enc->source, plane, mb) + at;
	const u8 *predicted = vh264_mb_pixels(coding->area.picture, plane, mb) + at;

	for (int i = 0; i < 16; i++)
		block[i] = from[i / 4 * stride + i % 4] - predicted[i / 4 * stride + i % 4];
	vh264_forward(block);
}

static bool any(const s16 *levels, int count)
{
	for (int i = 0; i < count; i++) {
		if (levels[i])
			return true;
	}
	return false;
}

static void quantise_luma(const struct enc_coding *coding, u32 mb, struct vh264_residual *residual)
{
	s16 dc[16];

	for (int i = 0; i < 16; i++) {
		s16 block[16];

		transform(coding, 0, mb, i % 4, i / 4, block);
		dc[i] = block[0];
		vh264_quantise_ac(block, coding->qp, residual->luma_ac[i]);
		residual->luma = residual->luma || any(residual->luma_ac[i], 15);
	}
	vh264_quantise_luma_dc(dc, coding->qp, residual->luma_dc);
}

static void quantise_chroma(const struct enc_coding *coding, u32 mb,
			    struct vh264_residual *residual)
{
	int qp = vh264_chroma_qp(coding->qp);

	for (int plane = 0; plane < 2; plane++) {
		s16 dc[4];

		for (int i = 0; i < 4; i++) {
			s16 block[16];

			transform(coding, plane + 1, mb, i % 2, i / 2, block);
			dc[i] = block[0];
			vh264_quantise_ac(block, qp, residual->chroma_ac[plane][i]);
			if (any(residual->chroma_ac[plane][i], 15))
				residual->chroma = 2;
		}
		vh264_quantise_chroma_dc(dc, qp, residual->chroma_dc[plane]);
		if (!residual->chroma && any(residual->chroma_dc[plane], 4))
			residual->chroma = 1;
	}
}

static void put_luma(struct enc_coding *coding, u32 mb, const struct vh264_residual *residual)
{
	u8 *totals = coding->area.totals[mb];

	vh264_put_block(&coding->w, residual->luma_dc, 16, vh264_nc(&coding->area, mb, 0));
	for (int i = 0; residual->luma && i < 16; i++) {
		int at = vh264_block_at(i);

		totals[at] = vh264_put_block(&coding->w, residual->luma_ac[at], 15,
					     vh264_nc(&coding->area, mb, at));
	}
}

static void put_chroma(struct enc_coding *coding, u32 mb, const struct vh264_residual *residual)
{
	u8 *totals = coding->area.totals[mb];

	for (int plane = 0; residual->chroma && plane < 2; plane++)
		vh264_put_block(&coding->w, residual->chroma_dc[plane], 4, VH264_CHROMA_DC);
	for (int i = 0; residual->chroma == 2 && i < 8; i++)
		totals[16 + i] = vh264_put_block(&coding->w, residual->chroma_ac[i / 4][i % 4], 15,
						 vh264_nc(&coding->area, mb, 16 + i));
}

static void put_coarse(struct enc_coding *coding, u32 mb, bool bare)
{
	struct vh264_residual residual = {0};

	vh264_predict(&coding->area, mb);
	if (!bare) {
		quantise_luma(coding, mb, &residual);
		quantise_chroma(coding, mb, &residual);
	}
	memset(coding->area.totals[mb], 0, VH264_BLOCKS);
	put_type(coding, VH264_MB_INTRA16_DC + 4 * residual.chroma + 12 * residual.luma);
	vh264_put_ue(&coding->w, 0); /* intra_chroma_pred_mode: DC */
	vh264_put_se(&coding->w, coding->qp - coding->slice_qp);
	coding->slice_qp = coding->qp;
	put_luma(coding, mb, &residual);
	put_chroma(coding, mb, &residual);
	vh264_reconstruct(coding->area.picture, mb, &residual, coding->qp);
}

/* Steers the quantiser to the share that the coarse macroblocks still to come have. */
static void steer(struct enc_coding *coding, s64 used, s64 share)
{
	int step = 0;

	if (used > share * 2)
		step = 2;
	else if (used * 4 > share * 5)
		step = 1;
	else if (used * 4 < share * 3)
		step = -1;
	coding->qp = vh264_clip(coding->qp + step, coding->params->qp_min, coding->params->qp_max);
}

static void spend_coarse(struct enc_coding *coding, u32 mb)
{
	struct enc_plan *plan = &coding->plan;
	s64 share = plan->coarse_bits / plan->coarse;
	u64 before = vh264_bits_written(&coding->w);
	s64 used;

	put_coarse(coding, mb, plan->intra && share < BARE_MIN);
	used = vh264_bits_written(&coding->w) - before;
	steer(coding, used, share);
	plan->coarse_bits -= used;
	coding->coarse++;
}

static void spend_exact(struct enc_coding *coding, u32 mb)
{
	u64 before = vh264_bits_written(&coding->w);

	put_exact(coding, mb);
	coding->exact_bits += vh264_bits_written(&coding->w) - before;
	coding->exact++;
}

void vh264_enc_macroblock(struct enc_coding *coding, u32 mb)
{
	struct enc_plan *plan = &coding->plan;
	enum mb_mode mode = coding->enc->modes[mb];

	if (mode == MB_EXACT) {
		spend_exact(coding, mb);
		return;
	}
	if (mode == MB_COARSE && (plan->intra || plan->coarse_bits > -plan->coarse_debt_max)) {
		spend_coarse(coding, mb);
	} else {
		coding->skipped++;
		memset(coding->area.totals[mb], 0, VH264_BLOCKS);
	}
	plan->coarse -= mode == MB_COARSE;
}
