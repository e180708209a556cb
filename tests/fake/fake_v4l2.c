#include "tests/fake/fake_v4l2.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/fake/fake_memory.h"
#include "tests/fake/fake_nodes.h"

enum { DEVICE_FD = 100000, DMABUF_FD = 200000, BUFFERS = 4, STEP = 8 };

struct buffer {
	struct fake_memory *planes[FAKE_MEMORY_PLANES];
	bool queued;
	bool ready;
	struct fake_v4l2_shot shot;
};

struct fake_v4l2 {
	struct v4l2_sys sys;
	char *folder;
	char path[96];
	int changed; /* eventfd, readable for ever once something has changed */

	pthread_mutex_t lock;
	struct fake_v4l2_node nodes[FAKE_V4L2_NODES];
	size_t n_nodes;
	struct fake_v4l2_node *open; /* one at a time */
	bool unplugged;
	bool source_changed;
	uint32_t sizes[FAKE_MEMORY_PLANES]; /* of the memories of the format that is set */
	uint32_t n_planes;
	struct buffer buffers[BUFFERS];
	uint32_t n_buffers;
	uint32_t order[BUFFERS]; /* queued, the first first */
	size_t n_queued;
	struct fake_memories memories;
	struct fake_v4l2_counts counts;
};

static uint32_t or_lie(uint32_t truth, uint32_t lie)
{
	return lie ? lie : truth;
}

static bool is_multiplanar(const struct fake_v4l2 *fake)
{
	return fake->open->caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
}

static void touch(struct fake_v4l2 *fake)
{
	const uint64_t one = 1;

	if (write(fake->changed, &one, sizeof(one)) < 0)
		abort();
}

static const struct fake_v4l2_format *find_format(const struct fake_v4l2 *fake, uint32_t fourcc)
{
	for (size_t i = 0; i < FAKE_V4L2_FORMATS; i++) {
		if (fourcc && fake->open->formats[i].fourcc == fourcc)
			return &fake->open->formats[i];
	}
	return NULL;
}

static int enum_format(struct fake_v4l2 *fake, struct v4l2_fmtdesc *description)
{
	if (description->index >= FAKE_V4L2_FORMATS ||
	    !fake->open->formats[description->index].fourcc)
		return -EINVAL;
	description->pixelformat = fake->open->formats[description->index].fourcc;
	return 0;
}

static int enum_size(struct fake_v4l2 *fake, struct v4l2_frmsizeenum *size)
{
	const struct fake_v4l2_format *format = find_format(fake, size->pixel_format);
	const struct fake_v4l2_size *sizes;

	if (!format || size->index >= FAKE_V4L2_SIZES || !format->sizes[size->index].width)
		return -EINVAL;
	sizes = format->sizes;
	size->type = format->size_type;
	if (size->type == V4L2_FRMSIZE_TYPE_DISCRETE) {
		size->discrete.width = sizes[size->index].width;
		size->discrete.height = sizes[size->index].height;
		return 0;
	}
	if (size->index > 0)
		return -EINVAL;
	size->stepwise = (struct v4l2_frmsize_stepwise){
		.min_width = sizes[0].width,
		.max_width = sizes[1].width,
		.step_width = size->type == V4L2_FRMSIZE_TYPE_STEPWISE ? STEP : 1,
		.min_height = sizes[0].height,
		.max_height = sizes[1].height,
		.step_height = size->type == V4L2_FRMSIZE_TYPE_STEPWISE ? STEP : 1,
	};
	return 0;
}

static const struct fake_v4l2_size *find_size(const struct fake_v4l2_format *format, uint32_t width,
					      uint32_t height)
{
	for (size_t i = 0; format && i < FAKE_V4L2_SIZES; i++) {
		const struct fake_v4l2_size *size = &format->sizes[i];

		if (format->size_type != V4L2_FRMSIZE_TYPE_DISCRETE ||
		    (size->width == width && size->height == height))
			return size;
	}
	return NULL;
}

