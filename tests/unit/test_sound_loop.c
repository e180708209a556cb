/* sound/sound_loop: its threads with fake devices, in real time; mouth to ear from the samples. */
#include "base/clock.h"
#include "base/sound_state.h"
#include "drivers/mic_test.h"
#include "sound/sound_loop.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/sound_marks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 2 };

/* A room whose voice comes back to it, as from a hub that adds nothing. */
struct scene {
	struct mic *mic;
	struct speaker *speaker;
	struct mic_stage *pick;
	struct mixer *mixer;
	struct mixer_source *source;
	struct opus_out *opus_out;
	struct sound_loop *loop;
};

static void on_packet(void *context, uint32_t sequence, int64_t capture_us, const uint8_t *data,
		      size_t length)
{
	struct scene *scene = context;

	(void)mixer_source_push(scene->source, sequence, clock_now_us(), capture_us,
				data + SOUND_STATE_BYTES, length - SOUND_STATE_BYTES);
}

static int64_t in_10_s(void)
{
	return clock_now_us() + 10 * CLOCK_US_PER_S;
}

static struct mic *new_fake_mic(void)
{
	const struct fake_mic_config config = {.channels = 2};
	struct mic *mic;

	assert_int_equal(fake_mic_create(&config, &mic), 0);
	return mic;
}

static struct speaker *new_fake_speaker(size_t frames_max)
{
	const struct fake_speaker_config config = {.frames_max = frames_max};
	struct speaker *speaker;

	assert_int_equal(fake_speaker_create(&config, &speaker), 0);
	return speaker;
}

/* Takes the devices; either may be NULL. */
static void begin(struct scene *scene, struct mic *mic, struct speaker *speaker)
{
	const struct mixer_config mixer = {.delay_min_us = 20000, .delay_max_us = 200000};
	const struct opus_out_config opus_out = {
		.bitrate = 32000,
		.complexity = 5,
		.sink = on_packet,
		.context = scene,
	};
	struct sound_loop_config config = {
		.mic = mic,
		.speaker = speaker,
		.stages = &scene->pick,
		.stage_count = 1,
	};

	*scene = (struct scene){.mic = mic, .speaker = speaker};
	assert_int_equal(mic_pick_create(0, &scene->pick), 0);
	assert_int_equal(mixer_create(&mixer, &scene->mixer), 0);
	assert_int_equal(mixer_source_open(scene->mixer, &scene->source), 0);
	assert_int_equal(opus_out_create(&opus_out, &scene->opus_out), 0);
	config.mixer = scene->mixer;
	config.opus_out = scene->opus_out;
	assert_int_equal(sound_loop_create(&config, &scene->loop), 0);
}

static void end(struct scene *scene)
{
	sound_loop_destroy(scene->loop);
	opus_out_destroy(scene->opus_out);
	mixer_destroy(scene->mixer);
	scene->pick->ops->destroy(scene->pick);
	if (scene->mic)
		scene->mic->ops->destroy(scene->mic);
	if (scene->speaker)
		scene->speaker->ops->destroy(scene->speaker);
}

static void assert_state(struct scene *scene, const char *end, const char *state)
{
	json_t *status = sound_loop_to_json(scene->loop);

	assert_non_null(status);
	assert_string_equal(json_string_value(
				    json_object_get(json_object_get(status, end), "state")),
			    state);
	json_decref(status);
}

static int64_t number(struct scene *scene, const char *end, const char *key)
{
	json_t *status = sound_loop_to_json(scene->loop);
	json_t *value = json_object_get(json_object_get(status, end), key);
	int64_t n;

	assert_true(json_is_integer(value));
	n = json_integer_value(value);
	json_decref(status);
	return n;
}

static void test_mouth_to_ear(void **state)
{
	struct scene scene;
	struct mic *mic;
	const float *samples;
	int64_t start_us, delay_us;
	size_t count;

	(void)state;
	assert_int_equal(mic_test_create(ROOM, &mic), 0);
	begin(&scene, mic, new_fake_speaker((size_t)6 * SOUND_RATE_HZ));
	assert_true(fake_speaker_wait_periods(scene.speaker, 500, in_10_s()));
	assert_state(&scene, "microphone", "running");
	assert_state(&scene, "speaker", "running");
	count = fake_speaker_played(scene.speaker, &samples, &start_us);
	assert_true(sound_marks_delay(samples, count, start_us, ROOM, &delay_us));
	print_message("# mouth to ear: %.1f ms\n", (double)delay_us / 1000);
	/* 20 ms of packet, 6.5 ms of Opus, 20 ms of jitter buffer, 10 to 20 ms of speaker; and what
	 * a loaded machine adds. */
	assert_in_range(delay_us, 50000, 150000);
	end(&scene);
}

static void test_status_is_whole(void **state)
{
	struct scene scene;
	json_t *status;
	json_error_t error;
	int realtime, periods, late, channels;
	json_t *period, *queued;
	double rms, peak;
	const char *device;

	(void)state;
	begin(&scene, new_fake_mic(), new_fake_speaker(0));
	assert_true(fake_mic_wait_periods(scene.mic, 5, in_10_s()));
	assert_true(fake_speaker_wait_periods(scene.speaker, 5, in_10_s()));
	status = sound_loop_to_json(scene.loop);
	assert_int_equal(
		json_unpack_ex(status, &error, 0,
			       "{s:b, s:i, s:i, s:o, s:{s:s, s:n, s:i, s:f, s:f}, s:{s:o}}",
			       "realtime", &realtime, "periods", &periods, "late_periods", &late,
			       "period", &period, "microphone", "device", &device, "fault",
			       "channels", &channels, "rms_dbfs", &rms, "peak_dbfs", &peak,
			       "speaker", "queued", &queued),
		0);
	assert_string_equal(device, "fake microphone");
	assert_int_equal(channels, 2);
	assert_true(rms <= -119 && peak <= -119);
	assert_true(periods >= 5);
	assert_true(json_is_object(queued));
	json_decref(status);
	end(&scene);
}

