/* drivers/decode_m2m: a V4L2 decoder behind screen/decode.h, sound and faulty. */
#include "base/clock.h"
#include "base/log.h"
#include "drivers/decode_m2m.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_m2m.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 320, HEIGHT = 180, KINDS = 3, FRAME_US = 33333 };

struct sender {
	AVCodecContext *context;
	int64_t pts;
};

struct bench {
	struct fake_m2m *device;
	struct vdec_kind kinds[KINDS];
	struct vdec *vdec;
	struct sender sender;
};

static const struct fake_m2m_config plain = {
	.is_decoder = true,
	.pixels = {V4L2_PIX_FMT_YUV420},
	.controls = {V4L2_CID_MIN_BUFFERS_FOR_CAPTURE},
};

/* Another stream; its pictures go on in time. */
static void begin_stream(struct bench *bench, int width, int height)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *context = avcodec_alloc_context3(codec);

	assert_non_null(context);
	avcodec_free_context(&bench->sender.context);
	context->width = width;
	context->height = height;
	context->pix_fmt = AV_PIX_FMT_YUV420P;
	context->time_base = (AVRational){1, 1000000};
	context->gop_size = 1000;
	context->thread_count = 1;
	context->log_level_offset = AV_LOG_DEBUG - AV_LOG_WARNING;
	av_opt_set(context->priv_data, "preset", "ultrafast", 0);
	av_opt_set(context->priv_data, "tune", "zerolatency", 0);
	av_opt_set(context->priv_data, "forced-idr", "1", 0);
	av_opt_set(context->priv_data, "qp", "0", 0);
	assert_int_equal(avcodec_open2(context, codec, NULL), 0);
	bench->sender.context = context;
}

/* Luma that tells the picture and the place. */
static uint8_t luma(int64_t pts, int x, int y)
{
	return (uint8_t)(pts / FRAME_US * 7 + x + (int64_t)3 * y);
}

static AVPacket *next_packet(struct bench *bench, bool idr)
{
	AVCodecContext *context = bench->sender.context;
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();

	assert_true(frame && packet);
	frame->format = context->pix_fmt;
	frame->width = context->width;
	frame->height = context->height;
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	bench->sender.pts += FRAME_US;
	frame->pts = bench->sender.pts;
	for (int y = 0; y < frame->height; y++) {
		for (int x = 0; x < frame->width; x++)
			frame->data[0][y * frame->linesize[0] + x] = luma(frame->pts, x, y);
	}
	for (int i = 1; i < 3; i++)
		memset(frame->data[i], 100 + i, (size_t)(frame->linesize[i] * frame->height / 2));
	frame->pict_type = idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	assert_int_equal(avcodec_send_frame(context, frame), 0);
	assert_int_equal(avcodec_receive_packet(context, packet), 0);
	av_frame_free(&frame);
	return packet;
}

static struct bench *make_bench(struct bench *bench, const struct fake_m2m_config *config)
{
	size_t n_software;
	const struct vdec_kind *software = vdec_libav_kinds(&n_software);
	struct vdec_settings settings = {
		.kinds = bench->kinds,
		.n_kinds = 2,
		.names = {"decode_m2m", "h264"},
		.n_names = 2,
	};

	*bench = (struct bench){.device = fake_m2m_create(config)};
	bench->kinds[0] = decode_m2m_kind(fake_m2m_sys(bench->device));
	bench->kinds[1] = software[0];
	assert_int_equal(vdec_create(&settings, &bench->vdec), 0);
	begin_stream(bench, WIDTH, HEIGHT);
	return bench;
}

static void free_bench(struct bench *bench)
{
	avcodec_free_context(&bench->sender.context);
	vdec_destroy(bench->vdec);
	fake_m2m_destroy(bench->device);
}

/* Sends the next picture and gives what came out, if something did. */
static enum vdec_result pass(struct bench *bench, bool idr, AVFrame **ret_picture)
{
	AVPacket *packet = next_packet(bench, idr);
	enum vdec_result result = vdec_decode(bench->vdec, packet, ret_picture);

	av_packet_free(&packet);
	return result;
}

