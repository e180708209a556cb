/* camera/capture: one camera or several, sound, damaged, absent, busy, pulled out and back. */
#include "base/clock.h"
#include "camera/capture.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_camera.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_US (20 * CLOCK_US_PER_S)
#define SHORT_US (5 * CLOCK_US_PER_MS)
#define NEVER_US (1000 * CLOCK_US_PER_S)

enum { WIDTH = 320, HEIGHT = 180, STANDIN_MARK = 99 };

static const struct cam_got got = {
	.width = WIDTH,
	.height = HEIGHT,
	.frame_us = 40000,
	.format = CAM_FORMAT_NV12,
	.device = "fake card (fake path)",
};

struct bench {
	struct cam *cams[2];
	struct capture_config config;
	struct capture *capture;
	AVFrame *standin;
	int64_t pts;

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t came;
	unsigned int pictures; /* from a camera */
	unsigned int standins;
	AVFrame *newest; /* from a camera */
	int64_t newest_pts;
	enum cam_result why;
	bool out_of_order;
};

static void on_picture(void *context, const AVFrame *picture)
{
	struct bench *bench = context;

	pthread_mutex_lock(&bench->lock);
	bench->out_of_order |= picture->pts <= bench->newest_pts;
	bench->newest_pts = picture->pts;
	if (picture->data[0][0] == STANDIN_MARK) {
		bench->standins++;
	} else {
		bench->pictures++;
		av_frame_free(&bench->newest);
		bench->newest = av_frame_clone(picture);
	}
	pthread_cond_broadcast(&bench->came);
	pthread_mutex_unlock(&bench->lock);
}

static const AVFrame *standin(void *context, enum cam_result why)
{
	struct bench *bench = context;

	pthread_mutex_lock(&bench->lock);
	bench->why = why;
	pthread_mutex_unlock(&bench->lock);
	return bench->standin;
}

static void wait_for(struct bench *bench, const unsigned int *counter, unsigned int value)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LONG_US);
	bool late = false;

	pthread_mutex_lock(&bench->lock);
	while (*counter < value && !late)
		late = pthread_cond_clockwait(&bench->came, &bench->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	late = *counter < value;
	pthread_mutex_unlock(&bench->lock);
	assert_false(late);
}

static void wait_pictures(struct bench *bench, unsigned int pictures)
{
	wait_for(bench, &bench->pictures, pictures);
}

/* Until one more stand-in is out, which says why. */
static void wait_standin(struct bench *bench, enum cam_result why)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LONG_US);
	unsigned int before;
	bool late = false, said;

	pthread_mutex_lock(&bench->lock);
	before = bench->standins;
	while ((bench->why != why || bench->standins == before) && !late)
		late = pthread_cond_clockwait(&bench->came, &bench->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	said = bench->why == why;
	pthread_mutex_unlock(&bench->lock);
	assert_true(said);
}

static void wait_opened(struct bench *bench, int index, unsigned int opened)
{
	assert_int_equal(fake_camera_wait_opened(bench->cams[index], opened,
						 clock_now_us() + LONG_US),
			 0);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fake_camera_create(&got, &bench->cams[i]), 0);
	bench->standin = fake_camera_picture(AV_PIX_FMT_YUV420P, 64, 64, STANDIN_MARK, 0);
	bench->pts = clock_now_us();
	pthread_mutex_init(&bench->lock, NULL);
	pthread_cond_init(&bench->came, NULL);
	bench->config = (struct capture_config){
		.want = {.width = WIDTH,
			 .height = HEIGHT,
			 .fps = 25,
			 .formats = {CAM_FORMAT_NV12, CAM_FORMAT_MJPEG},
			 .n_formats = 2},
		.convert_to = AV_PIX_FMT_YUV420P,
		.on_picture = on_picture,
		.standin = standin,
		.context = bench,
		.backoff_first_us = SHORT_US,
		.backoff_limit_us = 4 * SHORT_US,
		.stall_us = NEVER_US,
		.standin_us = NEVER_US,
	};
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	capture_destroy(bench->capture);
	assert_false(bench->out_of_order);
	for (int i = 0; i < 2; i++) {
		assert_false(fake_camera_is_open(bench->cams[i]));
		cam_destroy(bench->cams[i]);
	}
	av_frame_free(&bench->standin);
	av_frame_free(&bench->newest);
	pthread_cond_destroy(&bench->came);
	pthread_mutex_destroy(&bench->lock);
	free(bench);
	return 0;
}

