/* microphone/front_end and its parts in simulated rooms. */
#include "microphone/front_end.h"
#include "tests/fake/acoustic_path.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"
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
	WAY = 6, /* periods from one room's Opus to the other's speaker */
};

#define MOST 0.891252f /* -1 dBFS */

static const struct room_sim room = {.size = {3, 4, 2.7}, .rt60_s = 0.2};
static float silence[SOUND_PERIOD_FRAMES];

static struct front_end *create(const char *array, bool cancels_echo)
{
	struct front_end_config config = {
		.order = FRONT_END_ECHO_FIRST,
		.cancels_echo = cancels_echo,
		.suppresses_noise = true,
	};
	struct front_end *front_end;
	char fault[160];

	assert_int_equal(geometry_parse(array, &config.geometry, fault, sizeof(fault)), 0);
	assert_int_equal(front_end_create(&config, &front_end), 0);
	return front_end;
}

static void process(struct front_end *front_end, float (*samples)[SOUND_PERIOD_FRAMES],
		    unsigned int count, const float *reference)
{
	struct mic_stage *stage = front_end_stage(front_end);
	float *channels[SOUND_CHANNELS_MAX];

	for (unsigned int c = 0; c < count; c++)
		channels[c] = samples[c];
	assert_int_equal(stage->ops->process(stage, channels, count, reference), 1);
}

static double power(const float *samples)
{
	double sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sum += (double)samples[i] * samples[i];
	return sum / SOUND_PERIOD_FRAMES;
}

static double db(double ratio)
{
	return 10 * log10(ratio + 1e-15);
}

/* What a broken card, or a float file, may give. */
static float sick_sample(unsigned int channel, int i)
{
	static const float kinds[] = {NAN, INFINITY, -INFINITY, 1e30f, 1};

	if (channel == 0)
		return kinds[i % 5];
	if (channel == 1)
		return i / 24 % 2 ? 1.0f : -1.0f;
	return channel == 2 ? 0.9f : 0.01f * (float)sin(i * 0.05);
}

static void test_sick_input_is_no_burst(void **state)
{
	struct front_end *front_end = create("circle 4 45", true);
	float samples[4][SOUND_PERIOD_FRAMES];
	json_t *status;
	char *text;

	(void)state;
	for (int p = 0; p < 4 * SECOND; p++) {
		for (unsigned int c = 0; c < 4; c++)
			for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
				samples[c][i] = sick_sample(c, i);
		process(front_end, samples, 4, p % 2 ? samples[1] : silence);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			assert_true(isfinite(samples[0][i]) && fabsf(samples[0][i]) <= MOST);
	}
	status = front_end_to_json(front_end);
	text = json_dumps(status, 0);
	assert_non_null(strstr(text, "channel 1 gives numbers that are no sound"));
	assert_non_null(strstr(text, "channel 2 is too loud: it reaches full scale"));
	free(text);
	json_decref(status);
	front_end_destroy(front_end);
}

/* A room with a person in it: what its microphones hear and what it sends. */
struct party {
	struct front_end *front_end;
	struct acoustic_path *echo;
	float *voice;
	float sent[WAY][SOUND_PERIOD_FRAMES]; /* on its way to the other */
};

static void party_begin(struct party *party, enum voice voice, int periods)
{
	const struct room_sim_point microphone = {1.5, 2, 0.8}, speaker = {1.4, 3.5, 1.1};

	memset(party, 0, sizeof(*party));
	party->front_end = create("none", true);
	party->echo = acoustic_path_create(&room, speaker, microphone, 0.25, 2);
	party->voice = voices_load(voice, (size_t)periods * SOUND_PERIOD_FRAMES, 0.03);
}

static void party_end(struct party *party)
{
	front_end_destroy(party->front_end);
	acoustic_path_destroy(party->echo);
	free(party->voice);
}

/* One period: plays what the other sent, hears it back with the own voice. Returns what is sent. */
static const float *party_run(struct party *party, int period, bool speaks, const float *played)
{
	float heard[1][SOUND_PERIOD_FRAMES] = {{0}};

	acoustic_path_run(party->echo, played, heard[0]);
	for (int i = 0; i < SOUND_PERIOD_FRAMES && speaks; i++)
		heard[0][i] += party->voice[period * SOUND_PERIOD_FRAMES + i];
	process(party->front_end, heard, 1, played);
	memcpy(party->sent[period % WAY], heard[0], sizeof(heard[0]));
	return party->sent[period % WAY];
}

/*
 * A loop of two rooms: A speaks alone, then both. What B sends while A speaks alone is A's echo:
 * the level at which A hears itself.
 */
