#include "drivers/video_file.h"

#include "base/clock.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_FRAME_US = 40000, LARGEST_ERRNO = 4095, PATH_BYTES_MAX = 4096 };

static const AVRational microseconds = {1, (int)CLOCK_US_PER_S};

/* A round is opened anew: not every format can be sought in. */
struct video_file {
	char url[PATH_BYTES_MAX + sizeof("file:")];
	int64_t frame_us;
	int64_t newest_us;

	/* of this round */
	AVFormatContext *format;
	AVCodecContext *decoder;
	AVPacket *packet;
	int stream;
	int64_t first_pts; /* in units of the stream, AV_NOPTS_VALUE before the first picture */
	int64_t offset_us;
};

/* AVERROR() of an errno is its negative; libav's own codes lie far below. */
static int errno_from(int error)
{
	return error < -LARGEST_ERRNO ? -EINVAL : error;
}

static int open_format(struct video_file *file)
{
	AVDictionary *options = NULL;
	int r;

	/* a playlist must not send us to the network */
	av_dict_set(&options, "protocol_whitelist", "file", 0);
	r = avformat_open_input(&file->format, file->url, NULL, &options);
	av_dict_free(&options);
	if (r >= 0)
		r = avformat_find_stream_info(file->format, NULL);
	return r < 0 ? errno_from(r) : 0;
}

static int open_decoder(struct video_file *file)
{
	const AVCodec *codec;
	int r = av_find_best_stream(file->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);

	if (r < 0)
		return -EINVAL;
	file->stream = r;
	for (unsigned int i = 0; i < file->format->nb_streams; i++) {
		if ((int)i != file->stream)
			file->format->streams[i]->discard = AVDISCARD_ALL;
	}
	file->decoder = avcodec_alloc_context3(codec);
	if (!file->decoder)
		return -ENOMEM;
	r = avcodec_parameters_to_context(file->decoder, file->format->streams[r]->codecpar);
	if (r >= 0)
		r = avcodec_open2(file->decoder, codec, NULL);
	return r < 0 ? errno_from(r) : 0;
}

static void close_round(struct video_file *file)
{
	avcodec_free_context(&file->decoder);
	avformat_close_input(&file->format);
}

static int open_round(struct video_file *file)
{
	AVRational rate;
	int r;

	close_round(file);
	r = open_format(file);
	if (r == 0)
		r = open_decoder(file);
	if (r < 0)
		return r;
	rate = av_guess_frame_rate(file->format, file->format->streams[file->stream], NULL);
	file->frame_us = rate.num > 0 ? av_rescale_q(1, av_inv_q(rate), microseconds) : 0;
	if (file->frame_us <= 0 || file->frame_us > CLOCK_US_PER_S)
		file->frame_us = DEFAULT_FRAME_US;
	file->first_pts = AV_NOPTS_VALUE;
	file->offset_us = file->newest_us + file->frame_us;
	return 0;
}

int video_file_open(const char *path, struct video_file **ret_file)
{
	struct video_file *file;
	int r;

	if (strlen(path) > PATH_BYTES_MAX)
		return -ENAMETOOLONG;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	snprintf(file->url, sizeof(file->url), "file:%s", path);
	file->newest_us = -1;
	file->packet = av_packet_alloc();
	r = file->packet ? open_round(file) : -ENOMEM;
	if (r < 0) {
		video_file_close(file);
		return r;
	}
	file->offset_us = 0;
	*ret_file = file;
	return 0;
}

void video_file_close(struct video_file *file)
{
	if (!file)
		return;
	close_round(file);
	av_packet_free(&file->packet);
	free(file);
}

int64_t video_file_frame_us(const struct video_file *file)
{
	return file->frame_us;
}

/* Gives the decoder one more packet, or the end. */
static int feed(struct video_file *file)
{
	int r;

	do {
		av_packet_unref(file->packet);
		r = av_read_frame(file->format, file->packet);
	} while (r >= 0 && file->packet->stream_index != file->stream);
	r = avcodec_send_packet(file->decoder, r < 0 ? NULL : file->packet);
	av_packet_unref(file->packet);
	/* damage is the decoder's to step over */
	return r == AVERROR_INVALIDDATA ? 0 : r;
}

static int decode(struct video_file *file, AVFrame *picture)
{
	int r = avcodec_receive_frame(file->decoder, picture);

	while (r == AVERROR(EAGAIN) || r == AVERROR_INVALIDDATA) {
		r = feed(file);
		if (r >= 0)
			r = avcodec_receive_frame(file->decoder, picture);
	}
	return r;
}

static void set_time(struct video_file *file, AVFrame *picture)
{
	AVRational unit = file->format->streams[file->stream]->time_base;
	int64_t pts = picture->best_effort_timestamp;
	int64_t time_us = file->newest_us + file->frame_us;

	if (pts != AV_NOPTS_VALUE && file->first_pts == AV_NOPTS_VALUE)
		file->first_pts = pts;
	if (pts != AV_NOPTS_VALUE)
		time_us = file->offset_us + av_rescale_q(pts - file->first_pts, unit, microseconds);
	if (time_us <= file->newest_us)
		time_us = file->newest_us + 1;
	file->newest_us = time_us;
	picture->pts = time_us;
}

int video_file_next(struct video_file *file, AVFrame **ret_picture)
{
	AVFrame *picture = av_frame_alloc();
	int r;

	if (!picture)
		return -ENOMEM;
	r = decode(file, picture);
	if (r == AVERROR_EOF) {
		r = open_round(file);
		if (r == 0)
			r = decode(file, picture);
	}
	if (r < 0) {
		av_frame_free(&picture);
		return errno_from(r);
	}
	set_time(file, picture);
	*ret_picture = picture;
	return 0;
}