static int create(struct bench *bench)
{
	const struct capture_camera cameras[] = {
		{.name = "front", .cam = bench->cams[0]},
		{.name = "back", .cam = bench->cams[1]},
	};

	bench->config.cameras = cameras;
	bench->config.n_cameras = 2;
	return capture_create(&bench->config, &bench->capture);
}

/* The order is that of one capture. */
static void start(struct bench *bench)
{
	bench->newest_pts = 0;
	assert_int_equal(create(bench), 0);
}

static void push_frame(struct bench *bench, int index, AVFrame *frame, uint32_t skipped)
{
	const struct cam_picture picture = {.frame = frame, .skipped = skipped};

	frame->pts = bench->pts += got.frame_us;
	fake_camera_push(bench->cams[index], CAM_OK, &picture);
}

static void push_picture(struct bench *bench, int index, uint8_t mark)
{
	push_frame(bench, index, fake_camera_picture(AV_PIX_FMT_NV12, WIDTH, HEIGHT, mark, 0), 0);
}

static json_t *get_status(struct bench *bench)
{
	json_t *status = capture_status(bench->capture);

	assert_non_null(status);
	return status;
}

static void assert_status(struct bench *bench, const char *key, const char *value)
{
	json_t *status = get_status(bench);

	assert_string_equal(json_string_value(json_object_get(status, key)), value);
	json_decref(status);
}

static json_int_t status_number(struct bench *bench, const char *key)
{
	json_t *status = get_status(bench);
	json_int_t number = json_integer_value(json_object_get(status, key));

	json_decref(status);
	return number;
}

static void refuses_bad_configs(void **state)
{
	struct bench *bench = *state;
	const struct capture_config good = bench->config;

	bench->config.want.width = 15;
	assert_int_equal(create(bench), -EINVAL);
	bench->config = good;
	bench->config.want.fps = 0;
	assert_int_equal(create(bench), -EINVAL);
	bench->config = good;
	bench->config.want.n_formats = 0;
	assert_int_equal(create(bench), -EINVAL);
	bench->config = good;
	bench->config.convert_to = AV_PIX_FMT_YUYV422;
	assert_int_equal(create(bench), -EINVAL);
	bench->config = good;
	bench->config.standin = NULL;
	assert_int_equal(create(bench), -EINVAL);
}

/* What is right already goes out as it came: the same memory. */
static void passes_pictures_on_without_a_copy(void **state)
{
	struct bench *bench = *state;
	AVFrame *frame = fake_camera_picture(AV_PIX_FMT_NV12, WIDTH, HEIGHT, 1, 0);
	const uint8_t *memory = frame->data[0];

	start(bench);
	push_frame(bench, 0, frame, 3);
	wait_pictures(bench, 1);
	assert_ptr_equal(bench->newest->data[0], memory);
	assert_int_equal(bench->newest->pts, bench->pts);
	assert_int_equal(bench->newest->duration, got.frame_us);
	assert_int_equal(bench->newest->format, AV_PIX_FMT_NV12);
	assert_status(bench, "state", "streaming");
	assert_status(bench, "camera", "front");
	assert_status(bench, "device", got.device);
	assert_status(bench, "format", "nv12");
	assert_int_equal(status_number(bench, "width"), WIDTH);
	assert_int_equal(status_number(bench, "frames"), 1);
	assert_int_equal(status_number(bench, "dropped"), 3);
	assert_int_equal(status_number(bench, "standins"), 0);
}

