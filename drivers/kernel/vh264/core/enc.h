/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The encoder: pictures in, access units of constrained baseline H.264 out.
 *
 * A macroblock is sent in one of three ways: exactly (I_PCM, 3072 bits), coarsely (Intra_16x16,
 * about 20 to 1000 bits), or not at all (P_Skip). Each picture gets what the bit rate allows:
 * what differs most from what the decoder has goes first, coarsely, and the rest is spent on
 * exact macroblocks, in turn. A picture of which every macroblock fits exactly is exact.
 */
#ifndef VH264_ENC_H
#define VH264_ENC_H

#include "headers.h"
#include "picture.h"

struct vh264_enc;

/* May be another for each picture; what the caller has checked. */
struct vh264_enc_params {
	struct vh264_sps sps; /* of the size given to vh264_enc_init(), at a rate that is not 0 */
	u32 bitrate; /* bits a second, not 0 */
	bool constant; /* spend all of it: repeat macroblocks that have not changed */
	u32 gop; /* from one IDR picture to the next; 0: only the first */
	u32 i_period; /* from one I picture to the next; 0: none but IDR */
	u8 qp_min, qp_max; /* of coarse macroblocks, from VH264_QP_MIN to VH264_QP_MAX */
	u8 layers; /* 2: every second picture is no reference */
	u32 slice_mbs; /* macroblocks a slice */
};

/* When a picture is shown: in the order of coding, or after the one that is coded next. */
enum vh264_order {
	VH264_IN_ORDER,
	VH264_AHEAD,
	VH264_BEHIND, /* the one after VH264_AHEAD */
};

struct vh264_enc_job {
	const u8 *source; /* as @raw says */
	const struct vh264_raw *raw;
	enum vh264_order order;
	bool key; /* an IDR picture is wanted */
	bool headers; /* SPS and PPS before an IDR picture that is not the first, too */
	bool first_headers; /* and before the first */
	u8 *coded;
	size_t size;
};

struct vh264_enc_result {
	size_t size;
	bool key; /* IDR */
	bool intra;
	u32 exact, coarse; /* macroblocks */
};

/* The memory that the encoder of pictures of that size needs. */
size_t vh264_enc_memory(u32 width, u32 height);

/* An access unit is never larger, whatever the picture. */
size_t vh264_enc_coded_max(u32 width, u32 height);

/* Sets up an encoder at the start of a stream, in memory that stays the caller's. */
struct vh264_enc *vh264_enc_init(void *memory, u32 width, u32 height);

/* Writes SPS and PPS alone. Returns their size, or -ENOSPC. */
int vh264_enc_headers(const struct vh264_enc *enc, const struct vh264_enc_params *params, u8 *coded,
		      size_t size);

/* Whether the next picture is an IDR picture without being asked for. */
bool vh264_enc_key_is_due(const struct vh264_enc *enc, const struct vh264_enc_params *params);

/* Codes a picture. Returns 0, or -ENOSPC where it does not fit; the next one is an IDR then. */
int vh264_enc_encode(struct vh264_enc *enc, const struct vh264_enc_params *params,
		     const struct vh264_enc_job *job, struct vh264_enc_result *ret_result);

#endif
