#include "base/choice.h"

void choice_init(struct choice *choice, const struct choice_times *times, size_t n_order)
{
	*choice = (struct choice){
		.times = *times,
		.n_order = n_order,
		.trial_backoff_us = times->trial_first_us,
		.wanted_us = -times->quiet_us,
	};
}

static void double_backoff(struct choice *choice)
{
	choice->trial_backoff_us *= 2;
	if (choice->trial_backoff_us > choice->times.trial_limit_us)
		choice->trial_backoff_us = choice->times.trial_limit_us;
}

void choice_failed(struct choice *choice, bool urgent, int64_t proven_us, int64_t now_us)
{
	bool is_last = choice->index + 1 == choice->n_order;

	if (proven_us && now_us - proven_us >= choice->times.ran_well_us) {
		choice->second_chance_used = false;
		choice->trial_backoff_us = choice->times.trial_first_us;
	}
	if (!choice->second_chance_used && (is_last || !urgent)) {
		choice->second_chance_used = true;
		return;
	}
	choice->second_chance_used = false;
	if (urgent && !is_last)
		choice->index = choice->n_order - 1;
	else
		choice->index = (choice->index + 1) % choice->n_order;
	choice->trial_index = 0;
	choice->trial_at_us = now_us + choice->trial_backoff_us;
	if (choice->index == 0)
		choice->rest_until_us = now_us + choice->times.rest_us;
}

bool choice_wants_trial(const struct choice *choice, int64_t now_us)
{
	return choice->index > 0 && now_us >= choice->trial_at_us &&
	       now_us - choice->wanted_us >= choice->times.quiet_us;
}

void choice_trial_failed(struct choice *choice, int64_t now_us)
{
	choice->trial_index = (choice->trial_index + 1) % choice->index;
	if (choice->trial_index == 0)
		double_backoff(choice);
	choice->trial_at_us = now_us + choice->trial_backoff_us;
}

/* Its trial was its second chance; should it fail soon, the next trial is farther off. */
void choice_returned(struct choice *choice, int64_t now_us)
{
	choice->index = choice->trial_index;
	choice->second_chance_used = true;
	choice->trial_index = 0;
	choice->trial_at_us = now_us + choice->trial_backoff_us;
	double_backoff(choice);
}
