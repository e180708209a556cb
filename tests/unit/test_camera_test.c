/* drivers/camera_test: the test pattern keeps its pace, moves, and carries the time. */
#include "base/clock.h"
#include "camera/timestrip.h"
#include "drivers/camera_select.h"
#include "drivers/camera_test.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_US (20 * CLOCK_US_PER_S)

static struct cam_want want_of(int width, int height, int fps)
{
	return (struct cam_want){
		.width = width,
		.height = height,
		.fps = fps,
		.formats = {CAM_FORMAT_I420, CAM_FORMAT_NV12},
		.n_formats = 2,
	};
}

static struct cam *open_camera(uint8_t tag, struct cam_want want, struct cam_got *ret_got)
{
	struct cam *cam;

	assert_int_equal(camera_test_create(tag, &cam), 0);
	assert_int_equal(cam->ops->open(cam, &want, ret_got), CAM_OK);
	return cam;
}

static AVFrame *take(struct cam *cam, uint32_t *ret_skipped)
{
	struct cam_picture picture;

	assert_int_equal(cam->ops->next(cam, clock_now_us() + LONG_US, &picture), CAM_OK);
	assert_non_null(picture.frame);
	assert_null(picture.coded);
	if (ret_skipped)
		*ret_skipped = picture.skipped;
	return picture.frame;
}

static void assert_carries(const AVFrame *frame, uint8_t tag)
{
	const struct timestrip_rect rect = {.width = frame->width, .height = frame->height};
	struct timestrip strip;

	assert_int_equal(timestrip_read(frame->data[0], (size_t)frame->linesize[0], TIMESTRIP_LUMA,
					&rect, &strip),
			 0);
	assert_int_equal(strip.time_us, frame->pts);
	assert_int_equal(strip.tag, tag);
}

static void carries_time_and_tag_at_any_size(void **state)
{
	static const struct {
		int width;
		int height;
		int got_width;
		int got_height;
	} cases[] = {
		{1280, 720, 1280, 720}, {1920, 1080, 1920, 1080}, {16, 16, 160, 90},
		{161, 91, 160, 90},     {426, 240, 426, 240},     {8192, 8192, 4096, 4096},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cam_got got;
		struct cam *cam = open_camera((uint8_t)(i + 1),
					      want_of(cases[i].width, cases[i].height, 240), &got);

		for (int n = 0; n < 3; n++) {
			AVFrame *frame = take(cam, NULL);

			assert_int_equal(frame->width, cases[i].got_width);
			assert_int_equal(frame->height, cases[i].got_height);
			assert_carries(frame, (uint8_t)(i + 1));
			av_frame_free(&frame);
		}
		assert_int_equal(got.width, cases[i].got_width);
		assert_int_equal(got.height, cases[i].got_height);
		cam_destroy(cam);
	}
}

static void gives_the_preferred_format(void **state)
{
	static const struct {
		enum cam_format wanted[2];
		enum cam_format format;
		enum AVPixelFormat pixels;
	} cases[] = {
		{{CAM_FORMAT_I420, CAM_FORMAT_NV12}, CAM_FORMAT_I420, AV_PIX_FMT_YUV420P},
		{{CAM_FORMAT_NV12, CAM_FORMAT_I420}, CAM_FORMAT_NV12, AV_PIX_FMT_NV12},
		{{CAM_FORMAT_MJPEG, CAM_FORMAT_NV12}, CAM_FORMAT_NV12, AV_PIX_FMT_NV12},
		{{CAM_FORMAT_MJPEG, CAM_FORMAT_YUYV}, CAM_FORMAT_I420, AV_PIX_FMT_YUV420P},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cam_want want = want_of(320, 180, 240);
		struct cam_got got;
		struct cam *cam;
		AVFrame *frame;

		memcpy(want.formats, cases[i].wanted, sizeof(cases[i].wanted));
		cam = open_camera(0, want, &got);
		frame = take(cam, NULL);
		assert_int_equal(got.format, cases[i].format);
		assert_int_equal(frame->format, cases[i].pixels);
		av_frame_free(&frame);
		cam_destroy(cam);
	}
}

/* Times lie on the grid of the rate, whenever the caller came, and never before they are due. */
static void keeps_its_pace(void **state)
{
	struct cam_got got;
	struct cam *cam = open_camera(0, want_of(160, 90, 100), &got);
	int64_t first = -1, number = -1;

	(void)state;
	assert_int_equal(got.frame_us, 10000);
	for (int i = 0; i < 30; i++) {
		uint32_t skipped;
		AVFrame *frame = take(cam, &skipped);

		assert_true(frame->pts <= clock_now_us());
		if (first < 0)
			first = frame->pts;
		number += 1 + skipped;
		assert_int_equal(frame->pts - first, number * got.frame_us);
		av_frame_free(&frame);
	}
	cam_destroy(cam);
}

static bool same_picture(const AVFrame *a, const AVFrame *b)
{
	/* below the strip */
	for (int y = a->height / 10; y < a->height; y++) {
		if (memcmp(a->data[0] + (ptrdiff_t)y * a->linesize[0],
			   b->data[0] + (ptrdiff_t)y * b->linesize[0], (size_t)a->width) != 0)
			return false;
	}
	return true;
}

