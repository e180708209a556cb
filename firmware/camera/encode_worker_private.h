/*
 * What the files of the worker share: encode_worker.c (its life and its thread),
 * encode_worker_in.c (pictures into the encoder) and encode_worker_out.c (coded ones out of it).
 */
#ifndef BALAI_CAMERA_ENCODE_WORKER_PRIVATE_H
#define BALAI_CAMERA_ENCODE_WORKER_PRIVATE_H

#include "base/queue.h"
#include "base/stats.h"
#include "base/thread.h"
#include "camera/annexb.h"
#include "camera/encode_flights.h"
#include "camera/encode_orders.h"
#include "camera/encode_worker.h"
#include "camera/meter.h"

#include <pthread.h>

/* Whether what is coded goes out. */
enum venc_stage {
	VENC_ON_TRIAL,
	VENC_ENTERING, /* from the next IDR on */
	VENC_LIVE,
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
	struct venc_flights flights;
	int64_t newest_pts;

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	bool stopped;
	bool delivering;
	enum venc_stage stage;
	int64_t entering_since_us;
	int64_t live_from_pts;
	int64_t wanted_bitrate_bps;
	struct venc_orders orders;
	int64_t busy_since_us;
	struct meter frame_meter;
	struct meter bit_meter;
	struct venc_worker_state state;
};

/* In the worker's thread: keeps the cause, with what the encoder says of it. Returns `error`. */
int venc_worker_fail(struct venc_worker *worker, const char *cause, int error);

void venc_worker_count_dropped(struct venc_worker *worker);

/* In the worker's thread: puts the picture into the encoder. Returns 0, or what failed. */
int venc_worker_submit(struct venc_worker *worker, const AVFrame *picture);

/* In the worker's thread: gives out all that is ready. Returns 0, -ESHUTDOWN, or what failed. */
int venc_worker_receive(struct venc_worker *worker);

#endif