static void converts_what_encoders_do_not_take(void **state)
{
	static const struct {
		enum AVPixelFormat from;
		enum AVColorRange range;
		uint8_t luma;
		uint8_t limited; /* the luma that comes out */
	} cases[] = {
		{AV_PIX_FMT_YUYV422, AVCOL_RANGE_MPEG, 200, 200},
		{AV_PIX_FMT_NV12, AVCOL_RANGE_JPEG, 255, 235},
		{AV_PIX_FMT_YUV420P, AVCOL_RANGE_JPEG, 0, 16},
		{AV_PIX_FMT_YUVJ422P, AVCOL_RANGE_UNSPECIFIED, 255, 235},
		{AV_PIX_FMT_YUVJ444P, AVCOL_RANGE_UNSPECIFIED, 255, 235},
	};
	static const enum AVPixelFormat targets[] = {AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P};
	struct bench *bench = *state;
	unsigned int pictures = 0;

	for (size_t t = 0; t < 2; t++) {
		bench->config.convert_to = targets[t];
		start(bench);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			AVFrame *frame = fake_camera_picture(cases[i].from, WIDTH, HEIGHT, 128, 0);
			int step = cases[i].from == AV_PIX_FMT_YUYV422 ? 2 : 1;

			for (int y = 0; y < HEIGHT; y++) {
				for (int x = 0; x < WIDTH; x++)
					frame->data[0][y * frame->linesize[0] + x * step] =
						cases[i].luma;
			}
			frame->color_range = cases[i].range;
			push_frame(bench, 0, frame, 0);
			wait_pictures(bench, ++pictures);
			assert_int_equal(bench->newest->format, targets[t]);
			assert_int_equal(bench->newest->color_range, AVCOL_RANGE_MPEG);
			assert_int_equal(bench->newest->pts, bench->pts);
			assert_int_equal(bench->newest->data[0][5000], cases[i].limited);
			assert_int_equal(bench->newest->data[1][500], 128);
		}
		capture_destroy(bench->capture);
		bench->capture = NULL;
	}
}

static void makes_odd_sides_even(void **state)
{
	struct bench *bench = *state;

	start(bench);
	push_frame(bench, 0, fake_camera_picture(AV_PIX_FMT_YUV420P, 33, 17, 1, 0), 0);
	wait_pictures(bench, 1);
	assert_int_equal(bench->newest->width, 32);
	assert_int_equal(bench->newest->height, 16);
}

/* One JPEG of that size. */
static AVPacket *make_jpeg(int width, int height)
{
	AVCodecContext *encoder = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
	AVFrame *frame = fake_camera_picture(AV_PIX_FMT_YUV420P, width, height, 128, 0);
	AVPacket *packet = av_packet_alloc();

	assert_true(encoder && packet);
	srandom(1);
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			frame->data[0][y * frame->linesize[0] + x] = (uint8_t)random();
	}
	frame->color_range = AVCOL_RANGE_JPEG;
	encoder->color_range = AVCOL_RANGE_JPEG;
	encoder->width = width;
	encoder->height = height;
	encoder->pix_fmt = AV_PIX_FMT_YUV420P;
	encoder->time_base = (AVRational){1, 25};
	assert_int_equal(avcodec_open2(encoder, NULL, NULL), 0);
	assert_int_equal(avcodec_send_frame(encoder, frame), 0);
	assert_int_equal(avcodec_receive_packet(encoder, packet), 0);
	av_frame_free(&frame);
	avcodec_free_context(&encoder);
	return packet;
}

static void push_jpeg(struct bench *bench, AVPacket *packet)
{
	const struct cam_picture picture = {.coded = packet};

	packet->pts = bench->pts += got.frame_us;
	fake_camera_push(bench->cams[0], CAM_OK, &picture);
}

static void decodes_jpeg_and_drops_the_damaged(void **state)
{
	struct bench *bench = *state;
	AVPacket *cut = make_jpeg(WIDTH, HEIGHT), *holed = make_jpeg(WIDTH, HEIGHT);
	AVPacket *empty = av_packet_alloc(), *text = make_jpeg(WIDTH, HEIGHT);
	AVPacket *padded = make_jpeg(WIDTH, HEIGHT);

	assert_non_null(empty);
	av_shrink_packet(cut, cut->size / 2);
	/* cut off in the middle, with an end put on */
	av_shrink_packet(holed, holed->size / 2);
	holed->data[holed->size - 2] = 0xff;
	holed->data[holed->size - 1] = 0xd9;
	memset(text->data, 'x', (size_t)text->size);
	assert_int_equal(av_grow_packet(padded, 100), 0);
	memset(padded->data + padded->size - 100, 0, 100);

	start(bench);
	push_jpeg(bench, make_jpeg(WIDTH, HEIGHT));
	push_jpeg(bench, cut);
	push_jpeg(bench, holed);
	push_jpeg(bench, empty);
	push_jpeg(bench, text);
	push_jpeg(bench, make_jpeg(WIDTH / 2, HEIGHT));
	push_jpeg(bench, make_jpeg(2048, 2048));
	push_jpeg(bench, padded);
	wait_pictures(bench, 2);
	assert_int_equal(bench->newest->format, AV_PIX_FMT_YUV420P);
	assert_int_equal(bench->newest->width, WIDTH);
	assert_int_equal(bench->newest->height, HEIGHT);
	assert_int_equal(bench->newest->pts, bench->pts);
	assert_int_equal(status_number(bench, "corrupt"), 6);
	assert_int_equal(status_number(bench, "frames"), 2);
	assert_int_equal(fake_camera_opened(bench->cams[0]), 1);
}

