#include "screen/paint.h"

#include <libavutil/imgutils.h>
#include <math.h>
#include <string.h>

#define PLANES 3

struct paint_color paint_color(uint32_t rgb)
{
	double r = (rgb >> 16 & 0xff) / 255.0;
	double g = (rgb >> 8 & 0xff) / 255.0;
	double b = (rgb & 0xff) / 255.0;
	double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;

	return (struct paint_color){
		.y = (uint8_t)lround(16 + 219 * y),
		.u = (uint8_t)lround(128 + 224 * (b - y) / 1.8556),
		.v = (uint8_t)lround(128 + 224 * (r - y) / 1.5748),
	};
}

AVFrame *paint_frame_create(int width, int height)
{
	AVFrame *frame = av_frame_alloc();

	if (!frame)
		return NULL;
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = width;
	frame->height = height;
	frame->color_range = AVCOL_RANGE_MPEG;
	frame->colorspace = AVCOL_SPC_BT709;
	frame->color_primaries = AVCOL_PRI_BT709;
	frame->color_trc = AVCOL_TRC_BT709;
	if (av_frame_get_buffer(frame, 0) < 0)
		av_frame_free(&frame);
	return frame;
}

struct screen_rect paint_intersect(struct screen_rect a, struct screen_rect b)
{
	int left = a.x > b.x ? a.x : b.x;
	int top = a.y > b.y ? a.y : b.y;
	int right = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
	int bottom = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;

	if (right <= left || bottom <= top)
		return (struct screen_rect){left, top, 0, 0};
	return (struct screen_rect){left, top, right - left, bottom - top};
}

static uint8_t *plane_at(const AVFrame *frame, int plane, int x, int y)
{
	int shift = plane > 0;

	return frame->data[plane] + (ptrdiff_t)(y >> shift) * frame->linesize[plane] + (x >> shift);
}

void paint_fill(AVFrame *target, struct screen_rect rect, struct paint_color color)
{
	uint8_t values[PLANES] = {color.y, color.u, color.v};

	for (int plane = 0; plane < PLANES; plane++) {
		uint8_t *line = plane_at(target, plane, rect.x, rect.y);
		int shift = plane > 0;

		for (int y = 0; y < rect.height >> shift; y++) {
			memset(line, values[plane], (size_t)rect.width >> shift);
			line += target->linesize[plane];
		}
	}
}

void paint_copy(const AVFrame *from, int x, int y, AVFrame *target, struct screen_rect rect)
{
	for (int plane = 0; plane < PLANES; plane++) {
		int shift = plane > 0;

		av_image_copy_plane(plane_at(target, plane, rect.x, rect.y),
				    target->linesize[plane], plane_at(from, plane, x, y),
				    from->linesize[plane], rect.width >> shift,
				    rect.height >> shift);
	}
}

void paint_mix(const AVFrame *from, int x, int y, AVFrame *target, struct screen_rect rect,
	       const AVFrame *keep)
{
	for (int plane = 0; plane < PLANES; plane++) {
		int shift = plane > 0;

		for (int i = 0; i < rect.height >> shift; i++) {
			const uint8_t *in = plane_at(from, plane, x, y + (i << shift));
			const uint8_t *share = plane_at(keep, plane, 0, i << shift);
			uint8_t *out = plane_at(target, plane, rect.x, rect.y + (i << shift));

			for (int k = 0; k < rect.width >> shift; k++)
				out[k] = paint_divide_255((unsigned int)in[k] * share[k] +
							  (unsigned int)out[k] * (255U - share[k]));
		}
	}
}
