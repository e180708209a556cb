#include "drivers/camera_v4l2_buffers.h"

#include "drivers/camera_v4l2_slots.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <libavutil/buffer.h>
#include <stdlib.h>

/*
 * One is being filled, one waits, one is encoded, one waits to be, two are shown; a device that
 * needs more for itself gives more.
 */
enum { WANTED = 6, FEWEST = 2, MOST = 32 };

struct v4l2_buffer *v4l2_buffers_blank(const struct v4l2_buffers *buffers,
				       struct v4l2_kernel_buffer *kernel, uint32_t index)
{
	*kernel = (struct v4l2_kernel_buffer){
		.buffer =
			{
				.index = index,
				.type = buffers->device.type,
				.memory = V4L2_MEMORY_MMAP,
			},
	};
	if (v4l2_device_is_multiplanar(&buffers->device)) {
		kernel->buffer.m.planes = kernel->planes;
		kernel->buffer.length = VIDEO_MAX_PLANES;
	}
	return &kernel->buffer;
}

int v4l2_buffers_queue(struct v4l2_slot *slot)
{
	struct v4l2_kernel_buffer kernel;
	struct v4l2_buffer *buffer = v4l2_buffers_blank(slot->buffers, &kernel, slot->index);
	int r;

	if (buffer->length > 0)
		buffer->length = slot->buffers->layout.n_memories;
	r = v4l2_device_ioctl(&slot->buffers->device, VIDIOC_QBUF, buffer);
	slot->with_kernel = r == 0;
	return r;
}

static void unmap_slot(struct v4l2_slot *slot)
{
	const struct v4l2_sys *sys = slot->buffers->device.sys;

	for (size_t i = 0; i < V4L2_PLANES_MAX; i++) {
		struct v4l2_mapping *memory = &slot->memories[i];

		if (memory->data)
			sys->munmap(sys->context, memory->data, memory->length);
		if (memory->dmabuf >= 0)
			sys->close(sys->context, memory->dmabuf);
		*memory = (struct v4l2_mapping){.dmabuf = -1};
	}
}

static void unreference(struct v4l2_buffers *buffers)
{
	if (atomic_fetch_sub(&buffers->references, 1) > 1)
		return;
	pthread_mutex_destroy(&buffers->lock);
	free(buffers->slots);
	free(buffers);
}

/* The last release of a picture, in whatever thread. */
static void release(void *opaque, uint8_t *data)
{
	struct v4l2_slot *slot = opaque;
	struct v4l2_buffers *buffers = slot->buffers;

	(void)data;
	pthread_mutex_lock(&buffers->lock);
	slot->out = false;
	/* a refusal means that the device is gone, which the capture thread finds out by itself */
	if (buffers->streaming)
		(void)v4l2_buffers_queue(slot);
	else
		unmap_slot(slot);
	pthread_mutex_unlock(&buffers->lock);
	unreference(buffers);
}

AVBufferRef *v4l2_buffers_refer(struct v4l2_slot *slot)
{
	struct v4l2_mapping *memory = &slot->memories[0];
	AVBufferRef *reference = av_buffer_create(memory->data, memory->length, release, slot,
						  AV_BUFFER_FLAG_READONLY);

	if (reference)
		atomic_fetch_add(&slot->buffers->references, 1);
	return reference;
}

static int map_memory(struct v4l2_buffers *buffers, struct v4l2_mapping *memory, uint64_t offset,
		      uint32_t length, uint32_t needed)
{
	const struct v4l2_sys *sys = buffers->device.sys;
	int r;

	if (length == 0 || length < needed)
		return -EOVERFLOW;
	r = sys->mmap(sys->context, buffers->device.fd, offset, length, &memory->data);
	if (r == 0)
		memory->length = length;
	return r;
}

static void export_memory(struct v4l2_buffers *buffers, struct v4l2_slot *slot, uint32_t plane)
{
	struct v4l2_exportbuffer export = {
		.type = buffers->device.type,
		.index = slot->index,
		.plane = plane,
		.flags = O_CLOEXEC | O_RDWR,
	};

	if (v4l2_device_ioctl(&buffers->device, VIDIOC_EXPBUF, &export) == 0)
		slot->memories[plane].dmabuf = export.fd;
}

static int map_slot(struct v4l2_buffers *buffers, struct v4l2_slot *slot)
{
	const struct v4l2_layout *layout = &buffers->layout;
	struct v4l2_kernel_buffer kernel;
	struct v4l2_buffer *buffer = v4l2_buffers_blank(buffers, &kernel, slot->index);
	int r = v4l2_device_ioctl(&buffers->device, VIDIOC_QUERYBUF, buffer);

	if (r < 0)
		return r;
	if (!v4l2_device_is_multiplanar(&buffers->device)) {
		r = map_memory(buffers, &slot->memories[0], buffer->m.offset, buffer->length,
			       layout->needed[0]);
	} else if (buffer->length != layout->n_memories) {
		r = -EOVERFLOW;
	} else {
		for (uint32_t i = 0; i < layout->n_memories && r == 0; i++)
			r = map_memory(buffers, &slot->memories[i], kernel.planes[i].m.mem_offset,
				       kernel.planes[i].length, layout->needed[i]);
	}
	for (uint32_t i = 0; i < layout->n_memories && r == 0; i++)
		export_memory(buffers, slot, i);
	return r;
}

