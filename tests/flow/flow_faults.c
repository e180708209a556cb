/*
 * Whole rooms over a real hub while cameras, encoders, sound cards, screens and hubs fail, are
 * pulled out and come back: what the people in the other room see and hear, and what Status says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "drivers/mic_test.h"
#include "tests/fake/fake_encoder.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/faulty_camera.h"
#include "tests/fake/party.h"
#include "tests/fake/test_pki.h"

enum { A = 1, B = 2 }; /* tags */

/* Two stalls of 500 ms, for the second chance, and the next encoder's first picture. */
#define FREEZE_MAX_US (1600 * CLOCK_US_PER_MS)

struct bench {
	struct site *site;
	struct party a; /* has the faults */
	struct party b; /* looks on */
	struct fake_encoder *encoder;
	struct venc_kind kinds[2];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->site = site_create();
	party_init(&bench->a, "a", A);
	party_init(&bench->b, "b", B);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	site_destroy(bench->site);
	party_finish(&bench->a);
	party_finish(&bench->b);
	fake_encoder_destroy(bench->encoder);
	free(bench);
	return 0;
}

static void join_both(struct bench *bench)
{
	party_join(&bench->a, bench->site);
	party_join(&bench->b, bench->site);
}

/* Cameras */

/* The others go on seeing something of a, but nothing that its camera took. */
static void assert_stand_in(struct bench *bench, const char *reason)
{
	int64_t live, shown;

	assert_true(party_says(&bench->a, "camera.reason", reason));
	/* what was on its way is through when the first stand-in is there */
	shown = party_count_of(&bench->b, "a", "picture.shown");
	assert_true(party_counts_of(&bench->b, "a", "picture.shown", shown + 8));
	live = viewer_get(bench->b.viewer, A).pictures;
	shown = party_count_of(&bench->b, "a", "picture.shown");
	assert_true(party_counts_of(&bench->b, "a", "picture.shown", shown + 2));
	assert_int_equal(viewer_get(bench->b.viewer, A).pictures, live);
	/* and it goes on seeing and hearing */
	assert_true(party_sees(&bench->a, B, 10));
}

static void test_camera_comes_and_goes(void **state)
{
	struct bench *bench = *state;

	faulty_camera_set(bench->a.devices.cam, CAM_ABSENT);
	join_both(bench);
	assert_true(party_counts_of(&bench->b, "a", "picture.shown", 1));
	assert_stand_in(bench, "absent");
	faulty_camera_set(bench->a.devices.cam, CAM_OK);
	assert_true(party_sees(&bench->b, A, 30));
	faulty_camera_set(bench->a.devices.cam, CAM_BUSY);
	assert_stand_in(bench, "busy");
	assert_true(party_hears(&bench->b, A));
	faulty_camera_set(bench->a.devices.cam, CAM_OK);
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_says(&bench->a, "camera.state", "streaming"));
}

static void test_camera_sends_truncated_jpegs(void **state)
{
	struct bench *bench = *state;

	cam_destroy(bench->a.devices.cam);
	assert_int_equal(faulty_camera_create(A, FAULTY_CAMERA_MJPEG, &bench->a.devices.cam), 0);
	join_both(bench);
	assert_true(party_sees(&bench->b, A, 60));
	assert_true(party_counts(&bench->a, "camera.corrupt", 20));
	assert_true(party_says(&bench->a, "camera.format", "mjpeg"));
	assert_int_equal(viewer_get(bench->b.viewer, A).damaged, 0);
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
	bench->a.devices.encoders = bench->kinds;
	bench->a.devices.n_encoders = 2;
	site_settings(bench->site, "a", &settings, &board);
	board.encoders = (struct settings_list){
		.names = {"faulty", bench->kinds[1].name},
		.count = 2,
	};
	party_join_with(&bench->a, bench->site, &settings, &board);
	party_join(&bench->b, bench->site);
}

