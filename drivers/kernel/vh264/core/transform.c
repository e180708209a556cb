// SPDX-License-Identifier: GPL-2.0
#include "transform.h"

const u8 vh264_zigzag[16] = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};

/* Three kinds of coefficients: both indices even, both odd, the others. Equation 8-315. */
static const u8 scale[6][3] = {
	{10, 16, 13}, {11, 18, 14}, {13, 20, 16}, {14, 23, 18}, {16, 25, 20}, {18, 29, 23},
};

/* 2^21 over scale and over the gain of both transforms there. */
static const u16 quantiser[6][3] = {
	{13107, 5243, 8066}, {11916, 4660, 7490}, {10082, 4194, 6554},
	{9362, 3647, 5825}, {8192, 3355, 5243}, {7282, 2893, 4559},
};

static int kind(int index)
{
	int odd_x = index & 1, odd_y = index >> 2 & 1;

	return odd_x == odd_y ? odd_x : 2;
}

int vh264_chroma_qp(int luma_qp)
{
	static const u8 above_29[] = {29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36,
				      36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39};

	return luma_qp < 30 ? luma_qp : above_29[luma_qp - 30];
}

static void forward4(s16 *v, int step)
{
	int a = v[0] + v[3 * step], b = v[step] + v[2 * step];
	int c = v[step] - v[2 * step], d = v[0] - v[3 * step];

	v[0] = a + b;
	v[step] = 2 * d + c;
	v[2 * step] = a - b;
	v[3 * step] = d - 2 * c;
}

void vh264_forward(s16 *block)
{
	for (int i = 0; i < 4; i++)
		forward4(block + 4 * i, 1);
	for (int i = 0; i < 4; i++)
		forward4(block + i, 4);
}

/* Rounds towards zero by a third, which is what suits the residual of intra prediction. */
static s16 quantise(int value, int factor, int shift)
{
	int level = ((value < 0 ? -value : value) * factor + (1 << shift) / 3) >> shift;

	return value < 0 ? -level : level;
}

void vh264_quantise_ac(const s16 *block, int qp, s16 *levels)
{
	const u16 *factors = quantiser[qp % 6];

	for (int i = 1; i < 16; i++) {
		int at = vh264_zigzag[i];

		levels[i - 1] = quantise(block[at], factors[kind(at)], 15 + qp / 6);
	}
}

static void hadamard4(int *v, int step)
{
	int a = v[0] + v[3 * step], b = v[step] + v[2 * step];
	int c = v[step] - v[2 * step], d = v[0] - v[3 * step];

	v[0] = a + b;
	v[step] = d + c;
	v[2 * step] = a - b;
	v[3 * step] = d - c;
}

static void hadamard(int *v)
{
	for (int i = 0; i < 4; i++)
		hadamard4(v + 4 * i, 1);
	for (int i = 0; i < 4; i++)
		hadamard4(v + i, 4);
}

void vh264_quantise_luma_dc(const s16 *dc, int qp, s16 *levels)
{
	int v[16];

	for (int i = 0; i < 16; i++)
		v[i] = dc[i];
	hadamard(v);
	for (int i = 0; i < 16; i++)
		levels[i] = quantise((v[vh264_zigzag[i]] + 1) >> 1, quantiser[qp % 6][0],
				     16 + qp / 6);
}

void vh264_scale_luma_dc(const s16 *levels, int qp, s16 *dc)
{
	int v[16];
	int factor = 16 * scale[qp % 6][0];

	for (int i = 0; i < 16; i++)
		v[vh264_zigzag[i]] = levels[i];
	hadamard(v);
	for (int i = 0; i < 16; i++) {
		if (qp >= 36)
			dc[i] = v[i] * factor * (1 << (qp / 6 - 6));
		else
			dc[i] = (v[i] * factor + (1 << (5 - qp / 6))) >> (6 - qp / 6);
	}
}

static void hadamard2(const s16 *v, int *ret)
{
	ret[0] = v[0] + v[1] + v[2] + v[3];
	ret[1] = v[0] - v[1] + v[2] - v[3];
	ret[2] = v[0] + v[1] - v[2] - v[3];
	ret[3] = v[0] - v[1] - v[2] + v[3];
}

void vh264_quantise_chroma_dc(const s16 *dc, int qp, s16 *levels)
{
	int v[4];

	hadamard2(dc, v);
	for (int i = 0; i < 4; i++)
		levels[i] = quantise(v[i], quantiser[qp % 6][0], 16 + qp / 6);
}

void vh264_scale_chroma_dc(const s16 *levels, int qp, s16 *dc)
{
	int v[4];

	hadamard2(levels, v);
	for (int i = 0; i < 4; i++)
		dc[i] = (v[i] * 16 * scale[qp % 6][0] * (1 << qp / 6)) >> 5;
}

void vh264_scale_ac(const s16 *levels, int qp, s16 *block)
{
	for (int i = 1; i < 16; i++) {
		int at = vh264_zigzag[i];

		block[at] = levels[i - 1] * scale[qp % 6][kind(at)] * (1 << qp / 6);
	}
}

static void inverse4(s16 *v, int step)
{
	int a = v[0] + v[2 * step], b = v[0] - v[2 * step];
	int c = (v[step] >> 1) - v[3 * step], d = v[step] + (v[3 * step] >> 1);

	v[0] = a + d;
	v[step] = b + c;
	v[2 * step] = b - c;
	v[3 * step] = a - d;
}

void vh264_add_inverse(s16 *block, u8 *pixels, size_t stride)
{
	for (int i = 0; i < 4; i++)
		inverse4(block + 4 * i, 1);
	for (int i = 0; i < 4; i++)
		inverse4(block + i, 4);
	for (int y = 0; y < 4; y++) {
		for (int x = 0; x < 4; x++) {
			u8 *pixel = pixels + y * stride + x;

			*pixel = vh264_clip_pixel(*pixel + ((block[4 * y + x] + 32) >> 6));
		}
	}
}
