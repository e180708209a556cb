/* microphone/echo_delay: a loudspeaker that is late, in a simulated room. */
#include "microphone/echo_delay.h"
#include "microphone/front_end.h"
#include "tests/fake/acoustic_path.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/voices.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SECOND = SOUND_RATE_HZ / SOUND_PERIOD_FRAMES, /* in periods */
	PERIODS = 20 * SECOND,
};

static const struct room_sim room = {.size = {4, 5, 2.7}, .rt60_s = 0.3};

/* The far voice, what comes back of it, and a voice of the room. */
struct bench {
	float *far, *near;
	float *echo; /* at once; a test takes it from `late` periods before */
};

static int set_up(void **state)
{
	struct acoustic_path *path =
		acoustic_path_create(&room, (struct room_sim_point){2, 4.6, 1},
				     (struct room_sim_point){1.8, 2, 0.8}, 0.3, 3);
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->far = voices_load(VOICE_PROMPT, (size_t)PERIODS * SOUND_PERIOD_FRAMES, 0.05);
	bench->near = voices_load(VOICE_READER, (size_t)PERIODS * SOUND_PERIOD_FRAMES, 0.01);
	bench->echo = calloc((size_t)PERIODS * SOUND_PERIOD_FRAMES, sizeof(float));
	assert_non_null(bench->echo);
	for (int p = 0; p < PERIODS; p++)
		acoustic_path_run(path, bench->far + (size_t)p * SOUND_PERIOD_FRAMES,
				  bench->echo + (size_t)p * SOUND_PERIOD_FRAMES);
	acoustic_path_destroy(path);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	free(bench->echo);
	free(bench->near);
	free(bench->far);
	free(bench);
	return 0;
}

/* What is heard in period p of an echo that is `late` periods late; with a voice or without. */
static void hear(const struct bench *bench, int p, int late, bool talks, float *heard)
{
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		int at = p * SOUND_PERIOD_FRAMES + i, from = at - late * SOUND_PERIOD_FRAMES;

		heard[i] = (from >= 0 ? bench->echo[from] : 0) + (talks ? bench->near[at] : 0);
	}
}

/* Returns the period in which the delay moved last; -1: never. */
static int run(struct echo_delay *delay, const struct bench *bench, int first, int end, int late,
	       bool talks)
{
	float heard[SOUND_PERIOD_FRAMES], reference[SOUND_PERIOD_FRAMES];
	int moved = -1;

	for (int p = first; p < end; p++) {
		hear(bench, p, late, talks, heard);
		memcpy(reference, bench->far + (size_t)p * SOUND_PERIOD_FRAMES, sizeof(reference));
		if (echo_delay_process(delay, heard, reference))
			moved = p;
	}
	return moved;
}

static void test_a_late_echo_is_found(void **state)
{
	static const int late[] = {30, 45, 70, 95};
	const struct bench *bench = *state;
	struct echo_delay *delay;

	assert_int_equal(echo_delay_create(&delay), 0);
	for (int talks = 0; talks < 2; talks++) {
		for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
			int moved = run(delay, bench, 0, 6 * SECOND, late[i], talks);

			assert_in_range(moved, late[i], late[i] + 4 * SECOND);
			assert_in_range(echo_delay_ms(delay), 10 * late[i] - 30, 10 * late[i] + 10);
			echo_delay_reset(delay);
		}
	}
	echo_delay_destroy(delay);
}

static void test_a_delay_that_changes_is_followed(void **state)
{
	const struct bench *bench = *state;
	struct echo_delay *delay;

	assert_int_equal(echo_delay_create(&delay), 0);
	run(delay, bench, 0, 5 * SECOND, 60, false);
	assert_true(run(delay, bench, 5 * SECOND, 10 * SECOND, 20, false) > 0);
	assert_in_range(echo_delay_ms(delay), 170, 210);
	assert_true(run(delay, bench, 10 * SECOND, 15 * SECOND, 95, false) > 0);
	assert_in_range(echo_delay_ms(delay), 920, 960);
	echo_delay_destroy(delay);
}

static void test_what_fits_is_left_alone(void **state)
{
	const struct bench *bench = *state;
	struct echo_delay *delay;

	assert_int_equal(echo_delay_create(&delay), 0);
	assert_int_equal(run(delay, bench, 0, 8 * SECOND, 5, true), -1);
	assert_int_equal(echo_delay_ms(delay), 0);
	assert_false(echo_delay_is_beyond(delay));
	echo_delay_destroy(delay);
}

/* A voice alone is no echo, though the far one speaks: there is no loudspeaker. */
static void test_a_voice_is_no_echo(void **state)
{
	const struct bench *bench = *state;
	struct echo_delay *delay;

	assert_int_equal(echo_delay_create(&delay), 0);
	assert_int_equal(run(delay, bench, 0, PERIODS, 2 * PERIODS, true), -1);
	assert_false(echo_delay_is_beyond(delay));
	echo_delay_destroy(delay);
}

/* Power of what the front end lets through of an echo so late, in the last 4 s, over the echo's. */
static double left_db(const struct bench *bench, int late, char **ret_status)
{
	const struct front_end_config config = {.cancels_echo = true, .suppresses_noise = true};
	struct front_end *front_end;
	double heard = 0, left = 0;
	json_t *status;

	assert_int_equal(front_end_create(&config, &front_end), 0);
	for (int p = 0; p < 12 * SECOND; p++) {
		float samples[SOUND_PERIOD_FRAMES], *channels[1] = {samples};
		struct mic_stage *stage = front_end_stage(front_end);

		hear(bench, p, late, false, samples);
		for (int i = 0; i < SOUND_PERIOD_FRAMES && p >= 8 * SECOND; i++)
			heard += (double)samples[i] * samples[i];
		stage->ops->process(stage, channels, 1,
				    bench->far + (size_t)p * SOUND_PERIOD_FRAMES);
		for (int i = 0; i < SOUND_PERIOD_FRAMES && p >= 8 * SECOND; i++)
			left += (double)samples[i] * samples[i];
	}
	status = front_end_to_json(front_end);
	*ret_status = json_dumps(status, JSON_COMPACT);
	json_decref(status);
	front_end_destroy(front_end);
	return 10 * log10(left / heard);
}

static void test_a_late_echo_is_cancelled(void **state)
{
	static const int late[] = {50, 90};
	const struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		char *text;

		assert_true(left_db(bench, late[i], &text) < -40);
		assert_null(strstr(text, "late"));
		free(text);
	}
}

static void test_later_than_that_is_told(void **state)
{
	char *text;

	(void)left_db(*state, 130, &text);
	assert_non_null(strstr(text, "the loudspeaker is heard more than a second late"));
	free(text);
}

static void test_without_memory(void **state)
{
	unsigned int nth = 0;
	int r;

	(void)state;
	do {
		struct echo_delay *delay = NULL;

		fake_alloc_arm(++nth);
		r = echo_delay_create(&delay);
		if (!fake_alloc_disarm()) {
			assert_int_equal(r, 0);
			echo_delay_destroy(delay);
			return;
		}
		assert_int_equal(r, -ENOMEM);
	} while (nth < 100);
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_late_echo_is_found),
		cmocka_unit_test(test_a_delay_that_changes_is_followed),
		cmocka_unit_test(test_what_fits_is_left_alone),
		cmocka_unit_test(test_a_voice_is_no_echo),
		cmocka_unit_test(test_a_late_echo_is_cancelled),
		cmocka_unit_test(test_later_than_that_is_told),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
