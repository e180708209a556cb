/* A meeting of guests at a delivery_sim, for tests. What cannot be made ends the program. */
#ifndef BALAI_TESTS_CALL_MEETING_H
#define BALAI_TESTS_CALL_MEETING_H

#include "tests/fake/call_person.h"

struct call_meeting {
	struct mls_trust *trust; /* of the authority "ca"; takes guests */
	struct call_person people[DELIVERY_BOXES_MAX];
	size_t n_people;
	struct delivery_sim *sim; /* box i is of people[i] */
};

/* All outside, "guest 0" first. In place; finish before the next init. */
void call_meeting_init(struct call_meeting *meeting, struct test_pki *pki, size_t n_people,
		       unsigned int seed);
void call_meeting_finish(struct call_meeting *meeting);

/* The same, and the first n_in of them are in the group, by numbers from 1 on. */
void call_meeting_begin(struct call_meeting *meeting, struct test_pki *pki, size_t n_people,
			size_t n_in);

/* Time passes until all agree, at most that long. */
bool call_meeting_settles(struct call_meeting *meeting, int64_t us);

#endif
