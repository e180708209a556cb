/* microphone/geometry, doa and beam: talkers, noise and dead microphones without a room. */
#include "microphone/beam.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/room_sim.h"
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
	PERIODS = 300,
	FRAMES = PERIODS * SOUND_PERIOD_FRAMES,
	RESPONSE = SOUND_RATE_HZ / 50,
};

/* What an array hears of talkers around it. */
struct hall {
	struct geometry geometry;
	struct room_sim room;
	float heard[SOUND_CHANNELS_MAX][FRAMES];
};

static struct geometry parse(const char *text)
{
	struct geometry geometry;
	char fault[160];

	if (geometry_parse(text, &geometry, fault, sizeof(fault)) < 0)
		fail_msg("%s: %s", text, fault);
	return geometry;
}

static void begin(struct hall *hall, const char *array)
{
	memset(hall, 0, sizeof(*hall));
	hall->geometry = parse(array);
	hall->room.size = (struct room_sim_point){6, 8, 3};
}

static void speak(struct hall *hall, enum voice voice, double azimuth_deg, int first, int end)
{
	static float response[RESPONSE];
	double angle = azimuth_deg * M_PI / 180;
	size_t count = (size_t)(end - first) * SOUND_PERIOD_FRAMES;
	float *samples = voices_load(voice, count, 0.05);

	for (unsigned int m = 0; m < hall->geometry.count; m++) {
		struct geometry_point at = hall->geometry.at[m];

		room_sim_response(&hall->room,
				  (struct room_sim_point){3 + 1.8 * cos(angle),
							  4 + 1.8 * sin(angle), 1.1},
				  (struct room_sim_point){3 + at.x, 4 + at.y, 0.8 + at.z}, response,
				  RESPONSE);
		room_sim_convolve(samples, count, response, RESPONSE, 10,
				  hall->heard[m] + (size_t)first * SOUND_PERIOD_FRAMES);
	}
	free(samples);
}

static void add_noise(struct hall *hall, double rms)
{
	for (unsigned int m = 0; m < hall->geometry.count; m++)
		for (int i = 0; i < FRAMES; i++)
			hall->heard[m][i] +=
				(float)(rms * sqrt(3) * ((double)random() / RAND_MAX * 2 - 1));
}

static struct beam *create(const struct hall *hall)
{
	struct beam *beam;

	assert_int_equal(beam_create(&hall->geometry, BEAM_SUPERDIRECTIVE, &beam), 0);
	return beam;
}

/* Runs periods first..end; what comes out goes to `out`, which may be NULL. */
static void run(struct beam *beam, struct hall *hall, int first, int end, float *out)
{
	for (int p = first; p < end; p++) {
		float *microphones[SOUND_CHANNELS_MAX] = {0}, voice[SOUND_PERIOD_FRAMES];

		for (unsigned int m = 0; m < hall->geometry.count; m++)
			microphones[m] = hall->heard[m] + (size_t)p * SOUND_PERIOD_FRAMES;
		beam_process(beam, microphones, true, voice);
		if (out)
			memcpy(out + (size_t)p * SOUND_PERIOD_FRAMES, voice, sizeof(voice));
	}
}

static void test_geometry(void **state)
{
	static const struct {
		const char *text, *fault; /* NULL: it is good */
		unsigned int count;
		bool is_line;
	} cases[] = {
		{"none", NULL, 0, false},
		{"line 2 50", NULL, 2, true},
		{"line 16 10.5", NULL, 16, true},
		{"circle 8 45", NULL, 8, false},
		{"free 0,0,0 50,0,0 100,0,0", NULL, 3, true},
		{"free 0,0,0 50,0,0 0,50,-3.5", NULL, 3, false},
		{"", "is not " GEOMETRY_FORM, 0, false},
		{"line", "is not " GEOMETRY_FORM, 0, false},
		{"line 4", "is not " GEOMETRY_FORM, 0, false},
		{"line 4 50 1", "is not " GEOMETRY_FORM, 0, false},
		{"line 4 nan", "is not " GEOMETRY_FORM, 0, false},
		{"free 0,0,0 50,0", "is not " GEOMETRY_FORM, 0, false},
		{"free 0,0,0", "an array has 2 to 16 microphones", 0, false},
		{"line 1 50", "an array has 2 to 16 microphones", 0, false},
		{"circle 17 50", "an array has 2 to 16 microphones", 0, false},
		{"circle 4 0.1", "microphones 1 and 2 are at the same place", 0, false},
		{"line 4 2000", "microphones 1 and 4 are over 4 m apart", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct geometry geometry = {.count = 99};
		char fault[160] = "";
		int r = geometry_parse(cases[i].text, &geometry, fault, sizeof(fault));

		if (r != (cases[i].fault ? -EINVAL : 0) ||
		    (cases[i].fault && strcmp(fault, cases[i].fault) != 0) ||
		    geometry.count != (cases[i].fault ? 99 : cases[i].count) ||
		    geometry.is_line != cases[i].is_line)
			fail_msg("\"%s\" gives %d, %u microphones: %s", cases[i].text, r,
				 geometry.count, fault);
	}
}

static double error_of(const struct beam *beam, unsigned int talker, double azimuth_deg)
{
	struct beam_status status = beam_get_status(beam);

	assert_true(talker < status.talker_count);
	return fabs(remainder(status.talkers[talker].look.azimuth_deg - azimuth_deg, 360));
}

static void test_direction_of_arrival(void **state)
{
	static const struct {
		const char *array;
		double azimuth_deg, rt60_s;
	} cases[] = {
		{"circle 4 45", 17, 0},    {"circle 4 45", 251, 0.3},
		{"circle 8 45", 133, 0.3}, {"line 4 40", 95, 0},
		{"line 8 40", 62, 0.3},    {"free 0,0,0 80,0,0 0,80,0 80,80,10", 305, 0},
	};
	static struct hall hall;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct beam *beam;

		begin(&hall, cases[i].array);
		hall.room.rt60_s = cases[i].rt60_s;
		speak(&hall, VOICE_READER, cases[i].azimuth_deg, 0, PERIODS);
		add_noise(&hall, 0.002);
		beam = create(&hall);
		run(beam, &hall, 0, PERIODS, NULL);
		if (error_of(beam, 0, cases[i].azimuth_deg) > 5)
			fail_msg("%s, %.0f degrees: off by %.1f", cases[i].array,
				 cases[i].azimuth_deg, error_of(beam, 0, cases[i].azimuth_deg));
		beam_destroy(beam);
	}
}