static int enum_interval(struct fake_v4l2 *fake, struct v4l2_frmivalenum *interval)
{
	const struct fake_v4l2_size *size = find_size(find_format(fake, interval->pixel_format),
						      interval->width, interval->height);

	if (!size || interval->index >= FAKE_V4L2_SIZES || !size->fps[interval->index])
		return -EINVAL;
	interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	interval->discrete = (struct v4l2_fract){1, size->fps[interval->index]};
	return 0;
}

static void set_mplane(const struct fake_v4l2 *fake, uint32_t pitch,
		       struct v4l2_pix_format_mplane *pix)
{
	const struct fake_v4l2_lies *lies = &fake->open->lies;

	pix->width = or_lie(pix->width, lies->width);
	pix->height = or_lie(pix->height, lies->height);
	pix->field = or_lie(pix->field, lies->field);
	pix->num_planes = (uint8_t)or_lie(fake->n_planes, lies->n_planes);
	for (uint32_t i = 0; i < FAKE_MEMORY_PLANES; i++) {
		bool half = pix->pixelformat == V4L2_PIX_FMT_YUV420M && i > 0;

		pix->plane_fmt[i].bytesperline = or_lie(half ? pitch / 2 : pitch, lies->pitch[i]);
		pix->plane_fmt[i].sizeimage = or_lie(fake->sizes[i], lies->size[i]);
	}
	pix->pixelformat = or_lie(pix->pixelformat, lies->fourcc);
}

static int set_format(struct fake_v4l2 *fake, struct v4l2_format *format)
{
	const struct fake_v4l2_lies *lies = &fake->open->lies;
	bool multi = is_multiplanar(fake);
	struct v4l2_pix_format *pix = &format->fmt.pix;
	uint32_t fourcc = multi ? format->fmt.pix_mp.pixelformat : pix->pixelformat;
	uint32_t width = multi ? format->fmt.pix_mp.width : pix->width;
	uint32_t height = multi ? format->fmt.pix_mp.height : pix->height;
	uint32_t pitch = fake_memory_measure(fourcc, width, height, 0, fake->sizes);

	fake->n_planes = 0;
	for (uint32_t i = 0; i < FAKE_MEMORY_PLANES; i++)
		fake->n_planes += fake->sizes[i] > 0;
	fake->counts.fourcc = fourcc;
	fake->counts.width = width;
	fake->counts.height = height;
	if (multi) {
		set_mplane(fake, pitch, &format->fmt.pix_mp);
		return 0;
	}
	pix->width = or_lie(pix->width, lies->width);
	pix->height = or_lie(pix->height, lies->height);
	pix->field = or_lie(pix->field, lies->field);
	pix->pixelformat = or_lie(fourcc, lies->fourcc);
	pix->bytesperline = or_lie(pitch, lies->pitch[0]);
	pix->sizeimage = or_lie(fake->sizes[0], lies->size[0]);
	return 0;
}

static int set_rate(struct fake_v4l2 *fake, struct v4l2_streamparm *parameters)
{
	const struct v4l2_fract *interval = &parameters->parm.capture.timeperframe;

	assert(interval->numerator == 1);
	fake->counts.fps = interval->denominator;
	return 0;
}

static void free_buffers(struct fake_v4l2 *fake)
{
	for (uint32_t i = 0; i < fake->n_buffers; i++) {
		for (uint32_t j = 0; j < fake->n_planes; j++)
			fake_memory_let_go(fake->buffers[i].planes[j]);
	}
	fake->n_buffers = 0;
	fake->n_queued = 0;
}

