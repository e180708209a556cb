#include "screen/scale.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <string.h>

#include "base/pixels.h"
#include "screen/paint.h"

void scaler_finish(struct scaler *scaler)
{
	sws_freeContext(scaler->context);
	scaler->context = NULL;
}

/* Averaging keeps faces in a small tile smooth; enlarging has nothing to average. */
static int choose_flags(const struct scaler_key *key)
{
	bool smaller = key->to_width < key->from_width || key->to_height < key->from_height;

	return smaller ? SWS_AREA : SWS_FAST_BILINEAR;
}

static struct SwsContext *open_context(const struct scaler_key *key, int flags)
{
	struct SwsContext *context = sws_alloc_context();
	/* The same matrix on both sides: it is taken over, never converted. */
	const int *matrix = sws_getCoefficients(SWS_CS_ITU709);

	if (!context)
		return NULL;
	av_opt_set_int(context, "sws_flags", flags, 0);
	av_opt_set_int(context, "src_format", key->format, 0);
	av_opt_set_int(context, "srcw", key->from_width, 0);
	av_opt_set_int(context, "srch", key->from_height, 0);
	/* A range told only after sws_init_context() is not heeded where the size stays. */
	av_opt_set_int(context, "src_range", key->full_range, 0);
	av_opt_set_int(context, "dst_format", AV_PIX_FMT_YUV420P, 0);
	av_opt_set_int(context, "dstw", key->to_width, 0);
	av_opt_set_int(context, "dsth", key->to_height, 0);
	av_opt_set_int(context, "dst_range", 0, 0);
	if (sws_init_context(context, NULL, NULL) < 0) {
		sws_freeContext(context);
		return NULL;
	}
	sws_setColorspaceDetails(context, matrix, key->full_range, matrix, 0, 0, 1 << 16, 1 << 16);
	return context;
}

/* Of a picture made much smaller, two lines to average for each that comes out are enough. */
static void skip_lines(AVFrame *part, int to_height)
{
	int step = part->height / (2 * to_height);

	if (step < 2)
		return;
	part->height = (part->height / step) & ~1;
	for (int i = 0; i < AV_NUM_DATA_POINTERS; i++)
		part->linesize[i] *= step;
}

static int prepare(struct scaler *scaler, const AVFrame *part, struct screen_rect rect)
{
	struct scaler_key key = {
		.format = pixels_plain(part->format),
		.full_range = pixels_are_full_range(part),
		.from_width = part->width,
		.from_height = part->height,
		.to_width = rect.width,
		.to_height = rect.height,
	};

	if (scaler->context && memcmp(&key, &scaler->key, sizeof(key)) == 0)
		return 0;
	if (!sws_isSupportedInput(key.format))
		return -EINVAL;
	scaler_finish(scaler);
	scaler->key = key;
	scaler->context = open_context(&key, choose_flags(&key));
	/* The fast one is machine code made at run time on x86, which a sandbox may forbid. */
	if (!scaler->context)
		scaler->context = open_context(&key, SWS_BILINEAR);
	return scaler->context ? 0 : -ENOMEM;
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

	if (same_size && picture->format == AV_PIX_FMT_YUV420P && !pixels_are_full_range(picture)) {
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
	if (ret == 0) {
		skip_lines(part, rect.height);
		ret = prepare(scaler, part, rect);
	}
	if (ret == 0)
		ret = scale(scaler, part, target, rect);
	av_frame_free(&part);
	return ret;
}
