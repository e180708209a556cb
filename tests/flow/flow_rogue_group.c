/*
 * Rooms at a hub that means ill (tests/rogue): whatever it says of the members and does to what the
 * group says, nobody is shown under another's name, and all is well again once it is honest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fake/rogue_meeting.h"

enum { NOTED = 20 };

static void test_members_are_swapped(void **state)
{
	struct rogue_meeting *meeting = *state;
	int64_t seen_a, seen_b;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	rogue_meeting_order(meeting, "swap-members");
	party_join(&meeting->c, meeting->pair.site);
	assert_true(party_counts(&meeting->c, "meeting.cipher.misattributed", NOTED));
	seen_a = viewer_get(meeting->c.viewer, PARTY_A).pictures;
	seen_b = viewer_get(meeting->c.viewer, PARTY_B).pictures;
	assert_int_equal(seen_a, 0);
	assert_int_equal(seen_b, 0);
	rogue_meeting_order(meeting, "none");
	party_leave(&meeting->c);
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_somebody_is_said_to_have_left(void **state)
{
	struct rogue_meeting *meeting = *state;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	rogue_meeting_order(meeting, "say-left");
	party_join(&meeting->c, meeting->pair.site);
	assert_true(party_sees(&meeting->c, PARTY_A, 5));
	rogue_meeting_order(meeting, "none");
	party_leave(&meeting->c);
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_names_are_changed(void **state)
{
	struct rogue_meeting *meeting = *state;

	rogue_meeting_order(meeting, "rename");
	assert_true(rogue_meeting_c_comes(meeting));
	assert_true(party_says(&meeting->c, "members.0.name", "a"));
	assert_true(party_says(&meeting->c, "members.1.name", "b"));
	assert_true(party_says(&meeting->pair.a, "members.0.name", "b"));
}

static void test_commits_are_kept_back(void **state)
{
	struct rogue_meeting *meeting = *state;

	assert_true(party_sees(&meeting->pair.b, PARTY_A, 5));
	rogue_meeting_order(meeting, "drop-commits");
	party_join(&meeting->c, meeting->pair.site);
	assert_true(party_counts(&meeting->pair.b, "meeting.cipher.unopened", NOTED));
	party_leave(&meeting->c);
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_commits_come_again(void **state)
{
	struct rogue_meeting *meeting = *state;

	rogue_meeting_order(meeting, "replay-commits");
	assert_true(rogue_meeting_c_comes(meeting));
	party_leave(&meeting->c);
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_knocks_are_exchanged(void **state)
{
	struct rogue_meeting *meeting = *state;

	rogue_meeting_order(meeting, "foreign-packages");
	party_join(&meeting->c, meeting->pair.site);
	assert_true(party_sees(&meeting->pair.a, PARTY_B, 15));
	rogue_meeting_order(meeting, "none");
	assert_true(party_sees(&meeting->c, PARTY_A, 5));
	assert_true(rogue_meeting_recovers(meeting));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROGUE_MEETING_TEST(test_members_are_swapped),
		ROGUE_MEETING_TEST(test_somebody_is_said_to_have_left),
		ROGUE_MEETING_TEST(test_names_are_changed),
		ROGUE_MEETING_TEST(test_commits_are_kept_back),
		ROGUE_MEETING_TEST(test_commits_come_again),
		ROGUE_MEETING_TEST(test_knocks_are_exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
