#include "drivers/encode_m2m.h"

#include "base/clock.h"
#include "camera/camera.h"
#include "drivers/encode_m2m_controls.h"
#include "drivers/encode_m2m_private.h"

#include <assert.h>
#include <errno.h>
#include <libavcodec/packet.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For what it is about to give; meanwhile the next picture may wait as well as in the device. */
#define WAIT_US (10 * CLOCK_US_PER_MS)
/* For all that is in it, before another format. */
#define DRAIN_US (100 * CLOCK_US_PER_MS)

static const struct venc_ops ops;

static struct encode_m2m *encoder_from(struct venc_encoder *base)
{
	assert(base->ops == &ops);
	return (struct encode_m2m *)base;
}

/* What a failed call on the running device means. */
static int fail(struct encode_m2m *encoder, int error, const char *call)
{
	if (error == -ENODEV || error == -ENXIO)
		return m2m_fail(&encoder->fault, error, "the device was pulled out");
	if (error == -EOVERFLOW)
		return m2m_fail(&encoder->fault, -EPROTO,
				"the driver gives a buffer it does not have");
	return m2m_fail(&encoder->fault, error, "%s", call);
}

/* Lets go of the pictures that the device has read. */
static int reclaim(struct encode_m2m *encoder)
{
	struct v4l2_load load;
	int r;

	while ((r = v4l2_queue_take(&encoder->raw, &load)) == 0) {
		av_frame_free(&encoder->held[load.index]);
		if (load.flags & V4L2_BUF_FLAG_ERROR)
			return m2m_fail(&encoder->fault, -EIO, "the driver damaged a picture");
	}
	return r == -EAGAIN ? 0 : fail(encoder, r, "take a picture back");
}

static int copy_coded(struct encode_m2m *encoder, const struct v4l2_load *load, AVPacket *packet)
{
	uint32_t offset = load->memories[0].offset, used = load->memories[0].used;
	const uint8_t *data = encoder->coded.slots[load->index].memories[0].data;
	int64_t submitted_us;

	if (load->impossible)
		return m2m_fail(&encoder->fault, -EPROTO,
				"the driver says that %u bytes are in a buffer of %zu", used,
				encoder->coded.slots[load->index].memories[0].length);
	if (load->flags & V4L2_BUF_FLAG_ERROR)
		return m2m_fail(&encoder->fault, -EIO, "the driver damaged a coded picture");
	if (used == offset)
		return -EAGAIN;
	if (av_new_packet(packet, (int)(used - offset)) < 0)
		return -ENOMEM;
	memcpy(packet->data, data + offset, used - offset);
	packet->pts = load->time_us;
	/* a time that no picture had is the codec layer's to judge */
	(void)!venc_flights_land(&encoder->inside, packet->pts, &submitted_us);
	return 0;
}

/* The next coded picture that is ready. 0; -EAGAIN; -EPIPE: the last one was taken; -errno. */
static int take_coded(struct encode_m2m *encoder, AVPacket *packet, bool *ret_last)
{
	struct v4l2_load load;
	int r;

	do {
		r = v4l2_queue_take(&encoder->coded, &load);
		if (r == -EAGAIN || r == -EPIPE)
			return r;
		if (r < 0)
			return fail(encoder, r, "take a coded picture");
		*ret_last = load.flags & V4L2_BUF_FLAG_LAST;
		r = copy_coded(encoder, &load, packet);
		if (r == 0 || r == -EAGAIN) {
			const struct v4l2_load empty = {.index = load.index};
			int put = v4l2_queue_put(&encoder->coded, &empty);

			if (put < 0) {
				av_packet_unref(packet);
				return fail(encoder, put, "give a buffer back");
			}
		}
		/* an empty one is no picture */
	} while (r == -EAGAIN && !*ret_last);
	return r;
}

static void keep_drained(struct encode_m2m *encoder, AVPacket *packet)
{
	AVPacket *kept =
		encoder->n_drained < ENCODE_M2M_DRAINED_MAX ? av_packet_clone(packet) : NULL;

	if (kept)
		encoder->drained[encoder->n_drained++] = kept;
	av_packet_unref(packet);
}

/* False when nothing more is going to come by the deadline. */
static bool wait_for_coded(struct encode_m2m *encoder, int64_t deadline_us)
{
	short events = 0;

	return m2m_device_wait(&encoder->device, POLLIN, deadline_us, &events) == 0 &&
	       !(events & POLLERR);
}

