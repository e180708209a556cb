/* drivers/camera_v4l2: finding, agreeing, streaming and controls, over a kernel that may lie. */
#include "base/clock.h"
#include "base/queue.h"
#include "base/thread.h"
#include "drivers/camera_v4l2.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_v4l2.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_US (20 * CLOCK_US_PER_S)
#define CAPTURE (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING)
#define CAPTURE_MPLANE (V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING)

enum { WIDTH = 320, HEIGHT = 240, BUFFERS = 4 };

struct bench {
	struct fake_v4l2 *fake;
	struct fake_v4l2_node *node;
	struct cam *cam;
	struct cam_want want;
	struct cam_got got;
	uint32_t sequence;
};

static void describe(struct fake_v4l2_node *node, uint32_t caps, uint32_t fourcc)
{
	node->card = "Fake Camera";
	node->caps = caps;
	node->exports = true;
	node->formats[0] = (struct fake_v4l2_format){
		.fourcc = fourcc,
		.size_type = V4L2_FRMSIZE_TYPE_DISCRETE,
		.sizes = {{WIDTH, HEIGHT, {30}}},
	};
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->fake = fake_v4l2_create();
	assert_non_null(bench->fake);
	bench->node = fake_v4l2_add(bench->fake, "video0");
	describe(bench->node, CAPTURE, V4L2_PIX_FMT_NV12);
	bench->want = (struct cam_want){
		.width = WIDTH,
		.height = HEIGHT,
		.fps = 30,
		.formats = {CAM_FORMAT_NV12, CAM_FORMAT_I420, CAM_FORMAT_YUYV, CAM_FORMAT_MJPEG},
		.n_formats = 4,
	};
	*state = bench;
	return 0;
}

/* The fake makes sure that nothing is left open, mapped or exported. */
static int tear_down(void **state)
{
	struct bench *bench = *state;

	cam_destroy(bench->cam);
	fake_v4l2_destroy(bench->fake);
	free(bench);
	return 0;
}

static enum cam_result open_named(struct bench *bench, const char *name)
{
	cam_destroy(bench->cam);
	assert_int_equal(camera_v4l2_create(name, fake_v4l2_sys(bench->fake), &bench->cam), 0);
	return bench->cam->ops->open(bench->cam, &bench->want, &bench->got);
}

static enum cam_result open_camera(struct bench *bench)
{
	return open_named(bench, "auto");
}

static enum cam_result next(struct bench *bench, struct cam_picture *ret_picture)
{
	return bench->cam->ops->next(bench->cam, clock_now_us() + LONG_US, ret_picture);
}

static struct fake_v4l2_shot shot_of(struct bench *bench, uint8_t fill)
{
	return (struct fake_v4l2_shot){
		.fill = fill,
		.time_us = clock_now_us() - 1000,
		.sequence = bench->sequence++,
	};
}

static void shoot(struct bench *bench, uint8_t fill)
{
	const struct fake_v4l2_shot shot = shot_of(bench, fill);

	assert_true(fake_v4l2_shoot(bench->fake, &shot));
}

static AVFrame *take(struct bench *bench, uint32_t *ret_skipped)
{
	struct cam_picture picture;

	assert_int_equal(next(bench, &picture), CAM_OK);
	assert_non_null(picture.frame);
	assert_null(picture.coded);
	if (ret_skipped)
		*ret_skipped = picture.skipped;
	return picture.frame;
}

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
	struct bench *bench = *state;

	bench->node->caps = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct fake_v4l2_node *node = fake_v4l2_add(bench->fake, nodes[i].name);

		describe(node, nodes[i].caps, V4L2_PIX_FMT_NV12);
		node->card = nodes[i].card;
	}
	assert_int_equal(open_named(bench, "auto"), CAM_OK);
	assert_string_equal(bench->got.device, "Fifth (/dev/video5)");
	assert_int_equal(open_named(bench, "Tenth"), CAM_OK);
	assert_string_equal(bench->got.device, "Tenth (/dev/video10)");
	assert_int_equal(open_named(bench, "/dev/video10"), CAM_OK);
	assert_string_equal(bench->got.device, "Tenth (/dev/video10)");
	assert_int_equal(open_named(bench, "Converter"), CAM_ABSENT);
	assert_int_equal(open_named(bench, "No such card"), CAM_ABSENT);
	assert_int_equal(open_named(bench, "/dev/video3"), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "/dev/video3 is no camera");
	assert_int_equal(open_named(bench, "/dev/video77"), CAM_ABSENT);
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
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench->node->open_error = cases[i].error;
		assert_int_equal(open_named(bench, "/dev/video0"), cases[i].by_path);
		assert_int_equal(open_named(bench, "auto"), cases[i].by_name);
	}
	assert_string_equal(bench->cam->fault, "auto: Permission denied");
	assert_int_equal(camera_v4l2_create("", NULL, &bench->cam), -EINVAL);
}

