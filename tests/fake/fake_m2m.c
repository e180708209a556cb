#include "tests/fake/fake_m2m_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/fake/fake_nodes.h"

enum { DEVICE_FD = 300000, CODED_BYTES = 256 * 1024 };

static struct fake_m2m_queue *queue_of(struct fake_m2m *fake, uint32_t type)
{
	return V4L2_TYPE_IS_OUTPUT(type) ? &fake->in : &fake->out;
}

static bool is_raw(const struct fake_m2m *fake, const struct fake_m2m_queue *queue)
{
	return fake->config.is_decoder ? queue == &fake->out : queue == &fake->in;
}

static void free_buffers(struct fake_m2m_queue *queue)
{
	for (uint32_t i = 0; i < queue->n_buffers; i++) {
		for (uint32_t j = 0; j < queue->n_planes; j++) {
			fake_memory_let_go(queue->buffers[i].planes[j]);
		}
	}
	queue->n_buffers = 0;
}

static int request_buffers(struct fake_m2m *fake, struct v4l2_requestbuffers *request)
{
	struct fake_m2m_queue *queue = queue_of(fake, request->type);

	free_buffers(queue);
	if (request->count == 0)
		return 0;
	queue->memory = request->memory;
	queue->n_buffers = FAKE_M2M_BUFFERS;
	for (uint32_t i = 0; i < queue->n_buffers; i++) {
		queue->buffers[i] = (struct fake_m2m_buffer){0};
		for (uint32_t j = 0; j < queue->n_planes && request->memory == V4L2_MEMORY_MMAP;
		     j++)
			queue->buffers[i].planes[j] =
				fake_memory_make(&fake->memories, queue->sizes[j]);
	}
	request->count = queue->n_buffers;
	return 0;
}

static uint32_t offset_of(const struct fake_m2m *fake, const struct fake_memory *memory)
{
	return (uint32_t)(memory - fake->memories.all + 1) << 12;
}

static int query_buffer(struct fake_m2m *fake, struct v4l2_buffer *buffer)
{
	struct fake_m2m_queue *queue = queue_of(fake, buffer->type);

	assert(buffer->index < queue->n_buffers);
	if (!fake->config.multiplanar) {
		buffer->m.offset = offset_of(fake, queue->buffers[buffer->index].planes[0]);
		buffer->length = queue->sizes[0];
		return 0;
	}
	for (uint32_t i = 0; i < queue->n_planes; i++) {
		buffer->m.planes[i].m.mem_offset =
			offset_of(fake, queue->buffers[buffer->index].planes[i]);
		buffer->m.planes[i].length = queue->sizes[i];
	}
	buffer->length = queue->n_planes;
	return 0;
}

struct fake_m2m_buffer *fake_m2m_next(struct fake_m2m_queue *queue, enum fake_m2m_state state)
{
	struct fake_m2m_buffer *next = NULL;

	for (uint32_t i = 0; i < queue->n_buffers; i++) {
		struct fake_m2m_buffer *buffer = &queue->buffers[i];

		if (buffer->state == state && (!next || buffer->turn < next->turn))
			next = buffer;
	}
	return next;
}

void fake_m2m_make_ready(struct fake_m2m *fake, struct fake_m2m_buffer *buffer)
{
	buffer->state = FAKE_M2M_READY;
	buffer->turn = fake->turn++;
	pthread_cond_broadcast(&fake->changed);
}

static void read_planes(const struct fake_m2m *fake, const struct fake_m2m_queue *queue,
			const struct v4l2_buffer *given, struct fake_m2m_buffer *buffer)
{
	buffer->used[0] = given->bytesused;
	buffer->fds[0] = given->m.fd;
	buffer->lengths[0] = given->length;
	for (uint32_t i = 0; i < queue->n_planes && fake->config.multiplanar; i++) {
		buffer->used[i] = given->m.planes[i].bytesused;
		buffer->fds[i] = given->m.planes[i].m.fd;
		buffer->lengths[i] = given->m.planes[i].length;
	}
}

