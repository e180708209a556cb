#include "tests/fake/call_meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_US INT64_C(250000)
#define SEED 9420

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "call_meeting: %s\n", what);
	abort();
}

void call_meeting_init(struct call_meeting *meeting, struct test_pki *pki, size_t n_people,
		       unsigned int seed)
{
	memset(meeting, 0, sizeof(*meeting));
	meeting->trust = call_trust(pki, "ca", true, (struct mls_bytes){0});
	meeting->sim = delivery_sim_create(seed);
	meeting->n_people = n_people;
	for (size_t i = 0; i < n_people; i++) {
		struct delivery_person person;
		char name[32];

		snprintf(name, sizeof(name), "guest %zu", i);
		call_person_guest(&meeting->people[i], name);
		person = call_person_at(&meeting->people[i], meeting->trust);
		must(delivery_sim_add(meeting->sim, &person) == i, "a box too many");
	}
}

void call_meeting_finish(struct call_meeting *meeting)
{
	delivery_sim_destroy(meeting->sim);
	for (size_t i = 0; i < meeting->n_people; i++)
		call_person_finish(&meeting->people[i]);
	mls_trust_destroy(meeting->trust);
}

void call_meeting_begin(struct call_meeting *meeting, struct test_pki *pki, size_t n_people,
			size_t n_in)
{
	call_meeting_init(meeting, pki, n_people, SEED);
	for (size_t i = 0; i < n_in; i++) {
		delivery_sim_join(meeting->sim, i);
		must(delivery_sim_run(meeting->sim), "no rest");
	}
	must(delivery_sim_agrees(meeting->sim), "no agreement");
}

bool call_meeting_settles(struct call_meeting *meeting, int64_t us)
{
	for (; us > 0; us -= STEP_US) {
		if (!delivery_sim_advance(meeting->sim, STEP_US))
			return false;
		if (delivery_sim_disagreement(meeting->sim) == NULL)
			return true;
	}
	return delivery_sim_agrees(meeting->sim);
}
