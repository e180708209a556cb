/*
 * A meeting at a hub that means ill (tests/rogue), for a cmocka test whose *state it is: "a" and "b"
 * are there from the beginning, "c" when the test wants it. What cannot be made ends the program.
 */
#ifndef BALAI_TESTS_FAKE_ROGUE_MEETING_H
#define BALAI_TESTS_FAKE_ROGUE_MEETING_H

#include "tests/fake/party.h"

enum { PARTY_C = 3 };

struct rogue_meeting {
	struct party_pair pair;
	struct party c;
};

int rogue_meeting_set_up(void **state);
int rogue_meeting_tear_down(void **state);
#define ROGUE_MEETING_TEST(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, rogue_meeting_set_up, rogue_meeting_tear_down)

/* From now on the hub does `deed`; "none": it is honest. */
void rogue_meeting_order(struct rogue_meeting *meeting, const char *deed);

/* "c" joins, and sees both. */
bool rogue_meeting_c_comes(struct rogue_meeting *meeting);

/* The hub is honest again: "a" and "b" see each other, and nothing damaged was ever shown to them. */
bool rogue_meeting_recovers(struct rogue_meeting *meeting);

#endif
