/*
 * Plain operations on YUV420P pictures (BT.709, limited range). Rectangles have even coordinates
 * and sizes and lie inside the picture; all functions may run in any thread on different pictures.
 */
#ifndef BALAI_SCREEN_PAINT_H
#define BALAI_SCREEN_PAINT_H

#include <libavutil/frame.h>
#include <stdint.h>

#include "screen/screen.h"

struct paint_color {
	uint8_t y, u, v;
};

/* From 0xRRGGBB by the matrix of ITU-R BT.709-6, item 3. */
struct paint_color paint_color(uint32_t rgb);

/* A picture with undefined content, or NULL without memory; av_frame_free(). */
AVFrame *paint_frame_create(int width, int height);

/* What both have in common; of width or height 0 where that is nothing. */
struct screen_rect paint_intersect(struct screen_rect a, struct screen_rect b);

void paint_fill(AVFrame *target, struct screen_rect rect, struct paint_color color);

/* Copies the part of `from` at (x, y) that has the size of `rect` to there. */
void paint_copy(const AVFrame *from, int x, int y, AVFrame *target, struct screen_rect rect);

/*
 * Mixes the same part into `target`: of each sample keep / 255 is new and the rest stays. `keep` is
 * a YUV420P picture of the size of `rect`.
 */
void paint_mix(const AVFrame *from, int x, int y, AVFrame *target, struct screen_rect rect,
	       const AVFrame *keep);

/* value / 255, rounded, for 0..65025. */
static inline uint8_t paint_divide_255(unsigned int value)
{
	return (uint8_t)((value + 128 + ((value + 128) >> 8)) >> 8);
}

#endif
