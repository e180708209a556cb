/*
 * Whole rooms over a real hub while sound cards are absent, busy, pulled out and come back: what
 * the people in the other room hear and go on seeing, and what Status says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/mic_test.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"

enum { A = 1, B = 2 }; /* tags */

struct bench {
	struct site *site;
	struct party a; /* has the faults */
	struct party b; /* looks on */
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->site = site_create();
	party_init(&bench->a, "a", A);
	party_init(&bench->b, "b", B);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	site_destroy(bench->site);
	party_finish(&bench->a);
	party_finish(&bench->b);
	free(bench);
	return 0;
}

static void join_both(struct bench *bench)
{
	party_join(&bench->a, bench->site);
	party_join(&bench->b, bench->site);
}

/* A chirp of room A every second. */
static float chirp(void *context, unsigned int channel, int64_t frame)
{
	unsigned int at = (unsigned int)(frame % SOUND_RATE_HZ);

	(void)context;
	(void)channel;
	return at < MIC_TEST_CHIRP_FRAMES ? 0.5F * (float)sin(mic_test_chirp_phase(A, at)) : 0;
}

static void test_microphone_comes_and_goes(void **state)
{
	const struct fake_mic_config config = {.channels = 1, .hear = chirp};
	struct bench *bench = *state;
	struct mic *mic;

	bench->a.devices.mic->ops->destroy(bench->a.devices.mic);
	assert_int_equal(fake_mic_create(&config, &bench->a.devices.mic), 0);
	mic = bench->a.devices.mic;
	fake_mic_set_open(mic, SOUND_ABSENT);
	join_both(bench);
	assert_true(party_says(&bench->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&bench->b, A, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&bench->b, A));
	fake_mic_set_open(mic, SOUND_ABSENT);
	fake_mic_set_read(mic, SOUND_UNPLUGGED);
	assert_true(party_says(&bench->a, "sound.microphone.state", "absent"));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_sees(&bench->a, B, 30));
	fake_mic_set_open(mic, SOUND_OK);
	assert_true(party_hears(&bench->b, A));
	assert_true(party_says(&bench->a, "sound.microphone.state", "running"));
}

static void test_speaker_comes_and_goes(void **state)
{
	struct bench *bench = *state;
	struct speaker *speaker = bench->a.devices.speaker;

	fake_speaker_set_open(speaker, SOUND_BUSY);
	join_both(bench);
	assert_true(party_says(&bench->a, "sound.speaker.state", "busy"));
	assert_true(party_sees(&bench->a, B, 30));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&bench->a, B));
	fake_speaker_set_open(speaker, SOUND_ABSENT);
	fake_speaker_set_write(speaker, SOUND_UNPLUGGED);
	assert_true(party_says(&bench->a, "sound.speaker.state", "absent"));
	assert_true(party_sees(&bench->a, B, 30));
	/* its microphone is another device */
	assert_true(party_hears(&bench->b, A));
	fake_speaker_set_open(speaker, SOUND_OK);
	assert_true(party_hears(&bench->a, B));
}

static void test_no_sound_card_at_all(void **state)
{
	struct bench *bench = *state;

	bench->a.devices.mic->ops->destroy(bench->a.devices.mic);
	bench->a.devices.speaker->ops->destroy(bench->a.devices.speaker);
	bench->a.devices.mic = NULL;
	bench->a.devices.speaker = NULL;
	join_both(bench);
	assert_true(party_sees(&bench->a, B, 30));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_says(&bench->a, "sound.microphone.state", "none"));
	assert_true(party_says(&bench->a, "sound.speaker.state", "none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_microphone_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_speaker_comes_and_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_sound_card_at_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
