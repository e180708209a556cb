#include "camera/capture.h"

#include "base/clock.h"
#include "base/log.h"
#include "camera/capture_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_FIRST_US (500 * CLOCK_US_PER_MS)
#define BACKOFF_LIMIT_US (5 * CLOCK_US_PER_S)
#define STALL_US (2 * CLOCK_US_PER_S)
#define STANDIN_US (500 * CLOCK_US_PER_MS)

static struct cam *running_cam(const struct capture *capture)
{
	return capture->cameras[capture->running].cam;
}

/* Whether the thread has to leave the camera it is at; under the lock. */
static bool is_called_away(const struct capture *capture)
{
	return capture->stopping || capture->selected != capture->running;
}

static bool must_leave(struct capture *capture)
{
	bool leave;

	pthread_mutex_lock(&capture->lock);
	leave = is_called_away(capture);
	pthread_mutex_unlock(&capture->lock);
	return leave;
}

static void count(struct capture *capture, uint64_t *counter, uint64_t amount)
{
	pthread_mutex_lock(&capture->lock);
	*counter += amount;
	pthread_mutex_unlock(&capture->lock);
}

static void emit(struct capture *capture, const AVFrame *picture, int64_t now_us)
{
	capture->newest_pts = picture->pts;
	capture->emitted_us = now_us;
	capture->config.on_picture(capture->config.context, picture);
}

static void emit_standin(struct capture *capture, enum cam_result why)
{
	const AVFrame *standin = capture->config.standin(capture->config.context, why);
	int64_t now_us = clock_now_us();
	AVFrame *picture = standin ? av_frame_clone(standin) : NULL;

	capture->emitted_us = now_us;
	if (!picture)
		return;
	picture->pts = now_us > capture->newest_pts ? now_us : capture->newest_pts + 1;
	picture->duration = capture->frame_us;
	count(capture, &capture->counts.standins, 1);
	emit(capture, picture, now_us);
	av_frame_free(&picture);
}

static void hand_out(struct capture *capture, AVFrame *picture)
{
	int64_t now_us = clock_now_us();

	picture->duration = capture->frame_us;
	stats_add(&capture->delay, now_us - picture->pts, now_us);
	pthread_mutex_lock(&capture->lock);
	capture->counts.frames++;
	capture->streaming = true;
	meter_add(&capture->meter, 1, now_us);
	pthread_mutex_unlock(&capture->lock);
	emit(capture, picture, now_us);
}

/* CAM_OK when the picture went out. */
static enum cam_result handle(struct capture *capture, struct cam_picture *taken)
{
	AVFrame *picture;
	int r;

	count(capture, &capture->counts.dropped, taken->skipped);
	r = intake_run(capture->intake, &capture->got, taken, &picture);
	if (r == -ENOTSUP)
		return cam_fail(running_cam(capture), "its pictures cannot be converted");
	if (r < 0)
		return CAM_CORRUPT;
	if (picture->pts > capture->newest_pts)
		hand_out(capture, picture);
	else
		count(capture, &capture->counts.dropped, 1);
	av_frame_free(&picture);
	return CAM_OK;
}

static const char *words_for(const struct cam *cam, enum cam_result result)
{
	if (result == CAM_TIMEOUT)
		return "gives no pictures";
	return result == CAM_FAILED ? cam->fault : cam_result_name(result);
}

/* Logs a state once, however often it is found again. */
static void tell(struct capture *capture, enum cam_result result)
{
	const char *name = capture->cameras[capture->running].name;
	const char *words = words_for(running_cam(capture), result);
	const struct cam_got *got = &capture->got;

	if (capture->has_told && capture->told == result &&
	    (result != CAM_FAILED || strcmp(words, capture->told_fault) == 0))
		return;
	capture->has_told = true;
	capture->told = result;
	snprintf(capture->told_fault, sizeof(capture->told_fault), "%s", words);
	if (result == CAM_OK)
		log_info("camera", "%s: %s, %s %dx%d, %.3g a second", name, got->device,
			 cam_format_name(got->format), got->width, got->height,
			 (double)CLOCK_US_PER_S / (double)got->frame_us);
	else
		log_warning("camera", "%s: %s", name, words);
}

