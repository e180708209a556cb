/* sound/reference: what the loudspeaker played, by the microphone's clock. */
#include "base/clock.h"
#include "base/sound.h"
#include "sound/reference.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define START_US 5e6
#define TONE_HZ 1000.0
#define AHEAD_US 25000 /* that the speaker's queue is kept filled */

/* A speaker by its own crystal, whose first sample is heard at START_US, and a microphone. */
struct cards {
	struct reference *reference;
	double speaker_ppm, mic_ppm;
	int64_t jitter_us;
	int64_t late_us;       /* added to every time that is told */
	int64_t written, read; /* periods */
};

static int64_t jitter(const struct cards *cards)
{
	return cards->late_us +
	       (cards->jitter_us ? random() % (2 * cards->jitter_us) - cards->jitter_us : 0);
}

static double play_us(const struct cards *cards, int64_t periods)
{
	return START_US + (double)(periods * SOUND_PERIOD_US) / (1 + cards->speaker_ppm / 1e6);
}

static double capture_us(const struct cards *cards, int64_t periods)
{
	return START_US + (double)(periods * SOUND_PERIOD_US) / (1 + cards->mic_ppm / 1e6);
}

static void run_period(struct cards *cards, float *heard)
{
	double now_us = capture_us(cards, cards->read);

	while (play_us(cards, cards->written) < now_us + AHEAD_US) {
		float tone[SOUND_PERIOD_FRAMES];

		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			double n = (double)(cards->written * SOUND_PERIOD_FRAMES + i);

			tone[i] = (float)sin(2 * M_PI * TONE_HZ / SOUND_RATE_HZ * n);
		}
		reference_write(cards->reference, tone,
				(int64_t)play_us(cards, cards->written) + jitter(cards));
		cards->written++;
	}
	reference_read(cards->reference, (int64_t)now_us + jitter(cards), heard);
	cards->read++;
}

/* How far, at most, a period is from what was heard while it was captured. */
static double worst_error(const struct cards *cards, const float *heard)
{
	double worst = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		double at_us = capture_us(cards, cards->read - 1) +
			       i * 1e6 / SOUND_RATE_HZ / (1 + cards->mic_ppm / 1e6) +
			       REFERENCE_LEAD_US;
		double n =
			(at_us - START_US) * SOUND_RATE_HZ / 1e6 * (1 + cards->speaker_ppm / 1e6);

		worst = fmax(worst, fabs(heard[i] - sin(2 * M_PI * TONE_HZ / SOUND_RATE_HZ * n)));
	}
	return worst;
}

static void test_drift_is_measured_and_taken_out(void **state)
{
	static const struct {
		double speaker_ppm, mic_ppm;
		int64_t jitter_us;
	} cases[] = {{0, 0, 0}, {300, 0, 0}, {-300, 0, 0}, {100, -100, 200}, {-150, 150, 200}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cards cards = {
			.speaker_ppm = cases[i].speaker_ppm,
			.mic_ppm = cases[i].mic_ppm,
			.jitter_us = cases[i].jitter_us,
		};
		double drift = cases[i].speaker_ppm - cases[i].mic_ppm, worst = 0;
		float heard[SOUND_PERIOD_FRAMES];

		assert_int_equal(reference_create(&cards.reference), 0);
		for (int p = 0; p < 6000; p++) {
			run_period(&cards, heard);
			if (p > 5000)
				worst = fmax(worst, worst_error(&cards, heard));
		}
		/* 30 us of a tone of 1 kHz are 0.19. */
		if (worst > 0.19 || fabs(reference_drift_ppm(cards.reference) - drift) > 20)
			fail_msg("%+.0f ppm: measured %+.1f, off by %.3f", drift,
				 reference_drift_ppm(cards.reference), worst);
		reference_destroy(cards.reference);
	}
}

/* A card that was opened anew has another time: it is taken up soon. */
static void test_a_jump_is_followed(void **state)
{
	struct cards cards = {0};
	float heard[SOUND_PERIOD_FRAMES];

	(void)state;
	assert_int_equal(reference_create(&cards.reference), 0);
	for (int p = 0; p < 300; p++)
		run_period(&cards, heard);
	assert_true(worst_error(&cards, heard) < 0.01);
	cards.read += 40;
	for (int p = 0; p < 300; p++)
		run_period(&cards, heard);
	assert_true(worst_error(&cards, heard) < 0.01);
	reference_destroy(cards.reference);
}

