/*
 * One encoder with the thread that it lives in: queue, deadline, probe, and what it measured. Part
 * of the codec layer (camera/encode.h), which puts another in its place when it fails.
 *
 * Threads: every function from any thread, except start, push, go_live and stop: one thread at a
 * time.
 */
#ifndef BALAI_CAMERA_ENCODE_WORKER_H
#define BALAI_CAMERA_ENCODE_WORKER_H

#include "base/stats.h"
#include "camera/encode.h"

#include <stdatomic.h>
#include <stdbool.h>

struct venc_worker;

/* What went out, by whichever worker; all zero before the first. */
struct venc_out {
	_Atomic int64_t newest_us;
	_Atomic int64_t newest_pts;
	struct stats interval; /* from one to the next */
};

struct venc_worker_config {
	struct venc_kind kind;
	bool on_trial; /* on_packet is not called before venc_worker_go_live() */
	int64_t bitrate_bps;
	int threads;
	struct venc_tuning tuning;
	int64_t keyframe_every_us;
	int64_t keyframe_gap_us;
	int64_t stall_us;
	struct venc_out *out; /* used for as long as on_packet is called */
	venc_packet_fn on_packet;
	void *context;
};

struct venc_worker_state {
	bool ended;        /* the encoder failed and is gone */
	char cause[192];   /* why, for people; empty before */
	int64_t proven_us; /* when its first coded picture passed the probe, 0 before */
	int64_t busy_us;   /* for how long the oldest picture in it has been waiting, 0 without */
	uint64_t coded;    /* pictures, on trial or not */
	struct venc_format format;
	struct venc_path path;
	size_t queue;
	uint64_t frames;
	uint64_t keyframes;
	uint64_t dropped;
	double frames_per_s;
	double bits_per_s;
};

/* Returns 0 and hands over *ret_worker, to be given to venc_worker_stop(), or -ENOMEM, -errno. */
int venc_worker_start(const struct venc_worker_config *config, struct venc_worker **ret_worker)
	__attribute__((warn_unused_result));

/* Takes the picture; one that still waits is dropped and counted. */
void venc_worker_push(struct venc_worker *worker, AVFrame *picture);

/* Ends the trial: from the first IDR of a picture of from_pts or later on, on_packet is called. */
void venc_worker_go_live(struct venc_worker *worker, int64_t from_pts);

void venc_worker_force_keyframe(struct venc_worker *worker);
void venc_worker_set_bitrate(struct venc_worker *worker, int64_t bitrate_bps);

struct venc_worker_state venc_worker_get_state(struct venc_worker *worker);

/* "wait" and "encode" of venc_status(); live as long as the worker. */
const struct stats *venc_worker_wait_stats(const struct venc_worker *worker);
const struct stats *venc_worker_encode_stats(const struct venc_worker *worker);

/*
 * After it on_packet is not called any more. Waits for the end of the thread until deadline_us:
 * true, and the worker is freed; false: the encoder hangs in a call. To be called again then, when
 * venc_worker_get_state() says `ended`, or never.
 */
bool venc_worker_stop(struct venc_worker *worker, int64_t deadline_us);

#endif
