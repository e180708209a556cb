/*
 * A meeting's group on a hub that keeps to the rules, with boxes that come, go and lose their way. The
 * seed of the random walks is printed, and BALAI_SEED sets it; with BALAI_LONG they are longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/call_meeting.h"

#define SECOND_US INT64_C(1000000)

static void test_join(void **state)
{
	const struct delivery_view *view;
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 3, 3);
	view = delivery_sim_view(meeting.sim, 0);
	assert_int_equal(view->epoch.n_members, 3);
	assert_string_equal(view->members[2].identity.name, "guest 2");
	assert_int_equal(view->members[2].number, 3);
	assert_int_equal(view->n_other_groups, 1);
	assert_int_equal(view->epoch.keys.number, 2);
	assert_true(view->epoch.have_members_changed);
	call_meeting_finish(&meeting);
}

/* Several open at once, and all others knock at once. */
static void test_join_together(void **state)
{
	struct call_meeting meeting;

	for (unsigned int seed = 1; seed <= 2; seed++) {
		call_meeting_init(&meeting, *state, 12, seed);
		for (size_t i = 0; i < 12; i++)
			delivery_sim_join(meeting.sim, i);
		assert_true(delivery_sim_run(meeting.sim));
		assert_true(delivery_sim_agrees(meeting.sim));
		assert_int_equal(delivery_sim_view(meeting.sim, 5)->epoch.n_members, 12);
		call_meeting_finish(&meeting);
	}
}

/* The door's member goes, another takes the door and puts it out, and who comes then is let in. */
static void test_keeper_leaves(void **state)
{
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 5, 4);
	assert_int_equal(delivery_sim_door(meeting.sim), 1);
	delivery_sim_leave(meeting.sim, 0);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(delivery_sim_door(meeting.sim), 2);
	assert_true(delivery_sim_agrees(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 1)->epoch.n_members, 3);
	delivery_sim_join(meeting.sim, 4);
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(delivery_sim_agrees(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 1)->epoch.n_members, 4);
	call_meeting_finish(&meeting);
}

/* A box of its own choosing does not get some kinds of events. */
struct deaf {
	size_t box;
	enum delivery_kind kind;
	size_t n; /* how many more */
};

static bool make_deaf(void *context, size_t box, struct delivery_event *event)
{
	struct deaf *deaf = context;

	if (deaf->n == 0 || deaf->box != box || deaf->kind != event->kind)
		return true;
	deaf->n--;
	return false;
}

/* The door's member does not hear of a leaver: another puts it out, in less than 10 s. */
static void test_keeper_is_deaf(void **state)
{
	struct deaf deaf = {.box = 0, .kind = DELIVERY_ROSTER, .n = SIZE_MAX};
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 4, 4);
	delivery_sim_meddle(meeting.sim, make_deaf, &deaf);
	delivery_sim_leave(meeting.sim, 3);
	assert_true(call_meeting_settles(&meeting, 10 * SECOND_US));
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	call_meeting_finish(&meeting);
}

/* Another commits just when the door's member does: one is first, and what the other wanted follows. */
static void test_two_at_once(void **state)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < 8; i += 2) {
		struct deaf deaf = {.box = 0, .kind = DELIVERY_ROSTER, .n = 1};
		struct call_meeting meeting;

		call_meeting_begin(&meeting, *state, 4, 4);
		delivery_sim_meddle(meeting.sim, make_deaf, &deaf);
		delivery_sim_leave(meeting.sim, 3);
		assert_true(delivery_sim_run(meeting.sim));
		assert_true(delivery_sim_advance(meeting.sim, 6 * SECOND_US - SECOND_US / 4));
		call_group_rejoin(delivery_sim_call(meeting.sim, 2));
		for (unsigned int moves = 0; moves < i; moves++)
			delivery_sim_move(meeting.sim);
		assert_true(call_meeting_settles(&meeting, 10 * SECOND_US));
		assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
		for (size_t box = 0; box < 4; box++)
			lost += call_group_counters(delivery_sim_call(meeting.sim, box))
					.lost_commits;
		call_meeting_finish(&meeting);
	}
	assert_true(lost > 0);
}

/* A commit that does not come costs a member its place, and it knocks anew. */
static void test_commit_missed(void **state)
{
	for (size_t box = 0; box < 3; box++) {
		struct deaf deaf = {.box = box, .kind = DELIVERY_COMMIT, .n = 1};
		struct call_meeting meeting;

		call_meeting_begin(&meeting, *state, 6, 4);
		delivery_sim_leave(meeting.sim, (box + 1) % 3);
		delivery_sim_meddle(meeting.sim, make_deaf, &deaf);
		assert_true(delivery_sim_run(meeting.sim));
		delivery_sim_join(meeting.sim, 4);
		assert_true(delivery_sim_run(meeting.sim));
		delivery_sim_join(meeting.sim, 5);
		assert_true(call_meeting_settles(&meeting, 30 * SECOND_US));
		assert_int_equal(delivery_sim_view(meeting.sim, box)->epoch.n_members, 5);
		call_meeting_finish(&meeting);
	}
}

static void test_all_rejoin(void **state)
{
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 5, 5);
	for (size_t i = 0; i < 5; i++)
		call_group_rejoin(delivery_sim_call(meeting.sim, i));
	assert_true(call_meeting_settles(&meeting, 30 * SECOND_US));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(delivery_sim_view(meeting.sim, i)->epoch.n_members, 5);
		assert_int_equal(delivery_sim_view(meeting.sim, i)->n_other_groups, 2);
	}
	call_meeting_finish(&meeting);
}

