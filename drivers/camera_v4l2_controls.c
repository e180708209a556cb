#include "drivers/camera_v4l2_device.h"

#include <ctype.h>
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

/* "Pan, Absolute" becomes pan_absolute. */
static void make_name(const char *label, size_t size, char *ret_name)
{
	size_t length = 0;

	for (size_t i = 0; i < size && label[i]; i++) {
		if (isalnum((unsigned char)label[i]))
			ret_name[length++] = (char)tolower((unsigned char)label[i]);
		else if (length > 0 && ret_name[length - 1] != '_')
			ret_name[length++] = '_';
	}
	while (length > 0 && ret_name[length - 1] == '_')
		length--;
	ret_name[length] = 0;
}

/* False for what has no single number for a value. */
static bool translate_type(uint32_t type, enum cam_control_type *ret_type)
{
	switch (type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_INTEGER64:
		*ret_type = CAM_CONTROL_INTEGER;
		return true;
	case V4L2_CTRL_TYPE_BOOLEAN:
		*ret_type = CAM_CONTROL_BOOLEAN;
		return true;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		*ret_type = CAM_CONTROL_MENU;
		return true;
	case V4L2_CTRL_TYPE_BUTTON:
		*ret_type = CAM_CONTROL_BUTTON;
		return true;
	default:
		return false;
	}
}

static bool translate(const struct v4l2_query_ext_ctrl *query, struct cam_control *ret_control)
{
	struct cam_control control = {
		.minimum = query->minimum,
		.maximum = query->maximum,
		.step = query->step >= 1 && query->step <= INT64_MAX ? (int64_t)query->step : 1,
		.default_value = query->default_value,
		.read_only = query->flags & V4L2_CTRL_FLAG_READ_ONLY,
	};

	_Static_assert(sizeof(query->name) <= sizeof(control.name), "a name may fill its field");
	if (!translate_type(query->type, &control.type) || query->nr_of_dims > 0 ||
	    query->flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_HAS_PAYLOAD))
		return false;
	/* the field always has room for the end: at most 31 characters are read */
	make_name(query->name, sizeof(query->name) - 1, control.name);
	if (!control.name[0] || control.minimum > control.maximum)
		return false;
	*ret_control = control;
	return true;
}

/* Asks for the control after *id. False: there is none, or the driver turns in circles. */
static bool query_next(const struct v4l2_device *device, uint32_t *id,
		       struct v4l2_query_ext_ctrl *ret_query)
{
	struct v4l2_query_ext_ctrl query = {.id = *id | V4L2_CTRL_FLAG_NEXT_CTRL};

	if (v4l2_device_ioctl(device, VIDIOC_QUERY_EXT_CTRL, &query) < 0 || query.id <= *id ||
	    query.id & V4L2_CTRL_FLAG_NEXT_CTRL)
		return false;
	*id = query.id;
	*ret_query = query;
	return true;
}

int v4l2_device_list_controls(const struct v4l2_device *device, struct cam_control *controls,
			      size_t capacity, size_t *ret_count)
{
	struct v4l2_query_ext_ctrl query;
	size_t count = 0;
	uint32_t id = 0;

	while (count < capacity && query_next(device, &id, &query)) {
		if (translate(&query, &controls[count]))
			count++;
	}
	*ret_count = count;
	return 0;
}

/* A control by name, and what the kernel is asked for its value with. */
struct found {
	struct cam_control control;
	uint32_t id;
	bool is_64_bit;
};

static int find(const struct v4l2_device *device, const char *name, struct found *ret_found)
{
	struct v4l2_query_ext_ctrl query;
	uint32_t id = 0;

	while (query_next(device, &id, &query)) {
		if (!translate(&query, &ret_found->control) ||
		    strcmp(ret_found->control.name, name) != 0)
			continue;
		ret_found->id = query.id;
		ret_found->is_64_bit = query.type == V4L2_CTRL_TYPE_INTEGER64;
		return 0;
	}
	return -ENOENT;
}

static int exchange(const struct v4l2_device *device, unsigned long request,
		    struct v4l2_ext_control *value)
{
	struct v4l2_ext_controls list = {
		.which = V4L2_CTRL_WHICH_CUR_VAL,
		.count = 1,
		.controls = value,
	};

	return v4l2_device_ioctl(device, request, &list);
}

int v4l2_device_get_control(const struct v4l2_device *device, const char *name, int64_t *ret_value)
{
	struct v4l2_ext_control value = {0};
	struct found found;
	int r = find(device, name, &found);

	if (r < 0)
		return r;
	if (found.control.type == CAM_CONTROL_BUTTON)
		return -EACCES;
	value.id = found.id;
	r = exchange(device, VIDIOC_G_EXT_CTRLS, &value);
	if (r < 0)
		return r;
	*ret_value = found.is_64_bit ? value.value64 : value.value;
	return 0;
}

static bool is_in_range(const struct cam_control *control, int64_t value)
{
	if (control->type == CAM_CONTROL_BUTTON)
		return true;
	return value >= control->minimum && value <= control->maximum &&
	       ((uint64_t)value - (uint64_t)control->minimum) % (uint64_t)control->step == 0;
}

int v4l2_device_set_control(const struct v4l2_device *device, const char *name, int64_t value)
{
	struct v4l2_ext_control setting = {0};
	struct found found;
	int r = find(device, name, &found);

	if (r < 0)
		return r;
	if (found.control.read_only)
		return -EACCES;
	if (!is_in_range(&found.control, value))
		return -ERANGE;
	setting.id = found.id;
	if (found.is_64_bit)
		setting.value64 = value;
	else
		setting.value = (int32_t)value;
	return exchange(device, VIDIOC_S_EXT_CTRLS, &setting);
}
