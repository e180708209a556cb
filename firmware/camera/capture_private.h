/*
 * What the files of the capture loop share: capture.c (the loop) and capture_status.c (what it tells).
 */
#ifndef BALAI_CAMERA_CAPTURE_PRIVATE_H
#define BALAI_CAMERA_CAPTURE_PRIVATE_H

#include "base/stats.h"
#include "base/thread.h"
#include "camera/capture.h"
#include "camera/intake.h"
#include "camera/meter.h"

#include <pthread.h>
#include <stdbool.h>

#define CAPTURE_CAMERAS_MAX 16
#define CAPTURE_FAULT_BYTES sizeof(((struct cam *)NULL)->fault)

struct capture_counts {
	uint64_t frames;
	uint64_t dropped;
	uint64_t corrupt;
	uint64_t standins;
	uint64_t reopens;
};

/* See the drawing in capture.h. */
struct capture {
	struct capture_config config; /* its camera list is the one below */
	struct capture_camera cameras[CAPTURE_CAMERAS_MAX];
	struct thread *thread;
	struct stats delay;

	/* the thread's own */
	struct intake *intake;
	int64_t newest_pts;
	int64_t emitted_us;
	int64_t frame_us;
	bool has_told;        /* of this camera */
	enum cam_result told; /* what the log said last, and why */
	char told_fault[CAPTURE_FAULT_BYTES];

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	bool stopping;
	size_t selected;
	size_t running; /* the camera that the thread is at */
	bool streaming;
	enum cam_result reason;
	char fault[CAPTURE_FAULT_BYTES]; /* of CAM_FAILED */
	struct cam_got got;
	bool got_is_set;
	struct capture_counts counts;
	struct meter meter;
};

#endif