static int request_buffers(struct fake_v4l2 *fake, struct v4l2_requestbuffers *request)
{
	free_buffers(fake);
	if (request->count == 0)
		return 0;
	assert(request->memory == V4L2_MEMORY_MMAP);
	fake->n_buffers = BUFFERS;
	for (uint32_t i = 0; i < BUFFERS; i++) {
		fake->buffers[i] = (struct buffer){0};
		for (uint32_t j = 0; j < fake->n_planes; j++)
			fake->buffers[i].planes[j] =
				fake_memory_make(&fake->memories, fake->sizes[j]);
	}
	request->count = or_lie(BUFFERS, fake->open->lies.n_buffers);
	return 0;
}

/* Offsets of memories: buffer and plane. */
static uint32_t offset_of(uint32_t index, uint32_t plane)
{
	return (index * FAKE_MEMORY_PLANES + plane + 1) << 20;
}

static int query_buffer(struct fake_v4l2 *fake, struct v4l2_buffer *buffer)
{
	uint32_t lie = fake->open->lies.length;

	if (buffer->index >= fake->n_buffers)
		return -EINVAL;
	if (!is_multiplanar(fake)) {
		buffer->m.offset = offset_of(buffer->index, 0);
		buffer->length = or_lie(fake->sizes[0], lie);
		return 0;
	}
	for (uint32_t i = 0; i < fake->n_planes; i++) {
		buffer->m.planes[i].m.mem_offset = offset_of(buffer->index, i);
		buffer->m.planes[i].length = or_lie(fake->sizes[i], lie);
	}
	buffer->length = fake->n_planes;
	return 0;
}

static int queue_buffer(struct fake_v4l2 *fake, const struct v4l2_buffer *given)
{
	struct buffer *buffer = &fake->buffers[given->index];

	if (given->index >= fake->n_buffers || buffer->queued || buffer->ready)
		return -EINVAL;
	buffer->queued = true;
	fake->order[fake->n_queued++] = given->index;
	return 0;
}

static struct buffer *find_ready(struct fake_v4l2 *fake, uint32_t *ret_index)
{
	struct buffer *oldest = NULL;

	for (uint32_t i = 0; i < fake->n_buffers; i++) {
		struct buffer *buffer = &fake->buffers[i];

		if (!buffer->ready || (oldest && oldest->shot.sequence < buffer->shot.sequence))
			continue;
		oldest = buffer;
		*ret_index = i;
	}
	return oldest;
}

static int dequeue_buffer(struct fake_v4l2 *fake, struct v4l2_buffer *taken)
{
	uint32_t index;
	struct buffer *buffer = find_ready(fake, &index);
	const struct fake_v4l2_shot *shot;

	if (!buffer)
		return -EAGAIN;
	shot = &buffer->shot;
	buffer->ready = false;
	taken->index = fake->open->lies.index ? fake->open->lies.index - 1 : index;
	taken->sequence = shot->sequence;
	taken->flags = shot->flags;
	if (!shot->other_clock)
		taken->flags |= V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	taken->timestamp.tv_sec = shot->time_us / CLOCK_US_PER_S;
	taken->timestamp.tv_usec = shot->time_us % CLOCK_US_PER_S;
	if (!is_multiplanar(fake)) {
		taken->bytesused = or_lie(fake->sizes[0], shot->used[0]);
		return 0;
	}
	for (uint32_t i = 0; i < fake->n_planes; i++) {
		taken->m.planes[i].bytesused = or_lie(fake->sizes[i], shot->used[i]);
		taken->m.planes[i].data_offset = shot->data_offset;
	}
	return 0;
}

static int export_buffer(struct fake_v4l2 *fake, struct v4l2_exportbuffer *export)
{
	if (!fake->open->exports)
		return -ENOTTY;
	assert(export->index < fake->n_buffers && export->plane < fake->n_planes);
	export->fd = DMABUF_FD + (int)(export->index * FAKE_MEMORY_PLANES + export->plane);
	fake->counts.exported++;
	return 0;
}

static int set_streaming(struct fake_v4l2 *fake, bool streaming)
{
	fake->counts.streaming = streaming;
	for (uint32_t i = 0; i < fake->n_buffers && !streaming; i++)
		fake->buffers[i].queued = fake->buffers[i].ready = false;
	if (!streaming)
		fake->n_queued = 0;
	return 0;
}

