#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "base/log.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/hub_play.h"
#include "tools/hub/commits.h"

static void who_comes_back_is_sent_the_commits_that_it_missed(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 3, 2);

	/* Its own last one, too: it may have had no answer. */
	hub_play_ask(hub_play_member(&play, 2), "commit", "\"epoch\":1,\"commit\":\"Zm9v\"");
	hub_play_lose(&play, 2);
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":2,\"commit\":\"Zm8\"");
	hub_play_resume(&play, 2, ",\"epoch\":1");
	hub_bench_expect(hub_play_member(&play, 2),
			 "\"params\":{\"epoch\":1,\"commit\":\"Zm9v\"}}");
	hub_bench_expect(hub_play_member(&play, 2), "\"params\":{\"epoch\":2,\"commit\":\"Zm8\"}}");
	hub_bench_expect(hub_play_member(&play, 2), "\"state\":\"open\",\"epoch\":3,");
	hub_bench_expect_nothing(hub_play_member(&play, 2));
	/* Nothing to one that is not in the group, says no epoch, or one that is not there yet. */
	hub_play_lose(&play, 3);
	hub_play_resume(&play, 3, ",\"epoch\":1");
	hub_bench_expect(hub_play_member(&play, 3), "\"door\"");
	hub_play_lose(&play, 2);
	hub_play_resume(&play, 2, "");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_play_lose(&play, 2);
	hub_play_resume(&play, 2, ",\"epoch\":3");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_play_lose(&play, 2);
	hub_play_resume(&play, 2, ",\"epoch\":9223372036854775807");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_play_end(&play);
}

static void commit_many(struct hub_play *play, unsigned int from, unsigned int count)
{
	char params[64];
	unsigned int i;

	for (i = from; i < from + count; i++) {
		play->bench->now_us += CLOCK_US_PER_S;
		snprintf(params, sizeof(params), "\"epoch\":%u,\"commit\":\"Zg\"", i);
		hub_play_ask(hub_play_member(play, 1), "commit", params);
		hub_bench_expect(hub_play_member(play, 1), HUB_PLAY_DONE);
	}
}

static void the_newest_64_commits_are_kept(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	int i;

	hub_play_lose(&play, 2);
	hub_bench_drain(hub_play_member(&play, 1));
	commit_many(&play, 1, COMMITS_MAX);
	hub_play_resume(&play, 2, ",\"epoch\":1");
	for (i = 0; i < COMMITS_MAX; i++)
		hub_bench_expect(hub_play_member(&play, 2), "\"commit\"");
	hub_bench_expect(hub_play_member(&play, 2), "\"epoch\":65,");
	hub_play_lose(&play, 2);
	hub_bench_drain(hub_play_member(&play, 1));
	commit_many(&play, 65, 1);
	/* All or nothing: those that are left would be of no use. */
	hub_play_resume(&play, 2, ",\"epoch\":1");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_bench_expect_nothing(hub_play_member(&play, 2));
	hub_play_end(&play);
}

static void no_more_than_1_mib_of_commits_is_kept(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	char params[64];
	unsigned int i;

	hub_play_lose(&play, 2);
	hub_bench_drain(hub_play_member(&play, 1));
	for (i = 1; i <= 20; i++) {
		play.bench->now_us += CLOCK_US_PER_S;
		snprintf(params, sizeof(params), "\"epoch\":%u,\"commit\":", i);
		hub_play_ask_large(hub_play_member(&play, 1), "commit", params,
				   MESSAGE_COMMIT_BYTES_MAX);
		hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	}
	assert_in_range(play.bench->shared.pool.bytes, COMMITS_BYTES_MAX * 9 / 10,
			COMMITS_BYTES_MAX * 11 / 10);
	hub_play_resume(&play, 2, ",\"epoch\":1");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_play_lose(&play, 2);
	hub_play_resume(&play, 2, ",\"epoch\":12");
	hub_bench_expect(hub_play_member(&play, 2), "\"epoch\":12,");
	hub_bench_drain(hub_play_member(&play, 2));
	/* Where memory is short, they are the first to go. */
	meetings_forget_kept(play.bench->meetings);
	hub_bench_drain(hub_play_member(&play, 1));
	assert_in_range(play.bench->shared.pool.bytes, 0, 4096);
	hub_play_lose(&play, 2);
	hub_play_resume(&play, 2, ",\"epoch\":12");
	hub_bench_expect(hub_play_member(&play, 2), "\"door\"");
	hub_play_end(&play);
}

