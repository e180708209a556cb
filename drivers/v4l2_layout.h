/*
 * How pictures lie in the memory of a V4L2 queue, by the single-planar and the multi-planar API:
 * asked for, answered by the driver, and checked.
 */
#ifndef BALAI_DRIVERS_V4L2_LAYOUT_H
#define BALAI_DRIVERS_V4L2_LAYOUT_H

#include "drivers/v4l2_node.h"

#include <libavutil/pixfmt.h>

#define V4L2_PLANES_MAX 3
#define V4L2_SIDE_MIN 16
#define V4L2_SIDE_MAX 8192

/* A pixel format by the kernel's code: in one memory, or with one memory a plane. */
struct v4l2_pixels {
	uint32_t fourcc;
	enum AVPixelFormat pixels;
	uint32_t n_memories;
};

/* NULL for what is no 4:2:0 or YUYV. */
const struct v4l2_pixels *v4l2_pixels_find(uint32_t fourcc);

/* What is asked of a queue; zeros leave it to the driver. */
struct v4l2_wish {
	uint32_t fourcc;
	uint32_t width;
	uint32_t height;
	uint32_t n_memories; /* of the multi-planar API */
	uint32_t pitch;      /* of the first plane */
	uint32_t size;       /* bytes of the first memory */
	enum AVColorSpace space;
};

/* What the driver makes of it: the parts that both APIs have. */
struct v4l2_agreed {
	uint32_t width;
	uint32_t height;
	uint32_t fourcc;
	uint32_t field;
	uint32_t colorspace;
	uint32_t encoding;
	uint32_t quantization;
	uint32_t n_memories;
	uint32_t pitch[V4L2_PLANES_MAX];
	uint32_t size[V4L2_PLANES_MAX];
};

/* VIDIOC_S_FMT, and VIDIOC_G_FMT. Return 0 or -errno. */
int v4l2_layout_set(const struct v4l2_node *node, uint32_t type, const struct v4l2_wish *wish,
		    struct v4l2_agreed *ret_agreed) __attribute__((warn_unused_result));
int v4l2_layout_get(const struct v4l2_node *node, uint32_t type, struct v4l2_agreed *ret_agreed)
	__attribute__((warn_unused_result));

/* Where one plane of the pixel format lies. */
struct v4l2_layout_plane {
	uint32_t memory; /* which of the buffer's memories */
	uint32_t offset; /* bytes from its start */
	uint32_t pitch;  /* bytes from line to line */
};

struct v4l2_layout {
	int width; /* visible, even but for coded ones */
	int height;
	enum AVPixelFormat pixels; /* AV_PIX_FMT_NONE for coded ones */
	enum AVColorSpace space;
	enum AVColorRange range;
	uint32_t n_memories;
	uint32_t needed[V4L2_PLANES_MAX]; /* bytes of each memory that a whole picture has */
	uint32_t n_planes;
	struct v4l2_layout_plane planes[V4L2_PLANES_MAX];
};

/*
 * Derives the layout from what the driver answered; `pixels` is what was asked for. False: it makes
 * no sense. True: every number was checked, planes lie within `needed` and that within the sizes.
 */
bool v4l2_layout_make(const struct v4l2_pixels *pixels, const struct v4l2_agreed *agreed,
		      struct v4l2_layout *ret_layout);

#endif
