#include "drivers/camera_v4l2_slots.h"

#include "base/clock.h"

#include <errno.h>
#include <libavutil/buffer.h>
#include <string.h>

enum { JPEG_MAXIMUM = 32 * 1024 * 1024 };

/* A time stamp of the driver further from now than this is not of this clock. */
#define STAMP_AGE_MAXIMUM_US (10 * CLOCK_US_PER_S)

/* What was dequeued, with every number checked. */
struct taken {
	struct v4l2_slot *slot;
	bool whole;
	uint32_t used; /* bytes of the first memory */
	uint32_t sequence;
	int64_t time_us;
};

static int64_t stamp(const struct v4l2_buffer *buffer, int64_t now_us)
{
	int64_t time_us =
		(int64_t)buffer->timestamp.tv_sec * CLOCK_US_PER_S + buffer->timestamp.tv_usec;

	if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC ||
	    time_us > now_us || now_us - time_us > STAMP_AGE_MAXIMUM_US)
		return now_us;
	return time_us;
}

/* What is true of a buffer's first memory, by both APIs. */
static uint32_t used_of(const struct v4l2_buffers *buffers, const struct v4l2_kernel_buffer *kernel,
			uint32_t memory)
{
	return v4l2_device_is_multiplanar(&buffers->device) ? kernel->planes[memory].bytesused
							    : kernel->buffer.bytesused;
}

static bool is_whole(const struct v4l2_buffers *buffers, const struct v4l2_slot *slot,
		     const struct v4l2_kernel_buffer *kernel)
{
	const struct v4l2_layout *layout = &buffers->layout;

	if (kernel->buffer.flags & V4L2_BUF_FLAG_ERROR)
		return false;
	for (uint32_t i = 0; i < layout->n_memories; i++) {
		uint32_t used = used_of(buffers, kernel, i);

		if (used == 0 || used < layout->needed[i] || used > slot->memories[i].length)
			return false;
		/* a header before the picture would shift its planes; no format of ours has one */
		if (v4l2_device_is_multiplanar(&buffers->device) && kernel->planes[i].data_offset)
			return false;
	}
	return true;
}

/* Under the lock. CAM_TIMEOUT: nothing is ready. */
static enum cam_result dequeue(struct v4l2_buffers *buffers, struct taken *ret_taken)
{
	struct v4l2_kernel_buffer kernel;
	struct v4l2_buffer *buffer = v4l2_buffers_blank(buffers, &kernel, 0);
	int r = v4l2_device_ioctl(&buffers->device, VIDIOC_DQBUF, buffer);
	struct v4l2_slot *slot;

	if (r == -EAGAIN)
		return CAM_TIMEOUT;
	if (r < 0)
		return v4l2_device_result(&buffers->device, "take a picture", r);
	if (buffer->index >= buffers->n_slots || !buffers->slots[buffer->index].with_kernel)
		return cam_fail(buffers->device.cam, "the driver gives a buffer it does not have");
	slot = &buffers->slots[buffer->index];
	slot->with_kernel = false;
	*ret_taken = (struct taken){
		.slot = slot,
		.whole = is_whole(buffers, slot, &kernel),
		.used = used_of(buffers, &kernel, 0),
		.sequence = buffer->sequence,
		.time_us = stamp(buffer, clock_now_us()),
	};
	return CAM_OK;
}

/*
 * Dequeues all there is and keeps the newest whole one, which is then out. CAM_TIMEOUT: nothing was
 * ready; CAM_CORRUPT: nothing whole was.
 */