/* Lossless on both sides: the picture is what was sent, bit for bit. */
static void assert_picture(const struct bench *bench, const AVFrame *picture)
{
	const AVCodecContext *context = bench->sender.context;

	assert_int_equal(picture->width, context->width);
	assert_int_equal(picture->height, context->height);
	for (int y = 0; y < picture->height; y++) {
		for (int x = 0; x < picture->width; x++)
			assert_int_equal(picture->data[0][y * picture->linesize[0] + x],
					 luma(picture->pts, x, y));
	}
	if (picture->format == AV_PIX_FMT_NV12) {
		assert_int_equal(picture->data[1][2], 101);
		assert_int_equal(picture->data[1][3], 102);
	} else {
		assert_int_equal(picture->data[1][1], 101);
		assert_int_equal(picture->data[2][1], 102);
	}
}

/* Each comes out at once. */
static void assert_passes(struct bench *bench, int count)
{
	for (int i = 0; i < count; i++) {
		AVFrame *picture = NULL;

		assert_int_equal(pass(bench, false, &picture), VDEC_PICTURE);
		assert_int_equal(picture->pts, bench->sender.pts);
		assert_picture(bench, picture);
		av_frame_free(&picture);
	}
}

static void gives_pictures_at_once(void **state)
{
	static const struct {
		uint32_t fourcc;
		bool multiplanar;
		uint32_t align;
	} cases[] = {
		{V4L2_PIX_FMT_YUV420, false, 0}, {V4L2_PIX_FMT_YUV420, true, 64},
		{V4L2_PIX_FMT_NV12, false, 0},   {V4L2_PIX_FMT_NV12, true, 16},
		{V4L2_PIX_FMT_NV12M, true, 128}, {V4L2_PIX_FMT_YUV420M, true, 32},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fake_m2m_config config = {
			.is_decoder = true,
			.pixels = {cases[i].fourcc},
			.multiplanar = cases[i].multiplanar,
			.align = cases[i].align,
		};
		struct bench own, *bench = make_bench(&own, &config);

		assert_passes(bench, 20);
		assert_string_equal(vdec_name(bench->vdec), "decode_m2m");
		free_bench(bench);
	}
}

/* A picture outlives the stream, the size and the decoder it came from. */
static void follows_the_size_of_the_stream(void **state)
{
	static const int sizes[][2] = {{320, 180}, {640, 360}, {64, 48}, {320, 180}};
	struct bench own, *bench = make_bench(&own, &plain);
	AVFrame *kept = NULL;
	uint8_t first;

	(void)state;
	assert_int_equal(pass(bench, true, &kept), VDEC_PICTURE);
	first = kept->data[0][0];
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin_stream(bench, sizes[i][0], sizes[i][1]);
		assert_passes(bench, 5);
		assert_string_equal(vdec_name(bench->vdec), "decode_m2m");
	}
	vdec_destroy(bench->vdec);
	bench->vdec = NULL;
	assert_int_equal(kept->data[0][0], first);
	av_frame_free(&kept);
	free_bench(bench);
}

/* A gap: nothing until the next IDR, and nothing of before it. */
static void begins_anew_after_a_gap(void **state)
{
	struct bench own, *bench = make_bench(&own, &plain);
	AVFrame *picture = NULL;
	AVPacket *packet;

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_passes(bench, 3);
		packet = next_packet(bench, false);
		packet->flags |= AV_PKT_FLAG_CORRUPT;
		assert_int_equal(vdec_decode(bench->vdec, packet, &picture), VDEC_NEED_KEYFRAME);
		av_packet_free(&packet);
		assert_int_equal(pass(bench, false, &picture), VDEC_NEED_KEYFRAME);
		assert_int_equal(pass(bench, true, &picture), VDEC_PICTURE);
		assert_picture(bench, picture);
		av_frame_free(&picture);
	}
	assert_passes(bench, 3);
	assert_string_equal(vdec_name(bench->vdec), "decode_m2m");
	free_bench(bench);
}