/* A device that is busy does not hide one that is not. */
static void goes_past_what_it_cannot_have(void **state)
{
	struct bench *bench = *state;

	bench->node->open_error = EBUSY;
	describe(fake_v4l2_add(bench->fake, "video1"), CAPTURE, V4L2_PIX_FMT_NV12);
	assert_int_equal(open_camera(bench), CAM_OK);
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
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(negotiations) / sizeof(negotiations[0]); i++) {
		const struct negotiation *negotiation = &negotiations[i];
		struct fake_v4l2_counts counts;

		memcpy(bench->node->formats, negotiation->formats, sizeof(negotiation->formats));
		bench->want.width = negotiation->width;
		bench->want.height = negotiation->height;
		bench->want.fps = negotiation->fps;
		assert_int_equal(open_camera(bench), CAM_OK);
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
	struct bench *bench = *state;

	bench->want.formats[0] = CAM_FORMAT_MJPEG;
	bench->want.n_formats = 1;
	assert_int_equal(open_camera(bench), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "it has none of the wanted formats");
	/* one memory a plane is not for a device with the single-planar API */
	bench->node->formats[0].fourcc = V4L2_PIX_FMT_NV12M;
	bench->want.formats[0] = CAM_FORMAT_NV12;
	assert_int_equal(open_camera(bench), CAM_FAILED);
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
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_v4l2_counts counts;

		describe(bench->node, cases[i].caps, cases[i].fourcc);
		bench->node->lies = cases[i].lies;
		assert_int_equal(open_camera(bench), CAM_FAILED);
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
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			bench->node->lies.error_request = requests[i];
			bench->node->lies.error = errors[j].error;
			assert_int_equal(open_camera(bench), errors[j].result);
			assert_int_equal(fake_v4l2_get_counts(bench->fake).open, 0);
			assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
		}
	}
	assert_string_equal(bench->cam->fault, "start the stream: Invalid argument");
	bench->node->lies.error = 0;
	assert_int_equal(open_camera(bench), CAM_OK);
}

/* What the device need not be able to do. */
static void does_without_what_is_optional(void **state)
{
	static const unsigned long requests[] = {
		VIDIOC_S_PARM,    VIDIOC_ENUM_FRAMESIZES,  VIDIOC_ENUM_FRAMEINTERVALS,
		VIDIOC_EXPBUF,    VIDIOC_SUBSCRIBE_EVENT,  VIDIOC_G_INPUT,
		VIDIOC_ENUMINPUT, VIDIOC_QUERY_DV_TIMINGS,
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		AVFrame *frame;

		bench->node->lies.error_request = requests[i];
		bench->node->lies.error = ENOTTY;
		assert_int_equal(open_camera(bench), CAM_OK);
		assert_int_equal(bench->got.frame_us, CLOCK_US_PER_S / 30);
		shoot(bench, 1);
		frame = take(bench, NULL);
		assert_int_equal(cam_frame_dmabuf(frame) == NULL, requests[i] == VIDIOC_EXPBUF);
		av_frame_free(&frame);
	}
}

