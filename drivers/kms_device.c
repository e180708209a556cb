#include "drivers/kms_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#define CARDS_MAX 16

/* A property wanted of an object, and where its id goes. */
struct wanted {
	const char *name;
	uint32_t *id;
};

/* The value of an enum property that is called `name`. */
static bool find_value(const drmModePropertyRes *property, const char *name, uint64_t *ret_value)
{
	for (int i = 0; i < property->count_enums; i++) {
		if (strcmp(property->enums[i].name, name) == 0) {
			*ret_value = property->enums[i].value;
			return true;
		}
	}
	return false;
}

/* Calls see(context, property, value) for each property of an object. */
static void each_property(int fd, uint32_t object, uint32_t type,
			  void (*see)(void *context, const drmModePropertyRes *property,
				      uint64_t value),
			  void *context)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, object, type);

	for (uint32_t i = 0; list && i < list->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, list->props[i]);

		if (property)
			see(context, property, list->prop_values[i]);
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(list);
}

struct wanted_list {
	const struct wanted *wanted;
	size_t n;
};

static void see_wanted(void *context, const drmModePropertyRes *property, uint64_t value)
{
	const struct wanted_list *list = context;

	(void)value;
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(property->name, list->wanted[i].name) == 0)
			*list->wanted[i].id = property->prop_id;
	}
}

static bool find_properties(int fd, uint32_t object, uint32_t type, const struct wanted *wanted,
			    size_t n)
{
	struct wanted_list list = {wanted, n};

	for (size_t i = 0; i < n; i++)
		*wanted[i].id = 0;
	each_property(fd, object, type, see_wanted, &list);
	for (size_t i = 0; i < n; i++) {
		if (*wanted[i].id == 0)
			return false;
	}
	return true;
}

static bool find_pipe_properties(int fd, struct kms_pipe *pipe)
{
	const struct wanted connector[] = {{"CRTC_ID", &pipe->connector_crtc_id}};
	const struct wanted crtc[] = {{"MODE_ID", &pipe->crtc_mode_id},
				      {"ACTIVE", &pipe->crtc_active}};
	const struct wanted plane[] = {
		{"FB_ID", &pipe->plane_fb_id}, {"CRTC_ID", &pipe->plane_crtc_id},
		{"SRC_X", &pipe->src_x},       {"SRC_Y", &pipe->src_y},
		{"SRC_W", &pipe->src_w},       {"SRC_H", &pipe->src_h},
		{"CRTC_X", &pipe->crtc_x},     {"CRTC_Y", &pipe->crtc_y},
		{"CRTC_W", &pipe->crtc_w},     {"CRTC_H", &pipe->crtc_h},
	};

	return find_properties(fd, pipe->connector, DRM_MODE_OBJECT_CONNECTOR, connector, 1) &&
	       find_properties(fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, crtc, 2) &&
	       find_properties(fd, pipe->plane, DRM_MODE_OBJECT_PLANE, plane,
			       sizeof(plane) / sizeof(plane[0]));
}

/* What is to be known of a plane before it is taken. */
struct plane_traits {
	bool is_primary;
	uint32_t color_encoding, color_range;
	uint64_t bt709, limited_range;
};

static void see_traits(void *context, const drmModePropertyRes *property, uint64_t value)
{
	struct plane_traits *traits = context;

	if (strcmp(property->name, "type") == 0)
		traits->is_primary = value == DRM_PLANE_TYPE_PRIMARY;
	else if (strcmp(property->name, "COLOR_ENCODING") == 0 &&
		 find_value(property, "ITU-R BT.709 YCbCr", &traits->bt709))
		traits->color_encoding = property->prop_id;
	else if (strcmp(property->name, "COLOR_RANGE") == 0 &&
		 find_value(property, "YCbCr limited range", &traits->limited_range))
		traits->color_range = property->prop_id;
}

/* Takes the plane if it is the primary one of the CRTC, the index_th. */
static bool take_plane(int fd, uint32_t id, int index, struct kms_pipe *pipe)
{
	drmModePlane *plane = drmModeGetPlane(fd, id);
	struct plane_traits traits = {0};

	pipe->n_formats = 0;
	if (plane && plane->possible_crtcs & 1U << index) {
		each_property(fd, id, DRM_MODE_OBJECT_PLANE, see_traits, &traits);
		if (traits.is_primary)
			pipe->n_formats =
				kms_choose_formats(plane->formats, plane->count_formats,
						   traits.color_encoding && traits.color_range,
						   pipe->formats);
	}
	pipe->plane = id;
	pipe->color_encoding = traits.color_encoding;
	pipe->color_range = traits.color_range;
	pipe->bt709 = traits.bt709;
	pipe->limited_range = traits.limited_range;
	drmModeFreePlane(plane);
	return pipe->n_formats > 0;
}

