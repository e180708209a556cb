/*
 * Pictures of one format and size whose memory is used over and over, since fresh memory for each
 * would cost a page fault every 4 KiB. A picture returns its memory on its last release, from any
 * thread, also after the pool is gone.
 */
#ifndef BALAI_CAMERA_PICTURE_POOL_H
#define BALAI_CAMERA_PICTURE_POOL_H

#include <libavutil/frame.h>
#include <stdbool.h>

struct picture_pool;

/* Returns 0 and hands over *ret_pool, or -EINVAL for a format or size there is no picture of. */
int picture_pool_create(enum AVPixelFormat format, int width, int height,
			struct picture_pool **ret_pool) __attribute__((warn_unused_result));

/* NULL is allowed. */
void picture_pool_destroy(struct picture_pool *pool);

/* Whether the pool's pictures have the format and size of `picture`. */
bool picture_pool_fits(const struct picture_pool *pool, const AVFrame *picture);

/* A writable picture with the content of some earlier one; the caller owns it. NULL: no memory. */
AVFrame *picture_pool_get(struct picture_pool *pool);

#endif
