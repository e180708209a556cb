#include "drivers/m2m_device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ENUMERATED_MAX = 256 };

int m2m_fail(const struct m2m_fault *fault, int error, const char *format, ...)
{
	size_t length;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, fault->size, format, arguments);
	va_end(arguments);
	length = strlen(fault->text);
	if (error < 0 && error != -EPROTO)
		snprintf(fault->text + length, fault->size - length, ": %s", strerror(-error));
	return error;
}

static bool has_format(const struct v4l2_node *node, uint32_t type, uint32_t fourcc)
{
	for (uint32_t i = 0; i < ENUMERATED_MAX; i++) {
		struct v4l2_fmtdesc format = {.index = i, .type = type};

		if (v4l2_node_ioctl(node, VIDIOC_ENUM_FMT, &format) < 0)
			return false;
		if (format.pixelformat == fourcc)
			return true;
	}
	return false;
}

static void list_pixels(struct m2m_device *device, uint32_t type)
{
	for (uint32_t i = 0; i < ENUMERATED_MAX && device->n_pixels < M2M_PIXELS_MAX; i++) {
		struct v4l2_fmtdesc format = {.index = i, .type = type};
		const struct v4l2_pixels *pixels;

		if (v4l2_node_ioctl(&device->node, VIDIOC_ENUM_FMT, &format) < 0)
			return;
		pixels = v4l2_pixels_find(format.pixelformat);
		if (pixels && (pixels->n_memories == 1 || v4l2_type_is_multiplanar(type)))
			device->pixels[device->n_pixels++] = pixels;
	}
}

/* Sets the types of the queues; false for what does not convert memory to memory. */
static bool is_m2m(const struct v4l2_capability *capability, struct m2m_device *device)
{
	uint32_t caps = v4l2_node_caps(capability);
	uint32_t both = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_OUTPUT;
	uint32_t both_multi = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE;

	if (!(caps & V4L2_CAP_STREAMING))
		return false;
	if (caps & V4L2_CAP_VIDEO_M2M_MPLANE || (caps & both_multi) == both_multi) {
		device->output = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
		device->capture = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
		return true;
	}
	device->output = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	device->capture = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return caps & V4L2_CAP_VIDEO_M2M || (caps & both) == both;
}

/* What the device is, as far as H.264 is concerned; NULL: the wanted one. */
static const char *look(struct m2m_device *device, enum m2m_role role)
{
	bool encodes = has_format(&device->node, device->capture, V4L2_PIX_FMT_H264);
	bool decodes = has_format(&device->node, device->output, V4L2_PIX_FMT_H264);

	if (role == M2M_ENCODER && !encodes)
		return decodes ? "a decoder, no encoder" : "no encoder of H.264";
	if (role == M2M_DECODER && !decodes)
		return encodes ? "an encoder, no decoder" : "no decoder of H.264";
	list_pixels(device, role == M2M_ENCODER ? device->output : device->capture);
	/* a decoder may list its formats only when it knows the stream */
	return role == M2M_ENCODER && device->n_pixels == 0 ? "an encoder of no format known here"
							    : NULL;
}

/* card: the name it must have, or NULL. Returns 0, -ENOTTY, or -errno; tells why. */
static int open_path(const struct v4l2_sys *sys, const char *path, const char *card,
		     enum m2m_role role, struct m2m_device *ret_device,
		     const struct m2m_fault *fault)
{
	struct v4l2_capability capability;
	struct m2m_device device = {0};
	const char *other = "no codec";
	int r = v4l2_node_open(sys, path, &device.node, &capability);

	if (r < 0)
		return m2m_fail(fault, r, "%s", path);
	if (is_m2m(&capability, &device))
		other = look(&device, role);
	if (!other && card && strcmp(card, (const char *)capability.card) != 0)
		other = "another card";
	if (other) {
		m2m_device_close(&device);
		m2m_fail(fault, 0, "%s (%s) is %s", capability.card, path, other);
		return -ENOTTY;
	}
	snprintf(device.label, sizeof(device.label), "%s (%s)", capability.card, path);
	*ret_device = device;
	return 0;
}

struct search {
	const struct v4l2_sys *sys;
	const char *card;
	enum m2m_role role;
	struct m2m_device *device;
	const struct m2m_fault *fault;
	unsigned int seen;
	int result;
};

static int visit(void *context, const char *path)
{
	struct search *search = context;
	int r = open_path(search->sys, path, search->card, search->role, search->device,
			  search->fault);

	search->seen++;
	if (r == 0 || r == -EBUSY || r == -EACCES)
		search->result = r;
	return r == 0;
}