/* Each fault: the decoder is opened anew once, then software takes over; nothing wrong is shown. */
static void gives_way_to_software(void **state)
{
	static const enum fake_m2m_fault faults[] = {
		FAKE_M2M_STALLS,    FAKE_M2M_BAD_INDEX,   FAKE_M2M_BAD_STRIDE,  FAKE_M2M_BAD_SIZE,
		FAKE_M2M_UNPLUGGED, FAKE_M2M_NO_STREAMON, FAKE_M2M_OTHER_TIMES,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (unsigned int after = 0; after <= 5; after += 5) {
			struct bench own, *bench = make_bench(&own, &plain);
			bool idr = true;
			int packets = 0;

			assert_passes(bench, after ? 3 : 0);
			fake_m2m_set_fault(bench->device, faults[i], 0);
			/* what streams already is asked for its format again by another size */
			begin_stream(bench, WIDTH / 2, HEIGHT / 2);
			while (!vdec_name(bench->vdec) ||
			       strcmp(vdec_name(bench->vdec), "h264") != 0) {
				AVFrame *picture = NULL;

				assert_true(packets++ < 80);
				idr = pass(bench, idr, &picture) == VDEC_NEED_KEYFRAME;
				if (picture)
					assert_picture(bench, picture);
				av_frame_free(&picture);
			}
			assert_passes(bench, 3);
			free_bench(bench);
		}
	}
}

/* What is damaged is not shown, and the device goes on at the next IDR. */
static void shows_nothing_damaged(void **state)
{
	static const enum fake_m2m_fault faults[] = {FAKE_M2M_DAMAGES, FAKE_M2M_CUTS,
						     FAKE_M2M_BAD_LENGTH};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct bench own, *bench = make_bench(&own, &plain);
		AVFrame *picture = NULL;

		assert_passes(bench, 3);
		fake_m2m_set_fault(bench->device, faults[i], 0);
		assert_int_equal(pass(bench, false, &picture), VDEC_NEED_KEYFRAME);
		fake_m2m_set_fault(bench->device, FAKE_M2M_SOUND, 0);
		assert_int_equal(pass(bench, true, &picture), VDEC_PICTURE);
		av_frame_free(&picture);
		assert_passes(bench, 3);
		assert_string_equal(vdec_name(bench->vdec), "decode_m2m");
		free_bench(bench);
	}
}

static void says_why_there_is_none(void **state)
{
	static const struct {
		struct fake_m2m_config config;
		const char *why;
	} cases[] = {
		{{.pixels = {V4L2_PIX_FMT_NV12}},
		 "no V4L2 decoder of H.264 among the video devices, 1 in all"},
		{{.is_decoder = true, .open_error = EBUSY}, "/dev/video0: Device or resource busy"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench own, *bench = make_bench(&own, &cases[i].config);
		char fault[VDEC_FAULT_BYTES] = "";
		struct vdec_codec *codec;

		assert_int_equal(bench->kinds[0].ops->open(bench->kinds[0].context, &codec, fault),
				 -ENODEV);
		assert_string_equal(fault, cases[i].why);
		assert_passes(bench, 3);
		assert_string_equal(vdec_name(bench->vdec), "h264");
		free_bench(bench);
	}
}

static void runs_out_of_memory_cleanly(void **state)
{
	bool armed = true;

	(void)state;
	for (unsigned int n = 1; armed; n++) {
		struct bench own, *bench = make_bench(&own, &plain);
		AVPacket *packet = next_packet(bench, true);
		AVFrame *picture = NULL;

		fake_alloc_arm(n);
		(void)vdec_decode(bench->vdec, packet, &picture);
		armed = fake_alloc_disarm();
		assert_true(armed || picture);
		av_frame_free(&picture);
		av_packet_free(&packet);
		free_bench(bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_pictures_at_once),
		cmocka_unit_test(follows_the_size_of_the_stream),
		cmocka_unit_test(begins_anew_after_a_gap),
		cmocka_unit_test(gives_way_to_software),
		cmocka_unit_test(shows_nothing_damaged),
		cmocka_unit_test(says_why_there_is_none),
		cmocka_unit_test(runs_out_of_memory_cleanly),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