static void nobody_waits_for_long_for_a_group_that_is_gone(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 3, 2);

	/* Its members may come back: but then they do so soon, where somebody waits for them. */
	hub_play_lose(&play, 1);
	hub_play_lose(&play, 2);
	hub_play_wait(&play, MEETING_GROUP_SEAT_KEPT_US - 1);
	hub_bench_drain(hub_play_member(&play, 3));
	hub_bench_expect_nothing(hub_play_member(&play, 3));
	hub_play_wait(&play, 1);
	hub_bench_expect(hub_play_member(&play, 3), "\"params\":{\"state\":\"none\"}}");
	assert_int_equal(play.bench->shared.metrics.members, 1);
	hub_play_end(&play);
}

static void who_is_alone_in_its_group_keeps_its_seat_for_30_s(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 1, 1);

	hub_play_lose(&play, 1);
	hub_play_wait(&play, MEETING_SEAT_KEPT_US - 1);
	hub_play_resume(&play, 1, ",\"epoch\":0");
	hub_bench_expect(hub_play_member(&play, 1),
			 "\"state\":\"open\",\"epoch\":0,\"passed\":[]}}");
	hub_play_end(&play);
}

static void too_many_requests_in_a_second_are_refused(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 1);
	int i;

	play.bench->now_us += CLOCK_US_PER_S;
	for (i = 0; i < DELIVERY_REQUESTS_PER_S; i++) {
		hub_play_ask(hub_play_member(&play, 2), "knock", "\"package\":\"Zg\"");
		hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
		hub_bench_expect(hub_play_member(&play, 1), "\"knock\"");
	}
	hub_play_ask(hub_play_member(&play, 2), "knock", "\"package\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 2), "\"error\":{\"code\":6,");
	hub_play_ask(hub_play_member(&play, 2), "door", "\"key\":\"" HUB_PLAY_KEY_B "\"");
	hub_bench_expect(hub_play_member(&play, 2), "\"error\":{\"code\":6,");
	hub_bench_expect_end(hub_play_member(&play, 2), 0);
	hub_bench_expect_nothing(hub_play_member(&play, 1));
	/* One's flood is no other's, and ends with the second. */
	hub_play_ask(hub_play_member(&play, 1), "tell", "\"message\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	play.bench->now_us += CLOCK_US_PER_S;
	hub_play_ask(hub_play_member(&play, 2), "knock", "\"package\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 2), HUB_PLAY_DONE);
	hub_play_end(&play);
}

static void too_many_bytes_of_text_in_a_second_end_the_connection(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	size_t length = MESSAGE_WELCOME_BYTES_MAX;
	int i;

	play.bench->now_us += CLOCK_US_PER_S;
	for (i = 0; i < 4; i++) {
		hub_play_ask_large(hub_play_member(&play, 2), "commit",
				   "\"epoch\":9,\"commit\":\"Zg\",\"members\":[1],\"welcome\":",
				   length);
		hub_bench_expect(hub_play_member(&play, 2), "\"error\":{\"code\":9,");
	}
	hub_play_ask_large(hub_play_member(&play, 2), "commit",
			   "\"epoch\":9,\"commit\":\"Zg\",\"members\":[1],\"welcome\":", length);
	hub_bench_expect_end(hub_play_member(&play, 2), 1008);
	hub_bench_expect_end(hub_play_member(&play, 1), 0);
	hub_play_end(&play);
}

static void what_is_too_large_is_refused_and_the_largest_passes(void **state)
{
	static const struct {
		int from;
		int to;
		const char *method;
		const char *params;
		size_t maximum;
	} rows[] = {
		{4, 1, "knock", "\"package\":", MESSAGE_PACKAGE_BYTES_MAX},
		{2, 1, "commit", "\"epoch\":2,\"commit\":", MESSAGE_COMMIT_BYTES_MAX},
		{2, 4, "commit", "\"epoch\":3,\"commit\":\"Zg\",\"members\":[4],\"welcome\":",
		 MESSAGE_WELCOME_BYTES_MAX},
		{2, 1, "tell", "\"message\":", MESSAGE_TELL_BYTES_MAX},
	};
	struct hub_play play = hub_play_begin_group(state, 4, 3);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		play.bench->now_us += CLOCK_US_PER_S;
		hub_play_ask_large(hub_play_member(&play, rows[i].from), rows[i].method,
				   rows[i].params, rows[i].maximum + 3);
		hub_bench_expect(hub_play_member(&play, rows[i].from), "\"error\":{\"code\":6,");
		hub_play_expect_silence(&play);
		hub_play_ask_large(hub_play_member(&play, rows[i].from), rows[i].method,
				   rows[i].params, rows[i].maximum);
		hub_bench_expect(hub_play_member(&play, rows[i].from), HUB_PLAY_DONE);
		hub_bench_expect(hub_play_member(&play, rows[i].to), "AAAA\"");
		hub_play_drain(&play);
	}
	hub_play_end(&play);
}

