/*
 * The newest picture of a camera's buffers. Part of camera_v4l2.
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_TAKE_H
#define BALAI_DRIVERS_CAMERA_V4L2_TAKE_H

#include "drivers/camera_v4l2_device.h"
#include "drivers/v4l2_pictures.h"

struct v4l2_camera_pictures {
	const struct v4l2_device *device;
	struct v4l2_pictures *pictures; /* NULL while nothing streams */

	/* private: the driver's number of the picture before */
	bool sequence_is_known;
	uint32_t sequence;
};

/*
 * Takes what is ready, without waiting. CAM_OK: the newest valid picture; CAM_TIMEOUT: none is
 * ready; CAM_CORRUPT: only damaged ones were; CAM_UNPLUGGED, CAM_FAILED. Capture thread only.
 */
enum cam_result v4l2_camera_take(struct v4l2_camera_pictures *source,
				 struct cam_picture *ret_picture);

#endif
