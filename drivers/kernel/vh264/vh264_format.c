// SPDX-License-Identifier: GPL-2.0
/*
 * Formats of both nodes, single- and multi-planar. A raw picture is always one plane in memory.
 */
#include <linux/log2.h>
#include <linux/moduleparam.h>

#include "vh264.h"

#define STRIDE_MAX (2 * VH264_WIDTH_MAX)
#define CODED_MIN 4096

static unsigned int stride_align = 1;
module_param(stride_align, uint, 0644);
MODULE_PARM_DESC(stride_align, "Strides are multiples of this power of two, in bytes");

static const u32 raw_fourccs[] = {V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YUYV};

static bool is_coded(const struct vh264_ctx *ctx, enum v4l2_buf_type type)
{
	return ctx->node->kind->encodes == V4L2_TYPE_IS_CAPTURE(type);
}

struct vh264_format *vh264_format_of(struct vh264_ctx *ctx, enum v4l2_buf_type type)
{
	return is_coded(ctx, type) ? &ctx->coded : &ctx->raw;
}

static enum vh264_layout layout_of(u32 fourcc)
{
	switch (fourcc) {
	case V4L2_PIX_FMT_NV12:
		return VH264_NV12;
	case V4L2_PIX_FMT_YUV420:
		return VH264_YUV420;
	default:
		return VH264_YUYV;
	}
}

struct vh264_raw vh264_raw_of(const struct vh264_ctx *ctx)
{
	return (struct vh264_raw){
		.layout = layout_of(ctx->raw.fourcc),
		.width = ctx->crop.width,
		.height = ctx->crop.height,
		.left = ctx->crop.left,
		.top = ctx->crop.top,
		.stride = ctx->raw.stride,
		.rows = ctx->raw.height,
	};
}

static u32 alignment(u32 fourcc)
{
	u32 align = clamp(READ_ONCE(stride_align), 1U, 4096U);

	align = rounddown_pow_of_two(align);
	/* The chroma of YUV420 has half the stride. */
	return max(fourcc == V4L2_PIX_FMT_YUV420 ? 2 * align : align, 4U);
}

/* Fixes what does not fit; a wanted stride may be longer than needed. */
static void fix_raw(struct vh264_format *format)
{
	struct vh264_raw raw;
	u32 least;

	if (format->fourcc != V4L2_PIX_FMT_NV12 && format->fourcc != V4L2_PIX_FMT_YUV420 &&
	    format->fourcc != V4L2_PIX_FMT_YUYV)
		format->fourcc = V4L2_PIX_FMT_NV12;
	v4l_bound_align_image(&format->width, VH264_WIDTH_MIN, VH264_WIDTH_MAX, 1, &format->height,
			      VH264_HEIGHT_MIN, VH264_HEIGHT_MAX, 1, 0);
	least = format->fourcc == V4L2_PIX_FMT_YUYV ? 2 * format->width : format->width;
	format->stride = round_up(clamp(format->stride, least, (u32)STRIDE_MAX),
				  alignment(format->fourcc));
	raw = (struct vh264_raw){
		.layout = layout_of(format->fourcc),
		.stride = format->stride,
		.rows = format->height,
	};
	format->size = vh264_raw_size(&raw);
}

static void fix_coded(struct vh264_format *format)
{
	u32 most;

	format->fourcc = V4L2_PIX_FMT_H264;
	v4l_bound_align_image(&format->width, VH264_WIDTH_MIN, VH264_WIDTH_MAX, 1, &format->height,
			      VH264_HEIGHT_MIN, VH264_HEIGHT_MAX, 1, 0);
	most = vh264_enc_coded_max(format->width, format->height);
	format->stride = 0;
	format->size = format->size ? clamp(format->size, (u32)CODED_MIN, most) : most;
}

void vh264_set_size(struct vh264_ctx *ctx, u32 width, u32 height)
{
	ctx->raw.width = width;
	ctx->raw.height = height;
	ctx->raw.stride = 0;
	fix_raw(&ctx->raw);
	ctx->coded.width = ctx->raw.width;
	ctx->coded.height = ctx->raw.height;
	ctx->coded.size = 0;
	fix_coded(&ctx->coded);
	ctx->crop = (struct v4l2_rect){0, 0, ctx->raw.width, ctx->raw.height};
}

void vh264_init_formats(struct vh264_ctx *ctx)
{
	ctx->raw.fourcc = V4L2_PIX_FMT_NV12;
	ctx->colour.space = V4L2_COLORSPACE_REC709;
	vh264_set_size(ctx, 320, 180);
}

static struct vh264_format get(const struct v4l2_format *f)
{
	const struct v4l2_pix_format_mplane *mp = &f->fmt.pix_mp;
	const struct v4l2_pix_format *pix = &f->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type))
		return (struct vh264_format){
			.fourcc = mp->pixelformat,
			.width = mp->width,
			.height = mp->height,
			.stride = mp->plane_fmt[0].bytesperline,
			.size = mp->plane_fmt[0].sizeimage,
		};
	return (struct vh264_format){
		.fourcc = pix->pixelformat,
		.width = pix->width,
		.height = pix->height,
		.stride = pix->bytesperline,
		.size = pix->sizeimage,
	};
}

