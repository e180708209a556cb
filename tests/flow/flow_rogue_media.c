/*
 * Rooms at a hub that means ill (tests/rogue): whatever it does to pictures and sound, nobody sees or
 * hears what was not sent, and all is well again once it is honest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fake/rogue_meeting.h"

enum { NOTED = 20 };

/* `deed` makes room a count at `path`. */
static void assert_noted(struct rogue_meeting *meeting, const char *deed, const char *path)
{
	int64_t before = party_count_of(&meeting->pair.a, NULL, path);

	rogue_meeting_order(meeting, deed);
	assert_true(party_counts(&meeting->pair.a, path, before + NOTED));
}

static void test_objects_are_spoilt(void **state)
{
	/* Without its first byte an object may seem to be anything: it is enough that time goes by. */
	static const struct {
		const char *deed;
		const char *path;
	} cases[] = {
		{"alter", "meeting.cipher.forged"},
		{"truncate", "meeting.cipher.forged"},
		{"strip", "meeting.cipher.sealed"},
	};
	struct rogue_meeting *meeting = *state;
	int64_t shown;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_noted(meeting, cases[i].deed, cases[i].path);
		shown = viewer_get(meeting->pair.a.viewer, PARTY_B).pictures;
		assert_noted(meeting, cases[i].deed, cases[i].path);
		assert_int_equal(viewer_get(meeting->pair.a.viewer, PARTY_B).pictures, shown);
		assert_true(rogue_meeting_recovers(meeting));
	}
}

static void test_people_are_told(void **state)
{
	struct rogue_meeting *meeting = *state;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	rogue_meeting_order(meeting, "alter");
	assert_true(party_says(&meeting->pair.a, "notice.text", "server sends forged data"));
	assert_true(party_says(&meeting->pair.b, "notice.text", "server sends forged data"));
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_objects_are_replayed(void **state)
{
	struct rogue_meeting *meeting = *state;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	assert_noted(meeting, "replay", "meeting.cipher.replayed");
	assert_true(party_hears(&meeting->pair.a, PARTY_B));
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_objects_come_late_or_never(void **state)
{
	struct rogue_meeting *meeting = *state;
	int64_t gaps;

	assert_true(party_sees(&meeting->pair.a, PARTY_B, 5));
	rogue_meeting_order(meeting, "reorder");
	assert_true(party_hears(&meeting->pair.a, PARTY_B));
	/* After a gap nothing counts until the next key frame, of which there is one a second. */
	gaps = party_count_of(&meeting->pair.a, NULL, "meeting.received.gaps");
	rogue_meeting_order(meeting, "drop");
	assert_true(party_counts(&meeting->pair.a, "meeting.received.gaps", gaps + 3));
	assert_true(rogue_meeting_recovers(meeting));
}

static void test_tracks_are_swapped(void **state)
{
	struct rogue_meeting *meeting = *state;

	assert_true(rogue_meeting_c_comes(meeting));
	assert_noted(meeting, "swap-tracks", "meeting.cipher.forged");
	assert_true(rogue_meeting_recovers(meeting));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROGUE_MEETING_TEST(test_objects_are_spoilt),
		ROGUE_MEETING_TEST(test_people_are_told),
		ROGUE_MEETING_TEST(test_objects_are_replayed),
		ROGUE_MEETING_TEST(test_objects_come_late_or_never),
		ROGUE_MEETING_TEST(test_tracks_are_swapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
