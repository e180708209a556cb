/* base/choice: which codec of an order is used. base/changes: what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/changes.h"
#include "base/choice.h"
#include "base/clock.h"

/* In a table of what happens at which second. */
static void chooses_by_the_rules(void **state)
{
	enum happening { FAILS, FAILS_WELL, URGENT, TRIAL_FAILS, RETURNS, WANTED };
	static const struct {
		int second;
		enum happening happening;
		size_t index; /* after it */
		bool rests;
		int trial_second; /* the first at which a trial is wanted; 0: none within the hour */
		size_t trial_index;
	} steps[] = {
		{0, FAILS, 0, false, 0, 0},         {1, FAILS, 1, false, 6, 0},
		{6, TRIAL_FAILS, 1, false, 16, 0},  {14, WANTED, 1, false, 17, 0},
		{17, RETURNS, 0, false, 0, 0},      {18, FAILS, 1, false, 38, 0},
		{19, URGENT, 2, false, 39, 0},      {39, TRIAL_FAILS, 2, false, 59, 1},
		{59, TRIAL_FAILS, 2, false, 99, 0}, {100, URGENT, 2, false, 100, 0},
		{101, URGENT, 0, true, 0, 0},       {200, FAILS_WELL, 0, false, 0, 0},
		{300, FAILS_WELL, 0, false, 0, 0},  {301, URGENT, 2, false, 306, 0},
	};
	static const struct choice_times times = {
		.rest_us = 2 * CLOCK_US_PER_S,
		.ran_well_us = 60 * CLOCK_US_PER_S,
		.quiet_us = 3 * CLOCK_US_PER_S,
		.trial_first_us = 5 * CLOCK_US_PER_S,
		.trial_limit_us = 300 * CLOCK_US_PER_S,
	};
	struct choice choice;

	(void)state;
	choice_init(&choice, &times, 3);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int64_t now_us = steps[i].second * CLOCK_US_PER_S;
		int second = steps[i].second;

		switch (steps[i].happening) {
		case FAILS:
		case URGENT:
			choice_failed(&choice, steps[i].happening == URGENT, now_us, now_us);
			break;
		case FAILS_WELL:
			choice_failed(&choice, false, now_us - times.ran_well_us, now_us);
			break;
		case TRIAL_FAILS:
			choice_trial_failed(&choice, now_us);
			break;
		case RETURNS:
			choice_returned(&choice, now_us);
			break;
		case WANTED:
			choice.wanted_us = now_us;
			break;
		}
		while (second < 3600 && !choice_wants_trial(&choice, second * CLOCK_US_PER_S))
			second++;
		if (choice.index != steps[i].index ||
		    (choice.rest_until_us > now_us) != steps[i].rests ||
		    (second < 3600 ? second : 0) != steps[i].trial_second ||
		    (second < 3600 && choice.trial_index != steps[i].trial_index))
			fail_msg("step %zu: uses %zu, trial of %zu at %d", i, choice.index,
				 choice.trial_index, second);
	}
}

static void assert_why(const struct changes *changes, const char *why)
{
	json_t *text = changes_why(changes);

	assert_string_equal(json_string_value(text), why);
	json_decref(text);
}

/* None, one, and more than are kept. */
static void tells_the_newest_changes(void **state)
{
	struct changes changes = {0};

	(void)state;
	assert_why(&changes, "first in the order");
	for (unsigned int i = 0; i <= CHANGES_MAX + 1; i++) {
		json_t *list = changes_to_json(&changes);
		const char *from, *to, *cause;
		json_int_t t_us;
		char why[32];

		assert_int_equal(json_array_size(list), i < CHANGES_MAX ? i : CHANGES_MAX);
		if (i > 0) {
			assert_int_equal(json_unpack(json_array_get(list, 0),
						     "{s:I, s:s, s:s, s:s!}", "t_us", &t_us, "from",
						     &from, "to", &to, "cause", &cause),
					 0);
			assert_int_equal(t_us, i > CHANGES_MAX ? i - CHANGES_MAX : 0);
			assert_string_equal(from, "a");
			assert_string_equal(to, "b");
		}
		json_decref(list);
		snprintf(why, sizeof(why), "fails %u", i);
		changes_note(&changes, "a", "b", why, i);
	}
	assert_why(&changes, "a fails 9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_by_the_rules),
		cmocka_unit_test(tells_the_newest_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
