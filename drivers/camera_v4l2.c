#include "drivers/camera_v4l2.h"

#include "base/clock.h"
#include "drivers/camera_v4l2_device.h"
#include "drivers/camera_v4l2_format.h"
#include "drivers/camera_v4l2_take.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_AT_SIGNAL_US CLOCK_US_PER_S

/*
 * One is being filled, one waits, one is encoded, one waits to be, two are shown; a device that
 * needs more for itself gives more.
 */
enum { WANTED = 6 };

struct camera {
	struct cam base;
	const struct v4l2_sys *sys;
	char *name;
	int wake; /* eventfd */

	/* the capture thread's */
	struct v4l2_camera_pictures source;
	int64_t looked_us; /* when the input's signal was last asked for */

	pthread_mutex_t lock;
	bool is_open;
	struct v4l2_device device; /* changed under the lock; the capture thread reads without */
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

	v4l2_pictures_stop(camera->source.pictures);
	camera->source.pictures = NULL;
	pthread_mutex_lock(&camera->lock);
	if (camera->is_open)
		v4l2_device_close(&camera->device);
	camera->is_open = false;
	pthread_mutex_unlock(&camera->lock);
}

static enum cam_result start(struct camera *camera, const struct cam_want *want,
			     struct cam_got *ret_got)
{
	enum cam_result result = v4l2_device_lock_input(&camera->device);
	struct v4l2_layout layout;
	struct cam_got got;
	int r;

	if (result == CAM_OK)
		result = v4l2_format_agree(&camera->device, want, &layout, &got);
	if (result != CAM_OK)
		return result;
	camera->source = (struct v4l2_camera_pictures){.device = &camera->device};
	r = v4l2_pictures_start(&camera->device.node, camera->device.type, &layout, WANTED,
				&camera->source.pictures);
	if (r < 0)
		return v4l2_device_result(&camera->device, "start the stream", r);
	snprintf(got.device, sizeof(got.device), "%s", camera->device.label);
	*ret_got = got;
	return CAM_OK;
}

static enum cam_result camera_open(struct cam *cam, const struct cam_want *want,
				   struct cam_got *ret_got)
{
	struct camera *camera = camera_from(cam);
	struct v4l2_device device;
	enum cam_result result = v4l2_device_open(camera->sys, cam, camera->name, &device);

	if (result != CAM_OK)
		return result;
	pthread_mutex_lock(&camera->lock);
	camera->device = device;
	camera->is_open = true;
	pthread_mutex_unlock(&camera->lock);
	camera->looked_us = clock_now_us();
	result = start(camera, want, ret_got);
	if (result != CAM_OK)
		camera_close(cam);
	return result;
}

static bool lost_signal(struct camera *camera)
{
	int64_t now_us = clock_now_us();

	if (now_us - camera->looked_us < LOOK_AT_SIGNAL_US)
		return false;
	camera->looked_us = now_us;
	return !v4l2_device_has_signal(&camera->device);
}

/* What an error event of the device means. */
static enum cam_result ask_error(struct camera *camera)
{
	struct v4l2_capability capability;
	int r = v4l2_device_ioctl(&camera->device, VIDIOC_QUERYCAP, &capability);

	if (r < 0)
		return v4l2_device_result(&camera->device, "wait for a picture", r);
	return cam_fail(&camera->base, "the driver reports an error");
}

/* CAM_OK: a picture may be there. */
static enum cam_result wait_ready(struct camera *camera, int64_t deadline_us)
{
	const struct v4l2_sys *sys = camera->sys;
	struct pollfd fds[] = {
		{.fd = camera->device.node.fd, .events = POLLIN | POLLPRI},
		{.fd = camera->wake, .events = POLLIN},
	};
	uint64_t count;
	int r = sys->poll(sys->context, fds, 2, deadline_us);

	if (r < 0)
		return v4l2_device_result(&camera->device, "wait for a picture", r);
	if (fds[1].revents) {
		(void)!read(camera->wake, &count, sizeof(count));
		return CAM_TIMEOUT;
	}
	if (lost_signal(camera) ||
	    (fds[0].revents & POLLPRI && v4l2_device_source_changed(&camera->device)))
		return CAM_NO_SIGNAL;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return ask_error(camera);
	return r == 0 ? CAM_TIMEOUT : CAM_OK;
}

static enum cam_result camera_next(struct cam *cam, int64_t deadline_us,
				   struct cam_picture *ret_picture)
{
	struct camera *camera = camera_from(cam);
	enum cam_result result;

	do {
		result = wait_ready(camera, deadline_us);
		if (result == CAM_OK)
			result = v4l2_camera_take(&camera->source, ret_picture);
		else
			return result;
	} while (result == CAM_TIMEOUT && clock_now_us() < deadline_us);
	return result;
}

static void camera_wake(struct cam *cam)
{
	const uint64_t one = 1;

	/* a counter that is full wakes too */
	(void)!write(camera_from(cam)->wake, &one, sizeof(one));
}

static int list_controls(struct cam *cam, struct cam_control *controls, size_t capacity,
			 size_t *ret_count)
{
	struct camera *camera = camera_from(cam);
	int r = -ENODEV;

	pthread_mutex_lock(&camera->lock);
	if (camera->is_open)
		r = v4l2_device_list_controls(&camera->device, controls, capacity, ret_count);
	pthread_mutex_unlock(&camera->lock);
	return r;
}

static int get_control(struct cam *cam, const char *name, int64_t *ret_value)
{
	struct camera *camera = camera_from(cam);
	int r = -ENODEV;

	pthread_mutex_lock(&camera->lock);
	if (camera->is_open)
		r = v4l2_device_get_control(&camera->device, name, ret_value);
	pthread_mutex_unlock(&camera->lock);
	return r;
}

static int set_control(struct cam *cam, const char *name, int64_t value)
{
	struct camera *camera = camera_from(cam);
	int r = -ENODEV;

	pthread_mutex_lock(&camera->lock);
	if (camera->is_open)
		r = v4l2_device_set_control(&camera->device, name, value);
	pthread_mutex_unlock(&camera->lock);
	return r;
}

static void camera_destroy(struct cam *cam)
{
	struct camera *camera = camera_from(cam);

	camera_close(cam);
	close(camera->wake);
	pthread_mutex_destroy(&camera->lock);
	free(camera->name);
	free(camera);
}

static const struct cam_ops ops = {
	.open = camera_open,
	.next = camera_next,
	.close = camera_close,
	.wake = camera_wake,
	.list_controls = list_controls,
	.get_control = get_control,
	.set_control = set_control,
	.destroy = camera_destroy,
};

int camera_v4l2_create(const char *device, const struct v4l2_sys *sys, struct cam **ret_cam)
{
	struct camera *camera;
	int r;

	if (!device[0])
		return -EINVAL;
	camera = calloc(1, sizeof(*camera));
	if (!camera)
		return -ENOMEM;
	camera->base.ops = &ops;
	camera->sys = sys ? sys : v4l2_sys_kernel();
	camera->name = strdup(device);
	if (!camera->name) {
		free(camera);
		return -ENOMEM;
	}
	camera->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (camera->wake < 0) {
		r = -errno;
		free(camera->name);
		free(camera);
		return r;
	}
	pthread_mutex_init(&camera->lock, NULL);
	*ret_cam = &camera->base;
	return 0;
}
