#include "camera/encode_worker.h"

#include "base/clock.h"
#include "base/queue.h"
#include "base/thread.h"
#include "camera/annexb.h"
#include "camera/encode_probe.h"
#include "camera/meter.h"

#include <errno.h>
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	FLIGHTS = 32, /* pictures in an encoder at once; hardware takes some four */
	ASK_AGAIN_US = 2000,
	BITRATE_STEP = 10, /* a change of 1/10 is worth an encoder made anew */
};

/* A picture that is in the encoder. */
struct flight {
	int64_t pts;
	int64_t submitted_us;
};

/*
 *     push ──► pictures ──► thread: ensure ─► submit ─► receive ─► complete ─► probe ─► on_packet
 */
struct venc_worker {
	struct venc_worker_config config;
	struct queue *pictures;
	struct thread *thread;
	struct stats wait;
	struct stats encode;

	/* the thread's own */
	struct venc_encoder *encoder;
	struct venc_format format;
	int64_t bitrate_bps;
	struct annexb_sets sets;
	AVPacket *packet;
	struct flight flights[FLIGHTS]; /* oldest first */
	size_t n_flights;
	int64_t newest_pts;

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	bool stopped;
	bool delivering;
	int64_t wanted_bitrate_bps;
	bool keyframe_wanted;
	int64_t keyframe_asked_us;
	int64_t keyframe_out_us;
	int64_t busy_since_us;
	struct meter frame_meter;
	struct meter bit_meter;
	struct venc_worker_state state;
};

static void picture_free(void *item)
{
	AVFrame *picture = item;

	av_frame_free(&picture);
}

static int fail(struct venc_worker *worker, const char *cause, int error)
{
	pthread_mutex_lock(&worker->lock);
	worker->state.cause = cause;
	pthread_mutex_unlock(&worker->lock);
	return error;
}

static void count_dropped(struct venc_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->state.dropped++;
	pthread_mutex_unlock(&worker->lock);
}

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
		return fail(worker, "does not take the format", r);
	worker->format = *format;
	worker->bitrate_bps = bitrate_bps;
	worker->n_flights = 0;
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
		return r < 0 ? fail(worker, "does not take the bit rate", r) : 0;
	if (change_bps < worker->bitrate_bps / BITRATE_STEP)
		return 0;
	return ensure(worker, &worker->format, wanted_bps);
}

/* Whether to ask for an IDR now. One that was asked for and did not come is asked for again. */
static bool take_keyframe_order(struct venc_worker *worker, int64_t now_us)
{
	int64_t gap_us = worker->config.keyframe_gap_us;
	bool due;

	pthread_mutex_lock(&worker->lock);
	due = worker->keyframe_wanted && now_us - worker->keyframe_out_us >= gap_us &&
	      now_us - worker->keyframe_asked_us >= gap_us;
	if (due)
		worker->keyframe_asked_us = now_us;
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
	if (r < 0 || !take_keyframe_order(worker, now_us))
		return r;
	r = worker->encoder->ops->force_keyframe(worker->encoder);
	return r < 0 ? fail(worker, "gives no key frame", r) : 0;
}

static int submit(struct venc_worker *worker, const AVFrame *picture)
{
	int64_t now_us = clock_now_us();
	int r;

	mark_busy(worker, now_us);
	r = prepare(worker, picture, now_us);
	if (r < 0)
		return r;
	if (worker->n_flights == FLIGHTS) {
		count_dropped(worker);
		return 0;
	}
	stats_add(&worker->wait, now_us - picture->pts, now_us);
	r = worker->encoder->ops->submit(worker->encoder, picture);
	if (r == -EAGAIN) {
		count_dropped(worker);
		return 0;
	}
	if (r < 0)
		return fail(worker, "does not take a picture", r);
	worker->flights[worker->n_flights++] = (struct flight){picture->pts, now_us};
	return 0;
}

