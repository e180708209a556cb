/* microphone/mic_pick and base/sound_level. */
#include "base/sound_level.h"
#include "microphone/mic_stage.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CHANNELS = 4 };

static float channels[CHANNELS][SOUND_PERIOD_FRAMES];
static const float silence[SOUND_PERIOD_FRAMES];

static unsigned int process(struct mic_stage *stage, unsigned int count)
{
	float *const pointers[CHANNELS] = {channels[0], channels[1], channels[2], channels[3]};

	return stage->ops->process(stage, pointers, count, silence);
}

static struct mic_stage *create(unsigned int channel)
{
	struct mic_stage *stage;

	assert_int_equal(mic_pick_create(channel, &stage), 0);
	return stage;
}

/* Channel c carries a 1 kHz tone of (c + 1) / 10 on an offset of 0.3. */
static void fill(int period)
{
	for (int c = 0; c < CHANNELS; c++)
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			channels[c][i] = 0.3f + (float)(c + 1) / 10 *
							(float)sin(2 * M_PI * i / 48.0 + period);
}

/* RMS of the tone after a second, when the offset has died away. */
static double rms_through(struct mic_stage *stage, unsigned int count)
{
	double sum = 0, mean = 0;

	for (int period = 0; period < 100; period++) {
		fill(0);
		assert_int_equal(process(stage, count), 1);
	}
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		mean += channels[0][i] / SOUND_PERIOD_FRAMES;
		sum += channels[0][i] * channels[0][i] / SOUND_PERIOD_FRAMES;
	}
	assert_true(fabs(mean) < 0.001);
	return sqrt(sum);
}

static void test_pick_takes_its_channel_without_offset(void **state)
{
	static const struct {
		unsigned int channel, count;
		double peak;
	} cases[] = {
		{0, 1, 0.1}, {0, 4, 0.1}, {2, 4, 0.3}, {3, 4, 0.4}, {3, 2, 0.2}, {9, 1, 0.1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mic_stage *stage = create(cases[i].channel);
		double rms = rms_through(stage, cases[i].count);

		assert_true(fabs(rms * M_SQRT2 - cases[i].peak) < 0.002);
		stage->ops->destroy(stage);
	}
}

static void test_reset_forgets(void **state)
{
	struct mic_stage *stage = create(0);
	struct mic_stage *fresh = create(0);
	float expected;

	(void)state;
	fill(0);
	process(fresh, 1);
	expected = channels[0][17];
	fill(2);
	process(stage, 1);
	stage->ops->reset(stage);
	fill(0);
	process(stage, 1);
	assert_true(channels[0][17] == expected);
	stage->ops->destroy(fresh);
	stage->ops->destroy(stage);
}

/* What no card gives but a float file may hold. */
static void test_broken_samples_do_not_stay(void **state)
{
	struct mic_stage *stage = create(0);

	(void)state;
	fill(0);
	channels[0][3] = NAN;
	channels[0][4] = INFINITY;
	process(stage, 1);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		assert_true(isfinite(channels[0][i]));
	stage->ops->destroy(stage);
}

static void test_level_of_a_sine(void **state)
{
	struct sound_level level = {0};
	float sine[SOUND_PERIOD_FRAMES];

	(void)state;
	assert_true(sound_level_rms_dbfs(&level) <= SOUND_LEVEL_FLOOR_DBFS);
	assert_true(sound_level_peak_dbfs(&level) <= SOUND_LEVEL_FLOOR_DBFS);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sine[i] = 0.5f * (float)sin(2 * M_PI * i / 48.0);
	for (int i = 0; i < 200; i++)
		sound_level_add(&level, sine);
	assert_true(fabs(sound_level_rms_dbfs(&level) + 9.03) < 0.1);
	assert_true(fabs(sound_level_peak_dbfs(&level) + 6.02) < 0.1);

	/* A second of silence: the peak falls by 20 dB, the RMS by 10 / 0.3 nepers of power. */
	for (int i = 0; i < 100; i++)
		sound_level_add(&level, silence);
	assert_true(fabs(sound_level_peak_dbfs(&level) + 26.02) < 0.1);
	assert_true(fabs(sound_level_rms_dbfs(&level) + 9.03 + 14.5) < 0.2);
}

static void test_without_memory(void **state)
{
	struct mic_stage *stage = NULL;

	(void)state;
	fake_alloc_arm(1);
	assert_int_equal(mic_pick_create(0, &stage), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pick_takes_its_channel_without_offset),
		cmocka_unit_test(test_reset_forgets),
		cmocka_unit_test(test_broken_samples_do_not_stay),
		cmocka_unit_test(test_level_of_a_sine),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