static uint32_t drm_format(enum cam_format format)
{
	switch (format) {
	case CAM_FORMAT_NV12:
		return DRM_FORMAT_NV12;
	case CAM_FORMAT_I420:
		return DRM_FORMAT_YUV420;
	case CAM_FORMAT_YUYV:
		return DRM_FORMAT_YUYV;
	case CAM_FORMAT_MJPEG:
		break;
	}
	return DRM_FORMAT_INVALID;
}

/* Stays empty where a memory was not exported. */
static void describe_slot(const struct v4l2_layout *layout, struct v4l2_slot *slot)
{
	AVDRMFrameDescriptor descriptor = {
		.nb_objects = (int)layout->n_memories,
		.nb_layers = 1,
		.layers[0] =
			{
				.format = drm_format(layout->format),
				.nb_planes = (int)layout->n_planes,
			},
	};

	for (uint32_t i = 0; i < layout->n_memories; i++) {
		if (slot->memories[i].dmabuf < 0)
			return;
		descriptor.objects[i] = (AVDRMObjectDescriptor){
			.fd = slot->memories[i].dmabuf,
			.size = slot->memories[i].length,
			.format_modifier = DRM_FORMAT_MOD_LINEAR,
		};
	}
	for (uint32_t i = 0; i < layout->n_planes; i++) {
		descriptor.layers[0].planes[i] = (AVDRMPlaneDescriptor){
			.object_index = (int)layout->planes[i].memory,
			.offset = layout->planes[i].offset,
			.pitch = layout->planes[i].pitch,
		};
	}
	slot->descriptor = descriptor;
}

static int make_slots(struct v4l2_buffers *buffers)
{
	struct v4l2_requestbuffers request = {
		.count = WANTED,
		.type = buffers->device.type,
		.memory = V4L2_MEMORY_MMAP,
	};
	int r = v4l2_device_ioctl(&buffers->device, VIDIOC_REQBUFS, &request);

	if (r < 0)
		return r;
	if (request.count < FEWEST || request.count > MOST)
		return -EOVERFLOW;
	buffers->slots = calloc(request.count, sizeof(*buffers->slots));
	if (!buffers->slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < request.count; i++) {
		struct v4l2_slot *slot = &buffers->slots[i];

		slot->buffers = buffers;
		slot->index = i;
		for (size_t j = 0; j < V4L2_PLANES_MAX; j++)
			slot->memories[j].dmabuf = -1;
		buffers->n_slots++;
		r = map_slot(buffers, slot);
		if (r < 0)
			return r;
		describe_slot(&buffers->layout, slot);
	}
	return 0;
}

static int start_stream(struct v4l2_buffers *buffers)
{
	int type = (int)buffers->device.type;

	for (uint32_t i = 0; i < buffers->n_slots; i++) {
		int r = v4l2_buffers_queue(&buffers->slots[i]);

		if (r < 0)
			return r;
	}
	return v4l2_device_ioctl(&buffers->device, VIDIOC_STREAMON, &type);
}

enum cam_result v4l2_buffers_start(const struct v4l2_device *device,
				   const struct v4l2_layout *layout,
				   struct v4l2_buffers **ret_buffers)
{
	struct v4l2_buffers *buffers = calloc(1, sizeof(*buffers));
	int r;

	if (!buffers)
		return v4l2_device_result(device, "start", -ENOMEM);
	buffers->device = *device;
	buffers->layout = *layout;
	buffers->references = 1;
	buffers->streaming = true;
	pthread_mutex_init(&buffers->lock, NULL);
	r = make_slots(buffers);
	if (r == 0)
		r = start_stream(buffers);
	if (r < 0) {
		v4l2_buffers_stop(buffers);
		return v4l2_device_result(device, "start the stream", r);
	}
	*ret_buffers = buffers;
	return CAM_OK;
}

void v4l2_buffers_stop(struct v4l2_buffers *buffers)
{
	struct v4l2_requestbuffers none = {.memory = V4L2_MEMORY_MMAP};
	int type;

	if (!buffers)
		return;
	pthread_mutex_lock(&buffers->lock);
	buffers->streaming = false;
	type = (int)buffers->device.type;
	none.type = buffers->device.type;
	(void)v4l2_device_ioctl(&buffers->device, VIDIOC_STREAMOFF, &type);
	for (uint32_t i = 0; i < buffers->n_slots; i++) {
		if (!buffers->slots[i].out)
			unmap_slot(&buffers->slots[i]);
	}
	/*
	 * The mappings that pictures hold keep the kernel's file, and so its claim on the queue,
	 * alive beyond close(); letting go of the buffers ends the claim (the kernel orphans them).
	 */
	(void)v4l2_device_ioctl(&buffers->device, VIDIOC_REQBUFS, &none);
	pthread_mutex_unlock(&buffers->lock);
	unreference(buffers);
}
