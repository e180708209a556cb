#include "camera/picture_pool.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <stdlib.h>

/* What libx264, libswscale and the SIMD code of libavcodec want of line starts. */
enum { ALIGNMENT = 64 };

/*
 * Made at once: one being filled, one waiting for the encoder and one in it, one newest and one shown
 * on the own screen, and one for an encoder on trial. Made one by one, whenever a busy machine lets
 * one more wait, they would make a room's memory grow for hours.
 */
enum { READY = 6 };

struct picture_pool {
	AVBufferPool *buffers;
	enum AVPixelFormat format;
	int width;
	int height;
};

static int fill(struct picture_pool *pool)
{
	AVFrame *pictures[READY];
	int made = 0;

	while (made < READY && (pictures[made] = picture_pool_get(pool)))
		made++;
	for (int i = 0; i < made; i++)
		av_frame_free(&pictures[i]);
	return made == READY ? 0 : -ENOMEM;
}

int picture_pool_create(enum AVPixelFormat format, int width, int height,
			struct picture_pool **ret_pool)
{
	int size = av_image_get_buffer_size(format, width, height, ALIGNMENT);
	struct picture_pool *pool;

	if (size <= 0)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pool->format = format;
	pool->width = width;
	pool->height = height;
	pool->buffers = av_buffer_pool_init((size_t)size + ALIGNMENT, av_buffer_allocz);
	if (!pool->buffers || fill(pool) < 0) {
		picture_pool_destroy(pool);
		return -ENOMEM;
	}
	*ret_pool = pool;
	return 0;
}

void picture_pool_destroy(struct picture_pool *pool)
{
	if (!pool)
		return;
	av_buffer_pool_uninit(&pool->buffers);
	free(pool);
}

bool picture_pool_fits(const struct picture_pool *pool, const AVFrame *picture)
{
	return (int)pool->format == picture->format && pool->width == picture->width &&
	       pool->height == picture->height;
}

AVFrame *picture_pool_get(struct picture_pool *pool)
{
	AVFrame *picture = av_frame_alloc();

	if (!picture)
		return NULL;
	picture->format = pool->format;
	picture->width = pool->width;
	picture->height = pool->height;
	picture->buf[0] = av_buffer_pool_get(pool->buffers);
	if (!picture->buf[0] ||
	    av_image_fill_arrays(picture->data, picture->linesize, picture->buf[0]->data,
				 pool->format, pool->width, pool->height, ALIGNMENT) < 0)
		av_frame_free(&picture);
	return picture;
}