/* A format, and where its planes are expected. */
static const struct placement {
	uint32_t caps;
	uint32_t fourcc;
	enum AVPixelFormat pixels;
	uint32_t drm;
	int pitches[3];
	int memories;
	int memory_of_second;
	uint32_t offset_of_second;
} placements[] = {
	{CAPTURE,
	 V4L2_PIX_FMT_NV12,
	 AV_PIX_FMT_NV12,
	 DRM_FORMAT_NV12,
	 {WIDTH, WIDTH},
	 1,
	 0,
	 WIDTH *HEIGHT},
	{CAPTURE_MPLANE,
	 V4L2_PIX_FMT_NV12,
	 AV_PIX_FMT_NV12,
	 DRM_FORMAT_NV12,
	 {WIDTH, WIDTH},
	 1,
	 0,
	 WIDTH *HEIGHT},
	{CAPTURE_MPLANE,
	 V4L2_PIX_FMT_NV12M,
	 AV_PIX_FMT_NV12,
	 DRM_FORMAT_NV12,
	 {WIDTH, WIDTH},
	 2,
	 1,
	 0},
	{CAPTURE,
	 V4L2_PIX_FMT_YUV420,
	 AV_PIX_FMT_YUV420P,
	 DRM_FORMAT_YUV420,
	 {WIDTH, WIDTH / 2, WIDTH / 2},
	 1,
	 0,
	 WIDTH *HEIGHT},
	{CAPTURE_MPLANE,
	 V4L2_PIX_FMT_YUV420M,
	 AV_PIX_FMT_YUV420P,
	 DRM_FORMAT_YUV420,
	 {WIDTH, WIDTH / 2, WIDTH / 2},
	 3,
	 1,
	 0},
	{CAPTURE, V4L2_PIX_FMT_YUYV, AV_PIX_FMT_YUYV422, DRM_FORMAT_YUYV, {2 * WIDTH}, 1, 0, 0},
};

static void assert_planes(const AVFrame *frame, const struct placement *placement, uint8_t fill)
{
	assert_int_equal(frame->format, placement->pixels);
	assert_int_equal(frame->width, WIDTH);
	assert_int_equal(frame->height, HEIGHT);
	for (int i = 0; i < 3; i++) {
		int lines = i > 0 ? HEIGHT / 2 : HEIGHT;

		assert_int_equal(frame->linesize[i], placement->pitches[i]);
		for (int j = 0; j < frame->linesize[i] * lines; j++)
			assert_int_equal(frame->data[i][j], fill);
	}
}

static void assert_dmabuf(const AVFrame *frame, const struct placement *placement)
{
	const AVDRMFrameDescriptor *dmabuf = cam_frame_dmabuf(frame);
	const AVDRMPlaneDescriptor *planes;

	assert_non_null(dmabuf);
	planes = dmabuf->layers[0].planes;
	assert_int_equal(dmabuf->nb_objects, placement->memories);
	assert_int_equal(dmabuf->layers[0].format, placement->drm);
	for (int i = 0; i < dmabuf->layers[0].nb_planes; i++)
		assert_int_equal(planes[i].pitch, placement->pitches[i]);
	if (placement->pitches[1]) {
		assert_int_equal(planes[1].object_index, placement->memory_of_second);
		assert_int_equal(planes[1].offset, placement->offset_of_second);
	}
}

static void gives_pictures_of_each_format(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(placements) / sizeof(placements[0]); i++) {
		struct fake_v4l2_shot shot = shot_of(bench, 77);
		AVFrame *frame;

		describe(bench->node, placements[i].caps, placements[i].fourcc);
		assert_int_equal(open_camera(bench), CAM_OK);
		assert_true(fake_v4l2_shoot(bench->fake, &shot));
		frame = take(bench, NULL);
		assert_int_equal(frame->pts, shot.time_us);
		assert_int_equal(frame->color_range, AVCOL_RANGE_MPEG);
		assert_false(av_frame_is_writable(frame));
		assert_planes(frame, &placements[i], 77);
		assert_dmabuf(frame, &placements[i]);
		av_frame_free(&frame);
	}
}