/*
 * Gets out what is inside, as far as the device lets it; whatever fails is left, since the device is
 * stopped next.
 */
static void drain(struct encode_m2m *encoder)
{
	struct v4l2_encoder_cmd stop = {.cmd = V4L2_ENC_CMD_STOP};
	int64_t deadline_us = clock_now_us() + DRAIN_US;
	AVPacket *packet = av_packet_alloc();
	bool last = false;

	if (!packet || encoder->inside.count == 0 ||
	    v4l2_node_ioctl(&encoder->device.node, VIDIOC_ENCODER_CMD, &stop) < 0) {
		av_packet_free(&packet);
		return;
	}
	while (!last && clock_now_us() < deadline_us) {
		int r = take_coded(encoder, packet, &last);

		if (r == 0)
			keep_drained(encoder, packet);
		else if (r != -EAGAIN || (!last && !wait_for_coded(encoder, deadline_us)))
			break;
	}
	av_packet_free(&packet);
}

static int open_device(struct encode_m2m *encoder)
{
	const char *name = encoder->format.tuning.device;
	int r;

	if (encoder->is_open)
		return 0;
	r = m2m_device_open(encoder->sys, name ? name : "auto", M2M_ENCODER, &encoder->device,
			    &encoder->fault);
	if (r < 0)
		return r;
	encoder->is_open = true;
	snprintf(encoder->path.device, sizeof(encoder->path.device), "%s", encoder->device.label);
	return 0;
}

static int ensure(struct venc_encoder *base, const struct venc_format *format, int64_t bitrate_bps)
{
	struct encode_m2m *encoder = encoder_from(base);
	int r;

	base->fault[0] = '\0';
	drain(encoder);
	encode_m2m_stop(encoder);
	encoder->format = *format;
	if (encoder->format.frame_us <= 0)
		encoder->format.frame_us = CLOCK_US_PER_S / 30;
	encoder->bitrate_bps = bitrate_bps;
	encoder->keyframe_wanted = false;
	r = open_device(encoder);
	return r < 0 ? r : encode_m2m_agree(encoder, NULL);
}

/* How the picture gets into a buffer of the device. */
static int load_picture(struct encode_m2m *encoder, const AVFrame *picture, struct v4l2_load *load)
{
	const struct v4l2_layout *layout = &encoder->layout;
	const AVDRMFrameDescriptor *dmabuf = cam_frame_dmabuf(picture);

	load->time_us = picture->pts;
	for (uint32_t i = 0; i < layout->n_memories; i++)
		load->memories[i].used = layout->needed[i];
	if (encoder->raw.memory == V4L2_MEMORY_MMAP)
		return encode_m2m_copy(encoder, picture, load->index);
	encoder->held[load->index] = av_frame_clone(picture);
	if (!encoder->held[load->index])
		return -ENOMEM;
	for (uint32_t i = 0; i < layout->n_memories; i++) {
		load->memories[i].dmabuf = dmabuf->objects[i].fd;
		load->memories[i].length = (uint32_t)dmabuf->objects[i].size;
	}
	return 0;
}

static int put_picture(struct encode_m2m *encoder, const AVFrame *picture)
{
	struct v4l2_load load = {0};
	int r = reclaim(encoder);

	if (r < 0)
		return r;
	if (!v4l2_queue_find_free(&encoder->raw, &load.index) ||
	    encoder->inside.count == VENC_FLIGHTS_MAX)
		return -EAGAIN;
	r = load_picture(encoder, picture, &load);
	if (r == 0)
		r = v4l2_queue_put(&encoder->raw, &load);
	if (r == 0)
		venc_flights_begin(&encoder->inside, picture->pts, clock_now_us());
	else
		av_frame_free(&encoder->held[load.index]);
	return r;
}

/* The device cannot read such memory after all: from now on it gets copies. */
static int go_without_dmabuf(struct encode_m2m *encoder, const AVFrame *picture, int error)
{
	int r;

	encoder->dmabuf_refused = true;
	snprintf(encoder->path.why, sizeof(encoder->path.why),
		 "the device refuses the camera's memory: %s", strerror(-error));
	r = encode_m2m_start(encoder, picture);
	return r < 0 ? r : put_picture(encoder, picture);
}

