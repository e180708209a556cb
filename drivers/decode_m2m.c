#include "drivers/decode_m2m.h"

#include "base/clock.h"
#include "camera/encode_flights.h"
#include "drivers/m2m_device.h"
#include "drivers/v4l2_pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CODED_BUFFERS = 4,
	CODED_BYTES = 2 * 1024 * 1024, /* an IDR of the largest picture at a rate of meetings */
	SHOWN = 4,                     /* pictures that are shown, or wait to be */
	PICTURES_MAX = 24,
	FEWEST = 1,
};

/* For the picture of what was just sent: half the time to the next one, at 30 a second. */
#define WAIT_US (15 * CLOCK_US_PER_MS)

/*
 *     send ──copy──► coded ──► device ──► pictures ──► receive
 *                                └─► event: another size, so `pictures` is made anew
 */
struct vdec_codec {
	struct m2m_device device;
	struct v4l2_queue coded;
	struct v4l2_pictures *pictures; /* NULL until the device knows the stream's size */
	bool size_changed;              /* what still comes is of the old one */
	bool started;                   /* something was sent since open or flush */
	int64_t from_pts;               /* what is older was sent before a flush */
	struct venc_flights inside;
};

/* What screen/decode.h has for a call that failed. */
static int failed(int error)
{
	return error == -ENOMEM ? -ENOMEM : -EIO;
}

static void m2m_close(struct vdec_codec *codec)
{
	if (!codec)
		return;
	v4l2_pictures_stop(codec->pictures);
	v4l2_queue_close(&codec->coded);
	m2m_device_close(&codec->device);
	free(codec);
}

static int open_coded(struct vdec_codec *codec, const struct m2m_fault *fault)
{
	const struct v4l2_wish wish = {
		.fourcc = V4L2_PIX_FMT_H264,
		.width = VDEC_WIDTH_MAX,
		.height = VDEC_HEIGHT_MAX,
		.n_memories = 1,
		.size = CODED_BYTES,
	};
	struct v4l2_event_subscription news = {.type = V4L2_EVENT_SOURCE_CHANGE};
	struct v4l2_queue_config config = {
		.node = codec->device.node,
		.type = codec->device.output,
		.memory = V4L2_MEMORY_MMAP,
		.n_memories = 1,
		.wanted = CODED_BUFFERS,
		.fewest = FEWEST,
	};
	struct v4l2_agreed agreed;
	int r = v4l2_layout_set(&codec->device.node, codec->device.output, &wish, &agreed);

	if (r < 0)
		return m2m_fail(fault, r, "%s: the format of what it decodes", codec->device.label);
	if (agreed.fourcc != V4L2_PIX_FMT_H264 || agreed.n_memories != 1 || agreed.size[0] == 0)
		return m2m_fail(fault, -EPROTO, "%s answers with an impossible coded format",
				codec->device.label);
	config.needed[0] = agreed.size[0];
	r = v4l2_node_ioctl(&codec->device.node, VIDIOC_SUBSCRIBE_EVENT, &news);
	if (r == 0)
		r = v4l2_queue_open(&codec->coded, &config);
	if (r == 0)
		r = v4l2_queue_start(&codec->coded);
	return r < 0 ? m2m_fail(fault, r, "%s: start the stream", codec->device.label) : 0;
}

static int m2m_open(const void *context, struct vdec_codec **ret_codec,
		    char ret_fault[VDEC_FAULT_BYTES])
{
	const struct m2m_fault fault = {.text = ret_fault, .size = VDEC_FAULT_BYTES};
	struct vdec_codec *codec = calloc(1, sizeof(*codec));
	int r;

	if (!codec)
		return -ENOMEM;
	r = m2m_device_open(context, "auto", M2M_DECODER, &codec->device, &fault);
	if (r < 0) {
		free(codec);
		return -ENODEV;
	}
	codec->from_pts = INT64_MIN;
	r = open_coded(codec, &fault);
	if (r < 0) {
		m2m_close(codec);
		return r == -ENOMEM ? -ENOMEM : -ENODEV;
	}
	*ret_codec = codec;
	return 0;
}

