/*
 * Whole rooms over a real hub while sound cards are absent, busy, pulled out and come back: what
 * the people in the other room hear and go on seeing, and what Status says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drivers/mic_test.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTY_PAIR_TEST(test_microphone_comes_and_goes),
		PARTY_PAIR_TEST(test_speaker_comes_and_goes),
		PARTY_PAIR_TEST(test_no_sound_card_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
