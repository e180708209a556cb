/* drivers/mic_test and tests/fake/sound_marks: delay and identity of a room, from the samples. */
#include "base/clock.h"
#include "drivers/mic_test.h"
#include "tests/fake/sound_marks.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>
#include <cmocka.h>

enum {
	SECONDS = 4,
	FRAMES = SECONDS * SOUND_RATE_HZ,
	PACKET_FRAMES = 960,
	MARKS_MAX = 16,
};

/* What the room's test microphone gives from a full second on, without waiting for it. */
static void hear_room(unsigned int room, float *samples)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		unsigned int frame = i % SOUND_RATE_HZ;

		samples[i] = 0.03f *
			     (float)sin(2 * M_PI * mic_test_tone_hz(room) * frame / SOUND_RATE_HZ);
		if (frame < MIC_TEST_CHIRP_FRAMES)
			samples[i] += 0.5f * (float)sin(mic_test_chirp_phase(room, frame));
	}
}

static float *new_samples(void)
{
	float *samples = calloc(FRAMES, sizeof(*samples));

	assert_non_null(samples);
	return samples;
}

/* Returns how many samples Opus delays by. */
static int through_opus(float *samples)
{
	OpusEncoder *encoder = opus_encoder_create(SOUND_RATE_HZ, 1, OPUS_APPLICATION_VOIP, NULL);
	OpusDecoder *decoder = opus_decoder_create(SOUND_RATE_HZ, 1, NULL);
	opus_int32 delay;

	assert_non_null(encoder);
	assert_non_null(decoder);
	opus_encoder_ctl(encoder, OPUS_SET_BITRATE(32000));
	opus_encoder_ctl(encoder, OPUS_SET_VBR(0));
	opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&delay));
	for (int at = 0; at < FRAMES; at += PACKET_FRAMES) {
		unsigned char packet[1276];
		int length = opus_encode_float(encoder, samples + at, PACKET_FRAMES, packet,
					       sizeof(packet));

		assert_true(length > 0);
		assert_int_equal(opus_decode_float(decoder, packet, length, samples + at,
						   PACKET_FRAMES, 0),
				 PACKET_FRAMES);
	}
	opus_decoder_destroy(decoder);
	opus_encoder_destroy(encoder);
	return delay;
}

static void test_clean_marks_are_exact(void **state)
{
	float *samples = new_samples();

	(void)state;
	for (unsigned int room = 0; room < MIC_TEST_ROOMS; room++) {
		struct sound_mark marks[MARKS_MAX];

		hear_room(room, samples);
		assert_int_equal(sound_marks_find(samples, FRAMES, 7000000, room, marks, MARKS_MAX),
				 SECONDS);
		for (int i = 0; i < SECONDS; i++) {
			assert_in_range(marks[i].time_us + 50, 7000000 + i * 1000000,
					7000000 + i * 1000000 + 100);
			assert_true(marks[i].strength > 0.95);
		}
	}
	free(samples);
}

static void test_delay_after_opus_to_a_millisecond(void **state)
{
	float *samples = new_samples();

	(void)state;
	for (unsigned int room = 0; room < MIC_TEST_ROOMS; room++) {
		int64_t delay_us, expected_us;

		hear_room(room, samples);
		expected_us = through_opus(samples) * CLOCK_US_PER_S / SOUND_RATE_HZ;
		assert_true(sound_marks_delay(samples, FRAMES, 5000000, room, &delay_us));
		assert_in_range(delay_us, expected_us - 1000, expected_us + 1000);
	}
	free(samples);
}

/* Nobody hears a room that does not speak. */
static void test_other_rooms_are_not_heard(void **state)
{
	float *samples = new_samples();

	(void)state;
	for (unsigned int room = 0; room < MIC_TEST_ROOMS; room++) {
		struct sound_mark marks[MARKS_MAX];

		hear_room(room, samples);
		through_opus(samples);
		for (unsigned int other = 0; other < MIC_TEST_ROOMS; other++) {
			double dbfs = sound_marks_tone_dbfs(samples, FRAMES, other);
			size_t found =
				sound_marks_find(samples, FRAMES, 0, other, marks, MARKS_MAX);

			assert_int_equal(found, other == room ? SECONDS : 0);
			assert_true(other == room ? dbfs > -34 : dbfs < -50);
		}
	}
	free(samples);
}