/* A thread that had to wait for a processor tells two times late. */
static void test_a_late_time_changes_nothing(void **state)
{
	struct cards cards = {.speaker_ppm = 100};
	float heard[SOUND_PERIOD_FRAMES];

	(void)state;
	assert_int_equal(reference_create(&cards.reference), 0);
	for (int p = 0; p < 3000; p++) {
		cards.late_us = p > 2000 && p % 500 < 2 ? 9000 : 0;
		run_period(&cards, heard);
		assert_true(p < 2000 || worst_error(&cards, heard) < 0.1);
	}
	reference_destroy(cards.reference);
}

/* The speaker runs dry for 17.5 ms: what comes then is heard so much later, from the first on. */
static void test_a_gap_is_silence(void **state)
{
	enum { GAP_US = 17500 };
	struct cards cards = {0};
	float heard[SOUND_PERIOD_FRAMES], tone[SOUND_PERIOD_FRAMES];
	int64_t next_us;

	(void)state;
	assert_int_equal(reference_create(&cards.reference), 0);
	for (int p = 0; p < 300; p++)
		run_period(&cards, heard);
	next_us = (int64_t)play_us(&cards, cards.written) + GAP_US;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		tone[i] = 1;
	reference_gap(cards.reference, next_us);
	for (int p = 0; p < 10; p++)
		reference_write(cards.reference, tone, next_us + p * SOUND_PERIOD_US);
	for (int64_t at_us = (int64_t)capture_us(&cards, cards.read); at_us < next_us + 50000;
	     at_us += SOUND_PERIOD_US) {
		reference_read(cards.reference, at_us, heard);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			int64_t since_us = at_us + REFERENCE_LEAD_US +
					   (int64_t)i * CLOCK_US_PER_S / SOUND_RATE_HZ - next_us;

			/* But for the half millisecond in which the filter rings. */
			if (since_us > 500)
				assert_true(fabsf(heard[i] - 1) < 0.01f);
			else if (since_us > 500 - GAP_US && since_us < -500)
				assert_true(fabsf(heard[i]) < 0.01f);
		}
	}
	reference_destroy(cards.reference);
}

static void test_lost_sound_is_skipped(void **state)
{
	struct cards cards = {0};
	float heard[SOUND_PERIOD_FRAMES];

	(void)state;
	assert_int_equal(reference_create(&cards.reference), 0);
	for (int p = 0; p < 300; p++)
		run_period(&cards, heard);
	cards.read += 7;
	reference_skip(cards.reference, (int64_t)capture_us(&cards, cards.read));
	for (int p = 0; p < 3; p++)
		run_period(&cards, heard);
	assert_true(worst_error(&cards, heard) < 0.01);
	reference_destroy(cards.reference);
}

static void test_without_a_speaker_there_is_silence(void **state)
{
	struct reference *reference;
	float heard[SOUND_PERIOD_FRAMES];

	(void)state;
	assert_int_equal(reference_create(&reference), 0);
	for (int p = 0; p < 10; p++) {
		heard[7] = 1;
		reference_read(reference, p * SOUND_PERIOD_US, heard);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			assert_true(heard[i] == 0);
		assert_true(reference_drift_ppm(reference) == 0);
	}
	reference_destroy(reference);
}

static void test_without_memory(void **state)
{
	struct reference *reference = NULL;

	(void)state;
	fake_alloc_arm(1);
	assert_int_equal(reference_create(&reference), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(reference);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drift_is_measured_and_taken_out),
		cmocka_unit_test(test_a_jump_is_followed),
		cmocka_unit_test(test_a_late_time_changes_nothing),
		cmocka_unit_test(test_a_gap_is_silence),
		cmocka_unit_test(test_lost_sound_is_skipped),
		cmocka_unit_test(test_without_a_speaker_there_is_silence),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