/* Reads pictures until the camera must be left (CAM_OK) or has to be opened anew, and why. */
static enum cam_result stream(struct capture *capture, struct cam *cam)
{
	int64_t good_us = clock_now_us();
	enum cam_result bad = CAM_TIMEOUT;

	while (!must_leave(capture)) {
		struct cam_picture taken = {0};
		int64_t now_us = clock_now_us();
		enum cam_result result =
			cam->ops->next(cam, now_us + capture->config.standin_us, &taken);

		if (result == CAM_OK)
			result = handle(capture, &taken);
		now_us = clock_now_us();
		if (result == CAM_OK) {
			good_us = now_us;
			bad = CAM_TIMEOUT;
			tell(capture, CAM_OK);
			continue;
		}
		if (result == CAM_CORRUPT) {
			count(capture, &capture->counts.corrupt, 1);
			bad = CAM_CORRUPT;
		} else if (result != CAM_TIMEOUT) {
			return result;
		}
		if (now_us - good_us >= capture->config.stall_us)
			return bad;
		if (now_us - capture->emitted_us >= 2 * capture->config.standin_us)
			emit_standin(capture, bad);
	}
	return CAM_OK;
}

static void set_reason(struct capture *capture, enum cam_result reason)
{
	pthread_mutex_lock(&capture->lock);
	capture->streaming = false;
	capture->reason = reason;
	if (reason == CAM_FAILED)
		memcpy(capture->fault, running_cam(capture)->fault, sizeof(capture->fault));
	pthread_mutex_unlock(&capture->lock);
}

/* Opens the camera and streams it. CAM_OK: it must be left. *ret_streamed: it gave a picture. */
static enum cam_result use(struct capture *capture, struct cam *cam, bool *ret_streamed)
{
	enum cam_result result;
	struct cam_got got;
	uint64_t frames;

	result = cam->ops->open(cam, &capture->config.want, &got);
	if (result != CAM_OK)
		return result;
	pthread_mutex_lock(&capture->lock);
	capture->got = got;
	capture->got_is_set = true;
	frames = capture->counts.frames;
	pthread_mutex_unlock(&capture->lock);
	capture->frame_us = got.frame_us;

	result = stream(capture, cam);
	cam->ops->close(cam);
	*ret_streamed = capture->counts.frames > frames;
	return result;
}

/* Whether something else is wanted before until_us. */
static bool wait_for_order(struct capture *capture, int64_t until_us)
{
	const struct timespec until = clock_timespec(until_us);
	bool leave, late = false;

	pthread_mutex_lock(&capture->lock);
	while (!is_called_away(capture) && !late)
		late = pthread_cond_clockwait(&capture->changed, &capture->lock, CLOCK_MONOTONIC,
					      &until) != 0;
	leave = is_called_away(capture);
	pthread_mutex_unlock(&capture->lock);
	return leave;
}

/* Stand-ins until it is time to try again, or something else is wanted. */
static void wait_with_standin(struct capture *capture, enum cam_result why, int64_t until_us)
{
	int64_t next_us;

	do {
		emit_standin(capture, why);
		next_us = clock_now_us() + capture->config.standin_us;
		if (next_us > until_us)
			next_us = until_us;
	} while (!wait_for_order(capture, next_us) && clock_now_us() < until_us);
}

/* Makes the camera that is wanted the running one. False: the thread is to end. */
static bool follow_selection(struct capture *capture, bool *ret_changed)
{
	bool go_on;

	pthread_mutex_lock(&capture->lock);
	go_on = !capture->stopping;
	*ret_changed = capture->running != capture->selected;
	capture->running = capture->selected;
	pthread_mutex_unlock(&capture->lock);
	return go_on;
}

