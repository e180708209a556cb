#include "camera/convert.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>

#include "base/pixels.h"
#include "camera/picture_pool.h"

enum { NEUTRAL = 0, UNITY = 1 << 16 }; /* brightness; contrast and saturation */

struct converter {
	enum AVPixelFormat to;

	/* for pictures of this format and size, made anew when another comes */
	enum AVPixelFormat from;
	int width;
	int height;
	bool full_range;
	enum AVColorSpace space;
	struct SwsContext *scaler;
	struct picture_pool *pool;
};

int converter_create(enum AVPixelFormat to, struct converter **ret_converter)
{
	struct converter *converter = calloc(1, sizeof(*converter));

	if (!converter)
		return -ENOMEM;
	converter->to = to;
	converter->from = AV_PIX_FMT_NONE;
	*ret_converter = converter;
	return 0;
}

static void forget(struct converter *converter)
{
	sws_freeContext(converter->scaler);
	converter->scaler = NULL;
	picture_pool_destroy(converter->pool);
	converter->pool = NULL;
	converter->from = AV_PIX_FMT_NONE;
}

void converter_destroy(struct converter *converter)
{
	if (!converter)
		return;
	forget(converter);
	free(converter);
}

bool converter_is_done(const AVFrame *picture)
{
	return (picture->format == AV_PIX_FMT_NV12 || picture->format == AV_PIX_FMT_YUV420P) &&
	       !pixels_are_full_range(picture);
}

/* The ranges go in before the start: libswscale picks its way by them only then. */
static int start_scaler(struct converter *converter, enum AVPixelFormat from, int width, int height,
			bool full_range, enum AVColorSpace space)
{
	int matrix = space == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601;
	const int *coefficients = sws_getCoefficients(matrix);
	struct SwsContext *scaler = sws_alloc_context();

	converter->scaler = scaler;
	if (!scaler)
		return -ENOMEM;
	av_opt_set_int(scaler, "srcw", width, 0);
	av_opt_set_int(scaler, "srch", height, 0);
	av_opt_set_int(scaler, "src_format", from, 0);
	av_opt_set_int(scaler, "src_range", full_range, 0);
	av_opt_set_int(scaler, "dstw", width, 0);
	av_opt_set_int(scaler, "dsth", height, 0);
	av_opt_set_int(scaler, "dst_format", converter->to, 0);
	av_opt_set_int(scaler, "dst_range", 0, 0);
	av_opt_set_int(scaler, "sws_flags", SWS_FAST_BILINEAR, 0);
	if (sws_init_context(scaler, NULL, NULL) < 0)
		return -ENOMEM;
	return sws_setColorspaceDetails(scaler, coefficients, full_range, coefficients, 0, NEUTRAL,
					UNITY, UNITY) < 0
		       ? -ENOTSUP
		       : 0;
}

static int prepare(struct converter *converter, const AVFrame *picture)
{
	bool full_range = pixels_are_full_range(picture);
	enum AVPixelFormat from = pixels_plain(picture->format);
	int width = picture->width, height = picture->height, r;

	if (converter->from == from && converter->width == width && converter->height == height &&
	    converter->full_range == full_range && converter->space == picture->colorspace)
		return 0;
	forget(converter);
	if (!sws_isSupportedInput(from))
		return -ENOTSUP;
	r = start_scaler(converter, from, width, height, full_range, picture->colorspace);
	if (r < 0)
		return r;
	r = picture_pool_create(converter->to, width, height, &converter->pool);
	if (r < 0)
		return r;
	converter->from = from;
	converter->width = width;
	converter->height = height;
	converter->full_range = full_range;
	converter->space = picture->colorspace;
	return 0;
}

int converter_run(struct converter *converter, const AVFrame *picture, AVFrame **ret_picture)
{
	int r = prepare(converter, picture);
	AVFrame *converted;

	if (r < 0)
		return r;
	converted = picture_pool_get(converter->pool);
	if (!converted)
		return -ENOMEM;
	if (sws_scale(converter->scaler, (const uint8_t *const *)picture->data, picture->linesize,
		      0, picture->height, converted->data, converted->linesize) < 0) {
		av_frame_free(&converted);
		return -ENOTSUP;
	}
	converted->pts = picture->pts;
	converted->duration = picture->duration;
	converted->colorspace = picture->colorspace;
	converted->color_range = AVCOL_RANGE_MPEG;
	*ret_picture = converted;
	return 0;
}