static int force_now(struct encode_m2m *encoder)
{
	int r;

	if (!encoder->keyframe_wanted)
		return 0;
	encoder->keyframe_wanted = false;
	r = encode_m2m_force_keyframe(&encoder->device);
	/* a stream that begins anew begins with an IDR */
	if (r == -ENOENT) {
		drain(encoder);
		encode_m2m_stop(encoder);
		return 0;
	}
	return r < 0 ? fail(encoder, r, "ask for a key frame") : 0;
}

static int submit(struct venc_encoder *base, const AVFrame *picture)
{
	struct encode_m2m *encoder = encoder_from(base);
	int r;

	base->fault[0] = '\0';
	r = encoder->streaming ? force_now(encoder) : 0;
	/* a stand-in between a camera's pictures lies elsewhere than they do */
	if (r == 0 && (!encoder->streaming || !encode_m2m_suits(encoder, picture))) {
		drain(encoder);
		r = encode_m2m_start(encoder, picture);
	}
	if (r < 0)
		return r;
	r = put_picture(encoder, picture);
	if (r < 0 && r != -EAGAIN && r != -ENODEV && encoder->raw.memory == V4L2_MEMORY_DMABUF)
		r = go_without_dmabuf(encoder, picture, r);
	return r == 0 || r == -EAGAIN || base->fault[0] ? r : fail(encoder, r, "give a picture");
}

static int receive(struct venc_encoder *base, AVPacket *packet)
{
	struct encode_m2m *encoder = encoder_from(base);
	bool last = false;
	short events = 0;
	int r;

	base->fault[0] = '\0';
	if (encoder->n_drained > 0) {
		av_packet_move_ref(packet, encoder->drained[0]);
		av_packet_free(&encoder->drained[0]);
		encoder->n_drained--;
		memmove(encoder->drained, encoder->drained + 1,
			encoder->n_drained * sizeof(encoder->drained[0]));
		return 0;
	}
	if (!encoder->streaming)
		return -EAGAIN;
	r = take_coded(encoder, packet, &last);
	if (r != -EAGAIN || encoder->inside.count == 0)
		return r;
	r = m2m_device_wait(&encoder->device, POLLIN, clock_now_us() + WAIT_US, &events);
	if (r < 0)
		return fail(encoder, r, "wait for a coded picture");
	r = reclaim(encoder);
	return r < 0 ? r : take_coded(encoder, packet, &last);
}

static int force_keyframe(struct venc_encoder *base)
{
	encoder_from(base)->keyframe_wanted = true;
	return 0;
}

static int set_bitrate(struct venc_encoder *base, int64_t bitrate_bps)
{
	struct encode_m2m *encoder = encoder_from(base);
	int r = encode_m2m_set_bitrate(&encoder->device, &encoder->format, bitrate_bps);

	base->fault[0] = '\0';
	if (r == -EBUSY)
		return -ENOTSUP;
	if (r < 0)
		return fail(encoder, r, "set the bit rate");
	encoder->bitrate_bps = bitrate_bps;
	return 0;
}

static void describe(struct venc_encoder *base, struct venc_path *ret_path)
{
	*ret_path = encoder_from(base)->path;
}

static void destroy(struct venc_encoder *base)
{
	struct encode_m2m *encoder = encoder_from(base);

	encode_m2m_stop(encoder);
	if (encoder->is_open)
		m2m_device_close(&encoder->device);
	for (size_t i = 0; i < encoder->n_drained; i++)
		av_packet_free(&encoder->drained[i]);
	sws_freeContext(encoder->converter);
	free(encoder);
}

/* The device is opened by ensure(), which says why where it cannot. */
static int create(const void *context, struct venc_encoder **ret_encoder)
{
	struct encode_m2m *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return -ENOMEM;
	encoder->base.ops = &ops;
	encoder->sys = context;
	encoder->fault = (struct m2m_fault){
		.text = encoder->base.fault,
		.size = sizeof(encoder->base.fault),
	};
	*ret_encoder = &encoder->base;
	return 0;
}

static const struct venc_ops ops = {
	.create = create,
	.ensure = ensure,
	.submit = submit,
	.receive = receive,
	.force_keyframe = force_keyframe,
	.set_bitrate = set_bitrate,
	.describe = describe,
	.destroy = destroy,
};

struct venc_kind encode_m2m_kind(const struct v4l2_sys *sys)
{
	return (struct venc_kind){
		.name = "encode_m2m",
		.ops = &ops,
		.context = sys ? sys : v4l2_sys_kernel(),
	};
}
