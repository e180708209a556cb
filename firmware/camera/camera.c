#include "camera/camera.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cam_destroy(struct cam *cam)
{
	if (cam)
		cam->ops->destroy(cam);
}

enum cam_result cam_fail(struct cam *cam, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(cam->fault, sizeof(cam->fault), format, arguments);
	va_end(arguments);
	return CAM_FAILED;
}

int cam_list_controls(struct cam *cam, struct cam_control *controls, size_t capacity,
		      size_t *ret_count)
{
	if (cam->ops->list_controls)
		return cam->ops->list_controls(cam, controls, capacity, ret_count);
	*ret_count = 0;
	return 0;
}

int cam_get_control(struct cam *cam, const char *name, int64_t *ret_value)
{
	return cam->ops->get_control ? cam->ops->get_control(cam, name, ret_value) : -ENOENT;
}

int cam_set_control(struct cam *cam, const char *name, int64_t value)
{
	return cam->ops->set_control ? cam->ops->set_control(cam, name, value) : -ENOENT;
}

const char *cam_result_name(enum cam_result result)
{
	switch (result) {
	case CAM_OK:
		return "ok";
	case CAM_TIMEOUT:
		return "timeout";
	case CAM_CORRUPT:
		return "corrupt";
	case CAM_UNPLUGGED:
		return "unplugged";
	case CAM_ABSENT:
		return "absent";
	case CAM_BUSY:
		return "busy";
	case CAM_NO_SIGNAL:
		return "no signal";
	case CAM_FAILED:
		return "failed";
	}
	return "unknown";
}

static const char *const format_names[CAM_FORMATS] = {
	[CAM_FORMAT_NV12] = "nv12",
	[CAM_FORMAT_I420] = "i420",
	[CAM_FORMAT_YUYV] = "yuyv",
	[CAM_FORMAT_MJPEG] = "mjpeg",
};

const char *cam_format_name(enum cam_format format)
{
	return format_names[format];
}

int cam_format_from_name(const char *name, enum cam_format *ret_format)
{
	for (int i = 0; i < CAM_FORMATS; i++) {
		if (strcmp(name, format_names[i]) == 0) {
			*ret_format = (enum cam_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *control_type_name(enum cam_control_type type)
{
	switch (type) {
	case CAM_CONTROL_INTEGER:
		return "integer";
	case CAM_CONTROL_BOOLEAN:
		return "boolean";
	case CAM_CONTROL_MENU:
		return "menu";
	case CAM_CONTROL_BUTTON:
		return "button";
	}
	return "unknown";
}

static json_t *control_to_json(struct cam *cam, const struct cam_control *control)
{
	json_t *json =
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "name", control->name, "type",
			  control_type_name(control->type), "minimum", (json_int_t)control->minimum,
			  "maximum", (json_int_t)control->maximum, "step",
			  (json_int_t)control->step, "default", (json_int_t)control->default_value,
			  "read_only", control->read_only);
	int64_t value;

	if (json && cam_get_control(cam, control->name, &value) == 0 &&
	    json_object_set_new(json, "value", json_integer(value)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *cam_controls_to_json(struct cam *cam)
{
	struct cam_control *controls = calloc(CAM_CONTROLS_MAX, sizeof(*controls));
	json_t *array = json_array();
	size_t count;

	if (!controls || !array)
		goto fail;
	if (cam_list_controls(cam, controls, CAM_CONTROLS_MAX, &count) < 0)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(array, control_to_json(cam, &controls[i])) < 0)
			goto fail;
	}
	free(controls);
	return array;

fail:
	free(controls);
	json_decref(array);
	return NULL;
}

const AVDRMFrameDescriptor *cam_frame_dmabuf(const AVFrame *frame)
{
	if (!frame->opaque_ref || frame->opaque_ref->size != sizeof(AVDRMFrameDescriptor))
		return NULL;
	return (const AVDRMFrameDescriptor *)frame->opaque_ref->data;
}
