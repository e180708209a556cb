/* drivers/camera_v4l2: the camera's controls, over a kernel that may lie. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/camera_v4l2.h"
#include "tests/fake/v4l2_bench.h"

static void describe_controls(struct fake_v4l2_node *node)
{
	static const struct v4l2_query_ext_ctrl controls[] = {
		{.id = 1, .type = V4L2_CTRL_TYPE_CTRL_CLASS, .name = "User Controls"},
		{.id = 2,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Brightness",
		 .minimum = -64,
		 .maximum = 64,
		 .step = 1,
		 .default_value = 3},
		{.id = 3,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Pan, Absolute",
		 .minimum = -36000,
		 .maximum = 36000,
		 .step = 3600},
		{.id = 4,
		 .type = V4L2_CTRL_TYPE_BOOLEAN,
		 .name = "Focus, Automatic Continuous",
		 .maximum = 1,
		 .step = 1,
		 .default_value = 1},
		{.id = 5, .type = V4L2_CTRL_TYPE_MENU, .name = "Auto Exposure", .maximum = 3},
		{.id = 6, .type = V4L2_CTRL_TYPE_BUTTON, .name = "Pan, Reset"},
		{.id = 7,
		 .type = V4L2_CTRL_TYPE_INTEGER64,
		 .name = "Pixel Rate",
		 .maximum = INT64_C(1) << 40,
		 .step = 1,
		 .flags = V4L2_CTRL_FLAG_READ_ONLY},
		{.id = 8,
		 .type = V4L2_CTRL_TYPE_STRING,
		 .name = "Text",
		 .flags = V4L2_CTRL_FLAG_HAS_PAYLOAD},
		{.id = 9,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Gone",
		 .maximum = 1,
		 .flags = V4L2_CTRL_FLAG_DISABLED},
		{.id = 10,
		 .type = V4L2_CTRL_TYPE_INTEGER,
		 .name = "Upside Down",
		 .minimum = 5,
		 .maximum = 4},
		{.id = 11, .type = V4L2_CTRL_TYPE_INTEGER, .name = "  ..  ", .maximum = 4},
		/* no end of text, and a step that is none */
		{.id = 12,
		 .type = V4L2_CTRL_TYPE_INTEGER64,
		 .minimum = INT64_MIN,
		 .name = "abcdefghijklmnopqrstuvwxyzABCDEF",
		 .maximum = INT64_MAX,
		 .step = UINT64_MAX},
	};

	memcpy(node->controls, controls, sizeof(controls));
	node->values[6] = INT64_C(1) << 33;
}

static void lists_controls_by_name(void **state)
{
	static const struct cam_control expected[] = {
		{"brightness", CAM_CONTROL_INTEGER, -64, 64, 1, 3, false},
		{"pan_absolute", CAM_CONTROL_INTEGER, -36000, 36000, 3600, 0, false},
		{"focus_automatic_continuous", CAM_CONTROL_BOOLEAN, 0, 1, 1, 1, false},
		{"auto_exposure", CAM_CONTROL_MENU, 0, 3, 1, 0, false},
		{"pan_reset", CAM_CONTROL_BUTTON, 0, 0, 1, 0, false},
		{"pixel_rate", CAM_CONTROL_INTEGER, 0, INT64_C(1) << 40, 1, 0, true},
		{"abcdefghijklmnopqrstuvwxyzabcde", CAM_CONTROL_INTEGER, INT64_MIN, INT64_MAX, 1, 0,
		 false},
	};
	struct cam_control controls[CAM_CONTROLS_MAX];
	struct v4l2_bench *bench = *state;
	size_t count;

	describe_controls(bench->node);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	assert_int_equal(cam_list_controls(bench->cam, controls, CAM_CONTROLS_MAX, &count), 0);
	assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(controls[i].name, expected[i].name);
		assert_int_equal(controls[i].type, expected[i].type);
		assert_int_equal(controls[i].minimum, expected[i].minimum);
		assert_int_equal(controls[i].maximum, expected[i].maximum);
		assert_int_equal(controls[i].step, expected[i].step);
		assert_int_equal(controls[i].default_value, expected[i].default_value);
		assert_int_equal(controls[i].read_only, expected[i].read_only);
	}
	assert_int_equal(cam_list_controls(bench->cam, controls, 2, &count), 0);
	assert_int_equal(count, 2);
}

static void sets_controls_within_their_ranges(void **state)
{
	static const struct {
		const char *name;
		int64_t value;
		int result;
	} cases[] = {
		{"brightness", 64, 0},
		{"brightness", 65, -ERANGE},
		{"brightness", -65, -ERANGE},
		{"pan_absolute", -36000, 0},
		{"pan_absolute", 7200, 0},
		{"pan_absolute", 7201, -ERANGE},
		{"focus_automatic_continuous", 1, 0},
		{"focus_automatic_continuous", 2, -ERANGE},
		{"auto_exposure", 3, 0},
		{"pan_reset", 12345, 0},
		{"pixel_rate", 1, -EACCES},
		{"abcdefghijklmnopqrstuvwxyzabcde", INT64_MIN, 0},
		{"abcdefghijklmnopqrstuvwxyzabcde", INT64_MAX, 0},
		{"gone", 1, -ENOENT},
		{"", 1, -ENOENT},
	};
	struct v4l2_bench *bench = *state;
	int64_t value;

	describe_controls(bench->node);
	assert_int_equal(camera_v4l2_create("auto", fake_v4l2_sys(bench->fake), &bench->cam), 0);
	assert_int_equal(cam_set_control(bench->cam, "brightness", 1), -ENODEV);
	assert_int_equal(cam_get_control(bench->cam, "brightness", &value), -ENODEV);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = cam_set_control(bench->cam, cases[i].name, cases[i].value);

		assert_int_equal(r, cases[i].result);
		if (r == 0 && strcmp(cases[i].name, "pan_reset") != 0) {
			assert_int_equal(cam_get_control(bench->cam, cases[i].name, &value), 0);
			assert_int_equal(value, cases[i].value);
		}
	}
	assert_int_equal(cam_get_control(bench->cam, "pan_reset", &value), -EACCES);
	assert_int_equal(cam_get_control(bench->cam, "pixel_rate", &value), 0);
	assert_int_equal(value, INT64_C(1) << 33);
	assert_int_equal(cam_get_control(bench->cam, "zoom_absolute", &value), -ENOENT);
}

static void writes_controls_as_json(void **state)
{
	struct v4l2_bench *bench = *state;
	json_t *json, *brightness, *reset;

	describe_controls(bench->node);
	assert_int_equal(v4l2_bench_open_camera(bench), CAM_OK);
	json = cam_controls_to_json(bench->cam);
	assert_int_equal(json_array_size(json), 7);
	brightness = json_array_get(json, 0);
	assert_string_equal(json_string_value(json_object_get(brightness, "type")), "integer");
	assert_int_equal(json_integer_value(json_object_get(brightness, "minimum")), -64);
	assert_int_equal(json_integer_value(json_object_get(brightness, "value")), 0);
	reset = json_array_get(json, 4);
	assert_string_equal(json_string_value(json_object_get(reset, "type")), "button");
	assert_null(json_object_get(reset, "value"));
	json_decref(json);
	bench->cam->ops->close(bench->cam);
	json = cam_controls_to_json(bench->cam);
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		V4L2_BENCH_TEST(lists_controls_by_name),
		V4L2_BENCH_TEST(sets_controls_within_their_ranges),
		V4L2_BENCH_TEST(writes_controls_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
