/*
 * Scaling of pictures into rectangles of a YUV420P target by libswscale, with what it needs kept
 * from one picture to the next. One thread at a time.
 */
#ifndef BALAI_SCREEN_SCALE_H
#define BALAI_SCREEN_SCALE_H

#include <libavutil/frame.h>

#include "screen/screen.h"

struct SwsContext;

/* What a context of libswscale is made for. */
struct scaler_key {
	int format; /* enum AVPixelFormat */
	int full_range;
	int from_width, from_height;
	int to_width, to_height;
};

/* {0} is a valid one that keeps nothing yet. */
struct scaler {
	struct SwsContext *context;
	struct scaler_key key;
};

/* Frees what it keeps; it may be used again. */
void scaler_finish(struct scaler *scaler);

/*
 * Draws the part `source` of `picture` (any software format) into `rect` of `target`. The same size
 * in YUV420P of limited range is copied as it is, bit by bit. Where rect is no multiple of 16
 * pixels wide, libswscale may write up to 15 samples beyond its right edge, within the target's
 * lines. Returns 0, -EINVAL for a format that cannot be read, or -ENOMEM.
 */
int scaler_draw(struct scaler *scaler, const AVFrame *picture, struct screen_rect source,
		AVFrame *target, struct screen_rect rect) __attribute__((warn_unused_result));

#endif
