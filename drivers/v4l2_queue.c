#include "drivers/v4l2_queue.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* What the kernel is told and tells of one, by both APIs. */
struct kernel_buffer {
	struct v4l2_buffer buffer;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

static int call(const struct v4l2_queue *queue, unsigned long request, void *argument)
{
	return v4l2_node_ioctl(&queue->node, request, argument);
}

/* Prepares *kernel for a call about a buffer of this queue. */
static struct v4l2_buffer *blank(const struct v4l2_queue *queue, struct kernel_buffer *kernel,
				 uint32_t index)
{
	*kernel = (struct kernel_buffer){
		.buffer = {.index = index, .type = queue->type, .memory = queue->memory},
	};
	if (v4l2_type_is_multiplanar(queue->type)) {
		kernel->buffer.m.planes = kernel->planes;
		kernel->buffer.length = VIDEO_MAX_PLANES;
	}
	return &kernel->buffer;
}

static int map_memory(struct v4l2_queue *queue, struct v4l2_mapping *memory, uint64_t offset,
		      uint32_t length, uint32_t needed)
{
	const struct v4l2_sys *sys = queue->node.sys;
	int r;

	if (length == 0 || length < needed)
		return -EOVERFLOW;
	r = sys->mmap(sys->context, queue->node.fd, offset, length, &memory->data);
	if (r == 0)
		memory->length = length;
	return r;
}

static int map_slot(struct v4l2_queue *queue, uint32_t index, const uint32_t *needed)
{
	struct v4l2_slot *slot = &queue->slots[index];
	struct kernel_buffer kernel;
	struct v4l2_buffer *buffer = blank(queue, &kernel, index);
	int r = call(queue, VIDIOC_QUERYBUF, buffer);

	if (r < 0)
		return r;
	if (!v4l2_type_is_multiplanar(queue->type))
		return map_memory(queue, &slot->memories[0], buffer->m.offset, buffer->length,
				  needed[0]);
	if (buffer->length != queue->n_memories)
		return -EOVERFLOW;
	for (uint32_t i = 0; i < queue->n_memories && r == 0; i++)
		r = map_memory(queue, &slot->memories[i], kernel.planes[i].m.mem_offset,
			       kernel.planes[i].length, needed[i]);
	return r;
}

static int make_slots(struct v4l2_queue *queue, const struct v4l2_queue_config *config)
{
	struct v4l2_requestbuffers request = {
		.count = config->wanted,
		.type = config->type,
		.memory = config->memory,
	};
	int r = call(queue, VIDIOC_REQBUFS, &request);

	if (r < 0)
		return r;
	if (request.count < config->fewest || request.count > V4L2_QUEUE_MAX)
		return -EOVERFLOW;
	queue->slots = calloc(request.count, sizeof(*queue->slots));
	if (!queue->slots)
		return -ENOMEM;
	queue->n_slots = request.count;
	for (uint32_t i = 0; i < request.count && r == 0; i++) {
		if (config->memory == V4L2_MEMORY_MMAP)
			r = map_slot(queue, i, config->needed);
	}
	return r;
}

int v4l2_queue_open(struct v4l2_queue *queue, const struct v4l2_queue_config *config)
{
	int r;

	*queue = (struct v4l2_queue){
		.node = config->node,
		.type = config->type,
		.memory = config->memory,
		.n_memories = config->n_memories,
	};
	r = make_slots(queue, config);
	if (r < 0)
		v4l2_queue_close(queue);
	return r;
}

void v4l2_queue_unmap(struct v4l2_queue *queue, uint32_t index)
{
	const struct v4l2_sys *sys = queue->node.sys;

	for (size_t i = 0; i < V4L2_PLANES_MAX; i++) {
		struct v4l2_mapping *memory = &queue->slots[index].memories[i];

		if (memory->data)
			sys->munmap(sys->context, memory->data, memory->length);
		*memory = (struct v4l2_mapping){0};
	}
}

void v4l2_queue_close(struct v4l2_queue *queue)
{
	struct v4l2_requestbuffers none = {.type = queue->type, .memory = queue->memory};

	if (!queue->node.sys)
		return;
	(void)v4l2_queue_stop(queue);
	for (uint32_t i = 0; i < queue->n_slots; i++)
		v4l2_queue_unmap(queue, i);
	(void)call(queue, VIDIOC_REQBUFS, &none);
	free(queue->slots);
	*queue = (struct v4l2_queue){0};
}

int v4l2_queue_start(struct v4l2_queue *queue)
{
	int type = (int)queue->type;

	return call(queue, VIDIOC_STREAMON, &type);
}

int v4l2_queue_stop(struct v4l2_queue *queue)
{
	int type = (int)queue->type;

	for (uint32_t i = 0; i < queue->n_slots; i++)
		queue->slots[i].with_kernel = false;
	return call(queue, VIDIOC_STREAMOFF, &type);
}

bool v4l2_queue_find_free(const struct v4l2_queue *queue, uint32_t *ret_index)
{
	for (uint32_t i = 0; i < queue->n_slots; i++) {
		if (queue->slots[i].with_kernel)
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

uint32_t v4l2_queue_count_free(const struct v4l2_queue *queue)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < queue->n_slots; i++)
		count += !queue->slots[i].with_kernel;
	return count;
}

static void load_planes(const struct v4l2_queue *queue, const struct v4l2_load *load,
			struct kernel_buffer *kernel)
{
	kernel->buffer.length = queue->n_memories;
	for (uint32_t i = 0; i < queue->n_memories; i++) {
		kernel->planes[i].bytesused = load->memories[i].used;
		kernel->planes[i].data_offset = load->memories[i].offset;
		if (queue->memory != V4L2_MEMORY_DMABUF)
			continue;
		kernel->planes[i].m.fd = load->memories[i].dmabuf;
		kernel->planes[i].length = load->memories[i].length;
	}
}

int v4l2_queue_put(struct v4l2_queue *queue, const struct v4l2_load *load)
{
	struct kernel_buffer kernel;
	struct v4l2_buffer *buffer = blank(queue, &kernel, load->index);
	int r;

	buffer->flags = load->flags;
	buffer->timestamp.tv_sec = load->time_us / CLOCK_US_PER_S;
	buffer->timestamp.tv_usec = load->time_us % CLOCK_US_PER_S;
	buffer->field = V4L2_FIELD_NONE;
	if (v4l2_type_is_multiplanar(queue->type)) {
		load_planes(queue, load, &kernel);
	} else {
		buffer->bytesused = load->memories[0].used;
		if (queue->memory == V4L2_MEMORY_DMABUF) {
			buffer->m.fd = load->memories[0].dmabuf;
			buffer->length = load->memories[0].length;
		}
	}
	r = call(queue, VIDIOC_QBUF, buffer);
	if (r == 0)
		queue->slots[load->index].with_kernel = true;
	return r;
}

static void unload(const struct v4l2_queue *queue, const struct kernel_buffer *kernel,
		   struct v4l2_load *load)
{
	const struct v4l2_slot *slot = &queue->slots[load->index];
	bool multi = v4l2_type_is_multiplanar(queue->type);

