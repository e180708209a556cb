/* camera/timestrip: drawn, and read back after whatever happens to a picture on its way. */
#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "camera/timestrip.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GREY = 110, CELLS = 80, COLUMNS = 40 };

static const struct timestrip sample = {.time_us = INT64_C(0x123456789abc), .tag = 0xa5};

static AVFrame *make_picture(enum AVPixelFormat format, int width, int height)
{
	AVFrame *picture = av_frame_alloc();

	assert_non_null(picture);
	picture->format = format;
	picture->width = width;
	picture->height = height;
	assert_int_equal(av_frame_get_buffer(picture, 0), 0);
	for (int i = 0; i < 3 && picture->buf[i]; i++)
		memset(picture->buf[i]->data, GREY, picture->buf[i]->size);
	return picture;
}

static AVFrame *make_drawn(enum AVPixelFormat format, int width, int height)
{
	AVFrame *picture = make_picture(format, width, height);

	assert_int_equal(timestrip_draw(picture, &sample), 0);
	return picture;
}

static AVFrame *convert(AVFrame *picture, enum AVPixelFormat format, int width, int height)
{
	AVFrame *converted = make_picture(format, width, height);
	struct SwsContext *scaler =
		sws_getContext(picture->width, picture->height, picture->format, width, height,
			       format, SWS_BILINEAR, NULL, NULL, NULL);

	assert_non_null(scaler);
	assert_true(sws_scale(scaler, (const uint8_t *const *)picture->data, picture->linesize, 0,
			      picture->height, converted->data, converted->linesize) > 0);
	sws_freeContext(scaler);
	av_frame_free(&picture);
	return converted;
}

static int read_at(const AVFrame *picture, int x, int y, int width, int height,
		   struct timestrip *ret_strip)
{
	const struct timestrip_rect rect = {x, y, width, height};

	return timestrip_read(picture->data[0], (size_t)picture->linesize[0],
			      picture->format == AV_PIX_FMT_BGR0 ? TIMESTRIP_BGR0 : TIMESTRIP_LUMA,
			      &rect, ret_strip);
}

static int read_all(const AVFrame *picture, struct timestrip *ret_strip)
{
	return read_at(picture, 0, 0, picture->width, picture->height, ret_strip);
}

static void assert_reads_sample(const AVFrame *picture)
{
	struct timestrip strip;

	assert_int_equal(read_all(picture, &strip), 0);
	assert_int_equal(strip.time_us, sample.time_us);
	assert_int_equal(strip.tag, sample.tag);
}

static void reads_what_was_drawn(void **state)
{
	static const struct {
		enum AVPixelFormat format;
		int width;
		int height;
	} cases[] = {
		{AV_PIX_FMT_YUV420P, 1280, 720},  {AV_PIX_FMT_NV12, 1280, 720},
		{AV_PIX_FMT_YUV420P, 1920, 1080}, {AV_PIX_FMT_NV12, 640, 480},
		{AV_PIX_FMT_YUV420P, 80, 90},     {AV_PIX_FMT_YUV420P, 4096, 2160},
		{AV_PIX_FMT_NV12, 426, 240},      {AV_PIX_FMT_YUV420P, 1366, 768},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AVFrame *picture = make_drawn(cases[i].format, cases[i].width, cases[i].height);

		assert_reads_sample(picture);
		av_frame_free(&picture);
	}
}

static void draws_into_yuyv(void **state)
{
	AVFrame *picture = make_drawn(AV_PIX_FMT_YUYV422, 1280, 720);

	(void)state;
	picture = convert(picture, AV_PIX_FMT_YUV420P, 1280, 720);
	assert_reads_sample(picture);
	av_frame_free(&picture);
}

/* The picture below the strip is left alone, and the strip is grey in colour. */
static void touches_the_strip_alone(void **state)
{
	AVFrame *picture = make_drawn(AV_PIX_FMT_NV12, 1280, 720);

	(void)state;
	for (int y = 0; y < 720; y++) {
		for (int x = 0; x < 1280; x++) {
			uint8_t luma = picture->data[0][y * picture->linesize[0] + x];

			assert_int_equal(luma == GREY, y >= 32);
		}
	}
	for (int x = 0; x < 1280; x++) {
		assert_int_equal(picture->data[1][15 * picture->linesize[1] + x], 128);
		assert_int_equal(picture->data[1][16 * picture->linesize[1] + x], GREY);
	}
	av_frame_free(&picture);
}

