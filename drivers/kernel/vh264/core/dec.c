// SPDX-License-Identifier: GPL-2.0
#include "cavlc.h"
#include "dec.h"
#include "macroblock.h"
#include "transform.h"

struct vh264_dec {
	u32 mbs;
	struct vh264_picture pictures[2];
	int current; /* index of the picture that is decoded, or was */
	u8 (*totals)[VH264_BLOCKS];
	bool has_pps;
	bool in_sync; /* the picture that the next one refers to is there */
	u8 frame_num; /* of the next picture */
};

/* A picture under way. */
struct dec_coding {
	struct vh264_dec *dec;
	struct vh264_reader *r;
	struct vh264_slice_area area;
	struct vh264_slice slice;
	u32 next_mb;
	int qp;
};

int vh264_dec_find_sps(const u8 *data, size_t size, struct vh264_sps *ret_sps)
{
	struct vh264_reader r;
	size_t pos = 0;
	u8 header;

	while (vh264_next_nal(data, size, &pos, &r, &header)) {
		if ((header & 31) == VH264_NAL_SPS)
			return vh264_get_sps(&r, ret_sps);
	}
	return -ENOENT;
}

size_t vh264_dec_memory(u32 width, u32 height)
{
	size_t mbs = (size_t)vh264_mbs(width) * vh264_mbs(height);

	return sizeof(struct vh264_dec) + mbs * (2 * 384 + VH264_BLOCKS);
}

struct vh264_dec *vh264_dec_init(void *memory, u32 width, u32 height)
{
	struct vh264_dec *dec = memory;
	u32 mb_width = vh264_mbs(width), mb_height = vh264_mbs(height);
	size_t picture = vh264_picture_size(mb_width, mb_height);
	u8 *rest = (u8 *)(dec + 1);

	memset(dec, 0, sizeof(*dec));
	dec->mbs = mb_width * mb_height;
	vh264_picture_init(&dec->pictures[0], rest, mb_width, mb_height);
	vh264_picture_init(&dec->pictures[1], rest + picture, mb_width, mb_height);
	dec->totals = (u8 (*)[VH264_BLOCKS])(rest + 2 * picture);
	return dec;
}

void vh264_dec_flush(struct vh264_dec *dec)
{
	dec->in_sync = false;
}

static void get_exact(struct dec_coding *coding, u32 mb)
{
	vh264_get_align(coding->r);
	for (int plane = 0; plane < 3; plane++) {
		u8 *pixels = vh264_mb_pixels(coding->area.picture, plane, mb);
		int size = plane ? 8 : 16;

		for (int y = 0; y < size; y++)
			vh264_get_bytes(coding->r,
					pixels + y * vh264_stride(coding->area.picture, plane),
					size);
	}
	memset(coding->area.totals[mb], 16, VH264_BLOCKS);
}

static int get_luma(struct dec_coding *coding, u32 mb, struct vh264_residual *residual)
{
	int total = vh264_get_block(coding->r, residual->luma_dc, 16,
				    vh264_nc(&coding->area, mb, 0));

	for (int i = 0; residual->luma && total >= 0 && i < 16; i++) {
		int at = vh264_block_at(i);

		total = vh264_get_block(coding->r, residual->luma_ac[at], 15,
					vh264_nc(&coding->area, mb, at));
		coding->area.totals[mb][at] = total < 0 ? 0 : total;
	}
	return total < 0 ? total : 0;
}

static int get_chroma(struct dec_coding *coding, u32 mb, struct vh264_residual *residual)
{
	int total = 0;

	for (int plane = 0; residual->chroma && total >= 0 && plane < 2; plane++)
		total = vh264_get_block(coding->r, residual->chroma_dc[plane], 4, VH264_CHROMA_DC);
	for (int i = 0; residual->chroma == 2 && total >= 0 && i < 8; i++) {
		total = vh264_get_block(coding->r, residual->chroma_ac[i / 4][i % 4], 15,
					vh264_nc(&coding->area, mb, 16 + i));
		coding->area.totals[mb][16 + i] = total < 0 ? 0 : total;
	}
	return total < 0 ? total : 0;
}

static int get_coarse(struct dec_coding *coding, u32 mb, u32 type)
{
	struct vh264_residual residual = {
		.luma = type >= VH264_MB_INTRA16_DC + 12,
		.chroma = (type - VH264_MB_INTRA16_DC) / 4 % 3,
	};
	int error, delta;

	if (vh264_get_ue(coding->r) != 0)
		return -EOPNOTSUPP;
	delta = vh264_get_se(coding->r);
	if (delta < -26 || delta > 25)
		return -EBADMSG;
	coding->qp = (coding->qp + delta + 52) % 52;
	memset(coding->area.totals[mb], 0, VH264_BLOCKS);
	error = get_luma(coding, mb, &residual);
	if (!error)
		error = get_chroma(coding, mb, &residual);
	if (error)
		return error;
	vh264_predict(&coding->area, mb);
	vh264_reconstruct(coding->area.picture, mb, &residual, coding->qp);
	return 0;
}

