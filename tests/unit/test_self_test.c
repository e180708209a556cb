/* microphone/self_test in simulated rooms, with each fault. */
#include "microphone/self_test.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/room_sim.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOISE 0.0005f /* -66 dBFS */
#define RESPONSE ((size_t)SOUND_RATE_HZ / 5)
#define DELAY_FRAMES 4000 /* of the cards and the way */

struct bench {
	struct self_test_heard heard;
	struct self_test_result result;
};

static const struct room_sim room = {.size = {5, 6, 2.8}, .rt60_s = 0.4};

static float *recording(struct bench *bench, unsigned int loudspeaker, unsigned int m)
{
	return bench->heard.recordings +
	       (loudspeaker * bench->heard.microphones + m) * SELF_TEST_FRAMES;
}

static float noise(void)
{
	return NOISE * (float)(2.0 * (double)random() / RAND_MAX - 1);
}

/* What the microphones of an array hear of two loudspeakers at the ends of a wall. */
static void hear(struct bench *bench, const char *array)
{
	static const struct room_sim_point from[] = {{1.2, 5.6, 1.3}, {4.1, 5.5, 1.3}};
	static float played[SELF_TEST_FRAMES], response[RESPONSE];
	char fault[160];

	memset(bench, 0, sizeof(*bench));
	srandom(5);
	assert_int_equal(geometry_parse(array, &bench->heard.geometry, fault, sizeof(fault)), 0);
	bench->heard.microphones = bench->heard.geometry.count;
	bench->heard.loudspeakers = 2;
	bench->heard.recordings =
		calloc((size_t)2 * bench->heard.microphones * SELF_TEST_FRAMES, sizeof(float));
	assert_non_null(bench->heard.recordings);
	memset(played, 0, sizeof(played));
	for (unsigned int p = 0; p < SELF_TEST_PERIODS; p++)
		self_test_play(p, played + (size_t)p * SOUND_PERIOD_FRAMES);
	memmove(played + DELAY_FRAMES, played, sizeof(played) - DELAY_FRAMES * sizeof(*played));
	memset(played, 0, DELAY_FRAMES * sizeof(*played));
	for (unsigned int l = 0; l < 2; l++) {
		for (unsigned int m = 0; m < bench->heard.microphones; m++) {
			struct geometry_point at = bench->heard.geometry.at[m];
			const struct room_sim_point to = {2.3 + at.x, 2.7 + at.y, 0.75 + at.z};
			float *out = recording(bench, l, m);

			room_sim_response(&room, from[l], to, response, RESPONSE);
			room_sim_convolve(played, SELF_TEST_FRAMES, response, RESPONSE, 1, out);
			for (size_t i = 0; i < SELF_TEST_FRAMES; i++)
				out[i] += noise();
		}
	}
}

/* What is found, as text. */
static char *found(struct bench *bench)
{
	json_t *json;
	char *text;

	assert_int_equal(self_test_analyse(&bench->heard, &bench->result), 0);
	json = self_test_to_json(&bench->result);
	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void assert_found(struct bench *bench, const char *expected)
{
	char *text = found(bench);

	if (!strstr(text, expected))
		fail_msg("%s; misfit %.2f mm", text, bench->result.misfit_mm);
	free(text);
	free(bench->heard.recordings);
}

static const char *const arrays[] = {"circle 8 45", "circle 4 45", "line 8 40", "line 4 40",
				     "free 0,0,0 60,0,0 -60,0,0 0,60,0 0,-60,0"};

static void test_a_whole_room_has_no_fault(void **state)
{
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		hear(&bench, arrays[i]);
		assert_found(&bench, "[]");
		print_message("%s: misfit %.2f mm\n", arrays[i], bench.result.misfit_mm);
		assert_true(bench.result.misfit_mm < 3);
	}
}

