#include "screen/scale.h"

#include <errno.h>
#include <libswscale/swscale.h>
#include <stdbool.h>

#include "screen/paint.h"

void scaler_finish(struct scaler *scaler)
{
	sws_freeContext(scaler->context);
	scaler->context = NULL;
}

/* libswscale wants the range told apart from the format. */
static enum AVPixelFormat without_range(enum AVPixelFormat format)
{
	switch (format) {
	case AV_PIX_FMT_YUVJ420P:
		return AV_PIX_FMT_YUV420P;
	case AV_PIX_FMT_YUVJ422P:
		return AV_PIX_FMT_YUV422P;
	case AV_PIX_FMT_YUVJ444P:
		return AV_PIX_FMT_YUV444P;
	default:
		return format;
	}
}

static bool is_full_range(const AVFrame *picture)
{
	return picture->color_range == AVCOL_RANGE_JPEG ||
	       without_range(picture->format) != (enum AVPixelFormat)picture->format;
}

/*
 * Averaging keeps faces in a small tile smooth; enlarging has nothing to average. The fast way of
 * that is machine code made at run time on x86, which a sandbox may forbid.
 */
static int choose_flags(const struct scaler *scaler, struct screen_rect source,
			struct screen_rect rect)
{
	if (rect.width < source.width || rect.height < source.height)
		return SWS_AREA;
	return scaler->without_fast ? SWS_BILINEAR : SWS_FAST_BILINEAR;
}

static int prepare(struct scaler *scaler, const AVFrame *picture, struct screen_rect source,
		   struct screen_rect rect)
{
	enum AVPixelFormat format = without_range(picture->format);
	/* The same matrix on both sides: it is taken over, never converted. */
	const int *matrix = sws_getCoefficients(SWS_CS_ITU709);
	int flags = choose_flags(scaler, source, rect);

	if (!sws_isSupportedInput(format))
		return -EINVAL;
	scaler->context =
		sws_getCachedContext(scaler->context, source.width, source.height, format, rect.width,
				     rect.height, AV_PIX_FMT_YUV420P, flags, NULL, NULL, NULL);
	if (!scaler->context && flags == SWS_FAST_BILINEAR) {
		scaler->without_fast = true;
		return prepare(scaler, picture, source, rect);
	}
	if (!scaler->context)
		return -ENOMEM;
	sws_setColorspaceDetails(scaler->context, matrix, is_full_range(picture), matrix, 0, 0,
				 1 << 16, 1 << 16);
	return 0;
}

static int scale(struct scaler *scaler, const AVFrame *part, AVFrame *target,
		 struct screen_rect rect)
{
	uint8_t *const planes[4] = {
		target->data[0] + (ptrdiff_t)rect.y * target->linesize[0] + rect.x,
		target->data[1] + (ptrdiff_t)(rect.y / 2) * target->linesize[1] + rect.x / 2,
		target->data[2] + (ptrdiff_t)(rect.y / 2) * target->linesize[2] + rect.x / 2,
	};
	int lines = sws_scale(scaler->context, (const uint8_t *const *)part->data, part->linesize,
			      0, part->height, planes, target->linesize);

	return lines == rect.height ? 0 : -EINVAL;
}

int scaler_draw(struct scaler *scaler, const AVFrame *picture, struct screen_rect source,
		AVFrame *target, struct screen_rect rect)
{
	bool same_size = source.width == rect.width && source.height == rect.height;
	AVFrame *part;
	int ret;

	if (same_size && picture->format == AV_PIX_FMT_YUV420P && !is_full_range(picture)) {
		paint_copy(picture, source.x, source.y, target, rect);
		return 0;
	}
	part = av_frame_clone(picture);
	if (!part)
		return -ENOMEM;
	part->crop_left = (size_t)source.x;
	part->crop_top = (size_t)source.y;
	part->crop_right = (size_t)(picture->width - source.x - source.width);
	part->crop_bottom = (size_t)(picture->height - source.y - source.height);
	ret = av_frame_apply_cropping(part, AV_FRAME_CROP_UNALIGNED) < 0 ? -EINVAL : 0;
	if (ret == 0)
		ret = prepare(scaler, picture, source, rect);
	if (ret == 0)
		ret = scale(scaler, part, target, rect);
	av_frame_free(&part);
	return ret;
}