/* Takes back what the device has read. */
static int reclaim(struct vdec_codec *codec)
{
	struct v4l2_load load;
	int r;

	do {
		r = v4l2_queue_take(&codec->coded, &load);
	} while (r == 0);
	return r == -EAGAIN ? 0 : r;
}

static int m2m_send(struct vdec_codec *codec, const AVPacket *packet)
{
	struct v4l2_load load = {.time_us = packet->pts};
	const struct v4l2_mapping *memory;
	int r = reclaim(codec);

	if (r < 0)
		return failed(r);
	if (!v4l2_queue_find_free(&codec->coded, &load.index) ||
	    codec->inside.count == VENC_FLIGHTS_MAX)
		return -EAGAIN;
	memory = &codec->coded.slots[load.index].memories[0];
	if ((size_t)packet->size > memory->length)
		return -EBADMSG;
	memcpy(memory->data, packet->data, (size_t)packet->size);
	load.memories[0].used = (uint32_t)packet->size;
	r = v4l2_queue_put(&codec->coded, &load);
	if (r < 0)
		return failed(r);
	if (!codec->started)
		codec->from_pts = packet->pts;
	codec->started = true;
	venc_flights_begin(&codec->inside, packet->pts, clock_now_us());
	return 0;
}

/* The device's own format where it is one of ours, or the first of ours that it has. */
static int agree(struct vdec_codec *codec, const struct v4l2_pixels **ret_pixels,
		 struct v4l2_agreed *ret_agreed)
{
	const struct m2m_device *device = &codec->device;
	struct v4l2_agreed agreed;
	struct v4l2_wish wish;
	int r = v4l2_layout_get(&device->node, device->capture, &agreed);

	if (r < 0)
		return r;
	*ret_pixels = v4l2_pixels_find(agreed.fourcc);
	if (!*ret_pixels && device->n_pixels == 0)
		return -ENOTSUP;
	if (!*ret_pixels) {
		*ret_pixels = device->pixels[0];
		wish = (struct v4l2_wish){
			.fourcc = device->pixels[0]->fourcc,
			.width = agreed.width,
			.height = agreed.height,
			.n_memories = device->pixels[0]->n_memories,
		};
		r = v4l2_layout_set(&device->node, device->capture, &wish, &agreed);
	}
	if (r == 0)
		*ret_agreed = agreed;
	return r;
}

/* Leaves the padding that the device has beside the picture out of the layout. */
static int crop(const struct vdec_codec *codec, struct v4l2_layout *layout)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, /* of both APIs */
		.target = V4L2_SEL_TGT_COMPOSE,
	};
	const struct v4l2_rect *seen = &selection.r;

	if (v4l2_node_ioctl(&codec->device.node, VIDIOC_G_SELECTION, &selection) < 0)
		return 0;
	if (seen->left != 0 || seen->top != 0 || seen->width < 2 || seen->height < 2 ||
	    seen->width > (uint32_t)layout->width || seen->height > (uint32_t)layout->height)
		return -EOVERFLOW;
	layout->width = (int)(seen->width & ~1U);
	layout->height = (int)(seen->height & ~1U);
	return 0;
}

/* For a stream whose size the device knows now. */
static int restart_pictures(struct vdec_codec *codec)
{
	const struct v4l2_pixels *pixels;
	struct v4l2_agreed agreed;
	struct v4l2_layout layout;
	int64_t wanted;
	int r;

	v4l2_pictures_stop(codec->pictures);
	codec->pictures = NULL;
	codec->size_changed = false;
	r = agree(codec, &pixels, &agreed);
	if (r < 0)
		return r;
	if (!v4l2_layout_make(pixels, &agreed, &layout))
		return -EOVERFLOW;
	r = crop(codec, &layout);
	if (r < 0)
		return r;
	if (layout.width > VDEC_WIDTH_MAX || layout.height > VDEC_HEIGHT_MAX)
		return -EOVERFLOW;
	wanted = SHOWN + m2m_device_get(&codec->device, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, SHOWN);
	if (wanted > PICTURES_MAX)
		wanted = PICTURES_MAX;
	return v4l2_pictures_start(&codec->device.node, codec->device.capture, &layout,
				   (uint32_t)wanted, &codec->pictures);
}

