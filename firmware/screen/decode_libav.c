#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

#include "screen/decode.h"

struct vdec_codec {
	AVCodecContext *context;
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

static void configure(AVCodecContext *context)
{
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
