/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decoder, of what the encoder emits: slices in order, of I_PCM, Intra_16x16 with DC
 * prediction and P_Skip, not deblocked, not reordered. All else is refused, and nothing is
 * concealed: after an error pictures are refused up to the next IDR picture.
 */
#ifndef VH264_DEC_H
#define VH264_DEC_H

#include "headers.h"
#include "picture.h"

struct vh264_dec;

/*
 * Reads the first sequence parameter set of an access unit. Returns 0, -ENOENT where there is none,
 * -EBADMSG, or -EOPNOTSUPP where it is not of the subset.
 */
int vh264_dec_find_sps(const u8 *data, size_t size, struct vh264_sps *ret_sps);

/* The memory that the decoder of pictures of that size needs. */
size_t vh264_dec_memory(u32 width, u32 height);

/* Sets up a decoder that waits for an IDR picture, in memory that stays the caller's. */
struct vh264_dec *vh264_dec_init(void *memory, u32 width, u32 height);

/* Waits for an IDR picture again, as after a seek. */
void vh264_dec_flush(struct vh264_dec *dec);

/*
 * Decodes an access unit of pictures of the size given to vh264_dec_init(). *@ret_picture is good
 * until the next call. Returns 0, -ENOENT where it has no picture, -EBADMSG, or -EOPNOTSUPP.
 */
int vh264_dec_decode(struct vh264_dec *dec, const u8 *data, size_t size,
		     const struct vh264_picture **ret_picture);

#endif