static void gives_jpeg_as_packets(void **state)
{
	struct bench *bench = *state;
	struct fake_v4l2_shot shot = shot_of(bench, 0xd8);
	struct cam_picture picture;

	describe(bench->node, CAPTURE, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(open_camera(bench), CAM_OK);
	assert_int_equal(bench->got.format, CAM_FORMAT_MJPEG);
	shot.used[0] = 1234;
	assert_true(fake_v4l2_shoot(bench->fake, &shot));
	assert_int_equal(next(bench, &picture), CAM_OK);
	assert_null(picture.frame);
	assert_int_equal(picture.coded->size, 1234);
	assert_int_equal(picture.coded->data[1233], 0xd8);
	assert_int_equal(picture.coded->pts, shot.time_us);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
	av_packet_free(&picture.coded);
}

static void takes_the_time_of_the_right_clock_alone(void **state)
{
	struct bench *bench = *state;
	const int64_t now_us = clock_now_us();
	struct fake_v4l2_shot shots[] = {
		{.time_us = now_us - 5000, .other_clock = true},
		{.time_us = now_us + 10 * CLOCK_US_PER_S},
		{.time_us = 0},
	};

	assert_int_equal(open_camera(bench), CAM_OK);
	for (size_t i = 0; i < sizeof(shots) / sizeof(shots[0]); i++) {
		AVFrame *frame;

		shots[i].sequence = (uint32_t)i;
		assert_true(fake_v4l2_shoot(bench->fake, &shots[i]));
		frame = take(bench, NULL);
		assert_in_range(frame->pts, now_us, clock_now_us());
		av_frame_free(&frame);
	}
}

static void gives_the_newest_and_the_others_back(void **state)
{
	struct bench *bench = *state;
	uint32_t skipped;
	AVFrame *frame;

	assert_int_equal(open_camera(bench), CAM_OK);
	for (uint8_t fill = 1; fill <= 3; fill++)
		shoot(bench, fill);
	frame = take(bench, &skipped);
	assert_int_equal(frame->data[0][0], 3);
	assert_int_equal(skipped, 2);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS - 1);
	av_frame_free(&frame);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
	/* pictures that the driver lost show as a gap in its count */
	bench->sequence += 5;
	shoot(bench, 9);
	frame = take(bench, &skipped);
	assert_int_equal(skipped, 5);
	av_frame_free(&frame);
}

/* Readers that hold every buffer make the camera wait, no more. */
static void waits_while_all_buffers_are_read(void **state)
{
	struct bench *bench = *state;
	AVFrame *frames[BUFFERS];
	struct cam_picture picture;

	assert_int_equal(open_camera(bench), CAM_OK);
	for (int i = 0; i < BUFFERS; i++) {
		shoot(bench, (uint8_t)i);
		frames[i] = take(bench, NULL);
	}
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, 0);
	assert_int_equal(bench->cam->ops->next(bench->cam, clock_now_us() + 1000, &picture),
			 CAM_TIMEOUT);
	for (int i = 0; i < BUFFERS; i++) {
		assert_int_equal(frames[i]->data[0][0], i);
		av_frame_free(&frames[i]);
	}
	shoot(bench, 50);
	frames[0] = take(bench, NULL);
	assert_int_equal(frames[0]->data[0][0], 50);
	av_frame_free(&frames[0]);
}

/* A picture outlives close, a new open, and the camera itself. */
static void pictures_outlive_the_camera(void **state)
{
	struct bench *bench = *state;
	AVFrame *before, *after;

	assert_int_equal(open_camera(bench), CAM_OK);
	shoot(bench, 11);
	before = take(bench, NULL);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_OK);
	shoot(bench, 22);
	after = take(bench, NULL);
	cam_destroy(bench->cam);
	bench->cam = NULL;
	assert_int_equal(fake_v4l2_get_counts(bench->fake).open, 0);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 2);
	assert_int_equal(before->data[0][WIDTH * HEIGHT - 1], 11);
	assert_int_equal(after->data[0][WIDTH * HEIGHT - 1], 22);
	av_frame_free(&before);
	av_frame_free(&after);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
}

static void frame_free(void *item)
{
	AVFrame *frame = item;

	av_frame_free(&frame);
}

static void release_all(void *context)
{
	void *item;

	while (queue_pop(context, INT64_MAX, &item) == 0)
		frame_free(item);
}

