// SPDX-License-Identifier: GPL-2.0
#include "macroblock.h"
#include "transform.h"

u8 *vh264_mb_pixels(const struct vh264_picture *picture, int plane, u32 mb)
{
	size_t size = plane ? 8 : 16;

	return picture->plane[plane] +
	       mb / picture->mb_width * size * vh264_stride(picture, plane) +
	       mb % picture->mb_width * size;
}

static bool has_left(const struct vh264_slice_area *area, u32 mb)
{
	return mb % area->picture->mb_width && mb > area->first_mb;
}

static bool has_top(const struct vh264_slice_area *area, u32 mb)
{
	return mb >= area->first_mb + area->picture->mb_width;
}

int vh264_nc(const struct vh264_slice_area *area, u32 mb, int block)
{
	int base = block < 16 ? 0 : block & ~3, width = block < 16 ? 4 : 2;
	int size = width * width, at = block - base;
	int x = at % width, y = at / width;
	int left = -1, top = -1;

	if (x)
		left = area->totals[mb][block - 1];
	else if (has_left(area, mb))
		left = area->totals[mb - 1][block + width - 1];
	if (y)
		top = area->totals[mb][block - width];
	else if (has_top(area, mb))
		top = area->totals[mb - area->picture->mb_width][block + size - width];
	if (left >= 0 && top >= 0)
		return (left + top + 1) >> 1;
	if (left >= 0)
		return left;
	return top >= 0 ? top : 0;
}

static int sum(const u8 *pixels, size_t step, int count)
{
	int total = 0;

	for (int i = 0; i < count; i++)
		total += pixels[i * step];
	return total;
}

static void fill(u8 *pixels, size_t stride, int size, int value)
{
	for (int y = 0; y < size; y++)
		memset(pixels + y * stride, value, size);
}

static void predict_luma(u8 *pixels, size_t stride, bool left, bool top)
{
	int value = 128;

	if (left && top)
		value = (sum(pixels - 1, stride, 16) + sum(pixels - stride, 1, 16) + 16) >> 5;
	else if (left)
		value = (sum(pixels - 1, stride, 16) + 8) >> 4;
	else if (top)
		value = (sum(pixels - stride, 1, 16) + 8) >> 4;
	fill(pixels, stride, 16, value);
}

/* The blocks at the upper right and lower left look at one side where they can. */
static void predict_chroma(u8 *pixels, size_t stride, bool left, bool top)
{
	int left_sum[2] = {0}, top_sum[2] = {0};

	for (int i = 0; i < 2; i++) {
		if (left)
			left_sum[i] = sum(pixels + 4 * i * stride - 1, stride, 4);
		if (top)
			top_sum[i] = sum(pixels + 4 * i - stride, 1, 4);
	}
	for (int block = 0; block < 4; block++) {
		int x = block & 1, y = block >> 1, value = 128;

		if (left && top && x == y)
			value = (left_sum[y] + top_sum[x] + 4) >> 3;
		else if (top && (x || !left))
			value = (top_sum[x] + 2) >> 2;
		else if (left)
			value = (left_sum[y] + 2) >> 2;
		fill(pixels + 4 * y * stride + 4 * x, stride, 4, value);
	}
}

void vh264_predict(const struct vh264_slice_area *area, u32 mb)
{
	const struct vh264_picture *picture = area->picture;
	bool left = has_left(area, mb), top = has_top(area, mb);

	predict_luma(vh264_mb_pixels(picture, 0, mb), vh264_stride(picture, 0), left, top);
	for (int plane = 1; plane < 3; plane++)
		predict_chroma(vh264_mb_pixels(picture, plane, mb), vh264_stride(picture, plane),
			       left, top);
}

static void add_blocks(u8 *pixels, size_t stride, int width, const s16 *dc, const s16 (*ac)[15],
		       int qp)
{
	for (int i = 0; i < width * width; i++) {
		s16 block[16];

		vh264_scale_ac(ac[i], qp, block);
		block[0] = dc[i];
		vh264_add_inverse(block, pixels + i / width * 4 * stride + i % width * 4, stride);
	}
}

void vh264_reconstruct(const struct vh264_picture *picture, u32 mb,
		       const struct vh264_residual *residual, int qp)
{
	int chroma_qp = vh264_chroma_qp(qp);
	s16 dc[16];

	vh264_scale_luma_dc(residual->luma_dc, qp, dc);
	add_blocks(vh264_mb_pixels(picture, 0, mb), vh264_stride(picture, 0), 4, dc,
		   residual->luma_ac, qp);
	if (!residual->chroma)
		return;
	for (int i = 0; i < 2; i++) {
		vh264_scale_chroma_dc(residual->chroma_dc[i], chroma_qp, dc);
		add_blocks(vh264_mb_pixels(picture, i + 1, mb), vh264_stride(picture, i + 1), 2, dc,
			   residual->chroma_ac[i], chroma_qp);
	}
}
