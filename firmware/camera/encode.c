#include "camera/encode.h"

#include "base/clock.h"
#include "base/log.h"
#include "camera/encode_worker.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ORDER_MAX = 8,
	LEFT_MAX = 4,
	CHANGES_MAX = 8,
	THREADS_MAX = 4,
	BITRATE_MINIMUM = 50 * 1000,
	BITRATE_MAXIMUM = 50 * 1000 * 1000,
};

#define STALL_US (500 * CLOCK_US_PER_MS)
#define KEYFRAME_EVERY_US (10 * CLOCK_US_PER_S)
#define KEYFRAME_GAP_US (1 * CLOCK_US_PER_S)
#define REST_US (2 * CLOCK_US_PER_S)
#define RAN_WELL_US (60 * CLOCK_US_PER_S)

struct change {
	int64_t t_us;
	const char *from; /* names of kinds */
	const char *to;
	char cause[96];
};

/*
 * venc_submit ──► worker (an encoder and its thread) ──► on_packet
 *      └── finds it ended or stalled: the next worker, of the same kind once, then of the next
 *
 * `current` and what chooses it change in venc_submit() alone, under the lock. The lock is not held
 * while a worker is stopped, since its on_packet may be calling in here.
 */
struct venc {
	struct venc_worker_config worker_config;
	const struct venc_kind *order[ORDER_MAX];
	size_t n_order;
	int64_t stall_us;
	int64_t rest_us;
	int64_t ran_well_us;

	pthread_mutex_t lock; /* of everything below */
	struct venc_worker *current;
	struct venc_worker *left[LEFT_MAX]; /* hanging in a call, to be freed if it returns */
	size_t n_left;
	size_t index; /* of the kind in use, or next to be, in `order` */
	bool second_chance_used;
	bool tried;
	int64_t rest_until_us;
	int64_t bitrate_bps;
	unsigned int failures; /* since an encoder last passed its probe */
	uint64_t reopens;
	uint64_t frames; /* of the workers before the current one */
	uint64_t keyframes;
	uint64_t dropped;
	struct change changes[CHANGES_MAX]; /* a ring */
	uint64_t n_changes;
};

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

int venc_create(const struct venc_config *config, struct venc **ret_venc)
{
	struct venc *venc;

	if (config->n_order < 1 || config->n_order > ORDER_MAX || !config->on_packet ||
	    config->bitrate_bps < BITRATE_MINIMUM || config->bitrate_bps > BITRATE_MAXIMUM)
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
	venc->n_order = config->n_order;
	venc->worker_config = (struct venc_worker_config){
		.threads = config->threads ? config->threads : threads_for_this_machine(),
		.keyframe_every_us = or_default(config->keyframe_every_us, KEYFRAME_EVERY_US),
		.keyframe_gap_us = or_default(config->keyframe_gap_us, KEYFRAME_GAP_US),
		.on_packet = config->on_packet,
		.context = config->context,
	};
	venc->stall_us = or_default(config->stall_us, STALL_US);
	venc->rest_us = or_default(config->rest_us, REST_US);
	venc->ran_well_us = or_default(config->ran_well_us, RAN_WELL_US);
	venc->bitrate_bps = config->bitrate_bps;
	pthread_mutex_init(&venc->lock, NULL);
	*ret_venc = venc;
	return 0;
}

void venc_destroy(struct venc *venc)
{
	unsigned int hanging = 0;
	int64_t deadline_us;

	if (!venc)
		return;
	deadline_us = clock_now_us() + venc->stall_us;
	if (venc->current && !venc_worker_stop(venc->current, deadline_us))
		hanging++;
	for (size_t i = 0; i < venc->n_left; i++) {
		if (!venc_worker_stop(venc->left[i], deadline_us))
			hanging++;
	}
	if (hanging > 0)
		log_warning("encode", "encoders that hang and are left behind: %u", hanging);
	pthread_mutex_destroy(&venc->lock);
	free(venc);
}

/* Everything from here to venc_submit() runs in it, under the lock. */

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
	struct change *change = &venc->changes[venc->n_changes++ % CHANGES_MAX];
	const char *to = venc->order[venc->index]->name;

	change->t_us = now_us;
	change->from = from->name;
	change->to = to;
	snprintf(change->cause, sizeof(change->cause), "%s", cause);
	/* a board whose encoders all fail says so once, not every two seconds */
	if (venc->failures++ < 2 * venc->n_order)
		log_warning("encode", "%s %s; %s is %s", from->name, cause, to,
			    from->name == to ? "made anew" : "next");
}

/* Decides which kind comes after one that failed. */
static void choose_next(struct venc *venc, const struct venc_worker_state *state, int64_t now_us)
{
	bool ran_well = state->proven_us && now_us - state->proven_us >= venc->ran_well_us;

	if (!venc->second_chance_used || ran_well) {
		venc->second_chance_used = true;
		return;
	}
	venc->second_chance_used = false;
	venc->index = (venc->index + 1) % venc->n_order;
	if (venc->index == 0)
		venc->rest_until_us = now_us + venc->rest_us;
}

/* Takes the worker out of use when it failed; to be stopped without the lock. */
static struct venc_worker *take_failed(struct venc *venc, int64_t now_us)
{
	const struct venc_kind *kind = venc->order[venc->index];
	struct venc_worker *worker = venc->current;
	struct venc_worker_state state;
	char stalled[64];