static struct v4l2_query_ext_ctrl *find_control(struct fake_v4l2 *fake, uint32_t id, bool next)
{
	for (size_t i = 0; i < FAKE_V4L2_CONTROLS; i++) {
		struct v4l2_query_ext_ctrl *control = &fake->open->controls[i];

		if (control->id && (next ? control->id > id : control->id == id))
			return control;
	}
	return NULL;
}

static int query_control(struct fake_v4l2 *fake, struct v4l2_query_ext_ctrl *query)
{
	const struct v4l2_query_ext_ctrl *control;

	assert(query->id & V4L2_CTRL_FLAG_NEXT_CTRL);
	control = find_control(fake, query->id & ~V4L2_CTRL_FLAG_NEXT_CTRL, true);
	if (!control)
		return -EINVAL;
	*query = *control;
	return 0;
}

static int exchange_control(struct fake_v4l2 *fake, struct v4l2_ext_controls *list, bool set)
{
	struct v4l2_ext_control *control = list->controls;
	const struct v4l2_query_ext_ctrl *query = find_control(fake, control->id, false);
	int64_t *value;

	if (!query)
		return -EINVAL;
	assert(list->count == 1 && list->which == V4L2_CTRL_WHICH_CUR_VAL);
	value = &fake->open->values[query - fake->open->controls];
	if (query->type == V4L2_CTRL_TYPE_INTEGER64 && set)
		*value = control->value64;
	else if (set)
		*value = control->value;
	else if (query->type == V4L2_CTRL_TYPE_INTEGER64)
		control->value64 = *value;
	else
		control->value = (int32_t)*value;
	return 0;
}

static int query_capability(const struct fake_v4l2 *fake, struct v4l2_capability *capability)
{
	capability->capabilities = V4L2_CAP_DEVICE_CAPS;
	capability->device_caps = fake->open->caps;
	snprintf((char *)capability->card, sizeof(capability->card), "%s", fake->open->card);
	return 0;
}

static int take_event(struct fake_v4l2 *fake, struct v4l2_event *event)
{
	if (!fake->source_changed)
		return -ENOENT;
	fake->source_changed = false;
	event->type = V4L2_EVENT_SOURCE_CHANGE;
	event->u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
	return 0;
}

