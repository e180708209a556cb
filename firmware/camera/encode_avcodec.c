#include "camera/encode_avcodec.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* What the rate control may spend at once, in pictures: this bounds an IDR on its way. */
	BUFFERED_PICTURES = 3,
	DEFAULT_FRAME_US = 33333,
	LARGEST_ERRNO = 4095,
};

/* What sets one encoder of libavcodec apart from another. */
struct description {
	const char *codec;
	bool sets_bitrate;
	int profile;
	const char *options; /* key=value:key=value */
	const char *memory;  /* as struct venc_path has it */
};

struct encoder {
	struct venc_encoder base;
	const struct description *description;
	AVCodecContext *context;
	AVFrame *picture; /* a reference that carries orders for this encoder alone */
	int64_t frame_us;
	bool keyframe_wanted;
	uint64_t copied_bytes;
};

static const struct venc_ops ops;

static struct encoder *encoder_from(struct venc_encoder *base)
{
	assert(base->ops == &ops);
	return (struct encoder *)base;
}

/* AVERROR() of an errno is its negative; libavcodec's own codes lie far below. */
static int errno_from(struct encoder *encoder, int error)
{
	if (error < 0 && error != AVERROR(EAGAIN))
		av_strerror(error, encoder->base.fault, sizeof(encoder->base.fault));
	return error < -LARGEST_ERRNO ? -EIO : error;
}

static void apply_bitrate(struct encoder *encoder, int64_t bitrate_bps)
{
	AVCodecContext *context = encoder->context;

	context->bit_rate = bitrate_bps;
	context->rc_max_rate = bitrate_bps;
	context->rc_buffer_size =
		(int)(bitrate_bps * encoder->frame_us * BUFFERED_PICTURES / CLOCK_US_PER_S);
}

static void apply_format(struct encoder *encoder, const struct venc_format *format)
{
	AVCodecContext *context = encoder->context;

	encoder->frame_us = format->frame_us > 0 ? format->frame_us : DEFAULT_FRAME_US;
	context->width = format->width;
	context->height = format->height;
	context->pix_fmt = format->pixels;
	context->colorspace = format->space;
	context->color_range = AVCOL_RANGE_MPEG;
	context->time_base = (AVRational){1, (int)CLOCK_US_PER_S};
	context->framerate = (AVRational){(int)CLOCK_US_PER_S, (int)encoder->frame_us};
	context->gop_size = (int)(format->keyframe_every_us / encoder->frame_us);
	context->max_b_frames = 0;
	context->thread_count = format->threads;
	context->thread_type = FF_THREAD_SLICE;
	context->profile = encoder->description->profile;
	if (format->tuning.high_profile && context->profile != AV_PROFILE_UNKNOWN)
		context->profile = AV_PROFILE_H264_HIGH;
	if (format->tuning.qp_min > 0)
		context->qmin = format->tuning.qp_min;
	if (format->tuning.qp_max > 0)
		context->qmax = format->tuning.qp_max;
	/* what goes wrong is told by the codec layer; libx264 warns of each picture at low rates */
	context->log_level_offset = AV_LOG_DEBUG - AV_LOG_WARNING;
}

static int ensure(struct venc_encoder *base, const struct venc_format *format, int64_t bitrate_bps)
{
	struct encoder *encoder = encoder_from(base);
	const struct description *description = encoder->description;
	const AVCodec *codec = avcodec_find_encoder_by_name(description->codec);
	AVDictionary *options = NULL;
	int r;

	if (!codec)
		return -ENOSYS;
	avcodec_free_context(&encoder->context);
	encoder->context = avcodec_alloc_context3(codec);
	if (!encoder->context)
		return -ENOMEM;
	apply_format(encoder, format);
	apply_bitrate(encoder, bitrate_bps);
	r = av_dict_parse_string(&options, description->options, "=", ":", 0);
	if (r >= 0 && description->profile == AV_PROFILE_UNKNOWN)
		r = av_dict_set(&options, "profile",
				format->tuning.high_profile ? "high" : "baseline", 0);
	if (r >= 0)
		r = avcodec_open2(encoder->context, codec, &options);
	av_dict_free(&options);
	return r < 0 ? errno_from(encoder, r) : 0;
}

