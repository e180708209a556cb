#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/fake/hub_play.h"

static void a_member_that_joins_is_told_of_the_door_after_the_roster(void **state)
{
	struct hub_bench *bench = *state;
	struct hub_bench_socket a = hub_bench_open(bench, "box-0001"),
				b = hub_bench_open(bench, "box-0002");

	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	hub_bench_expect(&a, "\"roster\"");
	hub_bench_expect(&a, "\"method\":\"door\",\"params\":{\"state\":\"none\"}}");
	hub_play_ask(&a, "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_bench_join(&b, "kabinet", NULL, "\"member\":2,");
	hub_bench_expect(&b, "\"roster\"");
	hub_bench_expect(&b, "\"door\",\"params\":{\"state\":\"open\",\"epoch\":0,\"passed\":[],"
			     "\"key\":\"" HUB_PLAY_KEY_A "\",\"member\":1}}");
	hub_bench_close(&a);
	hub_bench_close(&b);
}

static void without_a_group_there_is_nothing_to_ask_of_it(void **state)
{
	static const char *const requests[][2] = {
		{"door", "\"key\":\"" HUB_PLAY_KEY_A "\""},     {"knock", "\"package\":\"Zg\""},
		{"commit", "\"epoch\":0,\"commit\":\"Zg\""},    {"tell", "\"message\":\"Zg\""},
		{"refuse", "\"member\":1,\"reason\":\"full\""},
	};
	struct hub_play play = hub_play_begin(state, 2);
	size_t i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
			hub_play_ask(hub_play_member(&play, 1), requests[i][0], requests[i][1]);
			hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_NO_GROUP);
		}
		hub_play_expect_silence(&play);
		/* Nor in a meeting in clear. */
		hub_play_ask(hub_play_member(&play, 1), "open", "\"clear\":true");
		hub_play_drain(&play);
	}
	hub_play_end(&play);
}

