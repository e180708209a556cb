#include "tests/fake/fake_camera.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { ANSWERS_MAX = 64, GREY = 128 };

struct answer {
	enum cam_result result;
	struct cam_picture picture;
};

struct fake_camera {
	struct cam base;
	struct cam_got got;

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	enum cam_result open_result;
	unsigned int opened;
	bool is_open;
	bool woken;
	struct answer answers[ANSWERS_MAX]; /* oldest first */
	size_t n_answers;
};

static const struct cam_ops ops;

static struct fake_camera *fake_from(struct cam *cam)
{
	assert(cam->ops == &ops);
	return (struct fake_camera *)cam;
}

static enum cam_result fake_open(struct cam *cam, const struct cam_want *want,
				 struct cam_got *ret_got)
{
	struct fake_camera *fake = fake_from(cam);
	enum cam_result result;

	(void)want;
	pthread_mutex_lock(&fake->lock);
	result = fake->open_result;
	fake->opened++;
	fake->is_open = result == CAM_OK;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	if (result == CAM_FAILED)
		return cam_fail(cam, "the test says so");
	if (result == CAM_OK)
		*ret_got = fake->got;
	return result;
}

static struct answer take_answer(struct fake_camera *fake)
{
	struct answer answer = fake->answers[0];

	fake->n_answers--;
	memmove(fake->answers, fake->answers + 1, fake->n_answers * sizeof(answer));
	return answer;
}

static enum cam_result fake_next(struct cam *cam, int64_t deadline_us,
				 struct cam_picture *ret_picture)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	struct fake_camera *fake = fake_from(cam);
	struct answer answer = {.result = CAM_TIMEOUT};
	bool late = false;

	pthread_mutex_lock(&fake->lock);
	while (!fake->woken && fake->n_answers == 0 && !late)
		late = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	if (!fake->woken && fake->n_answers > 0)
		answer = take_answer(fake);
	fake->woken = false;
	pthread_mutex_unlock(&fake->lock);
	if (answer.result == CAM_OK)
		*ret_picture = answer.picture;
	if (answer.result == CAM_FAILED)
		return cam_fail(cam, "the test says so");
	return answer.result;
}

static void fake_close(struct cam *cam)
{
	struct fake_camera *fake = fake_from(cam);

	pthread_mutex_lock(&fake->lock);
	fake->is_open = false;
	pthread_mutex_unlock(&fake->lock);
}

static void fake_wake(struct cam *cam)
{
	struct fake_camera *fake = fake_from(cam);

	pthread_mutex_lock(&fake->lock);
	fake->woken = true;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static void fake_destroy(struct cam *cam)
{
	struct fake_camera *fake = fake_from(cam);

	for (size_t i = 0; i < fake->n_answers; i++) {
		av_frame_free(&fake->answers[i].picture.frame);
		av_packet_free(&fake->answers[i].picture.coded);
	}
	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

static const struct cam_ops ops = {
	.open = fake_open,
	.next = fake_next,
	.close = fake_close,
	.wake = fake_wake,
	.destroy = fake_destroy,
};

int fake_camera_create(const struct cam_got *got, struct cam **ret_cam)
{
	struct fake_camera *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	fake->base.ops = &ops;
	fake->got = *got;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	*ret_cam = &fake->base;
	return 0;
}

void fake_camera_set_open(struct cam *cam, enum cam_result result)
{
	struct fake_camera *fake = fake_from(cam);

	pthread_mutex_lock(&fake->lock);
	fake->open_result = result;
	pthread_mutex_unlock(&fake->lock);
}

void fake_camera_push(struct cam *cam, enum cam_result result, const struct cam_picture *picture)
{
	struct fake_camera *fake = fake_from(cam);
	struct answer answer = {.result = result};

	if (picture)
		answer.picture = *picture;
	pthread_mutex_lock(&fake->lock);
	assert(fake->n_answers < ANSWERS_MAX);
	fake->answers[fake->n_answers++] = answer;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

AVFrame *fake_camera_picture(enum AVPixelFormat format, int width, int height, uint8_t mark,
			     int64_t pts)
{
	AVFrame *picture = av_frame_alloc();

	if (!picture)
		abort();
	picture->format = format;
	picture->width = width;
	picture->height = height;
	picture->pts = pts;
	if (av_frame_get_buffer(picture, 0) < 0)
		abort();
	for (int i = 0; i < AV_NUM_DATA_POINTERS && picture->buf[i]; i++)
		memset(picture->buf[i]->data, GREY, picture->buf[i]->size);
	picture->data[0][0] = mark;
	return picture;
}

unsigned int fake_camera_opened(struct cam *cam)
{
	struct fake_camera *fake = fake_from(cam);
	unsigned int opened;

	pthread_mutex_lock(&fake->lock);
	opened = fake->opened;
	pthread_mutex_unlock(&fake->lock);
	return opened;
}

bool fake_camera_is_open(struct cam *cam)
{
	struct fake_camera *fake = fake_from(cam);
	bool is_open;

	pthread_mutex_lock(&fake->lock);
	is_open = fake->is_open;
	pthread_mutex_unlock(&fake->lock);
	return is_open;
}

int fake_camera_wait_opened(struct cam *cam, unsigned int opened, int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	struct fake_camera *fake = fake_from(cam);
	bool late = false, reached;

	pthread_mutex_lock(&fake->lock);
	while (fake->opened < opened && !late)
		late = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	reached = fake->opened >= opened;
	pthread_mutex_unlock(&fake->lock);
	return reached ? 0 : -ETIMEDOUT;
}
