/* base/stats: percentiles against exact ones, the moving window, two threads. */
#include "base/clock.h"
#include "base/stats.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_US INT64_C(5000000000)

static void empty_is_all_zero(void **state)
{
	struct stats stats = {0};
	struct stats_summary summary = stats_summarize(&stats, START_US);
	struct stats_summary zero = {0};

	(void)state;
	assert_memory_equal(&summary, &zero, sizeof(zero));
}

static void one_value_is_every_percentile(void **state)
{
	static const int64_t values[] = {0, 1, 7, 8, 9, 15, 16, 17, 1000, 33333, 67000000};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct stats stats = {0};
		struct stats_summary summary;

		stats_add(&stats, values[i], START_US);
		summary = stats_summarize(&stats, START_US);
		assert_int_equal(summary.count, 1);
		assert_int_equal(summary.p50_us, values[i]);
		assert_int_equal(summary.p99_us, values[i]);
		assert_int_equal(summary.max_us, values[i]);
	}
}

static void out_of_range_values_are_taken(void **state)
{
	struct stats stats = {0};
	struct stats_summary summary;

	(void)state;
	stats_add(&stats, -5, START_US);
	summary = stats_summarize(&stats, START_US);
	assert_int_equal(summary.count, 1);
	assert_int_equal(summary.max_us, 0);
	stats_add(&stats, INT64_MAX, START_US);
	summary = stats_summarize(&stats, START_US);
	assert_int_equal(summary.p50_us, 0);
	assert_true(summary.p99_us == INT64_MAX);
	assert_true(summary.max_us == INT64_MAX);
}

static void assert_close(int64_t measured, int64_t exact)
{
	assert_true(measured >= exact);
	assert_true(measured <= exact + exact / 8);
}

static void percentiles_are_within_an_eighth(void **state)
{
	static const int64_t scales[] = {1, 3, 100, 12345, 65000};

	(void)state;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct stats stats = {0};
		struct stats_summary summary;

		for (int64_t value = 1000; value >= 1; value--)
			stats_add(&stats, value * scales[i], START_US);
		summary = stats_summarize(&stats, START_US);
		assert_int_equal(summary.count, 1000);
		assert_close(summary.p50_us, 500 * scales[i]);
		assert_close(summary.p95_us, 950 * scales[i]);
		assert_close(summary.p99_us, 990 * scales[i]);
		assert_int_equal(summary.max_us, 1000 * scales[i]);
	}
}

static void old_values_are_forgotten(void **state)
{
	struct stats stats = {0};
	int64_t now = START_US;

	(void)state;
	stats_add(&stats, 1000, now);
	assert_int_equal(stats_summarize(&stats, now + 9 * CLOCK_US_PER_S).count, 1);
	now += 11 * CLOCK_US_PER_S;
	stats_add(&stats, 10, now);
	assert_int_equal(stats_summarize(&stats, now).count, 2);
	assert_int_equal(stats_summarize(&stats, now).max_us, 1000);
	now += 11 * CLOCK_US_PER_S;
	assert_int_equal(stats_summarize(&stats, now).count, 1);
	assert_int_equal(stats_summarize(&stats, now).max_us, 10);
	stats_add(&stats, 20, now);
	assert_int_equal(stats_summarize(&stats, now).count, 2);
	assert_int_equal(stats_summarize(&stats, now + 21 * CLOCK_US_PER_S).count, 0);
	now += 30 * CLOCK_US_PER_S;
	stats_add(&stats, 30, now);
	assert_int_equal(stats_summarize(&stats, now).count, 1);
	assert_int_equal(stats_summarize(&stats, now).max_us, 30);
}

static void json_has_the_figures(void **state)
{
	struct stats stats = {0};
	json_int_t n, p50, p95, p99, max;
	json_t *json;

	(void)state;
	stats_add(&stats, 3, START_US);
	stats_add(&stats, 5, START_US);
	json = stats_to_json(&stats, START_US);
	assert_int_equal(json_unpack_ex(json, NULL, JSON_STRICT, "{s:I, s:I, s:I, s:I, s:I}", "n",
					&n, "p50_us", &p50, "p95_us", &p95, "p99_us", &p99,
					"max_us", &max),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(p50, 3);
	assert_int_equal(p95, 5);
	assert_int_equal(p99, 5);
	assert_int_equal(max, 5);
	json_decref(json);
}

enum { ADDS = 50000 };

static void add_many(void *context)
{
	for (int64_t i = 1; i <= ADDS; i++)
		stats_add(context, i % 100, START_US);
}

static void two_threads_lose_nothing(void **state)
{
	struct stats stats = {0};
	struct stats_summary summary;
	struct thread *threads[2];

	(void)state;
	stats_add(&stats, 0, START_US);
	assert_int_equal(thread_start("first", add_many, &stats, &threads[0]), 0);
	assert_int_equal(thread_start("second", add_many, &stats, &threads[1]), 0);
	thread_join(threads[0]);
	thread_join(threads[1]);
	summary = stats_summarize(&stats, START_US);
	assert_int_equal(summary.count, 2 * ADDS + 1);
	assert_int_equal(summary.max_us, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_all_zero),
		cmocka_unit_test(one_value_is_every_percentile),
		cmocka_unit_test(out_of_range_values_are_taken),
		cmocka_unit_test(percentiles_are_within_an_eighth),
		cmocka_unit_test(old_values_are_forgotten),
		cmocka_unit_test(json_has_the_figures),
		cmocka_unit_test(two_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