/* Each reason not to have a camera: said by the stand-in, tried again, over when it is. */
static void stands_in_and_tries_again(void **state)
{
	static const enum cam_result reasons[] = {CAM_ABSENT, CAM_BUSY, CAM_NO_SIGNAL, CAM_FAILED};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct bench *bench;
		void *own;

		set_up(&own);
		bench = own;
		fake_camera_set_open(bench->cams[0], reasons[i]);
		start(bench);
		wait_opened(bench, 0, 3);
		wait_standin(bench, reasons[i]);
		assert_status(bench, "state", "waiting");
		assert_status(bench, "reason", cam_result_name(reasons[i]));
		assert_status(bench, "fault", reasons[i] == CAM_FAILED ? "the test says so" : "");
		fake_camera_set_open(bench->cams[0], CAM_OK);
		push_picture(bench, 0, 1);
		bench->pts = clock_now_us() + LONG_US;
		push_picture(bench, 0, 2);
		wait_pictures(bench, 1);
		assert_status(bench, "state", "streaming");
		assert_true(status_number(bench, "reopens") >= 2);
		tear_down(&own);
	}
}

static void comes_back_after_it_was_unplugged(void **state)
{
	struct bench *bench = *state;

	start(bench);
	push_picture(bench, 0, 1);
	wait_pictures(bench, 1);
	fake_camera_set_open(bench->cams[0], CAM_ABSENT);
	fake_camera_push(bench->cams[0], CAM_UNPLUGGED, NULL);
	wait_standin(bench, CAM_ABSENT);
	assert_false(fake_camera_is_open(bench->cams[0]));
	fake_camera_set_open(bench->cams[0], CAM_OK);
	bench->pts = clock_now_us() + LONG_US;
	push_picture(bench, 0, 2);
	wait_pictures(bench, 2);
	assert_int_equal(bench->newest->data[0][0], 2);
	assert_status(bench, "state", "streaming");
}

/* The time between two tries doubles up to the limit, and begins anew after a good picture. */
static void backs_off(void **state)
{
	struct bench *bench = *state;
	int64_t start_us;

	bench->config.backoff_first_us = 40 * CLOCK_US_PER_MS;
	bench->config.backoff_limit_us = 80 * CLOCK_US_PER_MS;
	fake_camera_set_open(bench->cams[0], CAM_ABSENT);
	start_us = clock_now_us();
	start(bench);
	wait_opened(bench, 0, 4);
	/* 40, 80, 80 */
	assert_true(clock_now_us() - start_us >= 200 * CLOCK_US_PER_MS);
	fake_camera_set_open(bench->cams[0], CAM_OK);
	bench->pts = start_us + LONG_US;
	push_picture(bench, 0, 1);
	wait_pictures(bench, 1);
	fake_camera_set_open(bench->cams[0], CAM_ABSENT);
	start_us = clock_now_us();
	fake_camera_push(bench->cams[0], CAM_UNPLUGGED, NULL);
	wait_opened(bench, 0, 6);
	assert_true(clock_now_us() - start_us >= 40 * CLOCK_US_PER_MS);
}

static void shows_stand_ins_at_their_rate(void **state)
{
	struct bench *bench = *state;
	int64_t start_us = clock_now_us();

	bench->config.backoff_first_us = NEVER_US;
	bench->config.backoff_limit_us = NEVER_US;
	bench->config.standin_us = 20 * CLOCK_US_PER_MS;
	fake_camera_set_open(bench->cams[0], CAM_ABSENT);
	start(bench);
	wait_for(bench, &bench->standins, 6);
	assert_true(clock_now_us() - start_us >= 100 * CLOCK_US_PER_MS);
	assert_int_equal(fake_camera_opened(bench->cams[0]), 1);
}

