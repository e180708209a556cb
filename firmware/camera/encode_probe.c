#include "camera/encode_probe.h"

#include <errno.h>
#include <libavcodec/avcodec.h>

static int decode(AVCodecContext *decoder, const AVPacket *packet, AVFrame *picture)
{
	if (avcodec_send_packet(decoder, packet) < 0)
		return -EPROTO;
	/* end of stream: the picture comes at once even from a stream that claims to reorder */
	if (avcodec_send_packet(decoder, NULL) < 0)
		return -EPROTO;
	return avcodec_receive_frame(decoder, picture) < 0 ? -EPROTO : 0;
}

int venc_probe(const AVPacket *packet, int width, int height)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *decoder;
	AVFrame *picture;
	int r = -ENOMEM;

	if (!codec)
		return -ENOSYS;
	decoder = avcodec_alloc_context3(codec);
	picture = av_frame_alloc();
	if (!decoder || !picture)
		goto out;
	decoder->thread_count = 1;
	decoder->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
	/* the codec layer says what is wrong, in its own words */
	decoder->log_level_offset = AV_LOG_DEBUG - AV_LOG_ERROR;
	if (avcodec_open2(decoder, codec, NULL) < 0)
		goto out;
	r = decode(decoder, packet, picture);
	if (r == 0 && (picture->width != width || picture->height != height ||
		       picture->decode_error_flags || decoder->has_b_frames))
		r = -EPROTO;
out:
	av_frame_free(&picture);
	avcodec_free_context(&decoder);
	return r;
}
