/*
 * The buffers that a V4L2 device fills with pictures while it streams, and the AVFrames made of
 * them: a camera's, or a decoder's.
 *
 *     kernel ◄──queue── v4l2_pictures ◄──last release (any thread)── AVFrame
 *        └──dequeue──► what the owner makes of it: AVFrame (mapped memory, DMABUF beside it), or back
 *
 * One thread at a time, but for the releases of pictures.
 */
#ifndef BALAI_DRIVERS_V4L2_PICTURES_H
#define BALAI_DRIVERS_V4L2_PICTURES_H

#include "drivers/v4l2_queue.h"

#include <libavutil/frame.h>

struct v4l2_pictures;

/*
 * Asks for `wanted` buffers, maps, exports and queues them and starts the stream of `type`. The node
 * stays the caller's to close, after v4l2_pictures_stop(). Returns 0 and hands over *ret_pictures;
 * -EOVERFLOW for numbers of the driver that make no sense; -ENOMEM, -errno.
 */
int v4l2_pictures_start(const struct v4l2_node *node, uint32_t type,
			const struct v4l2_layout *layout, uint32_t wanted,
			struct v4l2_pictures **ret_pictures) __attribute__((warn_unused_result));

/* Stops the stream; what pictures still refer to lives on with them. NULL is allowed. */
void v4l2_pictures_stop(struct v4l2_pictures *pictures);

const struct v4l2_layout *v4l2_pictures_layout(const struct v4l2_pictures *pictures);

/* v4l2_queue_take(): a buffer that is then to be given back or made a frame of. */
int v4l2_pictures_take(struct v4l2_pictures *pictures, struct v4l2_load *ret_load)
	__attribute__((warn_unused_result));

/* Whether a load is a whole picture: undamaged, and as large as the layout needs. */
bool v4l2_pictures_is_whole(const struct v4l2_pictures *pictures, const struct v4l2_load *load);

/* Gives a taken buffer to the kernel again. */
void v4l2_pictures_give_back(struct v4l2_pictures *pictures, uint32_t index);

/*
 * Makes a picture of a taken buffer, with pts and colours; its memory goes back to the kernel on
 * its last release. NULL without memory: the buffer is still taken.
 */
AVFrame *v4l2_pictures_make_frame(struct v4l2_pictures *pictures, const struct v4l2_load *load,
				  int64_t pts);

/* The bytes of a taken buffer's first memory. */
const void *v4l2_pictures_data(const struct v4l2_pictures *pictures, uint32_t index);

#endif
