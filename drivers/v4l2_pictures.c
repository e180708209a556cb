#include "drivers/v4l2_pictures.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <libavutil/buffer.h>
#include <libavutil/hwcontext_drm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { FEWEST = 2 };

/* A buffer as a picture: what the queue's slot of the same index does not know. */
struct picture {
	struct v4l2_pictures *pictures;
	uint32_t index;
	int dmabufs[V4L2_PLANES_MAX]; /* -1 where the driver exports none */
	AVDRMFrameDescriptor descriptor;
	bool out; /* a frame refers to it; under the lock */
};

/* Lives until it was stopped and the last picture was released. */
struct v4l2_pictures {
	struct v4l2_layout layout;
	_Atomic int references;
	struct picture *all; /* one a slot of the queue */

	pthread_mutex_t lock; /* of the queue, which releases come to from any thread */
	struct v4l2_queue queue;
	bool streaming; /* what comes back is to be queued again */
};

static int put(struct v4l2_pictures *pictures, uint32_t index)
{
	const struct v4l2_load load = {.index = index};

	return v4l2_queue_put(&pictures->queue, &load);
}

static void close_dmabufs(struct v4l2_pictures *pictures, struct picture *picture)
{
	const struct v4l2_sys *sys = pictures->queue.node.sys;

	for (size_t i = 0; i < V4L2_PLANES_MAX; i++) {
		if (picture->dmabufs[i] >= 0)
			sys->close(sys->context, picture->dmabufs[i]);
		picture->dmabufs[i] = -1;
	}
}

static void let_go(struct v4l2_pictures *pictures, struct picture *picture)
{
	v4l2_queue_unmap(&pictures->queue, picture->index);
	close_dmabufs(pictures, picture);
}

static void unreference(struct v4l2_pictures *pictures)
{
	if (atomic_fetch_sub(&pictures->references, 1) > 1)
		return;
	pthread_mutex_destroy(&pictures->lock);
	free(pictures->queue.slots);
	free(pictures->all);
	free(pictures);
}

/* The last release of a picture, in whatever thread. */
static void release(void *opaque, uint8_t *data)
{
	struct picture *picture = opaque;
	struct v4l2_pictures *pictures = picture->pictures;

	(void)data;
	pthread_mutex_lock(&pictures->lock);
	picture->out = false;
	/* a refusal means that the device is gone, which its owner finds out by itself */
	if (pictures->streaming)
		(void)put(pictures, picture->index);
	else
		let_go(pictures, picture);
	pthread_mutex_unlock(&pictures->lock);
	unreference(pictures);
}

static void export_memories(struct v4l2_pictures *pictures, struct picture *picture)
{
	struct v4l2_queue *queue = &pictures->queue;

	for (uint32_t i = 0; i < queue->n_memories; i++) {
		struct v4l2_exportbuffer export = {
			.type = queue->type,
			.index = picture->index,
			.plane = i,
			.flags = O_CLOEXEC | O_RDWR,
		};

		if (v4l2_node_ioctl(&queue->node, VIDIOC_EXPBUF, &export) == 0)
			picture->dmabufs[i] = export.fd;
	}
}

static uint32_t drm_format(enum AVPixelFormat pixels)
{
	switch (pixels) {
	case AV_PIX_FMT_NV12:
		return DRM_FORMAT_NV12;
	case AV_PIX_FMT_YUV420P:
		return DRM_FORMAT_YUV420;
	case AV_PIX_FMT_YUYV422:
		return DRM_FORMAT_YUYV;
	default:
		return DRM_FORMAT_INVALID;
	}
}

