/* drivers/camera_v4l2: streaming, over a kernel that may lie. */
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
#include "base/queue.h"
#include "base/thread.h"
#include "drivers/camera_v4l2.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/v4l2_bench.h"

#define CAPTURE V4L2_BENCH_CAPTURE
#define CAPTURE_MPLANE V4L2_BENCH_CAPTURE_MPLANE

enum { WIDTH = V4L2_BENCH_WIDTH, HEIGHT = V4L2_BENCH_HEIGHT, BUFFERS = V4L2_BENCH_BUFFERS };

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
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(placements) / sizeof(placements[0]); i++) {
		struct fake_v4l2_shot shot = v4l2_bench_shot_of(bench, 77);
		AVFrame *frame;

		v4l2_bench_describe(bench->node, placements[i].caps, placements[i].fourcc);
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
		assert_true(fake_v4l2_shoot(bench->fake, &shot));
		frame = v4l2_bench_take(bench, NULL);
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
	struct v4l2_bench *bench = *state;
	struct fake_v4l2_shot shot = v4l2_bench_shot_of(bench, 0xd8);
	struct cam_picture picture;

	v4l2_bench_describe(bench->node, CAPTURE, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	assert_int_equal(bench->got.format, CAM_FORMAT_MJPEG);
	shot.used[0] = 1234;
	assert_true(fake_v4l2_shoot(bench->fake, &shot));
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_OK);
	assert_null(picture.frame);
	assert_int_equal(picture.coded->size, 1234);
	assert_int_equal(picture.coded->data[1233], 0xd8);
	assert_int_equal(picture.coded->pts, shot.time_us);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
	av_packet_free(&picture.coded);
}

static void takes_the_time_of_the_right_clock_alone(void **state)
{
	struct v4l2_bench *bench = *state;
	const int64_t now_us = clock_now_us();
	struct fake_v4l2_shot shots[] = {
		{.time_us = now_us - 5000, .other_clock = true},
		{.time_us = now_us + 10 * CLOCK_US_PER_S},
		{.time_us = 0},
	};

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	for (size_t i = 0; i < sizeof(shots) / sizeof(shots[0]); i++) {
		AVFrame *frame;

		shots[i].sequence = (uint32_t)i;
		assert_true(fake_v4l2_shoot(bench->fake, &shots[i]));
		frame = v4l2_bench_take(bench, NULL);
		assert_in_range(frame->pts, now_us, clock_now_us());
		av_frame_free(&frame);
	}
}

static void gives_the_newest_and_the_others_back(void **state)
{
	struct v4l2_bench *bench = *state;
	uint32_t skipped;
	AVFrame *frame;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	for (uint8_t fill = 1; fill <= 3; fill++)
		v4l2_bench_shoot(bench, fill);
	frame = v4l2_bench_take(bench, &skipped);
	assert_int_equal(frame->data[0][0], 3);
	assert_int_equal(skipped, 2);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS - 1);
	av_frame_free(&frame);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
	/* pictures that the driver lost show as a gap in its count */
	bench->sequence += 5;
	v4l2_bench_shoot(bench, 9);
	frame = v4l2_bench_take(bench, &skipped);
	assert_int_equal(skipped, 5);
	av_frame_free(&frame);
}

/* Readers that hold every buffer make the camera wait, no more. */
static void waits_while_all_buffers_are_read(void **state)
{
	struct v4l2_bench *bench = *state;
	AVFrame *frames[BUFFERS];
	struct cam_picture picture;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	for (int i = 0; i < BUFFERS; i++) {
		v4l2_bench_shoot(bench, (uint8_t)i);
		frames[i] = v4l2_bench_take(bench, NULL);
	}
	assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, 0);
	assert_int_equal(bench->cam->ops->next(bench->cam, clock_now_us() + 1000, &picture),
			 CAM_TIMEOUT);
	for (int i = 0; i < BUFFERS; i++) {
		assert_int_equal(frames[i]->data[0][0], i);
		av_frame_free(&frames[i]);
	}
	v4l2_bench_shoot(bench, 50);
	frames[0] = v4l2_bench_take(bench, NULL);
	assert_int_equal(frames[0]->data[0][0], 50);
	av_frame_free(&frames[0]);
}