/* Finds the picture that a coded one was made of; the ones before it were lost in the encoder. */
static int land(struct venc_worker *worker, int64_t pts, int64_t *ret_submitted_us)
{
	for (size_t i = 0; i < worker->n_flights; i++) {
		if (worker->flights[i].pts != pts)
			continue;
		*ret_submitted_us = worker->flights[i].submitted_us;
		worker->n_flights -= i + 1;
		for (size_t j = 0; j < worker->n_flights; j++)
			worker->flights[j] = worker->flights[i + 1 + j];
		return 0;
	}
	return fail(worker, "gives a time that no picture had", -EPROTO);
}

static int prove(struct venc_worker *worker, const AVPacket *packet)
{
	int r = -EPROTO;

	if (packet->flags & AV_PKT_FLAG_KEY)
		r = venc_probe(packet, worker->format.width, worker->format.height);
	return r < 0 ? fail(worker, "gives a first picture that does not decode", r) : 0;
}

static void count_delivery(struct venc_worker *worker, const AVPacket *packet, int64_t now_us)
{
	struct venc_worker_state *state = &worker->state;

	if (state->proven_us == 0)
		state->proven_us = now_us;
	state->frames++;
	if (packet->flags & AV_PKT_FLAG_KEY) {
		state->keyframes++;
		worker->keyframe_wanted = false;
		worker->keyframe_out_us = now_us;
	}
	meter_add(&worker->frame_meter, 1, now_us);
	meter_add(&worker->bit_meter, (int64_t)packet->size * 8, now_us);
	worker->busy_since_us = worker->n_flights > 0 ? worker->flights[0].submitted_us : 0;
}

/* The sink is called without the lock, so that it may call back; stop waits for it to return. */
static int deliver(struct venc_worker *worker, const AVPacket *packet)
{
	bool stopped;

	pthread_mutex_lock(&worker->lock);
	stopped = worker->stopped;
	if (!stopped) {
		count_delivery(worker, packet, clock_now_us());
		worker->delivering = true;
	}
	pthread_mutex_unlock(&worker->lock);
	if (stopped)
		return -ESHUTDOWN;

	worker->config.on_packet(worker->config.context, packet);

	pthread_mutex_lock(&worker->lock);
	worker->delivering = false;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	return 0;
}

static int handle_packet(struct venc_worker *worker, AVPacket *packet)
{
	int64_t now_us = clock_now_us(), submitted_us;
	bool first = worker->newest_pts == INT64_MIN;
	int r;

	r = annexb_complete(&worker->sets, packet);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return fail(worker, "gives an IDR without parameter sets", r);
	r = land(worker, packet->pts, &submitted_us);
	if (r < 0)
		return r;
	if (packet->pts <= worker->newest_pts)
		return fail(worker, "reorders pictures", -EPROTO);
	stats_add(&worker->encode, now_us - submitted_us, now_us);
	if (first && (r = prove(worker, packet)) < 0)
		return r;
	worker->newest_pts = packet->pts;
	packet->dts = packet->pts;
	return deliver(worker, packet);
}

static int receive_all(struct venc_worker *worker)
{
	int r = 0;

	while (r == 0) {
		r = worker->encoder->ops->receive(worker->encoder, worker->packet);
		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return fail(worker, "gives no coded picture", r);
		r = handle_packet(worker, worker->packet);
		av_packet_unref(worker->packet);
	}
	return r;
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
		return fail(worker, "cannot be made", r);
	while (r == 0) {
		bool asynchronous = worker->n_flights > 0;
		void *picture;

		r = queue_pop(worker->pictures,
			      asynchronous ? clock_now_us() + ASK_AGAIN_US : INT64_MAX, &picture);
		if (r == 0) {
			r = submit(worker, picture);
			picture_free(picture);
		} else if (r == -ETIMEDOUT) {
			r = 0;
		}
		if (r == 0)
			r = receive_all(worker);
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
	if (!worker->state.cause && r != -ESHUTDOWN)
		worker->state.cause = "fails";
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
		count_dropped(worker);
}

void venc_worker_force_keyframe(struct venc_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->keyframe_wanted = true;
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
	int64_t now_us = clock_now_us();
	struct venc_worker_state state;

	pthread_mutex_lock(&worker->lock);
	state = worker->state;
	state.busy_us = worker->busy_since_us ? now_us - worker->busy_since_us : 0;
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