static int queue_buffer(struct fake_m2m *fake, const struct v4l2_buffer *given)
{
	struct fake_m2m_queue *queue = queue_of(fake, given->type);
	struct fake_m2m_buffer *buffer = &queue->buffers[given->index];

	assert(given->index < queue->n_buffers && given->memory == queue->memory);
	assert(buffer->state == FAKE_M2M_IDLE);
	if (queue->memory == V4L2_MEMORY_DMABUF && fake->fault == FAKE_M2M_NO_IMPORT)
		return -EINVAL;
	read_planes(fake, queue, given, buffer);
	buffer->time = given->timestamp;
	buffer->flags = 0;
	buffer->keyframe = queue == &fake->in && fake->keyframe_wanted;
	if (queue == &fake->in)
		fake->keyframe_wanted = false;
	buffer->state = FAKE_M2M_QUEUED;
	buffer->turn = fake->turn++;
	fake_m2m_work(fake);
	return 0;
}

static int dequeue_buffer(struct fake_m2m *fake, struct v4l2_buffer *taken)
{
	struct fake_m2m_queue *queue = queue_of(fake, taken->type);
	struct fake_m2m_buffer *buffer = fake_m2m_next(queue, FAKE_M2M_READY);
	bool lies = fake->fault == FAKE_M2M_BAD_LENGTH && queue == &fake->out;

	if (!buffer)
		return -EAGAIN;
	buffer->state = FAKE_M2M_IDLE;
	taken->index = (uint32_t)(buffer - queue->buffers);
	if (fake->fault == FAKE_M2M_BAD_INDEX && queue == &fake->out)
		taken->index = 77;
	taken->flags = buffer->flags | V4L2_BUF_FLAG_TIMESTAMP_COPY;
	taken->timestamp = buffer->time;
	taken->bytesused = lies ? UINT32_MAX : buffer->used[0];
	for (uint32_t i = 0; i < queue->n_planes && fake->config.multiplanar; i++) {
		taken->m.planes[i].bytesused = lies ? UINT32_MAX : buffer->used[i];
		taken->m.planes[i].data_offset = 0;
	}
	fake_m2m_work(fake);
	return 0;
}

static int set_streaming(struct fake_m2m *fake, uint32_t type, bool streaming)
{
	struct fake_m2m_queue *queue = queue_of(fake, type);

	if (streaming && fake->fault == FAKE_M2M_NO_STREAMON)
		return -EIO;
	queue->streaming = streaming;
	fake->counts.starts += streaming && queue == &fake->in;
	for (uint32_t i = 0; i < queue->n_buffers && !streaming; i++)
		queue->buffers[i].state = FAKE_M2M_IDLE;
	if (!streaming && !fake->config.is_decoder) {
		avcodec_free_context(&fake->codec);
		av_packet_free(&fake->held);
		fake->draining = false;
	}
	if (streaming && queue == &fake->out)
		fake->out_is_stale = false;
	fake_m2m_work(fake);
	return 0;
}

static bool knows(const struct fake_m2m *fake, uint32_t fourcc)
{
	for (size_t i = 0; i < FAKE_M2M_PIXELS; i++) {
		if (fourcc && fake->config.pixels[i] == fourcc)
			return true;
	}
	return false;
}

static void lay_out(struct fake_m2m *fake, struct fake_m2m_queue *queue, uint32_t wanted_size)
{
	bool limits = fake->config.largest > 0;

	if (limits && queue->width > fake->config.largest)
		queue->width = fake->config.largest;
	if (!is_raw(fake, queue)) {
		queue->fourcc = V4L2_PIX_FMT_H264;
		memset(queue->sizes, 0, sizeof(queue->sizes));
		queue->sizes[0] = wanted_size > CODED_BYTES ? wanted_size : CODED_BYTES;
		queue->pitch = 0;
		queue->n_planes = 1;
		return;
	}
	if (!knows(fake, queue->fourcc))
		queue->fourcc = fake->config.pixels[0];
	queue->width = fake_memory_align(queue->width, fake->config.align);
	queue->pitch = fake_memory_measure(queue->fourcc, queue->width, queue->height,
					   fake->config.align, queue->sizes);
	queue->height = fake_memory_align(queue->height, fake->config.align);
	queue->n_planes = 0;
	for (uint32_t i = 0; i < FAKE_MEMORY_PLANES; i++)
		queue->n_planes += queue->sizes[i] > 0;
}

