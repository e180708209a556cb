/*
 * Memory is out at any point of a third member's way into a meeting, at its own box or another: nothing
 * is left half-done, and once there is memory all of them are in. Every allocation fails once with
 * BALAI_LONG, else one of some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/fake/call_meeting.h"
#include "tests/fake/fake_alloc.h"

#define SECOND_US INT64_C(1000000)

/* At the next event of that kind to that box its nth allocation fails. */
struct starving {
	size_t box;
	enum delivery_kind kind;
	unsigned int nth; /* 0: no more */
	bool was_reached;
};

static void starve_at(void *context, size_t box, enum delivery_kind kind, bool is_over)
{
	struct starving *starving = context;

	if (starving->nth == 0 || box != starving->box || kind != starving->kind)
		return;
	if (!is_over) {
		fake_alloc_arm(starving->nth);
		return;
	}
	starving->was_reached = fake_alloc_disarm();
	starving->nth = 0;
}

/* Returns whether memory was out: not if there are fewer allocations than that. */
static bool join_starved(struct test_pki *pki, size_t box, enum delivery_kind kind,
			 unsigned int nth)
{
	struct starving starving = {box, kind, nth, false};
	struct call_meeting meeting;

	call_meeting_begin(&meeting, pki, 3, 2);
	delivery_sim_watch(meeting.sim, starve_at, &starving);
	delivery_sim_join(meeting.sim, 2);
	if (!call_meeting_settles(&meeting, 60 * SECOND_US))
		fail_msg("box %zu, event %d, allocation %u", box, (int)kind, nth);
	assert_int_equal(delivery_sim_view(meeting.sim, 2)->epoch.n_members, 3);
	call_meeting_finish(&meeting);
	return starving.was_reached;
}

static void starve(struct test_pki *pki, size_t box, enum delivery_kind kind)
{
	unsigned int step = getenv("BALAI_LONG") ? 1 : 13;
	unsigned int nth = 1;

	while (join_starved(pki, box, kind, nth))
		nth += step;
	assert_true(nth > 1);
}

static void test_knocking(void **state)
{
	starve(*state, 2, DELIVERY_DOOR);
}

static void test_admitting(void **state)
{
	starve(*state, 0, DELIVERY_KNOCK);
}

static void test_advancing(void **state)
{
	starve(*state, 0, DELIVERY_ANSWER);
}

static void test_following(void **state)
{
	starve(*state, 1, DELIVERY_COMMIT);
}

static void test_entering(void **state)
{
	starve(*state, 2, DELIVERY_WELCOME);
}

/* The first one, who opens. */
static void test_opening(void **state)
{
	unsigned int step = getenv("BALAI_LONG") ? 1 : 3;
	bool was_starved = true;

	for (unsigned int nth = 1; was_starved; nth += step) {
		struct starving starving = {0, DELIVERY_DOOR, nth, false};
		struct call_meeting meeting;

		call_meeting_begin(&meeting, *state, 1, 0);
		delivery_sim_watch(meeting.sim, starve_at, &starving);
		delivery_sim_join(meeting.sim, 0);
		assert_true(delivery_sim_run(meeting.sim));
		was_starved = starving.was_reached;
		if (was_starved && delivery_sim_view(meeting.sim, 0)->state != CALL_ENCRYPTED)
			assert_int_equal(delivery_sim_door(meeting.sim), 0);
		assert_true(call_meeting_settles(&meeting, 60 * SECOND_US));
		assert_int_equal(delivery_sim_view(meeting.sim, 0)->state, CALL_ENCRYPTED);
		call_meeting_finish(&meeting);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opening),   cmocka_unit_test(test_knocking),
		cmocka_unit_test(test_admitting), cmocka_unit_test(test_advancing),
		cmocka_unit_test(test_following), cmocka_unit_test(test_entering),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
