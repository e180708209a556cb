#include "camera/mjpeg.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stdlib.h>

struct mjpeg {
	AVCodecContext *decoder;
};

int mjpeg_create(struct mjpeg **ret_mjpeg)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
	struct mjpeg *mjpeg;

	if (!codec)
		return -ENOSYS;
	mjpeg = calloc(1, sizeof(*mjpeg));
	if (!mjpeg)
		return -ENOMEM;
	mjpeg->decoder = avcodec_alloc_context3(codec);
	if (!mjpeg->decoder)
		goto fail;
	mjpeg->decoder->thread_count = 1; /* frame threads would hold pictures back */
	mjpeg->decoder->err_recognition = AV_EF_EXPLODE;
	/* damage is counted by the capture loop, not told by libavcodec at each picture */
	mjpeg->decoder->log_level_offset = AV_LOG_DEBUG - AV_LOG_ERROR;
	if (avcodec_open2(mjpeg->decoder, codec, NULL) < 0)
		goto fail;
	*ret_mjpeg = mjpeg;
	return 0;

fail:
	mjpeg_destroy(mjpeg);
	return -ENOMEM;
}

void mjpeg_destroy(struct mjpeg *mjpeg)
{
	if (!mjpeg)
		return;
	avcodec_free_context(&mjpeg->decoder);
	free(mjpeg);
}

/*
 * From SOI to EOI (ISO/IEC 10918-1, table B.1). The decoder makes up a missing EOI; cameras pad
 * behind it with zeros.
 */
static bool is_whole(const AVPacket *packet)
{
	int end = packet->size;

	while (end > 0 && packet->data[end - 1] == 0)
		end--;
	return end >= 4 && packet->data[0] == 0xff && packet->data[1] == 0xd8 &&
	       packet->data[end - 2] == 0xff && packet->data[end - 1] == 0xd9;
}

int mjpeg_decode(struct mjpeg *mjpeg, const AVPacket *packet, int width, int height,
		 AVFrame **ret_picture)
{
	AVFrame *picture;
	int r = -EILSEQ;

	if (!is_whole(packet))
		return -EILSEQ;
	picture = av_frame_alloc();
	if (!picture)
		return -ENOMEM;
	if (avcodec_send_packet(mjpeg->decoder, packet) == 0 &&
	    avcodec_receive_frame(mjpeg->decoder, picture) == 0 && picture->width == width &&
	    picture->height == height && picture->decode_error_flags == 0)
		r = 0;
	avcodec_flush_buffers(mjpeg->decoder);
	if (r < 0) {
		av_frame_free(&picture);
		return r;
	}
	picture->pts = packet->pts;
	*ret_picture = picture;
	return 0;
}