static int answer_input(struct fake_v4l2 *fake, unsigned long request, void *argument)
{
	switch (request) {
	case VIDIOC_G_INPUT:
		*(int *)argument = 0;
		return 0;
	case VIDIOC_ENUMINPUT:
		*(struct v4l2_input *)argument = fake->open->input;
		return 0;
	case VIDIOC_SUBSCRIBE_EVENT:
		return 0;
	case VIDIOC_DQEVENT:
		return take_event(fake, argument);
	case VIDIOC_QUERY_DV_TIMINGS:
		return -fake->open->timings_error;
	case VIDIOC_S_DV_TIMINGS:
		fake->counts.timings_set = true;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int answer(struct fake_v4l2 *fake, unsigned long request, void *argument)
{
	switch (request) {
	case VIDIOC_QUERYCAP:
		return query_capability(fake, argument);
	case VIDIOC_ENUM_FMT:
		return enum_format(fake, argument);
	case VIDIOC_ENUM_FRAMESIZES:
		return enum_size(fake, argument);
	case VIDIOC_ENUM_FRAMEINTERVALS:
		return enum_interval(fake, argument);
	case VIDIOC_S_FMT:
		return set_format(fake, argument);
	case VIDIOC_S_PARM:
		return set_rate(fake, argument);
	case VIDIOC_REQBUFS:
		return request_buffers(fake, argument);
	case VIDIOC_QUERYBUF:
		return query_buffer(fake, argument);
	case VIDIOC_EXPBUF:
		return export_buffer(fake, argument);
	case VIDIOC_QBUF:
		return queue_buffer(fake, argument);
	case VIDIOC_DQBUF:
		return dequeue_buffer(fake, argument);
	case VIDIOC_STREAMON:
		return set_streaming(fake, true);
	case VIDIOC_STREAMOFF:
		return set_streaming(fake, false);
	case VIDIOC_QUERY_EXT_CTRL:
		return query_control(fake, argument);
	case VIDIOC_G_EXT_CTRLS:
		return exchange_control(fake, argument, false);
	case VIDIOC_S_EXT_CTRLS:
		return exchange_control(fake, argument, true);
	default:
		return answer_input(fake, request, argument);
	}
}

static int fake_ioctl(void *context, int fd, unsigned long request, void *argument)
{
	struct fake_v4l2 *fake = context;
	int r;

	pthread_mutex_lock(&fake->lock);
	assert(fake->open && fd == DEVICE_FD + (int)(fake->open - fake->nodes));
	if (fake->unplugged)
		r = -ENODEV;
	else if (fake->open->lies.error && fake->open->lies.error_request == request)
		r = -fake->open->lies.error;
	else
		r = answer(fake, request, argument);
	pthread_mutex_unlock(&fake->lock);
	return r;
}

static int fake_open(void *context, const char *path)
{
	struct fake_v4l2 *fake = context;
	int r = -ENOENT;

	pthread_mutex_lock(&fake->lock);
	assert(!fake->open);
	for (size_t i = 0; i < fake->n_nodes && r == -ENOENT; i++) {
		if (strcmp(strrchr(path, '/') + 1, fake->nodes[i].name) != 0)
			continue;
		r = fake->nodes[i].open_error ? -fake->nodes[i].open_error : DEVICE_FD + (int)i;
		if (r < 0)
			break;
		fake->open = &fake->nodes[i];
		fake->counts.open++;
		fake->unplugged = false;
	}
	pthread_mutex_unlock(&fake->lock);
	return r;
}

static void fake_close(void *context, int fd)
{
	struct fake_v4l2 *fake = context;

	pthread_mutex_lock(&fake->lock);
	if (fd >= DMABUF_FD) {
		assert(fake->counts.exported > 0);
		fake->counts.exported--;
	} else {
		assert(fake->open && fd == DEVICE_FD + (int)(fake->open - fake->nodes));
		free_buffers(fake);
		fake->open = NULL;
		fake->counts.open--;
	}
	pthread_mutex_unlock(&fake->lock);
}

static int fake_mmap(void *context, int fd, uint64_t offset, size_t length, void **ret_memory)
{
	struct fake_v4l2 *fake = context;
	uint32_t place = (uint32_t)(offset >> 20) - 1;
	struct fake_memory *memory;

	pthread_mutex_lock(&fake->lock);
	assert(fake->open && fd >= DEVICE_FD && place / FAKE_MEMORY_PLANES < fake->n_buffers);
	memory = fake->buffers[place / FAKE_MEMORY_PLANES].planes[place % FAKE_MEMORY_PLANES];
	assert(length <= memory->size || fake->open->lies.length);
	memory->mapped = true;
	fake->counts.mapped++;
	*ret_memory = memory->data;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static void fake_munmap(void *context, void *data, size_t length)
{
	struct fake_v4l2 *fake = context;

	(void)length;
	pthread_mutex_lock(&fake->lock);
	fake_memory_unmap(&fake->memories, data);
	fake->counts.mapped--;
	pthread_mutex_unlock(&fake->lock);
}

static short ready_events(struct fake_v4l2 *fake)
{
	uint32_t index;
	short events = 0;

	pthread_mutex_lock(&fake->lock);
	if (fake->unplugged)
		events |= POLLERR;
	if (fake->source_changed)
		events |= POLLPRI;
	if (find_ready(fake, &index))
		events |= POLLIN;
	pthread_mutex_unlock(&fake->lock);
	return events;
}

/* The first descriptor is the device, the second a real one. */
static int fake_poll(void *context, struct pollfd *fds, size_t count, int64_t deadline_us)
{
	struct fake_v4l2 *fake = context;

	assert(count == 2 && fds[0].fd >= DEVICE_FD && fds[0].fd < DMABUF_FD);
	for (;;) {
		struct pollfd real[] = {{.fd = fake->changed, .events = POLLIN}, fds[1]};
		const struct timespec none = {0};
		const struct timespec left = clock_timespec(deadline_us - clock_now_us());
		uint64_t drained;
		int r;

		fds[0].revents = ready_events(fake);
		r = ppoll(real, 2, fds[0].revents ? &none : &left, NULL);
		fds[1].revents = r > 0 ? real[1].revents : 0;
		if (fds[0].revents || fds[1].revents || r == 0)
			return (fds[0].revents != 0) + (fds[1].revents != 0);
		if (real[0].revents && read(fake->changed, &drained, sizeof(drained)) < 0)
			abort();
	}
}

struct fake_v4l2 *fake_v4l2_create(void)
{
	struct fake_v4l2 *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return NULL;
	fake->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fake->changed < 0) {
		free(fake);
		return NULL;
	}
	fake->folder = fake_nodes_create();
	pthread_mutex_init(&fake->lock, NULL);
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

void fake_v4l2_destroy(struct fake_v4l2 *fake)
{
	if (!fake)
		return;
	assert(fake->counts.open == 0 && fake->counts.mapped == 0 && fake->counts.exported == 0);
	fake_memory_assert_none(&fake->memories);
	fake_nodes_destroy(fake->folder);
	close(fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

struct fake_v4l2_node *fake_v4l2_add(struct fake_v4l2 *fake, const char *name)
{
	struct fake_v4l2_node *node = &fake->nodes[fake->n_nodes++];

	assert(fake->n_nodes <= FAKE_V4L2_NODES);
	node->name = name;
	fake_nodes_add(fake->folder, name);
	return node;
}

const struct v4l2_sys *fake_v4l2_sys(struct fake_v4l2 *fake)
{
	return &fake->sys;
}

const char *fake_v4l2_path(struct fake_v4l2 *fake, const char *name)
{
	snprintf(fake->path, sizeof(fake->path), "/dev/%s", name);
	return fake->path;
}

bool fake_v4l2_shoot(struct fake_v4l2 *fake, const struct fake_v4l2_shot *shot)
{
	struct buffer *buffer;
	bool shot_it = false;

	pthread_mutex_lock(&fake->lock);
	if (fake->n_queued > 0) {
		buffer = &fake->buffers[fake->order[0]];
		fake->n_queued--;
		memmove(fake->order, fake->order + 1, fake->n_queued * sizeof(fake->order[0]));
		for (uint32_t i = 0; i < fake->n_planes; i++)
			memset(buffer->planes[i]->data, shot->fill, buffer->planes[i]->size);
		buffer->shot = *shot;
		buffer->queued = false;
		buffer->ready = true;
		shot_it = true;
	}
	touch(fake);
	pthread_mutex_unlock(&fake->lock);
	return shot_it;
}

void fake_v4l2_unplug(struct fake_v4l2 *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->unplugged = true;
	touch(fake);
	pthread_mutex_unlock(&fake->lock);
}

void fake_v4l2_change_source(struct fake_v4l2 *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->source_changed = true;
	touch(fake);
	pthread_mutex_unlock(&fake->lock);
}

struct fake_v4l2_counts fake_v4l2_get_counts(struct fake_v4l2 *fake)
{
	struct fake_v4l2_counts counts;

	pthread_mutex_lock(&fake->lock);
	counts = fake->counts;
	counts.queued = (unsigned int)fake->n_queued;
	pthread_mutex_unlock(&fake->lock);
	return counts;
}