static void without_memory_a_commit_changes_nothing(void **state)
{
	struct hub_play play = hub_play_begin_group(state, 2, 2);
	size_t maximum = play.bench->shared.pool.maximum;

	play.bench->shared.pool.maximum = play.bench->shared.pool.bytes + 16;
	hub_play_ask(hub_play_member(&play, 2), "commit", "\"epoch\":1,\"commit\":\"Zg\"");
	play.bench->shared.pool.maximum = maximum;
	hub_bench_expect_end(hub_play_member(&play, 2), 1013);
	hub_bench_expect_nothing(hub_play_member(&play, 1));
	hub_play_ask(hub_play_member(&play, 1), "commit", "\"epoch\":1,\"commit\":\"Zg\"");
	hub_bench_expect(hub_play_member(&play, 1), HUB_PLAY_DONE);
	hub_play_end(&play);
}

/* Whatever fails, what is shared is given back: the tear-down looks. */
static void each_allocation_may_fail(void **state)
{
	struct hub_bench *bench = *state;
	struct hub_play play;
	unsigned int n;
	bool has_failed = true;

	for (n = 1; has_failed; n++) {
		play = hub_play_begin(state, 3);
		fake_alloc_arm(n);
		hub_play_ask(hub_play_member(&play, 1), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
		hub_play_let_in(&play, 2, 0);
		hub_play_let_in(&play, 3, 1);
		hub_play_leave(&play, 1);
		has_failed = fake_alloc_disarm();
		hub_play_end(&play);
		hub_play_wait(&play, MEETING_SEAT_KEPT_US);
		assert_int_equal(bench->shared.metrics.meetings, 0);
		assert_int_equal(bench->shared.pool.bytes, 0);
	}
	assert_true(n > 10);
}

/* A whole meeting comes in, one member a second; every one hears of all who come after it. */
static void a_hundred_members_are_let_in(void **state)
{
	static struct hub_bench_socket members[MESSAGE_MEMBERS_MAX];
	struct hub_bench *bench = *state;
	char params[128];
	size_t i, j, before;

	for (i = 0; i < MESSAGE_MEMBERS_MAX; i++) {
		members[i] = hub_bench_open(bench, "box-0007");
		bench->now_us += CLOCK_US_PER_S;
		hub_bench_join(&members[i], "kabinet", NULL, "\"resumed\":false");
		for (j = 0; j <= i; j++)
			hub_bench_drain(&members[j]);
		if (i == 0) {
			hub_play_ask(&members[0], "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
			hub_bench_drain(&members[0]);
			continue;
		}
		hub_play_ask(&members[i], "knock", "\"package\":\"Zg\"");
		hub_bench_expect(&members[i], HUB_PLAY_DONE);
		hub_bench_expect(&members[0], "\"knock\"");
		snprintf(params, sizeof(params),
			 "\"epoch\":%zu,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[%zu]",
			 i - 1, i + 1);
		hub_play_ask(&members[0], "commit", params);
		hub_bench_expect(&members[0], HUB_PLAY_DONE);
		for (j = 1; j < i; j++)
			hub_bench_expect(&members[j], "\"commit\"");
		hub_bench_expect(&members[i], "\"welcome\"");
	}
	/* One packet for all of them, though nobody reads. */
	before = bench->shared.pool.bytes;
	hub_play_ask_large(&members[50], "commit",
			   "\"epoch\":99,\"commit\":", MESSAGE_COMMIT_BYTES_MAX);
	hub_bench_expect(&members[50], HUB_PLAY_DONE);
	/* The oldest of those that are kept gives way to it. */
	assert_in_range(bench->shared.pool.bytes - before,
			BASE64URL_TEXT_LENGTH(MESSAGE_COMMIT_BYTES_MAX) - 1024,
			BASE64URL_TEXT_LENGTH(MESSAGE_COMMIT_BYTES_MAX) + 1024);
	for (i = 0; i < MESSAGE_MEMBERS_MAX; i++)
		hub_bench_close(&members[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hub_bench_set_up, hub_bench_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_comes_back_is_sent_the_commits_that_it_missed),
		TEST(the_newest_64_commits_are_kept),
		TEST(no_more_than_1_mib_of_commits_is_kept),
		TEST(nobody_waits_for_long_for_a_group_that_is_gone),
		TEST(who_is_alone_in_its_group_keeps_its_seat_for_30_s),
		TEST(too_many_requests_in_a_second_are_refused),
		TEST(too_many_bytes_of_text_in_a_second_end_the_connection),
		TEST(what_is_too_large_is_refused_and_the_largest_passes),
		TEST(without_memory_a_commit_changes_nothing),
		TEST(each_allocation_may_fail),
		TEST(a_hundred_members_are_let_in),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
