#include "camera/encode_worker.h"

#include "base/clock.h"
#include "camera/encode_worker_private.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>

enum { ASK_AGAIN_US = 2000 };

static void picture_free(void *item)
{
	AVFrame *picture = item;

	av_frame_free(&picture);
}

int venc_worker_fail(struct venc_worker *worker, const char *cause, int error)
{
	const char *fault = worker->encoder ? worker->encoder->fault : "";
	struct venc_worker_state *state = &worker->state;

	pthread_mutex_lock(&worker->lock);
	snprintf(state->cause, sizeof(state->cause), "%s%s%s", cause, fault[0] ? ": " : "", fault);
	pthread_mutex_unlock(&worker->lock);
	return error;
}

void venc_worker_count_dropped(struct venc_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->state.dropped++;
	pthread_mutex_unlock(&worker->lock);
}

static bool is_stopped(struct venc_worker *worker)
{
	bool stopped;

	pthread_mutex_lock(&worker->lock);
	stopped = worker->stopped;
	pthread_mutex_unlock(&worker->lock);
	return stopped;
}

static int encode_pictures(struct venc_worker *worker)
{
	const struct venc_kind *kind = &worker->config.kind;
	int r;

	/* a thread may begin so late that it was given up already */
	if (is_stopped(worker))
		return -ESHUTDOWN;
	r = kind->ops->create(kind->context, &worker->encoder);
	if (r < 0)
		return venc_worker_fail(worker, "cannot be made", r);
	while (r == 0) {
		bool asynchronous = worker->flights.count > 0;
		void *picture;

		r = queue_pop(worker->pictures,
			      asynchronous ? clock_now_us() + ASK_AGAIN_US : INT64_MAX, &picture);
		if (r == 0) {
			r = venc_worker_submit(worker, picture);
			picture_free(picture);
		} else if (r == -ETIMEDOUT) {
			r = 0;
		}
		if (r == 0)
			r = venc_worker_receive(worker);
	}
	worker->encoder->ops->destroy(worker->encoder);
	return r;
}

static void run(void *context)
{
	struct venc_worker *worker = context;
	int r = encode_pictures(worker);

	pthread_mutex_lock(&worker->lock);
	worker->state.ended = true;
	if (!worker->state.cause[0] && r != -ESHUTDOWN)
		snprintf(worker->state.cause, sizeof(worker->state.cause), "fails");
	worker->busy_since_us = 0;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

static void worker_free(struct venc_worker *worker)
{
	queue_destroy(worker->pictures);
	av_packet_free(&worker->packet);
	annexb_sets_finish(&worker->sets);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

int venc_worker_start(const struct venc_worker_config *config, struct venc_worker **ret_worker)
{
	struct venc_worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (!worker)
		return -ENOMEM;
	worker->config = *config;
	worker->wanted_bitrate_bps = config->bitrate_bps;
	worker->orders.gap_us = config->keyframe_gap_us;
	worker->orders.limit_us = config->stall_us;
	worker->stage = config->on_trial ? VENC_ON_TRIAL : VENC_LIVE;
	worker->newest_pts = INT64_MIN;
	worker->busy_since_us = clock_now_us();
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	worker->packet = av_packet_alloc();
	r = worker->packet ? 0 : -ENOMEM;
	if (r == 0)
		r = queue_create(1, QUEUE_NEWEST_WINS, picture_free, &worker->pictures);
	if (r == 0)
		r = thread_start("encode", run, worker, &worker->thread);
	if (r < 0) {
		worker_free(worker);
		return r;
	}
	*ret_worker = worker;
	return 0;
}

void venc_worker_push(struct venc_worker *worker, AVFrame *picture)
{
	if (queue_push(worker->pictures, picture, 0) == -ENOBUFS)
		venc_worker_count_dropped(worker);
}

void venc_worker_go_live(struct venc_worker *worker, int64_t from_pts)
{
	pthread_mutex_lock(&worker->lock);
	worker->stage = VENC_ENTERING;
	worker->entering_since_us = clock_now_us();
	worker->live_from_pts = from_pts;
	venc_orders_want(&worker->orders, true);
	pthread_mutex_unlock(&worker->lock);
}

void venc_worker_force_keyframe(struct venc_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	venc_orders_want(&worker->orders, false);
	pthread_mutex_unlock(&worker->lock);
}

void venc_worker_set_bitrate(struct venc_worker *worker, int64_t bitrate_bps)
{
	pthread_mutex_lock(&worker->lock);
	worker->wanted_bitrate_bps = bitrate_bps;
	pthread_mutex_unlock(&worker->lock);
}

struct venc_worker_state venc_worker_get_state(struct venc_worker *worker)
{
	size_t waiting = queue_get_stats(worker->pictures).depth;
	int64_t now_us = clock_now_us(), since_us;
	struct venc_worker_state state;

	pthread_mutex_lock(&worker->lock);
	state = worker->state;
	state.queue += waiting;
	since_us = worker->busy_since_us;
	/* it owes its first IDR, whatever else it gives */
	if (worker->stage == VENC_ENTERING &&
	    (since_us == 0 || worker->entering_since_us < since_us))
		since_us = worker->entering_since_us;
	state.busy_us = since_us ? now_us - since_us : 0;
	state.frames_per_s = meter_read(&worker->frame_meter, now_us);
	state.bits_per_s = meter_read(&worker->bit_meter, now_us);
	pthread_mutex_unlock(&worker->lock);
	return state;
}

const struct stats *venc_worker_wait_stats(const struct venc_worker *worker)
{
	return &worker->wait;
}

const struct stats *venc_worker_encode_stats(const struct venc_worker *worker)
{
	return &worker->encode;
}

bool venc_worker_stop(struct venc_worker *worker, int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	bool ended, late = false;

	queue_close(worker->pictures);
	pthread_mutex_lock(&worker->lock);
	worker->stopped = true;
	while (worker->delivering)
		pthread_cond_wait(&worker->changed, &worker->lock);
	while (!worker->state.ended && !late)
		late = pthread_cond_clockwait(&worker->changed, &worker->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	ended = worker->state.ended;
	pthread_mutex_unlock(&worker->lock);
	if (!ended)
		return false;
	thread_join(worker->thread);
	worker_free(worker);
	return true;
}
