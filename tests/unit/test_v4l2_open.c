/* drivers/camera_v4l2: finding a device and agreeing with it, over a kernel that may lie. */
#include <drm_fourcc.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "drivers/camera_v4l2.h"
#include "tests/fake/v4l2_bench.h"

#define CAPTURE V4L2_BENCH_CAPTURE
#define CAPTURE_MPLANE V4L2_BENCH_CAPTURE_MPLANE

enum { WIDTH = V4L2_BENCH_WIDTH, HEIGHT = V4L2_BENCH_HEIGHT };

static void finds_the_first_that_captures(void **state)
{
	static const struct {
		const char *name;
		const char *card;
		uint32_t caps;
	} nodes[] = {
		{"video10", "Tenth", CAPTURE},
		{"video1", "Metadata", V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING},
		{"video2", "Converter", CAPTURE | V4L2_CAP_VIDEO_OUTPUT},
		{"video3", "Codec", V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING},
		{"video4", "Reader", V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_READWRITE},
		{"video5", "Fifth", CAPTURE_MPLANE},
	};
	struct v4l2_bench *bench = *state;

	bench->node->caps = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct fake_v4l2_node *node = fake_v4l2_add(bench->fake, nodes[i].name);

		v4l2_bench_describe(node, nodes[i].caps, V4L2_PIX_FMT_NV12);
		node->card = nodes[i].card;
	}
	assert_int_equal(v4l2_bench_open_named(bench, "auto"), CAM_OK);
	assert_string_equal(bench->got.device, "Fifth (/dev/video5)");
	assert_int_equal(v4l2_bench_open_named(bench, "Tenth"), CAM_OK);
	assert_string_equal(bench->got.device, "Tenth (/dev/video10)");
	assert_int_equal(v4l2_bench_open_named(bench, "/dev/video10"), CAM_OK);
	assert_string_equal(bench->got.device, "Tenth (/dev/video10)");
	assert_int_equal(v4l2_bench_open_named(bench, "Converter"), CAM_ABSENT);
	assert_int_equal(v4l2_bench_open_named(bench, "No such card"), CAM_ABSENT);
	assert_int_equal(v4l2_bench_open_named(bench, "/dev/video3"), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "/dev/video3 is no camera");
	assert_int_equal(v4l2_bench_open_named(bench, "/dev/video77"), CAM_ABSENT);
}

static void tells_why_a_device_cannot_be_opened(void **state)
{
	static const struct {
		int error;
		enum cam_result by_path;
		enum cam_result by_name;
	} cases[] = {
		{ENOENT, CAM_ABSENT, CAM_ABSENT}, {ENODEV, CAM_ABSENT, CAM_ABSENT},
		{ENXIO, CAM_ABSENT, CAM_ABSENT},  {EBUSY, CAM_BUSY, CAM_BUSY},
		{EACCES, CAM_FAILED, CAM_FAILED},
	};
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench->node->open_error = cases[i].error;
		assert_int_equal(v4l2_bench_open_named(bench, "/dev/video0"), cases[i].by_path);
		assert_int_equal(v4l2_bench_open_named(bench, "auto"), cases[i].by_name);
	}
	assert_string_equal(bench->cam->fault, "auto: Permission denied");
	assert_int_equal(camera_v4l2_create("", NULL, &bench->cam), -EINVAL);
}

/* A device that is busy does not hide one that is not. */
static void goes_past_what_it_cannot_have(void **state)
{
	struct v4l2_bench *bench = *state;

	bench->node->open_error = EBUSY;
	v4l2_bench_describe(fake_v4l2_add(bench->fake, "video1"), CAPTURE, V4L2_PIX_FMT_NV12);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	assert_string_equal(bench->got.device, "Fake Camera (/dev/video1)");
}

#define DISCRETE V4L2_FRMSIZE_TYPE_DISCRETE
#define STEPWISE V4L2_FRMSIZE_TYPE_STEPWISE
#define CONTINUOUS V4L2_FRMSIZE_TYPE_CONTINUOUS

