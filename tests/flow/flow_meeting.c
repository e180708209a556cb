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

static bool is_muted(const json_t *status, void *context)
{
	const struct party *party = context;

	return json_is_true(json_object_get(site_status_member(status, party->name), "muted"));
}

static bool is_heard_again(const json_t *status, void *context)
{
	const struct party *party = context;
	const json_t *member = site_status_member(status, party->name);

	return json_is_false(json_object_get(member, "muted")) &&
	       site_status_int(member, "level_dbov") > -60;
}

static void mute(struct party *party, bool is_muted_now)
{
	json_t *params = json_pack("{s:b}", "muted", is_muted_now);
	json_t *result;

	assert_int_equal(room_command(site_room_get(party->room), "sound.mute", params, &result),
			 0);
	json_decref(result);
	json_decref(params);
}

/* Others are told who is muted, and who speaks. */
static void test_mute(void **state)
{
	struct party_pair *pair = *state;

	party_pair_join(pair);
	assert_true(party_until(&pair->a, is_heard_again, &pair->b));
	mute(&pair->b, true);
	assert_true(party_until(&pair->a, is_muted, &pair->b));
	mute(&pair->b, false);
	assert_true(party_until(&pair->a, is_heard_again, &pair->b));
	assert_true(party_hears(&pair->a, PARTY_B));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTY_PAIR_TEST(test_two_rooms_see_and_hear),
		PARTY_PAIR_TEST(test_leaving_clears_the_tile),
		PARTY_PAIR_TEST(test_mute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
