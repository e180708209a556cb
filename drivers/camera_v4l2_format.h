/*
 * What a V4L2 device and a want agree on. Part of camera_v4l2.
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_FORMAT_H
#define BALAI_DRIVERS_CAMERA_V4L2_FORMAT_H

#include "camera/camera.h"
#include "drivers/camera_v4l2_device.h"
#include "drivers/v4l2_layout.h"

/*
 * Chooses the nearest size, then the rate, then the format by preference, and sets them. CAM_OK
 * fills *ret_layout and *ret_got but for its device. Else CAM_UNPLUGGED, CAM_BUSY or CAM_FAILED.
 */
enum cam_result v4l2_format_agree(const struct v4l2_device *device, const struct cam_want *want,
				  struct v4l2_layout *ret_layout, struct cam_got *ret_got);

#endif