static const struct negotiation {
	struct fake_v4l2_format formats[FAKE_V4L2_FORMATS];
	int width;
	int height;
	int fps;
	uint32_t fourcc; /* what is set then */
	uint32_t set_width;
	uint32_t set_height;
} negotiations[] = {
	/* the preferred format, though listed last */
	{{{V4L2_PIX_FMT_MJPEG, DISCRETE, {{1280, 720, {30}}}},
	  {V4L2_PIX_FMT_YUYV, DISCRETE, {{1280, 720, {30}}}},
	  {V4L2_PIX_FMT_NV12, DISCRETE, {{1280, 720, {30}}}}},
	 1280,
	 720,
	 30,
	 V4L2_PIX_FMT_NV12,
	 1280,
	 720},
	/* the rate weighs more than the format */
	{{{V4L2_PIX_FMT_YUYV, DISCRETE, {{640, 480, {30}}, {1280, 720, {10, 5}}}},
	  {V4L2_PIX_FMT_MJPEG, DISCRETE, {{640, 480, {30}}, {1280, 720, {60, 30}}}}},
	 1280,
	 720,
	 30,
	 V4L2_PIX_FMT_MJPEG,
	 1280,
	 720},
	/* and the size more than the rate */
	{{{V4L2_PIX_FMT_YUYV, DISCRETE, {{1920, 1080, {5}}, {640, 480, {30}}}}},
	 1920,
	 1080,
	 30,
	 V4L2_PIX_FMT_YUYV,
	 1920,
	 1080},
	/* the nearest of the sizes */
	{{{V4L2_PIX_FMT_YUV420,
	   DISCRETE,
	   {{320, 240, {30}}, {640, 480, {30}}, {1600, 1200, {30}}}}},
	 800,
	 600,
	 30,
	 V4L2_PIX_FMT_YUV420,
	 640,
	 480},
	/* a range of sizes, in steps and without, and beyond its ends */
	{{{V4L2_PIX_FMT_NV12, STEPWISE, {{48, 32, {30}}, {1920, 1200, {0}}}}},
	 1366,
	 769,
	 30,
	 V4L2_PIX_FMT_NV12,
	 1360,
	 768},
	{{{V4L2_PIX_FMT_NV12, CONTINUOUS, {{48, 32, {30}}, {1920, 1200, {0}}}}},
	 1366,
	 769,
	 30,
	 V4L2_PIX_FMT_NV12,
	 1366,
	 769},
	{{{V4L2_PIX_FMT_NV12, STEPWISE, {{48, 32, {30}}, {1920, 1200, {0}}}}},
	 4096,
	 2160,
	 30,
	 V4L2_PIX_FMT_NV12,
	 1920,
	 1200},
	{{{V4L2_PIX_FMT_NV12, STEPWISE, {{640, 480, {30}}, {1920, 1200, {0}}}}},
	 16,
	 16,
	 30,
	 V4L2_PIX_FMT_NV12,
	 640,
	 480},
	/* no sizes and no rates listed: asked for as wanted */
	{{{V4L2_PIX_FMT_YUYV, DISCRETE, {{0}}}}, 720, 576, 25, V4L2_PIX_FMT_YUYV, 720, 576},
	/* formats that are not ours, sizes that are none */
	{{{V4L2_PIX_FMT_SBGGR8, DISCRETE, {{1280, 720, {30}}}},
	  {V4L2_PIX_FMT_YUYV, DISCRETE, {{8, 8, {30}}, {100000, 100000, {30}}, {640, 480, {30}}}}},
	 1280,
	 720,
	 30,
	 V4L2_PIX_FMT_YUYV,
	 640,
	 480},
};

static void agrees_on_the_best(void **state)
{
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(negotiations) / sizeof(negotiations[0]); i++) {
		const struct negotiation *negotiation = &negotiations[i];
		struct fake_v4l2_counts counts;

		memcpy(bench->node->formats, negotiation->formats, sizeof(negotiation->formats));
		bench->want.width = negotiation->width;
		bench->want.height = negotiation->height;
		bench->want.fps = negotiation->fps;
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
		counts = fake_v4l2_get_counts(bench->fake);
		assert_int_equal(counts.fourcc, negotiation->fourcc);
		assert_int_equal(counts.width, negotiation->set_width);
		assert_int_equal(counts.height, negotiation->set_height);
		assert_int_equal(counts.fps, negotiation->fps);
		assert_true(counts.streaming);
		assert_int_equal(bench->got.width, negotiation->set_width & ~1U);
		assert_int_equal(bench->got.height, negotiation->set_height & ~1U);
		assert_int_equal(bench->got.frame_us, CLOCK_US_PER_S / negotiation->fps);
	}
}

static void fails_without_a_wanted_format(void **state)
{
	struct v4l2_bench *bench = *state;

	bench->want.formats[0] = CAM_FORMAT_MJPEG;
	bench->want.n_formats = 1;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "it has none of the wanted formats");
	/* one memory a plane is not for a device with the single-planar API */
	bench->node->formats[0].fourcc = V4L2_PIX_FMT_NV12M;
	bench->want.formats[0] = CAM_FORMAT_NV12;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_FAILED);
}

