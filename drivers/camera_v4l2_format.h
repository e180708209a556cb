/*
 * What a V4L2 device and a want agree on, and how its pictures lie in memory. Part of camera_v4l2.
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_FORMAT_H
#define BALAI_DRIVERS_CAMERA_V4L2_FORMAT_H

#include "camera/camera.h"
#include "drivers/camera_v4l2_device.h"

#include <libavutil/pixfmt.h>

#define V4L2_PLANES_MAX 3

/* Where one plane of the pixel format lies. */
struct v4l2_layout_plane {
	uint32_t memory; /* which of the buffer's memories */
	uint32_t offset; /* bytes from its start */
	uint32_t pitch;  /* bytes from line to line */
};

struct v4l2_layout {
	int width;
	int height;
	enum cam_format format;
	int64_t frame_us;
	enum AVPixelFormat pixels; /* AV_PIX_FMT_NONE for JPEG */
	enum AVColorSpace space;
	enum AVColorRange range;
	uint32_t n_memories;
	uint32_t needed[V4L2_PLANES_MAX]; /* bytes of each memory that a whole picture has */
	uint32_t n_planes;
	struct v4l2_layout_plane planes[V4L2_PLANES_MAX];
};

/*
 * Chooses the nearest size, then the rate, then the format by preference, and sets them. CAM_OK
 * fills *ret_layout, whose every number was checked: planes lie within `needed`. Else CAM_UNPLUGGED,
 * CAM_BUSY or CAM_FAILED.
 */
enum cam_result v4l2_format_agree(const struct v4l2_device *device, const struct cam_want *want,
				  struct v4l2_layout *ret_layout);

#endif