static void take_events(struct vdec_codec *codec)
{
	struct v4l2_event event = {0};

	do {
		if (v4l2_node_ioctl(&codec->device.node, VIDIOC_DQEVENT, &event) < 0)
			return;
		codec->size_changed |= event.type == V4L2_EVENT_SOURCE_CHANGE &&
				       event.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION;
	} while (event.pending > 0);
}

static int make_frame(struct vdec_codec *codec, const struct v4l2_load *load, AVFrame *picture)
{
	int64_t submitted_us;
	AVFrame *frame;

	if (venc_flights_land(&codec->inside, load->time_us, &submitted_us) < 0) {
		v4l2_pictures_give_back(codec->pictures, load->index);
		return load->time_us < codec->from_pts ? -EAGAIN : -EIO;
	}
	if (!v4l2_pictures_is_whole(codec->pictures, load)) {
		v4l2_pictures_give_back(codec->pictures, load->index);
		return -EBADMSG;
	}
	frame = v4l2_pictures_make_frame(codec->pictures, load, load->time_us);
	if (!frame) {
		v4l2_pictures_give_back(codec->pictures, load->index);
		return -ENOMEM;
	}
	av_frame_move_ref(picture, frame);
	av_frame_free(&frame);
	return 0;
}

/* What is ready now. -EAGAIN: nothing; -EPIPE: the last of the old size was taken. */
static int take_ready(struct vdec_codec *codec, AVFrame *picture)
{
	struct v4l2_load load;
	int r;

	if (!codec->pictures)
		return codec->size_changed ? -EPIPE : -EAGAIN;
	r = v4l2_pictures_take(codec->pictures, &load);
	if (r < 0)
		return r == -EAGAIN || r == -EPIPE ? r : failed(r);
	/* an empty one only says that it is the last */
	if (load.memories[0].used == 0 && !(load.flags & V4L2_BUF_FLAG_ERROR)) {
		v4l2_pictures_give_back(codec->pictures, load.index);
		return load.flags & V4L2_BUF_FLAG_LAST && codec->size_changed ? -EPIPE : -EAGAIN;
	}
	return make_frame(codec, &load, picture);
}

static int m2m_receive(struct vdec_codec *codec, AVFrame *picture)
{
	int64_t deadline_us = clock_now_us() + WAIT_US;
	short events = 0;
	int r;

	for (;;) {
		take_events(codec);
		r = take_ready(codec, picture);
		if (r == -EPIPE) {
			r = restart_pictures(codec);
			if (r < 0)
				return failed(r);
			continue;
		}
		if (r != -EAGAIN || codec->inside.count == 0 || clock_now_us() >= deadline_us)
			return r;
		r = m2m_device_wait(&codec->device, POLLIN | POLLPRI, deadline_us, &events);
		if (r == 0)
			r = reclaim(codec);
		if (r < 0)
			return failed(r);
		/* it has nothing to work on */
		if (events & POLLERR)
			return -EAGAIN;
	}
}

static void m2m_flush(struct vdec_codec *codec)
{
	if (!codec->started)
		return;
	/* a refusal shows at the next call */
	(void)v4l2_queue_stop(&codec->coded);
	(void)v4l2_queue_start(&codec->coded);
	codec->inside = (struct venc_flights){0};
	codec->started = false;
}

static const struct vdec_ops ops = {
	.open = m2m_open,
	.send = m2m_send,
	.receive = m2m_receive,
	.flush = m2m_flush,
	.close = m2m_close,
};

struct vdec_kind decode_m2m_kind(const struct v4l2_sys *sys)
{
	return (struct vdec_kind){
		.name = "decode_m2m",
		.ops = &ops,
		.context = sys ? sys : v4l2_sys_kernel(),
	};
}