/* Pictures are released by another thread, while the camera runs and after it was closed. */
static void pictures_are_released_by_any_thread(void **state)
{
	struct bench *bench = *state;
	struct queue *queue;
	struct thread *thread;
	int taken = 0;

	assert_int_equal(queue_create(BUFFERS, QUEUE_WAIT, frame_free, &queue), 0);
	assert_int_equal(thread_start("release", release_all, queue, &thread), 0);
	assert_int_equal(open_camera(bench), CAM_OK);
	while (taken < 200) {
		const struct fake_v4l2_shot shot = shot_of(bench, (uint8_t)taken);
		struct cam_picture picture;

		/* the other thread may have all of them just now */
		if (!fake_v4l2_shoot(bench->fake, &shot))
			continue;
		assert_int_equal(next(bench, &picture), CAM_OK);
		assert_int_equal(queue_push(queue, picture.frame, clock_now_us() + LONG_US), 0);
		taken++;
	}
	bench->cam->ops->close(bench->cam);
	queue_close(queue);
	thread_join(thread);
	queue_destroy(queue);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
}

static void drops_what_is_damaged(void **state)
{
	static const struct {
		uint32_t caps;
		uint32_t fourcc;
		struct fake_v4l2_shot shot;
	} cases[] = {
		{CAPTURE, V4L2_PIX_FMT_NV12, {.flags = V4L2_BUF_FLAG_ERROR}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.used = {WIDTH * HEIGHT * 3 / 2 - 1}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.used = {WIDTH * HEIGHT * 3 / 2 + 1}}},
		{CAPTURE, V4L2_PIX_FMT_NV12, {.used = {UINT32_MAX}}},
		{CAPTURE, V4L2_PIX_FMT_YUYV, {.used = {1}}},
		{CAPTURE, V4L2_PIX_FMT_MJPEG, {.used = {UINT32_MAX}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.used = {0, 1}}},
		{CAPTURE_MPLANE, V4L2_PIX_FMT_NV12M, {.data_offset = 4}},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_v4l2_shot bad = cases[i].shot;
		struct cam_picture picture = {0};

		describe(bench->node, cases[i].caps, cases[i].fourcc);
		assert_int_equal(open_camera(bench), CAM_OK);
		bad.sequence = bench->sequence++;
		assert_true(fake_v4l2_shoot(bench->fake, &bad));
		assert_int_equal(next(bench, &picture), CAM_CORRUPT);
		assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
		/* a whole one beside it is given */
		shoot(bench, 1);
		bad.sequence = bench->sequence++;
		assert_true(fake_v4l2_shoot(bench->fake, &bad));
		assert_int_equal(next(bench, &picture), CAM_OK);
		av_frame_free(&picture.frame);
		av_packet_free(&picture.coded);
	}
}

static void refuses_buffers_that_are_not_out(void **state)
{
	static const uint32_t indices[] = {BUFFERS, 31, UINT32_MAX - 1};
	struct bench *bench = *state;
	struct cam_picture picture;
	AVFrame *frame;

	for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		bench->node->lies.index = 0;
		assert_int_equal(open_camera(bench), CAM_OK);
		bench->node->lies.index = indices[i] + 1;
		shoot(bench, 1);
		assert_int_equal(next(bench, &picture), CAM_FAILED);
		assert_string_equal(bench->cam->fault,
				    "the driver gives a buffer it does not have");
	}
	/* one that a reader holds */
	bench->node->lies.index = 0;
	assert_int_equal(open_camera(bench), CAM_OK);
	shoot(bench, 1);
	frame = take(bench, NULL);
	bench->node->lies.index = 1;
	shoot(bench, 2);
	assert_int_equal(next(bench, &picture), CAM_FAILED);
	assert_int_equal(frame->data[0][0], 1);
	av_frame_free(&frame);
}

static void notices_that_it_was_unplugged(void **state)
{
	struct bench *bench = *state;
	struct cam_picture picture;
	AVFrame *frame;

	assert_int_equal(open_camera(bench), CAM_OK);
	shoot(bench, 33);
	frame = take(bench, NULL);
	fake_v4l2_unplug(bench->fake);
	assert_int_equal(next(bench, &picture), CAM_UNPLUGGED);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(frame->data[0][5], 33);
	bench->node->open_error = ENOENT;
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_ABSENT);
	bench->node->open_error = 0;
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_OK);
	av_frame_free(&frame);
	shoot(bench, 44);
	frame = take(bench, NULL);
	assert_int_equal(frame->data[0][5], 44);
	av_frame_free(&frame);
}

