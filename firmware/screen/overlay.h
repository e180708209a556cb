/*
 * Pictures with transparency, drawn once by Cairo and blended into pictures after. An overlay is
 * read-only: any thread may blend it.
 */
#ifndef BALAI_SCREEN_OVERLAY_H
#define BALAI_SCREEN_OVERLAY_H

#include <cairo.h>
#include <libavutil/frame.h>

#include "screen/screen.h"

/* Made for YUV420P: result = add + below * keep / 255, sample by sample. */
struct overlay {
	int width, height; /* even */
	AVFrame *add;      /* the colours times their opacity */
	AVFrame *keep;     /* what remains of the picture below, 0..255 */
};

/*
 * Makes an overlay of an ARGB32 image surface of even width and height, which stays the caller's.
 * Returns 0 and hands over *ret_overlay, -EINVAL for another surface or one in error, or -ENOMEM.
 */
int overlay_create(cairo_surface_t *surface, struct overlay **ret_overlay)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void overlay_free(struct overlay *overlay);

/* Blends what lies inside `clip` (even, inside `target`) over `target` (YUV420P) at even (x, y). */
void overlay_blend(const struct overlay *overlay, AVFrame *target, int x, int y,
		   struct screen_rect clip);

#endif
