#include "drivers/sound_file.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 *   input ──► packet ──► codec ──► frame ──► converter ──► fifo ──► periods
 *     └── opened anew at each end; the fifo stays, so there is no gap ──┘
 */
struct sound_file {
	char *url;
	unsigned int channels;
	AVAudioFifo *fifo;
	AVPacket *packet;
	AVFrame *frame;

	/* Of one pass through the file. */
	AVFormatContext *input;
	int track;
	AVCodecContext *codec;
	SwrContext *converter;
	int format; /* that the converter takes */
	int rate_hz;
	bool draining;
	bool decoded; /* anything in this pass */
	bool ended;   /* sound_file_read_once() came to the end */
};

static void end_pass(struct sound_file *file)
{
	swr_free(&file->converter);
	avcodec_free_context(&file->codec);
	avformat_close_input(&file->input);
	file->draining = false;
	file->decoded = false;
}

static int open_input(struct sound_file *file)
{
	AVDictionary *options = NULL;
	int r;

	/* A playlist must not lead to the network. */
	r = av_dict_set(&options, "protocol_whitelist", "file", 0);
	if (r >= 0)
		r = avformat_open_input(&file->input, file->url, NULL, &options);
	av_dict_free(&options);
	if (r >= 0)
		r = avformat_find_stream_info(file->input, NULL);
	return r;
}

static int open_codec(struct sound_file *file)
{
	const AVCodec *decoder;
	int r;

	r = av_find_best_stream(file->input, AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0);
	if (r < 0)
		return r;
	file->track = r;
	file->codec = avcodec_alloc_context3(decoder);
	if (!file->codec)
		return AVERROR(ENOMEM);
	r = avcodec_parameters_to_context(file->codec, file->input->streams[file->track]->codecpar);
	if (r < 0)
		return r;
	return avcodec_open2(file->codec, decoder, NULL);
}

static int begin_pass(struct sound_file *file)
{
	int r = open_input(file);

	if (r >= 0)
		r = open_codec(file);
	if (r < 0)
		end_pass(file);
	return r;
}

/*
 * Made for the first frame: some decoders know what they give only then. Channels pass as they are,
 * so a file must keep their number.
 */
static int ensure_converter(struct sound_file *file, const AVFrame *frame)
{
	int r;

	if (frame->ch_layout.nb_channels != (int)file->channels)
		return AVERROR_INVALIDDATA;
	if (file->converter && frame->format == file->format && frame->sample_rate == file->rate_hz)
		return 0;
	swr_free(&file->converter);
	file->format = frame->format;
	file->rate_hz = frame->sample_rate;
	r = swr_alloc_set_opts2(&file->converter, &frame->ch_layout, AV_SAMPLE_FMT_FLT,
				SOUND_RATE_HZ, &frame->ch_layout, frame->format, frame->sample_rate,
				0, NULL);
	return r < 0 ? r : swr_init(file->converter);
}

/* Into the fifo; without `frame`, what the converter still holds. */
static int convert(struct sound_file *file, const AVFrame *frame)
{
	const uint8_t **in = frame ? (const uint8_t **)frame->extended_data : NULL;
	int in_count = frame ? frame->nb_samples : 0;
	int room = swr_get_out_samples(file->converter, in_count);
	uint8_t *out = NULL;
	int count;

	if (room <= 0)
		return room;
	count = av_samples_alloc(&out, NULL, (int)file->channels, room, AV_SAMPLE_FMT_FLT, 1);
	if (count >= 0)
		count = swr_convert(file->converter, &out, room, in, in_count);
	if (count > 0)
		count = av_audio_fifo_write(file->fifo, (void **)&out, count);
	av_freep(&out);
	return count < 0 ? count : 0;
}

static int take_frame(struct sound_file *file)
{
	int r = ensure_converter(file, file->frame);

	if (r >= 0)
		r = convert(file, file->frame);
	av_frame_unref(file->frame);
	file->decoded |= r >= 0;
	return r;
}

static int feed_codec(struct sound_file *file)
{
	int r = av_read_frame(file->input, file->packet);

	/* A file that breaks off ends there; one broken from its start ends without sound. */
	if (r < 0) {
		file->draining = true;
		return avcodec_send_packet(file->codec, NULL);
	}
	if (file->packet->stream_index == file->track)
		r = avcodec_send_packet(file->codec, file->packet);
	av_packet_unref(file->packet);
	return r;
}