/* What the device says of a queue, with the lies of its fault. */
static void tell_format(const struct fake_m2m *fake, const struct fake_m2m_queue *queue,
			struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane *multi = &format->fmt.pix_mp;
	uint32_t pitch = fake->fault == FAKE_M2M_BAD_STRIDE ? 2 : queue->pitch;
	uint32_t width = fake->fault == FAKE_M2M_BAD_SIZE ? 0 : queue->width;

	if (!fake->config.multiplanar) {
		format->fmt.pix = (struct v4l2_pix_format){
			.width = width,
			.height = queue->height,
			.pixelformat = queue->fourcc,
			.bytesperline = pitch,
			.sizeimage = fake->fault == FAKE_M2M_BAD_SIZE ? 0 : queue->sizes[0],
		};
		return;
	}
	*multi = (struct v4l2_pix_format_mplane){
		.width = width,
		.height = queue->height,
		.pixelformat = queue->fourcc,
		.num_planes = (uint8_t)queue->n_planes,
	};
	for (uint32_t i = 0; i < queue->n_planes; i++) {
		bool half = queue->fourcc == V4L2_PIX_FMT_YUV420M && i > 0;

		multi->plane_fmt[i].bytesperline = half ? pitch / 2 : pitch;
		multi->plane_fmt[i].sizeimage =
			fake->fault == FAKE_M2M_BAD_SIZE ? 0 : queue->sizes[i];
	}
}

static int set_format(struct fake_m2m *fake, struct v4l2_format *format)
{
	struct fake_m2m_queue *queue = queue_of(fake, format->type);
	const struct v4l2_pix_format_mplane *multi = &format->fmt.pix_mp;
	const struct v4l2_pix_format *single = &format->fmt.pix;
	bool by_multi = fake->config.multiplanar;

	if (queue->n_buffers > 0)
		return -EBUSY;
	queue->fourcc = by_multi ? multi->pixelformat : single->pixelformat;
	queue->width = by_multi ? multi->width : single->width;
	queue->height = by_multi ? multi->height : single->height;
	if (is_raw(fake, queue) && !fake->config.is_decoder) {
		fake->visible_width = queue->width;
		fake->visible_height = queue->height;
	}
	lay_out(fake, queue, by_multi ? multi->plane_fmt[0].sizeimage : single->sizeimage);
	tell_format(fake, queue, format);
	return 0;
}

static int enum_format(const struct fake_m2m *fake, struct v4l2_fmtdesc *description)
{
	bool raw = V4L2_TYPE_IS_OUTPUT(description->type) != fake->config.is_decoder;

	if (!raw) {
		description->pixelformat = V4L2_PIX_FMT_H264;
		return description->index == 0 ? 0 : -EINVAL;
	}
	if (description->index >= FAKE_M2M_PIXELS || !fake->config.pixels[description->index])
		return -EINVAL;
	description->pixelformat = fake->config.pixels[description->index];
	return 0;
}

static int find_control(const struct fake_m2m *fake, uint32_t id)
{
	for (int i = 0; i < FAKE_M2M_CONTROLS; i++) {
		if (id && fake->config.controls[i] == id)
			return i;
	}
	return -1;
}

static bool is_menu(uint32_t id)
{
	return id == V4L2_CID_MPEG_VIDEO_BITRATE_MODE || id == V4L2_CID_MPEG_VIDEO_HEADER_MODE ||
	       id == V4L2_CID_MPEG_VIDEO_H264_PROFILE || id == V4L2_CID_MPEG_VIDEO_H264_LEVEL ||
	       id == V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_TYPE;
}

static int query_control(const struct fake_m2m *fake, struct v4l2_query_ext_ctrl *query)
{
	if (find_control(fake, query->id) < 0)
		return -EINVAL;
	query->type = is_menu(query->id) ? V4L2_CTRL_TYPE_MENU : V4L2_CTRL_TYPE_INTEGER;
	query->minimum = 0;
	query->maximum = is_menu(query->id) ? 20 : 40000000;
	query->step = 1;
	return 0;
}

static int set_control(struct fake_m2m *fake, const struct v4l2_ext_controls *list)
{
	int index = find_control(fake, list->controls[0].id);

	assert(list->count == 1 && index >= 0);
	fake->controls[index] = list->controls[0].value;
	if (list->controls[0].id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME) {
		fake->counts.keyframes_forced++;
		fake->keyframe_wanted = fake->fault != FAKE_M2M_DEAF;
	}
	return 0;
}