/* Pictures that are held stay as they are, and each is another. */
static void each_picture_is_its_own(void **state)
{
	struct cam_got got;
	struct cam *cam = open_camera(5, want_of(320, 180, 240), &got);
	AVFrame *frames[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		frames[i] = take(cam, NULL);
	cam_destroy(cam);
	for (int i = 0; i < 12; i++) {
		assert_carries(frames[i], 5);
		if (i > 0)
			assert_false(same_picture(frames[i - 1], frames[i]));
	}
	for (int i = 0; i < 12; i++)
		av_frame_free(&frames[i]);
}

static void rooms_look_different(void **state)
{
	struct cam_got got;
	struct cam *cams[2];
	AVFrame *frames[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		cams[i] = open_camera((uint8_t)i, want_of(320, 180, 240), &got);
		frames[i] = take(cams[i], NULL);
	}
	/* left of everything that moves */
	assert_int_not_equal(frames[0]->data[0][170 * frames[0]->linesize[0] + 10],
			     frames[1]->data[0][170 * frames[1]->linesize[0] + 10]);
	for (int i = 0; i < 2; i++) {
		av_frame_free(&frames[i]);
		cam_destroy(cams[i]);
	}
}

/* The pictures of a slower camera pass the time. */
static void gives_the_picture_of_now_to_who_comes_late(void **state)
{
	struct cam_got got;
	struct cam *fast = open_camera(0, want_of(160, 90, 200), &got);
	struct cam *slow = open_camera(0, want_of(160, 90, 20), &got);
	AVFrame *frame = take(fast, NULL);
	int64_t first = frame->pts;
	uint32_t skipped;

	(void)state;
	av_frame_free(&frame);
	for (int i = 0; i < 3; i++) {
		frame = take(slow, NULL);
		av_frame_free(&frame);
	}
	frame = take(fast, &skipped);
	assert_true(skipped >= 15);
	assert_int_equal(frame->pts, first + (skipped + 1) * INT64_C(5000));
	av_frame_free(&frame);
	cam_destroy(fast);
	cam_destroy(slow);
}

static void waits_no_longer_than_told(void **state)
{
	struct cam_got got;
	struct cam *cam = open_camera(0, want_of(160, 90, 1), &got);
	AVFrame *frame = take(cam, NULL);
	struct cam_picture picture;
	int64_t deadline_us = clock_now_us() + 10 * CLOCK_US_PER_MS;

	(void)state;
	av_frame_free(&frame);
	assert_int_equal(cam->ops->next(cam, deadline_us, &picture), CAM_TIMEOUT);
	assert_true(clock_now_us() >= deadline_us);
	cam->ops->wake(cam);
	assert_int_equal(cam->ops->next(cam, INT64_MAX, &picture), CAM_TIMEOUT);
	cam_destroy(cam);
}

static void opens_again(void **state)
{
	const struct cam_want want = want_of(320, 180, 240);
	struct cam_got got;
	struct cam *cam = open_camera(0, want, &got);
	size_t count = 1;
	AVFrame *frame;

	(void)state;
	frame = take(cam, NULL);
	av_frame_free(&frame);
	cam->ops->close(cam);
	cam->ops->close(cam);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_OK);
	frame = take(cam, NULL);
	av_frame_free(&frame);
	assert_int_equal(cam_list_controls(cam, NULL, 0, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(cam_set_control(cam, "zoom_absolute", 1), -ENOENT);
	cam_destroy(cam);
}

static void runs_out_of_memory_cleanly(void **state)
{
	const struct cam_want want = want_of(320, 180, 240);
	struct cam_got got;
	struct cam *cam;
	enum cam_result result;

	(void)state;
	fake_alloc_arm(1);
	assert_int_equal(camera_test_create(0, &cam), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_int_equal(camera_test_create(0, &cam), 0);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = cam->ops->open(cam, &want, &got);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, CAM_FAILED);
		assert_string_equal(cam->fault, "no memory for pictures");
	}
	assert_int_equal(result, CAM_OK);
	cam_destroy(cam);
}

/* camera_select() makes each kind of camera of its words. */
static void is_selected_by_words(void **state)
{
	static const char *const wrong[] = {"test:256", "test:-1", "test:x", "test:0001", ""};
	struct cam_got got;
	struct cam *cam;
	AVFrame *frame;
	const struct cam_want want = want_of(160, 90, 240);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(camera_select(wrong[i], &cam), -EINVAL);
	assert_int_equal(camera_select("test:255", &cam), 0);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_OK);
	frame = take(cam, NULL);
	assert_carries(frame, 255);
	av_frame_free(&frame);
	cam_destroy(cam);
	assert_int_equal(camera_select("file:/no/such/file", &cam), 0);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_ABSENT);
	cam_destroy(cam);
	assert_int_equal(camera_select("/dev/no-such-camera", &cam), 0);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_ABSENT);
	cam_destroy(cam);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_time_and_tag_at_any_size),
		cmocka_unit_test(gives_the_preferred_format),
		cmocka_unit_test(keeps_its_pace),
		cmocka_unit_test(each_picture_is_its_own),
		cmocka_unit_test(rooms_look_different),
		cmocka_unit_test(gives_the_picture_of_now_to_who_comes_late),
		cmocka_unit_test(waits_no_longer_than_told),
		cmocka_unit_test(opens_again),
		cmocka_unit_test(runs_out_of_memory_cleanly),
		cmocka_unit_test(is_selected_by_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
