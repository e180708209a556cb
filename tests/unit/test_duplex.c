/* sound/duplex: the real-time thread's periods, in the test's own time. */
#include "sound/duplex.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/no_heap.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_US (7 * CLOCK_US_PER_S)
#define MS CLOCK_US_PER_MS

/* A loop over fakes, and what it gave to Opus out. The test is the keeper. */
struct scene {
	_Atomic int64_t time_us;
	struct clock clock;
	struct handover mic_slot, speaker_slot, source_slot;
	struct mic *mic;
	struct speaker *speaker;
	struct mic_stage *pick;
	struct mic *source_mic; /* beside the microphone */
	struct mic_stage *source_pick;
	struct source *source;
	struct mixer *mixer;
	struct duplex *duplex;
	unsigned int wakes; /* of the keeper */
	unsigned int heaps;

	unsigned int blocks;
	unsigned int sounding; /* of them, with sound */
	int64_t first_us, last_us;
	int64_t longest_step_us, shortest_step_us;
	float samples[SOUND_PERIOD_FRAMES]; /* of the last one */
};

static int64_t scene_now_us(void *context)
{
	struct scene *scene = context;

	return atomic_load(&scene->time_us);
}

static void on_wake(void *context)
{
	struct scene *scene = context;

	scene->wakes++;
}

static void on_block(void *context, const struct opus_out_block *block)
{
	struct scene *scene = context;
	int64_t step_us = block->capture_us - scene->last_us;
	bool sounds = false;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sounds |= fabsf(block->samples[i]) > 0.01f;
	scene->sounding += sounds;
	if (scene->blocks++ == 0) {
		scene->first_us = block->capture_us;
	} else {
		scene->longest_step_us =
			step_us > scene->longest_step_us ? step_us : scene->longest_step_us;
		scene->shortest_step_us =
			step_us < scene->shortest_step_us ? step_us : scene->shortest_step_us;
	}
	scene->last_us = block->capture_us;
	memcpy(scene->samples, block->samples, sizeof(scene->samples));
}

/* Channel 1 carries a tone, the others nothing. */
static float hear(void *context, unsigned int channel, int64_t frame)
{
	(void)context;
	return channel == 1 ? 0.3f * (float)sin(2 * M_PI * (double)(frame % 48) / 48) : 0;
}

static float hear_source(void *context, unsigned int channel, int64_t frame)
{
	(void)context;
	return channel == 1 ? 0.2f * (float)sin(2 * M_PI * (double)(frame % 96) / 96) : 0;
}

/* Not plugged in. */
static void begin_source(struct scene *scene)
{
	const struct fake_mic_config mic = {
		.channels = 2,
		.time_us = &scene->time_us,
		.hear = hear_source,
	};
	struct source_config config = {.mic = &scene->source_slot, .channel = 1};

	assert_int_equal(fake_mic_create(&mic, &scene->source_mic), 0);
	assert_int_equal(mic_pick_create(0, &scene->source_pick), 0);
	config.stage = scene->source_pick;
	assert_int_equal(source_create(&config, &scene->source), 0);
}

static void begin_with(struct scene *scene, double speaker_ppm, size_t sources)
{
	const struct mixer_config mixer = {.delay_min_us = 20000, .delay_max_us = 200000};
	const struct fake_mic_config mic = {
		.channels = 3,
		.time_us = &scene->time_us,
		.hear = hear,
	};
	const struct fake_speaker_config speaker = {
		.time_us = &scene->time_us,
		.drift_ppm = speaker_ppm,
	};
	struct duplex_config config = {
		.clock = &scene->clock,
		.mic = &scene->mic_slot,
		.speaker = &scene->speaker_slot,
		.wake_keeper = on_wake,
		.context = scene,
		.stages = &scene->pick,
		.stage_count = 1,
		.sources = &scene->source,
		.source_count = sources,
		.put = on_block,
		.sink = scene,
	};

	*scene = (struct scene){.time_us = START_US, .shortest_step_us = INT64_MAX};
	scene->clock = (struct clock){.now_us = scene_now_us, .context = scene};
	assert_int_equal(mic_pick_create(1, &scene->pick), 0);
	assert_int_equal(mixer_create(&mixer, &scene->mixer), 0);
	assert_int_equal(fake_mic_create(&mic, &scene->mic), 0);
	assert_int_equal(fake_speaker_create(&speaker, &scene->speaker), 0);
	begin_source(scene);
	config.mixer = scene->mixer;
	assert_int_equal(duplex_create(&config, &scene->duplex), 0);
}