static void the_first_opens_the_group_and_keeps_the_door(void **state)
{
	struct hub_play play = hub_play_begin(state, 2);
	int i;

	hub_play_ask(hub_play_member(&play, 2), "open", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	for (i = 1; i <= 2; i++)
		hub_bench_expect(hub_play_member(&play, i),
				 "\"state\":\"open\",\"epoch\":0,\"passed\":[],"
				 "\"key\":\"" HUB_PLAY_KEY_B "\",\"member\":2}}");
	assert_int_equal(play.bench->shared.metrics.groups, 1);
	hub_play_ask(hub_play_member(&play, 1), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_bench_expect(hub_play_member(&play, 1), "\"error\":{\"code\":7,");
	hub_play_ask(hub_play_member(&play, 1), "open", "\"clear\":true");
	hub_bench_expect(hub_play_member(&play, 1), "\"error\":{\"code\":7,");
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void a_meeting_in_clear_is_so_until_who_says_it_leaves(void **state)
{
	struct hub_play play = hub_play_begin(state, 2);
	int i;

	hub_play_ask(hub_play_member(&play, 1), "open", "\"clear\":true");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	for (i = 1; i <= 2; i++)
		hub_bench_expect(hub_play_member(&play, i), "\"params\":{\"state\":\"clear\"}}");
	assert_int_equal(play.bench->shared.metrics.groups, 0);
	hub_play_ask(hub_play_member(&play, 2), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_bench_expect(hub_play_member(&play, 2), "\"error\":{\"code\":7,");
	hub_play_leave(&play, 1);
	hub_bench_expect(hub_play_member(&play, 2), "\"params\":{\"state\":\"none\"}}");
	hub_play_ask(hub_play_member(&play, 2), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	hub_play_end(&play);
}

static void a_knock_goes_to_the_keeper_after_the_roster_that_has_its_member(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	struct hub_bench_socket late = hub_bench_open(play.bench, "box-0009"),
				later = hub_bench_open(play.bench, "box-0010");

	play.bench->now_us += MEETING_ROSTER_EVERY_US;
	hub_bench_join(&late, "kabinet", NULL, "\"member\":3,");
	/* Told at once, so that the next one has to wait for its turn. */
	hub_bench_expect(hub_play_member(&play, 1), "\"member\":3,");
	hub_bench_join(&later, "kabinet", NULL, "\"member\":4,");
	hub_bench_drain(&later);
	hub_bench_expect_nothing(hub_play_member(&play, 1));
	hub_play_ask(&later, "knock", "\"package\":\"Zm9v\"");
	hub_bench_expect(&later, HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 1), "\"member\":4,");
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"knock\",\"params\":{\"package\":\"Zm9v\",\"member\":4}}");
	hub_bench_drain(hub_play_member(&play, 2));
	hub_play_expect_silence(&play);
	hub_bench_close(&late);
	hub_bench_close(&later);
	hub_play_end(&play);
}

static void a_commit_goes_to_the_group_and_its_welcome_to_who_is_let_in(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 4, 2);

	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_ask(hub_play_member(&play, 1), "commit",
		     "\"epoch\":1,\"commit\":\"Zm9v\",\"welcome\":\"Zm8\",\"members\":[3,2,9]");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"commit\",\"params\":{\"epoch\":1,\"commit\":\"Zm9v\"}}");
	hub_bench_expect(hub_play_member(&play, 3),
			 "\"welcome\",\"params\":{\"epoch\":2,\"welcome\":\"Zm8\"}}");
	hub_play_expect_silence(&play);
	assert_int_equal(play.bench->shared.metrics.commits, 2);
	assert_int_equal(play.bench->shared.metrics.welcomes, 2);
	/* Who was let in hears what is said in the group and may speak; who was not, does not. */
	hub_play_ask(hub_play_member(&play, 3), "tell", "\"message\":\"Zm9v\"");
	hub_bench_expect(hub_play_member(&play, 3), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"tell\",\"params\":{\"message\":\"Zm9v\",\"member\":3}}");
	hub_bench_expect(hub_play_member(&play, 2), "\"member\":3}}");
	hub_play_ask(hub_play_member(&play, 4), "tell", "\"message\":\"Zm9v\"");
	hub_bench_expect(hub_play_member(&play, 4), HUB_PLAY_NO_GROUP);
	hub_play_ask(hub_play_member(&play, 4), "commit", "\"epoch\":2,\"commit\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 4), HUB_PLAY_NO_GROUP);
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void of_two_commits_at_once_the_first_wins(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);

	hub_play_ask(hub_play_member(&play, 2), "commit", "\"epoch\":1,\"commit\":\"Zm9v\"");
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":1,\"commit\":\"Zm8\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 1), "\"epoch\":1,\"commit\":\"Zm9v\"}}");
	hub_bench_expect(hub_play_member(&play, 1), "\"error\":{\"code\":9,");
	assert_int_equal(play.bench->shared.metrics.commits_late, 1);
	/* Nor one of an epoch that is yet to come. */
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":3,\"commit\":\"Zm8\"");
	hub_bench_expect(hub_play_member(&play, 1), "\"error\":{\"code\":9,");
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":2,\"commit\":\"Zm8\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 2), "\"epoch\":2,\"commit\":\"Zm8\"}}");
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void the_door_is_taken_by_who_is_in_the_group_alone(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 4, 2);
	int i;

	hub_play_ask(hub_play_member(&play, 4), "door", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_expect(hub_play_member(&play, 4), HUB_PLAY_NO_GROUP);
	hub_play_expect_silence(&play);
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_ask(hub_play_member(&play, 2), "door", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	for (i = 1; i <= 4; i++)
		hub_bench_expect(hub_play_member(&play, i),
				 "\"state\":\"open\",\"epoch\":1,\"passed\":[],"
				 "\"key\":\"" HUB_PLAY_KEY_B "\",\"member\":2}}");
	/* The knock was for the other key: nobody owes it an answer. */
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_play_expect_silence(&play);
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zm9v\"");
	hub_bench_expect(hub_play_member(&play, 3), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 2), "\"package\":\"Zm9v\",\"member\":3}}");
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":3,\"reason\":\"full\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_NO_GROUP);
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void the_keeper_refuses_with_a_reason(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 3, 2);

	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_ask(hub_play_member(&play, 2), "refuse", "\"member\":3,\"reason\":\"revoked\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_NO_GROUP);
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":3,\"reason\":\"ugly\"");
	hub_bench_expect(hub_play_member(&play, 1), "\"error\":{\"code\":-32602,");
	hub_play_expect_silence(&play);
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":3,\"reason\":\"revoked\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 3),
			 "\"refused\",\"params\":{\"reason\":\"revoked\"}}");
	assert_int_equal(play.bench->shared.metrics.knocks_refused, 1);
	/* Whom nobody waits for, or who is in, is not told of it. */
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":3,\"reason\":\"revoked\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":2,\"reason\":\"revoked\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_play_ask(hub_play_member(&play, 1), "refuse", "\"member\":77,\"reason\":\"revoked\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void a_knock_that_is_not_answered_for_5_s_vacates_the_door(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 3, 2);
	int i;

	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_wait(&play, DELIVERY_KNOCK_US - 1);
	hub_play_expect_silence(&play);
	/* Another one in its place does not help. */
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_wait(&play, 1);
	for (i = 1; i <= 3; i++)
		hub_bench_expect(hub_play_member(&play, i),
				 "\"state\":\"open\",\"epoch\":1,\"passed\":[1]}}");
	assert_int_equal(play.bench->shared.metrics.doors_vacated, 1);
	/* It was sealed for a key that is gone. */
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 3), HUB_PLAY_DONE);
	hub_play_expect_silence(&play);
	hub_play_ask(hub_play_member(&play, 2), "door", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	for (i = 1; i <= 3; i++)
		hub_bench_expect(hub_play_member(&play, i),
				 "\"passed\":[1],\"key\":\"" HUB_PLAY_KEY_B "\",\"member\":2}}");
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_play_expect_silence(&play);
	hub_play_end(&play);
}