/* Neither a silent camera nor one that sends nothing but damage is waited for in vain. */
static void opens_anew_what_stalls(void **state)
{
	static const enum cam_result reasons[] = {CAM_TIMEOUT, CAM_CORRUPT};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench *bench;
		void *own;

		set_up(&own);
		bench = own;
		bench->config.stall_us = 50 * CLOCK_US_PER_MS;
		bench->config.standin_us = SHORT_US;
		start(bench);
		if (reasons[i] == CAM_CORRUPT)
			fake_camera_push(bench->cams[0], CAM_CORRUPT, NULL);
		wait_standin(bench, reasons[i]);
		wait_opened(bench, 0, 2);
		bench->pts = clock_now_us() + LONG_US;
		push_picture(bench, 0, 1);
		wait_pictures(bench, 1);
		tear_down(&own);
	}
}

static void selects_another_camera(void **state)
{
	struct bench *bench = *state;

	start(bench);
	push_picture(bench, 0, 1);
	wait_pictures(bench, 1);
	assert_int_equal(capture_select(bench->capture, "left"), -ENOENT);
	assert_int_equal(capture_select(bench->capture, "back"), 0);
	push_picture(bench, 1, 2);
	wait_pictures(bench, 2);
	assert_int_equal(bench->newest->data[0][0], 2);
	assert_false(fake_camera_is_open(bench->cams[0]));
	assert_true(fake_camera_is_open(bench->cams[1]));
	assert_status(bench, "camera", "back");
	assert_int_equal(capture_select(bench->capture, "front"), 0);
	push_picture(bench, 0, 3);
	wait_pictures(bench, 3);
	assert_int_equal(bench->newest->data[0][0], 3);
	assert_int_equal(fake_camera_opened(bench->cams[0]), 2);
	assert_int_equal(status_number(bench, "reopens"), 0);
	assert_int_equal(status_number(bench, "standins"), 0);
}

/* Going over to another camera does not wait for the back-off of the first. */
static void selects_out_of_the_back_off(void **state)
{
	struct bench *bench = *state;

	bench->config.backoff_first_us = NEVER_US;
	bench->config.backoff_limit_us = NEVER_US;
	fake_camera_set_open(bench->cams[0], CAM_BUSY);
	start(bench);
	wait_standin(bench, CAM_BUSY);
	assert_int_equal(capture_select(bench->capture, "back"), 0);
	bench->pts = clock_now_us() + LONG_US;
	push_picture(bench, 1, 2);
	wait_pictures(bench, 1);
}

static void drops_what_is_older_than_the_last(void **state)
{
	struct bench *bench = *state;
	const struct cam_picture old = {
		.frame = fake_camera_picture(AV_PIX_FMT_NV12, WIDTH, HEIGHT, 7, bench->pts),
	};

	start(bench);
	push_picture(bench, 0, 1);
	fake_camera_push(bench->cams[0], CAM_OK, &old);
	push_picture(bench, 0, 2);
	wait_pictures(bench, 2);
	assert_int_equal(bench->newest->data[0][0], 2);
	assert_int_equal(status_number(bench, "dropped"), 1);
}

static void runs_out_of_memory_cleanly(void **state)
{
	struct bench *bench = *state;
	int r;

	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = create(bench);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(bench->capture);
	}
	assert_int_equal(r, 0);
	push_picture(bench, 0, 1);
	wait_pictures(bench, 1);
	for (unsigned int n = 1;; n++) {
		json_t *status;

		fake_alloc_arm(n);
		status = capture_status(bench->capture);
		if (!fake_alloc_disarm()) {
			json_decref(status);
			break;
		}
		assert_null(status);
	}
}

#define bench_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(refuses_bad_configs),
		bench_test(passes_pictures_on_without_a_copy),
		bench_test(converts_what_encoders_do_not_take),
		bench_test(makes_odd_sides_even),
		bench_test(decodes_jpeg_and_drops_the_damaged),
		cmocka_unit_test(stands_in_and_tries_again),
		bench_test(comes_back_after_it_was_unplugged),
		bench_test(backs_off),
		bench_test(shows_stand_ins_at_their_rate),
		cmocka_unit_test(opens_anew_what_stalls),
		bench_test(selects_another_camera),
		bench_test(selects_out_of_the_back_off),
		bench_test(drops_what_is_older_than_the_last),
		bench_test(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