static void refuses_what_it_cannot_draw_into(void **state)
{
	AVFrame *small = make_picture(AV_PIX_FMT_YUV420P, 78, 90);
	AVFrame *low = make_picture(AV_PIX_FMT_YUV420P, 80, 88);
	AVFrame *rgb = make_picture(AV_PIX_FMT_BGR0, 1280, 720);
	struct timestrip strip;

	(void)state;
	assert_int_equal(timestrip_draw(small, &sample), -EINVAL);
	assert_int_equal(timestrip_draw(low, &sample), -EINVAL);
	assert_int_equal(timestrip_draw(rgb, &sample), -EINVAL);
	assert_int_equal(read_all(small, &strip), -EINVAL);
	assert_int_equal(read_all(low, &strip), -EINVAL);
	av_frame_free(&small);
	av_frame_free(&low);
	av_frame_free(&rgb);
}

static void survives_scaling(void **state)
{
	static const struct {
		int width;
		int height;
	} tiles[] = {{160, 90}, {214, 120}, {320, 180}, {413, 232}, {640, 360}, {1920, 1080}};
	static const int heights[] = {720, 1080};

	(void)state;
	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		for (size_t j = 0; j < 2; j++) {
			AVFrame *picture =
				make_drawn(AV_PIX_FMT_YUV420P, heights[j] * 16 / 9, heights[j]);

			picture =
				convert(picture, AV_PIX_FMT_BGR0, tiles[i].width, tiles[i].height);
			assert_reads_sample(picture);
			av_frame_free(&picture);
		}
	}
}

/* A tile somewhere on a screen. */
static void reads_inside_a_larger_plane(void **state)
{
	AVFrame *screen = make_picture(AV_PIX_FMT_YUV420P, 1280, 720);
	AVFrame *tile = make_drawn(AV_PIX_FMT_YUV420P, 320, 180);
	struct timestrip strip;

	(void)state;
	for (int y = 0; y < 180; y++)
		memcpy(screen->data[0] + (ptrdiff_t)(300 + y) * screen->linesize[0] + 501,
		       tile->data[0] + (ptrdiff_t)y * tile->linesize[0], 320);
	assert_int_equal(read_at(screen, 501, 300, 320, 180, &strip), 0);
	assert_int_equal(strip.time_us, sample.time_us);
	assert_int_equal(read_at(screen, 0, 0, 320, 180, &strip), -EILSEQ);
	assert_int_equal(read_at(screen, 501 + 12, 300, 320, 180, &strip), -EILSEQ);
	assert_int_equal(read_at(screen, 501, 300 + 6, 320, 180, &strip), -EILSEQ);
	assert_int_equal(read_at(screen, 501, 300, 240, 180, &strip), -EILSEQ);
	av_frame_free(&screen);
	av_frame_free(&tile);
}

static void add_noise(AVFrame *picture, int amplitude)
{
	for (int y = 0; y < picture->height; y++) {
		for (int x = 0; x < picture->width; x++) {
			uint8_t *pixel = &picture->data[0][y * picture->linesize[0] + x];
			int value = *pixel + (int)(random() % (2 * amplitude + 1)) - amplitude;

			*pixel = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
		}
	}
}

static void survives_noise(void **state)
{
	(void)state;
	srandom(1);
	for (int amplitude = 10; amplitude <= 120; amplitude += 10) {
		AVFrame *picture = make_drawn(AV_PIX_FMT_YUV420P, 1280, 720);

		add_noise(picture, amplitude);
		assert_reads_sample(picture);
		av_frame_free(&picture);
	}
}

static void fill_cell(AVFrame *picture, int cell, uint8_t value)
{
	int x = picture->width / COLUMNS * (cell % COLUMNS);
	int height = picture->height / 45, y = height * (cell / COLUMNS);

	for (int line = y; line < y + height; line++)
		memset(picture->data[0] + (ptrdiff_t)line * picture->linesize[0] + x, value,
		       (size_t)(picture->width / COLUMNS));
}

/* One cell turned over, one made grey: refused, whichever it is. */
static void refuses_each_wrong_cell(void **state)
{
	(void)state;
	for (int cell = 0; cell < CELLS; cell++) {
		AVFrame *picture = make_drawn(AV_PIX_FMT_YUV420P, 1280, 720);
		int x = 1280 / COLUMNS * (cell % COLUMNS), y = 16 * (cell / COLUMNS);
		uint8_t is = picture->data[0][y * picture->linesize[0] + x];
		struct timestrip strip;

		fill_cell(picture, cell, is == 16 ? 235 : 16);
		assert_int_equal(read_all(picture, &strip), -EILSEQ);
		fill_cell(picture, cell, 126);
		assert_int_equal(read_all(picture, &strip), -EILSEQ);
		fill_cell(picture, cell, is);
		assert_reads_sample(picture);
		av_frame_free(&picture);
	}
}

