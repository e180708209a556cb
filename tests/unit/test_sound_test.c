/* sound/sound_test: both threads' sides of it, one step after the other. */
#include "base/clock.h"
#include "sound/sound_test.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
	MICROPHONES = 2,
	DELAY = 7,                    /* periods from the speaker to the microphones */
	LONG = SELF_TEST_PERIODS * 6, /* longer than any test of two loudspeakers */
};

/* A cable from the loudspeaker to the microphones; the second loudspeaker may be broken. */
struct bench {
	struct sound_test *test;
	bool second_works, hears;
	float way[DELAY][SOUND_PERIOD_FRAMES];
	unsigned int heaps;
};

static const struct sound_test_config config = {
	.microphones = MICROPHONES,
	.loudspeakers = 2,
};

static int ask(struct bench *bench, json_t **ret_faults)
{
	return sound_test_run(bench->test, &config, clock_now_us(), ret_faults);
}

/* The real-time thread, until no test is under way. Returns its periods. */
static int run(struct bench *bench)
{
	float heard[MICROPHONES][SOUND_PERIOD_FRAMES];
	float *channels[MICROPHONES] = {heard[0], heard[1]};
	uint32_t only = 1;
	int p;

	no_heap_begin();
	for (p = 0; p < LONG && only; p++) {
		float *way = bench->way[p % DELAY];

		for (int m = 0; m < MICROPHONES; m++)
			memcpy(heard[m], way, sizeof(heard[m]));
		if (bench->hears)
			sound_test_hear(bench->test, channels, MICROPHONES);
		memset(way, 0, sizeof(bench->way[0]));
		only = sound_test_play(bench->test, way);
		assert_true(only <= 2);
		if (only == 2 && !bench->second_works)
			memset(way, 0, sizeof(bench->way[0]));
	}
	bench->heaps += no_heap_end();
	assert_true(p < LONG);
	return p;
}

static struct bench begin(bool second_works, bool hears)
{
	struct bench bench = {.second_works = second_works, .hears = hears};
	json_t *faults;

	assert_int_equal(sound_test_create(&bench.test), 0);
	assert_int_equal(sound_test_play(bench.test, bench.way[0]), 0);
	assert_int_equal(ask(&bench, &faults), -ETIMEDOUT);
	return bench;
}

/* The first fault that the test ends with; "" without one. */
static void assert_first(struct bench *bench, const char *expected)
{
	const char *text;
	json_t *faults;

	assert_int_equal(ask(bench, &faults), 0);
	text = json_string_value(json_object_get(json_array_get(faults, 0), "en"));
	assert_string_equal(text ? text : "", expected);
	json_decref(faults);
	assert_int_equal(bench->heaps, 0);
	sound_test_destroy(bench->test);
}

static void test_a_whole_room(void **state)
{
	struct bench bench = begin(true, true);

	(void)state;
	assert_true(run(&bench) >= 2 * SELF_TEST_PERIODS);
	assert_first(&bench, "");
}

static void test_a_broken_loudspeaker(void **state)
{
	struct bench bench = begin(false, true);

	(void)state;
	run(&bench);
	assert_first(&bench, "Loudspeaker 2 is not heard by any microphone");
}

/* A microphone that is unplugged meanwhile does not hold it up. */
static void test_no_microphone(void **state)
{
	struct bench bench = begin(true, false);

	(void)state;
	run(&bench);
	assert_first(&bench, "Loudspeaker 1 is not heard by any microphone");
}

static void test_the_end_in_a_test(void **state)
{
	struct bench bench = begin(true, true);

	(void)state;
	assert_int_equal(sound_test_play(bench.test, bench.way[0]), 1);
	sound_test_destroy(bench.test);
}

static void test_without_memory(void **state)
{
	struct sound_test *test;
	json_t *faults;
	int r;

	(void)state;
	fake_alloc_arm(1);
	r = sound_test_create(&test);
	assert_true(fake_alloc_disarm());
	assert_int_equal(r, -ENOMEM);
	assert_int_equal(sound_test_create(&test), 0);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fake_alloc_arm(nth);
		r = sound_test_run(test, &config, clock_now_us(), &faults);
		assert_true(fake_alloc_disarm());
		assert_int_equal(r, -ENOMEM);
	}
	sound_test_destroy(test);
}

int main(void)
{
	bool watched = no_heap_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_room),   cmocka_unit_test(test_a_broken_loudspeaker),
		cmocka_unit_test(test_no_microphone),  cmocka_unit_test(test_the_end_in_a_test),
		cmocka_unit_test(test_without_memory),
	};

	return watched ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
