/* drivers/camera_file: a recorded file plays in real time, over and over, with the time in it. */
#include "base/clock.h"
#include "camera/timestrip.h"
#include "drivers/camera_file.h"
#include "drivers/camera_test.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_US (20 * CLOCK_US_PER_S)

enum { PICTURES = 5, LEVEL_FIRST = 40, LEVEL_STEP = 40 };

struct recording {
	const char *codec;
	enum AVPixelFormat pixels;
	int width;
	int height;
	int fps;
};

static const struct recording plain = {"mpeg4", AV_PIX_FMT_YUV420P, 320, 180, 100};

static char folder[] = "/tmp/camera_file.XXXXXX";
static char path[64];

static const struct cam_want want = {
	.width = 1280,
	.height = 720,
	.fps = 30,
	.formats = {CAM_FORMAT_NV12},
	.n_formats = 1,
};

static void write_packets(AVFormatContext *format, AVCodecContext *encoder, AVPacket *packet)
{
	while (avcodec_receive_packet(encoder, packet) == 0) {
		av_packet_rescale_ts(packet, encoder->time_base, format->streams[0]->time_base);
		assert_int_equal(av_interleaved_write_frame(format, packet), 0);
	}
}

/* Each picture is of one luma level, so that its number can be told. */
static AVFrame *make_picture(const struct recording *recording, int number)
{
	AVFrame *picture = av_frame_alloc();

	assert_non_null(picture);
	picture->format = recording->pixels;
	picture->width = recording->width;
	picture->height = recording->height;
	assert_int_equal(av_frame_get_buffer(picture, 0), 0);
	for (int i = 0; i < 3; i++) {
		int shift = i > 0 && recording->pixels == AV_PIX_FMT_YUV420P;

		memset(picture->data[i], i > 0 ? 128 : LEVEL_FIRST + number * LEVEL_STEP,
		       (size_t)picture->linesize[i] * (size_t)(picture->height >> shift));
	}
	picture->pts = number;
	return picture;
}

static AVCodecContext *open_encoder(const struct recording *recording)
{
	AVCodecContext *encoder =
		avcodec_alloc_context3(avcodec_find_encoder_by_name(recording->codec));

	assert_non_null(encoder);
	encoder->width = recording->width;
	encoder->height = recording->height;
	encoder->pix_fmt = recording->pixels;
	encoder->time_base = (AVRational){1, recording->fps};
	encoder->framerate = (AVRational){recording->fps, 1};
	encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	assert_int_equal(avcodec_open2(encoder, NULL, NULL), 0);
	return encoder;
}

static void record(const struct recording *recording)
{
	AVCodecContext *encoder = open_encoder(recording);
	AVPacket *packet = av_packet_alloc();
	AVFormatContext *format;
	AVStream *stream;

	assert_non_null(packet);
	assert_true(avformat_alloc_output_context2(&format, NULL, "matroska", path) >= 0);
	stream = avformat_new_stream(format, NULL);
	assert_non_null(stream);
	assert_true(avcodec_parameters_from_context(stream->codecpar, encoder) >= 0);
	stream->time_base = encoder->time_base;
	stream->avg_frame_rate = encoder->framerate;
	assert_int_equal(avio_open(&format->pb, path, AVIO_FLAG_WRITE), 0);
	assert_true(avformat_write_header(format, NULL) >= 0);
	for (int i = 0; i < PICTURES; i++) {
		AVFrame *picture = make_picture(recording, i);

		assert_int_equal(avcodec_send_frame(encoder, picture), 0);
		write_packets(format, encoder, packet);
		av_frame_free(&picture);
	}
	assert_int_equal(avcodec_send_frame(encoder, NULL), 0);
	write_packets(format, encoder, packet);
	assert_int_equal(av_write_trailer(format), 0);
	avio_closep(&format->pb);
	avformat_free_context(format);
	av_packet_free(&packet);
	avcodec_free_context(&encoder);
}

