/*
 * An open V4L2 device: finding it, its input's signal, its controls. Part of camera_v4l2.
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_DEVICE_H
#define BALAI_DRIVERS_CAMERA_V4L2_DEVICE_H

#include "camera/camera.h"
#include "drivers/v4l2_node.h"

#include <stdbool.h>
#include <stdint.h>

struct v4l2_device {
	struct v4l2_node node;
	struct cam *cam; /* whose faults are told */
	uint32_t type;   /* V4L2_BUF_TYPE_VIDEO_CAPTURE or its _MPLANE */
	char label[96];  /* for people: card and path */
};

/* 0 or -errno. */
int v4l2_device_ioctl(const struct v4l2_device *device, unsigned long request, void *argument);

/*
 * name: see camera_v4l2_create(). CAM_OK hands over *ret_device, to be closed; else CAM_ABSENT,
 * CAM_BUSY, or CAM_FAILED.
 */
enum cam_result v4l2_device_open(const struct v4l2_sys *sys, struct cam *cam, const char *name,
				 struct v4l2_device *ret_device);

void v4l2_device_close(struct v4l2_device *device);

/* The caller's part of a failed call: CAM_UNPLUGGED, CAM_BUSY or CAM_FAILED. */
enum cam_result v4l2_device_result(const struct v4l2_device *device, const char *call, int error);

/*
 * Goes over to the timings of a digital input and asks for news of them. CAM_OK, or CAM_NO_SIGNAL.
 */
enum cam_result v4l2_device_lock_input(const struct v4l2_device *device);

/* Whether the input carries a picture, as far as the driver knows. */
bool v4l2_device_has_signal(const struct v4l2_device *device);

/* Takes the waiting events. Whether the source changed, so that formats must be agreed anew. */
bool v4l2_device_source_changed(const struct v4l2_device *device);

/* See cam_list_controls() and its like. */
int v4l2_device_list_controls(const struct v4l2_device *device, struct cam_control *controls,
			      size_t capacity, size_t *ret_count);
int v4l2_device_get_control(const struct v4l2_device *device, const char *name, int64_t *ret_value);
int v4l2_device_set_control(const struct v4l2_device *device, const char *name, int64_t value);

#endif