static void test_nobody_hears_themselves(void **state)
{
	enum { ALONE = 5 * SECOND, PERIODS = 9 * SECOND };
	static struct party a, b;
	double echo = 0, voice_a = 0, voice_b = 0;

	(void)state;
	party_begin(&a, VOICE_READER, PERIODS);
	party_begin(&b, VOICE_PROMPT, PERIODS);
	for (int p = 0; p < PERIODS; p++) {
		const float *from_a, *from_b;
		float played[2][SOUND_PERIOD_FRAMES];

		/* The slot that is written next holds what was sent WAY periods ago. */
		memcpy(played[0], b.sent[p % WAY], sizeof(played[0]));
		memcpy(played[1], a.sent[p % WAY], sizeof(played[1]));
		from_a = party_run(&a, p, true, played[0]);
		from_b = party_run(&b, p, p >= ALONE, played[1]);
		if (p >= SECOND && p < ALONE)
			echo += power(from_b) / (ALONE - SECOND);
		if (p >= ALONE + 2 * SECOND) {
			voice_a += power(from_a) / (PERIODS - ALONE - 2 * SECOND);
			voice_b += power(from_b) / (PERIODS - ALONE - 2 * SECOND);
		}
	}
	party_end(&a);
	party_end(&b);
	if (db(echo) > -50 || db(voice_a) < -35 || db(voice_b) < -35)
		fail_msg("echo %.1f dBFS, voices %.1f and %.1f dBFS while both talk", db(echo),
			 db(voice_a), db(voice_b));
}

static void test_echo_can_be_left_to_a_dsp(void **state)
{
	struct front_end *front_end = create("none", false);
	float *far = voices_load(VOICE_PROMPT, (size_t)2 * SOUND_RATE_HZ, 0.03);
	double heard = 0, left = 0;

	(void)state;
	assert_false(front_end_get_status(front_end)->cancels_echo);
	for (int p = 0; p < 2 * SECOND; p++) {
		float samples[1][SOUND_PERIOD_FRAMES];

		/* A person who says what the loudspeaker plays is not taken away. */
		memcpy(samples[0], far + (size_t)p * SOUND_PERIOD_FRAMES, sizeof(samples[0]));
		heard += power(samples[0]);
		process(front_end, samples, 1, far + (size_t)p * SOUND_PERIOD_FRAMES);
		left += power(samples[0]);
	}
	assert_true(db(left / heard) > -6);
	front_end_set_echo(front_end, true);
	for (int p = 0; p < SECOND / 5; p++) {
		float samples[1][SOUND_PERIOD_FRAMES] = {{0}};

		process(front_end, samples, 1, silence);
	}
	assert_true(front_end_get_status(front_end)->cancels_echo);
	free(far);
	front_end_destroy(front_end);
}

/* An array with fewer channels than the board says, as when another card took its place. */
static void test_other_channels_are_one_voice(void **state)
{
	struct front_end *front_end = create("circle 8 45", true);
	float samples[2][SOUND_PERIOD_FRAMES];
	double sum = 0;

	(void)state;
	for (int p = 0; p < SECOND; p++) {
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			samples[0][i] = 0.1f * (float)sin(2 * M_PI * i / 96) *
					(float)sin(2 * M_PI * (p % 25) / 25.0);
			samples[1][i] = 0;
		}
		process(front_end, samples, 2, silence);
		sum += power(samples[0]);
	}
	assert_true(sum / SECOND > 1e-4);
	assert_false(front_end_get_status(front_end)->has_array);
	front_end_destroy(front_end);
}

static void test_no_heap_in_the_real_time_thread(void **state)
{
	struct front_end *front_end = create("circle 4 45", true);
	float *voice = voices_load(VOICE_READER, (size_t)3 * SOUND_RATE_HZ, 0.05);
	unsigned int heaps = 0;

	(void)state;
	if (!no_heap_install()) {
		free(voice);
		front_end_destroy(front_end);
		skip();
	}
	for (int p = 0; p < 3 * SECOND; p++) {
		float samples[4][SOUND_PERIOD_FRAMES];

		for (int c = 0; c < 4; c++)
			memcpy(samples[c], voice + (size_t)p * SOUND_PERIOD_FRAMES,
			       sizeof(samples[c]));
		no_heap_begin();
		process(front_end, samples, 4, voice + (size_t)p * SOUND_PERIOD_FRAMES);
		heaps += no_heap_end();
	}
	assert_int_equal(heaps, 0);
	free(voice);
	front_end_destroy(front_end);
}

static void test_without_memory(void **state)
{
	struct front_end_config config = {.cancels_echo = true};
	struct front_end *front_end = NULL;
	char fault[160];
	unsigned int nth = 0;
	int r;

	(void)state;
	assert_int_equal(geometry_parse("line 2 50", &config.geometry, fault, sizeof(fault)), 0);
	do {
		fake_alloc_arm(++nth);
		r = front_end_create(&config, &front_end);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(front_end);
	} while (true);
	assert_int_equal(r, 0);
	assert_true(nth > 5);
	front_end_destroy(front_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sick_input_is_no_burst),
		cmocka_unit_test(test_nobody_hears_themselves),
		cmocka_unit_test(test_echo_can_be_left_to_a_dsp),
		cmocka_unit_test(test_other_channels_are_one_voice),
		cmocka_unit_test(test_no_heap_in_the_real_time_thread),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