/* The last picture is released while the device is gone and the camera not yet closed. */
static void releases_after_it_was_unplugged(void **state)
{
	struct bench *bench = *state;
	AVFrame *frame;

	assert_int_equal(open_camera(bench), CAM_OK);
	shoot(bench, 33);
	frame = take(bench, NULL);
	fake_v4l2_unplug(bench->fake);
	av_frame_free(&frame);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
}

static void tells_errors_of_the_stream(void **state)
{
	struct bench *bench = *state;
	struct cam_picture picture;

	assert_int_equal(open_camera(bench), CAM_OK);
	bench->node->lies.error_request = VIDIOC_DQBUF;
	bench->node->lies.error = EIO;
	shoot(bench, 1);
	assert_int_equal(next(bench, &picture), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "take a picture: Input/output error");
}

static void tells_that_there_is_no_signal(void **state)
{
	struct bench *bench = *state;
	struct cam_picture picture;

	bench->node->input.status = V4L2_IN_ST_NO_SIGNAL;
	assert_int_equal(open_camera(bench), CAM_NO_SIGNAL);
	bench->node->input.status = 0;
	assert_int_equal(open_camera(bench), CAM_OK);
	/* lost while it runs, told by an event, or found out within a second or so */
	fake_v4l2_change_source(bench->fake);
	assert_int_equal(next(bench, &picture), CAM_NO_SIGNAL);
	assert_int_equal(open_camera(bench), CAM_OK);
	bench->node->input.status = V4L2_IN_ST_NO_SYNC;
	assert_int_equal(bench->cam->ops->next(bench->cam, clock_now_us() + 1100000, &picture),
			 CAM_NO_SIGNAL);
}

static void follows_the_timings_of_a_digital_input(void **state)
{
	struct bench *bench = *state;

	bench->node->input.capabilities = V4L2_IN_CAP_DV_TIMINGS;
	bench->node->timings_error = ENOLINK;
	assert_int_equal(open_camera(bench), CAM_NO_SIGNAL);
	bench->node->timings_error = ENOLCK;
	assert_int_equal(open_camera(bench), CAM_NO_SIGNAL);
	assert_false(fake_v4l2_get_counts(bench->fake).timings_set);
	bench->node->timings_error = 0;
	assert_int_equal(open_camera(bench), CAM_OK);
	assert_true(fake_v4l2_get_counts(bench->fake).timings_set);
}

static void is_woken(void **state)
{
	struct bench *bench = *state;
	struct cam_picture picture;
	int64_t deadline_us;

	assert_int_equal(open_camera(bench), CAM_OK);
	bench->cam->ops->wake(bench->cam);
	assert_int_equal(next(bench, &picture), CAM_TIMEOUT);
	deadline_us = clock_now_us() + 5 * CLOCK_US_PER_MS;
	assert_int_equal(bench->cam->ops->next(bench->cam, deadline_us, &picture), CAM_TIMEOUT);
	assert_true(clock_now_us() >= deadline_us);
}

