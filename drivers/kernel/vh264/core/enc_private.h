/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the encoder share: its state, and the plan of a picture.
 */
#ifndef VH264_ENC_PRIVATE_H
#define VH264_ENC_PRIVATE_H

#include "enc.h"
#include "macroblock.h"

enum mb_mode { MB_SKIP, MB_COARSE, MB_EXACT };

struct vh264_enc {
	u32 mbs;
	struct vh264_picture source;
	struct vh264_picture reference; /* what the decoder has */
	struct vh264_picture scratch; /* a picture that is no reference */
	u8 (*totals)[VH264_BLOCKS];
	u32 *errors;
	u8 *modes;

	bool started;
	u32 since_key, since_intra; /* pictures, that one counted */
	u32 shown;
	u8 frame_num;
	u8 idr_id;

	s64 credit; /* bits left over by earlier pictures, negative where owed */
	u32 exact_bits; /* of a macroblock, lately */
	u32 cursor; /* whose turn it is to be sent exactly */
	int qp[2]; /* of coarse macroblocks, lately: of P and of I pictures */
};

/* What a picture may spend; the modes of its macroblocks are in the encoder. */
struct enc_plan {
	bool intra;
	s64 coarse_bits;
	s64 coarse_debt_max; /* what they may take beyond that, at worse and worse quality */
	u32 coarse;
};

/* A picture or a slice under way. */
struct enc_coding {
	struct vh264_enc *enc;
	const struct vh264_enc_params *params;
	struct vh264_writer w;
	struct vh264_slice_area area;
	struct enc_plan plan;
	int slice_qp, qp; /* the one that the decoder has now, and the wanted */
	u32 skipped;
	u32 exact, coarse;
	u64 exact_bits;
};

/* Bits that a picture has on average. */
s64 vh264_enc_picture_bits(const struct vh264_enc_params *params);

/*
 * Decides how each macroblock is sent, at most @limit bits in all; the decoder has @picture.
 */
void vh264_enc_plan(struct vh264_enc *enc, const struct vh264_enc_params *params,
		    const struct vh264_picture *picture, s64 limit, struct enc_plan *plan);

/* Books what the picture took. */
void vh264_enc_settle(struct vh264_enc *enc, const struct vh264_enc_params *params, u64 bits);

/* Writes one macroblock. */
void vh264_enc_macroblock(struct enc_coding *coding, u32 mb);

#endif
