#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdlib.h>

#include "screen/paint.h"
#include "screen/snapshot.h"

#define WIDTH 320
#define HEIGHT 180

/* Four fields of known colours. */
static const uint32_t colors[] = {0xff0000, 0x00ff00, 0x2040ff, 0xf0f0f0};

static AVFrame *draw_fields(void)
{
	AVFrame *picture = paint_frame_create(WIDTH, HEIGHT);

	assert_non_null(picture);
	for (int i = 0; i < 4; i++)
		paint_fill(picture,
			   (struct screen_rect){i % 2 * WIDTH / 2, i / 2 * HEIGHT / 2, WIDTH / 2,
						HEIGHT / 2},
			   paint_color(colors[i]));
	return picture;
}

static AVFrame *decode(enum AVCodecID id, const AVPacket *packet)
{
	AVCodecContext *context = avcodec_alloc_context3(avcodec_find_decoder(id));
	AVFrame *picture = av_frame_alloc();

	assert_non_null(context);
	assert_non_null(picture);
	assert_int_equal(avcodec_open2(context, NULL, NULL), 0);
	assert_int_equal(avcodec_send_packet(context, packet), 0);
	assert_int_equal(avcodec_receive_frame(context, picture), 0);
	avcodec_free_context(&context);
	assert_int_equal(picture->width, WIDTH);
	assert_int_equal(picture->height, HEIGHT);
	return picture;
}

static void assert_near(int value, int expected, int by)
{
	assert_in_range(value + 1000, expected + 1000 - by, expected + 1000 + by);
}

/* The PNG has the very colours that were painted, but for the rounding of YCbCr. */
static void test_png(void **state)
{
	AVFrame *picture = draw_fields(), *decoded;
	AVPacket *png = NULL;

	(void)state;
	assert_int_equal(snapshot_png(picture, &png), 0);
	decoded = decode(AV_CODEC_ID_PNG, png);
	assert_int_equal(decoded->format, AV_PIX_FMT_RGB24);
	for (int i = 0; i < 4; i++) {
		int x = WIDTH / 4 + i % 2 * WIDTH / 2, y = HEIGHT / 4 + i / 2 * HEIGHT / 2;
		const uint8_t *rgb =
			decoded->data[0] + (ptrdiff_t)y * decoded->linesize[0] + (ptrdiff_t)x * 3;

		for (int k = 0; k < 3; k++)
			assert_near(rgb[k], colors[i] >> (16 - 8 * k) & 0xff, 3);
	}
	av_frame_free(&decoded);
	av_packet_free(&png);
	av_frame_free(&picture);
}

/* A JPEG is read by the matrix of BT.601 in full range, whatever it was made from. */
static void test_jpeg(void **state)
{
	AVFrame *picture = draw_fields(), *decoded;
	AVPacket *jpeg = NULL;

	(void)state;
	assert_int_equal(snapshot_jpeg(picture, SNAPSHOT_QUALITY_BEST, &jpeg), 0);
	decoded = decode(AV_CODEC_ID_MJPEG, jpeg);
	for (int i = 0; i < 4; i++) {
		int x = WIDTH / 4 + i % 2 * WIDTH / 2, y = HEIGHT / 4 + i / 2 * HEIGHT / 2;
		double luma = decoded->data[0][y * decoded->linesize[0] + x];
		int cb = decoded->data[1][y / 2 * decoded->linesize[1] + x / 2] - 128;
		int cr = decoded->data[2][y / 2 * decoded->linesize[2] + x / 2] - 128;

		assert_near((int)(luma + 1.402 * cr), colors[i] >> 16 & 0xff, 6);
		assert_near((int)(luma - 0.344 * cb - 0.714 * cr), colors[i] >> 8 & 0xff, 6);
		assert_near((int)(luma + 1.772 * cb), colors[i] & 0xff, 6);
	}
	av_frame_free(&decoded);
	av_packet_free(&jpeg);
	av_frame_free(&picture);
}

static AVFrame *draw_noise(void)
{
	AVFrame *picture = paint_frame_create(WIDTH, HEIGHT);
	uint32_t random = 1;

	assert_non_null(picture);
	for (int plane = 0; plane < 3; plane++) {
		for (int i = 0; i < picture->linesize[plane] * (plane ? HEIGHT / 2 : HEIGHT); i++) {
			random = random * 1664525U + 1013904223U;
			picture->data[plane][i] = (uint8_t)(random >> 24);
		}
	}
	return picture;
}

static void test_jpeg_quality(void **state)
{
	AVFrame *picture = draw_noise();
	AVPacket *best = NULL, *worst = NULL, *none = NULL;

	(void)state;
	assert_int_equal(snapshot_jpeg(picture, SNAPSHOT_QUALITY_BEST, &best), 0);
	assert_int_equal(snapshot_jpeg(picture, SNAPSHOT_QUALITY_WORST, &worst), 0);
	assert_true(worst->size * 3 < best->size);
	assert_int_equal(snapshot_jpeg(picture, 0, &none), -EINVAL);
	assert_int_equal(snapshot_jpeg(picture, SNAPSHOT_QUALITY_WORST + 1, &none), -EINVAL);
	assert_null(none);
	av_packet_free(&best);
	av_packet_free(&worst);
	av_frame_free(&picture);
}

static void test_other_format(void **state)
{
	AVFrame *picture = draw_fields();
	AVPacket *packet = NULL;

	(void)state;
	picture->format = AV_PIX_FMT_NV12;
	assert_int_equal(snapshot_png(picture, &packet), -EINVAL);
	assert_int_equal(snapshot_jpeg(picture, SNAPSHOT_QUALITY_BEST, &packet), -EINVAL);
	assert_null(packet);
	av_frame_free(&picture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_png),
		cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_jpeg_quality),
		cmocka_unit_test(test_other_format),
	};

	av_log_set_level(AV_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
