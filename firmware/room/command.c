#include "room/command.h"

#include <errno.h>
#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "screen/snapshot.h"

#define SCREENSHOT_WAIT_US (2 * CLOCK_US_PER_S)
#define SOUND_TEST_WAIT_US (100 * CLOCK_US_PER_MS)

struct command {
	const char *name;
	int (*run)(struct pipeline *pipeline, const json_t *params, json_t **ret_result);
};

/* Hands over the reason for people, and passes the error on. */
static int refuse(int error, json_t **ret_result, const char *why)
{
	*ret_result = json_string(why);
	return error;
}

static int encode_base64(const AVPacket *packet, json_t **ret_text)
{
	size_t size = ((size_t)packet->size + 2) / 3 * 4 + 1;
	unsigned char *text = malloc(size);
	size_t length;
	int r = -ENOMEM;

	if (text &&
	    mbedtls_base64_encode(text, size, &length, packet->data, (size_t)packet->size) == 0) {
		*ret_text = json_stringn((const char *)text, length);
		r = *ret_text ? 0 : -ENOMEM;
	}
	free(text);
	return r;
}

static int run_screenshot(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	AVFrame *picture = NULL;
	AVPacket *png = NULL;
	json_t *text = NULL;
	uint64_t serial = 0;
	int r;

	(void)params;
	r = pipeline_copy_screen(pipeline, &serial, clock_now_us() + SCREENSHOT_WAIT_US, &picture);
	if (r == -ENODEV)
		return refuse(r, ret_result, "no display is connected");
	if (r < 0)
		return refuse(r, ret_result, "the screen gave no picture");
	r = snapshot_png(picture, &png);
	if (r == 0)
		r = encode_base64(png, &text);
	av_packet_free(&png);
	av_frame_free(&picture);
	if (r < 0)
		return refuse(r, ret_result, "the picture could not be coded");
	*ret_result = json_pack("{s:o}", "png", text);
	return *ret_result ? 0 : -ENOMEM;
}

static int run_camera_list(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	struct cam *cam = pipeline_camera(pipeline);
	json_t *controls;

	(void)params;
	if (!cam)
		return refuse(-ENODEV, ret_result, "the board names no camera");
	controls = cam_controls_to_json(cam);
	*ret_result = controls ? json_pack("{s:o}", "controls", controls) : NULL;
	return *ret_result ? 0 : -ENOMEM;
}

static int refuse_control(int error, json_t **ret_result)
{
	switch (error) {
	case -ENODEV:
		return refuse(error, ret_result, "the camera is not there now");
	case -ENOENT:
		return refuse(error, ret_result,
			      "the camera has no such control; camera.list tells those it has");
	case -ERANGE:
		return refuse(error, ret_result,
			      "the value is out of range or off the step; camera.list tells both");
	case -EACCES:
		return refuse(error, ret_result, "the control cannot be read or set so");
	default:
		return refuse(error, ret_result, strerror(-error));
	}
}

static int run_camera_get(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	struct cam *cam = pipeline_camera(pipeline);
	int64_t value;
	int r;

	if (!name)
		return refuse(-EINVAL, ret_result, "params.name: the control's name is missing");
	r = cam ? cam_get_control(cam, name, &value) : -ENODEV;
	if (r < 0)
		return refuse_control(r, ret_result);
	*ret_result = json_pack("{s:I}", "value", (json_int_t)value);
	return *ret_result ? 0 : -ENOMEM;
}

static int run_camera_set(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	const json_t *value = json_object_get(params, "value");
	struct cam *cam = pipeline_camera(pipeline);
	int r;

	if (!name)
		return refuse(-EINVAL, ret_result, "params.name: the control's name is missing");
	if (!json_is_integer(value))
		return refuse(-EINVAL, ret_result, "params.value: a whole number is missing");
	r = cam ? cam_set_control(cam, name, json_integer_value(value)) : -ENODEV;
	if (r < 0)
		return refuse_control(r, ret_result);
	*ret_result = json_object();
	return *ret_result ? 0 : -ENOMEM;
}

static int run_camera_select(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	const char *name = json_string_value(json_object_get(params, "camera"));

	if (!name)
		return refuse(-EINVAL, ret_result, "params.camera: the camera's name is missing");
	if (pipeline_select_camera(pipeline, name) < 0)
		return refuse(-ENOENT, ret_result, "no such camera; Status tells their names");
	*ret_result = json_object();
	return *ret_result ? 0 : -ENOMEM;
}

static int run_sound_echo(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	const json_t *cancel = json_object_get(params, "cancel");

	if (!json_is_boolean(cancel))
		return refuse(-EINVAL, ret_result, "params.cancel: true or false is missing");
	if (pipeline_set_echo(pipeline, json_is_true(cancel)) < 0)
		return refuse(-ENODEV, ret_result, "the board sends the microphone as it is");
	*ret_result = json_object();
	return *ret_result ? 0 : -ENOMEM;
}

static int run_sound_mute(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	const json_t *muted = json_object_get(params, "muted");

	if (!json_is_boolean(muted))
		return refuse(-EINVAL, ret_result, "params.muted: true or false is missing");
	pipeline_set_muted(pipeline, json_is_true(muted));
	*ret_result = json_object();
	return *ret_result ? 0 : -ENOMEM;
}

/* The room answers others meanwhile: who asks asks again while it runs. */
static int run_sound_test(struct pipeline *pipeline, const json_t *params, json_t **ret_result)
{
	json_t *faults;
	int r;

	(void)params;
	r = pipeline_test_sound(pipeline, clock_now_us() + SOUND_TEST_WAIT_US, &faults);
	if (r == -ENODEV)
		return refuse(r, ret_result, "no microphone or no loudspeaker runs");
	if (r < 0 && r != -ETIMEDOUT)
		return r;
	*ret_result = r == 0 ? json_pack("{s:b, s:o}", "running", 0, "faults", faults)
			     : json_pack("{s:b}", "running", 1);
	return *ret_result ? 0 : -ENOMEM;
}

int command_run(struct pipeline *pipeline, const char *name, const json_t *params,
		json_t **ret_result)
{
	static const struct command commands[] = {
		{"screenshot", run_screenshot},       {"camera.list", run_camera_list},
		{"camera.get", run_camera_get},       {"camera.set", run_camera_set},
		{"camera.select", run_camera_select}, {"sound.echo", run_sound_echo},
		{"sound.mute", run_sound_mute},       {"sound.test", run_sound_test},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(pipeline, params, ret_result);
	}
	return refuse(-ENOENT, ret_result, "no such command; describe tells those there are");
}
