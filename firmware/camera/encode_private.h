/*
 * What the files of the codec layer share: encode_create.c (its life), encode.c (which worker is
 * used) and encode_status.c (what it tells).
 */
#ifndef BALAI_CAMERA_ENCODE_PRIVATE_H
#define BALAI_CAMERA_ENCODE_PRIVATE_H

#include "base/changes.h"
#include "base/choice.h"
#include "base/thread.h"
#include "camera/encode_worker.h"

#include <pthread.h>

#define VENC_ORDER_MAX 8
#define VENC_LEFT_MAX 4

enum { VENC_BITRATE_MINIMUM = 50 * 1000, VENC_BITRATE_MAXIMUM = 50 * 1000 * 1000 };

/*
 * venc_submit ──┬─► current: a worker (an encoder and its thread) ──► on_packet
 *      │        └─► trial: a better one, sometimes ──► nothing, until it takes over
 *      └── finds one ended or stalled: the choice says what comes next
 *
 * The workers and what chooses them change in venc_submit() and in the watch, which finds what
 * stalls while no picture comes: by turns, and under the lock. The lock is not held while a worker
 * is stopped, since its on_packet may be calling in here.
 */
struct venc {
	struct venc_worker_config worker_config;
	const struct venc_kind *order[VENC_ORDER_MAX];
	int64_t stall_us;
	struct thread *watch;
	struct venc_out out;

	pthread_mutex_t turn; /* taken before the lock */
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t closing;
	bool closed;
	AVFrame *newest; /* the picture that was submitted last */
	int64_t owed_us; /* when the oldest was submitted for which nothing has gone out yet */
	struct choice choice;
	struct venc_worker *current;
	struct venc_worker *trial;
	struct venc_worker *left[VENC_LEFT_MAX]; /* hanging in a call, freed if it returns */
	size_t n_left;
	bool tried; /* an encoder was made */
	int64_t bitrate_bps;
	unsigned int failures; /* since an encoder last passed its probe */
	char trial_failed[256];
	uint64_t reopens;
	uint64_t frames; /* of the workers before the current one */
	uint64_t keyframes;
	uint64_t dropped;
	struct changes changes;
};

/* The thread of the watch; `context` is a struct venc. */
void venc_watch(void *context);

#endif