/* A meeting: three rooms speak at once, one is 150 ms later than the others. */
static void test_rooms_are_told_apart_in_a_mix(void **state)
{
	float *mixed = new_samples();
	float *samples = new_samples();
	int64_t delay_us;

	(void)state;
	for (unsigned int room = 0; room < 3; room++) {
		int late = room == 2 ? SOUND_RATE_HZ * 150 / 1000 : 0;

		hear_room(room, samples);
		for (int i = late; i < FRAMES; i++)
			mixed[i] += samples[i - late] * 0.6f;
	}
	assert_true(sound_marks_delay(mixed, FRAMES, 0, 0, &delay_us));
	assert_in_range(delay_us, 0, 1000);
	assert_true(sound_marks_delay(mixed, FRAMES, 0, 2, &delay_us));
	assert_in_range(delay_us, 149000, 151000);
	assert_false(sound_marks_delay(mixed, FRAMES, 0, 5, &delay_us));
	free(samples);
	free(mixed);
}

static void test_silence_and_noise_have_no_marks(void **state)
{
	float *samples = new_samples();
	uint32_t random = 1;
	int64_t delay_us;

	(void)state;
	assert_false(sound_marks_delay(samples, FRAMES, 0, 0, &delay_us));
	assert_false(sound_marks_delay(samples, 0, 0, 0, &delay_us));
	assert_true(sound_marks_tone_dbfs(samples, FRAMES, 0) <= -120);
	for (int i = 0; i < FRAMES; i++) {
		random = random * 1664525 + 1013904223;
		samples[i] = (float)(int32_t)random / 4294967296.0f;
	}
	for (unsigned int room = 0; room < MIC_TEST_ROOMS; room++)
		assert_false(sound_marks_delay(samples, FRAMES, 0, room, &delay_us));
	free(samples);
}

/* Reads one period to where its capture time puts it after *start_us; 0: it is the first. */
static int64_t read_period(struct mic *mic, float *samples, int64_t *start_us)
{
	float period[SOUND_PERIOD_FRAMES];
	int64_t capture_us, at;

	assert_int_equal(mic->ops->read(mic, period, clock_now_us() + 1000000, &capture_us),
			 SOUND_OK);
	assert_true(clock_now_us() >= capture_us + SOUND_PERIOD_US);
	if (!*start_us)
		*start_us = capture_us;
	at = (capture_us - *start_us) / SOUND_PERIOD_US * SOUND_PERIOD_FRAMES;
	assert_in_range(at, 0, FRAMES - SOUND_PERIOD_FRAMES);
	memcpy(samples + at, period, sizeof(period));
	return at;
}

/* The device itself, in real time: capture times fit the samples. */
static void test_microphone_marks_full_seconds(void **state)
{
	float *samples = new_samples();
	struct sound_device_info info;
	int64_t start_us = 0, delay_us;
	struct mic *mic;

	(void)state;
	assert_int_equal(mic_test_create(3, &mic), 0);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	assert_int_equal(info.channels, 1);
	while (read_period(mic, samples, &start_us) < (int64_t)2 * SOUND_RATE_HZ)
		;
	assert_true(sound_marks_delay(samples, FRAMES, start_us, 3, &delay_us));
	assert_true(delay_us <= 100 || delay_us >= 999900);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
	free(samples);
}

static void test_microphone_keeps_deadlines(void **state)
{
	float samples[SOUND_PERIOD_FRAMES];
	struct sound_device_info info;
	int64_t capture_us;
	struct mic *mic;

	(void)state;
	assert_int_equal(mic_test_create(MIC_TEST_ROOMS, &mic), -EINVAL);
	assert_int_equal(mic_test_create(0, &mic), 0);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	assert_int_equal(mic->ops->read(mic, samples, clock_now_us() + 1000000, &capture_us),
			 SOUND_OK);
	assert_int_equal(mic->ops->read(mic, samples, 1, &capture_us), SOUND_TIMEOUT);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_marks_are_exact),
		cmocka_unit_test(test_delay_after_opus_to_a_millisecond),
		cmocka_unit_test(test_other_rooms_are_not_heard),
		cmocka_unit_test(test_rooms_are_told_apart_in_a_mix),
		cmocka_unit_test(test_silence_and_noise_have_no_marks),
		cmocka_unit_test(test_microphone_marks_full_seconds),
		cmocka_unit_test(test_microphone_keeps_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
