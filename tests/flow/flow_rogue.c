/*
 * Three rooms at a hub that means ill (tests/rogue): whatever it does to what it carries, nobody sees
 * or hears what was not sent, or under another's name, and all is well again once it is honest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/fake/party.h"

enum { PARTY_C = 3, NOTED = 20 };

struct bench {
	struct site *site;
	struct party a;
	struct party b;
	struct party c;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->site = site_create_rogue();
	party_init(&bench->a, "a", PARTY_A);
	party_init(&bench->b, "b", PARTY_B);
	party_init(&bench->c, "c", PARTY_C);
	party_join(&bench->a, bench->site);
	party_join(&bench->b, bench->site);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	site_destroy(bench->site);
	party_finish(&bench->a);
	party_finish(&bench->b);
	party_finish(&bench->c);
	free(bench);
	return 0;
}

static void c_joins(struct bench *bench)
{
	party_join(&bench->c, bench->site);
	assert_true(party_sees(&bench->c, PARTY_A, 5));
	assert_true(party_sees(&bench->c, PARTY_B, 5));
}

/* The hub is honest again. */
static void assert_recovers(struct bench *bench)
{
	site_rogue_order(bench->site, "none");
	assert_true(party_sees(&bench->a, PARTY_B, 15));
	assert_true(party_sees(&bench->b, PARTY_A, 15));
	assert_true(party_hears(&bench->a, PARTY_B));
	assert_int_equal(viewer_get(bench->a.viewer, PARTY_B).damaged, 0);
	assert_int_equal(viewer_get(bench->b.viewer, PARTY_A).damaged, 0);
}

struct look {
	const char *path;
	int64_t value;
};

static bool look(const json_t *status, void *context)
{
	struct look *look = context;

	look->value = site_status_int(status, look->path);
	return true;
}

static int64_t counted(struct party *party, const char *path)
{
	struct look wanted = {.path = path};

	assert_true(party_until(party, look, &wanted));
	return wanted.value;
}

/* `deed` makes room a count at `path`, and shows it nothing that is damaged. */
static void assert_noted(struct bench *bench, const char *deed, const char *path)
{
	int64_t before = counted(&bench->a, path);

	site_rogue_order(bench->site, deed);
	assert_true(party_counts(&bench->a, path, before + NOTED));
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
	struct bench *bench = *state;
	int64_t shown;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_noted(bench, cases[i].deed, cases[i].path);
		shown = viewer_get(bench->a.viewer, PARTY_B).pictures;
		assert_noted(bench, cases[i].deed, cases[i].path);
		assert_int_equal(viewer_get(bench->a.viewer, PARTY_B).pictures, shown);
		assert_recovers(bench);
	}
}

static void test_people_are_told(void **state)
{
	struct bench *bench = *state;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	site_rogue_order(bench->site, "alter");
	assert_true(party_says(&bench->a, "notice.text", "server sends forged data"));
	assert_true(party_says(&bench->b, "notice.text", "server sends forged data"));
	assert_recovers(bench);
}

static void test_objects_are_replayed(void **state)
{
	struct bench *bench = *state;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	assert_noted(bench, "replay", "meeting.cipher.replayed");
	assert_recovers(bench);
}

static void test_objects_come_late_or_never(void **state)
{
	struct bench *bench = *state;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	site_rogue_order(bench->site, "reorder");
	assert_true(party_hears(&bench->a, PARTY_B));
	assert_noted(bench, "drop", "meeting.received.gaps");
	assert_recovers(bench);
}

static void test_tracks_are_swapped(void **state)
{
	struct bench *bench = *state;

	c_joins(bench);
	assert_noted(bench, "swap-tracks", "meeting.cipher.forged");
	assert_recovers(bench);
}

static void test_members_are_swapped(void **state)
{
	struct bench *bench = *state;
	int64_t seen_a, seen_b;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	site_rogue_order(bench->site, "swap-members");
	party_join(&bench->c, bench->site);
	assert_true(party_counts(&bench->c, "meeting.cipher.misattributed", NOTED));
	seen_a = viewer_get(bench->c.viewer, PARTY_A).pictures;
	seen_b = viewer_get(bench->c.viewer, PARTY_B).pictures;
	assert_int_equal(seen_a, 0);
	assert_int_equal(seen_b, 0);
	site_rogue_order(bench->site, "none");
	party_leave(&bench->c);
	assert_recovers(bench);
}

static void test_somebody_is_said_to_have_left(void **state)
{
	struct bench *bench = *state;

	assert_true(party_sees(&bench->a, PARTY_B, 5));
	site_rogue_order(bench->site, "say-left");
	party_join(&bench->c, bench->site);
	assert_true(party_sees(&bench->c, PARTY_A, 5));
	site_rogue_order(bench->site, "none");
	party_leave(&bench->c);
	assert_recovers(bench);
}

static void test_names_are_changed(void **state)
{
	struct bench *bench = *state;

	site_rogue_order(bench->site, "rename");
	c_joins(bench);
	assert_true(party_says(&bench->c, "members.0.name", "a"));
	assert_true(party_says(&bench->c, "members.1.name", "b"));
	assert_true(party_says(&bench->a, "members.0.name", "b"));
}

static void test_commits_are_kept_back(void **state)
{
	struct bench *bench = *state;

	assert_true(party_sees(&bench->b, PARTY_A, 5));
	site_rogue_order(bench->site, "drop-commits");
	party_join(&bench->c, bench->site);
	assert_true(party_counts(&bench->b, "meeting.cipher.unopened", NOTED));
	party_leave(&bench->c);
	assert_recovers(bench);
}

static void test_commits_come_again(void **state)
{
	struct bench *bench = *state;

	site_rogue_order(bench->site, "replay-commits");
	c_joins(bench);
	party_leave(&bench->c);
	assert_recovers(bench);
}

static void test_knocks_are_exchanged(void **state)
{
	struct bench *bench = *state;

	site_rogue_order(bench->site, "foreign-packages");
	party_join(&bench->c, bench->site);
	assert_true(party_sees(&bench->a, PARTY_B, 15));
	site_rogue_order(bench->site, "none");
	assert_true(party_sees(&bench->c, PARTY_A, 5));
	assert_recovers(bench);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_objects_are_spoilt),
		TEST(test_objects_are_replayed),
		TEST(test_objects_come_late_or_never),
		TEST(test_tracks_are_swapped),
		TEST(test_members_are_swapped),
		TEST(test_somebody_is_said_to_have_left),
		TEST(test_names_are_changed),
		TEST(test_commits_are_kept_back),
		TEST(test_commits_come_again),
		TEST(test_knocks_are_exchanged),
		TEST(test_people_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
