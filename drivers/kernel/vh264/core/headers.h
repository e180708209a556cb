/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parameter sets and slice headers: ITU-T H.264, 7.3.2.1, 7.3.2.2, 7.3.3 and annex E. What is
 * written is constrained baseline in all profiles that may be named; what is read is that subset,
 * and all else is refused.
 */
#ifndef VH264_HEADERS_H
#define VH264_HEADERS_H

#include "bits.h"

#define VH264_NAL_SLICE 1
#define VH264_NAL_IDR 5
#define VH264_NAL_SPS 7
#define VH264_NAL_PPS 8

#define VH264_WIDTH_MIN 16
#define VH264_WIDTH_MAX 4096
#define VH264_HEIGHT_MIN 16
#define VH264_HEIGHT_MAX 2304

/* Bits of frame_num and pic_order_cnt_lsb. */
#define VH264_NUMBER_BITS 8

enum vh264_profile {
	VH264_CONSTRAINED_BASELINE,
	VH264_BASELINE,
	VH264_MAIN,
	VH264_HIGH,
};

struct vh264_sps {
	u32 width, height; /* in pixels, after cropping, even */
	enum vh264_profile profile; /* written only */
	u8 level_idc;
	u32 rate, per; /* frames in seconds; 0 frames where it is not said */
	bool vui; /* whether it says how many pictures are reordered */
	u8 reorder; /* how many, where it does */
};

struct vh264_slice {
	u8 type; /* nal_unit_type */
	u8 ref_idc;
	bool intra;
	u32 first_mb;
	u8 frame_num;
	u8 idr_id;
	u8 order; /* pic_order_cnt_lsb */
	int qp;
};

static inline u32 vh264_mbs(u32 pixels)
{
	return (pixels + 15) / 16;
}

void vh264_put_sps(struct vh264_writer *w, const struct vh264_sps *sps);
void vh264_put_pps(struct vh264_writer *w);
void vh264_put_slice_header(struct vh264_writer *w, const struct vh264_slice *slice);

/* Behind the first byte of the unit. 0, -EBADMSG, or -EOPNOTSUPP for what is not in the subset. */
int vh264_get_sps(struct vh264_reader *r, struct vh264_sps *ret_sps);
int vh264_get_pps(struct vh264_reader *r);
/* The caller sets type and ref_idc before. */
int vh264_get_slice_header(struct vh264_reader *r, struct vh264_slice *slice);

/*
 * The lowest level_idc that carries @mbs macroblocks a picture, @mbs_per_s and @bits_per_s: table
 * The highest where none does.
 */
u8 vh264_level_for(u32 mbs, u64 mbs_per_s, u64 bits_per_s);

#endif