static struct vh264_colour get_colour(const struct v4l2_format *f)
{
	const struct v4l2_pix_format_mplane *mp = &f->fmt.pix_mp;
	const struct v4l2_pix_format *pix = &f->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type))
		return (struct vh264_colour){mp->colorspace, mp->xfer_func, mp->ycbcr_enc,
					     mp->quantization};
	return (struct vh264_colour){pix->colorspace, pix->xfer_func, pix->ycbcr_enc,
				     pix->quantization};
}

static void put_multi(struct v4l2_pix_format_mplane *mp, const struct vh264_format *format,
		      const struct vh264_colour *colour)
{
	memset(mp, 0, sizeof(*mp));
	mp->pixelformat = format->fourcc;
	mp->width = format->width;
	mp->height = format->height;
	mp->field = V4L2_FIELD_NONE;
	mp->num_planes = 1;
	mp->plane_fmt[0].bytesperline = format->stride;
	mp->plane_fmt[0].sizeimage = format->size;
	mp->colorspace = colour->space;
	mp->xfer_func = colour->transfer;
	mp->ycbcr_enc = colour->encoding;
	mp->quantization = colour->quantization;
}

static void put(struct v4l2_format *f, const struct vh264_format *format,
		const struct vh264_colour *colour)
{
	struct v4l2_pix_format *pix = &f->fmt.pix;

	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		put_multi(&f->fmt.pix_mp, format, colour);
		return;
	}
	pix->pixelformat = format->fourcc;
	pix->width = format->width;
	pix->height = format->height;
	pix->field = V4L2_FIELD_NONE;
	pix->bytesperline = format->stride;
	pix->sizeimage = format->size;
	pix->colorspace = colour->space;
	pix->xfer_func = colour->transfer;
	pix->ycbcr_enc = colour->encoding;
	pix->quantization = colour->quantization;
	pix->flags = 0;
}

static bool is_known(const struct vh264_ctx *ctx, enum v4l2_buf_type type)
{
	return V4L2_TYPE_IS_MULTIPLANAR(type) == ctx->node->multiplanar;
}

int vh264_enum_format(struct file *file, void *fh, struct v4l2_fmtdesc *f)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);

	if (!is_known(ctx, f->type))
		return -EINVAL;
	if (is_coded(ctx, f->type)) {
		if (f->index)
			return -EINVAL;
		f->pixelformat = V4L2_PIX_FMT_H264;
		if (!ctx->node->kind->encodes)
			f->flags |= V4L2_FMT_FLAG_DYN_RESOLUTION;
		return 0;
	}
	if (f->index >= ARRAY_SIZE(raw_fourccs))
		return -EINVAL;
	f->pixelformat = raw_fourccs[f->index];
	return 0;
}

int vh264_get_format(struct file *file, void *fh, struct v4l2_format *f)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);

	if (!is_known(ctx, f->type))
		return -EINVAL;
	put(f, vh264_format_of(ctx, f->type), &ctx->colour);
	return 0;
}

/* What the format would be; the size that the stream has is not the application's to choose. */
static struct vh264_format adjust(struct vh264_ctx *ctx, const struct v4l2_format *f)
{
	struct vh264_format format = get(f);
	bool given = V4L2_TYPE_IS_CAPTURE(f->type) && (ctx->node->kind->encodes || ctx->size_known);

	if (given) {
		format.width = ctx->crop.width;
		format.height = ctx->crop.height;
	}
	if (is_coded(ctx, f->type))
		fix_coded(&format);
	else
		fix_raw(&format);
	return format;
}

int vh264_try_format(struct file *file, void *fh, struct v4l2_format *f)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct vh264_colour colour = ctx->colour;
	struct vh264_format format;

	if (!is_known(ctx, f->type))
		return -EINVAL;
	format = adjust(ctx, f);
	if (V4L2_TYPE_IS_OUTPUT(f->type))
		colour = get_colour(f);
	put(f, &format, &colour);
	return 0;
}

int vh264_set_format(struct file *file, void *fh, struct v4l2_format *f)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct vh264_format *format = vh264_format_of(ctx, f->type);
	int error = vh264_try_format(file, fh, f);

	if (error)
		return error;
	if (vb2_is_busy(v4l2_m2m_get_vq(ctx->fh.m2m_ctx, f->type)))
		return -EBUSY;
	if (V4L2_TYPE_IS_OUTPUT(f->type)) {
		ctx->colour = get_colour(f);
		ctx->size_known = false;
		vh264_set_size(ctx, get(f).width, get(f).height);
	}
	*format = get(f);
	if (!is_coded(ctx, f->type))
		ctx->crop = (struct v4l2_rect){0, 0, format->width, format->height};
	return 0;
}