static int make_folder(void **state)
{
	(void)state;
	av_log_set_level(AV_LOG_QUIET);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a: video.mkv", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct cam *make_camera(void)
{
	struct cam *cam;

	assert_int_equal(camera_file_create(path, 9, &cam), 0);
	return cam;
}

static struct cam *open_camera(struct cam_got *ret_got)
{
	struct cam *cam = make_camera();

	assert_int_equal(cam->ops->open(cam, &want, ret_got), CAM_OK);
	return cam;
}

static AVFrame *take(struct cam *cam, uint32_t *ret_skipped)
{
	struct cam_picture picture;

	assert_int_equal(cam->ops->next(cam, clock_now_us() + LONG_US, &picture), CAM_OK);
	assert_non_null(picture.frame);
	*ret_skipped = picture.skipped;
	return picture.frame;
}

static void assert_carries_time(const AVFrame *frame)
{
	const struct timestrip_rect rect = {.width = frame->width, .height = frame->height};
	struct timestrip strip;

	assert_int_equal(timestrip_read(frame->data[0], (size_t)frame->linesize[0], TIMESTRIP_LUMA,
					&rect, &strip),
			 0);
	assert_int_equal(strip.time_us, frame->pts);
	assert_int_equal(strip.tag, 9);
}

static int number_of(const AVFrame *frame)
{
	int level = frame->data[0][frame->height / 2 * frame->linesize[0] + frame->width / 2];

	return (level - LEVEL_FIRST + LEVEL_STEP / 2) / LEVEL_STEP;
}

/* All pictures in their order, over and over, at the times of the file. */
static void plays_over_and_over(void **state)
{
	struct cam_got got;
	struct cam *cam;
	int64_t first = -1, number = -1;

	(void)state;
	record(&plain);
	cam = open_camera(&got);
	assert_int_equal(got.width, 320);
	assert_int_equal(got.height, 180);
	assert_int_equal(got.frame_us, 10000);
	assert_int_equal(got.format, CAM_FORMAT_I420);
	for (int i = 0; i < 3 * PICTURES; i++) {
		uint32_t skipped;
		AVFrame *frame = take(cam, &skipped);

		number += 1 + skipped;
		if (first < 0)
			first = frame->pts;
		assert_int_equal(number_of(frame), number % PICTURES);
		assert_int_equal(frame->pts - first, number * 10000);
		assert_true(frame->pts <= clock_now_us());
		assert_carries_time(frame);
		av_frame_free(&frame);
	}
	cam_destroy(cam);
}

static void plays_what_has_to_be_converted(void **state)
{
	static const struct recording cases[] = {
		{"ffv1", AV_PIX_FMT_YUV444P, 320, 180, 100},
		{"ffv1", AV_PIX_FMT_YUV422P, 320, 180, 100},
		{"ffv1", AV_PIX_FMT_YUV420P, 321, 181, 100},
		{"mpeg4", AV_PIX_FMT_YUV420P, 160, 90, 25},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cam_got got;
		struct cam *cam;

		record(&cases[i]);
		cam = open_camera(&got);
		for (int n = 0; n < 3; n++) {
			uint32_t skipped;
			AVFrame *frame = take(cam, &skipped);

			assert_int_equal(frame->format, AV_PIX_FMT_YUV420P);
			assert_int_equal(frame->width, cases[i].width & ~1);
			assert_int_equal(frame->height, cases[i].height & ~1);
			assert_int_equal(frame->width, got.width);
			assert_carries_time(frame);
			av_frame_free(&frame);
		}
		cam_destroy(cam);
	}
}

static void says_what_is_wrong_with_the_file(void **state)
{
	static const char text[] = "This is no video.\n";
	struct cam *cam = make_camera();
	struct cam_got got;
	int fd;

	(void)state;
	unlink(path);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_ABSENT);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_FAILED);
	assert_string_equal(cam->fault, "not a video that can be played");
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_FAILED);
	assert_string_equal(cam->fault, "not a video that can be played");
	record(&plain);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_OK);
	cam_destroy(cam);
	assert_int_equal(camera_file_create(folder, 0, &cam), 0);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_FAILED);
	cam_destroy(cam);
}

/* The file goes away while it plays: the round ends, and then it is absent. */
static void fails_when_the_file_goes_away(void **state)
{
	enum cam_result result;
	struct cam_got got;
	struct cam *cam;
	int pictures = 0;

	(void)state;
	record(&plain);
	cam = open_camera(&got);
	unlink(path);
	do {
		struct cam_picture picture = {0};

		result = cam->ops->next(cam, clock_now_us() + LONG_US, &picture);
		pictures += 1 + (int)picture.skipped;
		av_frame_free(&picture.frame);
	} while (result == CAM_OK && pictures <= PICTURES);
	assert_int_equal(result, CAM_FAILED);
	assert_string_equal(cam->fault, "No such file or directory");
	cam->ops->close(cam);
	assert_int_equal(cam->ops->open(cam, &want, &got), CAM_ABSENT);
	cam_destroy(cam);
}

