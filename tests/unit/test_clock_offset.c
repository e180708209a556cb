#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meeting/hub_clock.h"

#define OFFSET_US INT64_C(5000000)

/* A question at sent_us whose answer takes `there` to the hub and `back` again. */
static void ask(struct hub_clock *clock, int64_t sent_us, int64_t there_us, int64_t back_us)
{
	hub_clock_add(clock, sent_us, sent_us + there_us + back_us, sent_us + there_us + OFFSET_US);
}

static void test_knows_nothing(void **state)
{
	const struct hub_clock clock = {.count = 0};
	struct hub_clock_sample sample;

	(void)state;
	assert_false(hub_clock_best(&clock, &sample));
	assert_int_equal(hub_clock_to_hub(&clock, 1000), 0);
	assert_int_equal(hub_clock_to_local(&clock, 1000), 0);
}

static void test_symmetric_path_is_exact(void **state)
{
	struct hub_clock clock = {.count = 0};

	(void)state;
	ask(&clock, 1000, 200, 200);
	assert_int_equal(hub_clock_to_hub(&clock, 7000), 7000 + OFFSET_US);
	assert_int_equal(hub_clock_to_local(&clock, 7000 + OFFSET_US), 7000);
}

/* A way that differs by 1 ms there and back shifts by half of it. */
static void test_shortest_round_trip_counts(void **state)
{
	struct hub_clock clock = {.count = 0};
	struct hub_clock_sample sample;

	(void)state;
	ask(&clock, 1000, 1200, 200);
	assert_int_equal(hub_clock_to_hub(&clock, 0), OFFSET_US + 500);
	ask(&clock, 2000, 100, 100);
	ask(&clock, 3000, 100, 30000);
	assert_true(hub_clock_best(&clock, &sample));
	assert_int_equal(sample.rtt_us, 200);
	assert_int_equal(sample.offset_us, OFFSET_US);
}

/* The best of long ago is forgotten after eight others: clocks drift. */
static void test_last_eight(void **state)
{
	struct hub_clock clock = {.count = 0};
	struct hub_clock_sample sample;
	int64_t i;

	(void)state;
	ask(&clock, 0, 1, 1);
	for (i = 1; i < HUB_CLOCK_SAMPLES; i++)
		ask(&clock, i * 1000, 300, 300);
	assert_true(hub_clock_best(&clock, &sample));
	assert_int_equal(sample.rtt_us, 2);
	ask(&clock, 9000, 250, 250);
	assert_true(hub_clock_best(&clock, &sample));
	assert_int_equal(sample.rtt_us, 500);
}

static void test_answer_before_question(void **state)
{
	struct hub_clock clock = {.count = 0};
	struct hub_clock_sample sample;

	(void)state;
	hub_clock_add(&clock, 2000, 1000, 0);
	assert_false(hub_clock_best(&clock, &sample));
}

/* A hub's clock far from ours, a capture time out of all reason: no overflow, no time before 0. */
static void test_extremes(void **state)
{
	struct hub_clock ahead = {.count = 0};
	struct hub_clock behind = {.count = 0};

	(void)state;
	hub_clock_add(&ahead, 0, 0, INT64_MAX);
	assert_int_equal(hub_clock_to_hub(&ahead, INT64_MAX), INT64_MAX);
	assert_int_equal(hub_clock_to_local(&ahead, 5), 0);
	hub_clock_add(&behind, 1000000, 1000000, 0);
	assert_int_equal(hub_clock_to_hub(&behind, 5), 0);
	assert_int_equal(hub_clock_to_local(&behind, INT64_MAX), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_knows_nothing),
		cmocka_unit_test(test_symmetric_path_is_exact),
		cmocka_unit_test(test_shortest_round_trip_counts),
		cmocka_unit_test(test_last_eight),
		cmocka_unit_test(test_answer_before_question),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests_name("clock_offset", tests, NULL, NULL);
}