static bool find_plane(int fd, int index, struct kms_pipe *pipe)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	bool found = false;

	for (uint32_t i = 0; planes && i < planes->count_planes && !found; i++)
		found = take_plane(fd, planes->planes[i], index, pipe);
	drmModeFreePlaneResources(planes);
	return found;
}

/* The CRTCs, by index, that can drive the connector. */
static uint32_t possible_crtcs(int fd, const drmModeConnector *connector)
{
	uint32_t possible = 0;

	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, connector->encoders[i]);

		if (encoder)
			possible |= encoder->possible_crtcs;
		drmModeFreeEncoder(encoder);
	}
	return possible;
}

static bool find_crtc(int fd, const drmModeRes *resources, const drmModeConnector *connector,
		      struct kms_pipe *pipe)
{
	uint32_t possible = possible_crtcs(fd, connector);

	for (int i = 0; i < resources->count_crtcs && i < 32; i++) {
		if (!(possible & 1U << i))
			continue;
		pipe->crtc = resources->crtcs[i];
		if (find_plane(fd, i, pipe) && find_pipe_properties(fd, pipe))
			return true;
	}
	return false;
}

/* Returns SCREEN_OK for the first connector that can show pictures. */
static enum screen_result find_pipe(int fd, const char *path, struct kms_pipe *pipe, char *reason,
				    size_t size)
{
	drmModeRes *resources = drmModeGetResources(fd);
	enum screen_result result = SCREEN_UNPLUGGED;

	snprintf(reason, size, "no display is connected to %s", path);
	for (int i = 0; resources && i < resources->count_connectors && result != SCREEN_OK; i++) {
		drmModeConnector *connector = drmModeGetConnector(fd, resources->connectors[i]);
		int mode = -1;

		if (connector && connector->connection == DRM_MODE_CONNECTED) {
			mode = kms_choose_mode(connector->modes, (size_t)connector->count_modes);
			result = SCREEN_FAILED;
			snprintf(reason, size, "the display at %s has no mode or plane for us",
				 path);
		}
		if (mode >= 0) {
			pipe->connector = connector->connector_id;
			pipe->mode = connector->modes[mode];
			if (find_crtc(fd, resources, connector, pipe))
				result = SCREEN_OK;
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	return result;
}

/* Claims the device; false with the reason where it cannot be used. */
static bool claim(int fd, const char *path, char *reason, size_t size)
{
	uint64_t has_dumb = 0;

	if (drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) != 0 ||
	    drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1) != 0)
		snprintf(reason, size, "%s has no atomic mode setting", path);
	else if (drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &has_dumb) != 0 || !has_dumb)
		snprintf(reason, size, "%s has no dumb buffers", path);
	else if (!drmIsMaster(fd) && drmSetMaster(fd) != 0)
		snprintf(reason, size, "%s is used by another program (no DRM master: %s)", path,
			 strerror(errno));
	else
		return true;
	return false;
}

static enum screen_result open_card(const char *path, int *ret_fd, struct kms_pipe *ret_pipe,
				    char *reason, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	enum screen_result result = SCREEN_FAILED;

	if (fd < 0) {
		snprintf(reason, size, "%s cannot be opened: %s", path, strerror(errno));
		return SCREEN_FAILED;
	}
	if (claim(fd, path, reason, size))
		result = find_pipe(fd, path, ret_pipe, reason, size);
	if (result == SCREEN_OK)
		*ret_fd = fd;
	else
		close(fd);
	return result;
}

enum screen_result kms_device_open(const char *device, int *ret_fd, struct kms_pipe *ret_pipe,
				   char *reason, size_t reason_size)
{
	enum screen_result result = SCREEN_FAILED;

	if (strcmp(device, "auto") != 0)
		return open_card(device, ret_fd, ret_pipe, reason, reason_size);
	snprintf(reason, reason_size, "there is no display device in /dev/dri");
	for (int i = 0; i < CARDS_MAX && result != SCREEN_OK; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		if (access(path, F_OK) == 0)
			result = open_card(path, ret_fd, ret_pipe, reason, reason_size);
	}
	return result;
}

enum screen_result kms_device_check(int fd, const struct kms_pipe *pipe)
{
	drmModeConnector *connector = drmModeGetConnectorCurrent(fd, pipe->connector);
	bool is_connected = connector && connector->connection == DRM_MODE_CONNECTED;

	drmModeFreeConnector(connector);
	return is_connected ? SCREEN_OK : SCREEN_UNPLUGGED;
}