/* A picture outlives close, a new open, and the camera itself. */
static void pictures_outlive_the_camera(void **state)
{
	struct v4l2_bench *bench = *state;
	AVFrame *before, *after;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	v4l2_bench_shoot(bench, 11);
	before = v4l2_bench_take(bench, NULL);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_OK);
	v4l2_bench_shoot(bench, 22);
	after = v4l2_bench_take(bench, NULL);
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
	struct v4l2_bench *bench = *state;
	struct queue *queue;
	struct thread *thread;
	int taken = 0;

	assert_int_equal(queue_create(BUFFERS, QUEUE_WAIT, frame_free, &queue), 0);
	assert_int_equal(thread_start("release", release_all, queue, &thread), 0);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	while (taken < 200) {
		const struct fake_v4l2_shot shot = v4l2_bench_shot_of(bench, (uint8_t)taken);
		struct cam_picture picture;

		/* the other thread may have all of them just now */
		if (!fake_v4l2_shoot(bench->fake, &shot))
			continue;
		assert_int_equal(v4l2_bench_next(bench, &picture), CAM_OK);
		assert_int_equal(queue_push(queue, picture.frame,
					    clock_now_us() + V4L2_BENCH_LONG_US),
				 0);
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
	struct v4l2_bench *bench = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_v4l2_shot bad = cases[i].shot;
		struct cam_picture picture = {0};

		v4l2_bench_describe(bench->node, cases[i].caps, cases[i].fourcc);
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
		bad.sequence = bench->sequence++;
		assert_true(fake_v4l2_shoot(bench->fake, &bad));
		assert_int_equal(v4l2_bench_next(bench, &picture), CAM_CORRUPT);
		assert_int_equal(fake_v4l2_get_counts(bench->fake).queued, BUFFERS);
		/* a whole one beside it is given */
		v4l2_bench_shoot(bench, 1);
		bad.sequence = bench->sequence++;
		assert_true(fake_v4l2_shoot(bench->fake, &bad));
		assert_int_equal(v4l2_bench_next(bench, &picture), CAM_OK);
		av_frame_free(&picture.frame);
		av_packet_free(&picture.coded);
	}
}

static void refuses_buffers_that_are_not_out(void **state)
{
	static const uint32_t indices[] = {BUFFERS, 31, UINT32_MAX - 1};
	struct v4l2_bench *bench = *state;
	struct cam_picture picture;
	AVFrame *frame;

	for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		bench->node->lies.index = 0;
		assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
		bench->node->lies.index = indices[i] + 1;
		v4l2_bench_shoot(bench, 1);
		assert_int_equal(v4l2_bench_next(bench, &picture), CAM_FAILED);
		assert_string_equal(bench->cam->fault,
				    "the driver gives a buffer it does not have");
	}
	/* one that a reader holds */
	bench->node->lies.index = 0;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	v4l2_bench_shoot(bench, 1);
	frame = v4l2_bench_take(bench, NULL);
	bench->node->lies.index = 1;
	v4l2_bench_shoot(bench, 2);
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_FAILED);
	assert_int_equal(frame->data[0][0], 1);
	av_frame_free(&frame);
}

static void notices_that_it_was_unplugged(void **state)
{
	struct v4l2_bench *bench = *state;
	struct cam_picture picture;
	AVFrame *frame;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	v4l2_bench_shoot(bench, 33);
	frame = v4l2_bench_take(bench, NULL);
	fake_v4l2_unplug(bench->fake);
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_UNPLUGGED);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(frame->data[0][5], 33);
	bench->node->open_error = ENOENT;
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_ABSENT);
	bench->node->open_error = 0;
	assert_int_equal(bench->cam->ops->open(bench->cam, &bench->want, &bench->got), CAM_OK);
	av_frame_free(&frame);
	v4l2_bench_shoot(bench, 44);
	frame = v4l2_bench_take(bench, NULL);
	assert_int_equal(frame->data[0][5], 44);
	av_frame_free(&frame);
}

