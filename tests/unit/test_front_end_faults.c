/*
 * microphone/front_end while microphones, the loudspeaker's reference or a clock are not as they
 * should be, in the middle of a talk: no number that is no sound and nothing above -1 dBFS comes
 * out, the fault is told where there is one to mend, and the talk goes on afterwards.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "microphone/front_end.h"
#include "tests/fake/acoustic_path.h"
#include "tests/fake/voices.h"

enum {
	MICROPHONES = 3,
	SECOND = SOUND_RATE_HZ / SOUND_PERIOD_FRAMES, /* in periods */
	TALK = 5 * SECOND / 2,                        /* before the fault */
	FAULT = 4 * SECOND,
	AFTER = 5 * SECOND,
	PERIODS = TALK + FAULT + AFTER,
};

#define MOST 0.891252f /* -1 dBFS */
#define GAINED_DB 6.0

struct scene {
	struct front_end *front_end;
	struct acoustic_path *echoes[MICROPHONES];
	float *voice, *far;
	float samples[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES];
	float reference[SOUND_PERIOD_FRAMES];
	unsigned int channels; /* that the card gives */
	double power[PERIODS];
};

static void begin(struct scene *scene)
{
	const struct room_sim room = {.size = {3, 4, 2.7}, .rt60_s = 0.2};
	const struct room_sim_point speaker = {1.4, 3.5, 1.1};
	struct front_end_config config = {.cancels_echo = true, .suppresses_noise = true};
	char fault[160];

	memset(scene, 0, sizeof(*scene));
	assert_int_equal(geometry_parse("circle 3 45", &config.geometry, fault, sizeof(fault)), 0);
	assert_int_equal(front_end_create(&config, &scene->front_end), 0);
	for (int c = 0; c < MICROPHONES; c++) {
		struct geometry_point at = config.geometry.at[c];

		scene->echoes[c] =
			acoustic_path_create(&room, speaker,
					     (struct room_sim_point){1.5 + at.x, 2 + at.y,
								     0.8 + at.z},
					     0.2, 2);
	}
	scene->voice = voices_load(VOICE_READER, (size_t)PERIODS * SOUND_PERIOD_FRAMES, 0.03);
	scene->far = voices_load(VOICE_PROMPT, (size_t)PERIODS * SOUND_PERIOD_FRAMES, 0.05);
}

static void end(struct scene *scene)
{
	for (int c = 0; c < MICROPHONES; c++)
		acoustic_path_destroy(scene->echoes[c]);
	front_end_destroy(scene->front_end);
	free(scene->voice);
	free(scene->far);
}

/* Faults, of one period each */

static void fill(float *samples, float value)
{
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] = value;
}

static void square(float *samples)
{
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] = i / 24 % 2 ? 1 : -1;
}

static void one_nan(struct scene *scene, int period)
{
	(void)period;
	fill(scene->samples[1], NAN);
}

static void all_infinite(struct scene *scene, int period)
{
	for (int c = 0; c < MICROPHONES; c++)
		fill(scene->samples[c], period % 2 ? INFINITY : -INFINITY);
}

static void all_dc(struct scene *scene, int period)
{
	(void)period;
	for (int c = 0; c < MICROPHONES; c++)
		fill(scene->samples[c], 1);
}

static void all_square(struct scene *scene, int period)
{
	(void)period;
	for (int c = 0; c < MICROPHONES; c++)
		square(scene->samples[c]);
}

static void one_dead(struct scene *scene, int period)
{
	(void)period;
	fill(scene->samples[2], 0);
}

static void fewer_channels(struct scene *scene, int period)
{
	(void)period;
	scene->channels = 2;
}

static void more_channels(struct scene *scene, int period)
{
	(void)period;
	scene->channels = SOUND_CHANNELS_MAX;
}

static void no_reference(struct scene *scene, int period)
{
	(void)period;
	fill(scene->reference, 0);
}

static void nan_reference(struct scene *scene, int period)
{
	(void)period;
	fill(scene->reference, NAN);
}

static void square_reference(struct scene *scene, int period)
{
	(void)period;
	square(scene->reference);
}

