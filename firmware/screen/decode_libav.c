#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

#include "screen/decode.h"

/*
 * Made at once for a size: the one that is predicted from, the one being decoded, and those on their
 * way to the screen and on it. Made one by one, whenever a busy machine lets one more wait, they
 * would make a room's memory grow for hours.
 */
enum { READY = 5 };

struct vdec_codec {
	AVCodecContext *context;
	int width; /* that pictures are ready for */
	int height;
};

/* What libavcodec says, as the header of decode.h has it. */
static int translate(int ret)
{
	if (ret >= 0)
		return 0;
	if (ret == AVERROR(EAGAIN))
		return -EAGAIN;
	if (ret == AVERROR(ENOMEM))
		return -ENOMEM;
	/* The software decoder says these of the data, never of itself. */
	if (ret == AVERROR_INVALIDDATA || ret == AVERROR_PATCHWELCOME || ret == AVERROR(EINVAL) ||
	    ret == AVERROR(ERANGE))
		return -EBADMSG;
	return -EIO;
}

static void libav_close(struct vdec_codec *codec)
{
	if (!codec)
		return;
	avcodec_free_context(&codec->context);
	free(codec);
}

static AVFrame *make_like(AVCodecContext *context, const AVFrame *picture, int flags)
{
	AVFrame *made = av_frame_alloc();

	if (!made)
		return NULL;
	made->format = picture->format;
	made->width = picture->width;
	made->height = picture->height;
	if (avcodec_default_get_buffer2(context, made, flags) < 0)
		av_frame_free(&made);
	return made;
}

/* Those that cannot be made now are made when they are needed. */
static int get_buffer(AVCodecContext *context, AVFrame *picture, int flags)
{
	struct vdec_codec *codec = context->opaque;
	int ret = avcodec_default_get_buffer2(context, picture, flags);
	AVFrame *ready[READY - 1];

	if (ret < 0 || (codec->width == picture->width && codec->height == picture->height))
		return ret;
	codec->width = picture->width;
	codec->height = picture->height;
	for (int i = 0; i < READY - 1; i++)
		ready[i] = make_like(context, picture, flags);
	for (int i = 0; i < READY - 1; i++)
		av_frame_free(&ready[i]);
	return ret;
}

static void configure(AVCodecContext *context)
{
	context->get_buffer2 = get_buffer;
	context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	context->thread_count = 1;
	context->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
	context->max_pixels = (int64_t)VDEC_WIDTH_MAX * VDEC_HEIGHT_MAX;
	/* Finds macroblocks that no slice brought. A decoder without it just lacks the option. */
	av_opt_set_int(context->priv_data, "enable_er", 1, 0);
}

/* The context is libavcodec's name; the caller's words for the errors are enough. */
static int libav_open(const void *context, struct vdec_codec **ret_codec,
		      char ret_fault[VDEC_FAULT_BYTES])
{
	const AVCodec *decoder = avcodec_find_decoder_by_name(context);
	struct vdec_codec *codec;
	int ret;

	(void)ret_fault;
	if (!decoder || decoder->id != AV_CODEC_ID_H264)
		return -ENOENT;
	codec = calloc(1, sizeof(*codec));
	if (!codec)
		return -ENOMEM;
	codec->context = avcodec_alloc_context3(decoder);
	if (!codec->context) {
		libav_close(codec);
		return -ENOMEM;
	}
	codec->context->opaque = codec;
	configure(codec->context);
	ret = avcodec_open2(codec->context, decoder, NULL);
	if (ret < 0) {
		libav_close(codec);
		return ret == AVERROR(ENOMEM) ? -ENOMEM : -ENODEV;
	}
	*ret_codec = codec;
	return 0;
}

static int libav_send(struct vdec_codec *codec, const AVPacket *packet)
{
	return translate(avcodec_send_packet(codec->context, packet));
}

static int libav_receive(struct vdec_codec *codec, AVFrame *picture)
{
	int ret = translate(avcodec_receive_frame(codec->context, picture));

	if (ret < 0)
		return ret;
	if (picture->decode_error_flags || picture->flags & AV_FRAME_FLAG_CORRUPT ||
	    picture->width < 2 || picture->width > VDEC_WIDTH_MAX || picture->height < 2 ||
	    picture->height > VDEC_HEIGHT_MAX) {
		av_frame_unref(picture);
		return -EBADMSG;
	}
	return 0;
}

static void libav_flush(struct vdec_codec *codec)
{
	avcodec_flush_buffers(codec->context);
}

const struct vdec_kind *vdec_libav_kinds(size_t *ret_count)
{
	static const struct vdec_ops ops = {
		.open = libav_open,
		.send = libav_send,
		.receive = libav_receive,
		.flush = libav_flush,
		.close = libav_close,
	};
	static const struct vdec_kind kinds[] = {
		{.name = "h264", .ops = &ops, .context = "h264"},
		{.name = "h264_v4l2m2m", .ops = &ops, .context = "h264_v4l2m2m"},
	};

	*ret_count = sizeof(kinds) / sizeof(kinds[0]);
	return kinds;
}
