/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pictures as the codec keeps them - 4:2:0, three planes, whole macroblocks - and as applications
 * lay them out.
 */
#ifndef VH264_PICTURE_H
#define VH264_PICTURE_H

#include "types.h"

struct vh264_picture {
	u8 *plane[3];
	u32 mb_width, mb_height;
};

enum vh264_layout {
	VH264_NV12,
	VH264_YUV420,
	VH264_YUYV,
};

/*
 * How a picture lies in a buffer. Planes follow each other; chroma of YUV420 has half the stride.
 */
struct vh264_raw {
	enum vh264_layout layout;
	u32 width, height; /* of the part that is coded, even */
	u32 left, top; /* where that part begins, even */
	u32 stride; /* of the first plane, in bytes */
	u32 rows; /* of the first plane, even */
};

static inline u32 vh264_stride(const struct vh264_picture *picture, int plane)
{
	return picture->mb_width * (plane ? 8 : 16);
}

/* The bytes of a picture with that many macroblocks. */
static inline size_t vh264_picture_size(u32 mb_width, u32 mb_height)
{
	return (size_t)mb_width * mb_height * 384;
}

/* The bytes of a buffer of that layout, stride and rows. */
static inline size_t vh264_raw_size(const struct vh264_raw *raw)
{
	size_t luma = (size_t)raw->stride * raw->rows;

	return raw->layout == VH264_YUYV ? luma : luma + luma / 2;
}

/* Sets up the planes in memory of vh264_picture_size(). */
void vh264_picture_init(struct vh264_picture *picture, u8 *memory, u32 mb_width, u32 mb_height);

void vh264_picture_copy(struct vh264_picture *to, const struct vh264_picture *from);

/*
 * Takes a picture out of a buffer of vh264_raw_size(), the last pixels repeated up to whole
 * macroblocks; a chroma sample of YUYV's two rows is their mean.
 */
void vh264_picture_load(struct vh264_picture *picture, const u8 *buffer,
			const struct vh264_raw *raw);

/* Puts a picture into such a buffer; both rows of YUYV get the same chroma. */
void vh264_picture_store(const struct vh264_picture *picture, u8 *buffer,
			 const struct vh264_raw *raw);

#endif
