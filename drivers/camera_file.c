#include "drivers/camera_file.h"

#include "base/clock.h"
#include "camera/convert.h"
#include "camera/picture_pool.h"
#include "camera/timestrip.h"
#include "drivers/pacer.h"
#include "drivers/video_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind by more than this, the file goes on from where it is instead of catching up. */
#define LATE_LIMIT_US CLOCK_US_PER_S

struct camera {
	struct cam base;
	char *path;
	uint8_t tag;
	struct pacer pacer;

	/* while open */
	struct video_file *file;
	struct converter *converter;
	struct picture_pool *pool; /* of copies, made with the first */
	AVFrame *ahead;            /* decoded, waits until it is due */
	int64_t start_us;          /* when time 0 of the file was due */
	struct cam_got got;
};

static const struct cam_ops ops;

static struct camera *camera_from(struct cam *cam)
{
	assert(cam->ops == &ops);
	return (struct camera *)cam;
}

static void camera_close(struct cam *cam)
{
	struct camera *camera = camera_from(cam);

	av_frame_free(&camera->ahead);
	video_file_close(camera->file);
	camera->file = NULL;
	converter_destroy(camera->converter);
	camera->converter = NULL;
	picture_pool_destroy(camera->pool);
	camera->pool = NULL;
}

static enum cam_result fail(struct camera *camera, int error)
{
	return cam_fail(&camera->base, "%s",
			error == -EINVAL ? "not a video that can be played" : strerror(-error));
}

static enum cam_result camera_open(struct cam *cam, const struct cam_want *want,
				   struct cam_got *ret_got)
{
	struct camera *camera = camera_from(cam);
	struct cam_got *got = &camera->got;
	int r;

	(void)want;
	r = converter_create(AV_PIX_FMT_YUV420P, &camera->converter);
	if (r == 0)
		r = video_file_open(camera->path, &camera->file);
	if (r == 0)
		r = video_file_next(camera->file, &camera->ahead);
	if (r < 0) {
		camera_close(cam);
		return r == -ENOENT ? CAM_ABSENT : fail(camera, r);
	}
	got->width = camera->ahead->width & ~1;
	got->height = camera->ahead->height & ~1;
	got->frame_us = video_file_frame_us(camera->file);
	got->format = camera->ahead->format == AV_PIX_FMT_NV12 ? CAM_FORMAT_NV12 : CAM_FORMAT_I420;
	snprintf(got->device, sizeof(got->device), "file %s", camera->path);
	camera->start_us = clock_now_us() - camera->ahead->pts;
	*ret_got = *got;
	return CAM_OK;
}

static int copy(struct camera *camera, const AVFrame *picture, AVFrame **ret_copy)
{
	AVFrame *copied;
	int r = 0;

	if (camera->pool && !picture_pool_fits(camera->pool, picture)) {
		picture_pool_destroy(camera->pool);
		camera->pool = NULL;
	}
	if (!camera->pool)
		r = picture_pool_create(picture->format, picture->width, picture->height,
					&camera->pool);
	if (r < 0)
		return r;
	copied = picture_pool_get(camera->pool);
	if (!copied)
		return -ENOMEM;
	if (av_frame_copy(copied, picture) < 0 || av_frame_copy_props(copied, picture) < 0) {
		av_frame_free(&copied);
		return -EINVAL;
	}
	*ret_copy = copied;
	return 0;
}

/* Makes the picture one of our own memory: the decoder still predicts from what it gave. */
static int make_own(struct camera *camera, AVFrame **picture)
{
	AVFrame *own;
	int r;

	(*picture)->width &= ~1;
	(*picture)->height &= ~1;
	if (converter_is_done(*picture))
		r = copy(camera, *picture, &own);
	else
		r = converter_run(camera->converter, *picture, &own);
	if (r < 0)
		return r;
	av_frame_free(picture);
	*picture = own;
	return 0;
}

static int stamp(struct camera *camera, AVFrame **picture, int64_t time_us)
{
	const struct timestrip strip = {.time_us = time_us, .tag = camera->tag};
	int r = make_own(camera, picture);

	if (r < 0)
		return r;
	(*picture)->pts = time_us;
	return timestrip_draw(*picture, &strip);
}

/* Decodes up to the picture of now. */
static int look_ahead(struct camera *camera, uint32_t *ret_skipped)
{
	int64_t now_us = clock_now_us();
	int r;

	*ret_skipped = 0;
	for (;;) {
		if (!camera->ahead) {
			r = video_file_next(camera->file, &camera->ahead);
			if (r < 0)
				return r;
		}
		if (camera->start_us + camera->ahead->pts + LATE_LIMIT_US < now_us)
			camera->start_us = now_us - camera->ahead->pts;
		if (camera->start_us + camera->ahead->pts + camera->got.frame_us >= now_us)
			return 0;
		av_frame_free(&camera->ahead);
		++*ret_skipped;
	}
}

static enum cam_result camera_next(struct cam *cam, int64_t deadline_us,
				   struct cam_picture *ret_picture)
{
	struct camera *camera = camera_from(cam);
	uint32_t skipped;
	AVFrame *picture;
	int64_t due_us;
	int r = look_ahead(camera, &skipped);

	if (r < 0)
		return fail(camera, r);
	due_us = camera->start_us + camera->ahead->pts;
	if (pacer_wait(&camera->pacer, due_us, deadline_us) < 0)
		return CAM_TIMEOUT;
	picture = camera->ahead;
	camera->ahead = NULL;
	r = stamp(camera, &picture, due_us);
	if (r < 0) {
		av_frame_free(&picture);
		return fail(camera, r);
	}
	*ret_picture = (struct cam_picture){.frame = picture, .skipped = skipped};
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
	free(camera->path);
	free(camera);
}

static const struct cam_ops ops = {
	.open = camera_open,
	.next = camera_next,
	.close = camera_close,
	.wake = camera_wake,
	.destroy = camera_destroy,
};

int camera_file_create(const char *path, uint8_t tag, struct cam **ret_cam)
{
	struct camera *camera = calloc(1, sizeof(*camera));

	if (!camera)
		return -ENOMEM;
	camera->path = strdup(path);
	if (!camera->path) {
		free(camera);
		return -ENOMEM;
	}
	camera->base.ops = &ops;
	camera->tag = tag;
	pacer_init(&camera->pacer);
	*ret_cam = &camera->base;
	return 0;
}
