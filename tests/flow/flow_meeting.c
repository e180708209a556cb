/*
 * Whole rooms meet over a real hub and real sockets: what one's camera and microphone take in is on
 * the other's screen and in its speaker, read from pixels and samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"
#include "tests/fake/sound_marks.h"

#define MOUTH_TO_EAR_MAX_US (400 * CLOCK_US_PER_MS)

static void assert_sees_and_hears(struct party *party, uint8_t tag)
{
	const float *samples;
	int64_t start_us, delay_us;
	size_t count;

	assert_true(party_sees(party, tag, 30));
	assert_true(party_hears(party, tag));
	count = fake_speaker_played(party->devices.speaker, &samples, &start_us);
	assert_true(sound_marks_delay(samples, count, start_us, tag, &delay_us));
	print_message("mouth of %u to ear: %lld us\n", tag, (long long)delay_us);
	assert_in_range(delay_us, 1, MOUTH_TO_EAR_MAX_US);
}

static void test_two_rooms_see_and_hear(void **state)
{
	struct party_pair *pair = *state;

	party_pair_join(pair);
	assert_sees_and_hears(&pair->a, PARTY_B);
	assert_sees_and_hears(&pair->b, PARTY_A);
}

static bool is_alone(const json_t *status, void *context)
{
	(void)context;
	return json_array_size(json_object_get(status, "members")) == 0;
}

static void test_leaving_clears_the_tile(void **state)
{
	struct party_pair *pair = *state;

	party_pair_join(pair);
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	party_leave(&pair->b);
	assert_true(party_until(&pair->a, is_alone, NULL));
	/* Alone, a room sees itself. */
	assert_true(party_sees(&pair->a, PARTY_A, 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTY_PAIR_TEST(test_two_rooms_see_and_hear),
		PARTY_PAIR_TEST(test_leaving_clears_the_tile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