static void begin(struct scene *scene, double speaker_ppm)
{
	begin_with(scene, speaker_ppm, 0);
}

static void end(struct scene *scene)
{
	duplex_destroy(scene->duplex);
	source_destroy(scene->source);
	scene->source_mic->ops->destroy(scene->source_mic);
	scene->source_pick->ops->destroy(scene->source_pick);
	scene->speaker->ops->destroy(scene->speaker);
	scene->mic->ops->destroy(scene->mic);
	mixer_destroy(scene->mixer);
	scene->pick->ops->destroy(scene->pick);
	assert_int_equal(scene->heaps, 0);
}

static void plug_mic(struct scene *scene)
{
	struct sound_device_info info;

	assert_int_equal(scene->mic->ops->open(scene->mic, &info), SOUND_OK);
	handover_offer(&scene->mic_slot, scene->mic, info.channels);
}

static void plug_speaker(struct scene *scene)
{
	struct sound_device_info info;

	assert_int_equal(scene->speaker->ops->open(scene->speaker, &info), SOUND_OK);
	handover_offer(&scene->speaker_slot, scene->speaker, info.channels);
}

/* Sleeps, in the test's time, when the loop is not paced by the microphone. */
static void run(struct scene *scene, int periods)
{
	for (int i = 0; i < periods; i++) {
		int64_t due_us;

		no_heap_begin();
		due_us = duplex_run_period(scene->duplex);
		scene->heaps += no_heap_end();
		if (due_us > atomic_load(&scene->time_us))
			atomic_store(&scene->time_us, due_us);
	}
}

static uint64_t periods_played(struct scene *scene)
{
	return fake_speaker_periods(scene->speaker);
}

static void assert_steady(const struct scene *scene)
{
	assert_int_equal(scene->shortest_step_us, SOUND_PERIOD_US);
	assert_int_equal(scene->longest_step_us, SOUND_PERIOD_US);
}

static void test_both_ends_run(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 500);
	assert_int_equal(scene.blocks, 500);
	assert_int_equal(scene.sounding, 500);
	assert_int_equal(scene.first_us, START_US);
	assert_steady(&scene);
	assert_in_range(periods_played(&scene), 500, 502);
	assert_int_equal(scene.speaker->xruns, 0);
	assert_true(fabs(sound_level_rms_dbfs(&duplex_get_status(scene.duplex)->mic_level) + 13.5) <
		    0.5);
	end(&scene);
}

/* No card at all: the room stays in the meeting, on time, and silent. */
static void test_neither_end(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 0);
	run(&scene, 500);
	assert_int_equal(scene.blocks, 500);
	assert_int_equal(scene.sounding, 0);
	assert_steady(&scene);
	assert_int_equal(atomic_load(&scene.time_us), START_US + 501 * SOUND_PERIOD_US);
	end(&scene);
}

static void test_speaker_alone_is_paced_by_the_clock(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 0);
	plug_speaker(&scene);
	run(&scene, 500);
	assert_in_range(periods_played(&scene), 500, 502);
	assert_int_equal(scene.speaker->xruns, 0);
	end(&scene);
}

/* The speaker's crystal against the microphone's: a period more or less now and then, never dry. */
static void test_speaker_drift_is_taken_up(void **state)
{
	static const double ppm[] = {300, -300, 5000, -5000};

	(void)state;
	for (size_t i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++) {
		struct scene scene;
		double expected = 30000 * (1 + ppm[i] / 1e6);

		begin(&scene, ppm[i]);
		plug_mic(&scene);
		plug_speaker(&scene);
		run(&scene, 30000); /* five minutes */
		assert_int_equal(scene.speaker->xruns, 0);
		assert_int_equal(duplex_get_status(scene.duplex)->full, 0);
		assert_true(fabs((double)periods_played(&scene) - expected) < 3);
		end(&scene);
	}
}

