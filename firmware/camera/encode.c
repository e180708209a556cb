#include "camera/encode.h"

#include "base/clock.h"
#include "base/log.h"
#include "camera/encode_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TRIAL_PICTURES = 10 }; /* what a trial has to give */

/* Everything from here to take_replaced() runs under the lock. */

static void free_returned(struct venc *venc)
{
	size_t kept = 0;

	for (size_t i = 0; i < venc->n_left; i++) {
		struct venc_worker *worker = venc->left[i];

		if (!venc_worker_get_state(worker).ended || !venc_worker_stop(worker, 0))
			venc->left[kept++] = worker;
	}
	venc->n_left = kept;
}

static void note_change(struct venc *venc, const struct venc_kind *from, const char *cause,
			int64_t now_us)
{
	changes_note(&venc->changes, from->name, venc->order[venc->choice.index]->name, cause,
		     now_us);
}

static void tell_failure(struct venc *venc, const char *from, const char *cause)
{
	const char *to = venc->order[venc->choice.index]->name;

	/* a board whose encoders all fail says so once, not every two seconds */
	if (venc->failures++ < 2 * venc->choice.n_order)
		log_warning("encode", "%s %s; %s is %s", from, cause, to,
			    strcmp(from, to) == 0 ? "made anew" : "next");
}

/* Whether it is of no use any more, and why. */
static bool has_failed(const struct venc *venc, const struct venc_worker_state *state, char *cause,
		       size_t size)
{
	if (state->ended)
		snprintf(cause, size, "%s", state->cause);
	else
		snprintf(cause, size, "stalls for %" PRId64 " ms",
			 state->busy_us / CLOCK_US_PER_MS);
	return state->ended || state->busy_us >= venc->stall_us;
}

static void add_to_counts(struct venc *venc, const struct venc_worker_state *state)
{
	venc->frames += state->frames;
	venc->keyframes += state->keyframes;
	venc->dropped += state->dropped;
}

/* Whether, if another one stalls as well, the last of the order may come too late for people. */
static bool is_urgent(const struct venc *venc, const struct venc_worker_state *failed,
		      int64_t now_us)
{
	bool is_late = venc->owed_us > atomic_load(&venc->out.newest_us) &&
		       now_us - venc->owed_us > venc->stall_us / 2;

	return !failed->ended || is_late;
}

/* Takes the worker out of use when it failed; to be stopped without the lock. */
static struct venc_worker *take_failed(struct venc *venc, int64_t now_us)
{
	const struct venc_kind *kind = venc->order[venc->choice.index];
	struct venc_worker *worker = venc->current;
	struct venc_worker_state state;
	char cause[192];

	if (!worker)
		return NULL;
	state = venc_worker_get_state(worker);
	if (state.proven_us && venc->failures > 0) {
		log_info("encode", "%s runs; failures before: %u", kind->name, venc->failures);
		venc->failures = 0;
	}
	if (!has_failed(venc, &state, cause, sizeof(cause)))
		return NULL;
	add_to_counts(venc, &state);
	choice_failed(&venc->choice, is_urgent(venc, &state, now_us), state.proven_us, now_us);
	note_change(venc, kind, cause, now_us);
	tell_failure(venc, kind->name, cause);
	venc->current = NULL;
	return worker;
}

static struct venc_worker *take_failed_trial(struct venc *venc, int64_t now_us)
{
	struct venc_worker *trial = venc->trial;
	struct venc_worker_state state;
	char cause[192];

	if (!trial)
		return NULL;
	state = venc_worker_get_state(trial);
	if (!has_failed(venc, &state, cause, sizeof(cause)))
		return NULL;
	snprintf(venc->trial_failed, sizeof(venc->trial_failed), "%s %s",
		 venc->order[venc->choice.trial_index]->name, cause);
	log_info("encode", "on trial: %s", venc->trial_failed);
	choice_trial_failed(&venc->choice, now_us);
	venc->trial = NULL;
	return trial;
}