/* Whatever the kernel answers to the format and the buffers is checked; nothing is left behind. */
static void refuses_the_impossible(void **state)
{
	static const struct {
		uint32_t caps;
		uint32_t fourcc;
		struct fake_v4l2_lies lies;
	} cases[] = {
		{CAPTURE, V4L2_PIX_FMT_NV12, {.width = 1}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.width = 1 << 30}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.height = 1U << 31}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.height = HEIGHT + 16}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.fourcc = V4L2_PIX_FMT_SBGGR8}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.field = V4L2_FIELD_ALTERNATE}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.pitch = {WIDTH - 1}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.pitch = {WIDTH + 1}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.pitch = {UINT32_MAX}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.size = {WIDTH * HEIGHT}}},
		{CAPTURE, V4L2_PIX_FMT_YUYV, {.pitch = {WIDTH}}},
		{CAPTURE, V4L2_PIX_FMT_YUV420, {.pitch = {WIDTH - 2}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.n_buffers = 1}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.n_buffers = 33}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.n_buffers = UINT32_MAX}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.length = WIDTH * HEIGHT}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.n_planes = 1}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.n_planes = 255}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.pitch = {0, WIDTH - 1}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.pitch = {0, UINT32_MAX}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.size = {0, 1}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_YUV420M, {.pitch = {0, 0, 1}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_YUV420M, {.length = 1}},
	};
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_v4l2_counts counts;

		v4l2_bench_describe(bench->node, cases[i].caps, cases[i].fourcc);
		bench->node->lies = cases[i].lies;
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_FAILED);
		assert_true(bench->cam->fault[0]);
		counts = fake_v4l2_get_counts(bench->fake);
		assert_int_equal(counts.open, 0);
		assert_int_equal(counts.mapped, 0);
		assert_int_equal(counts.exported, 0);
	}
}

/* Each call that may fail, with each error that means something. */
static void tells_why_it_cannot_start(void **state)
{
	static const unsigned long requests[] = {
		VIDIOC_S_FMT, VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF, VIDIOC_STREAMON,
	};
	static const struct {
		int error;
		enum cam_result result;
	} errors[] = {{EBUSY, CAM_BUSY}, {ENODEV, CAM_UNPLUGGED}, {EINVAL, CAM_FAILED}};
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			bench->node->lies.error_request = requests[i];
			bench->node->lies.error = errors[j].error;
			assert_int_equal(v4l2_bench_open_camera(bench), errors[j].result);
			assert_int_equal(fake_v4l2_get_counts(bench->fake).open, 0);
			assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
		}
	}
	assert_string_equal(bench->cam->fault, "start the stream: Invalid argument");
	bench->node->lies.error = 0;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
}

/* What the device need not be able to do. */
static void does_without_what_is_optional(void **state)
{
	static const unsigned long requests[] = {
		VIDIOC_S_PARM,    VIDIOC_ENUM_FRAMESIZES,  VIDIOC_ENUM_FRAMEINTERVALS,
		VIDIOC_EXPBUF,    VIDIOC_SUBSCRIBE_EVENT,  VIDIOC_G_INPUT,
		VIDIOC_ENUMINPUT, VIDIOC_QUERY_DV_TIMINGS,
	};
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		AVFrame *frame;

		bench->node->lies.error_request = requests[i];
		bench->node->lies.error = ENOTTY;
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
		assert_int_equal(bench->got.frame_us, CLOCK_US_PER_S / 30);
		v4l2_bench_shoot(bench, 1);
		frame = v4l2_bench_take(bench, NULL);
		assert_int_equal(cam_frame_dmabuf(frame) == NULL, requests[i] == VIDIOC_EXPBUF);
		av_frame_free(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		V4L2_BENCH_TEST(finds_the_first_that_captures),
		V4L2_BENCH_TEST(tells_why_a_device_cannot_be_opened),
		V4L2_BENCH_TEST(goes_past_what_it_cannot_have),
		V4L2_BENCH_TEST(agrees_on_the_best),
		V4L2_BENCH_TEST(fails_without_a_wanted_format),
		V4L2_BENCH_TEST(refuses_the_impossible),
		V4L2_BENCH_TEST(tells_why_it_cannot_start),
		V4L2_BENCH_TEST(does_without_what_is_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