/* Of neighbours; the two ends of a cross would be its mirror image, which nothing can tell. */
static void test_swapped_microphones(void **state)
{
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		hear(&bench, arrays[i]);
		for (unsigned int l = 0; l < 2; l++) {
			float *one = recording(&bench, l, 0), *other = recording(&bench, l, 1);

			for (size_t s = 0; s < SELF_TEST_FRAMES; s++) {
				float kept = one[s];

				one[s] = other[s];
				other[s] = kept;
			}
		}
		assert_found(&bench, "\"Microphones 1 and 2 are swapped\"");
	}
}

static void test_a_wrong_geometry(void **state)
{
	struct bench bench;
	char fault[160];

	(void)state;
	hear(&bench, "circle 8 45");
	assert_int_equal(geometry_parse("line 8 40", &bench.heard.geometry, fault, sizeof(fault)),
			 0);
	assert_found(&bench, "\"The microphones do not stand as the board file says\"");
}

static void test_dead_microphones(void **state)
{
	struct bench bench;

	(void)state;
	hear(&bench, "circle 8 45");
	for (unsigned int l = 0; l < 2; l++) {
		memset(recording(&bench, l, 2), 0, SELF_TEST_FRAMES * sizeof(float));
		for (size_t i = 0; i < SELF_TEST_FRAMES; i++) {
			recording(&bench, l, 5)[i] = noise();
			recording(&bench, l, 6)[i] *= 0.03f;
		}
	}
	assert_found(&bench,
		     "[{\"en\":\"Microphone 3 gives no sound at all\",\"id\":\"Mikrofon 3 tidak "
		     "memberi suara sama sekali\"},{\"en\":\"Microphone 6 hears");
	assert_int_equal(bench.result.deaf, 1u << 5 | 1u << 6);
	assert_false(bench.result.swapped || bench.result.misplaced);
}

static void test_a_microphone_that_clips(void **state)
{
	struct bench bench;
	float *loud;

	(void)state;
	hear(&bench, "line 4 40");
	loud = recording(&bench, 1, 3);
	for (size_t i = 0; i < SELF_TEST_FRAMES; i++)
		loud[i] = fmaxf(-1, fminf(1, loud[i] * 200));
	assert_found(&bench, "[{\"en\":\"Microphone 4 is too loud: it reaches full scale\"");
}

static void test_a_silent_loudspeaker(void **state)
{
	struct bench bench;

	(void)state;
	hear(&bench, "circle 4 45");
	for (unsigned int m = 0; m < 4; m++)
		for (size_t i = 0; i < SELF_TEST_FRAMES; i++)
			recording(&bench, 1, m)[i] = noise();
	assert_found(&bench, "[{\"en\":\"Loudspeaker 2 is not heard by any microphone\",\"id\":"
			     "\"Pelantang 2 tidak terdengar oleh mikrofon mana pun\"}]");
}

/* No loudspeaker at all says nothing of the microphones. */
static void test_nothing_is_heard(void **state)
{
	struct bench bench;

	(void)state;
	hear(&bench, "line 4 40");
	for (unsigned int l = 0; l < 2; l++)
		for (unsigned int m = 0; m < 4; m++)
			for (size_t i = 0; i < SELF_TEST_FRAMES; i++)
				recording(&bench, l, m)[i] = noise();
	free(found(&bench));
	assert_int_equal(bench.result.quiet_loudspeakers, 3);
	assert_int_equal(bench.result.deaf, 0);
	free(bench.heard.recordings);
}

static void test_without_memory(void **state)
{
	struct bench bench;
	unsigned int nth = 0;
	int r;

	(void)state;
	hear(&bench, "line 4 40");
	do {
		fake_alloc_arm(++nth);
		r = self_test_analyse(&bench.heard, &bench.result);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	} while (nth < 100);
	assert_int_equal(r, 0);
	free(bench.heard.recordings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_room_has_no_fault),
		cmocka_unit_test(test_swapped_microphones),
		cmocka_unit_test(test_a_wrong_geometry),
		cmocka_unit_test(test_dead_microphones),
		cmocka_unit_test(test_a_microphone_that_clips),
		cmocka_unit_test(test_a_silent_loudspeaker),
		cmocka_unit_test(test_nothing_is_heard),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