static int start_kind(struct venc *venc, size_t index, bool on_trial,
		      struct venc_worker **ret_worker)
{
	struct venc_worker_config config = venc->worker_config;
	int r;

	config.kind = *venc->order[index];
	config.on_trial = on_trial;
	config.bitrate_bps = venc->bitrate_bps;
	r = venc_worker_start(&config, ret_worker);
	if (r < 0)
		log_error("encode", "no thread for an encoder: %s", strerror(-r));
	return r;
}

static void start_worker(struct venc *venc, int64_t now_us)
{
	/* each hanging encoder holds a thread and its pictures: no more of them than this */
	if (now_us < venc->choice.rest_until_us || venc->n_left == VENC_LEFT_MAX)
		return;
	if (start_kind(venc, venc->choice.index, false, &venc->current) < 0) {
		venc->choice.rest_until_us = now_us + venc->choice.times.rest_us;
		return;
	}
	venc->reopens += venc->tried;
	venc->tried = true;
}

/* A trial may hang as well: room is left for those that must not wait. */
static void start_trial(struct venc *venc, int64_t now_us)
{
	if (venc->trial || !venc->current || !venc_worker_get_state(venc->current).proven_us ||
	    venc->n_left >= VENC_LEFT_MAX / 2 || !choice_wants_trial(&venc->choice, now_us))
		return;
	if (start_kind(venc, venc->choice.trial_index, true, &venc->trial) < 0)
		choice_trial_failed(&venc->choice, now_us);
}

/* The current worker when the trial is to take its place; to be stopped without the lock. */
static struct venc_worker *take_replaced(struct venc *venc, int64_t now_us)
{
	const struct venc_kind *kind = venc->order[venc->choice.index];
	struct venc_worker *worker = venc->current;
	struct venc_worker_state state;

	if (!venc->trial || venc_worker_get_state(venc->trial).coded < TRIAL_PICTURES)
		return NULL;
	state = venc_worker_get_state(worker);
	add_to_counts(venc, &state);
	choice_returned(&venc->choice, now_us);
	note_change(venc, kind, "is replaced by a better one that works again", now_us);
	log_info("encode", "%s works again and replaces %s", venc->order[venc->choice.index]->name,
		 kind->name);
	venc->trial_failed[0] = '\0';
	venc->reopens++;
	venc->current = NULL;
	return worker;
}

/* Without the lock: the stop waits for an on_packet that is under way. */
static void retire(struct venc *venc, struct venc_worker *worker)
{
	if (!worker || venc_worker_stop(worker, 0))
		return;
	pthread_mutex_lock(&venc->lock);
	venc->left[venc->n_left++] = worker;
	pthread_mutex_unlock(&venc->lock);
}

static void retire_failed(struct venc *venc, int64_t now_us)
{
	struct venc_worker *failed, *trial;

	pthread_mutex_lock(&venc->lock);
	free_returned(venc);
	trial = take_failed_trial(venc, now_us);
	failed = take_failed(venc, now_us);
	/* a trial ends with what it was to replace */
	if (failed && venc->trial) {
		trial = venc->trial;
		venc->trial = NULL;
	}
	pthread_mutex_unlock(&venc->lock);
	retire(venc, failed);
	retire(venc, trial);
}

/* Puts the trial in the current one's place, from the picture of that time on. */
static void follow_trial(struct venc *venc, int64_t pts, int64_t now_us)
{
	struct venc_worker *replaced;

	pthread_mutex_lock(&venc->lock);
	replaced = take_replaced(venc, now_us);
	pthread_mutex_unlock(&venc->lock);
	if (!replaced)
		return;
	retire(venc, replaced);
	pthread_mutex_lock(&venc->lock);
	venc->current = venc->trial;
	venc->trial = NULL;
	venc_worker_go_live(venc->current, pts);
	pthread_mutex_unlock(&venc->lock);
}