static int select_part(struct fake_m2m *fake, struct v4l2_selection *selection, bool set)
{
	if (set) {
		fake->visible_width = selection->r.width;
		fake->visible_height = selection->r.height;
	}
	selection->r =
		(struct v4l2_rect){.width = fake->visible_width, .height = fake->visible_height};
	return 0;
}

static int take_event(struct fake_m2m *fake, struct v4l2_event *event)
{
	if (!fake->source_changed)
		return -ENOENT;
	fake->source_changed = false;
	event->type = V4L2_EVENT_SOURCE_CHANGE;
	event->u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
	return 0;
}

static int query_capability(const struct fake_m2m *fake, struct v4l2_capability *capability)
{
	capability->capabilities = V4L2_CAP_DEVICE_CAPS;
	capability->device_caps =
		V4L2_CAP_STREAMING |
		(fake->config.multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M);
	snprintf((char *)capability->card, sizeof(capability->card), "%s",
		 fake->config.card ? fake->config.card : "Fake Codec");
	return 0;
}

static int answer_codec(struct fake_m2m *fake, unsigned long request, void *argument)
{
	struct v4l2_control *control = argument;

	switch (request) {
	case VIDIOC_QUERY_EXT_CTRL:
		return query_control(fake, argument);
	case VIDIOC_S_EXT_CTRLS:
		return set_control(fake, argument);
	case VIDIOC_G_CTRL:
		if (find_control(fake, control->id) < 0)
			return -EINVAL;
		control->value = 2;
		return 0;
	case VIDIOC_QUERYMENU:
	case VIDIOC_S_PARM:
	case VIDIOC_SUBSCRIBE_EVENT:
		return 0;
	case VIDIOC_S_SELECTION:
	case VIDIOC_G_SELECTION:
		return select_part(fake, argument, request == VIDIOC_S_SELECTION);
	case VIDIOC_ENCODER_CMD:
	case VIDIOC_DECODER_CMD:
		fake->draining = true;
		fake_m2m_work(fake);
		return 0;
	case VIDIOC_DQEVENT:
		return take_event(fake, argument);
	default:
		return -ENOTTY;
	}
}

static int answer(struct fake_m2m *fake, unsigned long request, void *argument)
{
	switch (request) {
	case VIDIOC_QUERYCAP:
		return query_capability(fake, argument);
	case VIDIOC_ENUM_FMT:
		return enum_format(fake, argument);
	case VIDIOC_S_FMT:
		return set_format(fake, argument);
	case VIDIOC_G_FMT:
		tell_format(fake, queue_of(fake, ((struct v4l2_format *)argument)->type), argument);
		return 0;
	case VIDIOC_REQBUFS:
		return request_buffers(fake, argument);
	case VIDIOC_QUERYBUF:
		return query_buffer(fake, argument);
	case VIDIOC_QBUF:
		return queue_buffer(fake, argument);
	case VIDIOC_DQBUF:
		return dequeue_buffer(fake, argument);
	case VIDIOC_STREAMON:
		return set_streaming(fake, *(const uint32_t *)argument, true);
	case VIDIOC_STREAMOFF:
		return set_streaming(fake, *(const uint32_t *)argument, false);
	default:
		return answer_codec(fake, request, argument);
	}
}

static int fake_ioctl(void *context, int fd, unsigned long request, void *argument)
{
	struct fake_m2m *fake = context;
	int r;

	pthread_mutex_lock(&fake->lock);
	assert(fake->is_open && fd == DEVICE_FD);
	r = fake->fault == FAKE_M2M_UNPLUGGED && fake->after == 0 ? -ENODEV
								  : answer(fake, request, argument);
	pthread_mutex_unlock(&fake->lock);
	return r;
}

static int fake_open(void *context, const char *path)
{
	struct fake_m2m *fake = context;
	int r = DEVICE_FD;

	pthread_mutex_lock(&fake->lock);
	if (strcmp(path, "/dev/video0") != 0)
		r = -ENOENT;
	else if (fake->config.open_error)
		r = -fake->config.open_error;
	else if (fake->is_open)
		r = -EBUSY;
	if (r >= 0) {
		fake->is_open = true;
		fake->counts.open++;
	}
	pthread_mutex_unlock(&fake->lock);
	return r;
}

