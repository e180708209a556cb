/* microphone/level and loudness, against libavfilter's ebur128. */
#include "microphone/level.h"
#include "microphone/loudness.h"
#include "tests/fake/voices.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sound.h"

enum {
	SECOND = SOUND_RATE_HZ / SOUND_PERIOD_FRAMES, /* in periods */
	PERIODS = 10 * SECOND,
	FRAMES = PERIODS * SOUND_PERIOD_FRAMES,
};

#define MOST 0.891252f /* -1 dBFS */

static AVFilterContext *add(AVFilterGraph *graph, const char *name, const char *options)
{
	AVFilterContext *filter;

	assert_true(avfilter_graph_create_filter(&filter, avfilter_get_by_name(name), name, options,
						 NULL, graph) >= 0);
	return filter;
}

/* Integrated loudness by libavfilter. */
static double ebur128_lufs(const float *samples, int count)
{
	AVFilterGraph *graph = avfilter_graph_alloc();
	AVFilterContext *in =
		add(graph, "abuffer", "sample_rate=48000:sample_fmt=flt:channel_layout=mono");
	AVFilterContext *meter = add(graph, "ebur128", "metadata=1");
	AVFilterContext *out = add(graph, "abuffersink", NULL);
	AVFrame *frame = av_frame_alloc();
	double lufs = NAN;

	assert_true(avfilter_link(in, 0, meter, 0) >= 0 && avfilter_link(meter, 0, out, 0) >= 0);
	assert_true(avfilter_graph_config(graph, NULL) >= 0);
	frame->format = AV_SAMPLE_FMT_FLT;
	frame->sample_rate = SOUND_RATE_HZ;
	frame->nb_samples = count;
	av_channel_layout_default(&frame->ch_layout, 1);
	assert_true(av_frame_get_buffer(frame, 0) >= 0);
	memcpy(frame->data[0], samples, (size_t)count * sizeof(*samples));
	assert_true(av_buffersrc_add_frame(in, frame) >= 0);
	assert_true(av_buffersrc_add_frame(in, NULL) >= 0);
	while (av_buffersink_get_frame(out, frame) >= 0) {
		const AVDictionaryEntry *entry =
			av_dict_get(frame->metadata, "lavfi.r128.I", NULL, 0);

		if (entry)
			lufs = strtod(entry->value, NULL);
		av_frame_unref(frame);
	}
	av_frame_free(&frame);
	avfilter_graph_free(&graph);
	return lufs;
}

/* BS.1770-5, annex 1: a sine of 997 Hz at full scale is -3.01 LUFS. */
static void test_loudness_of_a_sine(void **state)
{
	struct loudness loudness = {0};
	double sum = 0;

	(void)state;
	for (int p = 0; p < SECOND; p++) {
		float samples[SOUND_PERIOD_FRAMES];

		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			samples[i] = (float)sin(2 * M_PI * 997 / SOUND_RATE_HZ *
						(p * SOUND_PERIOD_FRAMES + i));
		sum += loudness_period(&loudness, samples) / SECOND;
	}
	assert_true(fabs(loudness_lufs(sum) + 3.01) < 0.05);
}

/* From the fourth second on speech is at -23 LUFS, however loud it was. */
static void test_speech_comes_to_the_target(void **state)
{
	static const double rms[] = {0.003, 0.01, 0.05, 0.2};

	(void)state;
	for (size_t i = 0; i < sizeof(rms) / sizeof(rms[0]); i++) {
		float *voice = voices_load(VOICE_READER, FRAMES, rms[i]);
		struct level *level;
		double lufs;

		assert_int_equal(level_create(&level), 0);
		for (int p = 0; p < PERIODS; p++)
			level_process(level, voice + (size_t)p * SOUND_PERIOD_FRAMES, true);
		lufs = ebur128_lufs(voice + (size_t)3 * SOUND_RATE_HZ, FRAMES - 3 * SOUND_RATE_HZ);
		if (!(fabs(lufs - LEVEL_TARGET_LUFS) <= 2))
			fail_msg("RMS %.3f comes to %.1f LUFS", rms[i], lufs);
		level_destroy(level);
		free(voice);
	}
}

/* Speech that stays as loud keeps its gain: nothing pumps. */
static void test_the_gain_stands_still(void **state)
{
	float *voice = voices_load(VOICE_PROMPT, FRAMES, 0.02);
	double least = 100, most = -100;
	struct level *level;

	(void)state;
	assert_int_equal(level_create(&level), 0);
	for (int p = 0; p < PERIODS; p++) {
		level_process(level, voice + (size_t)p * SOUND_PERIOD_FRAMES, true);
		if (p < 4 * SECOND)
			continue;
		least = fmin(least, level_gain_db(level));
		most = fmax(most, level_gain_db(level));
	}
	if (most - least > 3)
		fail_msg("the gain goes from %.1f to %.1f dB", least, most);
	level_destroy(level);
	free(voice);
}

/* After a long pause, in which the gate has closed, the first 10 ms of a word are as loud as after. */
static void test_no_word_loses_its_start(void **state)
{
	struct level *level;
	double first = 0, later = 0;

	(void)state;
	assert_int_equal(level_create(&level), 0);
	for (int p = 0; p < 6 * SECOND; p++) {
		bool speaks = (p > SECOND / 2 && p < 3 * SECOND) || p >= 5 * SECOND;
		float samples[SOUND_PERIOD_FRAMES];
		double sum = 0;

		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			samples[i] = (speaks ? 0.05f : 0.00005f) *
				     (float)sin(2 * M_PI * 500 / SOUND_RATE_HZ * i);
		}
		level_process(level, samples, true);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			sum += (double)samples[i] * samples[i];
		first = p == 5 * SECOND ? sum : first;
		later = p == 5 * SECOND + 20 ? sum : later;
	}
	assert_true(10 * log10(first / later) > -2);
	level_destroy(level);
}

static void test_an_echo_does_not_move_the_gain(void **state)
{
	float *voice = voices_load(VOICE_PROMPT, FRAMES, 0.001);
	struct level *level;

	(void)state;
	assert_int_equal(level_create(&level), 0);
	for (int p = 0; p < PERIODS; p++)
		level_process(level, voice + (size_t)p * SOUND_PERIOD_FRAMES, false);
	assert_true(level_gain_db(level) == 0);
	level_destroy(level);
	free(voice);
}

static void test_nothing_is_over_the_limit(void **state)
{
	struct level *level;

	(void)state;
	assert_int_equal(level_create(&level), 0);
	for (int p = 0; p < 3 * SECOND; p++) {
		float samples[SOUND_PERIOD_FRAMES];

		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			samples[i] = (p % 50 == 49 ? 1.0f : 0.003f) * (i / 24 % 2 ? 1.0f : -1.0f);
		level_process(level, samples, true);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			assert_true(fabsf(samples[i]) <= MOST);
	}
	level_destroy(level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loudness_of_a_sine),
		cmocka_unit_test(test_speech_comes_to_the_target),
		cmocka_unit_test(test_the_gain_stands_still),
		cmocka_unit_test(test_no_word_loses_its_start),
		cmocka_unit_test(test_an_echo_does_not_move_the_gain),
		cmocka_unit_test(test_nothing_is_over_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
