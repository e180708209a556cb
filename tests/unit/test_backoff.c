#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meeting/backoff.h"

/* Without a random part: 0.25 s, doubling to 8 s. */
static void test_doubles(void **state)
{
	static const int64_t waits_us[] = {250000,  500000,  1000000, 2000000,
					   4000000, 8000000, 8000000, 8000000};
	struct backoff backoff = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(waits_us) / sizeof(waits_us[0]); i++)
		assert_int_equal(backoff_next(&backoff, 0), waits_us[i]);
}

static void test_random_part_is_up_to_half(void **state)
{
	struct backoff backoff = {0};

	(void)state;
	assert_int_equal(backoff_next(&backoff, UINT32_MAX), 125000);
	assert_in_range(backoff_next(&backoff, UINT32_MAX / 2), 374999, 375001);
	assert_in_range(backoff_next(&backoff, 12345678), 500000, 1000000);
}

static void test_reset(void **state)
{
	struct backoff backoff = {0};

	(void)state;
	backoff_next(&backoff, 0);
	backoff_next(&backoff, 0);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next(&backoff, 0), BACKOFF_FIRST_US);
}

static void test_stays_at_the_longest(void **state)
{
	struct backoff backoff = {0};
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_in_range(backoff_next(&backoff, UINT32_MAX), BACKOFF_FIRST_US / 2,
				BACKOFF_MAX_US / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_random_part_is_up_to_half),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_stays_at_the_longest),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