/* Cut off anywhere, a file plays as far as it goes or is refused. */
static void takes_a_cut_file(void **state)
{
	struct cam *cam = make_camera();
	struct cam_got got;
	off_t size;
	int fd;

	(void)state;
	record(&plain);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail();
	size = lseek(fd, 0, SEEK_END);
	for (off_t left = size - 1; left >= 0; left -= size / 40 + 1) {
		enum cam_result result;

		assert_int_equal(ftruncate(fd, left), 0);
		result = cam->ops->open(cam, &want, &got);
		for (int i = 0; i < 2 && result == CAM_OK; i++) {
			struct cam_picture picture = {0};

			result = cam->ops->next(cam, clock_now_us() + LONG_US, &picture);
			av_frame_free(&picture.frame);
		}
		assert_true(result == CAM_OK || result == CAM_FAILED);
		cam->ops->close(cam);
	}
	close(fd);
	cam_destroy(cam);
}

/* The pictures of a slower camera pass the time. */
static void keeps_up_when_it_is_read_late(void **state)
{
	const struct cam_want slow_want = {.width = 160, .height = 90, .fps = 10};
	struct cam_got got;
	struct cam *cam, *slow;
	uint32_t skipped;
	AVFrame *frame;
	int64_t first;

	(void)state;
	record(&plain);
	assert_int_equal(camera_test_create(0, &slow), 0);
	assert_int_equal(slow->ops->open(slow, &slow_want, &got), CAM_OK);
	cam = open_camera(&got);
	frame = take(cam, &skipped);
	first = frame->pts;
	av_frame_free(&frame);
	for (int i = 0; i < 3; i++) {
		frame = take(slow, &skipped);
		av_frame_free(&frame);
	}
	frame = take(cam, &skipped);
	assert_true(skipped >= 10);
	assert_int_equal(frame->pts, first + (1 + skipped) * INT64_C(10000));
	assert_int_equal(number_of(frame), (1 + skipped) % PICTURES);
	av_frame_free(&frame);
	cam_destroy(cam);
	cam_destroy(slow);
}

static void waits_no_longer_than_told(void **state)
{
	static const struct recording slow = {"mpeg4", AV_PIX_FMT_YUV420P, 160, 90, 1};
	struct cam_picture picture;
	struct cam_got got;
	struct cam *cam;
	int64_t deadline_us;
	uint32_t skipped;
	AVFrame *frame;

	(void)state;
	record(&slow);
	cam = open_camera(&got);
	frame = take(cam, &skipped);
	av_frame_free(&frame);
	deadline_us = clock_now_us() + 10 * CLOCK_US_PER_MS;
	assert_int_equal(cam->ops->next(cam, deadline_us, &picture), CAM_TIMEOUT);
	assert_true(clock_now_us() >= deadline_us);
	cam->ops->wake(cam);
	assert_int_equal(cam->ops->next(cam, INT64_MAX, &picture), CAM_TIMEOUT);
	cam_destroy(cam);
}

static void runs_out_of_memory_cleanly(void **state)
{
	enum cam_result result;
	struct cam_got got;
	struct cam *cam;

	(void)state;
	record(&plain);
	for (unsigned int n = 1;; n++) {
		int r;

		fake_alloc_arm(n);
		r = camera_file_create(path, 0, &cam);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = cam->ops->open(cam, &want, &got);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, CAM_FAILED);
		assert_string_equal(cam->fault, "Cannot allocate memory");
	}
	assert_int_equal(result, CAM_OK);
	cam_destroy(cam);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_over_and_over),
		cmocka_unit_test(plays_what_has_to_be_converted),
		cmocka_unit_test(says_what_is_wrong_with_the_file),
		cmocka_unit_test(fails_when_the_file_goes_away),
		cmocka_unit_test(takes_a_cut_file),
		cmocka_unit_test(keeps_up_when_it_is_read_late),
		cmocka_unit_test(waits_no_longer_than_told),
		cmocka_unit_test(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