	for (uint32_t i = 0; i < queue->n_memories; i++) {
		uint32_t used = multi ? kernel->planes[i].bytesused : kernel->buffer.bytesused;
		uint32_t offset = multi ? kernel->planes[i].data_offset : 0;

		load->memories[i].used = used;
		load->memories[i].offset = offset;
		load->impossible |= queue->memory == V4L2_MEMORY_MMAP &&
				    (used > slot->memories[i].length || offset > used);
	}
}

int v4l2_queue_take(struct v4l2_queue *queue, struct v4l2_load *ret_load)
{
	struct kernel_buffer kernel;
	struct v4l2_buffer *buffer = blank(queue, &kernel, 0);
	struct v4l2_load load = {0};
	int r = call(queue, VIDIOC_DQBUF, buffer);

	if (r < 0)
		return r;
	if (buffer->index >= queue->n_slots || !queue->slots[buffer->index].with_kernel)
		return -EOVERFLOW;
	queue->slots[buffer->index].with_kernel = false;
	load.index = buffer->index;
	load.flags = buffer->flags;
	load.sequence = buffer->sequence;
	load.time_us =
		(int64_t)buffer->timestamp.tv_sec * CLOCK_US_PER_S + buffer->timestamp.tv_usec;
	unload(queue, &kernel, &load);
	*ret_load = load;
	return 0;
}