static void test_microphone_unplugged_and_back(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 100);
	fake_mic_set_read(scene.mic, SOUND_UNPLUGGED);
	run(&scene, 100);
	assert_int_equal(scene.wakes, 1);
	assert_ptr_equal(handover_take_back(&scene.mic_slot, &reason), scene.mic);
	assert_int_equal(reason, SOUND_UNPLUGGED);
	assert_null(handover_take_back(&scene.mic_slot, &reason));
	assert_int_equal(scene.sounding, 100);
	assert_int_equal(scene.blocks, 200);

	scene.mic->ops->close(scene.mic);
	plug_mic(&scene);
	run(&scene, 100);
	/* One at the seam may overlap with the silence before it. */
	assert_in_range(scene.sounding, 199, 200);
	assert_true(scene.longest_step_us <= 2 * SOUND_PERIOD_US);
	assert_true(scene.shortest_step_us > 0);
	assert_int_equal(scene.speaker->xruns, 0);
	end(&scene);
}

static void test_speaker_unplugged_and_back(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;
	uint64_t before;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 100);
	fake_speaker_set_write(scene.speaker, SOUND_UNPLUGGED);
	run(&scene, 100);
	assert_int_equal(scene.wakes, 1);
	assert_ptr_equal(handover_take_back(&scene.speaker_slot, &reason), scene.speaker);
	assert_int_equal(reason, SOUND_UNPLUGGED);
	assert_int_equal(scene.sounding, 200); /* the microphone does not notice */
	assert_steady(&scene);

	scene.speaker->ops->close(scene.speaker);
	before = periods_played(&scene);
	plug_speaker(&scene);
	run(&scene, 100);
	assert_in_range(periods_played(&scene) - before, 100, 102);
	end(&scene);
}

/* Short stalls are filled with silence, in time; a long one is a broken microphone. */
static void test_microphone_stalls(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 100);
	fake_mic_set_read(scene.mic, SOUND_TIMEOUT);
	run(&scene, 10);
	fake_mic_set_read(scene.mic, SOUND_OK);
	run(&scene, 100);
	assert_int_equal(duplex_get_status(scene.duplex)->stalls, 10);
	assert_int_equal(scene.wakes, 0);
	/* What it held back meanwhile is not sent after the silence that took its place. */
	assert_in_range(duplex_get_status(scene.duplex)->stale, 9, 11);
	assert_true(scene.shortest_step_us >= SOUND_PERIOD_US / 2);
	assert_true(scene.longest_step_us <= 2 * SOUND_PERIOD_US);

	fake_mic_set_read(scene.mic, SOUND_TIMEOUT);
	run(&scene, DUPLEX_STALL_PERIODS - 1);
	assert_int_equal(scene.wakes, 0);
	run(&scene, 1);
	assert_int_equal(scene.wakes, 1);
	assert_ptr_equal(handover_take_back(&scene.mic_slot, &reason), scene.mic);
	assert_int_equal(reason, SOUND_FAILED);
	end(&scene);
}

static void test_speaker_that_takes_nothing_is_given_back(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 10);
	fake_speaker_set_write(scene.speaker, SOUND_TIMEOUT);
	run(&scene, DUPLEX_STALL_PERIODS + 2);
	assert_int_equal(scene.wakes, 1);
	assert_ptr_equal(handover_take_back(&scene.speaker_slot, &reason), scene.speaker);
	assert_int_equal(reason, SOUND_FAILED);
	assert_in_range(duplex_get_status(scene.duplex)->full, DUPLEX_STALL_PERIODS - 4,
			DUPLEX_STALL_PERIODS);
	end(&scene);
}

/* The thread stood still: the speaker ran dry once, then all goes on as before. */
static void test_late_wake_up(void **state)
{
	struct scene scene;
	uint64_t before;

	(void)state;
	begin(&scene, 0);
	plug_mic(&scene);
	plug_speaker(&scene);
	run(&scene, 100);
	atomic_fetch_add(&scene.time_us, 60 * MS);
	run(&scene, 100);
	assert_int_equal(scene.speaker->xruns, 1);
	assert_int_equal(scene.sounding, 200);
	before = periods_played(&scene);
	run(&scene, 100);
	assert_int_equal(scene.speaker->xruns, 1);
	assert_in_range(periods_played(&scene) - before, 99, 101);
	end(&scene);
}

/* After a suspend silence is not sent for all the time that passed. */
static void test_long_sleep_without_a_microphone(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 0);
	run(&scene, 100);
	atomic_fetch_add(&scene.time_us, 60 * CLOCK_US_PER_S);
	run(&scene, 100);
	assert_int_equal(scene.blocks, 200);
	assert_in_range(atomic_load(&scene.time_us), START_US + 60 * CLOCK_US_PER_S + 1980 * MS,
			START_US + 60 * CLOCK_US_PER_S + 2020 * MS);
	end(&scene);
}