static enum cam_result dequeue_newest(struct v4l2_buffers *buffers, struct taken *ret_newest,
				      uint32_t *ret_passed_over)
{
	struct taken newest = {0}, taken = {0};
	enum cam_result result;
	uint32_t passed_over = 0;
	bool corrupt = false;

	while ((result = dequeue(buffers, &taken)) == CAM_OK) {
		struct v4l2_slot *back = taken.slot;

		if (taken.whole) {
			back = newest.slot;
			passed_over += back != NULL;
			newest = taken;
		} else {
			corrupt = true;
		}
		if (back)
			(void)v4l2_buffers_queue(back);
	}
	if (result != CAM_TIMEOUT)
		return result;
	if (!newest.slot)
		return corrupt ? CAM_CORRUPT : CAM_TIMEOUT;
	newest.slot->out = true;
	*ret_newest = newest;
	*ret_passed_over = passed_over;
	return CAM_OK;
}

/* The descriptor lies in the slot, which lives as long as the picture does. */
static void leave_descriptor(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

static AVFrame *make_frame(const struct v4l2_layout *layout, const struct taken *taken)
{
	struct v4l2_slot *slot = taken->slot;
	AVFrame *frame = av_frame_alloc();

	if (!frame)
		return NULL;
	frame->format = layout->pixels;
	frame->width = layout->width;
	frame->height = layout->height;
	frame->colorspace = layout->space;
	frame->color_range = layout->range;
	frame->pts = taken->time_us;
	for (uint32_t i = 0; i < layout->n_planes; i++) {
		const struct v4l2_layout_plane *plane = &layout->planes[i];

		frame->data[i] = (uint8_t *)slot->memories[plane->memory].data + plane->offset;
		frame->linesize[i] = (int)plane->pitch;
	}
	if (slot->descriptor.nb_objects > 0)
		frame->opaque_ref =
			av_buffer_create((uint8_t *)&slot->descriptor, sizeof(slot->descriptor),
					 leave_descriptor, NULL, AV_BUFFER_FLAG_READONLY);
	frame->buf[0] = v4l2_buffers_refer(slot);
	if (!frame->buf[0])
		av_frame_free(&frame);
	return frame;
}

/* A copy: the decoder reads beyond the end, where the kernel's memory may end too. */
static AVPacket *make_packet(const struct taken *taken)
{
	AVPacket *packet = av_packet_alloc();

	if (!packet || taken->used > JPEG_MAXIMUM || av_new_packet(packet, (int)taken->used) < 0) {
		av_packet_free(&packet);
		return NULL;
	}
	memcpy(packet->data, taken->slot->memories[0].data, taken->used);
	packet->pts = taken->time_us;
	return packet;
}

static void give_back(struct v4l2_buffers *buffers, struct v4l2_slot *slot)
{
	pthread_mutex_lock(&buffers->lock);
	slot->out = false;
	(void)v4l2_buffers_queue(slot);
	pthread_mutex_unlock(&buffers->lock);
}

/* Those the driver says it lost, and at least those that were passed over here. */
static uint32_t count_skipped(struct v4l2_buffers *buffers, uint32_t sequence, uint32_t passed_over)
{
	uint32_t gap = sequence - buffers->sequence;
	uint32_t skipped = passed_over;

	if (buffers->sequence_is_known && gap > passed_over && gap < INT32_MAX)
		skipped = gap - 1;
	buffers->sequence_is_known = true;
	buffers->sequence = sequence;
	return skipped;
}

enum cam_result v4l2_buffers_take(struct v4l2_buffers *buffers, struct cam_picture *ret_picture)
{
	struct cam_picture picture = {0};
	struct taken newest;
	uint32_t passed_over;
	enum cam_result result;

	pthread_mutex_lock(&buffers->lock);
	result = dequeue_newest(buffers, &newest, &passed_over);
	pthread_mutex_unlock(&buffers->lock);
	if (result != CAM_OK)
		return result;
	picture.skipped = count_skipped(buffers, newest.sequence, passed_over);
	if (buffers->layout.format == CAM_FORMAT_MJPEG)
		picture.coded = make_packet(&newest);
	else
		picture.frame = make_frame(&buffers->layout, &newest);
	if (!picture.frame)
		give_back(buffers, newest.slot);
	if (!picture.frame && !picture.coded)
		return CAM_CORRUPT;
	*ret_picture = picture;
	return CAM_OK;
}