static void test_two_talkers_are_held(void **state)
{
	static struct hall hall;
	struct beam *beam;

	(void)state;
	begin(&hall, "circle 8 45");
	speak(&hall, VOICE_READER, 30, 0, 150);
	speak(&hall, VOICE_PROMPT, 160, 150, PERIODS);
	add_noise(&hall, 0.001);
	beam = create(&hall);
	run(beam, &hall, 0, PERIODS, NULL);
	assert_true(error_of(beam, 0, 160) <= 5);
	assert_true(error_of(beam, 1, 30) <= 5);
	beam_destroy(beam);
}

static double power(const float *samples, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	return sum / count;
}

static void test_white_noise_gain(void **state)
{
	static const struct {
		const char *array;
		double least_db;
	} cases[] = {{"circle 4 45", 5}, {"line 4 40", 5}, {"circle 8 45", 8}, {"line 8 40", 8}};
	static struct hall hall;
	static float out[FRAMES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct beam *beam;
		double gain_db;

		begin(&hall, cases[i].array);
		add_noise(&hall, 0.05);
		beam = create(&hall);
		beam_look_at(beam, (struct beam_look){.azimuth_deg = 45, .elevation_deg = 10});
		run(beam, &hall, 0, 100, out);
		gain_db = 10 * log10(power(hall.heard[0] + 9600, 38400) / power(out + 9600, 38400));
		if (gain_db < cases[i].least_db)
			fail_msg("%s: %.2f dB", cases[i].array, gain_db);
		beam_destroy(beam);
	}
}

/* One microphone is silent from the start, one gives noise as loud as can be. */
static void test_broken_microphones_are_left_out(void **state)
{
	static struct hall hall;
	static float out[FRAMES];
	struct beam *beam;

	(void)state;
	begin(&hall, "circle 8 45");
	speak(&hall, VOICE_READER, 70, 0, PERIODS);
	add_noise(&hall, 0.001);
	memset(hall.heard[2], 0, sizeof(hall.heard[2]));
	for (int i = 0; i < FRAMES; i++)
		hall.heard[5][i] = (float)random() / (float)RAND_MAX * 2 - 1;
	beam = create(&hall);
	run(beam, &hall, 0, 200, out);
	assert_int_equal(beam_get_status(beam).broken, 1 << 2 | 1 << 5);
	/* When the weights without them are worked out, nothing of the loud one is left. */
	run(beam, &hall, 200, PERIODS, out);
	run(beam, &hall, 0, PERIODS, out);
	assert_true(power(out, FRAMES) < 2 * power(hall.heard[0], FRAMES));
	assert_true(error_of(beam, 0, 70) <= 5);
	beam_reset(beam);
	assert_int_equal(beam_get_status(beam).broken, 0);
	beam_destroy(beam);
}

static void test_without_memory(void **state)
{
	struct geometry geometry = parse("line 2 50");
	struct beam *beam = NULL;
	unsigned int nth = 0;
	int r;

	(void)state;
	do {
		fake_alloc_arm(++nth);
		r = beam_create(&geometry, BEAM_SUPERDIRECTIVE, &beam);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(beam);
	} while (true);
	assert_int_equal(r, 0);
	assert_true(nth > 5);
	beam_destroy(beam);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_direction_of_arrival),
		cmocka_unit_test(test_two_talkers_are_held),
		cmocka_unit_test(test_white_noise_gain),
		cmocka_unit_test(test_broken_microphones_are_left_out),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