int m2m_device_open(const struct v4l2_sys *sys, const char *name, enum m2m_role role,
		    struct m2m_device *ret_device, const struct m2m_fault *fault)
{
	struct search search = {
		.sys = sys,
		.card = strcmp(name, "auto") == 0 ? NULL : name,
		.role = role,
		.device = ret_device,
		.fault = fault,
		.result = -ENODEV,
	};
	const char *what = role == M2M_ENCODER ? "encoder" : "decoder";

	if (strchr(name, '/'))
		return open_path(sys, name, NULL, role, ret_device, fault);
	(void)v4l2_node_each(sys, visit, &search);
	if (search.result == -ENODEV)
		m2m_fail(fault, 0, "no V4L2 %s of H.264%s%s among the video devices, %u in all",
			 what, search.card ? " named " : "", search.card ? search.card : "",
			 search.seen);
	return search.result;
}

void m2m_device_close(struct m2m_device *device)
{
	v4l2_node_close(&device->node);
}

int m2m_device_wait(const struct m2m_device *device, short events, int64_t deadline_us,
		    short *ret_events)
{
	const struct v4l2_sys *sys = device->node.sys;
	struct pollfd fd = {.fd = device->node.fd, .events = events};
	struct v4l2_capability capability;
	int r = sys->poll(sys->context, &fd, 1, deadline_us);

	if (r < 0)
		return r;
	/* an error event also means that a queue is empty, so the device itself is asked */
	if (fd.revents & (POLLERR | POLLHUP | POLLNVAL))
		r = v4l2_node_ioctl(&device->node, VIDIOC_QUERYCAP, &capability);
	if (r < 0)
		return r;
	*ret_events = fd.revents;
	return 0;
}

static bool query(const struct m2m_device *device, uint32_t id,
		  struct v4l2_query_ext_ctrl *ret_query)
{
	const uint32_t never =
		V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_HAS_PAYLOAD;
	struct v4l2_query_ext_ctrl query = {.id = id};

	if (v4l2_node_ioctl(&device->node, VIDIOC_QUERY_EXT_CTRL, &query) < 0 ||
	    query.flags & never)
		return false;
	*ret_query = query;
	return true;
}

static int64_t nearest(const struct v4l2_query_ext_ctrl *query, int64_t value)
{
	if (value < query->minimum)
		return query->minimum;
	if (value > query->maximum)
		value = query->maximum;
	if (query->step > 1 && query->step <= INT32_MAX)
		value -= (value - query->minimum) % (int64_t)query->step;
	return value;
}

static int set(const struct m2m_device *device, const struct v4l2_query_ext_ctrl *query,
	       int64_t value)
{
	struct v4l2_ext_control control = {.id = query->id};
	struct v4l2_ext_controls list = {
		.which = V4L2_CTRL_WHICH_CUR_VAL,
		.count = 1,
		.controls = &control,
	};

	if (query->type == V4L2_CTRL_TYPE_INTEGER64)
		control.value64 = value;
	else
		control.value = (int32_t)value;
	return v4l2_node_ioctl(&device->node, VIDIOC_S_EXT_CTRLS, &list);
}

int m2m_device_set(const struct m2m_device *device, uint32_t id, int64_t value)
{
	struct v4l2_query_ext_ctrl found;

	if (!query(device, id, &found))
		return -ENOENT;
	return set(device, &found, nearest(&found, value));
}

int m2m_device_choose(const struct m2m_device *device, uint32_t id, const int64_t *values,
		      size_t n_values)
{
	struct v4l2_query_ext_ctrl found;

	if (!query(device, id, &found) || found.type != V4L2_CTRL_TYPE_MENU)
		return -ENOENT;
	for (size_t i = 0; i < n_values; i++) {
		struct v4l2_querymenu item = {.id = id, .index = (uint32_t)values[i]};

		if (values[i] >= found.minimum && values[i] <= found.maximum &&
		    v4l2_node_ioctl(&device->node, VIDIOC_QUERYMENU, &item) == 0)
			return set(device, &found, values[i]);
	}
	return -ENOENT;
}

int64_t m2m_device_get(const struct m2m_device *device, uint32_t id, int64_t value_if_none)
{
	struct v4l2_control control = {.id = id};

	return v4l2_node_ioctl(&device->node, VIDIOC_G_CTRL, &control) < 0 ? value_if_none
									   : control.value;
}
