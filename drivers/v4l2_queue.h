/*
 * One queue of a V4L2 device: its buffers in the kernel's memory, mapped, or in memory of others by
 * DMABUF; queued and dequeued by the single-planar or the multi-planar API. What the driver says is
 * checked before it is used.
 *
 * One thread at a time.
 */
#ifndef BALAI_DRIVERS_V4L2_QUEUE_H
#define BALAI_DRIVERS_V4L2_QUEUE_H

#include "drivers/v4l2_layout.h"

#include <stddef.h>

#define V4L2_QUEUE_MAX 64

struct v4l2_mapping {
	void *data; /* NULL for DMABUF */
	size_t length;
};

struct v4l2_slot {
	struct v4l2_mapping memories[V4L2_PLANES_MAX];
	bool with_kernel;
};

/* Members are the queue's to write. {0} is a valid closed one. */
struct v4l2_queue {
	struct v4l2_node node; /* the caller's to close, after the queue */
	uint32_t type;
	uint32_t memory; /* V4L2_MEMORY_MMAP or V4L2_MEMORY_DMABUF */
	uint32_t n_memories;
	struct v4l2_slot *slots;
	uint32_t n_slots;
};

struct v4l2_queue_config {
	struct v4l2_node node;
	uint32_t type;
	uint32_t memory;
	uint32_t n_memories;              /* 1..V4L2_PLANES_MAX */
	uint32_t needed[V4L2_PLANES_MAX]; /* bytes that each memory has at least */
	uint32_t wanted;                  /* buffers; the driver may give more, or fewer */
	uint32_t fewest;
};

/* What is in one buffer: to be queued, or as it was dequeued. */
struct v4l2_load {
	uint32_t index;
	struct {
		uint32_t used; /* bytes, the offset included */
		uint32_t offset;
		int dmabuf; /* of DMABUF, with its length */
		uint32_t length;
	} memories[V4L2_PLANES_MAX];
	uint32_t flags;
	bool impossible; /* the driver says that there are more bytes than fit in */
	uint32_t sequence;
	int64_t time_us; /* the buffer's timestamp */
};

/* Returns 0; -EOVERFLOW for numbers of the driver that make no sense; -ENOMEM, -errno: closed. */
int v4l2_queue_open(struct v4l2_queue *queue, const struct v4l2_queue_config *config)
	__attribute__((warn_unused_result));

/* Stops it and lets go of all buffers. Closing a closed one is fine. */
void v4l2_queue_close(struct v4l2_queue *queue);

/* Unmaps one buffer, whatever becomes of the queue. */
void v4l2_queue_unmap(struct v4l2_queue *queue, uint32_t index);

/* VIDIOC_STREAMON and OFF; after OFF no buffer is with the kernel. Returns 0 or -errno. */
int v4l2_queue_start(struct v4l2_queue *queue);
int v4l2_queue_stop(struct v4l2_queue *queue);

/* A buffer that is not with the kernel. False: all are. */
bool v4l2_queue_find_free(const struct v4l2_queue *queue, uint32_t *ret_index);

uint32_t v4l2_queue_count_free(const struct v4l2_queue *queue);

/* Gives a buffer to the kernel. Returns 0 or -errno. */
int v4l2_queue_put(struct v4l2_queue *queue, const struct v4l2_load *load)
	__attribute__((warn_unused_result));

/*
 * Takes the next one back, without waiting. Returns 0; -EAGAIN: none is ready; -EPIPE: the last
 * of a drain was taken before; -EOVERFLOW: the driver names a buffer that it does not have; -errno.
 */
int v4l2_queue_take(struct v4l2_queue *queue, struct v4l2_load *ret_load)
	__attribute__((warn_unused_result));

#endif