static void fake_close(void *context, int fd)
{
	struct fake_m2m *fake = context;

	pthread_mutex_lock(&fake->lock);
	assert(fake->is_open && fd == DEVICE_FD);
	fake->is_open = false;
	fake->counts.open--;
	free_buffers(&fake->in);
	free_buffers(&fake->out);
	avcodec_free_context(&fake->codec);
	av_frame_free(&fake->decoded);
	av_packet_free(&fake->held);
	fake->in = fake->out = (struct fake_m2m_queue){0};
	pthread_mutex_unlock(&fake->lock);
}

static int fake_mmap(void *context, int fd, uint64_t offset, size_t length, void **ret_memory)
{
	struct fake_m2m *fake = context;
	struct fake_memory *memory = &fake->memories.all[(offset >> 12) - 1];

	pthread_mutex_lock(&fake->lock);
	assert(fd == DEVICE_FD && memory->data && length == memory->size && !memory->mapped);
	memory->mapped = true;
	fake->counts.mapped++;
	*ret_memory = memory->data;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static void fake_munmap(void *context, void *data, size_t length)
{
	struct fake_m2m *fake = context;

	(void)length;
	pthread_mutex_lock(&fake->lock);
	fake_memory_unmap(&fake->memories, data);
	fake->counts.mapped--;
	pthread_mutex_unlock(&fake->lock);
}

static short ready_events(struct fake_m2m *fake, short wanted)
{
	short events = 0;

	if (fake->fault == FAKE_M2M_UNPLUGGED && fake->after == 0)
		return POLLERR;
	if (fake_m2m_next(&fake->out, FAKE_M2M_READY))
		events |= POLLIN;
	if (fake_m2m_next(&fake->in, FAKE_M2M_READY))
		events |= POLLOUT;
	if (fake->source_changed)
		events |= POLLPRI;
	return events & wanted;
}

static int fake_poll(void *context, struct pollfd *fds, size_t count, int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	struct fake_m2m *fake = context;
	bool late = false;

	assert(count == 1 && fds[0].fd == DEVICE_FD);
	pthread_mutex_lock(&fake->lock);
	while (!(fds[0].revents = ready_events(fake, fds[0].events)) && !late)
		late = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	pthread_mutex_unlock(&fake->lock);
	return fds[0].revents != 0;
}

struct fake_m2m *fake_m2m_create(const struct fake_m2m_config *config)
{
	struct fake_m2m *fake = calloc(1, sizeof(*fake));

	assert(fake);
	fake->config = *config;
	fake->folder = fake_nodes_create();
	fake_nodes_add(fake->folder, "video0");
	for (size_t i = 0; i < FAKE_M2M_CONTROLS; i++)
		fake->controls[i] = -1;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	fake->sys = (struct v4l2_sys){
		.open = fake_open,
		.close = fake_close,
		.ioctl = fake_ioctl,
		.mmap = fake_mmap,
		.munmap = fake_munmap,
		.poll = fake_poll,
		.class_dir = fake->folder,
		.device_dir = "/dev",
		.context = fake,
	};
	return fake;
}

void fake_m2m_destroy(struct fake_m2m *fake)
{
	if (!fake)
		return;
	assert(fake->counts.open == 0 && fake->counts.mapped == 0);
	fake_memory_assert_none(&fake->memories);
	fake_nodes_destroy(fake->folder);
	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const struct v4l2_sys *fake_m2m_sys(struct fake_m2m *fake)
{
	return &fake->sys;
}

void fake_m2m_set_fault(struct fake_m2m *fake, enum fake_m2m_fault fault, unsigned int after)
{
	pthread_mutex_lock(&fake->lock);
	fake->fault = fault;
	fake->after = after;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

struct fake_m2m_counts fake_m2m_get_counts(struct fake_m2m *fake)
{
	struct fake_m2m_counts counts;

	pthread_mutex_lock(&fake->lock);
	counts = fake->counts;
	pthread_mutex_unlock(&fake->lock);
	return counts;
}

int64_t fake_m2m_control(struct fake_m2m *fake, uint32_t id)
{
	int64_t value;

	pthread_mutex_lock(&fake->lock);
	assert(find_control(fake, id) >= 0);
	value = fake->controls[find_control(fake, id)];
	pthread_mutex_unlock(&fake->lock);
	return value;
}
