#include "drivers/camera_v4l2_device.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

int v4l2_device_ioctl(const struct v4l2_device *device, unsigned long request, void *argument)
{
	return v4l2_node_ioctl(&device->node, request, argument);
}

/* Whether it captures pictures by buffers; one that also takes some is a converter, no camera. */
static bool is_camera(const struct v4l2_capability *capability, uint32_t *ret_type)
{
	uint32_t caps = v4l2_node_caps(capability);

	if (!(caps & V4L2_CAP_STREAMING) ||
	    caps & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M |
		    V4L2_CAP_VIDEO_M2M_MPLANE))
		return false;
	if (caps & V4L2_CAP_VIDEO_CAPTURE)
		*ret_type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	else if (caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
		*ret_type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	else
		return false;
	return true;
}

/* card: the name it must have, or NULL. Returns 0, -ENOTTY when it is not such a camera, -errno. */
static int open_path(const struct v4l2_sys *sys, const char *path, const char *card,
		     struct v4l2_device *ret_device)
{
	struct v4l2_capability capability;
	struct v4l2_device device = {0};
	int r = v4l2_node_open(sys, path, &device.node, &capability);

	if (r < 0)
		return r;
	if (!is_camera(&capability, &device.type) ||
	    (card && strcmp(card, (const char *)capability.card) != 0)) {
		v4l2_device_close(&device);
		return -ENOTTY;
	}
	snprintf(device.label, sizeof(device.label), "%s (%s)", capability.card, path);
	*ret_device = device;
	return 0;
}

struct search {
	const struct v4l2_sys *sys;
	const char *card;
	struct v4l2_device *device;
	int result;
};

static int visit(void *context, const char *path)
{
	struct search *search = context;
	int r = open_path(search->sys, path, search->card, search->device);

	/* these say more than that there is none */
	if (r == 0 || r == -EBUSY || r == -EACCES)
		search->result = r;
	return r == 0;
}

/* The first in the order of numbers that can be had, with that card name if one is given. */
static int find_first(const struct v4l2_sys *sys, const char *card, struct v4l2_device *ret_device)
{
	struct search search = {sys, card, ret_device, -ENOENT};
	int r = v4l2_node_each(sys, visit, &search);

	return r < 0 ? r : search.result;
}

enum cam_result v4l2_device_open(const struct v4l2_sys *sys, struct cam *cam, const char *name,
				 struct v4l2_device *ret_device)
{
	int r;

	if (strchr(name, '/'))
		r = open_path(sys, name, NULL, ret_device);
	else
		r = find_first(sys, strcmp(name, "auto") == 0 ? NULL : name, ret_device);
	switch (r) {
	case 0:
		ret_device->cam = cam;
		return CAM_OK;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return CAM_ABSENT;
	case -EBUSY:
		return CAM_BUSY;
	case -ENOTTY:
		return cam_fail(cam, "%s is no camera", name);
	default:
		return cam_fail(cam, "%s: %s", name, strerror(-r));
	}
}

void v4l2_device_close(struct v4l2_device *device)
{
	v4l2_node_close(&device->node);
}

enum cam_result v4l2_device_result(const struct v4l2_device *device, const char *call, int error)
{
	switch (error) {
	case -ENODEV:
	case -ENXIO:
		return CAM_UNPLUGGED;
	case -EBUSY:
		return CAM_BUSY;
	default:
		return cam_fail(device->cam, "%s: %s", call, strerror(-error));
	}
}

static int query_input(const struct v4l2_device *device, struct v4l2_input *ret_input)
{
	struct v4l2_input input = {0};
	int index = 0;
	int r = v4l2_device_ioctl(device, VIDIOC_G_INPUT, &index);

	input.index = (uint32_t)index;
	if (r == 0)
		r = v4l2_device_ioctl(device, VIDIOC_ENUMINPUT, &input);
	if (r == 0)
		*ret_input = input;
	return r;
}

static bool input_has_signal(const struct v4l2_input *input)
{
	return !(input->status & (V4L2_IN_ST_NO_POWER | V4L2_IN_ST_NO_SIGNAL | V4L2_IN_ST_NO_SYNC));
}

enum cam_result v4l2_device_lock_input(const struct v4l2_device *device)
{
	struct v4l2_event_subscription news = {.type = V4L2_EVENT_SOURCE_CHANGE};
	struct v4l2_dv_timings timings = {0};
	struct v4l2_input input = {0};
	int r;

	if (query_input(device, &input) < 0)
		return CAM_OK;
	if (!input_has_signal(&input))
		return CAM_NO_SIGNAL;
	/* where there is no such event, the input's status is asked for now and then */
	(void)v4l2_device_ioctl(device, VIDIOC_SUBSCRIBE_EVENT, &news);
	if (!(input.capabilities & V4L2_IN_CAP_DV_TIMINGS))
		return CAM_OK;
	r = v4l2_device_ioctl(device, VIDIOC_QUERY_DV_TIMINGS, &timings);
	if (r == -ENOLINK || r == -ENOLCK || r == -ERANGE)
		return CAM_NO_SIGNAL;
	if (r == 0)
		r = v4l2_device_ioctl(device, VIDIOC_S_DV_TIMINGS, &timings);
	if (r < 0 && r != -ENOTTY && r != -ENODATA)
		return v4l2_device_result(device, "timings of the input", r);
	return CAM_OK;
}

bool v4l2_device_has_signal(const struct v4l2_device *device)
{
	struct v4l2_input input = {0};

	return query_input(device, &input) < 0 || input_has_signal(&input);
}

bool v4l2_device_source_changed(const struct v4l2_device *device)
{
	struct v4l2_event event = {0};
	bool changed = false;

	do {
		if (v4l2_device_ioctl(device, VIDIOC_DQEVENT, &event) < 0)
			return changed;
		changed = changed || (event.type == V4L2_EVENT_SOURCE_CHANGE &&
				      event.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION);
	} while (event.pending > 0);
	return changed;
}
