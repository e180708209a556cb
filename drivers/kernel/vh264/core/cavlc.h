/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transform coefficient levels by CAVLC: residual_block_cavlc(), ITU-T H.264, 7.3.5.3.2 and 9.2.
 */
#ifndef VH264_CAVLC_H
#define VH264_CAVLC_H

#include "bits.h"

/* The value of nC for the DC coefficients of chroma. */
#define VH264_CHROMA_DC (-1)

/*
 * Writes @max levels (4, 15 or 16) in the order of the scan, each of at most 2063 in size. Returns
 * how many of them are not 0.
 */
int vh264_put_block(struct vh264_writer *w, const s16 *levels, int max, int nc);

/* Reads @max levels. Returns how many are not 0, or -EBADMSG. */
int vh264_get_block(struct vh264_reader *r, s16 *levels, int max, int nc);

#endif
