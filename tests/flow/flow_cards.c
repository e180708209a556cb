/*
 * Whole rooms over a real hub while sound cards are absent, busy, pulled out and come back, or give
 * what is no sound: what the people in the other room hear and go on seeing, and what Status says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "drivers/mic_test.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"

#define MOST 0.891252F /* -1 dBFS */

/* A chirp of room A every second. */
static float chirp(void *context, unsigned int channel, int64_t frame)
{
	unsigned int at = (unsigned int)(frame % SOUND_RATE_HZ);

	(void)context;
	(void)channel;
	return at < MIC_TEST_CHIRP_FRAMES ? 0.5F * (float)sin(mic_test_chirp_phase(PARTY_A, at))
					  : 0;
}

static void test_microphone_comes_and_goes(void **state)
{
	const struct fake_mic_config config = {.channels = 1, .hear = chirp};
	struct party_pair *pair = *state;
	struct mic *mic;

	pair->a.devices.mic->ops->destroy(pair->a.devices.mic);
	assert_int_equal(fake_mic_create(&config, &pair->a.devices.mic), 0);
	mic = pair->a.devices.mic;
	fake_mic_set_open(mic, SOUND_ABSENT);
	party_pair_join(pair);
	assert_true(party_says(&pair->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&pair->b, PARTY_A, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&pair->b, PARTY_A));
	fake_mic_set_open(mic, SOUND_ABSENT);
	fake_mic_set_read(mic, SOUND_UNPLUGGED);
	assert_true(party_says(&pair->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&pair->b, PARTY_A, 30));
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&pair->b, PARTY_A));
	assert_true(party_says(&pair->a, "sound.microphone.state", "running"));
}

static void test_speaker_comes_and_goes(void **state)
{
	struct party_pair *pair = *state;
	struct speaker *speaker = pair->a.devices.speaker;

	fake_speaker_set_open(speaker, SOUND_BUSY);
	party_pair_join(pair);
	assert_true(party_says(&pair->a, "sound.speaker.state", "busy"));
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&pair->a, PARTY_B));
	fake_speaker_set_open(speaker, SOUND_ABSENT);
	fake_speaker_set_write(speaker, SOUND_UNPLUGGED);
	assert_true(party_says(&pair->a, "sound.speaker.state", "absent"));
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	/* its microphone is another device */
	assert_true(party_hears(&pair->b, PARTY_A));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&pair->a, PARTY_B));
}

static void test_no_sound_card_at_all(void **state)
{
	struct party_pair *pair = *state;

	pair->a.devices.mic->ops->destroy(pair->a.devices.mic);
	pair->a.devices.speaker->ops->destroy(pair->a.devices.speaker);
	pair->a.devices.mic = NULL;
	pair->a.devices.speaker = NULL;
	party_pair_join(pair);
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	assert_true(party_sees(&pair->b, PARTY_A, 30));
	assert_true(party_says(&pair->a, "sound.microphone.state", "none"));
	assert_true(party_says(&pair->a, "sound.speaker.state", "none"));
}

/* Channel by channel: no numbers, a square wave at full scale, an offset at full scale, silence. */
static float be_sick(void *context, unsigned int channel, int64_t frame)
{
	(void)context;
	if (channel == 0)
		return frame % 2 ? NAN : INFINITY;
	if (channel == 1)
		return frame / 24 % 2 ? 1 : -1;
	return channel == 2 ? 1 : 0;
}

static float loudest(struct speaker *speaker)
{
	const float *samples;
	int64_t start_us;
	size_t count = fake_speaker_played(speaker, &samples, &start_us);
	float most = 0;

	for (size_t i = 0; i < count; i++)
		most = isfinite(samples[i]) ? fmaxf(most, fabsf(samples[i])) : HUGE_VALF;
	return most;
}

/* Another card than the board's, its speaker gone: whichever channel is sent, nothing bursts. */
static void hear_sick_card(struct party_pair *pair, const char *geometry, const char *fault)
{
	const struct fake_mic_config config = {.channels = 4, .hear = be_sick};
	struct settings_room settings;
	struct settings_board board;
	struct speaker *far = pair->b.devices.speaker;

	pair->a.devices.mic->ops->destroy(pair->a.devices.mic);
	assert_int_equal(fake_mic_create(&config, &pair->a.devices.mic), 0);
	fake_speaker_set_open(pair->a.devices.speaker, SOUND_ABSENT);
	site_settings(pair->site, "a", &settings, &board);
	board.voice = SETTINGS_VOICE_CLEAR;
	snprintf(board.geometry, sizeof(board.geometry), "%s", geometry);
	party_join_with(&pair->a, pair->site, &settings, &board);
	party_join(&pair->b, pair->site);
	assert_true(party_says(&pair->a, "front_end.faults.0", fault));
	assert_true(party_says(&pair->a, "sound.speaker.state", "absent"));
	assert_true(party_counts_of(&pair->b, "a", "sound.packets", 100));
	assert_true(fake_speaker_wait_periods(far, fake_speaker_periods(far) + 30,
					      clock_now_us() + SITE_PATIENCE_US));
	assert_true(loudest(far) <= MOST);
}

static void test_sick_card_with_other_channels(void **state)
{
	hear_sick_card(*state, "circle 8 45", "the card gives 4 channels");
}

static void test_sick_array(void **state)
{
	hear_sick_card(*state, "circle 4 45", "channel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTY_PAIR_TEST(test_microphone_comes_and_goes),
		PARTY_PAIR_TEST(test_speaker_comes_and_goes),
		PARTY_PAIR_TEST(test_no_sound_card_at_all),
		PARTY_PAIR_TEST(test_sick_card_with_other_channels),
		PARTY_PAIR_TEST(test_sick_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
