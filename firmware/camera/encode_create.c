#include "camera/encode.h"

#include "base/clock.h"
#include "base/log.h"
#include "camera/encode_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 4 };

#define STALL_US (500 * CLOCK_US_PER_MS)
#define KEYFRAME_EVERY_US (10 * CLOCK_US_PER_S)
#define KEYFRAME_GAP_US (1 * CLOCK_US_PER_S)
#define REST_US (2 * CLOCK_US_PER_S)
#define RAN_WELL_US (60 * CLOCK_US_PER_S)
#define QUIET_US (3 * CLOCK_US_PER_S)
#define TRIAL_FIRST_US (5 * CLOCK_US_PER_S)
#define TRIAL_LIMIT_US (300 * CLOCK_US_PER_S)

static int threads_for_this_machine(void)
{
	long half = sysconf(_SC_NPROCESSORS_ONLN) / 2; /* the other half decodes and composes */

	if (half < 1)
		return 1;
	return half > THREADS_MAX ? THREADS_MAX : (int)half;
}

static int64_t or_default(int64_t value, int64_t value_if_0)
{
	return value ? value : value_if_0;
}

static const struct venc_kind *find_kind(const struct venc_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_kinds; i++) {
		if (strcmp(config->kinds[i].name, name) == 0)
			return &config->kinds[i];
	}
	return NULL;
}

static void take_config(struct venc *venc, const struct venc_config *config)
{
	const struct choice_times times = {
		.rest_us = or_default(config->rest_us, REST_US),
		.ran_well_us = or_default(config->ran_well_us, RAN_WELL_US),
		.quiet_us = or_default(config->quiet_us, QUIET_US),
		.trial_first_us = or_default(config->trial_first_us, TRIAL_FIRST_US),
		.trial_limit_us = or_default(config->trial_limit_us, TRIAL_LIMIT_US),
	};

	venc->worker_config = (struct venc_worker_config){
		.threads = config->threads ? config->threads : threads_for_this_machine(),
		.tuning = config->tuning,
		.keyframe_every_us = or_default(config->keyframe_every_us, KEYFRAME_EVERY_US),
		.keyframe_gap_us = or_default(config->keyframe_gap_us, KEYFRAME_GAP_US),
		.stall_us = or_default(config->stall_us, STALL_US),
		.out = &venc->out,
		.on_packet = config->on_packet,
		.context = config->context,
	};
	venc->stall_us = venc->worker_config.stall_us;
	venc->bitrate_bps = config->bitrate_bps;
	choice_init(&venc->choice, &times, config->n_order);
}

static void venc_free(struct venc *venc)
{
	av_frame_free(&venc->newest);
	pthread_cond_destroy(&venc->closing);
	pthread_mutex_destroy(&venc->lock);
	pthread_mutex_destroy(&venc->turn);
	free(venc);
}

static void end_watch(struct venc *venc)
{
	pthread_mutex_lock(&venc->lock);
	venc->closed = true;
	pthread_cond_signal(&venc->closing);
	pthread_mutex_unlock(&venc->lock);
	thread_join(venc->watch);
}

int venc_create(const struct venc_config *config, struct venc **ret_venc)
{
	struct venc *venc;
	int r;

	if (config->n_order < 1 || config->n_order > VENC_ORDER_MAX || !config->on_packet ||
	    config->bitrate_bps < VENC_BITRATE_MINIMUM ||
	    config->bitrate_bps > VENC_BITRATE_MAXIMUM)
		return -EINVAL;
	venc = calloc(1, sizeof(*venc));
	if (!venc)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_order; i++) {
		venc->order[i] = find_kind(config, config->order[i]);
		if (!venc->order[i]) {
			free(venc);
			return -EINVAL;
		}
	}
	take_config(venc, config);
	pthread_mutex_init(&venc->turn, NULL);
	pthread_mutex_init(&venc->lock, NULL);
	pthread_cond_init(&venc->closing, NULL);
	r = thread_start("encode watch", venc_watch, venc, &venc->watch);
	if (r < 0) {
		venc_free(venc);
		return r;
	}
	*ret_venc = venc;
	return 0;
}

void venc_destroy(struct venc *venc)
{
	unsigned int hanging = 0;
	int64_t deadline_us;

	if (!venc)
		return;
	end_watch(venc);
	deadline_us = clock_now_us() + venc->stall_us;
	if (venc->trial && !venc_worker_stop(venc->trial, deadline_us))
		hanging++;
	if (venc->current && !venc_worker_stop(venc->current, deadline_us))
		hanging++;
	for (size_t i = 0; i < venc->n_left; i++) {
		if (!venc_worker_stop(venc->left[i], deadline_us))
			hanging++;
	}
	if (hanging > 0)
		log_warning("encode", "encoders that hang and are left behind: %u", hanging);
	venc_free(venc);
}
