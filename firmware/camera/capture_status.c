#include "camera/capture.h"

#include "base/clock.h"
#include "camera/capture_private.h"

static json_t *names_to_json(const struct capture *capture)
{
	json_t *names = json_array();

	for (size_t i = 0; i < capture->config.n_cameras; i++) {
		if (json_array_append_new(names, json_string(capture->cameras[i].name)) < 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

/* What the open camera agreed to; under the lock. */
static int add_format(const struct capture *capture, json_t *json)
{
	const struct cam_got *got = &capture->got;

	if (!capture->got_is_set)
		return 0;
	return json_object_update_new(json,
				      json_pack("{s:s, s:s, s:i, s:i, s:f}", "device", got->device,
						"format", cam_format_name(got->format), "width",
						got->width, "height", got->height, "fps_nominal",
						(double)CLOCK_US_PER_S / (double)got->frame_us));
}

/* Why there are no pictures; under the lock. */
static int add_reason(const struct capture *capture, json_t *json)
{
	const char *fault = capture->reason == CAM_FAILED ? capture->fault : "";

	if (capture->streaming)
		return 0;
	return json_object_update_new(json,
				      json_pack("{s:s, s:s}", "reason",
						cam_result_name(capture->reason), "fault", fault));
}

json_t *capture_status(struct capture *capture)
{
	int64_t now_us = clock_now_us();
	json_t *json;

	pthread_mutex_lock(&capture->lock);
	json = json_pack("{s:s, s:o, s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:o}", "camera",
			 capture->cameras[capture->selected].name, "cameras",
			 names_to_json(capture), "state",
			 capture->streaming ? "streaming" : "waiting", "fps",
			 meter_read(&capture->meter, now_us), "frames",
			 (json_int_t)capture->counts.frames, "dropped",
			 (json_int_t)capture->counts.dropped, "corrupt",
			 (json_int_t)capture->counts.corrupt, "standins",
			 (json_int_t)capture->counts.standins, "reopens",
			 (json_int_t)capture->counts.reopens, "delay",
			 stats_to_json(&capture->delay, now_us));
	if (json && (add_format(capture, json) < 0 || add_reason(capture, json) < 0)) {
		json_decref(json);
		json = NULL;
	}
	pthread_mutex_unlock(&capture->lock);
	return json;
}
