#include "screen/snapshot.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>

/* What libavcodec and libswscale say, as the header has it. */
static int translate(int ret)
{
	if (ret >= 0)
		return 0;
	return ret == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
}

static int encode(AVCodecContext *context, const AVFrame *picture, AVPacket **ret_packet)
{
	AVPacket *packet = av_packet_alloc();
	int ret;

	if (!packet)
		return -ENOMEM;
	ret = avcodec_send_frame(context, picture);
	if (ret >= 0)
		ret = avcodec_receive_packet(context, packet);
	if (ret < 0) {
		av_packet_free(&packet);
		return translate(ret);
	}
	*ret_packet = packet;
	return 0;
}

/* The one still image of `picture`, of which picture->quality is heeded where the codec has one. */
static int encode_still(enum AVCodecID id, const AVFrame *picture, AVPacket **ret_packet)
{
	const AVCodec *codec = avcodec_find_encoder(id);
	AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
	int ret;

	if (!context)
		return codec ? -ENOMEM : -EIO;
	context->width = picture->width;
	context->height = picture->height;
	context->pix_fmt = picture->format;
	context->color_range = picture->color_range;
	context->time_base = (AVRational){1, 1};
	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
	context->global_quality = picture->quality;
	ret = translate(avcodec_open2(context, codec, NULL));
	if (ret == 0)
		ret = encode(context, picture, ret_packet);
	avcodec_free_context(&context);
	return ret;
}

/* In full range, and YCbCr by the matrix of ITU-R BT.601, as ITU-T T.871 (JFIF), 7, has it. */
static int convert(const AVFrame *picture, enum AVPixelFormat format, AVFrame **ret_picture)
{
	AVFrame *converted = av_frame_alloc();
	struct SwsContext *context =
		sws_getContext(picture->width, picture->height, picture->format, picture->width,
			       picture->height, format, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL,
			       NULL);
	int ret = -ENOMEM;

	if (converted && context) {
		converted->format = format;
		converted->width = picture->width;
		converted->height = picture->height;
		converted->color_range = AVCOL_RANGE_JPEG;
		sws_setColorspaceDetails(context, sws_getCoefficients(SWS_CS_ITU709), 0,
					 sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16,
					 1 << 16);
		ret = translate(av_frame_get_buffer(converted, 0));
	}
	if (ret == 0)
		ret = translate(sws_scale_frame(context, converted, picture));
	sws_freeContext(context);
	if (ret < 0) {
		av_frame_free(&converted);
		return ret;
	}
	*ret_picture = converted;
	return 0;
}

static int take_still(enum AVCodecID id, const AVFrame *picture, enum AVPixelFormat format,
		      int quality, AVPacket **ret_packet)
{
	AVFrame *converted = NULL;
	int ret;

	if (picture->format != AV_PIX_FMT_YUV420P)
		return -EINVAL;
	ret = convert(picture, format, &converted);
	if (ret < 0)
		return ret;
	converted->quality = quality * FF_QP2LAMBDA;
	ret = encode_still(id, converted, ret_packet);
	av_frame_free(&converted);
	return ret;
}

int snapshot_png(const AVFrame *picture, AVPacket **ret_png)
{
	return take_still(AV_CODEC_ID_PNG, picture, AV_PIX_FMT_RGB24, 0, ret_png);
}

int snapshot_jpeg(const AVFrame *picture, int quality, AVPacket **ret_jpeg)
{
	if (quality < SNAPSHOT_QUALITY_BEST || quality > SNAPSHOT_QUALITY_WORST)
		return -EINVAL;
	return take_still(AV_CODEC_ID_MJPEG, picture, AV_PIX_FMT_YUV420P, quality, ret_jpeg);
}
