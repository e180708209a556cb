#include "camera/encode_worker_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

enum { BITRATE_STEP = 10 }; /* a change of 1/10 is worth an encoder made anew */

/* From now on the encoder owes a coded picture, if it did not before. */
static void mark_busy(struct venc_worker *worker, int64_t now_us)
{
	pthread_mutex_lock(&worker->lock);
	if (worker->busy_since_us == 0)
		worker->busy_since_us = now_us;
	pthread_mutex_unlock(&worker->lock);
}

static struct venc_format format_of(const struct venc_worker *worker, const AVFrame *picture)
{
	return (struct venc_format){
		.width = picture->width,
		.height = picture->height,
		.pixels = picture->format,
		.space = picture->colorspace,
		.frame_us = picture->duration,
		.keyframe_every_us = worker->config.keyframe_every_us,
		.threads = worker->config.threads,
		.tuning = worker->config.tuning,
	};
}

static bool same_format(const struct venc_format *a, const struct venc_format *b)
{
	return a->width == b->width && a->height == b->height && a->pixels == b->pixels &&
	       a->space == b->space && a->frame_us == b->frame_us;
}

static int ensure(struct venc_worker *worker, const struct venc_format *format, int64_t bitrate_bps)
{
	int r = worker->encoder->ops->ensure(worker->encoder, format, bitrate_bps);

	if (r < 0)
		return venc_worker_fail(worker, "does not take the format", r);
	worker->format = *format;
	worker->bitrate_bps = bitrate_bps;
	pthread_mutex_lock(&worker->lock);
	worker->state.format = *format;
	pthread_mutex_unlock(&worker->lock);
	return 0;
}

static int follow_bitrate(struct venc_worker *worker, int64_t wanted_bps)
{
	int64_t change_bps = llabs(wanted_bps - worker->bitrate_bps);
	int r;

	if (change_bps == 0)
		return 0;
	r = worker->encoder->ops->set_bitrate(worker->encoder, wanted_bps);
	if (r == 0)
		worker->bitrate_bps = wanted_bps;
	if (r != -ENOTSUP)
		return r < 0 ? venc_worker_fail(worker, "does not take the bit rate", r) : 0;
	if (change_bps < worker->bitrate_bps / BITRATE_STEP)
		return 0;
	return ensure(worker, &worker->format, wanted_bps);
}

static bool take_keyframe_order(struct venc_worker *worker, int64_t pts, int64_t now_us)
{
	bool due;

	pthread_mutex_lock(&worker->lock);
	due = venc_orders_take(&worker->orders, pts, now_us);
	pthread_mutex_unlock(&worker->lock);
	return due;
}

/* Puts the encoder in the state that this picture and the orders want. */
static int prepare(struct venc_worker *worker, const AVFrame *picture, int64_t now_us)
{
	struct venc_format format = format_of(worker, picture);
	int64_t wanted_bps;
	int r;

	pthread_mutex_lock(&worker->lock);
	wanted_bps = worker->wanted_bitrate_bps;
	pthread_mutex_unlock(&worker->lock);

	if (same_format(&format, &worker->format))
		r = follow_bitrate(worker, wanted_bps);
	else
		r = ensure(worker, &format, wanted_bps);
	if (r < 0 || !take_keyframe_order(worker, picture->pts, now_us))
		return r;
	r = worker->encoder->ops->force_keyframe(worker->encoder);
	return r < 0 ? venc_worker_fail(worker, "gives no key frame", r) : 0;
}

static void note_path(struct venc_worker *worker)
{
	struct venc_path path = {0};

	worker->encoder->ops->describe(worker->encoder, &path);
	pthread_mutex_lock(&worker->lock);
	worker->state.path = path;
	worker->state.queue = worker->flights.count;
	pthread_mutex_unlock(&worker->lock);
}

int venc_worker_submit(struct venc_worker *worker, const AVFrame *picture)
{
	int64_t now_us = clock_now_us();
	int r;

	mark_busy(worker, now_us);
	r = prepare(worker, picture, now_us);
	if (r < 0)
		return r;
	if (worker->flights.count == VENC_FLIGHTS_MAX) {
		venc_worker_count_dropped(worker);
		return 0;
	}
	stats_add(&worker->wait, now_us - picture->pts, now_us);
	r = worker->encoder->ops->submit(worker->encoder, picture);
	if (r == -EAGAIN) {
		venc_worker_count_dropped(worker);
		return 0;
	}
	if (r < 0)
		return venc_worker_fail(worker, "does not take a picture", r);
	venc_flights_begin(&worker->flights, picture->pts, now_us);
	note_path(worker);
	return 0;
}
