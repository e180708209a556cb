/*
 * What camera_v4l2_buffers.c (memory and its life) and camera_v4l2_take.c (pictures) share.
 */
#ifndef BALAI_DRIVERS_CAMERA_V4L2_SLOTS_H
#define BALAI_DRIVERS_CAMERA_V4L2_SLOTS_H

#include "drivers/camera_v4l2_buffers.h"

#include <linux/videodev2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct v4l2_mapping {
	void *data;
	size_t length;
	int dmabuf; /* -1 where the driver exports none */
};

/* A buffer of the kernel, mapped. */
struct v4l2_slot {
	struct v4l2_buffers *buffers;
	uint32_t index;
	struct v4l2_mapping memories[V4L2_PLANES_MAX];
	AVDRMFrameDescriptor descriptor;
	bool with_kernel; /* under the lock, like `out` */
	bool out;         /* a picture refers to it */
};

/* Lives until it was stopped and the last picture was released. */
struct v4l2_buffers {
	struct v4l2_device device;
	struct v4l2_layout layout;
	_Atomic int references;
	struct v4l2_slot *slots;
	uint32_t n_slots;

	/* the capture thread's */
	bool sequence_is_known;
	uint32_t sequence;

	pthread_mutex_t lock;
	bool streaming; /* what comes back is to be queued again */
};

/* What the kernel is told and tells of one, by both APIs. */
struct v4l2_kernel_buffer {
	struct v4l2_buffer buffer;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

/* Prepares *kernel for a call about a buffer of this device. */
struct v4l2_buffer *v4l2_buffers_blank(const struct v4l2_buffers *buffers,
				       struct v4l2_kernel_buffer *kernel, uint32_t index);

/* Under the lock, gives the slot to the kernel. Returns 0 or -errno. */
int v4l2_buffers_queue(struct v4l2_slot *slot);

/*
 * A reference to the memory of a slot that is out; on its last release, in whatever thread, the slot
 * goes back to the kernel, or is unmapped once the stream was stopped. NULL without memory: the slot
 * is as before.
 */
AVBufferRef *v4l2_buffers_refer(struct v4l2_slot *slot);

#endif