static int submit(struct venc_encoder *base, const AVFrame *picture)
{
	struct encoder *encoder = encoder_from(base);
	int r = av_frame_ref(encoder->picture, picture);

	if (r < 0)
		return errno_from(encoder, r);
	/* a decoded picture still says what it was in its own stream, which would be an order */
	encoder->picture->pict_type =
		encoder->keyframe_wanted ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	r = avcodec_send_frame(encoder->context, encoder->picture);
	av_frame_unref(encoder->picture);
	if (r < 0)
		return errno_from(encoder, r);
	encoder->keyframe_wanted = false;
	encoder->copied_bytes += (uint64_t)av_image_get_buffer_size(picture->format, picture->width,
								    picture->height, 1);
	return 0;
}

static int receive(struct venc_encoder *base, AVPacket *packet)
{
	struct encoder *encoder = encoder_from(base);
	int r = avcodec_receive_packet(encoder->context, packet);

	if (r < 0)
		return errno_from(encoder, r);
	/* the wrapper of V4L2 gives out what the driver marks as damaged */
	if (packet->flags & AV_PKT_FLAG_CORRUPT) {
		snprintf(base->fault, sizeof(base->fault), "the driver damaged a coded picture");
		av_packet_unref(packet);
		return -EIO;
	}
	return 0;
}

static int force_keyframe(struct venc_encoder *base)
{
	encoder_from(base)->keyframe_wanted = true;
	return 0;
}

/* libx264.c of libavcodec compares these fields with what runs at every picture. */
static int set_bitrate(struct venc_encoder *base, int64_t bitrate_bps)
{
	struct encoder *encoder = encoder_from(base);

	if (!encoder->description->sets_bitrate)
		return -ENOTSUP;
	apply_bitrate(encoder, bitrate_bps);
	return 0;
}

/* Both copy every picture into memory of their own. */
static void describe(struct venc_encoder *base, struct venc_path *ret_path)
{
	const struct encoder *encoder = encoder_from(base);

	*ret_path = (struct venc_path){
		.memory = encoder->description->memory,
		.copies = 1,
		.copied_bytes = encoder->copied_bytes,
	};
	snprintf(ret_path->device, sizeof(ret_path->device), "libavcodec's %s",
		 encoder->description->codec);
}

static void destroy(struct venc_encoder *base)
{
	struct encoder *encoder = encoder_from(base);

	avcodec_free_context(&encoder->context);
	av_frame_free(&encoder->picture);
	free(encoder);
}

static int create(const void *context, struct venc_encoder **ret_encoder)
{
	struct encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return -ENOMEM;
	encoder->base.ops = &ops;
	encoder->description = context;
	encoder->picture = av_frame_alloc();
	if (!encoder->picture) {
		free(encoder);
		return -ENOMEM;
	}
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

/*
 * superfast is the fastest preset with the deblocking filter; sc_threshold=0 leaves key frames to
 * the requests.
 */
static const struct description libx264 = {
	.codec = "libx264",
	.sets_bitrate = true,
	.profile = AV_PROFILE_UNKNOWN, /* told by an option of its own */
	.options = "preset=superfast:tune=zerolatency:forced-idr=1:"
		   "sc_threshold=0:a53cc=0",
	.memory = "memory",
};

static const struct description h264_v4l2m2m = {
	.codec = "h264_v4l2m2m",
	.sets_bitrate = false,
	.profile = AV_PROFILE_H264_CONSTRAINED_BASELINE,
	.options = "",
	.memory = "mmap",
};

static const struct venc_kind kinds[] = {
	{.name = "libx264", .ops = &ops, .context = &libx264},
	{.name = "h264_v4l2m2m", .ops = &ops, .context = &h264_v4l2m2m},
};

const struct venc_kind *venc_avcodec_kinds(size_t *ret_count)
{
	*ret_count = sizeof(kinds) / sizeof(kinds[0]);
	return kinds;
}