static void where_all_have_passed_they_are_asked_once_more(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 3, 2);

	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_play_ask(hub_play_member(&play, 2), "door", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"state\":\"open\",\"epoch\":1,\"passed\":[]}}");
	hub_play_drain(&play);
	/* Likewise where the only one that has not is gone. */
	hub_play_ask(hub_play_member(&play, 1), "door", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_wait(&play, DELIVERY_KNOCK_US);
	hub_bench_expect(hub_play_member(&play, 1), "\"passed\":[1]}}");
	hub_play_leave(&play, 2);
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"state\":\"open\",\"epoch\":1,\"passed\":[]}}");
	hub_play_end(&play);
}

static void a_keeper_that_goes_vacates_the_door(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 4, 3);

	hub_play_leave(&play, 1);
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"state\":\"open\",\"epoch\":2,\"passed\":[]}}");
	hub_play_ask(hub_play_member(&play, 2), "door", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_play_drain(&play);
	hub_play_lose(&play, 2);
	hub_bench_expect(hub_play_member(&play, 3),
			 "\"state\":\"open\",\"epoch\":2,\"passed\":[]}}");
	hub_play_ask(hub_play_member(&play, 3), "door", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_play_drain(&play);
	hub_play_resume(&play, 2, ",\"epoch\":2");
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"key\":\"" HUB_PLAY_KEY_A "\",\"member\":3}}");
	hub_play_drain(&play);
	/* By its knock it says that it is not in the group any more. */
	hub_play_ask(hub_play_member(&play, 3), "knock", "\"package\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 3), HUB_PLAY_DONE);
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"state\":\"open\",\"epoch\":2,\"passed\":[3]}}");
	hub_play_ask(hub_play_member(&play, 3), "tell", "\"message\":\"Zg\"");
	hub_play_drain(&play);
	hub_bench_expect_nothing(hub_play_member(&play, 2));
	hub_play_end(&play);
}

/* Its older connection stands while the newer one takes the seat. */
static void a_keeper_that_comes_back_has_to_take_the_door_again(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	struct hub_bench_socket before = *hub_play_member(&play, 1);

	*hub_play_member(&play, 1) = hub_bench_open(play.bench, "box-0007");
	hub_play_resume(&play, 1, ",\"epoch\":1");
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"state\":\"open\",\"epoch\":1,\"passed\":[]}}");
	hub_bench_expect_end(&before, 4001);
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"state\":\"open\",\"epoch\":1,\"passed\":[]}}");
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":1,\"commit\":\"Zg\"");
	hub_bench_drain(hub_play_member(&play, 1));
	hub_bench_expect(hub_play_member(&play, 2), "\"commit\"");
	hub_bench_close(&before);
	hub_play_end(&play);
}

static void a_group_without_members_is_forgotten(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 1);

	hub_play_ask(hub_play_member(&play, 1), "knock", "\"package\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_NO_GROUP);
	hub_bench_expect(hub_play_member(&play, 1), "\"params\":{\"state\":\"none\"}}");
	hub_bench_expect(hub_play_member(&play, 2), "\"params\":{\"state\":\"none\"}}");
	assert_int_equal(play.bench->shared.metrics.groups, 0);
	hub_play_ask(hub_play_member(&play, 1), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":0,\"commit\":\"Zg\"");
	hub_play_drain(&play);
	hub_play_leave(&play, 1);
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"state\":\"open\",\"epoch\":1,\"passed\":[]}}");
	hub_bench_expect(hub_play_member(&play, 2), "\"params\":{\"state\":\"none\"}}");
	/* The next one begins from its start. */
	hub_play_ask(hub_play_member(&play, 2), "open", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_drain(hub_play_member(&play, 2));
	hub_play_ask(hub_play_member(&play, 2), "commit", "\"epoch\":0,\"commit\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	hub_play_end(&play);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hub_bench_set_up, hub_bench_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_member_that_joins_is_told_of_the_door_after_the_roster),
		TEST(without_a_group_there_is_nothing_to_ask_of_it),
		TEST(the_first_opens_the_group_and_keeps_the_door),
		TEST(a_meeting_in_clear_is_so_until_who_says_it_leaves),
		TEST(a_knock_goes_to_the_keeper_after_the_roster_that_has_its_member),
		TEST(a_commit_goes_to_the_group_and_its_welcome_to_who_is_let_in),
		TEST(of_two_commits_at_once_the_first_wins),
		TEST(the_door_is_taken_by_who_is_in_the_group_alone),
		TEST(the_keeper_refuses_with_a_reason),
		TEST(a_knock_that_is_not_answered_for_5_s_vacates_the_door),
		TEST(where_all_have_passed_they_are_asked_once_more),
		TEST(a_keeper_that_goes_vacates_the_door),
		TEST(a_keeper_that_comes_back_has_to_take_the_door_again),
		TEST(a_group_without_members_is_forgotten),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
