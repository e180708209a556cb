#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meeting/pacing.h"

#define MINIMUM 200000
#define MAXIMUM 2000000
#define MS INT64_C(1000)

/* One look at the path at a time, and the bit rate that follows. */
struct row {
	int64_t at_ms;
	int64_t queue_ms;
	bool has_dropped;
	int64_t far_ms;
	int64_t rate;
	int64_t target;
};

static void run(const struct row *rows, size_t count)
{
	struct pacing pacing;
	struct pacing_view view;
	int64_t target;
	size_t i;

	pacing_init(&pacing, MINIMUM, MAXIMUM, 0);
	for (i = 0; i < count; i++) {
		view = (struct pacing_view){
			.now_us = rows[i].at_ms * MS,
			.queue_us = rows[i].queue_ms * MS,
			.has_dropped = rows[i].has_dropped,
			.far_delay_us = rows[i].far_ms * MS,
			.delivery_rate_bps = rows[i].rate,
		};
		target = pacing_update(&pacing, &view);
		if (target != rows[i].target)
			fail_msg("row %zu: %lld", i, (long long)target);
	}
}

static void test_free_path(void **state)
{
	static const struct row rows[] = {
		{0, 0, false, 0, 0, MAXIMUM},
		{1000, 20, false, 90, 5000000, MAXIMUM},
		{60000, 60, false, 400, 0, MAXIMUM},
	};

	(void)state;
	run(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Down at once, not again within a second; up after two calm ones, a twentieth each half second. */
static void test_full_and_free_again(void **state)
{
	static const struct row rows[] = {
		{100, 61, false, 0, 0, 1400000},   {200, 150, false, 0, 0, 1400000},
		{1099, 150, false, 0, 0, 1400000}, {1100, 150, false, 0, 0, 980000},
		{2000, 10, false, 0, 0, 980000},   {3099, 10, false, 0, 0, 980000},
		{3100, 10, false, 0, 0, 1080000},  {3599, 10, false, 0, 0, 1080000},
		{3600, 10, false, 0, 0, 1180000},
	};

	(void)state;
	run(rows, sizeof(rows) / sizeof(rows[0]));
}

/* What the path carried says more than a share of what was asked of it. */
static void test_measured_rate(void **state)
{
	static const struct row rows[] = {
		{100, 100, false, 0, 1000000, 850000},
		{1200, 100, false, 0, 5000000, 595000},
	};

	(void)state;
	run(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_drops_count_as_full(void **state)
{
	static const struct row rows[] = {{100, 0, true, 0, 0, 1400000}};

	(void)state;
	run(rows, 1);
}

/* Only one of the receivers is known to be late: a smaller step, and no rate of our own path. */
static void test_late_at_the_far_end(void **state)
{
	static const struct row rows[] = {
		{100, 0, false, 401, 300000, 1700000},
		{1100, 0, false, 401, 300000, 1445000},
	};

	(void)state;
	run(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_bounds(void **state)
{
	struct pacing pacing;
	struct pacing_view view = {.has_dropped = true, .delivery_rate_bps = 1};
	int i;

	(void)state;
	pacing_init(&pacing, MINIMUM, MAXIMUM, 0);
	for (i = 0; i < 20; i++) {
		view.now_us += PACING_HOLD_US;
		pacing_update(&pacing, &view);
	}
	assert_int_equal(pacing.target_bps, MINIMUM);
	view.has_dropped = false;
	for (i = 0; i < 100; i++) {
		view.now_us += PACING_STEP_US;
		assert_in_range(pacing_update(&pacing, &view), MINIMUM, MAXIMUM);
	}
	assert_int_equal(pacing.target_bps, MAXIMUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_path),
		cmocka_unit_test(test_full_and_free_again),
		cmocka_unit_test(test_measured_rate),
		cmocka_unit_test(test_drops_count_as_full),
		cmocka_unit_test(test_late_at_the_far_end),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("pacing", tests, NULL, NULL);
}