/* The last picture is released while the device is gone and the camera not yet closed. */
static void releases_after_it_was_unplugged(void **state)
{
	struct v4l2_bench *bench = *state;
	AVFrame *frame;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	v4l2_bench_shoot(bench, 33);
	frame = v4l2_bench_take(bench, NULL);
	fake_v4l2_unplug(bench->fake);
	av_frame_free(&frame);
	bench->cam->ops->close(bench->cam);
	assert_int_equal(fake_v4l2_get_counts(bench->fake).mapped, 0);
}

static void tells_errors_of_the_stream(void **state)
{
	struct v4l2_bench *bench = *state;
	struct cam_picture picture;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	bench->node->lies.error_request = VIDIOC_DQBUF;
	bench->node->lies.error = EIO;
	v4l2_bench_shoot(bench, 1);
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_FAILED);
	assert_string_equal(bench->cam->fault, "take a picture: Input/output error");
}

static void tells_that_there_is_no_signal(void **state)
{
	struct v4l2_bench *bench = *state;
	struct cam_picture picture;

	bench->node->input.status = V4L2_IN_ST_NO_SIGNAL;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_NO_SIGNAL);
	bench->node->input.status = 0;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	/* lost while it runs, told by an event, or found out within a second or so */
	fake_v4l2_change_source(bench->fake);
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_NO_SIGNAL);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	bench->node->input.status = V4L2_IN_ST_NO_SYNC;
	assert_int_equal(bench->cam->ops->next(bench->cam, clock_now_us() + 1100000, &picture),
			 CAM_NO_SIGNAL);
}

static void follows_the_timings_of_a_digital_input(void **state)
{
	struct v4l2_bench *bench = *state;

	bench->node->input.capabilities = V4L2_IN_CAP_DV_TIMINGS;
	bench->node->timings_error = ENOLINK;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_NO_SIGNAL);
	bench->node->timings_error = ENOLCK;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_NO_SIGNAL);
	assert_false(fake_v4l2_get_counts(bench->fake).timings_set);
	bench->node->timings_error = 0;
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	assert_true(fake_v4l2_get_counts(bench->fake).timings_set);
}

static void is_woken(void **state)
{
	struct v4l2_bench *bench = *state;
	struct cam_picture picture;
	int64_t deadline_us;

	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	bench->cam->ops->wake(bench->cam);
	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_TIMEOUT);
	deadline_us = clock_now_us() + 5 * CLOCK_US_PER_MS;
	assert_int_equal(bench->cam->ops->next(bench->cam, deadline_us, &picture), CAM_TIMEOUT);
	assert_true(clock_now_us() >= deadline_us);
}

static void runs_out_of_memory_cleanly(void **state)
{
	struct v4l2_bench *bench = *state;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		V4L2_BENCH_TEST(gives_pictures_of_each_format),
		V4L2_BENCH_TEST(gives_jpeg_as_packets),
		V4L2_BENCH_TEST(takes_the_time_of_the_right_clock_alone),
		V4L2_BENCH_TEST(gives_the_newest_and_the_others_back),
		V4L2_BENCH_TEST(waits_while_all_buffers_are_read),
		V4L2_BENCH_TEST(pictures_outlive_the_camera),
		V4L2_BENCH_TEST(pictures_are_released_by_any_thread),
		V4L2_BENCH_TEST(drops_what_is_damaged),
		V4L2_BENCH_TEST(refuses_buffers_that_are_not_out),
		V4L2_BENCH_TEST(notices_that_it_was_unplugged),
		V4L2_BENCH_TEST(releases_after_it_was_unplugged),
		V4L2_BENCH_TEST(tells_errors_of_the_stream),
		V4L2_BENCH_TEST(tells_that_there_is_no_signal),
		V4L2_BENCH_TEST(follows_the_timings_of_a_digital_input),
		V4L2_BENCH_TEST(is_woken),
		V4L2_BENCH_TEST(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