/* Stays empty where a memory was not exported. */
static void describe(const struct v4l2_pictures *pictures, struct picture *picture)
{
	const struct v4l2_layout *layout = &pictures->layout;
	const struct v4l2_slot *slot = &pictures->queue.slots[picture->index];
	AVDRMFrameDescriptor descriptor = {
		.nb_objects = (int)layout->n_memories,
		.nb_layers = 1,
		.layers[0] = {.format = drm_format(layout->pixels),
			      .nb_planes = (int)layout->n_planes},
	};

	for (uint32_t i = 0; i < layout->n_memories; i++) {
		if (picture->dmabufs[i] < 0)
			return;
		descriptor.objects[i] = (AVDRMObjectDescriptor){
			.fd = picture->dmabufs[i],
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
	picture->descriptor = descriptor;
}

static int make_pictures(struct v4l2_pictures *pictures)
{
	uint32_t count = pictures->queue.n_slots;

	pictures->all = calloc(count, sizeof(*pictures->all));
	if (!pictures->all)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct picture *picture = &pictures->all[i];

		*picture = (struct picture){
			.pictures = pictures,
			.index = i,
			.dmabufs = {-1, -1, -1},
		};
		export_memories(pictures, picture);
		describe(pictures, picture);
	}
	return 0;
}

static int start_stream(struct v4l2_pictures *pictures)
{
	int r = 0;

	for (uint32_t i = 0; i < pictures->queue.n_slots && r == 0; i++)
		r = put(pictures, i);
	return r < 0 ? r : v4l2_queue_start(&pictures->queue);
}

int v4l2_pictures_start(const struct v4l2_node *node, uint32_t type,
			const struct v4l2_layout *layout, uint32_t wanted,
			struct v4l2_pictures **ret_pictures)
{
	struct v4l2_pictures *pictures = calloc(1, sizeof(*pictures));
	struct v4l2_queue_config config = {
		.node = *node,
		.type = type,
		.memory = V4L2_MEMORY_MMAP,
		.n_memories = layout->n_memories,
		.wanted = wanted,
		.fewest = FEWEST,
	};
	int r;

	if (!pictures)
		return -ENOMEM;
	for (uint32_t i = 0; i < V4L2_PLANES_MAX; i++)
		config.needed[i] = layout->needed[i];
	pictures->layout = *layout;
	pictures->references = 1;
	pictures->streaming = true;
	pthread_mutex_init(&pictures->lock, NULL);
	r = v4l2_queue_open(&pictures->queue, &config);
	if (r == 0)
		r = make_pictures(pictures);
	if (r == 0)
		r = start_stream(pictures);
	if (r < 0) {
		v4l2_pictures_stop(pictures);
		return r;
	}
	*ret_pictures = pictures;
	return 0;
}

void v4l2_pictures_stop(struct v4l2_pictures *pictures)
{
	struct v4l2_requestbuffers none = {.memory = V4L2_MEMORY_MMAP};

	if (!pictures)
		return;
	pthread_mutex_lock(&pictures->lock);
	pictures->streaming = false;
	if (pictures->all) {
		none.type = pictures->queue.type;
		(void)v4l2_queue_stop(&pictures->queue);
		for (uint32_t i = 0; i < pictures->queue.n_slots; i++) {
			if (!pictures->all[i].out)
				let_go(pictures, &pictures->all[i]);
		}
		/*
		 * The mappings that pictures hold keep the kernel's file, and so its claim on the
		 * queue, alive beyond close(); letting go of the buffers ends the claim (the kernel
		 * orphans them).
		 */
		(void)v4l2_node_ioctl(&pictures->queue.node, VIDIOC_REQBUFS, &none);
	} else {
		v4l2_queue_close(&pictures->queue);
	}
	pthread_mutex_unlock(&pictures->lock);
	unreference(pictures);
}

const struct v4l2_layout *v4l2_pictures_layout(const struct v4l2_pictures *pictures)
{
	return &pictures->layout;
}

int v4l2_pictures_take(struct v4l2_pictures *pictures, struct v4l2_load *ret_load)
{
	int r;

	pthread_mutex_lock(&pictures->lock);
	r = v4l2_queue_take(&pictures->queue, ret_load);
	pthread_mutex_unlock(&pictures->lock);
	return r;
}

bool v4l2_pictures_is_whole(const struct v4l2_pictures *pictures, const struct v4l2_load *load)
{
	const struct v4l2_layout *layout = &pictures->layout;

	if (load->flags & V4L2_BUF_FLAG_ERROR || load->impossible)
		return false;
	for (uint32_t i = 0; i < layout->n_memories; i++) {
		if (load->memories[i].used == 0 || load->memories[i].used < layout->needed[i])
			return false;
		/* a header before the picture would shift its planes; no format of ours has one */
		if (load->memories[i].offset)
			return false;
	}
	return true;
}

void v4l2_pictures_give_back(struct v4l2_pictures *pictures, uint32_t index)
{
	pthread_mutex_lock(&pictures->lock);
	(void)put(pictures, index);
	pthread_mutex_unlock(&pictures->lock);
}

/* The descriptor lies in the picture, which lives as long as its frame does. */
static void leave_descriptor(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

/* A reference to the buffer's memory, which is then out. */
static AVBufferRef *refer(struct v4l2_pictures *pictures, struct picture *picture)
{
	const struct v4l2_mapping *memory = &pictures->queue.slots[picture->index].memories[0];
	AVBufferRef *reference = av_buffer_create(memory->data, memory->length, release, picture,
						  AV_BUFFER_FLAG_READONLY);

	if (!reference)
		return NULL;
	atomic_fetch_add(&pictures->references, 1);
	pthread_mutex_lock(&pictures->lock);
	picture->out = true;
	pthread_mutex_unlock(&pictures->lock);
	return reference;
}

AVFrame *v4l2_pictures_make_frame(struct v4l2_pictures *pictures, const struct v4l2_load *load,
				  int64_t pts)
{
	const struct v4l2_slot *slot = &pictures->queue.slots[load->index];
	struct picture *picture = &pictures->all[load->index];
	const struct v4l2_layout *layout = &pictures->layout;
	AVFrame *frame = av_frame_alloc();

	if (!frame)
		return NULL;
	frame->format = layout->pixels;
	frame->width = layout->width;
	frame->height = layout->height;
	frame->colorspace = layout->space;
	frame->color_range = layout->range;
	frame->pts = pts;
	for (uint32_t i = 0; i < layout->n_planes; i++) {
		const struct v4l2_layout_plane *plane = &layout->planes[i];

		frame->data[i] = (uint8_t *)slot->memories[plane->memory].data + plane->offset;
		frame->linesize[i] = (int)plane->pitch;
	}
	if (picture->descriptor.nb_objects > 0)
		frame->opaque_ref = av_buffer_create((uint8_t *)&picture->descriptor,
						     sizeof(picture->descriptor), leave_descriptor,
						     NULL, AV_BUFFER_FLAG_READONLY);
	frame->buf[0] = refer(pictures, picture);
	if (!frame->buf[0])
		av_frame_free(&frame);
	return frame;
}

const void *v4l2_pictures_data(const struct v4l2_pictures *pictures, uint32_t index)
{
	return pictures->queue.slots[index].memories[0].data;
}