/* The clock of the reference is 7 ms off, now in one direction, now in the other. */
static void clock_jumps(struct scene *scene, int period)
{
	ptrdiff_t off = period / 25 % 2 ? 336 : -336;

	memcpy(scene->reference, scene->far + (ptrdiff_t)period * SOUND_PERIOD_FRAMES + off,
	       sizeof(scene->reference));
}

static void hear(struct scene *scene, int period)
{
	const size_t at = (size_t)period * SOUND_PERIOD_FRAMES;

	memcpy(scene->reference, scene->far + at, sizeof(scene->reference));
	memset(scene->samples, 0, sizeof(scene->samples));
	scene->channels = MICROPHONES;
	for (int c = 0; c < MICROPHONES; c++) {
		memcpy(scene->samples[c], scene->voice + at, sizeof(scene->samples[c]));
		acoustic_path_run(scene->echoes[c], scene->reference, scene->samples[c]);
	}
}

static void process(struct scene *scene, int period, const char *name)
{
	struct mic_stage *stage = front_end_stage(scene->front_end);
	float *channels[SOUND_CHANNELS_MAX];

	for (unsigned int c = 0; c < SOUND_CHANNELS_MAX; c++)
		channels[c] = scene->samples[c];
	assert_int_equal(stage->ops->process(stage, channels, scene->channels, scene->reference),
			 1);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		float sample = scene->samples[0][i];

		if (!isfinite(sample) || fabsf(sample) > MOST)
			fail_msg("%s: %g comes out in period %d", name, (double)sample, period);
		scene->power[period] += (double)sample * sample / SOUND_PERIOD_FRAMES;
	}
}

/* text: NULL, or what one of the faults says. */
static void assert_told(struct scene *scene, const char *name, const char *text)
{
	json_t *status = front_end_to_json(scene->front_end);
	char *words = json_dumps(json_object_get(status, "faults"), 0);

	json_decref(status);
	if (text ? !strstr(words, text) : strcmp(words, "[]") != 0)
		fail_msg("%s: Status says %s", name, words);
	free(words);
}

static double mean_db(const struct scene *scene, int from, int to)
{
	double sum = 0;

	for (int p = from; p < to; p++)
		sum += scene->power[p] / (to - from);
	return 10 * log10(sum + 1e-12);
}

struct fault {
	const char *name;
	void (*spoil)(struct scene *scene, int period);
	const char *text;
	double lost_db; /* that may still be missing at the end */
};

/* fault: NULL for none. Returns how loud the talk is in the last two seconds. */
static double run(const struct fault *fault)
{
	static struct scene scene;
	const char *name = fault ? fault->name : "no fault";
	double loud_db;

	begin(&scene);
	for (int p = 0; p < PERIODS; p++) {
		hear(&scene, p);
		if (fault && p >= TALK && p < TALK + FAULT)
			fault->spoil(&scene, p);
		process(&scene, p, name);
		if (fault && fault->text && p == TALK + FAULT - 1)
			assert_told(&scene, name, fault->text);
	}
	assert_told(&scene, name, NULL);
	loud_db = mean_db(&scene, PERIODS - 2 * SECOND, PERIODS);
	end(&scene);
	return loud_db;
}

static void test_faults_pass(void **state)
{
	/* After a noise at full scale the gain comes back by 2 dB a second. */
	static const struct fault faults[] = {
		{"a channel of NaN", one_nan, "channel 2 gives numbers that are no sound", 6},
		{"all infinite", all_infinite, "channel 3 gives numbers that are no sound", 6},
		{"full scale", all_dc, "channel 1 is too loud", 6},
		{"square waves", all_square, "channel 3 is too loud", 30},
		{"one dead", one_dead, "channel 3 is dead", 6},
		{"fewer channels", fewer_channels, "the card gives 2 channels", 6},
		{"more channels", more_channels, "the card gives 16 channels", 6},
		{"no reference", no_reference, NULL, 6},
		{"a reference of NaN", nan_reference, NULL, 6},
		{"a square wave for a reference", square_reference, NULL, 6},
		{"a clock that jumps", clock_jumps, NULL, 6},
	};
	double well_db = run(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		double loud_db = run(&faults[i]);

		if (loud_db < well_db - faults[i].lost_db || loud_db > well_db + GAINED_DB)
			fail_msg("%s: afterwards the voice is at %.1f dBFS, not %.1f",
				 faults[i].name, loud_db, well_db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
