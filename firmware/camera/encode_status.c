#include "camera/encode.h"

#include "base/clock.h"
#include "camera/encode_private.h"

static const char *state_name(const struct venc *venc, const struct venc_worker_state *state)
{
	if (venc->current)
		return state->proven_us ? "running" : "probing";
	return venc->changes.count > 0 ? "resting" : "idle";
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

static json_t *trial_to_json(const struct venc *venc)
{
	return venc->trial ? json_string(venc->order[venc->choice.trial_index]->name) : json_null();
}

static json_t *make_base(const struct venc *venc, const struct venc_worker_state *state)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:i, s:i, s:f, s:I, s:f}", "encoder",
			 venc->order[venc->choice.index]->name, "state", state_name(venc, state),
			 "why", changes_why(&venc->changes), "trial", trial_to_json(venc),
			 "trial_failed", venc->trial_failed, "width", state->format.width, "height",
			 state->format.height, "fps", state->frames_per_s, "bitrate_bps",
			 (json_int_t)venc->bitrate_bps, "bitrate_measured_bps", state->bits_per_s);
}

static int add_path(json_t *json, const struct venc_path *path)
{
	return json_object_update_new(
		json, json_pack("{s:s, s:s, s:i, s:b, s:I, s:s}", "device", path->device, "memory",
				path->memory ? path->memory : "", "copies", path->copies,
				"converts", path->converts, "copied_bytes",
				(json_int_t)path->copied_bytes, "copy_why", path->why));
}

static int add_numbers(json_t *json, const struct venc *venc, const struct venc_worker_state *state)
{
	return json_object_update_new(json, json_pack("{s:I, s:I, s:I, s:i, s:I, s:I}", "frames",
						      (json_int_t)state->frames, "keyframes",
						      (json_int_t)state->keyframes, "dropped",
						      (json_int_t)state->dropped, "queue",
						      (int)state->queue, "reopens",
						      (json_int_t)venc->reopens, "left_behind",
						      (json_int_t)venc->n_left));
}

json_t *venc_status(struct venc *venc)
{
	const struct stats *wait = NULL, *encode = NULL;
	struct venc_worker_state state = {0};
	json_t *json;

	pthread_mutex_lock(&venc->lock);
	if (venc->current) {
		state = venc_worker_get_state(venc->current);
		wait = venc_worker_wait_stats(venc->current);
		encode = venc_worker_encode_stats(venc->current);
	}
	add_counts(venc, &state);
	json = make_base(venc, &state);
	if (json &&
	    (add_path(json, &state.path) < 0 || add_numbers(json, venc, &state) < 0 ||
	     json_object_set_new(json, "wait", stats_or_null(wait)) < 0 ||
	     json_object_set_new(json, "encode", stats_or_null(encode)) < 0 ||
	     json_object_set_new(json, "interval", stats_or_null(&venc->out.interval)) < 0 ||
	     json_object_set_new(json, "changes", changes_to_json(&venc->changes)) < 0)) {
		json_decref(json);
		json = NULL;
	}
	pthread_mutex_unlock(&venc->lock);
	return json;
}