static void push(struct venc *venc, struct venc_worker *worker, const AVFrame *picture)
{
	AVFrame *reference = worker ? av_frame_clone(picture) : NULL;

	if (reference)
		venc_worker_push(worker, reference);
	else if (worker == venc->current)
		venc->dropped++;
}

/* Under the lock. */
static void keep_newest(struct venc *venc, const AVFrame *picture, int64_t now_us)
{
	if (venc->owed_us <= atomic_load(&venc->out.newest_us))
		venc->owed_us = now_us;
	av_frame_free(&venc->newest);
	venc->newest = av_frame_clone(picture);
}

void venc_submit(struct venc *venc, const AVFrame *picture)
{
	int64_t now_us = clock_now_us();

	pthread_mutex_lock(&venc->turn);
	retire_failed(venc, now_us);
	follow_trial(venc, picture->pts, now_us);

	pthread_mutex_lock(&venc->lock);
	keep_newest(venc, picture, now_us);
	if (!venc->current)
		start_worker(venc, now_us);
	start_trial(venc, now_us);
	push(venc, venc->current, picture);
	if (venc->trial)
		push(venc, venc->trial, picture);
	pthread_mutex_unlock(&venc->lock);
	pthread_mutex_unlock(&venc->turn);
}

/* Puts the next in the place of what stalled, with the newest picture unless that went out. */
static void replace_failed(struct venc *venc)
{
	int64_t now_us = clock_now_us();

	pthread_mutex_lock(&venc->turn);
	retire_failed(venc, now_us);
	pthread_mutex_lock(&venc->lock);
	if (!venc->current && venc->newest &&
	    venc->newest->pts > atomic_load(&venc->out.newest_pts)) {
		start_worker(venc, now_us);
		push(venc, venc->current, venc->newest);
	}
	pthread_mutex_unlock(&venc->lock);
	pthread_mutex_unlock(&venc->turn);
}

/* When the current one has stalled, if nothing comes out until then. Under the lock. */
static int64_t stalls_at_us(const struct venc *venc)
{
	int64_t busy_us = venc->current ? venc_worker_get_state(venc->current).busy_us : 0;

	return clock_now_us() + venc->stall_us - busy_us;
}

void venc_watch(void *context)
{
	struct venc *venc = context;

	pthread_mutex_lock(&venc->lock);
	while (!venc->closed) {
		/* one that has no picture yet, or is made later, cannot stall before */
		const struct timespec deadline = clock_timespec(stalls_at_us(venc));

		if (pthread_cond_clockwait(&venc->closing, &venc->lock, CLOCK_MONOTONIC,
					   &deadline) == 0)
			continue;
		pthread_mutex_unlock(&venc->lock);
		replace_failed(venc);
		pthread_mutex_lock(&venc->lock);
	}
	pthread_mutex_unlock(&venc->lock);
}

void venc_force_keyframe(struct venc *venc)
{
	pthread_mutex_lock(&venc->lock);
	venc->choice.wanted_us = clock_now_us();
	if (venc->current)
		venc_worker_force_keyframe(venc->current);
	pthread_mutex_unlock(&venc->lock);
}

void venc_set_bitrate(struct venc *venc, int64_t bitrate_bps)
{
	if (bitrate_bps < VENC_BITRATE_MINIMUM)
		bitrate_bps = VENC_BITRATE_MINIMUM;
	if (bitrate_bps > VENC_BITRATE_MAXIMUM)
		bitrate_bps = VENC_BITRATE_MAXIMUM;
	pthread_mutex_lock(&venc->lock);
	venc->bitrate_bps = bitrate_bps;
	if (venc->current)
		venc_worker_set_bitrate(venc->current, bitrate_bps);
	if (venc->trial)
		venc_worker_set_bitrate(venc->trial, bitrate_bps);
	pthread_mutex_unlock(&venc->lock);
}
