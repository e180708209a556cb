// SPDX-License-Identifier: GPL-2.0
#include "headers.h"

#define SLICE_P 5
#define SLICE_I 7
#define PIC_INIT_QP 26

static const struct {
	u8 idc;
	u8 constraints; /* constraint_set0_flag is the highest bit */
} profiles[] = {
	[VH264_CONSTRAINED_BASELINE] = {66, 0xc0},
	[VH264_BASELINE] = {66, 0x80},
	[VH264_MAIN] = {77, 0x40},
	[VH264_HIGH] = {100, 0},
};

static void put_cropping(struct vh264_writer *w, const struct vh264_sps *sps)
{
	u32 right = (vh264_mbs(sps->width) * 16 - sps->width) / 2;
	u32 bottom = (vh264_mbs(sps->height) * 16 - sps->height) / 2;

	vh264_put_bits(w, right || bottom, 1);
	if (!right && !bottom)
		return;
	vh264_put_ue(w, 0);
	vh264_put_ue(w, right);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, bottom);
}

static void put_u32(struct vh264_writer *w, u32 value)
{
	vh264_put_bits(w, value >> 16, 16);
	vh264_put_bits(w, value & 0xffff, 16);
}

/* Aspect, overscan, signal type and chroma location are not said; nor are HRDs. */
static void put_vui(struct vh264_writer *w, const struct vh264_sps *sps)
{
	vh264_put_bits(w, 0, 4);
	vh264_put_bits(w, sps->rate > 0, 1);
	if (sps->rate) {
		put_u32(w, sps->per);
		put_u32(w, 2 * sps->rate);
		vh264_put_bits(w, 0, 1);
	}
	vh264_put_bits(w, 0, 3);
	vh264_put_bits(w, 1, 1); /* bitstream_restriction_flag */
	vh264_put_bits(w, 1, 1);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, 10);
	vh264_put_ue(w, 10);
	vh264_put_ue(w, sps->reorder);
	vh264_put_ue(w, 1 + sps->reorder);
}

void vh264_put_sps(struct vh264_writer *w, const struct vh264_sps *sps)
{
	vh264_begin_nal(w, 3, VH264_NAL_SPS);
	vh264_put_bits(w, profiles[sps->profile].idc, 8);
	vh264_put_bits(w, profiles[sps->profile].constraints, 8);
	vh264_put_bits(w, sps->level_idc, 8);
	vh264_put_ue(w, 0);
	if (sps->profile == VH264_HIGH) {
		vh264_put_ue(w, 1); /* 4:2:0 of 8 bits */
		vh264_put_ue(w, 0);
		vh264_put_ue(w, 0);
		vh264_put_bits(w, 0, 2);
	}
	vh264_put_ue(w, VH264_NUMBER_BITS - 4);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, VH264_NUMBER_BITS - 4);
	vh264_put_ue(w, 1 + sps->reorder); /* max_num_ref_frames */
	vh264_put_bits(w, 0, 1);
	vh264_put_ue(w, vh264_mbs(sps->width) - 1);
	vh264_put_ue(w, vh264_mbs(sps->height) - 1);
	vh264_put_bits(w, 1, 1); /* frame_mbs_only_flag */
	vh264_put_bits(w, 1, 1);
	put_cropping(w, sps);
	vh264_put_bits(w, sps->vui, 1);
	if (sps->vui)
		put_vui(w, sps);
	vh264_end_nal(w);
}

void vh264_put_pps(struct vh264_writer *w)
{
	vh264_begin_nal(w, 3, VH264_NAL_PPS);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, 0);
	vh264_put_bits(w, 0, 2);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, 0);
	vh264_put_ue(w, 0);
	vh264_put_bits(w, 0, 3);
	vh264_put_se(w, PIC_INIT_QP - 26);
	vh264_put_se(w, 0);
	vh264_put_se(w, 0);
	vh264_put_bits(w, 1, 1); /* deblocking_filter_control_present_flag */
	vh264_put_bits(w, 0, 2);
	vh264_end_nal(w);
}

void vh264_put_slice_header(struct vh264_writer *w, const struct vh264_slice *slice)
{
	bool idr = slice->type == VH264_NAL_IDR;

	vh264_begin_nal(w, slice->ref_idc, slice->type);
	vh264_put_ue(w, slice->first_mb);
	vh264_put_ue(w, slice->intra ? SLICE_I : SLICE_P);
	vh264_put_ue(w, 0);
	vh264_put_bits(w, slice->frame_num, VH264_NUMBER_BITS);
	if (idr)
		vh264_put_ue(w, slice->idr_id);
	vh264_put_bits(w, slice->order, VH264_NUMBER_BITS);
	if (!slice->intra)
		vh264_put_bits(w, 0, 2);
	if (slice->ref_idc)
		vh264_put_bits(w, 0, idr ? 2 : 1);
	vh264_put_se(w, slice->qp - PIC_INIT_QP);
	vh264_put_ue(w, 1); /* no deblocking: what was sent exactly stays exact */
}

/* True where the next bits are @value: what the subset fixes. */
static bool is_bits(struct vh264_reader *r, u32 value, unsigned int count)
{
	return vh264_get_bits(r, count) == value;
}

static bool is_ue(struct vh264_reader *r, u32 value)
{
	return vh264_get_ue(r) == value;
}