	if (!worker)
		return NULL;
	state = venc_worker_get_state(worker);
	if (state.proven_us && venc->failures > 0) {
		log_info("encode", "%s runs; failures before: %u", kind->name, venc->failures);
		venc->failures = 0;
	}
	if (!state.ended && state.busy_us <= venc->stall_us)
		return NULL;
	snprintf(stalled, sizeof(stalled), "stalls for %" PRId64 " ms",
		 state.busy_us / CLOCK_US_PER_MS);
	choose_next(venc, &state, now_us);
	note_change(venc, kind, state.cause ? state.cause : stalled, now_us);
	venc->frames += state.frames;
	venc->keyframes += state.keyframes;
	venc->dropped += state.dropped;
	venc->current = NULL;
	return worker;
}

static void start_worker(struct venc *venc, int64_t now_us)
{
	struct venc_worker_config config = venc->worker_config;
	int r;

	/* each hanging encoder holds a thread and its pictures: no more of them than this */
	if (now_us < venc->rest_until_us || venc->n_left == LEFT_MAX)
		return;
	config.kind = *venc->order[venc->index];
	config.bitrate_bps = venc->bitrate_bps;
	r = venc_worker_start(&config, &venc->current);
	if (r < 0) {
		log_error("encode", "no thread for an encoder: %s", strerror(-r));
		venc->rest_until_us = now_us + venc->rest_us;
		return;
	}
	venc->reopens += venc->tried;
	venc->tried = true;
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

void venc_submit(struct venc *venc, const AVFrame *picture)
{
	AVFrame *reference = av_frame_clone(picture);
	int64_t now_us = clock_now_us();
	struct venc_worker *failed;

	pthread_mutex_lock(&venc->lock);
	free_returned(venc);
	failed = take_failed(venc, now_us);
	pthread_mutex_unlock(&venc->lock);
	retire(venc, failed);

	pthread_mutex_lock(&venc->lock);
	if (!venc->current)
		start_worker(venc, now_us);
	if (venc->current && reference) {
		venc_worker_push(venc->current, reference);
	} else {
		venc->dropped++;
		av_frame_free(&reference);
	}
	pthread_mutex_unlock(&venc->lock);
}

void venc_force_keyframe(struct venc *venc)
{
	pthread_mutex_lock(&venc->lock);
	if (venc->current)
		venc_worker_force_keyframe(venc->current);
	pthread_mutex_unlock(&venc->lock);
}

void venc_set_bitrate(struct venc *venc, int64_t bitrate_bps)
{
	if (bitrate_bps < BITRATE_MINIMUM)
		bitrate_bps = BITRATE_MINIMUM;
	if (bitrate_bps > BITRATE_MAXIMUM)
		bitrate_bps = BITRATE_MAXIMUM;
	pthread_mutex_lock(&venc->lock);
	venc->bitrate_bps = bitrate_bps;
	if (venc->current)
		venc_worker_set_bitrate(venc->current, bitrate_bps);
	pthread_mutex_unlock(&venc->lock);
}

static json_t *change_to_json(const struct change *change)
{
	return json_pack("{s:I, s:s, s:s, s:s}", "t_us", (json_int_t)change->t_us, "from",
			 change->from, "to", change->to, "cause", change->cause);
}

static json_t *changes_to_json(const struct venc *venc)
{
	uint64_t first = venc->n_changes > CHANGES_MAX ? venc->n_changes - CHANGES_MAX : 0;
	json_t *array = json_array();

	for (uint64_t i = first; i < venc->n_changes; i++) {
		const struct change *change = &venc->changes[i % CHANGES_MAX];

		if (json_array_append_new(array, change_to_json(change)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static const char *state_name(const struct venc *venc, const struct venc_worker_state *state)
{
	if (venc->current)
		return state->proven_us ? "running" : "probing";
	return venc->n_changes > 0 ? "resting" : "idle";
}

/* Why the encoder in use is the one: the change that brought it, if there was one. */
static json_t *why(const struct venc *venc)
{
	const struct change *last = &venc->changes[(venc->n_changes - 1) % CHANGES_MAX];

	if (venc->n_changes == 0)
		return json_string("first in the order");
	return json_sprintf("%s %s", last->from, last->cause);
}

static json_t *stats_or_null(const struct stats *stats)
{
	return stats ? stats_to_json(stats, clock_now_us()) : json_null();
}

/* All that were counted, by the workers before this one and by it. */
static void add_counts(const struct venc *venc, struct venc_worker_state *state)
{
	state->frames += venc->frames;
	state->keyframes += venc->keyframes;
	state->dropped += venc->dropped;
}

json_t *venc_status(struct venc *venc)
{
	struct venc_worker_state state = {0};
	const struct stats *wait = NULL, *encode = NULL;
	json_t *json;

	pthread_mutex_lock(&venc->lock);
	if (venc->current) {
		state = venc_worker_get_state(venc->current);
		wait = venc_worker_wait_stats(venc->current);
		encode = venc_worker_encode_stats(venc->current);
	}
	add_counts(venc, &state);
	json = json_pack(
		"{s:s, s:s, s:o, s:i, s:i, s:f, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
		"encoder", venc->order[venc->index]->name, "state", state_name(venc, &state), "why",
		why(venc), "width", state.format.width, "height", state.format.height, "fps",
		state.frames_per_s, "bitrate_bps", (json_int_t)venc->bitrate_bps,
		"bitrate_measured_bps", state.bits_per_s, "frames", (json_int_t)state.frames,
		"keyframes", (json_int_t)state.keyframes, "dropped", (json_int_t)state.dropped,
		"reopens", (json_int_t)venc->reopens, "left_behind", (json_int_t)venc->n_left,
		"wait", stats_or_null(wait), "encode", stats_or_null(encode), "changes",
		changes_to_json(venc));
	pthread_mutex_unlock(&venc->lock);
	return json;
}
