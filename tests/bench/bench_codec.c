/*
 * H.264 in software, as a room encodes and decodes it: picture in to access unit out, and access unit
 * in to picture out, at 720p and 1080p, with one and two threads of the encoder. The ffmpeg command
 * beside it is bench_ffmpeg.sh's.
 */
#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "screen/decode.h"
#include "tests/bench/figure.h"

enum { PICTURES = 150, SQUARE = 64 };

struct run {
	int width, height, threads;
	int64_t bitrate_bps;
};

/* A room's picture: still, with a square of noise that moves. */
static void draw(AVFrame *frame, int n)
{
	int left = n * 4 % (frame->width - SQUARE), top = frame->height / 3;

	for (int y = 0; y < frame->height; y++) {
		for (int x = 0; x < frame->width; x++)
			frame->data[0][y * frame->linesize[0] + x] =
				(uint8_t)(16 + (x + y) / 16 % 200);
	}
	for (int y = top; y < top + SQUARE; y++) {
		for (int x = left; x < left + SQUARE; x++)
			frame->data[0][y * frame->linesize[0] + x] = (uint8_t)random();
	}
}

static void die(const char *what)
{
	fprintf(stderr, "bench_codec: %s\n", what);
	exit(EXIT_FAILURE);
}

static AVFrame *make_picture(const struct run *run)
{
	AVFrame *frame = av_frame_alloc();

	if (!frame)
		die("no memory");
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = run->width;
	frame->height = run->height;
	if (av_frame_get_buffer(frame, 0) < 0)
		die("no memory");
	for (int i = 1; i < 3; i++)
		memset(frame->data[i], 128, (size_t)(frame->linesize[i] * run->height / 2));
	return frame;
}

static void say(const struct run *run, const char *what, int64_t *values_us, size_t count)
{
	char name[80];

	snprintf(name, sizeof(name), "software %s %dp30, %d threads, p50", what, run->height,
		 run->threads);
	figure_say(name, figure_percentile_ms(values_us, count, 0.5), "ms", NULL, FIGURE_LOWER);
	snprintf(name, sizeof(name), "software %s %dp30, %d threads, p95", what, run->height,
		 run->threads);
	figure_say(name, figure_percentile_ms(values_us, count, 0.95), "ms", NULL, FIGURE_LOWER);
}

static struct venc_encoder *open_encoder(const struct run *run)
{
	const struct venc_format format = {
		.width = run->width,
		.height = run->height,
		.pixels = AV_PIX_FMT_YUV420P,
		.frame_us = CLOCK_US_PER_S / 30,
		.keyframe_every_us = 10 * CLOCK_US_PER_S,
		.threads = run->threads,
	};
	struct venc_encoder *encoder;
	size_t count;
	const struct venc_kind *kind = venc_avcodec_kinds(&count);

	if (kind->ops->create(kind->context, &encoder) < 0 ||
	    kind->ops->ensure(encoder, &format, run->bitrate_bps) < 0)
		die("libx264 does not open");
	return encoder;
}

static struct vdec *open_decoder(void)
{
	struct vdec_settings settings = {.names = {"h264"}, .n_names = 1};
	struct vdec *vdec;

	settings.kinds = vdec_libav_kinds(&settings.n_kinds);
	if (vdec_create(&settings, &vdec) < 0)
		die("no decoder");
	return vdec;
}

/* One picture after the other, as a camera gives them, but without the time between. */
static void measure(const struct run *run)
{
	struct venc_encoder *encoder = open_encoder(run);
	struct vdec *vdec = open_decoder();
	AVPacket *packet = av_packet_alloc();
	int64_t encode_us[PICTURES], decode_us[PICTURES];

	for (int i = 0; i < PICTURES; i++) {
		AVFrame *source = make_picture(run), *picture = NULL;
		int64_t begun_us, coded_us;

		draw(source, i);
		source->pts = (int64_t)(i + 1) * (CLOCK_US_PER_S / 30);
		begun_us = clock_now_us();
		if (!packet || encoder->ops->submit(encoder, source) < 0 ||
		    encoder->ops->receive(encoder, packet) < 0)
			die("no coded picture");
		coded_us = clock_now_us();
		if (vdec_decode(vdec, packet, &picture) != VDEC_PICTURE)
			die("no picture");
		encode_us[i] = coded_us - begun_us;
		decode_us[i] = clock_now_us() - coded_us;
		av_packet_unref(packet);
		av_frame_free(&picture);
		av_frame_free(&source);
	}
	say(run, "encode", encode_us, PICTURES);
	say(run, "decode", decode_us, PICTURES);
	av_packet_free(&packet);
	vdec_destroy(vdec);
	encoder->ops->destroy(encoder);
}

int main(void)
{
	static const struct run runs[] = {
		{1280, 720, 1, 2500000},
		{1280, 720, 2, 2500000},
		{1920, 1080, 1, 5000000},
		{1920, 1080, 2, 5000000},
	};

	srandom(1);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		measure(&runs[i]);
	return EXIT_SUCCESS;
}
