/*
 * V4L2 cameras behind camera/camera.h: single- and multi-planar capture with mmap buffers, exported
 * as DMABUF where the driver can.
 *
 * Source: the kernel's Linux Media Infrastructure userspace API, part I (videodev2.h).
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_H
#define BALAI_DRIVERS_CAMERA_V4L2_H

#include "camera/camera.h"

struct v4l2_sys; /* drivers/v4l2_sys.h: the kernel, or a fake of it */

/*
 * device: a path ("/dev/video0", "/dev/v4l/by-id/…"), a card's name as the driver tells it, or
 * "auto" for the first device that captures, by number; copied, looked up at each open. sys: NULL
 * is the kernel; else it outlives the camera and its pictures. Returns 0 and hands over *ret_cam,
 * or -EINVAL, -ENOMEM, -errno.
 */
int camera_v4l2_create(const char *device, const struct v4l2_sys *sys, struct cam **ret_cam)
	__attribute__((warn_unused_result));

#endif
