#include "drivers/camera_test.h"

#include "base/clock.h"
#include "camera/picture_pool.h"
#include "camera/timestrip.h"
#include "drivers/pacer.h"

#include <assert.h>
#include <errno.h>
#include <libavutil/imgutils.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WIDTH_MINIMUM = 160,
	HEIGHT_MINIMUM = 90,
	SIDE_MAXIMUM = 4096,
	BARS = 8,
	MOVING_BARS = 32,     /* the moving bar is this part of the width */
	TRAVEL_PICTURES = 90, /* from left to right */
	DIGITS = 6,
	DIGIT_COLUMNS = 3,
	DIGIT_ROWS = 5,
};

struct colour {
	uint8_t y;
	uint8_t u;
	uint8_t v;
};

/* 75 % bars in BT.601, limited range: ITU-R BT.1729. */
static const struct colour bars[BARS] = {
	{180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
	{84, 184, 198},  {65, 100, 212}, {35, 212, 114}, {16, 128, 128},
};
static const struct colour white = {235, 128, 128};
static const struct colour black = {16, 128, 128};

/* Rows of 3 cells from the top, the highest bit first. */
static const uint16_t digit_cells[10] = {
	075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,
};

struct camera {
	struct cam base;
	uint8_t tag;
	struct pacer pacer;

	/* while open */
	struct picture_pool *pool;
	AVFrame *background;
	int64_t start_us;
	int64_t frame_us;
	int64_t number; /* of the next picture */
};

static const struct cam_ops ops;

static struct camera *camera_from(struct cam *cam)
{
	assert(cam->ops == &ops);
	return (struct camera *)cam;
}

static void fill(AVFrame *picture, int x, int y, int width, int height, struct colour colour)
{
	for (int line = y; line < y + height; line++)
		memset(picture->data[0] + (ptrdiff_t)line * picture->linesize[0] + x, colour.y,
		       (size_t)width);
	for (int line = y / 2; line < (y + height) / 2; line++) {
		uint8_t *u = picture->data[1] + (ptrdiff_t)line * picture->linesize[1];
		uint8_t *v = picture->data[2] + (ptrdiff_t)line * picture->linesize[2];

		if (picture->format == AV_PIX_FMT_YUV420P) {
			memset(u + x / 2, colour.u, (size_t)width / 2);
			memset(v + x / 2, colour.v, (size_t)width / 2);
			continue;
		}
		for (int i = x; i < x + width; i += 2) {
			u[i] = colour.u;
			u[i + 1] = colour.v;
		}
	}
}

static void draw_background(AVFrame *picture, uint8_t tag)
{
	for (int i = 0; i < BARS; i++) {
		int left = picture->width * i / BARS & ~1;
		int right = picture->width * (i + 1) / BARS & ~1;

		fill(picture, left, 0, right - left, picture->height, bars[(i + tag) % BARS]);
	}
}

static void draw_digit(AVFrame *picture, int x, int y, int cell, int digit)
{
	for (int i = 0; i < DIGIT_COLUMNS * DIGIT_ROWS; i++) {
		if (digit_cells[digit] >> (DIGIT_COLUMNS * DIGIT_ROWS - 1 - i) & 1)
			fill(picture, x + i % DIGIT_COLUMNS * cell, y + i / DIGIT_COLUMNS * cell,
			     cell, cell, white);
	}
}

static void draw_number(AVFrame *picture, int64_t number)
{
	int cell = picture->height / 40 & ~1;
	int width = DIGITS * (DIGIT_COLUMNS + 1) * cell;
	int x = (picture->width - width) / 2 & ~1, y = picture->height * 3 / 4 & ~1;

	fill(picture, x - cell, y - cell, width + cell, (DIGIT_ROWS + 2) * cell, black);
	for (int i = DIGITS - 1; i >= 0; i--, number /= 10)
		draw_digit(picture, x + i * (DIGIT_COLUMNS + 1) * cell, y, cell,
			   (int)(number % 10));
}

static void draw_moving_bar(AVFrame *picture, int64_t number)
{
	int width = picture->width / MOVING_BARS & ~1;
	int way = picture->width - width;
	int x = way * (int)(number % TRAVEL_PICTURES) / TRAVEL_PICTURES & ~1;

	fill(picture, x, picture->height / 3 & ~1, width, picture->height / 3 & ~1, white);
}

static AVFrame *draw(struct camera *camera, int64_t number, int64_t time_us)
{
	const struct timestrip strip = {.time_us = time_us, .tag = camera->tag};
	AVFrame *picture = picture_pool_get(camera->pool);

	if (!picture)
		return NULL;
	av_image_copy2(picture->data, picture->linesize, camera->background->data,
		       camera->background->linesize, picture->format, picture->width,
		       picture->height);
	draw_moving_bar(picture, number);
	draw_number(picture, number);
	if (timestrip_draw(picture, &strip) < 0) {
		av_frame_free(&picture);
		return NULL;
	}
	picture->pts = time_us;
	picture->colorspace = AVCOL_SPC_SMPTE170M;
	picture->color_range = AVCOL_RANGE_MPEG;
	return picture;
}

static int clamp(int value, int minimum, int maximum)
{
	if (value < minimum)
		return minimum;
	return value > maximum ? maximum : value;
}

static void camera_close(struct cam *cam)
{
	struct camera *camera = camera_from(cam);

	av_frame_free(&camera->background);
	picture_pool_destroy(camera->pool);
	camera->pool = NULL;
}

static enum cam_result camera_open(struct cam *cam, const struct cam_want *want,
				   struct cam_got *ret_got)
{
	struct camera *camera = camera_from(cam);
	struct cam_got got = {
		.width = clamp(want->width, WIDTH_MINIMUM, SIDE_MAXIMUM) & ~1,
		.height = clamp(want->height, HEIGHT_MINIMUM, SIDE_MAXIMUM) & ~1,
		.frame_us = CLOCK_US_PER_S / want->fps,
		.format = CAM_FORMAT_I420,
		.device = "test pattern",
	};

	for (size_t i = want->n_formats; i-- > 0;) {
		if (want->formats[i] == CAM_FORMAT_NV12 || want->formats[i] == CAM_FORMAT_I420)
			got.format = want->formats[i];
	}
	if (picture_pool_create(got.format == CAM_FORMAT_NV12 ? AV_PIX_FMT_NV12
							      : AV_PIX_FMT_YUV420P,
				got.width, got.height, &camera->pool) < 0)
		return cam_fail(cam, "no memory for pictures");
	camera->background = picture_pool_get(camera->pool);
	if (!camera->background) {
		camera_close(cam);
		return cam_fail(cam, "no memory for pictures");
	}
	draw_background(camera->background, camera->tag);
	camera->start_us = clock_now_us();
	camera->frame_us = got.frame_us;
	camera->number = 0;
	*ret_got = got;
	return CAM_OK;
}

static enum cam_result camera_next(struct cam *cam, int64_t deadline_us,
				   struct cam_picture *ret_picture)
{
	struct camera *camera = camera_from(cam);
	int64_t running_us = clock_now_us() - camera->start_us;
	int64_t number = camera->number, due_us;
	AVFrame *frame;

	/* a caller that comes late gets the picture of now */
	if (running_us / camera->frame_us > number)
		number = running_us / camera->frame_us;
	due_us = camera->start_us + number * camera->frame_us;
	if (pacer_wait(&camera->pacer, due_us, deadline_us) < 0)
		return CAM_TIMEOUT;
	frame = draw(camera, number, due_us);
	if (!frame)
		return cam_fail(cam, "no memory for a picture");
	*ret_picture = (struct cam_picture){
		.frame = frame,
		.skipped = (uint32_t)(number - camera->number),
	};
	camera->number = number + 1;
	return CAM_OK;
}

static void camera_wake(struct cam *cam)
{
	pacer_wake(&camera_from(cam)->pacer);
}

static void camera_destroy(struct cam *cam)
{
	struct camera *camera = camera_from(cam);

	camera_close(cam);
	pacer_finish(&camera->pacer);
	free(camera);
}

static const struct cam_ops ops = {
	.open = camera_open,
	.next = camera_next,
	.close = camera_close,
	.wake = camera_wake,
	.destroy = camera_destroy,
};

int camera_test_create(uint8_t tag, struct cam **ret_cam)
{
	struct camera *camera = calloc(1, sizeof(*camera));

	if (!camera)
		return -ENOMEM;
	camera->base.ops = &ops;
	camera->tag = tag;
	pacer_init(&camera->pacer);
	*ret_cam = &camera->base;
	return 0;
}