/* Away for a while: the commits in between are made up for, without a new knock. */
static void test_resume(void **state)
{
	struct call_meeting meeting;
	uint64_t epoch;

	call_meeting_begin(&meeting, *state, 6, 4);
	delivery_sim_cut(meeting.sim, 2);
	delivery_sim_join(meeting.sim, 4);
	assert_true(delivery_sim_run(meeting.sim));
	delivery_sim_join(meeting.sim, 5);
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(call_group_epoch(delivery_sim_call(meeting.sim, 2), &epoch));
	assert_int_equal(epoch, 3);
	delivery_sim_resume(meeting.sim, 2);
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(delivery_sim_agrees(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 2)->epoch.n_members, 6);
	assert_int_equal(call_group_counters(delivery_sim_call(meeting.sim, 2)).rejoins, 0);
	call_meeting_finish(&meeting);
}

/* The connection is lost when an own commit is on its way, at any point of it. */
static void test_resume_committing(void **state)
{
	for (unsigned int moves = 0; moves < 24; moves += 3) {
		struct call_meeting meeting;

		call_meeting_begin(&meeting, *state, 4, 3);
		delivery_sim_join(meeting.sim, 3);
		for (unsigned int i = 0; i < moves; i++)
			delivery_sim_move(meeting.sim);
		delivery_sim_cut(meeting.sim, 0);
		delivery_sim_resume(meeting.sim, 0);
		assert_true(call_meeting_settles(&meeting, 20 * SECOND_US));
		assert_int_equal(delivery_sim_view(meeting.sim, 3)->epoch.n_members, 4);
		call_meeting_finish(&meeting);
	}
}

/* A box that starts anew knocks with a new number, and its old leaf goes with the same commit. */
static void test_reboot(void **state)
{
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 3, 3);
	delivery_sim_reboot(meeting.sim, 2);
	delivery_sim_join(meeting.sim, 2);
	assert_true(call_meeting_settles(&meeting, 5 * SECOND_US));
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->members[2].number, 4);
	delivery_sim_reboot(meeting.sim, 0);
	delivery_sim_join(meeting.sim, 0);
	assert_true(call_meeting_settles(&meeting, 20 * SECOND_US));
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	call_meeting_finish(&meeting);
}

/* Someone gets in once all others in the group have gone without a word. */
static void test_all_leave(void **state)
{
	struct call_meeting meeting;

	call_meeting_begin(&meeting, *state, 3, 2);
	delivery_sim_leave(meeting.sim, 0);
	delivery_sim_leave(meeting.sim, 1);
	delivery_sim_join(meeting.sim, 2);
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(delivery_sim_agrees(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 2)->epoch.n_members, 1);
	call_meeting_finish(&meeting);
}

/* A hundred of them with BALAI_LONG. */
static void test_many(void **state)
{
	size_t n = getenv("BALAI_LONG") ? 100 : 20;
	struct call_meeting meeting;

	call_meeting_init(&meeting, *state, n, 1);
	for (size_t i = 0; i < n; i++) {
		delivery_sim_join(meeting.sim, i);
		/* Some come one by one, others together. */
		if (i < 5 || i % 10 == 0)
			assert_true(delivery_sim_run(meeting.sim));
	}
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(delivery_sim_agrees(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, n - 1)->epoch.n_members, n);
	call_meeting_finish(&meeting);
}

struct walk {
	struct call_meeting meeting;
	unsigned int seed;
	size_t n_boxes;
};

static size_t pick(struct walk *walk, size_t n)
{
	return (size_t)rand_r(&walk->seed) % n;
}

static void step(struct walk *walk)
{
	struct delivery_sim *sim = walk->meeting.sim;
	size_t box = pick(walk, walk->n_boxes);
	size_t what = pick(walk, 8);

	if (delivery_sim_number(sim, box) == 0) {
		delivery_sim_join(sim, box);
	} else if (!delivery_sim_is_here(sim, box) && what < 4) {
		delivery_sim_resume(sim, box);
	} else if (what == 0) {
		delivery_sim_leave(sim, box);
	} else if (what == 1 && delivery_sim_is_here(sim, box)) {
		delivery_sim_cut(sim, box);
	} else if (what == 2) {
		delivery_sim_reboot(sim, box);
		delivery_sim_join(sim, box);
	} else if (what == 3) {
		call_group_rejoin(delivery_sim_call(sim, box));
	}
}

/* Now and then all that goes on comes to an end, and all who are here agree. */
static void test_walks(void **state)
{
	const char *given = getenv("BALAI_SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : 9605;
	unsigned int n_walks = getenv("BALAI_LONG") ? 200 : 2;

	print_message("# seed %u, %u walks\n", seed, n_walks);
	for (unsigned int i = 0; i < n_walks; i++) {
		struct walk walk = {.seed = seed + i, .n_boxes = 8};

		call_meeting_init(&walk.meeting, *state, walk.n_boxes, seed + i);
		for (int steps = 1; steps <= 40; steps++) {
			step(&walk);
			for (size_t moves = pick(&walk, 40); moves > 0; moves--)
				delivery_sim_move(walk.meeting.sim);
			if (steps % 10 == 0 && !call_meeting_settles(&walk.meeting, 60 * SECOND_US))
				fail_msg("walk %u of seed %u, step %d", i, seed, steps);
		}
		call_meeting_finish(&walk.meeting);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_join_together),
		cmocka_unit_test(test_keeper_leaves),
		cmocka_unit_test(test_keeper_is_deaf),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_commit_missed),
		cmocka_unit_test(test_all_rejoin),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_committing),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_all_leave),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_walks),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