static void describe_controls(struct fake_v4l2_node *node)
{
	static const struct v4l2_query_ext_ctrl controls[] = {
		{.id = 1, .type = V4L2_CTRL_TYPE_CTRL_CLASS, .name = "User Controls"},
		{.id = 2,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Brightness",
		 .minimum = -64,
		 .maximum = 64,
		 .step = 1,
		 .default_value = 3},
		{.id = 3,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Pan, Absolute",
		 .minimum = -36000,
		 .maximum = 36000,
		 .step = 3600},
		{.id = 4,
		 .type = V4L2_CTRL_TYPE_BOOLEAN,
		 .name = "Focus, Automatic Continuous",
		 .maximum = 1,
		 .step = 1,
		 .default_value = 1},
		{.id = 5, .type = V4L2_CTRL_TYPE_MENU, .name = "Auto Exposure", .maximum = 3},
		{.id = 6, .type = V4L2_CTRL_TYPE_BUTTON, .name = "Pan, Reset"},
		{.id = 7,
		 .type = V4L2_CTRL_TYPE_INTEGER64,
		 .name = "Pixel Rate",
		 .maximum = INT64_C(1) << 40,
		 .step = 1,
		 .flags = V4L2_CTRL_FLAG_READ_ONLY},
		{.id = 8,
		 .type = V4L2_CTRL_TYPE_STRING,
		 .name = "Text",
		 .flags = V4L2_CTRL_FLAG_HAS_PAYLOAD},
		{.id = 9,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Gone",
		 .maximum = 1,
		 .flags = V4L2_CTRL_FLAG_DISABLED},
		{.id = 10,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Upside Down",
		 .minimum = 5,
		 .maximum = 4},
		{.id = 11, .type = V4L2_CTRL_TYPE_INTEGER, .name = "  ..  ", .maximum = 4},
		/* no end of text, and a step that is none */
		{.id = 12,
		 .type = V4L2_CTRL_TYPE_INTEGER64,
		 .minimum = INT64_MIN,
		 .name = "abcdefghijklmnopqrstuvwxyzABCDEF",
		 .maximum = INT64_MAX,
		 .step = UINT64_MAX},
	};

	memcpy(node->controls, controls, sizeof(controls));
	node->values[6] = INT64_C(1) << 33;
}

static void lists_controls_by_name(void **state)
{
	static const struct cam_control expected[] = {
		{"brightness", CAM_CONTROL_INTEGER, -64, 64, 1, 3, false},
		{"pan_absolute", CAM_CONTROL_INTEGER, -36000, 36000, 3600, 0, false},
		{"focus_automatic_continuous", CAM_CONTROL_BOOLEAN, 0, 1, 1, 1, false},
		{"auto_exposure", CAM_CONTROL_MENU, 0, 3, 1, 0, false},
		{"pan_reset", CAM_CONTROL_BUTTON, 0, 0, 1, 0, false},
		{"pixel_rate", CAM_CONTROL_INTEGER, 0, INT64_C(1) << 40, 1, 0, true},
		{"abcdefghijklmnopqrstuvwxyzabcde", CAM_CONTROL_INTEGER, INT64_MIN, INT64_MAX, 1, 0,
		 false},
	};
	struct cam_control controls[CAM_CONTROLS_MAX];
	struct bench *bench = *state;
	size_t count;

	describe_controls(bench->node);
	assert_int_equal(open_camera(bench), CAM_OK);
	assert_int_equal(cam_list_controls(bench->cam, controls, CAM_CONTROLS_MAX, &count), 0);
	assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(controls[i].name, expected[i].name);
		assert_int_equal(controls[i].type, expected[i].type);
		assert_int_equal(controls[i].minimum, expected[i].minimum);
		assert_int_equal(controls[i].maximum, expected[i].maximum);
		assert_int_equal(controls[i].step, expected[i].step);
		assert_int_equal(controls[i].default_value, expected[i].default_value);
		assert_int_equal(controls[i].read_only, expected[i].read_only);
	}
	assert_int_equal(cam_list_controls(bench->cam, controls, 2, &count), 0);
	assert_int_equal(count, 2);
}

static void sets_controls_within_their_ranges(void **state)
{
	static const struct {
		const char *name;
		int64_t value;
		int result;
	} cases[] = {
		{"brightness", 64, 0},
		{"brightness", 65, -ERANGE},
		{"brightness", -65, -ERANGE},
		{"pan_absolute", -36000, 0},
		{"pan_absolute", 7200, 0},
		{"pan_absolute", 7201, -ERANGE},
		{"focus_automatic_continuous", 1, 0},
		{"focus_automatic_continuous", 2, -ERANGE},
		{"auto_exposure", 3, 0},
		{"pan_reset", 12345, 0},
		{"pixel_rate", 1, -EACCES},
		{"abcdefghijklmnopqrstuvwxyzabcde", INT64_MIN, 0},
		{"abcdefghijklmnopqrstuvwxyzabcde", INT64_MAX, 0},
		{"gone", 1, -ENOENT},
		{"", 1, -ENOENT},
	};
	struct bench *bench = *state;
	int64_t value;

	describe_controls(bench->node);
	assert_int_equal(camera_v4l2_create("auto", fake_v4l2_sys(bench->fake), &bench->cam), 0);
	assert_int_equal(cam_set_control(bench->cam, "brightness", 1), -ENODEV);
	assert_int_equal(cam_get_control(bench->cam, "brightness", &value), -ENODEV);
	assert_int_equal(open_camera(bench), CAM_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = cam_set_control(bench->cam, cases[i].name, cases[i].value);

		assert_int_equal(r, cases[i].result);
		if (r == 0 && strcmp(cases[i].name, "pan_reset") != 0) {
			assert_int_equal(cam_get_control(bench->cam, cases[i].name, &value), 0);
			assert_int_equal(value, cases[i].value);
		}
	}
	assert_int_equal(cam_get_control(bench->cam, "pan_reset", &value), -EACCES);
	assert_int_equal(cam_get_control(bench->cam, "pixel_rate", &value), 0);
	assert_int_equal(value, INT64_C(1) << 33);
	assert_int_equal(cam_get_control(bench->cam, "zoom_absolute", &value), -ENOENT);
}