/* One step nearer to more sound. Returns 0, AVERROR_EOF at the end of a pass, or an AVERROR. */
static int decode_step(struct sound_file *file)
{
	int r = avcodec_receive_frame(file->codec, file->frame);

	if (r >= 0)
		return take_frame(file);
	if (r == AVERROR(EAGAIN) && !file->draining)
		r = feed_codec(file);
	if (r == AVERROR_INVALIDDATA)
		return 0; /* a broken packet */
	return r;
}

static int next_pass(struct sound_file *file)
{
	int r;

	if (!file->decoded)
		return AVERROR_INVALIDDATA;
	r = convert(file, NULL);
	if (r < 0)
		return r;
	end_pass(file);
	return begin_pass(file);
}

static int fill_fifo(struct sound_file *file)
{
	int r = 0;

	while (r >= 0 && av_audio_fifo_size(file->fifo) < SOUND_PERIOD_FRAMES) {
		r = decode_step(file);
		if (r == AVERROR_EOF)
			r = next_pass(file);
	}
	return r;
}

/* FFmpeg has errors of its own beside those of errno. */
static int errno_of(int r)
{
	if (r == AVERROR(ENOENT) || r == AVERROR(ENOMEM) || r == AVERROR(EACCES) ||
	    r == AVERROR(EIO))
		return r;
	return r < 0 ? -EINVAL : 0;
}

static int set_up(struct sound_file *file, const char *path)
{
	int r;

	if (asprintf(&file->url, "file:%s", path) < 0) {
		file->url = NULL;
		return AVERROR(ENOMEM);
	}
	file->packet = av_packet_alloc();
	file->frame = av_frame_alloc();
	if (!file->packet || !file->frame)
		return AVERROR(ENOMEM);
	r = begin_pass(file);
	if (r < 0)
		return r;
	file->channels = (unsigned int)file->codec->ch_layout.nb_channels;
	if (file->channels < 1 || file->channels > SOUND_CHANNELS_MAX)
		return AVERROR_INVALIDDATA;
	file->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLT, (int)file->channels, SOUND_RATE_HZ);
	return file->fifo ? fill_fifo(file) : AVERROR(ENOMEM);
}

int sound_file_open(const char *path, struct sound_file **ret_file)
{
	struct sound_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	r = errno_of(set_up(file, path));
	if (r < 0) {
		sound_file_close(file);
		return r;
	}
	*ret_file = file;
	return 0;
}

void sound_file_close(struct sound_file *file)
{
	if (!file)
		return;
	end_pass(file);
	if (file->fifo)
		av_audio_fifo_free(file->fifo);
	av_frame_free(&file->frame);
	av_packet_free(&file->packet);
	free(file->url);
	free(file);
}

unsigned int sound_file_channels(const struct sound_file *file)
{
	return file->channels;
}

int sound_file_read(struct sound_file *file, float *interleaved)
{
	void *out = interleaved;
	int r = fill_fifo(file);

	if (r >= 0)
		r = av_audio_fifo_read(file->fifo, &out, SOUND_PERIOD_FRAMES);
	return errno_of(r);
}

static int fill_fifo_once(struct sound_file *file)
{
	int r = 0;

	while (r >= 0 && !file->ended && av_audio_fifo_size(file->fifo) < SOUND_PERIOD_FRAMES) {
		r = decode_step(file);
		if (r == AVERROR_EOF) {
			file->ended = true;
			r = file->decoded ? convert(file, NULL) : AVERROR_INVALIDDATA;
		}
	}
	return r;
}

int sound_file_read_once(struct sound_file *file, float *interleaved)
{
	void *out = interleaved;
	int r = fill_fifo_once(file);

	memset(interleaved, 0, (size_t)SOUND_PERIOD_FRAMES * file->channels * sizeof(*interleaved));
	if (r >= 0)
		r = av_audio_fifo_read(file->fifo, &out, SOUND_PERIOD_FRAMES);
	return r < 0 ? errno_of(r) : r;
}
