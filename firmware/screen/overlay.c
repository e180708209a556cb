#include "screen/overlay.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "screen/paint.h"

#define PLANES 3

/* Red, green, blue (times opacity) and opacity, each 0..255. */
struct argb {
	float r, g, b, a;
};

static struct argb pixel(const uint8_t *data, int stride, int x, int y)
{
	uint32_t value;

	memcpy(&value, data + (ptrdiff_t)y * stride + (ptrdiff_t)x * 4, sizeof(value));
	return (struct argb){
		.r = (float)(value >> 16 & 0xff),
		.g = (float)(value >> 8 & 0xff),
		.b = (float)(value & 0xff),
		.a = (float)(value >> 24),
	};
}

static uint8_t sample(float value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5F);
}

static void convert_luma(const uint8_t *data, int stride, struct overlay *overlay)
{
	for (int y = 0; y < overlay->height; y++) {
		uint8_t *add = overlay->add->data[0] + (ptrdiff_t)y * overlay->add->linesize[0];
		uint8_t *keep = overlay->keep->data[0] + (ptrdiff_t)y * overlay->keep->linesize[0];

		for (int x = 0; x < overlay->width; x++) {
			struct argb p = pixel(data, stride, x, y);
			float luma = 0.2126F * p.r + 0.7152F * p.g + 0.0722F * p.b;

			add[x] = sample(p.a * 16 / 255 + luma * 219 / 255);
			keep[x] = (uint8_t)(255 - p.a);
		}
	}
}

/* The four pixels that share a chroma sample. */
static struct argb average(const uint8_t *data, int stride, int x, int y)
{
	struct argb sum = {0};

	for (int i = 0; i < 4; i++) {
		struct argb p = pixel(data, stride, x + i % 2, y + i / 2);

		sum.r += p.r / 4;
		sum.g += p.g / 4;
		sum.b += p.b / 4;
		sum.a += p.a / 4;
	}
	return sum;
}

static void convert_chroma(const uint8_t *data, int stride, struct overlay *overlay)
{
	for (int y = 0; y < overlay->height / 2; y++) {
		ptrdiff_t line = (ptrdiff_t)y * overlay->add->linesize[1];

		for (int x = 0; x < overlay->width / 2; x++) {
			struct argb p = average(data, stride, 2 * x, 2 * y);
			float luma = 0.2126F * p.r + 0.7152F * p.g + 0.0722F * p.b;
			float middle = p.a * 128 / 255;
			uint8_t keep = sample(255 - p.a);

			overlay->add->data[1][line + x] =
				sample(middle + (p.b - luma) / 1.8556F * 224 / 255);
			overlay->add->data[2][line + x] =
				sample(middle + (p.r - luma) / 1.5748F * 224 / 255);
			overlay->keep->data[1][line + x] = keep;
			overlay->keep->data[2][line + x] = keep;
		}
	}
}

int overlay_create(cairo_surface_t *surface, struct overlay **ret_overlay)
{
	int width = cairo_image_surface_get_width(surface);
	int height = cairo_image_surface_get_height(surface);
	int stride = cairo_image_surface_get_stride(surface);
	struct overlay *overlay;

	if (cairo_surface_status(surface) == CAIRO_STATUS_NO_MEMORY)
		return -ENOMEM;
	if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS || width < 2 || height < 2 ||
	    width % 2 || height % 2 ||
	    cairo_image_surface_get_format(surface) != CAIRO_FORMAT_ARGB32)
		return -EINVAL;
	overlay = calloc(1, sizeof(*overlay));
	if (!overlay)
		return -ENOMEM;
	overlay->width = width;
	overlay->height = height;
	overlay->add = paint_frame_create(width, height);
	overlay->keep = paint_frame_create(width, height);
	if (!overlay->add || !overlay->keep) {
		overlay_free(overlay);
		return -ENOMEM;
	}
	cairo_surface_flush(surface);
	convert_luma(cairo_image_surface_get_data(surface), stride, overlay);
	convert_chroma(cairo_image_surface_get_data(surface), stride, overlay);
	*ret_overlay = overlay;
	return 0;
}

void overlay_free(struct overlay *overlay)
{
	if (!overlay)
		return;
	av_frame_free(&overlay->add);
	av_frame_free(&overlay->keep);
	free(overlay);
}

static void blend_line(uint8_t *restrict target, const uint8_t *restrict add,
		       const uint8_t *restrict keep, int n)
{
	for (int i = 0; i < n; i++) {
		unsigned int sum = add[i] + paint_divide_255((unsigned int)target[i] * keep[i]);

		target[i] = (uint8_t)(sum > 255 ? 255 : sum);
	}
}

void overlay_blend(const struct overlay *overlay, AVFrame *target, int x, int y,
		   struct screen_rect clip)
{
	struct screen_rect rect =
		paint_intersect((struct screen_rect){x, y, overlay->width, overlay->height}, clip);

	for (int plane = 0; plane < PLANES; plane++) {
		int shift = plane > 0;

		for (int i = 0; i < rect.height >> shift; i++) {
			ptrdiff_t from = (ptrdiff_t)(((rect.y - y) >> shift) + i) *
						 overlay->add->linesize[plane] +
					 ((rect.x - x) >> shift);
			ptrdiff_t to =
				(ptrdiff_t)((rect.y >> shift) + i) * target->linesize[plane] +
				(rect.x >> shift);

			blend_line(target->data[plane] + to, overlay->add->data[plane] + from,
				   overlay->keep->data[plane] + from, rect.width >> shift);
		}
	}
}
