/*
 * A fourth room comes to a meeting of three and goes again, which begins a new epoch each time: what
 * the three see of one another does not stand still.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/party.h"

enum { TAG_C = 3, TAG_GUEST = 4 };

#define VISITS 5
#define RESIDENTS 3
#ifdef __SANITIZE_THREAD__
#define FREEZE_MAX_US CLOCK_US_PER_S /* it runs several times slower */
#else
#define FREEZE_MAX_US (300 * CLOCK_US_PER_MS)
#endif

struct bench {
	struct party_pair pair;
	struct party c;
	struct party guests[VISITS];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	party_pair_init(&bench->pair);
	party_init(&bench->c, "c", TAG_C);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	party_pair_finish(&bench->pair);
	party_finish(&bench->c);
	for (int i = 0; i < VISITS; i++)
		party_finish(&bench->guests[i]);
	free(bench);
	return 0;
}

static size_t members_of(const json_t *status)
{
	return json_array_size(json_object_get(json_object_get(status, "secrecy"), "members"));
}

static bool is_three(const json_t *status, void *context)
{
	(void)context;
	return members_of(status) == RESIDENTS;
}

static void visit(struct bench *bench, struct party *guest)
{
	party_init(guest, "guest", TAG_GUEST);
	party_join(guest, bench->pair.site);
	assert_true(party_sees(guest, PARTY_A, 5));
	assert_true(party_sees(guest, PARTY_B, 5));
	assert_true(party_sees(guest, TAG_C, 5));
	assert_true(party_sees(&bench->pair.a, TAG_GUEST, 5));
	party_leave(guest);
	assert_true(party_until(&bench->pair.a, is_three, NULL));
	assert_true(party_until(&bench->pair.b, is_three, NULL));
	assert_true(party_until(&bench->c, is_three, NULL));
}

static void assert_flowed(struct party *party, const struct party *other)
{
	struct viewer_sight sight = viewer_get(party->viewer, other->tag);

	print_message("%s saw %lld pictures of %s, frozen for %lld ms at most\n", party->name,
		      (long long)sight.pictures, other->name, (long long)sight.freeze_us / 1000);
	assert_int_equal(sight.damaged, 0);
	assert_in_range(sight.freeze_us, 0, FREEZE_MAX_US);
}

/* What each of the residents has of each other. */
static void for_each_pair(struct bench *bench,
			  void (*look)(struct party *party, const struct party *other))
{
	struct party *residents[RESIDENTS] = {&bench->pair.a, &bench->pair.b, &bench->c};

	for (size_t i = 0; i < RESIDENTS; i++) {
		for (size_t k = 0; k < RESIDENTS; k++) {
			if (i != k)
				look(residents[i], residents[k]);
		}
	}
}

static void await_pictures(struct party *party, const struct party *other)
{
	assert_true(party_sees(party, other->tag, 10));
}

static void test_one_comes_and_goes(void **state)
{
	struct bench *bench = *state;

	party_pair_join(&bench->pair);
	party_join(&bench->c, bench->pair.site);
	for_each_pair(bench, await_pictures);
	assert_true(party_until(&bench->pair.a, is_three, NULL));
	viewer_forget_freezes(bench->pair.a.viewer);
	viewer_forget_freezes(bench->pair.b.viewer);
	viewer_forget_freezes(bench->c.viewer);
	for (int i = 0; i < VISITS; i++)
		visit(bench, &bench->guests[i]);
	for_each_pair(bench, await_pictures);
	for_each_pair(bench, assert_flowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_comes_and_goes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