/* Cells at random between the right markers: only the CRC stands between them and a wrong read. */
static void random_cells_do_not_read(void **state)
{
	AVFrame *picture = make_drawn(AV_PIX_FMT_YUV420P, 80, 90);
	int reads = 0;

	(void)state;
	srandom(2);
	for (int i = 0; i < 20000; i++) {
		struct timestrip strip;

		for (int cell = 0; cell < CELLS; cell++) {
			int column = cell % COLUMNS;

			if (column >= 3 && column < COLUMNS - 1)
				fill_cell(picture, cell, random() % 2 ? 235 : 16);
		}
		reads += read_all(picture, &strip) == 0;
	}
	assert_in_range(reads, 0, 3); /* 2^-16 of them: 0.3 */
	av_frame_free(&picture);
}

static void refuses_what_is_too_faint(void **state)
{
	AVFrame *picture = make_drawn(AV_PIX_FMT_YUV420P, 1280, 720);
	struct timestrip strip;

	(void)state;
	for (int y = 0; y < 32; y++) {
		for (int x = 0; x < 1280; x++) {
			uint8_t *pixel = &picture->data[0][y * picture->linesize[0] + x];

			*pixel = *pixel == 16 ? 100 : 140;
		}
	}
	assert_int_equal(read_all(picture, &strip), -EILSEQ);
	av_frame_free(&picture);
}

struct stream {
	struct venc_encoder *encoder;
	AVCodecContext *decoder;
	AVPacket *packet;
};

static void stream_open(struct stream *stream, const struct venc_format *format, int64_t bitrate)
{
	const struct venc_kind *kind;
	size_t count;

	kind = venc_avcodec_kinds(&count);
	while (strcmp(kind->name, "libx264") != 0)
		kind++;
	assert_int_equal(kind->ops->create(kind->context, &stream->encoder), 0);
	assert_int_equal(stream->encoder->ops->ensure(stream->encoder, format, bitrate), 0);
	stream->decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	assert_non_null(stream->decoder);
	stream->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	assert_int_equal(avcodec_open2(stream->decoder, NULL, NULL), 0);
	stream->packet = av_packet_alloc();
	assert_non_null(stream->packet);
}

static void stream_close(struct stream *stream)
{
	stream->encoder->ops->destroy(stream->encoder);
	avcodec_free_context(&stream->decoder);
	av_packet_free(&stream->packet);
}

static void stream_pass(struct stream *stream, AVFrame *picture)
{
	assert_int_equal(stream->encoder->ops->submit(stream->encoder, picture), 0);
	assert_int_equal(stream->encoder->ops->receive(stream->encoder, stream->packet), 0);
	assert_int_equal(avcodec_send_packet(stream->decoder, stream->packet), 0);
	av_packet_unref(stream->packet);
	av_frame_unref(picture);
	assert_int_equal(avcodec_receive_frame(stream->decoder, picture), 0);
}

/* Through H.264 far below what noisy 720p30 needs, then down to a small tile. */
static void survives_low_rate(void **state)
{
	const struct venc_format format = {
		.width = 1280,
		.height = 720,
		.pixels = AV_PIX_FMT_YUV420P,
		.frame_us = 33333,
		.keyframe_every_us = 10 * CLOCK_US_PER_S,
		.threads = 1,
	};
	struct stream stream;
	int reads = 0;

	(void)state;
	srandom(3);
	stream_open(&stream, &format, 500000);
	for (int i = 0; i < 40; i++) {
		struct timestrip drawn = {.time_us = INT64_C(98765432100) + i * INT64_C(33333),
					  .tag = 7};
		AVFrame *picture = make_picture(AV_PIX_FMT_YUV420P, 1280, 720);
		struct timestrip strip;

		add_noise(picture, 20);
		assert_int_equal(timestrip_draw(picture, &drawn), 0);
		picture->pts = i;
		stream_pass(&stream, picture);
		picture = convert(picture, AV_PIX_FMT_BGR0, 160, 90);
		if (read_all(picture, &strip) == 0) {
			reads++;
			assert_int_equal(strip.time_us, drawn.time_us);
			assert_int_equal(strip.tag, drawn.tag);
		}
		av_frame_free(&picture);
	}
	assert_in_range(reads, 39, 40);
	stream_close(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_drawn),
		cmocka_unit_test(draws_into_yuyv),
		cmocka_unit_test(touches_the_strip_alone),
		cmocka_unit_test(refuses_what_it_cannot_draw_into),
		cmocka_unit_test(survives_scaling),
		cmocka_unit_test(reads_inside_a_larger_plane),
		cmocka_unit_test(survives_noise),
		cmocka_unit_test(refuses_each_wrong_cell),
		cmocka_unit_test(random_cells_do_not_read),
		cmocka_unit_test(refuses_what_is_too_faint),
		cmocka_unit_test(survives_low_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