static void writes_controls_as_json(void **state)
{
	struct bench *bench = *state;
	json_t *json, *brightness, *reset;

	describe_controls(bench->node);
	assert_int_equal(open_camera(bench), CAM_OK);
	json = cam_controls_to_json(bench->cam);
	assert_int_equal(json_array_size(json), 7);
	brightness = json_array_get(json, 0);
	assert_string_equal(json_string_value(json_object_get(brightness, "type")), "integer");
	assert_int_equal(json_integer_value(json_object_get(brightness, "minimum")), -64);
	assert_int_equal(json_integer_value(json_object_get(brightness, "value")), 0);
	reset = json_array_get(json, 4);
	assert_string_equal(json_string_value(json_object_get(reset, "type")), "button");
	assert_null(json_object_get(reset, "value"));
	json_decref(json);
	bench->cam->ops->close(bench->cam);
	json = cam_controls_to_json(bench->cam);
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
}

static void runs_out_of_memory_cleanly(void **state)
{
	struct bench *bench = *state;
	const struct v4l2_sys *sys = fake_v4l2_sys(bench->fake);
	enum cam_result result;
	int r;

	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = camera_v4l2_create("/dev/video0", sys, &bench->cam);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(bench->cam);
	}
	assert_int_equal(r, 0);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = bench->cam->ops->open(bench->cam, &bench->want, &bench->got);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, CAM_FAILED);
		assert_int_equal(fake_v4l2_get_counts(bench->fake).open, 0);
	}
	assert_int_equal(result, CAM_OK);
	for (unsigned int n = 1;; n++) {
		json_t *json;

		fake_alloc_arm(n);
		json = cam_controls_to_json(bench->cam);
		if (!fake_alloc_disarm()) {
			json_decref(json);
			break;
		}
		assert_null(json);
	}
}

#define bench_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(finds_the_first_that_captures),
		bench_test(tells_why_a_device_cannot_be_opened),
		bench_test(goes_past_what_it_cannot_have),
		bench_test(agrees_on_the_best),
		bench_test(fails_without_a_wanted_format),
		bench_test(refuses_the_impossible),
		bench_test(tells_why_it_cannot_start),
		bench_test(does_without_what_is_optional),
		bench_test(gives_pictures_of_each_format),
		bench_test(gives_jpeg_as_packets),
		bench_test(takes_the_time_of_the_right_clock_alone),
		bench_test(gives_the_newest_and_the_others_back),
		bench_test(waits_while_all_buffers_are_read),
		bench_test(pictures_outlive_the_camera),
		bench_test(pictures_are_released_by_any_thread),
		bench_test(drops_what_is_damaged),
		bench_test(refuses_buffers_that_are_not_out),
		bench_test(notices_that_it_was_unplugged),
		bench_test(releases_after_it_was_unplugged),
		bench_test(tells_errors_of_the_stream),
		bench_test(tells_that_there_is_no_signal),
		bench_test(follows_the_timings_of_a_digital_input),
		bench_test(is_woken),
		bench_test(lists_controls_by_name),
		bench_test(sets_controls_within_their_ranges),
		bench_test(writes_controls_as_json),
		bench_test(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