static int get_macroblock(struct dec_coding *coding, u32 mb)
{
	u32 type = vh264_get_ue(coding->r);

	if (!coding->slice.intra) {
		if (type < VH264_MB_P_FIRST_INTRA)
			return -EOPNOTSUPP;
		type -= VH264_MB_P_FIRST_INTRA;
	}
	if (type == VH264_MB_PCM) {
		get_exact(coding, mb);
		return 0;
	}
	if (type < VH264_MB_INTRA16_DC || type > VH264_MB_PCM || (type - VH264_MB_INTRA16_DC) % 4)
		return type > VH264_MB_PCM ? -EBADMSG : -EOPNOTSUPP;
	return get_coarse(coding, mb, type);
}

/* What is skipped stands in the picture already, as the copy of the one before. */
static int get_skipped(struct dec_coding *coding)
{
	u32 run = vh264_get_ue(coding->r);

	if (coding->r->overrun || run > coding->dec->mbs - coding->next_mb)
		return -EBADMSG;
	memset(coding->area.totals[coding->next_mb], 0, (size_t)run * VH264_BLOCKS);
	coding->next_mb += run;
	return 0;
}

static int get_slice_data(struct dec_coding *coding)
{
	int error = 0;

	while (!error && vh264_more_data(coding->r)) {
		if (!coding->slice.intra) {
			error = get_skipped(coding);
			if (error || !vh264_more_data(coding->r))
				return error;
		}
		if (coding->next_mb >= coding->dec->mbs)
			return -EBADMSG;
		error = get_macroblock(coding, coding->next_mb++);
		if (coding->r->overrun)
			return -EBADMSG;
	}
	return error;
}

/* The first slice of a picture says which picture it is. */
static int begin(struct dec_coding *coding)
{
	struct vh264_dec *dec = coding->dec;
	bool key = coding->slice.type == VH264_NAL_IDR;

	if (!dec->has_pps || (!key && (!dec->in_sync || coding->slice.frame_num != dec->frame_num)))
		return -EBADMSG;
	coding->area.picture = &dec->pictures[!dec->current];
	coding->area.totals = dec->totals;
	if (!coding->slice.intra)
		vh264_picture_copy(coding->area.picture, &dec->pictures[dec->current]);
	return 0;
}

static int get_slice(struct dec_coding *coding, struct vh264_reader *r, u8 header)
{
	struct vh264_slice before = coding->slice;
	int error;

	coding->slice.type = header & 31;
	coding->slice.ref_idc = header >> 5 & 3;
	coding->r = r;
	error = vh264_get_slice_header(r, &coding->slice);
	if (error)
		return error;
	if (coding->slice.first_mb != coding->next_mb || coding->next_mb >= coding->dec->mbs)
		return -EBADMSG;
	if (!coding->next_mb)
		error = begin(coding);
	else if (coding->slice.type != before.type || coding->slice.intra != before.intra ||
		 coding->slice.ref_idc != before.ref_idc ||
		 coding->slice.frame_num != before.frame_num)
		error = -EBADMSG;
	coding->area.first_mb = coding->next_mb;
	coding->qp = coding->slice.qp;
	return error ? error : get_slice_data(coding);
}

static int get_nal(struct dec_coding *coding, struct vh264_reader *r, u8 header)
{
	int error;

	switch (header & 31) {
	case VH264_NAL_SLICE:
	case VH264_NAL_IDR:
		return get_slice(coding, r, header);
	case VH264_NAL_PPS:
		error = vh264_get_pps(r);
		if (!error)
			coding->dec->has_pps = true;
		return error;
	case 2:
	case 3:
	case 4:
		return -EOPNOTSUPP;
	default:
		return 0;
	}
}

/* A picture that is no reference leaves the one before as the reference. */
static void finish(struct dec_coding *coding, const struct vh264_picture **ret_picture)
{
	struct vh264_dec *dec = coding->dec;

	*ret_picture = coding->area.picture;
	dec->in_sync = true;
	dec->frame_num = coding->slice.frame_num;
	if (coding->slice.ref_idc) {
		dec->current = !dec->current;
		dec->frame_num++;
	}
}

int vh264_dec_decode(struct vh264_dec *dec, const u8 *data, size_t size,
		     const struct vh264_picture **ret_picture)
{
	struct dec_coding coding = {.dec = dec};
	struct vh264_reader r;
	size_t pos = 0;
	int error = 0;
	u8 header;

	while (!error && vh264_next_nal(data, size, &pos, &r, &header))
		error = get_nal(&coding, &r, header);
	if (!error && coding.next_mb == 0)
		return -ENOENT;
	if (!error && coding.next_mb < dec->mbs)
		error = -EBADMSG;
	if (error)
		dec->in_sync = false;
	else
		finish(&coding, ret_picture);
	return error;
}