static void assert_next_takes_over(struct bench *bench, enum fake_encoder_fault fault)
{
	struct viewer_sight sight;

	join_with_faulty_encoder(bench);
	assert_true(party_says(&bench->a, "encoder.encoder", "faulty"));
	assert_true(party_sees(&bench->b, A, 30));
	viewer_forget_freezes(bench->b.viewer);
	assert_true(party_sees(&bench->b, A, 5));
	fake_encoder_set_fault(bench->encoder, fault, 0);
	assert_true(party_says(&bench->a, "encoder.encoder", bench->kinds[1].name));
	assert_true(party_says(&bench->a, "encoder.why", "faulty "));
	assert_true(party_sees(&bench->b, A, 30));
	sight = viewer_get(bench->b.viewer, A);
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

/* Sound cards */

/* A chirp of room A every second. */
static float chirp(void *context, unsigned int channel, int64_t frame)
{
	unsigned int at = (unsigned int)(frame % SOUND_RATE_HZ);

	(void)context;
	(void)channel;
	return at < MIC_TEST_CHIRP_FRAMES ? 0.5F * (float)sin(mic_test_chirp_phase(A, at)) : 0;
}

static void test_microphone_comes_and_goes(void **state)
{
	const struct fake_mic_config config = {.channels = 1, .hear = chirp};
	struct bench *bench = *state;
	struct mic *mic;

	bench->a.devices.mic->ops->destroy(bench->a.devices.mic);
	assert_int_equal(fake_mic_create(&config, &bench->a.devices.mic), 0);
	mic = bench->a.devices.mic;
	fake_mic_set_open(mic, SOUND_ABSENT);
	join_both(bench);
	assert_true(party_says(&bench->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&bench->b, A, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&bench->b, A));
	fake_mic_set_open(mic, SOUND_ABSENT);
	fake_mic_set_read(mic, SOUND_UNPLUGGED);
	assert_true(party_says(&bench->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_sees(&bench->a, B, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&bench->b, A));
	assert_true(party_says(&bench->a, "sound.microphone.state", "running"));
}

static void test_speaker_comes_and_goes(void **state)
{
	struct bench *bench = *state;
	struct speaker *speaker = bench->a.devices.speaker;

	fake_speaker_set_open(speaker, SOUND_BUSY);
	join_both(bench);
	assert_true(party_says(&bench->a, "sound.speaker.state", "busy"));
	assert_true(party_sees(&bench->a, B, 30));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&bench->a, B));
	fake_speaker_set_open(speaker, SOUND_ABSENT);
	fake_speaker_set_write(speaker, SOUND_UNPLUGGED);
	assert_true(party_says(&bench->a, "sound.speaker.state", "absent"));
	assert_true(party_sees(&bench->a, B, 30));
	/* its microphone is another device */
	assert_true(party_hears(&bench->b, A));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&bench->a, B));
}

static void test_no_sound_card_at_all(void **state)
{
	struct bench *bench = *state;

	bench->a.devices.mic->ops->destroy(bench->a.devices.mic);
	bench->a.devices.speaker->ops->destroy(bench->a.devices.speaker);
	bench->a.devices.mic = NULL;
	bench->a.devices.speaker = NULL;
	join_both(bench);
	assert_true(party_sees(&bench->a, B, 30));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_says(&bench->a, "sound.microphone.state", "none"));
	assert_true(party_says(&bench->a, "sound.speaker.state", "none"));
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
	struct screen *screen = bench->a.devices.screen;
	struct elsewhere absent = {&bench->a, "no display is connected"};
	struct elsewhere present = {&bench->a, "ok"};

	fake_screen_set_result(screen, SCREEN_UNPLUGGED);
	join_both(bench);
	assert_true(party_until(&bench->b, screen_says, &absent));
	assert_true(party_sees(&bench->b, A, 30));
	fake_screen_set_result(screen, SCREEN_OK);
	assert_true(party_sees(&bench->a, B, 30));
	fake_screen_set_result(screen, SCREEN_UNPLUGGED);
	assert_true(party_until(&bench->b, screen_says, &absent));
	assert_true(party_hears(&bench->b, A));
	fake_screen_set_format(screen, &larger);
	fake_screen_set_result(screen, SCREEN_OK);
	assert_true(party_until(&bench->b, screen_says, &present));
	assert_true(party_sees(&bench->a, B, 30));
	assert_true(party_counts(&bench->a, "screen.width", larger.width));
}

static void test_screen_changes_its_size(void **state)
{
	const struct screen_format smaller = {.width = 480, .height = 270, .refresh_hz = 50};
	struct bench *bench = *state;

	join_both(bench);
	assert_true(party_sees(&bench->a, B, 30));
	fake_screen_set_format(bench->a.devices.screen, &smaller);
	assert_true(party_sees(&bench->a, B, 60));
	assert_int_equal(fake_screen_opened(bench->a.devices.screen), 2);
}

/* Hubs */

static bool is_alerted(const json_t *status, void *context)
{
	const struct party *party = context;

	(void)status;
	return viewer_is_alerted(party->viewer);
}

static bool is_calm(const json_t *status, void *context)
{
	return !is_alerted(status, context);
}

static void assert_joins_by_itself(struct bench *bench)
{
	assert_true(party_says(&bench->a, "meeting.phase", "in"));
	assert_true(party_until(&bench->a, is_calm, &bench->a));
	party_join(&bench->b, bench->site);
	assert_true(party_sees(&bench->a, B, 10));
	assert_true(party_sees(&bench->b, A, 10));
}

