/*
 * The buffers of a V4L2 device while it streams, and the pictures made of them. Part of camera_v4l2.
 *
 *     kernel ◄──queue── buffers ◄──last release (any thread)── AVFrame
 *        └──dequeue──► newest valid ──► AVFrame (mapped memory, DMABUF beside it) or AVPacket (copy)
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_BUFFERS_H
#define BALAI_DRIVERS_CAMERA_V4L2_BUFFERS_H

#include "camera/camera.h"
#include "drivers/camera_v4l2_device.h"
#include "drivers/camera_v4l2_format.h"

struct v4l2_buffers;

/*
 * Asks for buffers, maps, exports and queues them and starts the stream. The device is copied and
 * stays the caller's to close, after v4l2_buffers_stop(). CAM_OK hands over *ret_buffers; else
 * CAM_UNPLUGGED, CAM_BUSY or CAM_FAILED.
 */
enum cam_result v4l2_buffers_start(const struct v4l2_device *device,
				   const struct v4l2_layout *layout,
				   struct v4l2_buffers **ret_buffers);

/* Stops the stream; what pictures still refer to lives on with them. NULL is allowed. */
void v4l2_buffers_stop(struct v4l2_buffers *buffers);

/*
 * Takes what is ready, without waiting. CAM_OK: the newest valid picture; CAM_TIMEOUT: none is
 * ready; CAM_CORRUPT: only damaged ones were; CAM_UNPLUGGED, CAM_FAILED. Capture thread only.
 */
enum cam_result v4l2_buffers_take(struct v4l2_buffers *buffers, struct cam_picture *ret_picture);

#endif
