/*
 * Whole rooms meet over a real hub and real sockets: what one's camera and microphone take in is on
 * the other's screen and in its speaker, read from pixels and samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/timestrip.h"
#include "drivers/camera_test.h"
#include "drivers/mic_test.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/site.h"
#include "tests/fake/sound_marks.h"

#define WIDTH 640
#define HEIGHT 360
#define REMEMBERED_FRAMES ((size_t)60 * SOUND_RATE_HZ)

static int set_up(void **state)
{
	*state = site_create();
	return 0;
}

static int tear_down(void **state)
{
	site_destroy(*state);
	return 0;
}

/* The time strips seen on one room's screen, filled in the compositor's thread. */
struct seen {
	struct timestrip_rect tile; /* where to look */
	_Atomic int pictures[256];  /* by the tag of the room that drew them */
	_Atomic int64_t newest_us[256];
};

static void on_present(void *context, const AVFrame *picture)
{
	struct seen *seen = context;
	struct timestrip strip;

	if (timestrip_read(picture->data[0], (size_t)picture->linesize[0], TIMESTRIP_LUMA,
			   &seen->tile, &strip) != 0)
		return;
	if (strip.time_us > seen->newest_us[strip.tag])
		seen->pictures[strip.tag]++;
	seen->newest_us[strip.tag] = strip.time_us;
}

static struct site_devices make_devices(unsigned int number, struct seen *seen)
{
	const struct screen_format format = {.width = WIDTH, .height = HEIGHT, .refresh_hz = 60};
	const struct fake_speaker_config speaker = {.frames_max = REMEMBERED_FRAMES};
	struct site_devices devices = {0};

	seen->tile = (struct timestrip_rect){.width = WIDTH, .height = HEIGHT};
	assert_int_equal(camera_test_create((uint8_t)number, &devices.cam), 0);
	assert_int_equal(mic_test_create(number, &devices.mic), 0);
	assert_int_equal(fake_speaker_create(&speaker, &devices.speaker), 0);
	assert_int_equal(fake_screen_create(&format, 2, &devices.screen), 0);
	fake_screen_set_watch(devices.screen, on_present, seen);
	return devices;
}

/* Waiting for pictures of a room */

struct wanted {
	const struct seen *seen;
	uint8_t tag;
	int pictures;
};

static bool is_seen(const json_t *status, void *context)
{
	const struct wanted *wanted = context;

	(void)status;
	return wanted->seen->pictures[wanted->tag] >= wanted->pictures;
}

static void assert_sees(struct site_room *room, const struct seen *seen, uint8_t tag)
{
	struct wanted wanted = {.seen = seen, .tag = tag, .pictures = seen->pictures[tag] + 30};

	assert_true(site_room_until(room, is_seen, &wanted));
}

/* Waiting for sound of a room */

struct heard {
	struct speaker *speaker;
	unsigned int room;
	int64_t delay_us;
};

/* Three chirps, so at least two seconds of what was played. */
static bool is_heard(const json_t *status, void *context)
{
	struct heard *heard = context;
	struct sound_mark marks[64];
	const float *samples;
	int64_t start_us;
	size_t count = fake_speaker_played(heard->speaker, &samples, &start_us);

	(void)status;
	if (sound_marks_find(samples, count, start_us, heard->room, marks, 64) < 3)
		return false;
	return sound_marks_delay(samples, count, start_us, heard->room, &heard->delay_us);
}

static void assert_hears(struct site_room *listener, struct speaker *speaker, unsigned int room)
{
	struct heard heard = {.speaker = speaker, .room = room};

	assert_true(site_room_until(listener, is_heard, &heard));
	print_message("mouth to ear of room %u: %lld us\n", room, (long long)heard.delay_us);
	assert_in_range(heard.delay_us, 1, 400000);
}

static void test_two_rooms_see_and_hear(void **state)
{
	struct seen seen_a = {0};
	struct seen seen_b = {0};
	struct site_devices a = make_devices(1, &seen_a);
	struct site_devices b = make_devices(2, &seen_b);
	struct site_room *room_a = site_room_join(*state, "a", &a);
	struct site_room *room_b = site_room_join(*state, "b", &b);

	assert_sees(room_a, &seen_a, 2);
	assert_sees(room_b, &seen_b, 1);
	assert_hears(room_a, a.speaker, 2);
	assert_hears(room_b, b.speaker, 1);
	site_room_leave(room_a);
	site_room_leave(room_b);
}

static bool is_alone(const json_t *status, void *context)
{
	(void)context;
	return json_array_size(json_object_get(status, "members")) == 0;
}

static void test_leaving_clears_the_tile(void **state)
{
	struct seen seen_a = {0};
	struct seen seen_b = {0};
	struct site_devices a = make_devices(1, &seen_a);
	struct site_devices b = make_devices(2, &seen_b);
	struct site_room *room_a = site_room_join(*state, "a", &a);
	struct site_room *room_b = site_room_join(*state, "b", &b);

	assert_sees(room_a, &seen_a, 2);
	site_room_leave(room_b);
	assert_true(site_room_until(room_a, is_alone, NULL));
	/* Alone, a room sees itself. */
	assert_sees(room_a, &seen_a, 1);
	site_room_leave(room_a);
}

static void test_hub_comes_back(void **state)
{
	struct seen seen_a = {0};
	struct seen seen_b = {0};
	struct site_devices a = make_devices(1, &seen_a);
	struct site_devices b = make_devices(2, &seen_b);
	struct site_room *room_a = site_room_join(*state, "a", &a);
	struct site_room *room_b = site_room_join(*state, "b", &b);

	assert_sees(room_a, &seen_a, 2);
	site_hub_kill(*state);
	site_hub_start(*state);
	assert_sees(room_a, &seen_a, 2);
	assert_sees(room_b, &seen_b, 1);
	site_room_leave(room_a);
	site_room_leave(room_b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_rooms_see_and_hear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaving_clears_the_tile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_comes_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
