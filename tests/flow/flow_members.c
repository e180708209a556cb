/*
 * Three rooms of which one comes and goes: what the two others see and hear of each other does not
 * stand still.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/party.h"

#define GUEST 3 /* its tag */

#define VISITS 5
#ifdef __SANITIZE_THREAD__
#define FREEZE_MAX_US CLOCK_US_PER_S /* it runs several times slower */
#else
#define FREEZE_MAX_US (300 * CLOCK_US_PER_MS)
#endif

struct bench {
	struct party_pair pair;
	struct party guests[VISITS];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	party_pair_init(&bench->pair);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	party_pair_finish(&bench->pair);
	for (int i = 0; i < VISITS; i++)
		party_finish(&bench->guests[i]);
	free(bench);
	return 0;
}

static bool is_with_one(const json_t *status, void *context)
{
	(void)context;
	return json_array_size(json_object_get(status, "members")) == 1;
}

static void visit(struct bench *bench, struct party *guest)
{
	party_init(guest, "guest", GUEST);
	party_join(guest, bench->pair.site);
	assert_true(party_sees(guest, PARTY_A, 5));
	assert_true(party_sees(guest, PARTY_B, 5));
	assert_true(party_sees(&bench->pair.a, GUEST, 5));
	party_leave(guest);
	assert_true(party_until(&bench->pair.a, is_with_one, NULL));
	assert_true(party_until(&bench->pair.b, is_with_one, NULL));
}

static void assert_flowed(struct party *party, uint8_t tag)
{
	struct viewer_sight sight = viewer_get(party->viewer, tag);

	print_message("%s saw %lld pictures, frozen for %lld ms at most\n", party->name,
		      (long long)sight.pictures, (long long)sight.freeze_us / 1000);
	assert_int_equal(sight.damaged, 0);
	assert_in_range(sight.freeze_us, 0, FREEZE_MAX_US);
}

static void test_one_comes_and_goes(void **state)
{
	struct bench *bench = *state;

	party_pair_join(&bench->pair);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 30));
	assert_true(party_sees(&bench->pair.b, PARTY_A, 30));
	viewer_forget_freezes(bench->pair.a.viewer);
	viewer_forget_freezes(bench->pair.b.viewer);
	for (int i = 0; i < VISITS; i++)
		visit(bench, &bench->guests[i]);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	assert_true(party_sees(&bench->pair.b, PARTY_A, 5));
	assert_flowed(&bench->pair.a, PARTY_B);
	assert_flowed(&bench->pair.b, PARTY_A);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_comes_and_goes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
