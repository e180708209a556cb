/* A meeting's group on a hub that keeps to the rules, with boxes that come, go and lose their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/call_person.h"

#define GUESTS 12
#define SECOND_US INT64_C(1000000)

struct meeting {
	struct mls_trust *trust;
	struct call_person people[GUESTS];
	struct delivery_sim *sim;
};

static void meeting_init(struct meeting *meeting, struct test_pki *pki)
{
	char name[16];

	meeting->trust = call_trust(pki, "ca", true, (struct mls_bytes){0});
	meeting->sim = delivery_sim_create(9420);
	for (size_t i = 0; i < GUESTS; i++) {
		struct delivery_person person;

		snprintf(name, sizeof(name), "guest %zu", i);
		call_person_guest(&meeting->people[i], name);
		person = call_person_at(&meeting->people[i], meeting->trust);
		assert_int_equal(delivery_sim_add(meeting->sim, &person), i);
	}
}

static void meeting_finish(struct meeting *meeting)
{
	delivery_sim_destroy(meeting->sim);
	for (size_t i = 0; i < GUESTS; i++)
		call_person_finish(&meeting->people[i]);
	mls_trust_destroy(meeting->trust);
}

/* The first n are in a group. */
static void meeting_of(struct meeting *meeting, struct test_pki *pki, size_t n)
{
	meeting_init(meeting, pki);
	for (size_t i = 0; i < n; i++) {
		delivery_sim_join(meeting->sim, i);
		assert_true(delivery_sim_run(meeting->sim));
	}
	assert_true(delivery_sim_agrees(meeting->sim, DELIVERY_BOXES_MAX));
}

static void test_join(void **state)
{
	const struct delivery_view *view;
	struct meeting meeting;

	meeting_of(&meeting, *state, 3);
	view = delivery_sim_view(meeting.sim, 0);
	assert_int_equal(view->state, CALL_ENCRYPTED);
	assert_int_equal(view->epoch.n_members, 3);
	assert_string_equal(view->members[2].identity.name, "guest 2");
	assert_int_equal(view->members[2].number, 3);
	assert_int_equal(view->n_other_groups, 1);
	assert_int_equal(view->epoch.keys.number, 2);
	meeting_finish(&meeting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