static void test_no_devices_still_send(void **state)
{
	struct scene scene;
	json_t *status;

	(void)state;
	begin(&scene, NULL, NULL);
	assert_state(&scene, "microphone", "none");
	assert_state(&scene, "speaker", "none");
	end(&scene);

	/* With a speaker to wait for: packets come from nowhere else than the clock. */
	begin(&scene, NULL, new_fake_speaker(0));
	assert_true(fake_speaker_wait_periods(scene.speaker, 20, in_10_s()));
	status = opus_out_to_json(scene.opus_out);
	assert_true(json_integer_value(json_object_get(status, "packets")) >= 5);
	json_decref(status);
	end(&scene);
}

static void test_absent_is_tried_again(void **state)
{
	static const struct {
		enum sound_result result;
		const char *state;
	} cases[] = {
		{SOUND_ABSENT, "absent"},
		{SOUND_BUSY, "busy"},
		{SOUND_FAILED, "failed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		struct mic *mic = new_fake_mic();

		fake_mic_set_open(mic, cases[i].result);
		begin(&scene, mic, new_fake_speaker(0));
		assert_true(fake_mic_wait_opens(mic, 2, in_10_s()));
		assert_state(&scene, "microphone", cases[i].state);
		fake_mic_set_open(mic, SOUND_OK);
		assert_true(fake_mic_wait_periods(mic, 5, in_10_s()));
		assert_state(&scene, "microphone", "running");
		assert_int_equal(number(&scene, "microphone", "opens"), 1);
		end(&scene);
	}
}

static void test_unplugged_and_back(void **state)
{
	struct scene scene;
	uint64_t mic_periods, speaker_periods;

	(void)state;
	begin(&scene, new_fake_mic(), new_fake_speaker(0));
	assert_true(fake_mic_wait_periods(scene.mic, 5, in_10_s()));
	assert_true(fake_speaker_wait_periods(scene.speaker, 5, in_10_s()));
	fake_mic_set_open(scene.mic, SOUND_ABSENT);
	fake_mic_set_read(scene.mic, SOUND_UNPLUGGED);
	assert_true(fake_mic_wait_opens(scene.mic, 3, in_10_s()));
	assert_false(fake_mic_is_open(scene.mic));
	assert_state(&scene, "microphone", "absent");

	/* The speaker does not notice, and comes back by itself too. */
	speaker_periods = fake_speaker_periods(scene.speaker);
	assert_true(fake_speaker_wait_periods(scene.speaker, speaker_periods + 5, in_10_s()));
	fake_speaker_set_write(scene.speaker, SOUND_UNPLUGGED);
	fake_mic_set_open(scene.mic, SOUND_OK);
	mic_periods = fake_mic_periods(scene.mic);
	assert_true(fake_mic_wait_periods(scene.mic, mic_periods + 5, in_10_s()));
	assert_state(&scene, "microphone", "running");
	speaker_periods = fake_speaker_periods(scene.speaker);
	assert_true(fake_speaker_wait_periods(scene.speaker, speaker_periods + 5, in_10_s()));
	assert_state(&scene, "speaker", "running");
	assert_int_equal(number(&scene, "microphone", "opens"), 2);
	assert_int_equal(number(&scene, "speaker", "opens"), 2);
	end(&scene);
}

static void test_devices_are_closed_at_the_end(void **state)
{
	struct mic *mic = new_fake_mic();
	struct speaker *speaker = new_fake_speaker(0);
	struct scene scene;

	(void)state;
	begin(&scene, mic, speaker);
	assert_true(fake_mic_wait_periods(mic, 1, in_10_s()));
	assert_true(fake_speaker_wait_periods(speaker, 1, in_10_s()));
	sound_loop_destroy(scene.loop);
	scene.loop = NULL;
	assert_false(fake_mic_is_open(mic));
	assert_false(fake_speaker_is_open(speaker));
	end(&scene);
}

static void test_without_memory(void **state)
{
	struct mic_stage *pick;
	struct sound_loop_config config = {.stages = &pick, .stage_count = 1};
	const struct mixer_config mixer_config = {.delay_min_us = 20000, .delay_max_us = 200000};
	struct scene scene = {0};
	const struct opus_out_config opus_config = {
		.bitrate = 32000,
		.sink = on_packet,
		.context = &scene,
	};
	struct sound_loop *loop;
	int r;

	(void)state;
	assert_int_equal(mic_pick_create(0, &pick), 0);
	assert_int_equal(mixer_create(&mixer_config, &scene.mixer), 0);
	assert_int_equal(mixer_source_open(scene.mixer, &scene.source), 0);
	assert_int_equal(opus_out_create(&opus_config, &scene.opus_out), 0);
	config.mixer = scene.mixer;
	config.opus_out = scene.opus_out;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = sound_loop_create(&config, &loop);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	sound_loop_destroy(loop);
	opus_out_destroy(scene.opus_out);
	mixer_destroy(scene.mixer);
	pick->ops->destroy(pick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mouth_to_ear),
		cmocka_unit_test(test_status_is_whole),
		cmocka_unit_test(test_no_devices_still_send),
		cmocka_unit_test(test_absent_is_tried_again),
		cmocka_unit_test(test_unplugged_and_back),
		cmocka_unit_test(test_devices_are_closed_at_the_end),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
