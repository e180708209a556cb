// SPDX-License-Identifier: GPL-2.0
#include "picture.h"

void vh264_picture_init(struct vh264_picture *picture, u8 *memory, u32 mb_width, u32 mb_height)
{
	size_t mbs = (size_t)mb_width * mb_height;

	picture->plane[0] = memory;
	picture->plane[1] = memory + mbs * 256;
	picture->plane[2] = memory + mbs * 320;
	picture->mb_width = mb_width;
	picture->mb_height = mb_height;
}

void vh264_picture_copy(struct vh264_picture *to, const struct vh264_picture *from)
{
	memcpy(to->plane[0], from->plane[0], vh264_picture_size(from->mb_width, from->mb_height));
}

/* Where a row's samples of a plane lie in a buffer, and how far apart. */
static size_t locate(const struct vh264_raw *raw, int plane, u32 y, u32 *ret_step)
{
	size_t luma = (size_t)raw->stride * raw->rows;
	u32 x = plane ? raw->left / 2 : raw->left;

	y += plane ? raw->top / 2 : raw->top;
	switch (raw->layout) {
	case VH264_NV12:
		*ret_step = plane ? 2 : 1;
		if (!plane)
			return (size_t)y * raw->stride + x;
		return luma + (size_t)y * raw->stride + 2 * x + plane - 1;
	case VH264_YUV420:
		*ret_step = 1;
		if (!plane)
			return (size_t)y * raw->stride + x;
		return luma + (plane - 1) * (luma / 4) + (size_t)y * (raw->stride / 2) + x;
	default:
		*ret_step = plane ? 4 : 2;
		if (!plane)
			return (size_t)y * raw->stride + 2 * x;
		return 2 * (size_t)y * raw->stride + 4 * x + 2 * plane - 1;
	}
}

static void load_row(u8 *to, const u8 *from, u32 step, u32 width)
{
	if (step == 1) {
		memcpy(to, from, width);
		return;
	}
	for (u32 x = 0; x < width; x++)
		to[x] = from[(size_t)x * step];
}

static void average_row(u8 *to, const u8 *from, const u8 *next, u32 step, u32 width)
{
	for (u32 x = 0; x < width; x++)
		to[x] = (from[(size_t)x * step] + next[(size_t)x * step] + 1) / 2;
}

static void load_plane(struct vh264_picture *picture, int plane, const u8 *buffer,
		       const struct vh264_raw *raw)
{
	u32 width = plane ? raw->width / 2 : raw->width;
	u32 height = plane ? raw->height / 2 : raw->height;
	u32 stride = vh264_stride(picture, plane);
	u32 rows = picture->mb_height * (plane ? 8 : 16);
	u8 *to = picture->plane[plane];

	for (u32 y = 0; y < height; y++, to += stride) {
		u32 step;
		const u8 *from = buffer + locate(raw, plane, y, &step);

		if (plane && raw->layout == VH264_YUYV)
			average_row(to, from, from + raw->stride, step, width);
		else
			load_row(to, from, step, width);
		memset(to + width, to[width - 1], stride - width);
	}
	for (u32 y = height; y < rows; y++, to += stride)
		memcpy(to, to - stride, stride);
}

void vh264_picture_load(struct vh264_picture *picture, const u8 *buffer,
			const struct vh264_raw *raw)
{
	for (int plane = 0; plane < 3; plane++)
		load_plane(picture, plane, buffer, raw);
}

static void store_row(u8 *to, const u8 *from, u32 step, u32 width)
{
	if (step == 1) {
		memcpy(to, from, width);
		return;
	}
	for (u32 x = 0; x < width; x++)
		to[(size_t)x * step] = from[x];
}

static void store_plane(const struct vh264_picture *picture, int plane, u8 *buffer,
			const struct vh264_raw *raw)
{
	u32 width = plane ? raw->width / 2 : raw->width;
	u32 height = plane ? raw->height / 2 : raw->height;
	const u8 *from = picture->plane[plane];

	for (u32 y = 0; y < height; y++, from += vh264_stride(picture, plane)) {
		u32 step;
		u8 *to = buffer + locate(raw, plane, y, &step);

		store_row(to, from, step, width);
		if (plane && raw->layout == VH264_YUYV)
			store_row(to + raw->stride, from, step, width);
	}
}

void vh264_picture_store(const struct vh264_picture *picture, u8 *buffer,
			 const struct vh264_raw *raw)
{
	for (int plane = 0; plane < 3; plane++)
		store_plane(picture, plane, buffer, raw);
}