static void test_no_hub_at_first(void **state)
{
	struct bench *bench = *state;

	site_hub_kill(bench->site);
	party_join(&bench->a, bench->site);
	assert_true(party_says(&bench->a, "meeting.phase", "lost"));
	assert_true(party_says(&bench->a, "meeting.why", "nothing listens at"));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	assert_true(party_sees(&bench->a, A, 30));
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

static void rename_in(struct site *site, const char *from, const char *to, const char *end)
{
	char source[160], name[80];

	snprintf(name, sizeof(name), "%s.%s", from, end);
	snprintf(source, sizeof(source), "%s", site_path(site, name));
	snprintf(name, sizeof(name), "%s.%s", to, end);
	assert_int_equal(rename(source, site_path(site, name)), 0);
}

static void rename_pair(struct site *site, const char *from, const char *to)
{
	rename_in(site, from, to, "crt");
	rename_in(site, from, to, "key");
}

static void assert_is_refused(struct bench *bench, const char *why)
{
	assert_true(party_says(&bench->a, "meeting.phase", "refused"));
	assert_true(party_says(&bench->a, "meeting.why", why));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	/* the room itself is not held up */
	assert_true(party_sees(&bench->a, A, 30));
}

/* The hub has the pair `bad` of the site's folder at first, and then its own. */
static void assert_distrusts(struct bench *bench, const char *bad, const char *why)
{
	site_hub_kill(bench->site);
	rename_pair(bench->site, "localhost", "kept");
	rename_pair(bench->site, bad, "localhost");
	site_hub_start(bench->site);
	party_join(&bench->a, bench->site);
	assert_is_refused(bench, why);
	site_hub_kill(bench->site);
	rename_pair(bench->site, "kept", "localhost");
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

static void test_hub_of_another_name(void **state)
{
	struct bench *bench = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(bench->site, ""));
	site_pki(bench->site, (const char *[]){"pki", "server", "--file", "bad", folder,
					       "elsewhere.example", NULL});
	assert_distrusts(bench, "bad", "is for \"elsewhere.example\", not for");
}

static void test_hub_of_another_ca(void **state)
{
	struct bench *bench = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(bench->site, "other"));
	site_pki(bench->site, (const char *[]){"pki", "ca", folder, "Other", NULL});
	site_pki(bench->site, (const char *[]){"pki", "server", folder, "localhost", NULL});
	assert_distrusts(bench, "other/localhost", "CA");
}

static void append(FILE *to, const char *path)
{
	FILE *from = fopen(path, "re");
	char line[256];

	assert_non_null(from);
	while (fgets(line, sizeof(line), from))
		assert_true(fputs(line, to) >= 0);
	fclose(from);
}

/* The real hub does not even start with such a certificate. */
static void test_hub_expired(void **state)
{
	static const struct test_certificate expired = {
		.file = "expired",
		.issuer = "ca",
		.name = "localhost",
		.dns = "localhost",
		.from_days = -9,
		.to_days = -2,
	};
	struct bench *bench = *state;
	struct test_pki *pki = test_pki_create();
	struct settings_room settings;
	struct settings_board board;
	struct fake_hub *hub;
	FILE *both;

	test_pki_make(pki, &expired);
	site_settings(bench->site, "a", &settings, &board);
	snprintf(settings.ca, sizeof(settings.ca), "%s", site_path(bench->site, "both.crt"));
	both = fopen(settings.ca, "we");
	assert_non_null(both);
	append(both, site_path(bench->site, "ca.crt"));
	append(both, test_pki_path(pki, "ca.crt"));
	assert_int_equal(fclose(both), 0);
	site_hub_kill(bench->site);
	hub = fake_hub_create(pki, "expired", "balai.1", site_hub_port(bench->site));
	party_join_with(&bench->a, bench->site, &settings, &board);
	assert_is_refused(bench, "expired on");
	fake_hub_destroy(hub);
	test_pki_destroy(pki);
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

/* A hub that was killed has forgotten the seats; the rooms take new ones and go on. */
static void test_hub_is_killed_and_back(void **state)
{
	struct bench *bench = *state;

	join_both(bench);
	assert_true(party_sees(&bench->a, B, 30));
	site_hub_kill(bench->site);
	assert_true(party_says(&bench->a, "meeting.phase", "lost"));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	site_hub_start(bench->site);
	assert_true(party_sees(&bench->a, B, 30));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_hears(&bench->a, B));
	assert_true(party_until(&bench->a, is_calm, &bench->a));
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
		cmocka_unit_test_setup_teardown(test_microphone_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_speaker_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_sound_card_at_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_screen_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_screen_changes_its_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_hub_at_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_of_another_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_of_another_ca, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_expired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_is_killed_and_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
