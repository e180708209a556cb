/*
 * Whole rooms over a real hub while cameras, encoders and screens fail, are pulled out and come
 * back: what the people in the other room see and hear, and what Status says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "tests/fake/fake_encoder.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/faulty_camera.h"
#include "tests/fake/party.h"

/* A stall of 500 ms, the next encoder's first picture, and what a busy machine may take for it. */
#define FREEZE_MAX_US (1000 * CLOCK_US_PER_MS)

struct bench {
	struct party_pair pair;
	struct fake_encoder *encoder;
	struct venc_kind kinds[2];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	party_pair_init(&bench->pair);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	party_pair_finish(&bench->pair);
	fake_encoder_destroy(bench->encoder);
	free(bench);
	return 0;
}

/* Cameras */

/* The others go on seeing something of a, but nothing that its camera took. */
static void assert_stand_in(struct bench *bench, const char *reason)
{
	int64_t gone_us, shown;

	assert_true(party_says(&bench->pair.a, "camera.reason", reason));
	gone_us = clock_now_us();
	shown = party_count_of(&bench->pair.b, "a", "picture.shown");
	assert_true(party_counts_of(&bench->pair.b, "a", "picture.shown", shown + 4));
	assert_true(viewer_get(bench->pair.b.viewer, PARTY_A).newest_us < gone_us);
	/* and it goes on seeing and hearing */
	assert_true(party_sees(&bench->pair.a, PARTY_B, 10));
}

static void test_camera_comes_and_goes(void **state)
{
	struct bench *bench = *state;

	faulty_camera_set(bench->pair.a.devices.cam, CAM_ABSENT);
	party_pair_join(&bench->pair);
	assert_true(party_counts_of(&bench->pair.b, "a", "picture.shown", 1));
	assert_stand_in(bench, "absent");
	faulty_camera_set(bench->pair.a.devices.cam, CAM_OK);
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	faulty_camera_set(bench->pair.a.devices.cam, CAM_BUSY);
	assert_stand_in(bench, "busy");
	assert_true(party_hears(&bench->pair.b, PARTY_A));
	faulty_camera_set(bench->pair.a.devices.cam, CAM_OK);
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	assert_true(party_says(&bench->pair.a, "camera.state", "streaming"));
}

static void test_camera_sends_truncated_jpegs(void **state)
{
	struct bench *bench = *state;

	cam_destroy(bench->pair.a.devices.cam);
	assert_int_equal(faulty_camera_create(PARTY_A, FAULTY_CAMERA_MJPEG,
					      &bench->pair.a.devices.cam),
			 0);
	party_pair_join(&bench->pair);
	assert_true(party_sees(&bench->pair.b, PARTY_A, 60));
	assert_true(party_counts(&bench->pair.a, "camera.corrupt", 20));
	assert_true(party_says(&bench->pair.a, "camera.format", "mjpeg"));
	assert_int_equal(viewer_get(bench->pair.b.viewer, PARTY_A).damaged, 0);
}

/* Encoders */

static void join_with_faulty_encoder(struct bench *bench)
{
	struct settings_room settings;
	struct settings_board board;
	size_t n_kinds;

	assert_int_equal(fake_encoder_create(&bench->encoder), 0);
	bench->kinds[0] = fake_encoder_kind(bench->encoder, "faulty");
	bench->kinds[1] = venc_avcodec_kinds(&n_kinds)[0];
	bench->pair.a.devices.encoders = bench->kinds;
	bench->pair.a.devices.n_encoders = 2;
	site_settings(bench->pair.site, "a", &settings, &board);
	board.encoders = (struct settings_list){
		.names = {"faulty", bench->kinds[1].name},
		.count = 2,
	};
	party_join_with(&bench->pair.a, bench->pair.site, &settings, &board);
	party_join(&bench->pair.b, bench->pair.site);
}

static void assert_next_takes_over(struct bench *bench, enum fake_encoder_fault fault)
{
	struct viewer_sight sight;

	join_with_faulty_encoder(bench);
	assert_true(party_says(&bench->pair.a, "encoder.encoder", "faulty"));
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	viewer_forget_freezes(bench->pair.b.viewer);
	assert_true(party_sees(&bench->pair.b, PARTY_A, 5));
	fake_encoder_set_fault(bench->encoder, fault, 0);
	assert_true(party_says(&bench->pair.a, "encoder.encoder", bench->kinds[1].name));
	assert_true(party_says(&bench->pair.a, "encoder.why", "faulty "));
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	sight = viewer_get(bench->pair.b.viewer, PARTY_A);
	print_message("the picture stood still for %lld ms\n", (long long)sight.freeze_us / 1000);
	assert_in_range(sight.freeze_us, 0, FREEZE_MAX_US);
	assert_int_equal(sight.damaged, 0);
}

static void test_encoder_falls_silent(void **state)
{
	assert_next_takes_over(*state, FAKE_ENCODER_SILENT);
}

static void test_encoder_hangs(void **state)
{
	struct bench *bench = *state;

	assert_next_takes_over(bench, FAKE_ENCODER_HANGS);
	fake_encoder_let_go(bench->encoder);
}

static void test_encoder_fails(void **state)
{
	assert_next_takes_over(*state, FAKE_ENCODER_NO_RECEIVE);
}

/* Screens */

struct elsewhere {
	struct party *party;
	const char *text;
};

/* A room without a screen does not pace a wait: another one does. */
static bool screen_says(const json_t *status, void *context)
{
	const struct elsewhere *elsewhere = context;
	json_t *own = room_status(site_room_get(elsewhere->party->room));
	bool holds = strcmp(site_status_text(own, "screen.screen"), elsewhere->text) == 0;

	(void)status;
	json_decref(own);
	return holds;
}

static void test_screen_comes_and_goes(void **state)
{
	const struct screen_format larger = {.width = 800, .height = 450, .refresh_hz = 60};
	struct bench *bench = *state;
	struct screen *screen = bench->pair.a.devices.screen;
	struct elsewhere absent = {&bench->pair.a, "no display is connected"};
	struct elsewhere present = {&bench->pair.a, "ok"};

	fake_screen_set_result(screen, SCREEN_UNPLUGGED);
	party_pair_join(&bench->pair);
	assert_true(party_until(&bench->pair.b, screen_says, &absent));
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	fake_screen_set_result(screen, SCREEN_OK);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 30));
	fake_screen_set_result(screen, SCREEN_UNPLUGGED);
	assert_true(party_until(&bench->pair.b, screen_says, &absent));
	assert_true(party_hears(&bench->pair.b, PARTY_A));
	fake_screen_set_format(screen, &larger);
	fake_screen_set_result(screen, SCREEN_OK);
	assert_true(party_until(&bench->pair.b, screen_says, &present));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 30));
	assert_true(party_counts(&bench->pair.a, "screen.width", larger.width));
}

static void test_screen_changes_its_size(void **state)
{
	const struct screen_format smaller = {.width = 480, .height = 270, .refresh_hz = 50};
	struct bench *bench = *state;

	party_pair_join(&bench->pair);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 30));
	fake_screen_set_format(bench->pair.a.devices.screen, &smaller);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 60));
	assert_int_equal(fake_screen_opened(bench->pair.a.devices.screen), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_camera_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_camera_sends_truncated_jpegs, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_encoder_falls_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_encoder_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_encoder_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_screen_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_screen_changes_its_size, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
