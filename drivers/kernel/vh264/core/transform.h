/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 4x4 transform, its quantiser, and back: ITU-T H.264, 8.5, for macroblocks of Intra_16x16 and
 * their chroma. A block is 16 values, row by row; levels are in the order of the zig-zag scan.
 */
#ifndef VH264_TRANSFORM_H
#define VH264_TRANSFORM_H

#include "types.h"

/* From here down the levels of DC coefficients are too large for CAVLC's escapes. */
#define VH264_QP_MIN 12
#define VH264_QP_MAX 51

/* QPc for QPy, table 8-15, with chroma_qp_index_offset of 0. */
int vh264_chroma_qp(int luma_qp);

/* Where the zig-zag scan goes, as indices of a block. */
extern const u8 vh264_zigzag[16];

/* Transforms the residual in @block in place; and its AC coefficients into 15 levels. */
void vh264_forward(s16 *block);
void vh264_quantise_ac(const s16 *block, int qp, s16 *levels);

/* The 16 DC coefficients of the luma of a macroblock, by rows of its blocks, into 16 levels. */
void vh264_quantise_luma_dc(const s16 *dc, int qp, s16 *levels);
/* The 4 DC coefficients of a chroma plane of a macroblock into 4 levels. */
void vh264_quantise_chroma_dc(const s16 *dc, int qp, s16 *levels);

/* And back into coefficients. The DC coefficient of @block is left alone. */
void vh264_scale_ac(const s16 *levels, int qp, s16 *block);
void vh264_scale_luma_dc(const s16 *levels, int qp, s16 *dc);
void vh264_scale_chroma_dc(const s16 *levels, int qp, s16 *dc);

/* Adds the residual of the coefficients in @block, which is used up, to 4x4 pixels. */
void vh264_add_inverse(s16 *block, u8 *pixels, size_t stride);

#endif