static bool get_size(struct vh264_reader *r, struct vh264_sps *sps)
{
	u32 mb_width = vh264_get_ue(r) + 1, mb_height = vh264_get_ue(r) + 1;
	u32 left = 0, right = 0, top = 0, bottom = 0;

	if (mb_width > vh264_mbs(VH264_WIDTH_MAX) || mb_height > vh264_mbs(VH264_HEIGHT_MAX) ||
	    !is_bits(r, 1, 1))
		return false;
	vh264_get_bits(r, 1);
	if (vh264_get_bits(r, 1)) {
		left = vh264_get_ue(r);
		right = vh264_get_ue(r);
		top = vh264_get_ue(r);
		bottom = vh264_get_ue(r);
	}
	sps->width = 16 * mb_width - 2 * right;
	sps->height = 16 * mb_height - 2 * bottom;
	return !left && !top && right < 8 && bottom < 8;
}

static u32 get_u32(struct vh264_reader *r)
{
	u32 high = vh264_get_bits(r, 16);

	return high << 16 | vh264_get_bits(r, 16);
}

static bool get_vui(struct vh264_reader *r, struct vh264_sps *sps)
{
	if (!is_bits(r, 0, 4))
		return false;
	if (vh264_get_bits(r, 1)) {
		sps->per = get_u32(r);
		sps->rate = get_u32(r) / 2;
		vh264_get_bits(r, 1);
	}
	if (!is_bits(r, 0, 3))
		return false;
	if (!vh264_get_bits(r, 1))
		return true;
	sps->vui = true;
	vh264_get_bits(r, 1);
	for (int i = 0; i < 4; i++)
		vh264_get_ue(r);
	sps->reorder = vh264_get_ue(r) > 0;
	vh264_get_ue(r);
	return true;
}

int vh264_get_sps(struct vh264_reader *r, struct vh264_sps *ret_sps)
{
	struct vh264_sps sps = {0};
	u32 profile_idc = vh264_get_bits(r, 8);
	bool known;

	vh264_get_bits(r, 8);
	sps.level_idc = vh264_get_bits(r, 8);
	known = is_ue(r, 0);
	if (profile_idc == 100)
		known = known && is_ue(r, 1) && is_ue(r, 0) && is_ue(r, 0) && is_bits(r, 0, 2);
	else
		known = known && (profile_idc == 66 || profile_idc == 77);
	known = known && is_ue(r, VH264_NUMBER_BITS - 4) && is_ue(r, 0) &&
		is_ue(r, VH264_NUMBER_BITS - 4);
	vh264_get_ue(r);
	known = known && is_bits(r, 0, 1) && get_size(r, &sps);
	if (known && vh264_get_bits(r, 1))
		known = get_vui(r, &sps);
	if (r->overrun)
		return -EBADMSG;
	if (!known || sps.reorder)
		return -EOPNOTSUPP;
	*ret_sps = sps;
	return 0;
}

int vh264_get_pps(struct vh264_reader *r)
{
	bool known = is_ue(r, 0) && is_ue(r, 0) && is_bits(r, 0, 2) && is_ue(r, 0) &&
		     is_ue(r, 0) && is_ue(r, 0) && is_bits(r, 0, 3) &&
		     is_ue(r, PIC_INIT_QP - 26) && is_ue(r, 0) && is_ue(r, 0) &&
		     is_bits(r, 4, 3);

	if (r->overrun)
		return -EBADMSG;
	return known ? 0 : -EOPNOTSUPP;
}

int vh264_get_slice_header(struct vh264_reader *r, struct vh264_slice *slice)
{
	bool idr = slice->type == VH264_NAL_IDR;
	bool known;
	u32 type;

	slice->first_mb = vh264_get_ue(r);
	type = vh264_get_ue(r);
	slice->intra = type == SLICE_I;
	known = (slice->intra || type == SLICE_P) && is_ue(r, 0);
	slice->frame_num = vh264_get_bits(r, VH264_NUMBER_BITS);
	slice->idr_id = idr ? vh264_get_ue(r) : 0;
	slice->order = vh264_get_bits(r, VH264_NUMBER_BITS);
	if (!slice->intra)
		known = known && is_bits(r, 0, 2);
	if (slice->ref_idc)
		known = known && is_bits(r, 0, idr ? 2 : 1);
	slice->qp = PIC_INIT_QP + vh264_get_se(r);
	known = known && is_ue(r, 1);
	if (r->overrun || slice->qp < 0 || slice->qp > 51 || (idr && !slice->intra))
		return -EBADMSG;
	return known ? 0 : -EOPNOTSUPP;
}

u8 vh264_level_for(u32 mbs, u64 mbs_per_s, u64 bits_per_s)
{
	static const struct {
		u8 idc;
		u32 mbs, mbs_per_s, kilobits_per_s;
	} levels[] = {
		{10, 99, 1485, 64}, {11, 396, 3000, 192}, {12, 396, 6000, 384},
		{13, 396, 11880, 768}, {20, 396, 11880, 2000}, {21, 792, 19800, 4000},
		{22, 1620, 20250, 4000}, {30, 1620, 40500, 10000}, {31, 3600, 108000, 14000},
		{32, 5120, 216000, 20000}, {40, 8192, 245760, 20000}, {41, 8192, 245760, 50000},
		{42, 8704, 522240, 50000}, {50, 22080, 589824, 135000}, {51, 36864, 983040, 240000},
		{52, 36864, 2073600, 240000}, {60, 139264, 4177920, 240000},
		{61, 139264, 8355840, 480000}, {62, 139264, 16711680, 800000},
	};
	size_t i = 0;

	while (i < ARRAY_SIZE(levels) - 1 &&
	       (mbs > levels[i].mbs || mbs_per_s > levels[i].mbs_per_s ||
		bits_per_s > 1200ULL * levels[i].kilobits_per_s))
		i++;
	return levels[i].idc;
}
