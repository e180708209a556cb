/*
 * The capture loop: one thread that keeps one of several cameras running and hands out pictures
 * that an encoder takes, whatever happens to the device.
 *
 *     camera ──next──► MJPEG? decode ──► not 4:2:0? convert ──► on_picture
 *        │ absent, busy, unplugged, no signal, stalled
 *        └──► stand-in (says why, twice a second) ──► on_picture, and open again with back-off
 *
 * What comes out is AV_PIX_FMT_NV12 or AV_PIX_FMT_YUV420P in limited range with even sides, pts =
 * capture time (CLOCK_MONOTONIC µs, strictly rising), duration = nominal µs between pictures. A
 * camera that already gives that is passed on without a copy.
 */
#ifndef BALAI_CAMERA_CAPTURE_H
#define BALAI_CAMERA_CAPTURE_H

#include "camera/camera.h"

#include <jansson.h>
#include <libavutil/frame.h>
#include <stddef.h>

struct capture;

/*
 * A picture for everybody who wants one. Borrowed: av_frame_clone() what is kept, and write into
 * none. Called in the capture thread; must not block.
 */
typedef void (*capture_picture_fn)(void *context, const AVFrame *picture);

/*
 * The picture that stands in while there is none from the camera, saying `why` to people; NV12 or
 * YUV420P, even sides. Borrowed until the next call; NULL leaves this time out. Called in the
 * capture thread.
 */
typedef const AVFrame *(*capture_standin_fn)(void *context, enum cam_result why);

struct capture_camera {
	const char *name; /* for Status and capture_select(); copied */
	struct cam *cam;  /* borrowed: outlives the capture, which alone opens and closes it */
};

struct capture_config {
	const struct capture_camera *cameras; /* copied; the first is the one in use at start */
	size_t n_cameras;                     /* 1..16 */
	struct cam_want want;
	enum AVPixelFormat convert_to; /* NV12 or YUV420P, where a conversion is needed at all */
	capture_picture_fn on_picture;
	capture_standin_fn standin;
	void *context; /* for both */

	/* Times; 0 takes the value in brackets. */
	int64_t backoff_first_us; /* before the first open after a failure [0.5 s], doubled up to */
	int64_t backoff_limit_us; /* [5 s] */
	int64_t stall_us;         /* without a good picture: closed and opened again [2 s] */
	int64_t standin_us;       /* between two stand-ins [0.5 s] */
};

/* Starts the thread. Returns 0 and hands over *ret_capture, or -EINVAL, -ENOMEM, -errno. */
int capture_create(const struct capture_config *config, struct capture **ret_capture)
	__attribute__((warn_unused_result));

/* Stops and joins the thread and closes the camera; no callback comes after it. NULL is allowed. */
void capture_destroy(struct capture *capture);

/* Goes over to the camera of that name at once. Any thread. Returns 0 or -ENOENT. */
int capture_select(struct capture *capture, const char *name) __attribute__((warn_unused_result));

/*
 * {"camera", "cameras": [names], "state": "streaming"|"waiting", "reason" and "fault" (why
 *  waiting), "device", "format", "width", "height", "fps" (measured), "fps_nominal", "frames", "dropped",
 *  "corrupt", "standins", "reopens", "delay": capture to hand-out, see stats_to_json()}.
 * Any thread. Caller owns it; NULL without memory.
 */
json_t *capture_status(struct capture *capture);

#endif