static void plug_source(struct scene *scene)
{
	struct sound_device_info info;

	assert_int_equal(scene->source_mic->ops->open(scene->source_mic, &info), SOUND_OK);
	handover_offer(&scene->source_slot, scene->source_mic, info.channels);
}

/* The amplitude of a tone in the last block. */
static double tone(const struct scene *scene, double hz)
{
	double sine = 0, cosine = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		sine += scene->samples[i] * sin(2 * M_PI * hz * i / SOUND_RATE_HZ);
		cosine += scene->samples[i] * cos(2 * M_PI * hz * i / SOUND_RATE_HZ);
	}
	return 2 * hypot(sine, cosine) / SOUND_PERIOD_FRAMES;
}

static void test_a_source_is_heard_beside_the_microphone(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;

	(void)state;
	begin_with(&scene, 0, 1);
	plug_mic(&scene);
	plug_speaker(&scene);
	plug_source(&scene);
	run(&scene, 200);
	assert_true(fabs(tone(&scene, 1000) - 0.3) < 0.01);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.01);
	fake_mic_set_read(scene.source_mic, SOUND_UNPLUGGED);
	run(&scene, 20);
	assert_int_equal(scene.wakes, 1);
	assert_ptr_equal(handover_take_back(&scene.source_slot, &reason), scene.source_mic);
	assert_int_equal(reason, SOUND_UNPLUGGED);
	assert_true(tone(&scene, 500) < 0.01);
	assert_true(fabs(tone(&scene, 1000) - 0.3) < 0.01);
	scene.source_mic->ops->close(scene.source_mic);
	plug_source(&scene);
	run(&scene, 100);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.01);
	assert_steady(&scene);
	end(&scene);
}

static void test_a_source_is_heard_without_a_microphone(void **state)
{
	struct scene scene;

	(void)state;
	begin_with(&scene, 0, 1);
	plug_source(&scene);
	run(&scene, 200);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.01);
	assert_int_equal(scene.blocks, 200);
	end(&scene);
}

static void test_a_source_that_stalls_is_given_back(void **state)
{
	struct scene scene;
	enum sound_result reason = SOUND_OK;

	(void)state;
	begin_with(&scene, 0, 1);
	plug_mic(&scene);
	plug_source(&scene);
	run(&scene, 100);
	fake_mic_set_read(scene.source_mic, SOUND_TIMEOUT);
	run(&scene, DUPLEX_STALL_PERIODS + 1);
	assert_ptr_equal(handover_take_back(&scene.source_slot, &reason), scene.source_mic);
	assert_int_equal(reason, SOUND_FAILED);
	assert_int_equal(scene.sounding, 100 + DUPLEX_STALL_PERIODS + 1);
	end(&scene);
}

static void test_stage_count_is_checked(void **state)
{
	struct duplex_config config = {.stage_count = 0};
	struct duplex *duplex = NULL;

	(void)state;
	assert_int_equal(duplex_create(&config, &duplex), -EINVAL);
	config.stage_count = SOUND_LOOP_STAGES_MAX + 1;
	assert_int_equal(duplex_create(&config, &duplex), -EINVAL);
	assert_null(duplex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends_run),
		cmocka_unit_test(test_neither_end),
		cmocka_unit_test(test_speaker_alone_is_paced_by_the_clock),
		cmocka_unit_test(test_speaker_drift_is_taken_up),
		cmocka_unit_test(test_microphone_unplugged_and_back),
		cmocka_unit_test(test_speaker_unplugged_and_back),
		cmocka_unit_test(test_microphone_stalls),
		cmocka_unit_test(test_speaker_that_takes_nothing_is_given_back),
		cmocka_unit_test(test_late_wake_up),
		cmocka_unit_test(test_long_sleep_without_a_microphone),
		cmocka_unit_test(test_a_source_is_heard_beside_the_microphone),
		cmocka_unit_test(test_a_source_is_heard_without_a_microphone),
		cmocka_unit_test(test_a_source_that_stalls_is_given_back),
		cmocka_unit_test(test_stage_count_is_checked),
	};

	if (!no_heap_install())
		print_message("# without a sanitizer the heap is not watched\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
