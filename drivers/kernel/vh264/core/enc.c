// SPDX-License-Identifier: GPL-2.0
#include "enc.h"
#include "enc_private.h"
#include "transform.h"

/* I_PCM with its type and alignment; and with every second byte escaped, too. */
#define EXACT_BITS 3100
#define EXACT_BYTES_MAX 640
#define HEADER_BYTES_MAX 4096
#define FIRST_QP 32

size_t vh264_enc_memory(u32 width, u32 height)
{
	size_t mbs = (size_t)vh264_mbs(width) * vh264_mbs(height);

	return sizeof(struct vh264_enc) + 3 * 384 * mbs +
	       mbs * (sizeof(u32) + VH264_BLOCKS + 1);
}

size_t vh264_enc_coded_max(u32 width, u32 height)
{
	return (size_t)vh264_mbs(width) * vh264_mbs(height) * EXACT_BYTES_MAX + HEADER_BYTES_MAX;
}

struct vh264_enc *vh264_enc_init(void *memory, u32 width, u32 height)
{
	struct vh264_enc *enc = memory;
	u32 mb_width = vh264_mbs(width), mb_height = vh264_mbs(height);
	size_t picture = vh264_picture_size(mb_width, mb_height);
	u8 *rest;

	memset(enc, 0, sizeof(*enc));
	enc->mbs = mb_width * mb_height;
	enc->exact_bits = EXACT_BITS;
	enc->qp[0] = FIRST_QP;
	enc->qp[1] = FIRST_QP;
	enc->errors = (u32 *)(enc + 1);
	rest = (u8 *)(enc->errors + enc->mbs);
	vh264_picture_init(&enc->source, rest, mb_width, mb_height);
	vh264_picture_init(&enc->reference, rest + picture, mb_width, mb_height);
	vh264_picture_init(&enc->scratch, rest + 2 * picture, mb_width, mb_height);
	enc->totals = (u8 (*)[VH264_BLOCKS])(rest + 3 * picture);
	enc->modes = (u8 *)(enc->totals + enc->mbs);
	return enc;
}

static void put_headers(const struct vh264_enc *enc, const struct vh264_enc_params *params,
			struct vh264_writer *w)
{
	struct vh264_sps sps = params->sps;
	u64 mbs_per_s = (u64)enc->mbs * sps.rate / sps.per;
	u64 bits_per_s = vh264_clip(params->bitrate, 0, mbs_per_s * EXACT_BITS);
	u8 level = vh264_level_for(enc->mbs, mbs_per_s, bits_per_s);

	if (sps.level_idc < level)
		sps.level_idc = level;
	vh264_put_sps(w, &sps);
	vh264_put_pps(w);
}

int vh264_enc_headers(const struct vh264_enc *enc, const struct vh264_enc_params *params, u8 *coded,
		      size_t size)
{
	struct vh264_writer w;

	vh264_writer_init(&w, coded, size);
	put_headers(enc, params, &w);
	return w.overflow ? -ENOSPC : (int)w.length;
}

bool vh264_enc_key_is_due(const struct vh264_enc *enc, const struct vh264_enc_params *params)
{
	return !enc->started || (params->gop && enc->since_key >= params->gop);
}

static void code_slice(struct enc_coding *coding, struct vh264_slice *slice, u32 first, u32 end)
{
	slice->first_mb = first;
	slice->qp = coding->qp;
	vh264_put_slice_header(&coding->w, slice);
	coding->area.first_mb = first;
	coding->slice_qp = coding->qp;
	coding->skipped = 0;
	for (u32 mb = first; mb < end; mb++)
		vh264_enc_macroblock(coding, mb);
	if (coding->skipped)
		vh264_put_ue(&coding->w, coding->skipped);
	vh264_end_nal(&coding->w);
}

static u32 order_of(struct vh264_enc *enc, enum vh264_order order)
{
	switch (order) {
	case VH264_AHEAD:
		return enc->shown + 1;
	case VH264_BEHIND:
		enc->shown += 2;
		return enc->shown - 2;
	default:
		return enc->shown++;
	}
}

/* Starts a picture: what kind it is, and where it stands. */
static void begin(struct vh264_enc *enc, const struct vh264_enc_params *params,
		  const struct vh264_enc_job *job, struct vh264_slice *slice)
{
	bool key = job->key || vh264_enc_key_is_due(enc, params);

	memset(slice, 0, sizeof(*slice));
	if (key) {
		enc->since_key = 0;
		enc->shown = 0;
		enc->frame_num = 0;
		enc->idr_id ^= 1;
	}
	slice->type = key ? VH264_NAL_IDR : VH264_NAL_SLICE;
	slice->intra = key || (params->i_period && enc->since_intra >= params->i_period);
	if (slice->intra)
		enc->since_intra = 0;
	slice->ref_idc = params->layers < 2 || slice->intra || !(enc->since_key & 1);
	slice->frame_num = enc->frame_num;
	slice->idr_id = enc->idr_id;
	slice->order = 2 * order_of(enc, job->order);
	enc->since_key++;
	enc->since_intra++;
	enc->frame_num += slice->ref_idc;
}

static void code_picture(struct enc_coding *coding, struct vh264_slice *slice)
{
	struct vh264_enc *enc = coding->enc;
	u32 step = coding->params->slice_mbs ? coding->params->slice_mbs : enc->mbs;

	coding->qp = vh264_clip(enc->qp[slice->intra], coding->params->qp_min,
				coding->params->qp_max);
	for (u32 first = 0; first < enc->mbs; first += step)
		code_slice(coding, slice, first, vh264_clip(first + step, 0, enc->mbs));
	enc->qp[slice->intra] = coding->qp;
	if (coding->exact)
		enc->exact_bits = coding->exact_bits / coding->exact + 1;
}

int vh264_enc_encode(struct vh264_enc *enc, const struct vh264_enc_params *params,
		     const struct vh264_enc_job *job, struct vh264_enc_result *ret_result)
{
	struct enc_coding coding = {.enc = enc, .params = params};
	bool first = !enc->started;
	struct vh264_slice slice;

	vh264_picture_load(&enc->source, job->source, job->raw);
	begin(enc, params, job, &slice);
	coding.area.totals = enc->totals;
	coding.area.picture = &enc->reference;
	if (!slice.ref_idc) {
		vh264_picture_copy(&enc->scratch, &enc->reference);
		coding.area.picture = &enc->scratch;
	}
	coding.plan.intra = slice.intra;
	vh264_writer_init(&coding.w, job->coded, job->size);
	if (slice.type == VH264_NAL_IDR && (first ? job->first_headers : job->headers))
		put_headers(enc, params, &coding.w);
	vh264_enc_plan(enc, params, coding.area.picture, (s64)job->size * 8 / 3 * 2, &coding.plan);
	code_picture(&coding, &slice);
	vh264_enc_settle(enc, params, vh264_bits_written(&coding.w));
	enc->started = !coding.w.overflow;
	if (coding.w.overflow)
		return -ENOSPC;
	*ret_result = (struct vh264_enc_result){
		.size = coding.w.length,
		.key = slice.type == VH264_NAL_IDR,
		.intra = slice.intra,
		.exact = coding.exact,
		.coarse = coding.coarse,
	};
	return 0;
}