static void run(void *context)
{
	struct capture *capture = context;
	int64_t backoff_us = capture->config.backoff_first_us;
	bool changed;

	capture->emitted_us = clock_now_us();
	while (follow_selection(capture, &changed)) {
		bool streamed = false;
		enum cam_result result;

		if (changed) {
			backoff_us = capture->config.backoff_first_us;
			capture->has_told = false;
		}
		result = use(capture, running_cam(capture), &streamed);
		set_reason(capture, result == CAM_OK ? CAM_TIMEOUT : result);
		if (result == CAM_OK)
			continue;
		tell(capture, result);
		if (streamed)
			backoff_us = capture->config.backoff_first_us;
		wait_with_standin(capture, result, clock_now_us() + backoff_us);
		backoff_us *= 2;
		if (backoff_us > capture->config.backoff_limit_us)
			backoff_us = capture->config.backoff_limit_us;
		count(capture, &capture->counts.reopens, 1);
	}
}

static bool is_valid(const struct capture_config *config)
{
	const struct cam_want *want = &config->want;

	return config->n_cameras >= 1 && config->n_cameras <= CAPTURE_CAMERAS_MAX &&
	       config->on_picture && config->standin && want->width >= 16 && want->width <= 8192 &&
	       want->height >= 16 && want->height <= 8192 && want->fps >= 1 && want->fps <= 240 &&
	       want->n_formats >= 1 && want->n_formats <= CAM_FORMATS &&
	       (config->convert_to == AV_PIX_FMT_NV12 || config->convert_to == AV_PIX_FMT_YUV420P);
}

static int64_t or_default(int64_t value, int64_t value_if_0)
{
	return value ? value : value_if_0;
}

static void take_config(struct capture *capture, const struct capture_config *config)
{
	capture->config = *config;
	capture->config.cameras = capture->cameras;
	capture->config.backoff_first_us = or_default(config->backoff_first_us, BACKOFF_FIRST_US);
	capture->config.backoff_limit_us = or_default(config->backoff_limit_us, BACKOFF_LIMIT_US);
	capture->config.stall_us = or_default(config->stall_us, STALL_US);
	capture->config.standin_us = or_default(config->standin_us, STANDIN_US);
	capture->frame_us = CLOCK_US_PER_S / config->want.fps;
	capture->reason = CAM_TIMEOUT;
}

static int copy_cameras(struct capture *capture, const struct capture_config *config)
{
	for (size_t i = 0; i < config->n_cameras; i++) {
		capture->cameras[i].cam = config->cameras[i].cam;
		capture->cameras[i].name = strdup(config->cameras[i].name);
		if (!capture->cameras[i].name)
			return -ENOMEM;
	}
	return 0;
}

static void capture_free(struct capture *capture)
{
	for (size_t i = 0; i < capture->config.n_cameras; i++)
		free((char *)capture->cameras[i].name);
	intake_destroy(capture->intake);
	pthread_cond_destroy(&capture->changed);
	pthread_mutex_destroy(&capture->lock);
	free(capture);
}

int capture_create(const struct capture_config *config, struct capture **ret_capture)
{
	struct capture *capture;
	int r;

	if (!is_valid(config))
		return -EINVAL;
	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	pthread_mutex_init(&capture->lock, NULL);
	pthread_cond_init(&capture->changed, NULL);
	take_config(capture, config);
	r = copy_cameras(capture, config);
	if (r == 0)
		r = intake_create(config->convert_to, &capture->intake);
	if (r == 0)
		r = thread_start("capture", run, capture, &capture->thread);
	if (r < 0) {
		capture_free(capture);
		return r;
	}
	*ret_capture = capture;
	return 0;
}

/* Makes the thread look at what is wanted, wherever it waits. Called under the lock. */
static void rouse(struct capture *capture)
{
	pthread_cond_broadcast(&capture->changed);
	running_cam(capture)->ops->wake(running_cam(capture));
}

void capture_destroy(struct capture *capture)
{
	if (!capture)
		return;
	pthread_mutex_lock(&capture->lock);
	capture->stopping = true;
	rouse(capture);
	pthread_mutex_unlock(&capture->lock);
	thread_join(capture->thread);
	capture_free(capture);
}

int capture_select(struct capture *capture, const char *name)
{
	for (size_t i = 0; i < capture->config.n_cameras; i++) {
		if (strcmp(capture->cameras[i].name, name) != 0)
			continue;
		pthread_mutex_lock(&capture->lock);
		capture->selected = i;
		rouse(capture);
		pthread_mutex_unlock(&capture->lock);
		return 0;
	}
	return -ENOENT;
}
