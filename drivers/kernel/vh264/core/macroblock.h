/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What coding and decoding a macroblock have in common: neighbours, prediction, reconstruction, of
 * Intra_16x16 with DC prediction. A neighbour counts where it is in the picture and in the slice.
 */
#ifndef VH264_MACROBLOCK_H
#define VH264_MACROBLOCK_H

#include "picture.h"

/* mb_type in an I slice; 5 more in a P slice. */
#define VH264_MB_INTRA16_DC 3
#define VH264_MB_PCM 25
#define VH264_MB_P_FIRST_INTRA 5

/* Blocks of a macroblock: 16 of luma row by row, 4 of Cb, 4 of Cr. */
#define VH264_BLOCKS 24

struct vh264_slice_area {
	struct vh264_picture *picture;
	u8 (*totals)[VH264_BLOCKS]; /* of each macroblock: how many levels its blocks have */
	u32 first_mb;
};

/* Levels as in the bit stream; what is not sent is 0. */
struct vh264_residual {
	s16 luma_dc[16];
	s16 luma_ac[16][15]; /* by rows of blocks */
	s16 chroma_dc[2][4];
	s16 chroma_ac[2][4][15];
	bool luma; /* whether luma_ac is sent */
	u8 chroma; /* 0: nothing is sent of chroma, 1: its DC, 2: all */
};

/* The index, by rows, of the block that is coded as number @coded. */
static inline int vh264_block_at(int coded)
{
	return (coded & 1) | (coded >> 2 & 1) << 1 | (coded >> 1 & 1) << 2 | (coded >> 3) << 3;
}

/* The first pixel of a macroblock in a plane. */
u8 *vh264_mb_pixels(const struct vh264_picture *picture, int plane, u32 mb);

/* nC of a block, 9.2.1. */
int vh264_nc(const struct vh264_slice_area *area, u32 mb, int block);

/* Predicts all planes of a macroblock into the picture, 8.3.3.3 and 8.3.4. */
void vh264_predict(const struct vh264_slice_area *area, u32 mb);

/* Adds the residual to the prediction in the picture. */
void vh264_reconstruct(const struct vh264_picture *picture, u32 mb,
		       const struct vh264_residual *residual, int qp);

#endif
