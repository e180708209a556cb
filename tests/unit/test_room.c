/* room/room: every allocation of its creation, and of its Status, fails once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/log.h"
#include "camera/encode_avcodec.h"
#include "drivers/camera_test.h"
#include "drivers/mic_test.h"
#include "room/room.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/fake_speaker.h"

static int give_camera(void *context, const char *device, struct cam **ret_cam)
{
	(void)context;
	(void)device;
	return camera_test_create(1, ret_cam);
}

static int give_microphone(void *context, const char *device, struct mic **ret_mic)
{
	(void)context;
	(void)device;
	return mic_test_create(1, ret_mic);
}

static int give_speaker(void *context, const char *device, struct speaker **ret_speaker)
{
	const struct fake_speaker_config config = {.frames_max = 1};

	(void)context;
	(void)device;
	return fake_speaker_create(&config, ret_speaker);
}

static int give_screen(void *context, const char *device, const struct screen_format *memory,
		       struct screen **ret_screen)
{
	(void)context;
	(void)device;
	return fake_screen_create(memory, 2, ret_screen);
}

static struct room_drivers make_drivers(void)
{
	struct room_drivers drivers = {
		.camera = give_camera,
		.microphone = give_microphone,
		.speaker = give_speaker,
		.screen = give_screen,
	};

	drivers.encoders = venc_avcodec_kinds(&drivers.n_encoders);
	drivers.decoders = vdec_libav_kinds(&drivers.n_decoders);
	return drivers;
}

static const struct settings_board board = {
	.name = "fake",
	.cameras = {{.name = "main", .device = "fake"}, {.name = "door", .device = "fake"}},
	.n_cameras = 2,
	.formats = {.names = {"nv12"}, .count = 1},
	.encoders = {.names = {"libx264"}, .count = 1},
	.decoders = {.names = {"h264"}, .count = 1},
	.microphone = "fake",
	.microphone_pick = 1,
	.speaker = "fake",
	.screen = "fake",
	.screen_width = 320,
	.screen_height = 180,
};

static const struct settings_room settings = {
	.name = "a",
	.hub = {.host = "localhost", .path = "/meet", .port = 1},
	.meeting = "test",
	.ca = "ca.crt",
	.certificate = "a.crt",
	.key = "a.key",
	.secrecy = {.authorities = "/absent/ca.crt",
		    .certificate = "/absent/a.crt",
		    .key = "/absent/a.key"},
	.width = 320,
	.height = 180,
	.fps = 30,
	.bitrate_kbps = 500,
	.keyframe_s = 10,
	.sound_bitrate_kbps = 32,
};

static void test_no_memory_to_create(void **state)
{
	const struct room_drivers drivers = make_drivers();
	struct room *room = NULL;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = room_create(&settings, &board, &drivers, &room);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(room);
	}
	assert_int_equal(r, 0);
	print_message("%u allocations\n", n - 1);
	assert_true(n > 10);
	room_destroy(room);
}

static void test_no_memory_for_status(void **state)
{
	const struct room_drivers drivers = make_drivers();
	struct room *room;
	json_t *status;
	unsigned int n;

	(void)state;
	assert_int_equal(room_create(&settings, &board, &drivers, &room), 0);
	assert_int_equal(room_start(room), 0);
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		status = room_status(room);
		if (!fake_alloc_disarm())
			break;
		assert_null(status);
	}
	assert_non_null(json_object_get(status, "sound"));
	json_decref(status);
	room_destroy(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_to_create),
		cmocka_unit_test(test_no_memory_for_status),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
